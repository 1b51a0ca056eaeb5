"""The named jobs: one pass over what changed and what has come due; each ticket guarded, so that one bad one never stops the rest (W6)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from bridge.budget import held
from bridge.core.model import Channel
from bridge.engine import BRAKE, BrakeError, Budget, Engine, Look, Rate, RateError, Result
from bridge.errors import BridgeError, TemporaryError
from bridge.mail.office import MailOffice, MailSummary
from bridge.ports import MAX_BACK_OFF, Known, Store
from bridge.worklist import CURSOR, NEVER, Worklist, is_reread_due

__all__ = ["CURSOR", "Exit", "Flag", "Pass", "Summary", "adopt", "is_reread_due"]

log: Final = logging.getLogger("bridge.jobs")

FIRST_BACK_OFF: Final = timedelta(minutes=2)
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


class Flag:
    """Something that was asked for. Without a lock: a signal's handler may set it whatever it has interrupted, which `threading.Event` may not."""

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Ask for it."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether it was asked for."""
        return self._is_set

    def take(self) -> bool:
        """Whether it was asked for since the last time."""
        asked, self._is_set = self._is_set, False
        return asked


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
    rate: Rate | None = None

    def run(self, *, tickets: bool = True) -> Summary:
        """Look at every ticket that may want something, and at the mail; never raises for a single one's sake.

        Without `tickets` it is the mail's job alone: what came in, what waits to go out.
        """
        budget = Budget(self.engine.policy.limits.changes_per_pass, self.rate)

        def work(summary: Summary) -> None:
            self._take_in(budget, summary)
            if tickets:
                self._run(budget, summary)
            self._send_out(summary, alone=not tickets)

        return self._unless_held(work)

    def run_for(self, hints: Mapping[int, str], budget: Budget) -> Summary:
        """Look at these tickets at once, since something said that they changed; brake and back-off hold, the cursor stays (trap 16).

        `hints` has the tracker's name by ticket, empty where it is not known: those of other trackers cost no request.
        """
        budget.rate = self.rate
        return self._unless_held(lambda summary: self._run_for(hints, budget, summary))

    def _unless_held(self, work: Callable[[Summary], None]) -> Summary:
        summary = Summary(self.engine.run, self.now)
        if self.mail is not None:
            self.mail.purge(self.now)
        if self.engine.store.get(BRAKE):
            summary.exit, summary.why = Exit.HELD, held(self.engine.store.get(BRAKE))
            return summary
        try:
            work(summary)
        except BrakeError as error:
            self.engine.store.set(BRAKE, str(error))
            summary.exit, summary.why = Exit.HELD, held(str(error))
        except RateError as error:
            summary.why = str(error)
        except TemporaryError as error:
            summary.exit, summary.why = Exit.OUT_OF_REACH, str(error)
        return summary

    def _take_in(self, budget: Budget, summary: Summary) -> None:
        """Mails first: what they bring is looked at in the same pass."""
        if self.mail is not None:
            summary.mail = MailSummary()
            self.mail.take_in(self.now, budget, summary.mail, self._stops)
            self.renew()

    def _send_out(self, summary: Summary, *, alone: bool) -> None:
        """The answers, when all notes of the pass are written. A mail server out of reach is that of the mail's job `alone`."""
        if self.mail is None or summary.mail is None:
            return
        self.mail.send_out(summary.mail_tickets, self.now, summary.mail, self._stops)
        if summary.mail.failed and summary.exit is Exit.DONE:
            away = summary.mail.out_of_reach
            summary.exit = Exit.OUT_OF_REACH if away and alone else Exit.TICKETS_FAILED
            summary.why = summary.why or away

    def _stops(self) -> bool:
        """Whether to stop before the next mail; asking keeps the pass ours."""
        self.renew()
        return self.stopping()

    def plan(self) -> list[Look]:
        """What a pass would do: on what it would look at, closed tickets too, and on everything that is open; writes nothing."""
        everything = [head.id for head in self.engine.tracker.changed(None).heads]
        if self.engine.store.get(CURSOR):
            everything += self.worklist.tickets(self.worklist.changed(), full=False)
        return [self.engine.plan(ticket_id, self.now) for ticket_id in dict.fromkeys(everything)]

    @property
    def worklist(self) -> Worklist:
        """What it has to look at."""
        return Worklist(self.engine.tracker, self.engine.store, self.engine.policy.calendar, self.now)

    def _run(self, budget: Budget, summary: Summary) -> None:
        worklist = self.worklist
        batch, full = worklist.changed(), worklist.is_full()
        for ticket_id in worklist.tickets(batch, full=full):
            if self.stopping():
                summary.why = "told to stop; the rest comes in the next pass"
                return
            self._look(ticket_id, batch.cursor, budget, summary)
            self.renew()
        worklist.done(batch, full=full)
        if summary.failed:
            summary.exit = Exit.TICKETS_FAILED

    def _run_for(self, hints: Mapping[int, str], budget: Budget, summary: Summary) -> None:
        """What is read now may change within this very second (REST tells no finer), so it counts as read at the last pass."""
        read_at = self.worklist.cursor or NEVER
        for ticket_id in [ticket_id for ticket_id, tracker in hints.items() if self._is_ours(ticket_id, tracker)]:
            if self.stopping():
                summary.why = "told to stop; the rest comes in the next pass"
                return
            self._look(ticket_id, read_at, budget, summary)
            self.renew()
        if summary.failed:
            summary.exit = Exit.TICKETS_FAILED

    def _is_ours(self, ticket_id: int, tracker: str) -> bool:
        """A ticket that is known is looked at in whatever tracker it is: it may have left the scope just now."""
        in_scope = not tracker or tracker in self.engine.policy.redmine.scope.trackers
        known = self.engine.store.known(ticket_id)
        return (in_scope or known is not None) and not self.worklist.is_put_aside(ticket_id)

    def _look(self, ticket_id: int, read_at: datetime, budget: Budget, summary: Summary) -> None:
        summary.looked_at += 1
        try:
            look = self.engine.look(ticket_id, self.now, read_at, budget)
        except (BrakeError, RateError):
            raise
        except BridgeError as error:
            self._failed(ticket_id, str(error), summary)
            self._stop_if_out_of_reach(error, summary)
        except Exception as error:  # whatever is wrong with one ticket must not stop the others (W6)
            log.exception("ticket %s", ticket_id, extra={"ticket": ticket_id, "run": summary.run})
            self._failed(ticket_id, f"{type(error).__name__}: {error}", summary, told=type(error).__name__)
        else:
            summary.in_a_row = 0
            summary.looks.append(look)
            for trouble in look.troubles:
                self.engine.report(trouble)

    def _failed(self, ticket_id: int, reason: str, summary: Summary, told: str = "") -> None:
        """Put it aside; what nobody thought of may quote the ticket, so that only `told` is logged of it."""
        summary.failed[ticket_id] = reason
        known = self.engine.store.known(ticket_id) or self._never_read(ticket_id)
        wait = min(FIRST_BACK_OFF * 2 ** min(known.tries, 10), MAX_BACK_OFF)
        tries = self.engine.store.put_aside(ticket_id, self.now + wait, reason)
        logged = told or reason
        more = {"ticket": ticket_id, "run": summary.run, "reason": logged}
        log.warning("ticket %s failed (attempt %s), next try in %s: %s", ticket_id, tries, wait, logged, extra=more)

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
