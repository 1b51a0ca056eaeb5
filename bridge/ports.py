"""What the engine needs of the world: a tracker to read and write tickets, and a store that outlives a crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from bridge.core.model import Attribute, History, OwnStep, Role, Step, Ticket, Write

MAX_BACK_OFF: Final = timedelta(hours=4)
"""A ticket that fails is looked at again after that at the latest (W6)."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a list shows of a ticket: enough to know whether it has to be read."""

    id: int
    updated_on: datetime
    closed: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed, and the server's time from which the next look has to start (with overlap already taken off).

    `outside` are changed tickets of other trackers or projects, as far as they were seen: one that the store knows has left the scope.
    The overlap shows changes more than once; and as REST tells whole seconds, an `updated_on` not newer than the second of the last
    reading may hide a later change.
    """

    heads: tuple[Head, ...]
    cursor: datetime
    outside: tuple[int, ...] = ()


class Tracker(Protocol):
    """The cabinet's Redmine, as the bridge's account sees it.

    Every method raises `TemporaryError` when Redmine is out of reach or answers nonsense, `PermanentError` when a right or a name is missing,
    `NotFoundError` for a ticket that is gone or hidden; `write` raises `UnknownOutcomeError` when the request was sent and no answer came.
    """

    def changed(self, since: datetime | None) -> Batch:
        """Tickets in scope that changed since then, by the server's clock; `None`: all open ones. One request when nothing changed."""

    def read(self, ticket_id: int) -> Ticket | None:
        """The ticket with its whole history; None when it is not in scope any more (other tracker or project)."""

    def write(self, ticket_id: int, write: Write) -> tuple[str, ...]:
        """Send one note and its attributes, in one request; watchers are added first (M2). Success says nothing about what was applied.

        Returns, in sentences, what went wrong beside it: a watcher who could not be added does not keep the note back.
        """

    def blank(self, journal_id: int) -> None:
        """Empty a note that came out public although it was meant to be private (W2)."""

    def may_write_private(self, project: str) -> bool:
        """Whether the account's role in that project has the right to write private notes (W2)."""


class ClaimState(StrEnum):
    """How far a step is: claimed before the write, confirmed when read back, refused when Redmine took it and did nothing (W3)."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Claim:
    """One step of one ticket in the ledger; unique by ticket, step, ordinal and anchor.

    The anchor is the due moment of a reminder, or tells private from public; `saw` is the last journal that had been read when it was
    decided: what people wrote after that one was not considered, even if it stands before the bridge's note.
    """

    ticket_id: int
    step: Step
    ordinal: int
    anchor: str = ""
    state: ClaimState = ClaimState.CLAIMED
    at: datetime | None = None
    journal_id: int | None = None
    saw: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers of a ticket between passes.

    `clock` (T12, or "old" before `not_before`) and `due` are as they were when it was read last, for the figures; empty before that.
    """

    id: int
    updated_on: datetime
    read_at: datetime
    next_at: datetime | None
    closed: bool
    tries: int = 0
    put_aside_until: datetime | None = None
    clock: str = ""
    due: datetime | None = None

    def is_put_aside(self, now: datetime) -> bool:
        """Whether it failed and waits for its back-off (W6). One that ends later than any does was begun by a clock that was wrong."""
        return self.put_aside_until is not None and now < self.put_aside_until <= now + MAX_BACK_OFF

    def waking(self, at: datetime) -> Known:
        """The same, looked at next at that moment."""
        return replace(self, next_at=at)


@dataclass(frozen=True, slots=True)
class Logged:
    """One decision as it was logged."""

    run: str
    ticket_id: int
    at: datetime
    steps: tuple[OwnStep, ...]
    reason: str


class Store(Protocol):
    """The memory: the ledger of steps, who spoke (P1), cursors, brakes and the log of decisions. Raises `TemporaryError` when it can't write."""

    def history(self, ticket_id: int) -> History:
        """Steps confirmed or refused earlier, and attribute values that Redmine did not take."""

    def claims(self, ticket_id: int) -> tuple[Claim, ...]:
        """The ticket's claims whose outcome is not known yet."""

    def claim(self, claims: Iterable[Claim], at: datetime) -> bool:
        """Claim all of them or none; False when somebody else has one of them already."""

    def settle(self, claim: Claim, state: ClaimState, at: datetime, journal_id: int | None = None) -> None:
        """Confirm or refuse a claim; confirmed stays confirmed. `history` tells `at`: the note's own moment where there is a note."""

    def release(self, claim: Claim) -> None:
        """Forget a claim whose write is known not to have happened."""

    def refuse(self, ticket_id: int, attribute: Attribute, name: str, value: str, at: datetime) -> bool:
        """Remember that Redmine did not take this value; False when that was known already (report once)."""

    def roles(self, ticket_id: int) -> Mapping[int, Role]:
        """Journal id to the role its speaker had when it was first seen."""

    def keep_roles(self, ticket_id: int, roles: Mapping[int, Role]) -> None:
        """Remember roles of journals seen for the first time; roles already kept stay."""

    def known(self, ticket_id: int) -> Known | None:
        """What was remembered of the ticket."""

    def keep(self, known: Known) -> None:
        """Remember when the ticket was read and when it wants to be looked at next."""

    def forget(self, ticket_id: int) -> None:
        """The ticket left the scope or is gone: no more wake-ups. The ledger stays."""

    def due(self, now: datetime) -> tuple[int, ...]:
        """Tickets whose next moment has come, or whose back-off is over, oldest first."""

    def open_ids(self) -> frozenset[int]:
        """Tickets remembered as open, for the daily full re-read."""

    def wake(self, tickets: Iterable[int], at: datetime) -> None:
        """Remember that these want to be looked at from that moment on, unless they want it earlier; unknown ones too. No back-off ends."""

    def put_aside(self, ticket_id: int, until: datetime, reason: str) -> int:
        """Back off from a ticket that failed; returns how many times in a row."""

    def get(self, name: str) -> str:
        """A named value: cursor, last full re-read, brake; empty when not set."""

    def set(self, name: str, value: str) -> None:
        """Set a named value; empty removes it."""

    def count(self, name: str, window: str, more: int, at_most: int) -> bool:
        """Count up atomically, from zero in each new window; False, and nothing counted, where it would come to more than `at_most`."""

    def counted(self, name: str, window: str) -> int:
        """How far it has come in that window."""

    def drop_counts(self, first: str, before: str) -> None:
        """Forget the counters whose names lie from `first` on and before `before`, as text sorts."""

    def adopted(self, ticket_id: int) -> bool:
        """Whether an operator has adopted a ticket older than `not_before` (W5)."""

    def adopt(self, ticket_id: int, at: datetime) -> None:
        """Let the bridge write to a ticket older than `not_before`."""

    def log(self, run: str, ticket_id: int, at: datetime, steps: Iterable[OwnStep], reason: str) -> None:
        """Append to the log of decisions; nothing personal beyond ids."""

    def journals_of(self, run: str) -> Mapping[int, frozenset[int]]:
        """Ticket to the journals that one run wrote to it."""

    def logged(self, ticket_id: int) -> Iterator[Logged]:
        """The ticket's decisions, oldest first."""

    def acquire_pass(self, owner: str, now: datetime, ttl: timedelta) -> bool:
        """Begin a pass: False while somebody else's lasts. One that crashed ends by itself, `ttl` after it was last renewed."""

    def renew_pass(self, owner: str, now: datetime, ttl: timedelta) -> bool:
        """Go on with a pass; False when it was taken over meanwhile: stop."""

    def release_pass(self, owner: str) -> None:
        """End a pass; somebody else's stays."""
