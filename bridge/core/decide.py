"""The one function that decides: what a ticket wants at one moment, and why. It does nothing and knows no world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from bridge.core.approval import Verdict
from bridge.core.assess import Assessment, assess
from bridge.core.chat import starts_term
from bridge.core.decisions import (
    Acknowledge,
    Ask,
    Close,
    Decision,
    Escalate,
    Extend,
    HandOver,
    OutOfScope,
    PleaseCheck,
    Propose,
    Reopen,
    RequestApproval,
    RouteTo,
    SetTerm,
    Thank,
)
from bridge.core.events import Event
from bridge.core.fields import unwritten
from bridge.core.model import Attribute, Audience, Change, History, Refusal, Step, Ticket
from bridge.core.policy import Department, Mark, Policy, Text
from bridge.core.reminders import due_now, next_step
from bridge.core.silence import silence, silence_moments
from bridge.core.terms import Extended, Outcome, Standing, Term, due_of, extended

_ORDER: Final = {step: place for place, step in enumerate(Step)}


def decide(ticket: Ticket, history: History, policy: Policy, now: datetime) -> tuple[Decision, ...]:
    """What the ticket wants at `now`, in the order of `Step`; empty when nothing is wanted.

    Raises:
        CalendarDataError: the term reaches into a year without data.
    """
    return wants(assess(ticket, history, policy, now))


def wants(a: Assessment) -> tuple[Decision, ...]:
    """What an assessed ticket wants."""
    if not a.in_scope:
        return ()
    found = _worth_a_write(a, list(_of_closed(a) if a.is_closed else _of_open(a)))
    standing = _prospect(a, found)
    found += _extension(a, standing, found)
    found += _set_term(a, standing, found)
    if not a.is_closed and not any(isinstance(one, Ask | OutOfScope) for one in found):
        found += due_now(a, standing)
    return tuple(sorted(found, key=lambda one: _ORDER[one.step]))


def _worth_a_write(a: Assessment, found: list[Decision]) -> list[Decision]:
    """Without what a first routing would set alone, since attributes travel with a public note (W1): staff have spoken before the bridge did."""
    public = any(Audience.CLIENT in one.told for one in found)
    alone = not public and not a.policy.terms.attributes_alone
    return [one for one in found if not (alone and isinstance(one, RouteTo) and not one.anew)]


def _of_closed(a: Assessment) -> Iterator[Decision]:
    yield from _closed_unanswered(a)
    yield from _reopen(a)


def _of_open(a: Assessment) -> Iterator[Decision]:
    if not a.standing.term.is_open:
        yield from _approval_decided(a)
        return
    greeted, asked = tuple(_acknowledge(a)), tuple(_ask(a))
    yield from greeted
    yield from asked
    if not (greeted or asked):  # either says that the customer was heard; thanking would put the waiting status back
        yield from _thank(a)
    yield from _route(a)
    yield from _hand_over(a)
    yield from _request_approval(a)
    yield from _approval_decided(a)
    yield from _scope(a)
    yield from silence(a)


# --- fields -----------------------------------------------------------------------------------------------------------------------------


def _answers_itself(a: Assessment) -> bool:
    return a.route.out_of_scope is not None and a.route.out_of_scope.auto


def _acknowledge(a: Assessment) -> Iterator[Acknowledge]:
    if (
        a.staff_words
        or _answers_itself(a)
        or any(a.chronicle.count(step) for step in (Step.ACKNOWLEDGE, Step.ASK, Step.OUT_OF_SCOPE, Step.REOPEN))
    ):
        return
    received = a.policy.calendar.local(a.standing.term.start).isoformat()
    yield Acknowledge(f"the request was received at {received} ({a.kind})", a.fields.wanted(a.kind))


def _open_partial(a: Assessment) -> Event | None:
    """The partial answer that waits for the rest to be asked (F4)."""
    last = a.chronicle.activities[-1] if a.chronicle.activities else None
    if last and a.fields.after(last).is_partial and not a.chronicle.done_after(last, Step.ASK):
        return last
    return None


def _ask(a: Assessment) -> Iterator[Ask]:
    wanted = a.fields.askable(a.kind)
    if not wanted or a.staff_words or _answers_itself(a) or a.now < _settled_at(a):
        return
    partial = _open_partial(a)
    if a.fields.now.asked and not partial:
        return
    if not (a.standing.is_on or partial):
        return
    names = ", ".join(rule.name for rule in wanted)
    reason = f"{names}: {'still missing after a partial answer' if partial else f'needed for {a.kind} and missing'}"
    yield Ask(reason, wanted, unwritten(a.fields, a.state.fields))


def _settled_at(a: Assessment) -> datetime:
    """When the customer will have been quiet for long enough to be asked (F3)."""
    return a.chronicle.quiet_since + a.policy.limits.settle


def _thank(a: Assessment) -> Iterator[Thank | PleaseCheck]:
    trigger = _to_thank_for(a)
    if trigger is None:
        return
    event, reason = trigger
    understood = not (a.fields.after(event).not_understood and a.fields.needed(a.kind))
    if not a.chronicle.done_after(event, Step.THANK, private=False):
        yield Thank(reason, unwritten(a.fields, a.state.fields), understood)
    if not understood and not a.chronicle.done_after(event, Step.THANK, private=True):
        yield PleaseCheck(reason, a.whom_on_staff, a.fields.needed(a.kind))


def _to_thank_for(a: Assessment) -> tuple[Event, str] | None:
    """The customer's last act that deserves a word: it answered a request, ended a pause, or filled what was asked for once."""
    if not a.standing.is_on:
        return None
    for event in reversed(a.chronicle.activities):
        if _is_heard(a, event) or any(e.index > event.index for e in a.staff_words):
            return None
        reason = _worth_thanks(a, event)
        if reason:
            return event, reason
    return None


def _is_heard(a: Assessment, event: Event) -> bool:
    """Whether the customer had a word since; what only staff were told does not count: a crash may have come in between."""
    after = a.chronicle.done_after
    return after(event, Step.ACKNOWLEDGE, Step.ASK, Step.REOPEN) or after(event, Step.THANK, private=False)


def _worth_thanks(a: Assessment, event: Event) -> str:
    asked = a.fields.snapshots[event.index].asked
    after = a.fields.after(event)
    if asked and not after.missing:
        return "the customer has answered all that was asked for"
    if asked and after.not_understood:
        return "the customer has replied, and the reply was not understood"
    if any(pause.end == event.at and not pause.by_request for pause in a.standing.term.pauses) and _is_paused_status(a):
        return "the customer has replied, the clock goes on"
    if after.understood and unwritten(a.fields, a.state.fields):
        return "the customer has given " + ", ".join(filled.name for filled in after.understood)
    return ""


def _is_paused_status(a: Assessment) -> bool:
    return a.state.status in a.policy.redmine.statuses.pauses


# --- routing, hand-over, approval, scope ------------------------------------------------------------------------------------------------


def _route(a: Assessment) -> Iterator[RouteTo]:
    before = a.route_before
    if before is not None and before.kind == a.kind:
        return
    department = a.policy.departments[a.route.department]
    changes = tuple(_routing_changes(a, department))
    watchers = [name for name in (*a.route.watchers, *department.watchers) if name not in a.ticket.watchers]
    if not changes and not watchers:
        return
    reason = f"{a.kind}: {a.routing.reason}"
    yield RouteTo(reason, a.route, department, changes, anew=before is not None)


def _routing_changes(a: Assessment, department: Department) -> Iterator[Change]:
    astray = a.state.assigned_to in a.policy.groups
    if department.assign or astray:
        yield from _change(a, Attribute.ASSIGNEE, department.group)
    yield from _change(a, Attribute.CATEGORY, a.route.category or department.category)
    yield from _change(a, Attribute.PRIORITY, a.route.priority)
    if department.field_value and a.policy.redmine.department_field:
        yield from _change(a, Attribute.FIELD, department.field_value, a.policy.redmine.department_field)


def _change(
    a: Assessment, attribute: Attribute, value: str, name: str = "", *, even_decided: bool = False
) -> Iterator[Change]:
    """The change to a value, unless it stands already, a person has decided (P5), or Redmine has not taken it before (W3)."""
    old = a.state.fields.get(name, "") if attribute is Attribute.FIELD else a.state.get(attribute)
    if not value or old == value or Refusal(attribute, value, name) in a.chronicle.history.refused:
        return
    if even_decided or not a.chronicle.decided(attribute, name):
        yield Change(attribute, old, value, name)


def _mark(a: Assessment, mark: Mark) -> Iterator[Change]:
    if mark.status:
        yield from _change(a, Attribute.STATUS, mark.status, even_decided=True)
    else:
        yield from _change(a, Attribute.FIELD, mark.value, mark.field, even_decided=True)


def _hand_over(a: Assessment) -> Iterator[HandOver]:
    untold = [one.event for one in a.standing.hand_overs if one.by_staff and one.event and _is_untold(a, one.event)]
    if not untold or (a.approval.decided and a.approval.decided.index >= untold[-1].index):
        return
    yield HandOver(f"staff passed the ticket to {a.department.name}", a.department, "hand_over")


def _is_untold(a: Assessment, event: Event) -> bool:
    return event.at >= a.standing.term.start and not a.chronicle.done_after(event, Step.HAND_OVER)


def _request_approval(a: Assessment) -> Iterator[RequestApproval]:
    gate = a.route.approval
    if gate is None or a.approval.verdict is not Verdict.NONE or a.fields.needed(a.kind) or not a.standing.is_on:
        return
    department = a.policy.departments[gate.by]
    changes = (*_mark(a, gate.waiting), *_change(a, Attribute.ASSIGNEE, department.group))
    yield RequestApproval(f"{a.kind} only by agreement with {department.name}", department, changes)


def _approval_decided(a: Assessment) -> Iterator[Decision]:
    gate, decided = a.route.approval, a.approval.decided
    if gate is None:
        return
    wrong = a.approval.wrong
    if wrong and not a.chronicle.done_after(wrong, Step.PROPOSE):
        yield Propose(f"only {gate.by} may decide on the approval", Text("", ""), text="wrong_approver")
    if decided is None:
        return
    if a.approval.verdict is Verdict.GIVEN and not a.chronicle.done_after(decided, Step.HAND_OVER):
        department = a.policy.departments[gate.then or a.route.department]
        changes = tuple(_change(a, Attribute.ASSIGNEE, department.group, even_decided=not _assigned_since(a, decided)))
        yield HandOver(f"{gate.by} has agreed", department, "approval_granted", changes)
    if a.approval.verdict is Verdict.REFUSED and not a.chronicle.done_after(decided, Step.OUT_OF_SCOPE):
        yield OutOfScope(f"{gate.by} has not agreed", a.policy.texts["approval_refused"])


def _assigned_since(a: Assessment, decided: Event) -> bool:
    """Whether a person assigned the ticket with or after the decision: then that stays (P5)."""
    return a.chronicle.decided(Attribute.ASSIGNEE, since=decided.at)


def _scope(a: Assessment) -> Iterator[Propose | OutOfScope]:
    """The answer that the route has ready: sent where it says `auto`, else proposed to staff (R6)."""
    scope, answer = a.route.out_of_scope, a.route.propose
    if a.staff_words:
        return
    if scope and scope.auto and not a.chronicle.count(Step.OUT_OF_SCOPE):
        yield OutOfScope(f"{a.kind}: {a.routing.reason}", scope.answer)
    elif scope and not scope.auto and not a.chronicle.count(Step.PROPOSE):
        yield Propose(_proposed_because(a), scope.answer)
    elif answer and not scope and not a.chronicle.count(Step.PROPOSE):
        yield Propose(_proposed_because(a), answer, text="propose_answer")


def _proposed_because(a: Assessment) -> str:
    """Why this kind, and why these partners where the answer names some."""
    chosen = a.partners.reason if a.route.names_partners else ""
    return f"{a.kind}: {a.routing.reason}{f'; {chosen}' if chosen else ''}"


# --- the term ---------------------------------------------------------------------------------------------------------------------------


def _prospect(a: Assessment, found: list[Decision]) -> Standing:
    """The standing as it will be once what was found is done: asking for an approval extends the term (R5)."""
    for one in found:
        if isinstance(one, RequestApproval):
            return extended(a.standing, a.policy, a.route, a.now, one.department)
    return a.standing


def _extension(a: Assessment, standing: Standing, found: list[Decision]) -> Iterator[Extend]:
    if any(isinstance(one, OutOfScope) for one in found) or not standing.term.is_open:
        return
    untold = [one for one in standing.term.extensions if not _is_told(a, one)]
    if untold:
        department = untold[-1].hand_over.department
        yield Extend(f"passed to {department.name}", department, standing.due)


def _is_told(a: Assessment, one: Extended) -> bool:
    event = one.hand_over.event
    return event is not None and (event.did(Step.EXTEND) or a.chronicle.done_after(event, Step.EXTEND))


def _set_term(a: Assessment, standing: Standing, found: list[Decision]) -> Iterator[SetTerm]:
    """The due date travels with a public note (W1), never against a person's decision in this term (P5), never while paused."""
    public = any(Audience.CLIENT in one.told for one in found)
    stops = any(isinstance(one, Ask | OutOfScope | Close) for one in found)
    reopens = any(isinstance(one, Reopen) for one in found)
    if stops or not (public or a.policy.terms.attributes_alone) or not (standing.is_on or reopens):
        return
    if not reopens and a.chronicle.decided(Attribute.DUE_DATE, since=standing.term.start):
        return
    due = fresh_due(a) if reopens else standing.due
    value = a.policy.calendar.date_of(due).isoformat()
    if value != a.state.due_date and Refusal(Attribute.DUE_DATE, value) not in a.chronicle.history.refused:
        yield SetTerm(
            f"an answer is due at {due.isoformat()}", due, Change(Attribute.DUE_DATE, a.state.due_date, value)
        )


def fresh_due(a: Assessment) -> datetime:
    """When the answer will be due once the ticket is reopened now (T11)."""
    term = Term(a.standing.term.ordinal + 1, a.now, "reopened")
    return due_of(term, a.route.term or a.policy.terms.of(a.kind), a.policy.calendar, a.now)


def _closed_unanswered(a: Assessment) -> Iterator[Escalate]:
    """Staff closed it without a word to the customer: the lead is told, once (T8)."""
    term = a.standing.term
    if (
        term.outcome is not Outcome.CLOSED_UNANSWERED
        or term.ended_by is None
        or a.chronicle.done_after(term.ended_by, Step.ESCALATE)
    ):
        return
    anchor = f"closed {term.end.isoformat()}" if term.end else ""
    yield Escalate(
        "closed without an answer to the customer",
        0,
        a.standing.due,
        timedelta(0),
        anchor,
        a.lead,
        text="closed_unanswered",
    )


def _reopen(a: Assessment) -> Iterator[Reopen]:
    """The customer wrote on a closed ticket, and more than thanks (T11)."""
    closed = [e for e in a.chronicle.events if e.status in a.policy.redmine.statuses.closed]
    since = closed[-1].index if closed else -1
    for event in a.chronicle.activities:
        late = event.index > since and event.words and starts_term(event.words, a.policy)
        if late and not a.chronicle.done_after(event, Step.REOPEN):
            yield Reopen("the customer wrote on the closed ticket", a.policy.redmine.statuses.reopened)
            return


def next_moment(a: Assessment) -> datetime | None:
    """When the ticket has to be looked at again although nothing changed in it; None: never."""
    ahead: list[datetime] = []
    if a.in_scope and not a.is_closed and a.standing.term.is_open:
        if a.fields.askable(a.kind):
            ahead.append(_settled_at(a))
        reminder = next_step(a, a.standing)
        ahead += [reminder] if reminder else []
        ahead += silence_moments(a)
    return min((moment for moment in ahead if moment > a.now), default=None)
