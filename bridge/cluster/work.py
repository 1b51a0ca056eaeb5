"""What a replica's jobs do, one at a time. None raises, none is tried again by the queue: what was not done stands in the store as due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bridge.budget import held
from bridge.core.policy import Policy
from bridge.engine import BRAKE, Budget, Engine, Rate
from bridge.errors import BridgeError, TemporaryError
from bridge.jobs import OUT_OF_REACH, Exit, Pass, Summary
from bridge.mail.office import MailOffice, MailSummary
from bridge.ports import Batch, Store
from bridge.worklist import Worklist

log: Final = logging.getLogger("bridge.cluster")

OWNER: Final = "the cluster"
"""Who has the pass: all replicas together, so that no `run` works beside them."""
POLLED: Final = "last poll"
AWAY: Final = "redmine out of reach"
CHANGES: Final = "changes of "
DAY: Final = timedelta(days=1)


class Bridge(Protocol):
    """What the jobs need of the app."""

    @property
    def policy(self) -> Policy:
        """The rules in force."""

    @property
    def store(self) -> Store:
        """The memory that all replicas share."""

    @property
    def mail_office(self) -> MailOffice | None:
        """The mail channel, where the rules have one."""

    @property
    def rate(self) -> Rate:
        """How fast Redmine may be written to."""

    def now(self) -> datetime:
        """The present moment."""

    def new_run(self) -> str:
        """A name for a run that sorts by time."""

    def engine(self, run: str = "") -> Engine:
        """An engine whose decisions are logged under a run's name."""


class Jobs(Protocol):
    """What the jobs need of the queue."""

    def look(self, tickets: Iterable[int], poll: str) -> int:
        """Have those looked at that do not wait already; how many were put in."""


@dataclass
class SharedBudget(Budget):
    """The writes of one poll's tickets (W5), counted in the store, whichever replica has them and however late."""

    store: Store | None = None
    poll: str = ""

    def require(self, count: int) -> None:
        """Raise BrakeError where there are not that many left."""
        assert self.store is not None
        Budget(self.at_most, spent=self.store.counted(CHANGES + self.poll, self.poll)).require(count)

    def spend(self, count: int) -> None:
        """Count them as used; raises BrakeError where another replica was faster."""
        assert self.store is not None
        if not self.store.count(CHANGES + self.poll, self.poll, count, self.at_most):
            Budget(self.at_most, spent=self.at_most).require(count)


@dataclass
class Work:
    """The jobs of one replica. `lease` is how long a cluster that died keeps `run` out; `tell` hears of every job's end."""

    bridge: Bridge
    jobs: Jobs
    lease: timedelta
    stopping: Callable[[], bool] = lambda: False
    tell: Callable[[str, Summary], None] = lambda _kind, _summary: None
    in_a_row: int = 0

    # --- the list -------------------------------------------------------------------------------------------------------------------------

    def poll(self) -> Summary:
        """List what changed and what is due, and have it looked at."""
        return self._done("poll", self._poll)

    def _poll(self, summary: Summary) -> None:
        store = self.bridge.store
        if not store.acquire_pass(OWNER, summary.started, self.lease):
            summary.exit, summary.why = Exit.BUSY, "a pass of a single process is at work on this store"
        elif store.get(BRAKE):
            summary.exit = Exit.HELD
            summary.why = held(store.get(BRAKE))
        else:
            self._list(summary)

    def _list(self, summary: Summary) -> None:
        """Whatever is listed is made due first: from then on nothing of it is lost, whatever becomes of the queue."""
        store, now = self.bridge.store, summary.started
        worklist = Worklist(self.bridge.engine().tracker, store, self.bridge.policy.calendar, now)
        batch, full = self._in_reach(worklist.changed), worklist.is_full()
        tickets = tuple(worklist.tickets(batch, full=full))
        store.wake(tickets, now)
        store.set(POLLED, summary.run)
        store.drop_counts(CHANGES, f"{CHANGES}{now - DAY:%Y%m%d}")
        self.jobs.look(tickets, summary.run)
        worklist.done(batch, full=full)
        summary.looked_at = len(tickets)

    def _in_reach(self, ask: Callable[[], Batch]) -> Batch:
        """While Redmine does not even tell what changed, no replica looks at a ticket: none would be put aside for nothing."""
        store = self.bridge.store
        try:
            answer = ask()
        except TemporaryError as error:
            store.set(AWAY, str(error))
            raise
        if store.get(AWAY):
            store.set(AWAY, "")
        return answer

    # --- one ticket -----------------------------------------------------------------------------------------------------------------------

    def look(self, ticket_id: int, poll: str, tracker: str = "") -> Summary:
        """Look at one ticket, unless it would be in vain now: then the next poll brings it again."""
        return self._done("look", lambda summary: self._look(summary, ticket_id, poll, tracker))

    def _look(self, summary: Summary, ticket_id: int, poll: str, tracker: str) -> None:
        store, rate = self.bridge.store, self.bridge.rate
        if self.stopping() or store.get(AWAY) or rate.is_used_up():
            store.wake(
                [ticket_id] if poll else [], summary.started
            )  # a webhook's ticket is found by polling all the same
            return
        poll = poll or store.get(POLLED) or summary.run
        budget = SharedBudget(self.bridge.policy.limits.changes_per_pass, store=store, poll=poll)
        one = Pass(self.bridge.engine(poll), summary.started, rate=rate)
        found = one.run_for({ticket_id: tracker}, budget)
        _take_over(summary, found)
        if found.looked_at and not found.looks and not found.failed:
            store.wake(
                [ticket_id], summary.started
            )  # the brake or the minute stopped it: looked at again, nobody has changed anything
        self._count_failures(found)
        self._mail_out(summary)

    def _count_failures(self, found: Summary) -> None:
        self.in_a_row = self.in_a_row + 1 if found.in_a_row else 0 if found.looks else self.in_a_row
        if self.in_a_row >= OUT_OF_REACH:
            self.in_a_row = 0
            self.bridge.store.set(AWAY, next(iter(found.failed.values()), ""))
            log.warning("Redmine is out of reach: tickets are looked at again when a poll has reached it")

    # --- mail -----------------------------------------------------------------------------------------------------------------------------

    def mail(self) -> Summary:
        """Take in what has come, send what waits; what came in is looked at next."""
        return self._done("mail", self._mail)

    def _mail(self, summary: Summary) -> None:
        office = self.bridge.mail_office
        if office is None:
            return
        engine = self.bridge.engine(summary.run)
        one = Pass(engine, summary.started, stopping=self.stopping, mail=office, rate=self.bridge.rate)
        found = one.run(tickets=False)
        _take_over(summary, found)
        if found.mail:
            self.bridge.store.wake(found.mail.haul.tickets, summary.started)
            self.jobs.look(found.mail.haul.tickets, summary.run)

    def _mail_out(self, summary: Summary) -> None:
        office = self.bridge.mail_office
        if office is not None and summary.mail_tickets:
            summary.mail = MailSummary()
            office.send_out(summary.mail_tickets, summary.started, summary.mail)

    # --- around each ----------------------------------------------------------------------------------------------------------------------

    def _done(self, kind: str, work: Callable[[Summary], None]) -> Summary:
        summary = Summary(self.bridge.new_run(), self.bridge.now())
        try:
            work(summary)
        except BridgeError as error:
            log.error("%s: left to the next poll: %s", kind, error)  # noqa: TRY400 - a sentence says more to the operator
            summary.exit, summary.why = Exit.OUT_OF_REACH, str(error)
        except Exception:
            log.exception("%s: left to the next poll", kind)
            summary.exit, summary.why = Exit.OUT_OF_REACH, "a mistake of the bridge, see the log"
        self.tell(kind, summary)
        return summary


def _take_over(summary: Summary, found: Summary) -> None:
    for name in ("looked_at", "looks", "failed", "exit", "why", "mail"):
        setattr(summary, name, getattr(found, name))
