"""The named jobs: one pass over what changed and what has come due; each ticket guarded, so that one bad one never stops the rest (W6)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from bridge.core.model import Channel
from bridge.core.worktime import WorkCalendar
from bridge.engine import BRAKE, BrakeError, Budget, Engine, Look, Result
from bridge.errors import BridgeError, TemporaryError
from bridge.mail.office import MailOffice, MailSummary
from bridge.ports import Batch, Head, Known, Store

log: Final = logging.getLogger("bridge.jobs")

CURSOR: Final = "cursor"
FULL: Final = "last full re-read"
MAX_BACK_OFF: Final = timedelta(hours=4)
FIRST_BACK_OFF: Final = timedelta(minutes=2)
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
OUT_OF_REACH: Final = 3
"""So many tickets in a row that fail for a temporary reason mean that Redmine is out of reach, not that the tickets are bad."""


class Exit(IntEnum):
    """Exit codes of the command."""

    DONE = 0
    TICKETS_FAILED = 1
    UNUSABLE = 2
    HELD = 3
    OUT_OF_REACH = 4
    BUSY = 5


@dataclass
class Summary:
    """What a pass has done."""

    run: str
    started: datetime
    looked_at: int = 0
    looks: list[Look] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    in_a_row: int = 0
    exit: Exit = Exit.DONE
    why: str = ""
    mail: MailSummary | None = None

    @property
    def mail_tickets(self) -> list[int]:
        """Tickets that came by mail and were looked at."""
        seen = ((look.ticket_id, look.assessment) for look in self.looks)
        return [ticket for ticket, found in seen if found is not None and found.ticket.channel is Channel.MAIL]

    @property
    def written(self) -> list[Look]:
        """Tickets that were written to."""
        return [look for look in self.looks if look.result is Result.WRITTEN]

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "run": self.run,
            "started": self.started.isoformat(),
            "looked_at": self.looked_at,
            "written": [
                {"ticket": look.ticket_id, "did": [one.step.value for one in look.decisions], "notes": len(look.writes)}
                for look in self.written
            ],
            "shadow": [look.ticket_id for look in self.looks if look.result is Result.SHADOW and look.decisions],
            "unknown": [look.ticket_id for look in self.looks if look.result is Result.UNKNOWN],
            "troubles": [trouble for look in self.looks for trouble in look.troubles],
            "failed": {str(ticket): reason for ticket, reason in self.failed.items()},
            "exit": self.exit.name.lower(),
            "why": self.why,
            **({"mail": self.mail.as_json()} if self.mail else {}),
        }

    def __str__(self) -> str:
        """The one summary line of a pass."""
        unknown = sum(look.result is Result.UNKNOWN for look in self.looks)
        tail = f"; {self.mail}" if self.mail else ""
        tail += f"; {self.why}" if self.why else ""
        return (
            f"pass {self.run}: looked at {self.looked_at}, wrote to {len(self.written)}, failed {len(self.failed)}, "
            f"unknown {unknown}{tail}"
        )


@dataclass(frozen=True)
class Pass:
    """One pass: what changed since the last, what has come due, and once a working day everything that is open (T13)."""

    engine: Engine
    now: datetime
    stopping: Callable[[], bool] = lambda: False
    renew: Callable[[], None] = lambda: None
    mail: MailOffice | None = None

    def run(self, *, tickets: bool = True) -> Summary:
        """Look at every ticket that may want something, and at the mail; never raises for a single one's sake.

        Without `tickets` it is the mail's job alone: what came in, what waits to go out.
        """
        summary = Summary(self.engine.run, self.now)
        if self.engine.store.get(BRAKE):
            summary.exit, summary.why = (
                Exit.HELD,
                f"held by the brake: {self.engine.store.get(BRAKE)}; say `presale-bridge resume`",
            )
            return summary
        budget = Budget(self.engine.policy.limits.changes_per_pass)
        try:
            self._take_in(budget, summary)
            if tickets:
                self._run(budget, summary)
            self._send_out(summary)
        except BrakeError as error:
            self.engine.store.set(BRAKE, str(error))
            summary.exit, summary.why = Exit.HELD, str(error)
        except TemporaryError as error:
            summary.exit, summary.why = Exit.OUT_OF_REACH, str(error)
        return summary

    def _take_in(self, budget: Budget, summary: Summary) -> None:
        """Mails first: what they bring is looked at in the same pass."""
        if self.mail is not None:
            summary.mail = MailSummary()
            self.mail.take_in(self.now, budget, summary.mail, self.stopping)
            self.renew()

    def _send_out(self, summary: Summary) -> None:
        """The answers, when all notes of the pass are written."""
        if self.mail is None or summary.mail is None:
            return
        self.mail.send_out(summary.mail_tickets, self.now, summary.mail)
        if summary.mail.failed and summary.exit is Exit.DONE:
            summary.exit = Exit.OUT_OF_REACH if summary.mail.out_of_reach else Exit.TICKETS_FAILED

    def plan(self) -> list[Look]:
        """What a pass would do: on what it would look at, closed tickets too, and on everything that is open; writes nothing."""
        everything = [head.id for head in self.engine.tracker.changed(None).heads]
        if self.engine.store.get(CURSOR):
            everything += self._worklist(self._changed(), full=False)
        return [self.engine.plan(ticket_id, self.now) for ticket_id in dict.fromkeys(everything)]

    def _changed(self) -> Batch:
        cursor = self.engine.store.get(CURSOR)
        return self.engine.tracker.changed(datetime.fromisoformat(cursor) if cursor else None)

    def _run(self, budget: Budget, summary: Summary) -> None:
        store = self.engine.store
        cursor = store.get(CURSOR)
        batch = self._changed()
        full = self._full_reread(cursor)
        for ticket_id in self._worklist(batch, full=full):
            if self.stopping():
                summary.why = "told to stop; the rest comes in the next pass"
                return
            self._look(ticket_id, batch.cursor, budget, summary)
            self.renew()
        store.set(CURSOR, batch.cursor.isoformat())
        if full or not cursor:
            store.set(FULL, self.now.isoformat())
        if summary.failed:
            summary.exit = Exit.TICKETS_FAILED

    def _full_reread(self, cursor: str) -> bool:
        """Whether today's full re-read is still to be done: the first pass in the working time of a day (T13)."""
        return bool(cursor) and is_reread_due(self.engine.policy.calendar, self.engine.store.get(FULL), self.now)

    def _worklist(self, batch: Batch, *, full: bool) -> Iterator[int]:
        """Each ticket once: changed ones, due ones, those that left the scope, and on a full re-read all open ones."""
        store, seen = self.engine.store, set[int]()
        wanted = [head.id for head in batch.heads if self._is_news(head, store.known(head.id))]
        wanted += [ticket_id for ticket_id in batch.outside if store.known(ticket_id)]
        wanted += store.due(self.now)
        if full:
            wanted += [head.id for head in self.engine.tracker.changed(None).heads]
            wanted += sorted(store.open_ids())
        for ticket_id in wanted:
            if ticket_id not in seen and not self._is_put_aside(ticket_id):
                seen.add(ticket_id)
                yield ticket_id

    def _is_news(self, head: Head, known: Known | None) -> bool:
        """Redmine tells whole seconds: what was changed in the second of the last reading may hold a later change."""
        return known is None or head.updated_on != known.updated_on or head.updated_on >= known.read_at

    def _is_put_aside(self, ticket_id: int) -> bool:
        known = self.engine.store.known(ticket_id)
        return bool(known and known.put_aside_until and known.put_aside_until > self.now)

    def _look(self, ticket_id: int, read_at: datetime, budget: Budget, summary: Summary) -> None:
        summary.looked_at += 1
        try:
            look = self.engine.look(ticket_id, self.now, read_at, budget)
        except BrakeError:
            raise
        except BridgeError as error:
            self._failed(ticket_id, str(error), summary)
            self._stop_if_out_of_reach(error, summary)
        except Exception as error:  # whatever is wrong with one ticket must not stop the others (W6)
            log.exception("ticket %s", ticket_id)
            self._failed(ticket_id, f"{type(error).__name__}: {error}", summary)
        else:
            summary.in_a_row = 0
            summary.looks.append(look)
            for trouble in look.troubles:
                self.engine.report(trouble)

    def _failed(self, ticket_id: int, reason: str, summary: Summary) -> None:
        summary.failed[ticket_id] = reason
        known = self.engine.store.known(ticket_id) or self._never_read(ticket_id)
        wait = min(FIRST_BACK_OFF * 2 ** min(known.tries, 10), MAX_BACK_OFF)
        tries = self.engine.store.put_aside(ticket_id, self.now + wait, reason)
        log.warning("ticket %s failed (%s. time), looked at again in %s: %s", ticket_id, tries, wait, reason)

    def _never_read(self, ticket_id: int) -> Known:
        """A ticket that failed before it was looked at once is remembered all the same, so that its back-off holds and grows (W6)."""
        known = Known(ticket_id, NEVER, NEVER, None, closed=False)
        self.engine.store.keep(known)
        return known

    def _stop_if_out_of_reach(self, error: BridgeError, summary: Summary) -> None:
        summary.in_a_row = summary.in_a_row + 1 if isinstance(error, TemporaryError) else 0
        if summary.in_a_row >= OUT_OF_REACH:
            raise TemporaryError(f"Redmine is out of reach: {error}") from error


def adopt(store: Store, ticket_id: int, now: datetime) -> None:
    """Let the bridge write to a ticket older than `limits.not_before` (W5), from the next pass on whether it changes or not."""
    store.adopt(ticket_id, now)
    known = store.known(ticket_id)
    if known is not None:
        store.keep(known.waking(now))


def is_reread_due(calendar: WorkCalendar, last: str, now: datetime) -> bool:
    """Whether working time has begun since the last full re-read."""
    if not calendar.is_working(now):
        return False
    opening = calendar.opening(calendar.date_of(now))
    return not last or (opening is not None and datetime.fromisoformat(last) < opening.astimezone(UTC))
