"""What `decide` can want of a ticket: a closed set. Each decision carries its reason; the same words go to the log, the note and `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.fields import Filled
from bridge.core.model import ANY_ORDINAL, Audience, Change, Step
from bridge.core.policy import Department, FieldRule, Route, Text

_CLIENT = (Audience.CLIENT,)


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the customer that the request has arrived, and by when an answer usually comes; ask once for what is wanted (F1)."""

    reason: str
    wanted: tuple[FieldRule, ...]
    step = Step.ACKNOWLEDGE
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for needed fields, in this order; moves the ticket to the waiting status (F3)."""

    reason: str
    fields: tuple[FieldRule, ...]
    filled: tuple[Filled, ...] = ()
    step = Step.ASK
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class Thank:
    """Say that the customer's reply has arrived, and what was read out of it."""

    reason: str
    filled: tuple[Filled, ...]
    understood: bool
    step = Step.THANK
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class PleaseCheck:
    """Ask staff to look at a reply that was not understood (F5): the private half of thanking for it."""

    reason: str
    checker: Audience
    fields: tuple[FieldRule, ...]
    step = Step.THANK

    @property
    def told(self) -> tuple[Audience, ...]:
        """The assignee, else the department."""
        return (self.checker,)


@dataclass(frozen=True, slots=True)
class RouteTo:
    """Set what the route says (R2): assignee, category, priority, watchers; `anew` when the customer's answer changed the kind (R3)."""

    reason: str
    route: Route
    department: Department
    changes: tuple[Change, ...]
    anew: bool = False
    step = Step.ROUTE

    @property
    def told(self) -> tuple[Audience, ...]:
        """Nobody on the first pass; the customer, with the reason, when it is routed anew (R3): one note carries the attributes (W1)."""
        return _CLIENT if self.anew else ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """Tell the customer that the request was passed to another department (R4); `changes` where the bridge itself passes it on (R5)."""

    reason: str
    department: Department
    text: str
    changes: tuple[Change, ...] = ()
    step = Step.HAND_OVER
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class RequestApproval:
    """Ask a department to agree (R5)."""

    reason: str
    department: Department
    changes: tuple[Change, ...]
    step = Step.REQUEST_APPROVAL
    told = (Audience.CLIENT, Audience.DEPARTMENT)


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose an answer to staff, as a private note (R6), or tell them who may not decide (R5)."""

    reason: str
    answer: Text
    text: str = "propose"
    step = Step.PROPOSE
    told = (Audience.DEPARTMENT,)


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """Answer that this is not presale support (R6)."""

    reason: str
    answer: Text
    step = Step.OUT_OF_SCOPE
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class SetTerm:
    """Write the term into Redmine's due date (T1)."""

    reason: str
    due: datetime
    change: Change
    step = Step.SET_TERM
    told = ()


@dataclass(frozen=True, slots=True)
class Extend:
    """Tell the customer once that the term has been extended, and why (T14)."""

    reason: str
    department: Department
    due: datetime
    step = Step.EXTEND
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind of a term before it ends, or staff after it (M1).

    `ordinal` is the step's place in the rules, `anchor` the moment it belongs to, `lead` who is meant where a lead is reminded.
    """

    reason: str
    ordinal: int
    due: datetime
    to: Audience
    left: timedelta
    anchor: str
    lead: str = ""
    step = Step.REMIND

    @property
    def told(self) -> tuple[Audience, ...]:
        """Whoever the rules name."""
        return (self.to,)


@dataclass(frozen=True, slots=True)
class Escalate:
    """Tell the lead (M1, M2): a term has been missed, or a ticket was closed without an answer (T8)."""

    reason: str
    ordinal: int
    due: datetime
    left: timedelta
    anchor: str
    lead: str
    text: str = "escalate"
    step = Step.ESCALATE
    told = (Audience.LEAD,)


@dataclass(frozen=True, slots=True)
class Nudge:
    """Remind a customer who stays silent (F6)."""

    reason: str
    fields: tuple[FieldRule, ...]
    close_on: datetime
    step = Step.NUDGE
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class Close:
    """Close for silence, after a warning (F6)."""

    reason: str
    status: str
    step = Step.CLOSE
    told = _CLIENT


@dataclass(frozen=True, slots=True)
class Reopen:
    """Open a closed ticket again, because the customer wrote (T11)."""

    reason: str
    status: str
    step = Step.REOPEN
    told = _CLIENT


Decision = (
    Acknowledge
    | Ask
    | Thank
    | PleaseCheck
    | RouteTo
    | HandOver
    | RequestApproval
    | Propose
    | OutOfScope
    | SetTerm
    | Extend
    | Remind
    | Escalate
    | Nudge
    | Close
    | Reopen
)


def ordinal_of(decision: Decision) -> int:
    """The ordinal that a decision brings along; `ANY_ORDINAL` when it is simply the next one."""
    match decision:
        case Remind() | Escalate():
            return decision.ordinal
        case _:
            return ANY_ORDINAL


def told(decisions: tuple[Decision, ...]) -> tuple[Audience, ...]:
    """Who is written to, each once, in the order of `Audience`."""
    everybody = {audience for decision in decisions for audience in decision.told}
    return tuple(audience for audience in Audience if audience in everybody)
