"""The term of answer, computed from the journals alone (T1-T13): when it started, was paused, extended and ended, and where the clock stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.core.approval import ApprovalState, Verdict
from bridge.core.chat import starts_term
from bridge.core.events import Chronicle, Event
from bridge.core.fields import Fields
from bridge.core.model import Attribute, Role, Step
from bridge.core.policy import Department, Policy, Route
from bridge.core.spans import Span
from bridge.core.worktime import WorkCalendar

ZERO: Final = timedelta(0)


class Clock(StrEnum):
    """Where the clock stands; the first that holds (T12)."""

    STOPPED = "stopped"
    ANSWERED = "answered"
    PAUSED = "paused"
    LATE = "late"
    RUNNING = "running"


class Outcome(StrEnum):
    """How a term ended."""

    ANSWERED = "answered"
    ENDED = "ended without words"
    CLOSED_UNANSWERED = "closed without an answer"
    CLOSED_BY_CUSTOMER = "closed by the customer"
    CLOSED = "closed"
    OUT_OF_SCOPE = "out of scope and told so"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause from `start` on; `end` is None while it lasts. Half open: a day closing exactly at its end counts."""

    start: datetime
    reason: str
    end: datetime | None = None
    by_request: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """The ticket passed to another department (R4, R5); no event yet where the bridge is about to do it."""

    event: Event | None
    department: Department
    by_staff: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """What a hand-over added to the term."""

    by: Span
    hand_over: HandOver


@dataclass(frozen=True, slots=True)
class Term:
    """One term: from receipt to its end; `fixed` is the due date that a person has set (P5)."""

    ordinal: int
    start: datetime
    reason: str
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extended, ...] = ()
    end: datetime | None = None
    outcome: Outcome | None = None
    ended_by: Event | None = None
    fixed: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still owed."""
        return self.end is None

    @property
    def pause(self) -> Pause | None:
        """The pause that lasts."""
        return self.pauses[-1] if self.pauses and self.pauses[-1].end is None else None


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer to "by when": T12's clock with its figures. Spans are working time."""

    clock: Clock
    term: Term
    terms: tuple[Term, ...]
    due: datetime
    used: timedelta
    late_by: timedelta | None
    department: Department
    department_due: datetime | None
    hand_overs: tuple[HandOver, ...]

    @property
    def is_on(self) -> bool:
        """Whether the clock is running, in time or late."""
        return self.clock in (Clock.RUNNING, Clock.LATE)


def pause_at(pauses: tuple[Pause, ...], moment: datetime, now: datetime) -> Pause | None:
    """The pause that the clock was in then; one that lasts is taken to end `now` (T6)."""
    return next((pause for pause in pauses if pause.start <= moment < (pause.end or now)), None)


def total_of(term: Term, span: Span) -> Span:
    """The span with its extensions (T6)."""
    total = span
    for extension in term.extensions:
        total = total + extension.by
    return total


def due_of(term: Term, span: Span, calendar: WorkCalendar, now: datetime) -> datetime:
    """When the answer is due (T4, T5); while paused: if the clock resumed at `now` (T6).

    Raises:
        CalendarDataError: the end lies in a year without data.
    """
    if term.fixed is not None:
        return calendar.closing(term.fixed) or calendar.closing_after(term.fixed, 1)
    now = term.end or now
    total = total_of(term, span)
    if total.in_days:
        return _due_in_days(term, total.days, calendar, now)
    return _due_in_time(term, total.time, calendar, now)


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A working day of a term in days: its number in the count, or the pause because of which it does not count."""

    day: date
    closing: datetime
    number: int
    pause: Pause | None = None


def count_days(term: Term, days: int, calendar: WorkCalendar, now: datetime) -> Iterator[CountedDay]:
    """The working days after the day of receipt, up to the one at whose closing the term ends (T4)."""
    number = 0
    for day in calendar.working_days_after(calendar.date_of(term.start)):
        closing = calendar.closing(day)
        if closing is None:
            continue
        pause = pause_at(term.pauses, closing, now)
        number += pause is None
        yield CountedDay(day, closing, number, pause)
        if number >= days:
            return


def _due_in_days(term: Term, days: int, calendar: WorkCalendar, now: datetime) -> datetime:
    return list(count_days(term, days, calendar, now))[-1].closing


def _due_in_time(term: Term, time: timedelta, calendar: WorkCalendar, now: datetime) -> datetime:
    at, left = term.start, time
    for pause in term.pauses:
        reached = calendar.add(at, left)
        if reached <= pause.start:
            return reached
        left -= max(calendar.between(at, pause.start), ZERO)
        at = max(pause.end or now, at)
    return calendar.add(at, left)


def working_between(term: Term, start: datetime, end: datetime, calendar: WorkCalendar) -> timedelta:
    """Working time on the clock between two moments, pauses excluded."""
    if end <= start:
        return ZERO
    total = calendar.between(start, end)
    for pause in term.pauses:
        first, last = max(pause.start, start), min(pause.end or end, end)
        if first < last:
            total -= calendar.between(first, last)
    return total


def used_of(term: Term, span: Span, calendar: WorkCalendar, now: datetime) -> timedelta:
    """Working time on the clock (T6): from receipt for a term in hours, from the first opening after the day of receipt for one in days."""
    start = term.start
    if span.in_days:
        first_day = next(calendar.working_days_after(calendar.date_of(term.start)))
        start = calendar.opening(first_day) or start
    return working_between(term, start, term.end or now, calendar)


class _Fold:
    """Walks through the events once and keeps the terms."""

    def __init__(self, chronicle: Chronicle, route: Route, fields: Fields, approval: ApprovalState) -> None:
        self.chronicle, self.policy, self.route = chronicle, chronicle.policy, route
        self.fields, self.approval = fields, approval
        self.statuses = self.policy.redmine.statuses
        self.department = self.policy.departments[route.department]
        self.hand_overs = self._find_hand_overs()
        self.terms: list[Term] = []
        ticket = chronicle.ticket
        self._open(ticket.created_on, "receipt")
        if ticket.created.status in self.statuses.pauses:
            self._pause(ticket.created_on, ticket.created.status, by_request=False)

    def run(self) -> None:
        for event in self.chronicle.events:
            self._receive(event)
            self._status(event)
            self._agreed(event)
            self._speak(event)
            self._due_date(event)
            self._hand_over(event)

    @property
    def term(self) -> Term:
        return self.terms[-1]

    def _change(self, **values: object) -> None:
        self.terms[-1] = replace(self.term, **values)  # type: ignore[arg-type]

    def _open(self, at: datetime, reason: str) -> None:
        self.terms.append(Term(len(self.terms) + 1, at, reason))

    def _end(self, event: Event, outcome: Outcome) -> None:
        if self.term.is_open:
            self._resume(event.at)
            self._change(end=event.at, outcome=outcome, ended_by=event)

    def _pause(self, at: datetime, reason: str, *, by_request: bool) -> None:
        if self.term.is_open and self.term.pause is None:
            self._change(pauses=(*self.term.pauses, Pause(at, reason, by_request=by_request)))

    def _resume(self, at: datetime) -> None:
        if self.term.pause:
            self._change(pauses=(*self.term.pauses[:-1], replace(self.term.pause, end=at)))

    def _receive(self, event: Event) -> None:
        """A ticket moved into the tracker is received then (T3)."""
        change = event.journal.change(Attribute.TRACKER)
        trackers = self.policy.redmine.scope.trackers
        if change and change.new in trackers and change.old and change.old not in trackers:
            self.terms.clear()
            self._open(event.at, "moved into the tracker")
            if event.after.status in self.statuses.pauses:
                self._pause(event.at, event.after.status, by_request=False)

    def _status(self, event: Event) -> None:
        new, old = event.status, event.before.status
        if new is None or new == old:
            if event.did(Step.ASK) and event.after.status in self.statuses.pauses:  # asked anew in the same status
                self._pause(event.at, event.after.status, by_request=True)
            return
        closed = self.statuses.closed
        if old in closed and new not in closed:
            self._open(event.at, "reopened")
        if new not in self.statuses.pauses or old in self.statuses.pauses:
            self._resume(event.at)
        if new in self.statuses.pauses:
            self._pause(event.at, new, by_request=event.did(Step.ASK))
        if new in self.statuses.ends and self.term.ordinal > 1 and event.role is Role.STAFF:
            self._end(event, Outcome.ENDED)

    def _agreed(self, event: Event) -> None:
        """An approval that is given after the customer was told of a refusal starts a term of its own: minds can change (R5)."""
        gate = self.route.approval
        agreed = gate and event.index in self.approval.decisions and self.chronicle.sets(event, gate.granted)
        if agreed and self.term.outcome is Outcome.OUT_OF_SCOPE:
            self._open(event.at, "agreed after all")

    def _speak(self, event: Event) -> None:
        if event.did(Step.OUT_OF_SCOPE):
            self._end(event, Outcome.OUT_OF_SCOPE)
        elif self.is_answer(event):
            self._end(event, Outcome.ANSWERED)
        elif event.is_activity:
            self._customer(event)
        self._closed(event)

    def _closed(self, event: Event) -> None:
        if (
            event.status is not None
            and event.status in self.statuses.closed
            and event.before.status not in self.statuses.closed
        ):
            by = {Role.STAFF: Outcome.CLOSED_UNANSWERED, Role.CUSTOMER: Outcome.CLOSED_BY_CUSTOMER}
            self._end(event, by.get(event.role, Outcome.CLOSED))

    def _customer(self, event: Event) -> None:
        pause = self.term.pause
        if pause and not (pause.by_request and self.fields.after(event).is_partial):
            self._resume(event.at)
        if self.term.is_open or event.after.status in self.statuses.closed:
            return
        if self.term.outcome is Outcome.OUT_OF_SCOPE and event.is_reply:
            self._open(event.at, "reply to an answer that this is out of scope")
        elif event.words and starts_term(event.words, self.policy):
            self._open(event.at, "further question")

    def is_answer(self, event: Event) -> bool:
        """The first public note or attachment of staff answers, unless the same act does something else with the ticket (T7)."""
        spoke = event.words or (event.journal.attachments and not event.journal.private)
        if event.role is not Role.STAFF or not spoke or self.chronicle.is_contact(event):
            return False
        passed_on = {one.event.index for one in self.hand_overs if one.by_staff and one.event}
        return not any(
            other.status in self.statuses.pauses or other.index in passed_on or other.index in self.approval.decisions
            for other in self.chronicle.same_act(event)
        )

    def _due_date(self, event: Event) -> None:
        """A due date set by staff is the term from then on (P5); what has ended keeps its term, so that lateness cannot be undone."""
        change = event.journal.change(Attribute.DUE_DATE)
        if change and event.role is Role.STAFF and self.term.is_open:
            self._change(fixed=date.fromisoformat(change.new) if change.new else None)

    def _find_hand_overs(self) -> tuple[HandOver, ...]:
        current, found = self.department.name, []
        asked = {event.index for event in self.approval.asked}
        moves = {move.event.index: move for move in self.chronicle.moves}
        for event in self.chronicle.events:
            move = moves.get(event.index)
            if event.index in asked and self.route.approval:
                target = self.policy.departments[self.route.approval.by]
                found.append(HandOver(event, target, by_staff=event.role is Role.STAFF))
                current = target.name
            elif move and move.to.name != current:
                if not move.by_staff and not event.did(Step.HAND_OVER):
                    continue  # the bridge's routing: the route says whose the ticket is
                found.append(HandOver(event, move.to, by_staff=move.by_staff))
                current = move.to.name
            elif event is self.approval.decided and self.approval.verdict is Verdict.GIVEN and self.route.approval:
                current = self.route.approval.then or self.route.department
                found.append(HandOver(event, self.policy.departments[current], by_staff=False))
        self.current_department = self.policy.departments[current]
        return tuple(found)

    def _hand_over(self, event: Event) -> None:
        rule = self.policy.terms.hand_over
        hand_over = next((one for one in self.hand_overs if one.event is event), None)
        extends = hand_over and (hand_over.by_staff or event.did(Step.REQUEST_APPROVAL))
        if hand_over and extends and rule and self.term.is_open and len(self.term.extensions) < rule.at_most:
            self._change(extensions=(*self.term.extensions, Extended(rule.by, hand_over)))


def standing_of(chronicle: Chronicle, route: Route, fields: Fields, approval: ApprovalState, now: datetime) -> Standing:
    """Where the clock stands at `now` (T12).

    Raises:
        CalendarDataError: the term reaches into a year without data.
    """
    policy = chronicle.policy
    fold = _Fold(chronicle, route, fields, approval)
    fold.run()
    term, span = fold.term, route.term or policy.terms.of(route.kind)
    due = due_of(term, span, policy.calendar, now)
    clock = _clock(chronicle, policy, term, due, now)
    until = term.end or now
    late = due < until and clock in (Clock.ANSWERED, Clock.LATE)
    return Standing(
        clock=clock,
        term=term,
        terms=tuple(fold.terms),
        due=due,
        used=used_of(term, span, policy.calendar, now),
        late_by=working_between(term, due, until, policy.calendar) if late else None,
        department=fold.current_department,
        department_due=_department_due(fold, policy, now),
        hand_overs=fold.hand_overs,
    )


def _clock(chronicle: Chronicle, policy: Policy, term: Term, due: datetime, now: datetime) -> Clock:
    closed = chronicle.ticket.current.status in policy.redmine.statuses.closed
    if closed or term.outcome is Outcome.OUT_OF_SCOPE:
        return Clock.STOPPED
    if not term.is_open:
        return Clock.ANSWERED
    if term.pause:
        return Clock.PAUSED
    return Clock.LATE if now > due else Clock.RUNNING


def _department_due(fold: _Fold, policy: Policy, now: datetime) -> datetime | None:
    """When the department's own answer is due (T1): counted from the hand-over as the customer's term is from receipt.

    A hand-over of an earlier term has had its answer.
    """
    if not fold.hand_overs or not fold.term.is_open:
        return None
    last = fold.hand_overs[-1]
    if last.event is None or last.department is not fold.current_department or last.department.term is None:
        return None
    if last.event.at < fold.term.start:
        return None
    own = Term(fold.term.ordinal, last.event.at, "hand-over", pauses=fold.term.pauses)
    return due_of(own, last.department.term, policy.calendar, now)


def extended(standing: Standing, policy: Policy, route: Route, now: datetime, department: Department) -> Standing:
    """The standing as it will be once a hand-over that the bridge itself is about to make has extended the term (R5)."""
    rule = policy.terms.hand_over
    if rule is None or not standing.term.is_open or len(standing.term.extensions) >= rule.at_most:
        return standing
    hand_over = HandOver(None, department, by_staff=False)
    term = replace(standing.term, extensions=(*standing.term.extensions, Extended(rule.by, hand_over)))
    span = route.term or policy.terms.of(route.kind)
    return replace(standing, term=term, due=due_of(term, span, policy.calendar, now))
