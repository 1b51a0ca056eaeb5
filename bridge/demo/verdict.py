"""What came of a ticket, and whether that is what its story expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.core.decisions import SetTerm
from bridge.core.model import Step
from bridge.core.terms import Clock

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.core.assess import Assessment
    from bridge.core.decisions import Decision
    from bridge.demo.world import Placed

ORDER: Final = tuple(Step)


@dataclass(frozen=True)
class Facts:
    """Where a ticket stands."""

    kind: str
    clock: Clock
    due: datetime
    status: str
    assigned_to: str
    due_date: str


@dataclass(frozen=True)
class Outcome:
    """A ticket before and after a pass; `unexpected` has a sentence for each difference from its story."""

    ticket: int
    placed: Placed
    before: Facts
    after: Facts
    did: tuple[Step, ...]
    waiting: tuple[Step, ...]
    unexpected: tuple[str, ...]


def facts_of(a: Assessment) -> Facts:
    """The facts of an assessed ticket."""
    standing, state = a.standing, a.state
    due = a.policy.calendar.local(standing.due)
    return Facts(a.kind, standing.clock, due, state.status, state.assigned_to, state.due_date)


def outcome_of(  # noqa: PLR0913 - before, after, and what happened between
    placed: Placed,
    before: Facts,
    a: Assessment,
    done: tuple[Decision, ...],
    waiting: tuple[Step, ...],
    *,
    is_working: bool,
) -> Outcome:
    """Compare what was done, and how the ticket stands now, with the story."""
    after, did = facts_of(a), tuple(one.step for one in done)
    wrong = [*_wrong_steps(placed, did, waiting, is_working=is_working), *_wrong_facts(placed, after)]
    told = next((one for one in done if isinstance(one, SetTerm)), None)
    if told and told.due != after.due:
        wrong.append(f"the customer was told {told.due.isoformat()}, but the answer is due at {after.due.isoformat()}")
    return Outcome(a.ticket.id, placed, before, after, did, waiting, tuple(wrong))


def _wrong_steps(
    placed: Placed, did: tuple[Step, ...], waiting: tuple[Step, ...], *, is_working: bool
) -> Iterator[str]:
    expect = placed.story.expect
    steps = expect.steps + (expect.reminders if is_working else ())
    wanted = tuple(sorted(steps, key=ORDER.index))
    if did != wanted:
        yield f"did {_names(did)}, expected {_names(wanted)}"
    if not is_working and not set(expect.reminders) <= set(waiting):
        yield f"{_names(waiting)} wait for the opening, expected {_names(expect.reminders)}"


def _wrong_facts(placed: Placed, after: Facts) -> Iterator[str]:
    story = placed.story
    for what, found, wanted in (
        ("kind", after.kind, story.kind),
        ("clock", after.clock, story.expect.clock),
        ("status", after.status, story.expect.status),
        ("due", after.due, placed.due),
    ):
        if wanted is not None and found != wanted:
            yield f"{what} {found}, expected {wanted}"


def _names(steps: tuple[Step, ...]) -> str:
    return ", ".join(steps) or "nothing"
