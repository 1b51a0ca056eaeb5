"""The gate of an approval (R5): asked or not, given or refused, and by whom it was set who may not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.core.events import Chronicle, Event
from bridge.core.model import Person, Role, Step
from bridge.core.policy import Approval, Department, Policy, Route


class Verdict(StrEnum):
    """Where an approval stands."""

    NONE = "none"
    WAITING = "waiting"
    GIVEN = "given"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Where the approval of a ticket stands, the event that decided it, and the last one by somebody who may not decide."""

    verdict: Verdict
    asked: tuple[Event, ...] = ()
    decided: Event | None = None
    wrong: Event | None = None
    decisions: frozenset[int] = frozenset()


NO_APPROVAL = ApprovalState(Verdict.NONE)


def may_decide(person: Person, department: Department) -> bool:
    """Whether somebody is a member of the department that decides, as far as the bridge can know (R5)."""
    return department.group in person.groups or person.name in department.members or person.login in department.members


def approval_of(chronicle: Chronicle, policy: Policy, route: Route) -> ApprovalState:
    """Follow the approval through the history; the last decision of somebody who may decide counts, so minds can change."""
    if route.approval is None:
        return NO_APPROVAL
    state = NO_APPROVAL
    department = policy.departments[route.approval.by]
    for event in chronicle.events:
        state = _step(chronicle, route.approval, department, state, event)
    return state


def _step(
    chronicle: Chronicle, approval: Approval, department: Department, state: ApprovalState, event: Event
) -> ApprovalState:
    if event.did(Step.REQUEST_APPROVAL) or (event.role is Role.STAFF and chronicle.sets(event, approval.waiting)):
        return ApprovalState(Verdict.WAITING, (*state.asked, event), None, state.wrong, state.decisions)
    if event.role is not Role.STAFF:
        return state
    for mark, verdict in ((approval.granted, Verdict.GIVEN), (approval.refused, Verdict.REFUSED)):
        if chronicle.sets(event, mark):
            if may_decide(event.journal.by, department):
                return ApprovalState(verdict, state.asked, event, None, state.decisions | {event.index})
            return ApprovalState(state.verdict, state.asked, state.decided, event, state.decisions)
    return state
