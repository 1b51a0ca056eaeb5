"""Which reminder is due (M1): only in working time, only the last due step, each once per term; when the term moves, the steps move and re-arm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.core.assess import Assessment
from bridge.core.decisions import Escalate, Remind
from bridge.core.model import ANY_ORDINAL, Audience, OwnStep, Step
from bridge.core.policy import DueOf, ReminderStep
from bridge.core.terms import Standing


@dataclass(frozen=True, slots=True)
class Planned:
    """A step of the rules at its moment in the present term."""

    step: ReminderStep
    at: datetime
    due: datetime


def planned(a: Assessment, standing: Standing) -> tuple[Planned, ...]:
    """Every step of the present term, in order of time; steps that would lie before the term's start are left out."""
    found = [step for rule in a.policy.reminders for step in _placed(a, standing, rule)]
    return tuple(sorted(found, key=lambda one: (one.at, one.step.ordinal)))


def _placed(a: Assessment, standing: Standing, rule: ReminderStep) -> Iterator[Planned]:
    due = standing.due if rule.of is DueOf.DUE else standing.department_due
    if due is None:
        return
    at = (
        a.policy.calendar.add(due, rule.at) if rule.at >= type(rule.at)() else a.policy.calendar.subtract(due, -rule.at)
    )
    if at >= standing.term.start:
        yield Planned(rule, at, due)


def is_done(one: Planned, done: tuple[OwnStep, ...]) -> bool:
    """Whether the step was done for this due moment: at or after its moment, with its ordinal (or an unknown one)."""
    return any(
        own.step is one.step.step and own.at >= one.at and own.ordinal in (one.step.ordinal, ANY_ORDINAL)
        for own in done
    )


def last_come(a: Assessment, standing: Standing) -> tuple[Planned, ...]:
    """Of each due moment the last step that has come (or several at once): those before it are overtaken, and not said any more."""
    steps = planned(a, standing)
    come = {of: [one for one in steps if one.step.of is of and one.at <= a.now] for of in DueOf}
    return tuple(one for some in come.values() for one in some if one.at == some[-1].at)


def due_now(a: Assessment, standing: Standing) -> tuple[Remind | Escalate, ...]:
    """What has to be said now: of each due moment the last step that has come, if it was not done yet."""
    if not standing.is_on or not a.policy.calendar.is_working(a.now):
        return ()
    return tuple(_say(a, one) for one in last_come(a, standing) if not is_done(one, a.chronicle.done))


def _say(a: Assessment, one: Planned) -> Remind | Escalate:
    left = a.policy.calendar.between(a.now, one.due)
    what = "the term" if one.step.of is DueOf.DUE else f"the term of {a.department.name}"
    reason = f"{what} ends at {one.due.isoformat()}" if one.due > a.now else f"{what} ended at {one.due.isoformat()}"
    anchor = f"{one.step.of} {one.due.isoformat()}"
    if one.step.step is Step.ESCALATE:
        return Escalate(reason, one.step.ordinal, one.due, left, anchor, a.lead)
    to, lead = one.step.to, a.lead if one.step.to is Audience.LEAD else ""
    if to is Audience.ASSIGNEE:
        to = a.whom_on_staff
    return Remind(reason, one.step.ordinal, one.due, to, left, anchor, lead)


def next_step(a: Assessment, standing: Standing) -> datetime | None:
    """When the next reminder comes, moved into working time."""
    if not standing.is_on:
        return None
    ahead = [a.policy.calendar.next_opening(one.at) for one in planned(a, standing) if one.at > a.now]
    if not a.policy.calendar.is_working(a.now):
        ahead += [a.policy.calendar.next_opening(a.now)]
    return min(ahead, default=None)
