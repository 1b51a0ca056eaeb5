"""Why a ticket is treated as it is: the route with its words and the nearest misses, each field's verdict, the term line by line, the reminders.

The figures come from the functions that decide; nothing is computed a second time here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bridge.core.assess import Assessment
from bridge.core.conditions import Verdict
from bridge.core.decide import next_moment, wants
from bridge.core.fields import flaw_of
from bridge.core.model import Language
from bridge.core.moments import format_moment
from bridge.core.policy import DueOf, FieldRule
from bridge.core.reminders import Planned, is_done, last_come, planned
from bridge.core.rules import words_of
from bridge.core.spans import format_span
from bridge.core.terms import Pause, Term, count_days, due_of, total_of
from bridge.core.worktime import WorkCalendar

_DAY = timedelta(days=1)
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Miss:
    """A route that did not match, and the conditions on which it failed."""

    route: str
    kind: str
    held: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One required field."""

    field: str
    demand: str
    verdict: str
    source: str


@dataclass(frozen=True, slots=True)
class TermLine:
    """One line of the term's arithmetic: when (a moment, or a day), whether it counts, and why."""

    when: datetime | date
    counts: str
    why: str


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """One step of the reminders: `done`, `due`, `to come`, `overtaken` by a later step and so never said, or why not."""

    at: datetime
    to: str
    step: str
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it; moments are in the calendar's zone.

    `words` are the customer's own that the route was found by, `against` those that speak against it.
    """

    ticket: int
    now: datetime
    kind: str
    route: str
    because: str
    words: tuple[str, ...]
    against: tuple[str, ...]
    nearest: tuple[Miss, ...]
    department: str
    fields: tuple[FieldLine, ...]
    clock: str
    due: datetime
    used: str
    late_by: str
    term: tuple[TermLine, ...]
    reminders: tuple[ReminderLine, ...]
    would_do: tuple[str, ...]
    next_look: datetime | None

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it: moments in ISO 8601 with their offset, days as dates."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def explain(a: Assessment) -> Explanation:
    """Explain one assessed ticket."""
    standing, local = a.standing, a.policy.calendar.local
    upcoming = next_moment(a)
    words = words_of(a.chronicle, a.policy, a.route)
    return Explanation(
        ticket=a.ticket.id,
        now=local(a.now),
        kind=a.kind,
        route=a.route.name,
        because=a.routing.reason,
        words=words.found,
        against=words.against,
        nearest=_nearest(a),
        department=a.department.name,
        fields=tuple(field_lines(a)),
        clock=standing.clock,
        due=local(standing.due),
        used=format_span(standing.used, Language.EN),
        late_by=format_span(standing.late_by, Language.EN) if standing.late_by is not None else "",
        term=tuple(line for term in standing.terms for line in _term(a, term)),
        reminders=tuple(_reminders(a)),
        would_do=tuple(f"{one.step}: {one.reason}" for one in wants(a)),
        next_look=local(upcoming) if upcoming else None,
    )


# --- routes and fields ------------------------------------------------------------------------------------------------------------------


def _nearest(a: Assessment) -> tuple[Miss, ...]:
    misses = []
    for tried in a.routing.nearest[:NEAREST]:
        held, failed = _split(tried.verdict)
        if held or failed:
            misses.append(Miss(tried.route.name, tried.route.kind, held, failed))
    return tuple(misses)


def _split(verdict: Verdict) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What held and what failed; under `none` a condition that held is what the route failed on."""
    if not verdict.members:
        return ((verdict.reason,), ()) if verdict.holds else ((), (verdict.reason,))
    if verdict.reason == "none":
        return (), tuple(f"must not be: {leaf.reason}" for leaf in verdict.leaves if leaf.holds)
    parts = [_split(member) for member in verdict.members]
    held = tuple(reason for one, _ in parts for reason in one)
    failed = tuple(reason for _, other in parts for reason in other)
    return (held, ()) if verdict.holds else (held, failed)


def field_lines(a: Assessment) -> Iterator[FieldLine]:
    """Each required field with its verdict (F2), and where its value comes from."""
    sources = {one.name: one.note for one in a.fields.filled}
    for rule in a.fields.rules:
        value = a.fields.now.values.get(rule.name, "")
        flaw = flaw_of(rule, value, a.fields.required, a.fields.attachments)
        source = _source(a, rule, sources, value, flaw)
        yield FieldLine(rule.name, _demand(rule, a.kind), "missing" if flaw else "filled", source)


def _demand(rule: FieldRule, kind: str) -> str:
    if rule.is_needed(kind):
        return f"needed for {kind}"
    return f"wanted for {kind}" if rule.is_wanted(kind) else "not asked for"


def _source(a: Assessment, rule: FieldRule, sources: dict[str, int], value: str, flaw: str) -> str:
    asked = a.fields.now.asks.get(rule.name, 0)
    times = f", asked for {asked} time(s)" if asked else ""
    if rule.name in sources:
        note = sources[rule.name]
        return (f"read from note {note}" if note else "read from the description") + times
    return ("in the field" + (f", but {flaw}" if flaw else "") if value.strip() else "the field is empty") + times


# --- the term -----------------------------------------------------------------------------------------------------------------------------


def _caused_by(a: Assessment, at: datetime) -> str:
    """The journal at that moment, by its number in Redmine."""
    index = next((event.index for event in a.chronicle.events if event.at == at), None)
    return f" (journal {a.chronicle.events[index].journal.id})" if index is not None else ""


def _term(a: Assessment, term: Term) -> Iterator[TermLine]:
    span = a.route.term or a.policy.terms.of(a.kind)
    local = a.policy.calendar.local
    yield TermLine(local(term.start), "", f"term {term.ordinal} begins: {term.reason}{_caused_by(a, term.start)}")
    if term.fixed:
        yield TermLine(term.fixed, "", "a person has set the due date; it is the term from then on")
    for extension in term.extensions:
        at = extension.hand_over.event.at if extension.hand_over.event else a.now
        why = f"extended by {extension.by}: passed to {extension.hand_over.department.name}{_caused_by(a, at)}"
        yield TermLine(local(at), "+", why)
    yield from (_pause(a, pause) for pause in term.pauses)
    total = total_of(term, span)
    if term.fixed is None and total.in_days:
        yield from _days(a, term, total.days)
    elif term.fixed is None:
        due = due_of(term, span, a.policy.calendar, a.now)
        yield from _hours(a, term, total.time, due)
        yield TermLine(local(due), "", f"{total} of working time, pauses excluded, end here")
    if term.end:
        yield TermLine(local(term.end), "", f"term {term.ordinal} ended: {term.outcome}{_caused_by(a, term.end)}")


def _pause(a: Assessment, pause: Pause) -> TermLine:
    calendar = a.policy.calendar
    end = "and it lasts"
    if pause.end:
        end = f"until {format_moment(pause.end, Language.EN, calendar, a.now)}{_caused_by(a, pause.end)}"
    return TermLine(calendar.local(pause.start), "pause", f"«{pause.reason}»{_caused_by(a, pause.start)} {end}")


def _days(a: Assessment, term: Term, days: int) -> Iterator[TermLine]:
    calendar = a.policy.calendar
    day = calendar.date_of(term.start)
    yield TermLine(day, "no", "the day of receipt is not counted")
    for counted in count_days(term, days, calendar, term.end or a.now):
        yield from (TermLine(off, "no", "a day off") for off in _between(day, counted.day))
        day = counted.day
        short = " (a short day)" if _is_short(a, counted.closing) else ""
        closing = f"closes at {calendar.local(counted.closing):%H:%M}{short}"
        if counted.pause:
            yield TermLine(day, "no", f"{closing}; paused then: «{counted.pause.reason}»")
        else:
            yield TermLine(day, f"{counted.number} of {days}", closing)


def _hours(a: Assessment, term: Term, total: timedelta, due: datetime) -> Iterator[TermLine]:
    """Each day from receipt to the end of a term in hours: which of its working time counts, and how much that makes so far (T5)."""
    calendar = a.policy.calendar
    sum_so_far = timedelta()
    for day in _between(calendar.date_of(term.start) - _DAY, calendar.date_of(due) + _DAY):
        if not calendar.is_working_day(day):
            yield TermLine(day, "no", "a day off")
            continue
        counted = list(_counted(term, calendar, day, due, term.end or a.now))
        sum_so_far += sum((end - start for start, end in counted), timedelta())
        if counted:
            pieces = ", ".join(f"{calendar.local(start):%H:%M}–{calendar.local(end):%H:%M}" for start, end in counted)
            yield TermLine(day, f"{compact(sum_so_far)} of {compact(total)}", pieces)
        else:
            yield TermLine(day, "no", "no working time on the clock")


def _counted(
    term: Term, calendar: WorkCalendar, day: date, due: datetime, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The working time of a day between receipt and `due`, without the pauses; one that lasts is taken to end `now` (T6)."""
    for opening, closing in calendar.intervals(day):
        start, end = max(opening, term.start), min(closing, due)
        for pause in term.pauses:
            if pause.start >= end:
                break
            if start < pause.start:
                yield start, pause.start
            start = max(start, pause.end or now)
        if start < end:
            yield start, end


def compact(span: timedelta) -> str:
    """Working time as test files write it: `5h30m`."""
    hours, rest = divmod(int(span.total_seconds() // 60), 60)
    return f"{hours}h{rest}m" if rest and hours else f"{rest}m" if rest else f"{hours}h"


def _between(after: date, before: date) -> Iterator[date]:
    day = after + _DAY
    while day < before:
        yield day
        day += _DAY


def _is_short(a: Assessment, closing: datetime) -> bool:
    """Whether that day closes earlier than its weekday usually does."""
    calendar = a.policy.calendar
    local = calendar.local(closing)
    usual = calendar.week.get(local.weekday())
    return usual is not None and bool(usual) and local.time() < usual[-1][1]


# --- reminders ----------------------------------------------------------------------------------------------------------------------------


def _reminders(a: Assessment) -> Iterator[ReminderLine]:
    for one in planned(a, a.standing):
        of = "" if one.step.of is DueOf.DUE else f" (the term of {a.department.name})"
        name = one.step.name or str(one.step.step)
        yield ReminderLine(a.policy.calendar.local(one.at), f"{one.step.to}{of}", name, _state(a, one))


def _state(a: Assessment, one: Planned) -> str:
    if is_done(one, a.chronicle.done):
        return "done"
    if not a.standing.is_on:
        return f"not while the clock is {a.standing.clock}"
    if one.at > a.now:
        return "to come"
    return "due" if one in last_come(a, a.standing) else "overtaken"


# --- for people ---------------------------------------------------------------------------------------------------------------------------


def as_text(e: Explanation, calendar: WorkCalendar) -> str:
    """The explanation for people."""

    def moment(at: datetime | date) -> str:
        return format_moment(at, Language.EN, calendar, e.now) if isinstance(at, datetime) else f"{at:%a %d %b %Y}"

    lines = [f"Ticket {e.ticket}, {moment(e.now)}", "", f"Kind: {e.kind} (route «{e.route}»)", f"  because {e.because}"]
    for miss in e.nearest:
        lines.append(f"  nearly {miss.kind} (route «{miss.route}»){': ' if miss.held else ''}{'; '.join(miss.held)}")
        lines += [f"    but {reason}" for reason in miss.failed]
    lines += [f"Department: {e.department}", "", "Fields:"]
    lines += [f"  {one.field}: {one.verdict}, {one.demand}; {one.source}" for one in e.fields]
    late = f", late by {e.late_by}" if e.late_by else ""
    lines += ["", f"Term: {e.clock}, due {moment(e.due)}, used {e.used}{late}"]
    lines += [f"  {moment(one.when):<38} {one.counts:<8} {one.why}" for one in e.term]
    lines += ["", "Reminders:"]
    lines += [f"  {moment(one.at):<38} {one.state:<9} {one.step} to {one.to}" for one in e.reminders]
    lines += ["", "Would do now: " + ("; ".join(e.would_do) or "nothing")]
    lines += [f"Next look: {moment(e.next_look)}"] if e.next_look else []
    return "\n".join(lines)
