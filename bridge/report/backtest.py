"""What a change of rules would have changed: real history, replayed with the present and the new rules, and the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bridge.core.events import Chronicle
from bridge.core.model import EMPTY_HISTORY, Step, Ticket
from bridge.core.policy import Policy
from bridge.errors import CalendarDataError
from bridge.report.replay import Replayed, replay

SHOWN: Final = (Step.ASK, Step.ROUTE, Step.PROPOSE, Step.REMIND, Step.ESCALATE, Step.EXTEND)


@dataclass(frozen=True)
class Difference:
    """One ticket that would have gone otherwise."""

    ticket_id: int
    before: Replayed
    after: Replayed

    @property
    def what(self) -> tuple[str, ...]:
        """What differs, in words."""
        pairs = [
            ("kind", self.before.kind, self.after.kind),
            ("department", self.before.department, self.after.department),
        ]
        pairs += [("late", str(self.before.late), str(self.after.late))]
        pairs += [(step.value, str(self.before.steps[step]), str(self.after.steps[step])) for step in SHOWN]
        return tuple(f"{name}: {old} → {new}" for name, old, new in pairs if old != new)


@dataclass(frozen=True)
class Backtest:
    """The result: the differences, the totals of both, and how the new rules compare with what people finally did."""

    tickets: int
    differences: tuple[Difference, ...]
    totals: tuple[Counter[str], Counter[str]]
    confusion: Counter[tuple[str, str]]
    never_hit: tuple[str, ...]
    skipped: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "tickets": self.tickets,
            "differences": [{"ticket": one.ticket_id, "what": list(one.what)} for one in self.differences],
            "totals": {"present": dict(self.totals[0]), "new": dict(self.totals[1])},
            "confusion": [
                {"rules": rules, "people": people, "tickets": n} for (rules, people), n in self.confusion.most_common()
            ],
            "never_hit": list(self.never_hit),
            "skipped": list(self.skipped),
        }


def backtest(
    tickets: Iterable[Ticket],
    present: Policy,
    new: Policy,
    until: datetime,
    progress: Callable[[], None] = lambda: None,
) -> Backtest:
    """Replay every ticket with both; one whose term reaches into a year without data is skipped and named."""
    differences: list[Difference] = []
    totals = Counter[str](), Counter[str]()
    confusion: Counter[tuple[str, str]] = Counter()
    hit: set[str] = set()
    skipped: list[int] = []
    count = 0
    for ticket in tickets:
        progress()
        count += 1
        try:
            before = replay(ticket, present, until)
            after = before if new is present else replay(ticket, new, until)
        except CalendarDataError:
            skipped.append(ticket.id)
            continue
        for total, one in zip(totals, (before, after), strict=True):
            total.update(_counts(one))
        hit.add(after.route)
        confusion[after.department, finally_with(ticket, new) or after.department] += 1
        difference = Difference(ticket.id, before, after)
        if difference.what:
            differences.append(difference)
    never = tuple(route.name for route in new.routes if route.name not in hit)
    return Backtest(count, tuple(differences), totals, confusion, never, tuple(skipped))


def _counts(one: Replayed) -> Iterator[str]:
    yield f"kind {one.kind}"
    yield f"department {one.department}"
    if one.late:
        yield "late"
    yield from (step.value for step in SHOWN if one.steps[step])


def finally_with(ticket: Ticket, policy: Policy) -> str:
    """The department that people last passed the ticket to; empty when they left it where it was."""
    moves = [move for move in Chronicle(ticket, EMPTY_HISTORY, policy).moves if move.by_staff]
    return moves[-1].to.name if moves else ""


def as_text(result: Backtest) -> str:
    """The result for people."""
    names = sorted({*result.totals[0], *result.totals[1]})
    width = max((len(name) for name in names), default=0)
    lines = [f"{result.tickets} tickets replayed, {len(result.differences)} would have gone otherwise", ""]
    lines += [f"{'':<{width}}  present      new"]
    lines += [f"{name:<{width}}  {result.totals[0][name]:>7}  {result.totals[1][name]:>7}" for name in names]
    lines += ["", "what the new rules say (first) and whose the ticket finally was:"]
    lines += [f"  {rules} → {people}: {n}" for (rules, people), n in result.confusion.most_common()]
    if result.never_hit:
        lines += ["", "routes never hit: " + ", ".join(f"«{name}»" for name in result.never_hit)]
    if result.skipped:
        lines += ["", f"skipped, their term reaches into a year without data: {', '.join(map(str, result.skipped))}"]
    lines += ["", *(f"ticket {one.ticket_id}: {'; '.join(one.what)}" for one in result.differences)]
    return "\n".join(lines)
