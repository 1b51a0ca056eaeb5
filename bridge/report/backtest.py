"""What a change of rules would have changed: real history, replayed with the present and the new rules, and the difference.

People do in the replay what they did in fact, whatever the rules are: nobody answers sooner because he was reminded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bridge.core.events import Chronicle
from bridge.core.model import EMPTY_HISTORY, Step, Ticket
from bridge.core.policy import Policy
from bridge.errors import CalendarDataError
from bridge.report.replay import Replayed, for_replays, replay

SHOWN: Final = (
    *(Step.ASK, Step.ROUTE, Step.REQUEST_APPROVAL, Step.OUT_OF_SCOPE, Step.PROPOSE),
    *(Step.EXTEND, Step.REMIND, Step.ESCALATE),
)
LATE: Final = "late"


@dataclass(frozen=True)
class Difference:
    """One ticket that would have gone otherwise."""

    ticket_id: int
    before: Replayed
    after: Replayed

    @property
    def what(self) -> tuple[tuple[str, str, str], ...]:
        """What differs: its name, before, after."""
        pairs = [
            ("kind", self.before.kind, self.after.kind),
            ("department", self.before.department, self.after.department),
            (LATE, "yes" if self.before.late else "no", "yes" if self.after.late else "no"),
        ]
        pairs += [(step.value, str(self.before.steps[step]), str(self.after.steps[step])) for step in SHOWN]
        return tuple((name, old, new) for name, old, new in pairs if old != new)

    @property
    def only_reminders(self) -> bool:
        """Whether nothing differs but who on the staff's side was reminded, and how often."""
        return {name for name, _, _ in self.what} <= {Step.REMIND.value, Step.ESCALATE.value}


@dataclass
class Side:
    """What one set of rules makes of the history.

    `counts` are tickets by kind, by department, and by what was done; `confusion` are tickets by the department that the rules say and
    the one that finally had them; `hit` are the routes that tickets took.
    """

    policy: Policy
    counts: Counter[str] = field(default_factory=Counter)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    hit: set[str] = field(default_factory=set)

    def add(self, ticket: Ticket, one: Replayed) -> None:
        """Count one ticket."""
        self.counts.update(_counts(one))
        self.hit.add(one.route)
        people = finally_with(ticket, self.policy)
        self.confusion[people if people in one.on_the_way else one.department, people] += 1

    @property
    def agreed(self) -> int:
        """Tickets that finally were where these rules say."""
        return sum(count for (rules, people), count in self.confusion.items() if rules == people)

    @property
    def never_hit(self) -> tuple[str, ...]:
        """Routes that no ticket took."""
        return tuple(route.name for route in self.policy.routes if route.name not in self.hit)


@dataclass(frozen=True)
class Backtest:
    """The result: the tickets that would have gone otherwise, and both sides."""

    tickets: int
    differences: tuple[Difference, ...]
    present: Side
    new: Side
    skipped: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "tickets": self.tickets,
            "differences": [
                {"ticket": one.ticket_id, "what": [f"{name}: {old} → {new}" for name, old, new in one.what]}
                for one in self.differences
            ],
            "totals": {"present": dict(self.present.counts), "new": dict(self.new.counts)},
            "as_people_did": {"present": self.present.agreed, "new": self.new.agreed},
            "confusion": _confusion(self.new),
            "present_confusion": _confusion(self.present),
            "never_hit": list(self.new.never_hit),
            "skipped": list(self.skipped),
        }


def _confusion(side: Side) -> list[dict[str, Any]]:
    return [{"rules": rules, "people": people, "tickets": n} for (rules, people), n in side.confusion.most_common()]


def backtest(
    tickets: Iterable[Ticket],
    present: Policy,
    new: Policy,
    until: datetime,
    progress: Callable[[], None] = lambda: None,
) -> Backtest:
    """Replay every ticket with both; one whose term reaches into a year without data is skipped and named."""
    sides = [Side(for_replays(policy)) for policy in (present, new)]
    differences: list[Difference] = []
    skipped: list[int] = []
    count = 0
    for ticket in tickets:
        progress()
        count += 1
        try:
            played = [replay(ticket, side.policy, until) for side in sides]
        except CalendarDataError:
            skipped.append(ticket.id)
            continue
        for side, one in zip(sides, played, strict=True):
            side.add(ticket, one)
        difference = Difference(ticket.id, *played)
        if difference.what:
            differences.append(difference)
    return Backtest(count, tuple(differences), sides[0], sides[1], tuple(skipped))


def _counts(one: Replayed) -> Iterator[str]:
    yield f"kind {one.kind}"
    yield f"department {one.department}"
    if one.late:
        yield LATE
    yield from (step.value for step in SHOWN if one.steps[step])


def finally_with(ticket: Ticket, policy: Policy) -> str:
    """The department that finally had the ticket: where people last passed it, or left it when the bridge had; else the first line."""
    moves = Chronicle(ticket, EMPTY_HISTORY, policy).moves
    return moves[-1].to.name if moves else policy.first_line.name
