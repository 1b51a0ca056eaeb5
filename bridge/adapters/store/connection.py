"""Opening a database so that what it promised survives a power cut, and nobody waits for ever."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from bridge.adapters.store.faults import primary_code
from bridge.errors import PermanentError

WAITING: Final = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""libpq's parameters: a server whose machine is gone (seconds; the last in milliseconds) is noticed within a minute, not after hours."""
WRITES: Final = "bridge_writes"
BETWEEN_TRIES: Final = 0.02
"""Seconds between two tries for a lock for which SQLite does not wait by itself."""
_EXAMPLES: Final = "sqlite:////var/lib/presale-bridge/state.db or postgresql://bridge@db.example.org/bridge"


def parse(url: str) -> URL:
    """The parts of a store's URL.

    Raises:
        PermanentError: it is no URL, or of a database that the bridge does not know. Never repeats the URL: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        msg = f"the store's URL cannot be read; it looks like {_EXAMPLES}"
        raise PermanentError(msg) from None
    if parsed.drivername in ("sqlite", "postgresql"):
        return parsed.set(
            drivername={"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}[parsed.drivername]
        )
    msg = f"the store's URL names {parsed.drivername!r}, which the bridge does not know; it looks like {_EXAMPLES}"
    raise PermanentError(msg)


def open_engine(url: URL, patience: timedelta) -> Engine:
    """An engine whose transactions are durable; it waits for another process's lock as long as `patience`.

    Raises:
        PermanentError: PostgreSQL's driver is not installed.
    """
    return _sqlite(url, patience) if url.get_backend_name() == "sqlite" else _postgresql(url, patience)


def _sqlite(url: URL, patience: timedelta) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if url.database in (None, "", ":memory:") else {}
    # The driver's own guess of where a transaction starts is off (isolation_level); `_begin` says it.
    arguments = {"timeout": patience.total_seconds(), "isolation_level": None, "check_same_thread": False}
    engine = create_engine(url, hide_parameters=True, connect_args=arguments, **options)

    def tune(connection: sqlite3.Connection, _record: object) -> None:
        # WAL lets readers read while a pass writes; FULL syncs each commit, since a claim has to be there after a power cut; what is
        # deleted is overwritten, since `purge` promises that it is gone.
        _switch_to_wal(connection, time.monotonic() + patience.total_seconds())
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", tune)
    event.listen(engine, "begin", _begin)
    return engine


def _switch_to_wal(connection: sqlite3.Connection, until: float) -> None:
    """SQLite's own waiting leaves this out: of processes that open a new file at once, all but one would fail at once."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BETWEEN_TRIES)
        else:
            return


def _begin(connection: Connection) -> None:
    # A writer takes the lock first: two that had both read would otherwise fail at once, whatever their patience.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _patient(url: URL) -> Mapping[str, Any]:
    """What libpq is told of waiting, unless the URL says otherwise."""
    return {name: value for name, value in WAITING.items() if name not in url.query}


def _postgresql(url: URL, patience: timedelta) -> Engine:
    try:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=_patient(url))
    except ModuleNotFoundError as error:
        msg = "a store on PostgreSQL needs its driver: pip install 'psycopg[binary]'"
        raise PermanentError(msg) from error
    wait = int(patience.total_seconds() * 1000)

    def tune(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {wait}")
            cursor.execute("SET synchronous_commit = on")  # whatever the server's default is
        connection.commit()

    event.listen(engine, "connect", tune)
    return engine
