"""The schema's versions: numbered, forward only, each in one transaction with its number.

A released version is never edited: a change is one more entry at the end. `{id}` is a number that the database counts up itself, `{bytes}`
a column of bytes: the only things that the two databases write differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select

from bridge.adapters.store.connection import WRITES
from bridge.adapters.store.schema import metadata, schema_version
from bridge.errors import PermanentError

Migration = tuple[str, ...]

_WORDS: Final = {
    "sqlite": {"{id}": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "{bytes}": "BLOB"},
    "postgresql": {"{id}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "{bytes}": "BYTEA"},
}
# Any number, as long as it stays the same: what two programs that migrate one PostgreSQL database at once meet at.
_LOCK: Final = 0x70726573616C65

MIGRATIONS: Final[tuple[Migration, ...]] = (
    # 1: the first
    (
        "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY)",
        """CREATE TABLE ledger (
            ticket_id BIGINT NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL, anchor TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('claimed', 'confirmed', 'refused')),
            claimed_at TEXT NOT NULL, settled_at TEXT, journal_id BIGINT,
            PRIMARY KEY (ticket_id, step, ordinal, anchor))""",
        """CREATE TABLE refusals (
            ticket_id BIGINT NOT NULL, attribute TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
            value TEXT NOT NULL, refused_at TEXT NOT NULL,
            PRIMARY KEY (ticket_id, attribute, name, digest))""",
        """CREATE TABLE speakers (
            ticket_id BIGINT NOT NULL, journal_id BIGINT NOT NULL, role TEXT NOT NULL,
            PRIMARY KEY (ticket_id, journal_id))""",
        """CREATE TABLE tickets (
            ticket_id BIGINT NOT NULL PRIMARY KEY, updated_on TEXT, read_at TEXT, next_at TEXT, closed BOOLEAN NOT NULL,
            tries INTEGER NOT NULL, put_aside_until TEXT, reason TEXT NOT NULL)""",
        "CREATE INDEX ix_tickets_wake ON tickets (put_aside_until, next_at)",
        "CREATE TABLE adoptions (ticket_id BIGINT NOT NULL PRIMARY KEY, adopted_at TEXT NOT NULL)",
        "CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE decisions (
            id {id}, run TEXT NOT NULL, ticket_id BIGINT NOT NULL, decided_at TEXT NOT NULL,
            steps TEXT NOT NULL, reason TEXT NOT NULL)""",
        "CREATE INDEX ix_decisions_ticket_id ON decisions (ticket_id)",
        """CREATE TABLE leases (
            name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, renewed_at TEXT NOT NULL, expires_at TEXT NOT NULL)""",
    ),
    # 2: what had been read when a step was claimed
    ("ALTER TABLE ledger ADD COLUMN saw BIGINT",),
    # 3: mail
    (
        """CREATE TABLE letters (
            key TEXT NOT NULL PRIMARY KEY, seen_at TEXT NOT NULL, claimed_at TEXT NOT NULL, sender TEXT NOT NULL,
            message_id TEXT NOT NULL,
            fate TEXT CHECK (fate IN ('ticket', 'note', 'leave', 'machine', 'quarantine', 'discarded')),
            ticket_id BIGINT, settled_at TEXT)""",
        "CREATE INDEX ix_letters_sender ON letters (sender, seen_at)",
        "CREATE INDEX ix_letters_ticket_id ON letters (ticket_id)",
        """CREATE TABLE quarantine (
            key TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL, reason TEXT NOT NULL, sender TEXT NOT NULL,
            subject TEXT NOT NULL, raw {bytes} NOT NULL, released_at TEXT)""",
        """CREATE TABLE outbox (
            message_id TEXT NOT NULL PRIMARY KEY, ticket_id BIGINT NOT NULL, journal_id BIGINT NOT NULL,
            sender TEXT NOT NULL, mail {bytes} NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('ready', 'claimed', 'sent', 'failed')),
            tries INTEGER NOT NULL, next_at TEXT, reason TEXT NOT NULL)""",
        "CREATE INDEX ix_outbox_ticket_id ON outbox (ticket_id)",
        "CREATE INDEX ix_outbox_wake ON outbox (state, next_at)",
        """CREATE TABLE recipients (
            message_id TEXT NOT NULL, place INTEGER NOT NULL, address TEXT NOT NULL, folded TEXT NOT NULL,
            PRIMARY KEY (message_id, place))""",
        "CREATE INDEX ix_recipients_folded ON recipients (folded)",
    ),
    # 4: figures
    ("ALTER TABLE tickets ADD COLUMN clock TEXT NOT NULL DEFAULT ''", "ALTER TABLE tickets ADD COLUMN due TEXT"),
    # 5: what is counted together by all processes
    ("CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, span TEXT NOT NULL, used INTEGER NOT NULL)",),
)


def migrate(engine: Engine, where: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the store at `where` to the program's version, one transaction for each step; no lock is taken when nothing is to be done.

    Raises:
        PermanentError: the store is newer than the program, or not the bridge's.
    """
    with engine.begin() as db:
        version = _checked(db, where, migrations)
    while version < len(migrations):
        with engine.execution_options(**{WRITES: True}).begin() as db:
            version = _advance(db, where, migrations)


def _advance(db: Connection, where: str, migrations: Sequence[Migration]) -> int:
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    version = _checked(db, where, migrations)  # again: another process may have been faster
    if version == len(migrations):
        return version
    for statement in migrations[version]:
        db.exec_driver_sql(_in_words_of(db.dialect.name, statement))
    db.execute(delete(schema_version))
    db.execute(insert(schema_version).values(version=version + 1))
    return version + 1


def _in_words_of(dialect: str, statement: str) -> str:
    for word, instead in _WORDS[dialect].items():
        statement = statement.replace(word, instead)
    return statement


def _checked(db: Connection, where: str, migrations: Sequence[Migration]) -> int:
    tables = set(inspect(db).get_table_names())
    if schema_version.name not in tables:
        _refuse_others(tables, where)
        return 0
    version = db.execute(select(func.max(schema_version.c.version))).scalar_one() or 0
    if version > len(migrations):
        msg = (
            f"the store {where} is of version {version}, this program knows versions up to {len(migrations)}: a newer program has used it. "
            "Install that one again, or restore the copy made before it was upgraded"
        )
        raise PermanentError(msg)
    return int(version)


def _refuse_others(tables: set[str], where: str) -> None:
    taken = sorted(tables & set(metadata.tables))
    if taken:
        msg = f"the store {where} holds tables of another program ({', '.join(taken)}): name a database that is the bridge's own"
        raise PermanentError(msg)
