"""One database: opened, brought to the program's version, and its transactions with errors for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Row, Select, Update

from bridge.adapters.store.connection import WRITES, open_engine, parse
from bridge.adapters.store.faults import place, told
from bridge.adapters.store.migrations import migrate


class Database:
    """A database that is open and of the program's version; see `SqlStore` for what it raises."""

    def __init__(self, url: str, patience: timedelta) -> None:
        parsed = parse(url)
        self._place = place(parsed)
        self._engine = open_engine(parsed, patience)
        self._writer = self._engine.execution_options(**{WRITES: True})
        try:
            with told(self._place):
                migrate(self._engine, self._place)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connections; the next transaction makes a new one."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and waits for nobody (SQLite), or nobody's writing (PostgreSQL)."""
        with told(self._place), self._engine.begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on the disk at its end, or not at all when an error leaves it."""
        with told(self._place), self._writer.begin() as db:
            yield db

    def rows(self, query: Select[Any]) -> list[Row[Any]]:
        """All rows of a query, read at once, so that no reading stays open."""
        with self.reading() as db:
            return list(db.execute(query))


def changed(db: Connection, statement: Insert | Update | Delete) -> int:
    """How many rows a statement changed."""
    return db.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def changed_one(db: Connection, statement: Insert | Update) -> bool:
    """Whether a statement changed its row: what a compare-and-set asks."""
    return changed(db, statement) == 1
