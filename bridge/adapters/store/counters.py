"""Counters that all processes share, each in one statement: two that count at once never come to more than is allowed."""

from __future__ import annotations

from sqlalchemy import case, delete, or_, select

from bridge.adapters.store import schema as t
from bridge.adapters.store.database import Database, changed_one


def count(database: Database, name: str, window: str, more: int, at_most: int) -> bool:
    """See `bridge.ports.Store.count`."""
    if more > at_most:
        return False
    with database.writing() as db:
        statement = t.insert_into(db, t.counters).values(name=name, span=window, used=more)
        given, here = statement.excluded, t.counters.c
        used = case((here.span == given.span, here.used + given.used), else_=given.used)
        fits = or_(here.span != given.span, here.used + given.used <= at_most)
        values = {"span": given.span, "used": used}
        return changed_one(db, statement.on_conflict_do_update(index_elements=["name"], set_=values, where=fits))


def counted(database: Database, name: str, window: str) -> int:
    """See `bridge.ports.Store.counted`."""
    query = select(t.counters.c.used).where(t.counters.c.name == name, t.counters.c.span == window)
    return sum(row.used for row in database.rows(query))


def drop(database: Database, first: str, before: str) -> None:
    """See `bridge.ports.Store.drop_counts`."""
    with database.writing() as db:
        db.execute(delete(t.counters).where(t.counters.c.name >= first, t.counters.c.name < before))
