"""What can be wrong with terms and reminders (T4-T6, R4, M1, F6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from bridge.core.hours import Hours
from bridge.core.policy import DueOf
from bridge.core.spans import Span
from bridge.errors import Mistake
from bridge.policy.form import Draft
from bridge.policy.positions import Path
from bridge.policy.schema import ReminderSpec


def units(draft: Draft) -> Iterator[Mistake]:
    """A term and its extension are both in days, or both in hours (T6)."""
    hand_over = draft.rules.terms.hand_over
    if hand_over is None:
        return
    for path, term in _terms(draft):
        if term.in_days != hand_over.extend.in_days:
            message = f"the term is {term}, but a hand-over extends it by {hand_over.extend}: days and hours do not mix"
            remedy = "give both in working days or both in working hours"
            common = path == ("terms", "answer")
            yield draft.document.at_value(("terms", "hand_over", "extend") if common else path, message, remedy)
            if common:  # the others are likely to be right
                return


def steps(draft: Draft) -> Iterator[Mistake]:
    """Every reminder falls within its term, has a moment to be measured from, and is there once."""
    terms = [draft.rules.terms.answer] if not draft.lacks("terms", "answer") else []
    departments = [spec.term for spec in draft.rules.departments.values() if spec.term]
    seen: dict[object, ReminderSpec] = {}
    for step in draft.rules.reminders:
        path = (*step.path, "at")
        of_department = step.of is DueOf.DEPARTMENT_DUE
        if of_department and not departments and draft.is_whole("departments"):
            message = "no department has a `term`, so it has no due moment"
            yield draft.document.at_value((*step.path, "of"), message, "give departments a `term`, or remove the step")
        elif outside := _outside(draft, step, departments if of_department else terms):
            yield draft.document.at_value(
                path, f"this step lies before the start of the term of {outside}", "move it nearer"
            )
        key = (step.at, step.of, step.to)
        if key in seen:
            line = draft.document.line_of(seen[key].path)
            yield draft.document.at_value(
                path, "the same step is there twice", f"the other is at line {line}; remove one"
            )
        seen.setdefault(key, step)


def short_terms(draft: Draft) -> Iterator[Mistake]:
    """Steps that lie before the start of the shorter terms that some kinds or routes have (a warning)."""
    own = [term for path, term in _terms(draft) if path != ("terms", "answer")]
    for step in draft.rules.reminders:
        if step.of is DueOf.DUE and (outside := _outside(draft, step, own)):
            message = f"for the term of {outside} this step lies before its start and comes at once"
            yield draft.document.at_value((*step.path, "at"), message)


def silence(draft: Draft) -> Iterator[Mistake]:
    """Nudge first, then close, with a closed status (F6)."""
    spec = draft.rules.silence
    if spec is None:
        return
    if spec.close_after <= spec.nudge_after:
        message = "the ticket would be closed before or with the nudge"
        yield draft.document.at_value(("silence", "close_after"), message, "make it longer than `nudge_after`")
    if not draft.lacks("redmine", "statuses") and spec.status not in draft.rules.redmine.statuses.closed:
        message = f"{spec.status!r} is not one of the closed statuses"
        yield draft.document.at_value(("silence", "status"), message, "name one of `redmine.statuses.closed`")


def _terms(draft: Draft) -> Iterator[tuple[Path, Span]]:
    if not draft.lacks("terms", "answer"):
        yield ("terms", "answer"), draft.rules.terms.answer
    for kind, term in draft.rules.terms.by_kind.items():
        yield ("terms", "by_kind", kind), term
    for route in draft.rules.routes:
        if route.term:
            yield (*route.path, "term"), route.term


def _outside(draft: Draft, step: ReminderSpec, terms: list[Span]) -> Span | None:
    """The shortest of the terms, if the step lies before its start even on the longest of days."""
    day = max((_length(hours) for hours in draft.rules.calendar.week.values()), default=timedelta())
    lengths = [(term.days * day if term.in_days else term.time, term) for term in terms]
    length, shortest = min(lengths, default=(timedelta(), None), key=lambda pair: pair[0])
    return shortest if shortest is not None and -step.at >= length else None


def _length(hours: Hours) -> timedelta:
    day = datetime(2000, 1, 1)  # noqa: DTZ001 - any day; only lengths are wanted
    ends = [datetime.combine(day, end) + timedelta(days=end == time(0)) for _, end in hours]
    starts = [datetime.combine(day, start) for start, _ in hours]
    return sum((end - start for start, end in zip(starts, ends, strict=True)), timedelta())
