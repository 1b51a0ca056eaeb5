"""What has to be looked at now: what changed, what has come due, and once a working day everything that is open (T13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bridge.core.worktime import WorkCalendar
from bridge.ports import Batch, Head, Known, Store, Tracker

CURSOR: Final = "cursor"
FULL: Final = "last full re-read"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Worklist:
    """The list of one moment. Whoever takes it says `done` when nothing of it can be lost any more: only then the cursor moves."""

    tracker: Tracker
    store: Store
    calendar: WorkCalendar
    now: datetime

    @property
    def cursor(self) -> datetime | None:
        """The server's time up to which all changes have been listed; None before the first list."""
        text = self.store.get(CURSOR)
        return datetime.fromisoformat(text) if text else None

    def changed(self) -> Batch:
        """What changed since the cursor; all open tickets before the first list. One request when nothing changed."""
        return self.tracker.changed(self.cursor)

    def is_full(self) -> bool:
        """Whether today's full re-read is still to be done: with the first list in the working time of a day (T13)."""
        return self.cursor is not None and is_reread_due(self.calendar, self.store.get(FULL), self.now)

    def tickets(self, batch: Batch, *, full: bool) -> Iterator[int]:
        """Each ticket once: changed ones, due ones, those that left the scope, and on a full re-read all open ones."""
        seen = set[int]()
        wanted = [head.id for head in batch.heads if self._is_news(head, self.store.known(head.id))]
        wanted += [ticket_id for ticket_id in batch.outside if self.store.known(ticket_id)]
        wanted += self.store.due(self.now)
        if full:
            wanted += [head.id for head in self.tracker.changed(None).heads]
            wanted += sorted(self.store.open_ids())
        for ticket_id in wanted:
            if ticket_id not in seen and not self.is_put_aside(ticket_id):
                seen.add(ticket_id)
                yield ticket_id

    def done(self, batch: Batch, *, full: bool) -> None:
        """The next list begins where this one was read."""
        is_first = self.cursor is None
        self.store.set(CURSOR, batch.cursor.isoformat())
        if full or is_first:
            self.store.set(FULL, self.now.isoformat())

    def is_put_aside(self, ticket_id: int) -> bool:
        """Whether a ticket failed and waits for its back-off (W6)."""
        known = self.store.known(ticket_id)
        return known is not None and known.is_put_aside(self.now)

    def _is_news(self, head: Head, known: Known | None) -> bool:
        """Redmine tells whole seconds: what was changed in the second of the last reading may hold a later change."""
        return known is None or head.updated_on != known.updated_on or head.updated_on >= known.read_at


def is_reread_due(calendar: WorkCalendar, last: str, now: datetime) -> bool:
    """Whether working time has begun since the last full re-read. One in the future was never done: the clock was wrong."""
    if not calendar.is_working(now):
        return False
    opening = calendar.opening(calendar.date_of(now))
    at = datetime.fromisoformat(last) if last else NEVER
    return at > now or (opening is not None and at < opening.astimezone(UTC))
