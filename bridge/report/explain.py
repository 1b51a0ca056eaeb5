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
from bridge.core.fields import is_missing
from bridge.core.model import Language
from bridge.core.moments import format_moment
from bridge.core.policy import DueOf, FieldRule
from bridge.core.reminders import is_done, planned
from bridge.core.spans import format_span
from bridge.core.terms import Pause, Term, count_days, total_of

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
    """One line of the term's arithmetic: when, whether it counts, and why."""

    when: str
    counts: str
    why: str


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """One step of the reminders."""

    at: str
    to: str
    step: str
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it, ready to be shown or printed as JSON."""

    ticket: int
    now: str
    kind: str
    route: str
    because: str
    nearest: tuple[Miss, ...]
    department: str
    fields: tuple[FieldLine, ...]
    clock: str
    due: str
    used: str
    late_by: str
    term: tuple[TermLine, ...]
    reminders: tuple[ReminderLine, ...]
    would_do: tuple[str, ...]
    next_look: str

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self)


def explain(a: Assessment) -> Explanation:
    """Explain one assessed ticket."""
    standing, say = a.standing, _Say(a)
    upcoming = next_moment(a)
    return Explanation(
        ticket=a.ticket.id,
        now=say.moment(a.now),
        kind=a.kind,
        route=a.route.name,
        because=a.routing.reason,
        nearest=_nearest(a),
        department=a.department.name,
        fields=tuple(_fields(a)),
        clock=standing.clock,
        due=say.moment(standing.due),
        used=format_span(standing.used, Language.EN),
        late_by=format_span(standing.late_by, Language.EN) if standing.late_by is not None else "",
        term=tuple(line for term in standing.terms for line in _term(a, term, say)),
        reminders=tuple(_reminders(a, say)),
        would_do=tuple(f"{one.step}: {one.reason}" for one in wants(a)),
        next_look=say.moment(upcoming) if upcoming else "",
    )


@dataclass(frozen=True, slots=True)
class _Say:
    """Moments in the calendar's zone, as people read them."""

    a: Assessment

    def moment(self, at: datetime) -> str:
        return format_moment(at, Language.EN, self.a.policy.calendar, self.a.now)

    def day(self, day: date) -> str:
        return f"{day:%a %d %b %Y}"

    def caused_by(self, at: datetime) -> str:
        """The note at that moment, as people count notes."""
        index = next((event.index for event in self.a.chronicle.events if event.at == at), None)
        return f" (journal {self.a.chronicle.events[index].journal.id})" if index is not None else ""


# --- routes and fields ------------------------------------------------------------------------------------------------------------------


def _nearest(a: Assessment) -> tuple[Miss, ...]:
    misses = []
    for tried in a.routing.nearest[:NEAREST]:
        held, failed = _split(tried.verdict)
        if held:
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


def _fields(a: Assessment) -> Iterator[FieldLine]:
    sources = {one.name: one.note for one in a.fields.filled}
    for rule in a.fields.rules:
        value = a.fields.now.values.get(rule.name, "")
        missing = is_missing(rule, value, a.fields.required, a.fields.attachments)
        yield FieldLine(
            rule.name, _demand(rule, a.kind), "missing" if missing else "filled", _source(a, rule, sources, value)
        )


def _demand(rule: FieldRule, kind: str) -> str:
    if rule.is_needed(kind):
        return f"needed for {kind}"
    return f"wanted for {kind}" if rule.is_wanted(kind) else "not asked for"


def _source(a: Assessment, rule: FieldRule, sources: dict[str, int], value: str) -> str:
    asked = a.fields.now.asks.get(rule.name, 0)
    times = f", asked for {asked} time(s)" if asked else ""
    if rule.name in sources:
        note = sources[rule.name]
        return (f"read from note {note}" if note else "read from the description") + times
    return ("in the field" if value else "the field is empty") + times


# --- the term -----------------------------------------------------------------------------------------------------------------------------


def _term(a: Assessment, term: Term, say: _Say) -> Iterator[TermLine]:
    span = a.route.term or a.policy.terms.of(a.kind)
    yield TermLine(say.moment(term.start), "", f"term {term.ordinal} begins: {term.reason}{say.caused_by(term.start)}")
    if term.fixed:
        yield TermLine(say.day(term.fixed), "", "a person has set the due date; it is the term from then on")
    for extension in term.extensions:
        at = extension.hand_over.event.at if extension.hand_over.event else a.now
        why = f"extended by {extension.by}: passed to {extension.hand_over.department.name}{say.caused_by(at)}"
        yield TermLine(say.moment(at), "+", why)
    yield from (_pause(pause, say) for pause in term.pauses)
    total = total_of(term, span)
    if term.fixed is None and total.in_days:
        yield from _days(a, term, total.days, say)
    elif term.fixed is None:
        yield TermLine(say.moment(a.standing.due), "", f"{total} of working time, pauses excluded, end here")
    if term.end:
        yield TermLine(say.moment(term.end), "", f"term {term.ordinal} ended: {term.outcome}{say.caused_by(term.end)}")


def _pause(pause: Pause, say: _Say) -> TermLine:
    end = f"until {say.moment(pause.end)}{say.caused_by(pause.end)}" if pause.end else "and it lasts"
    return TermLine(say.moment(pause.start), "pause", f"«{pause.reason}»{say.caused_by(pause.start)} {end}")


def _days(a: Assessment, term: Term, days: int, say: _Say) -> Iterator[TermLine]:
    calendar = a.policy.calendar
    day = calendar.date_of(term.start)
    yield TermLine(say.day(day), "no", "the day of receipt is not counted")
    for counted in count_days(term, days, calendar, term.end or a.now):
        yield from (TermLine(say.day(off), "no", "a day off") for off in _between(day, counted.day))
        day = counted.day
        short = " (a short day)" if _is_short(a, counted.closing) else ""
        closing = f"closes at {calendar.local(counted.closing):%H:%M}{short}"
        if counted.pause:
            yield TermLine(say.day(day), "no", f"{closing}; paused then: «{counted.pause.reason}»")
        else:
            yield TermLine(say.day(day), f"{counted.number} of {days}", closing)


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


def _reminders(a: Assessment, say: _Say) -> Iterator[ReminderLine]:
    for one in planned(a, a.standing):
        of = "" if one.step.of is DueOf.DUE else f" (the term of {a.department.name})"
        if is_done(one, a.chronicle.done):
            state = "done"
        elif not a.standing.is_on:
            state = f"not while the clock is {a.standing.clock}"
        else:
            state = "due" if one.at <= a.now else "to come"
        yield ReminderLine(say.moment(one.at), f"{one.step.to}{of}", one.step.name or str(one.step.step), state)


def as_text(e: Explanation) -> str:
    """The explanation for people."""
    lines = [f"Ticket {e.ticket}, {e.now}", "", f"Kind: {e.kind} (route «{e.route}»)", f"  because {e.because}"]
    for miss in e.nearest:
        lines.append(f"  nearly {miss.kind} (route «{miss.route}»): {'; '.join(miss.held)}")
        lines += [f"    but {reason}" for reason in miss.failed]
    lines += [f"Department: {e.department}", "", "Fields:"]
    lines += [f"  {one.field}: {one.verdict}, {one.demand}; {one.source}" for one in e.fields]
    late = f", late by {e.late_by}" if e.late_by else ""
    lines += ["", f"Term: {e.clock}, due {e.due}, used {e.used}{late}"]
    lines += [f"  {one.when:<38} {one.counts:<8} {one.why}" for one in e.term]
    lines += ["", "Reminders:", *(f"  {one.at:<38} {one.state:<8} {one.step} to {one.to}" for one in e.reminders)]
    lines += ["", "Would do now: " + ("; ".join(e.would_do) or "nothing")]
    lines += [f"Next look: {e.next_look}"] if e.next_look else []
    return "\n".join(lines)
