"""What stands in the store, counted for the metrics: numbers only, without a request to Redmine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from bridge.adapters.store import schema as t
from bridge.adapters.store.database import Database
from bridge.core.terms import Clock
from bridge.mail_ports import Sending


@dataclass(frozen=True, slots=True)
class Figures:
    """How many of each; `tickets` are open ones by their clock ("" where none was read yet, "old" before `not_before`)."""

    tickets: Mapping[str, int] = field(default_factory=dict)
    near_due: int = 0
    put_aside: int = 0
    ledger: Mapping[str, int] = field(default_factory=dict)
    outbox: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0

    @property
    def late(self) -> int:
        """Tickets whose term is over."""
        return self.tickets.get(Clock.LATE, 0)

    @property
    def outbox_waiting(self) -> int:
        """Mails that have not gone yet."""
        return self.outbox.get(Sending.READY, 0) + self.outbox.get(Sending.CLAIMED, 0)


def count(database: Database, now: datetime, soon: datetime) -> Figures:
    """All of them, of one moment."""
    c = t.tickets.c
    still_open = and_(c.closed.is_(False), c.read_at.is_not(None))
    runs_out = and_(c.clock == Clock.RUNNING, c.due > now, c.due <= soon)
    # A clock that ran when it was looked at has run out meanwhile, also where no reminder woke the ticket.
    clock = case((and_(c.clock == Clock.RUNNING, c.due <= now), Clock.LATE.value), else_=c.clock)
    with database.reading() as db:
        return Figures(
            tickets=_by(db, select(clock, func.count()).where(still_open).group_by(clock)),
            near_due=_one(db, select(func.count()).select_from(t.tickets).where(still_open, runs_out)),
            put_aside=_one(db, select(func.count()).select_from(t.tickets).where(c.put_aside_until > now)),
            ledger=_by(db, select(t.ledger.c.state, func.count()).group_by(t.ledger.c.state)),
            outbox=_by(db, select(t.outbox.c.state, func.count()).group_by(t.outbox.c.state)),
            quarantined=_one(
                db, select(func.count()).select_from(t.quarantine).where(t.quarantine.c.released_at.is_(None))
            ),
        )


def _by(db: Connection, query: Select[Any]) -> Mapping[str, int]:
    return {str(row[0]): int(row[1]) for row in db.execute(query)}


def _one(db: Connection, query: Select[Any]) -> int:
    return int(db.execute(query).scalar_one())
