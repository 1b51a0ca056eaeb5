"""What the bridge would have done: a ticket's real history played again with given rules, the bridge's notes being those of the rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.core.assess import Assessment, assess
from bridge.core.decide import next_moment, wants
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Journal, Person, Role, Step, Ticket, Write
from bridge.core.policy import Policy, Route
from bridge.core.word_index import RememberingIndex

BRIDGE: Final = Person("the bridge", "the bridge", Role.BRIDGE)
DELAY: Final = timedelta(minutes=1)
"""How long after an event the bridge looks."""
MAX_LOOKS: Final = 2_000
"""A bound on one ticket's replay; a ticket of a year needs a few hundred looks."""


@dataclass(frozen=True)
class Replayed:
    """How one ticket would have gone: its kind, route and department by the rules, what was done and how often, and whether it was ever late.

    `on_the_way` are all departments that the route leads through: who approves, and who goes on once that is granted.
    """

    ticket_id: int
    kind: str
    route: str
    department: str
    on_the_way: frozenset[str]
    steps: Counter[Step]
    late: bool


def for_replays(policy: Policy) -> Policy:
    """The same rules, with an index that remembers what it found in the last few texts: they are looked at over and over."""
    return replace(policy, words=RememberingIndex(policy.words))


def replay(ticket: Ticket, policy: Policy, until: datetime) -> Replayed:
    """Play a ticket from its creation to `until`; what the bridge really did is left out first.

    Raises:
        CalendarDataError: its term reaches into a year without data.
    """
    people = tuple(journal for journal in ticket.journals if journal.by.role is not Role.BRIDGE)
    play = _Play(replace(ticket, journals=()), policy, people)
    play.run(until)
    route = play.assessed(until).route
    return Replayed(ticket.id, route.kind, route.name, route.department, _on_the_way(route), play.steps, play.late)


def _on_the_way(route: Route) -> frozenset[str]:
    gate = (route.approval.by, route.approval.then) if route.approval else ()
    return frozenset({route.department, *gate} - {""})


@dataclass
class _Play:
    """A replay under way: the ticket as it would stand, and the people's journals that are still to come."""

    ticket: Ticket
    policy: Policy
    ahead: tuple[Journal, ...]
    steps: Counter[Step] = field(default_factory=Counter)
    late: bool = False

    def assessed(self, now: datetime) -> Assessment:
        return assess(self.ticket, EMPTY_HISTORY, self.policy, now)

    def run(self, until: datetime) -> None:
        """Look a minute after each event, and whenever the ticket asked for it."""
        now: datetime | None = self.ticket.created_on + DELAY
        for _ in range(MAX_LOOKS):
            if now is None or now > until:
                return
            now = self._look(now)

    def _look(self, now: datetime) -> datetime | None:
        happened = tuple(journal for journal in self.ahead if journal.at <= now)
        self.ahead = self.ahead[len(happened) :]
        self._add(happened)
        a = self.assessed(now)
        decisions = wants(a)
        self.steps.update({one.step for one in decisions})
        self._add(tuple(self._written(write, now) for write in compose(decisions, a)))
        if decisions:
            a = self.assessed(now)
        self.late = self.late or a.standing.late_by is not None
        moments = [next_moment(a), *(journal.at + DELAY for journal in self.ahead[:1])]
        return min((moment for moment in moments if moment), default=None)

    def _add(self, journals: tuple[Journal, ...]) -> None:
        everything = sorted([*self.ticket.journals, *journals], key=lambda journal: journal.at)
        self.ticket = replace(self.ticket, journals=tuple(everything))

    def _written(self, write: Write, now: datetime) -> Journal:
        number = -1 - len(self.ticket.journals)
        return Journal(number, now, BRIDGE, write.notes, private=write.private, changes=write.changes)
