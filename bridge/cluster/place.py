"""Where the queue lives: procrastinate's tables in a schema of their own beside the store's, made and upgraded here.

Nothing in the queue is needed for good: whatever waits in it stands in the store as due, and the next poll lists it anew. So an upgrade of
procrastinate's tables throws the old ones away with what waits in them, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

import psycopg
from packaging.version import Version
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager
from psycopg_pool import PoolTimeout

from bridge.adapters.store.connection import WAITING, parse
from bridge.errors import PermanentError, TemporaryError

SCHEMA: Final = "presale_bridge_queue"
_LOCK: Final = 0x7175657565
"""Any number, as long as it stays the same: what replicas that start at once meet at."""
_MADE: Final = "SELECT procrastinate, digest FROM made_from"


def arguments(url: str) -> dict[str, Any]:
    """How psycopg connects to the store's database, with the queue's schema as the only one that it looks into.

    Raises:
        PermanentError: the store is not on PostgreSQL.
    """
    parsed = parse(url)
    if parsed.get_backend_name() != "postgresql":
        raise PermanentError(
            "serve --cluster needs a store that machines can share: PRESALE_BRIDGE_STORE has to name a PostgreSQL database, like "
            "postgresql://bridge@db.example.org/bridge. One process alone needs no --cluster"
        )
    found = dict(parsed.get_dialect()().create_connect_args(parsed)[1])
    options = f"{found.pop('options', '')} -c search_path={SCHEMA}".strip()
    return {**WAITING, **found, "options": options}


@contextmanager
def told() -> Iterator[None]:
    """Turn what the database raises into the bridge's errors.

    Raises:
        TemporaryError: the queue is out of reach.
    """
    try:
        yield
    except (ConnectorException, psycopg.Error, PoolTimeout, OSError) as error:
        cause = error.__cause__ or error
        first_line = str(cause).partition("\n")[0]
        raise TemporaryError(f"the queue in the store's database is out of reach ({first_line})") from error


def prepare(url: str) -> None:
    """Make the queue's tables, or bring them to what the installed procrastinate needs; nothing is done when they are that already.

    Raises:
        PermanentError: a newer program has made them, or the database's user may not make a schema.
        TemporaryError: the database is out of reach.
    """
    text = SchemaManager.get_schema()
    installed, digest = version("procrastinate"), sha256(text.encode()).hexdigest()
    with told(), _rights(), psycopg.connect(**arguments(url)) as db:
        db.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if _is_as_wanted(db, installed, digest):
            return
        db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        db.execute(f"CREATE SCHEMA {SCHEMA}")
        db.execute(text)
        db.execute("CREATE TABLE made_from (procrastinate text NOT NULL, digest text NOT NULL)")
        db.execute("INSERT INTO made_from VALUES (%s, %s)", [installed, digest])


def _is_as_wanted(db: psycopg.Connection[Any], installed: str, digest: str) -> bool:
    there = db.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.made_from"]).fetchone()
    made = db.execute(_MADE).fetchone() if there and there[0] else None
    if made is None or made[1] == digest:
        return made is not None
    if Version(made[0]) > Version(installed):
        raise PermanentError(
            f"the queue was made by procrastinate {made[0]}, this program has {installed}: a newer program has used it. Install that one again"
        )
    return False


@contextmanager
def _rights() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise PermanentError(
            f"the database's user may not make the queue's tables; let it: GRANT CREATE ON DATABASE …, or CREATE SCHEMA {SCHEMA} "
            f"AUTHORIZATION …. The database says: {error.diag.message_primary}"
        ) from error
