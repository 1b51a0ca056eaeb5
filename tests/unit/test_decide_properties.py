"""What holds of `decide` on every ticket, however people behaved: random timelines with passes of the bridge in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.assess import Assessment, assess
from bridge.core.decide import decide, next_moment, wants
from bridge.core.decisions import Ask, Reopen, Thank
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, History, OwnStep, Ticket, Write
from bridge.core.spans import Span
from bridge.core.terms import Clock, Pause, Term, due_of, used_of
from tests.unit.making import ENGINEER, SALES, STAFF, WAITING, carried_out, hours, journal, moment, policy
from tests.unit.timelines_strategy import Act, created, delays, passed, played, stories

ZERO = timedelta(0)
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CALENDAR = policy().calendar


def ended(opened: Ticket, story: list[Act], later: int) -> tuple[Ticket, datetime]:
    """The ticket after its story, and a moment some minutes later."""
    seen, at = played(opened, story)
    return seen, at + timedelta(minutes=later)


def kept(writes: tuple[Write, ...], now: datetime) -> History:
    """What a store remembers of writes that were confirmed."""
    return History(done=tuple(OwnStep(own.step, own.ordinal, now, own.anchor) for one in writes for own in one.steps))


@often
@given(created(), stories, delays)
def test_w1_at_most_one_public_and_one_private_note(opened: Ticket, story: list[Act], later: int) -> None:
    """Whatever happened, deciding never fails and wants at most one note for the customer and one for staff, without attributes."""
    seen, now = ended(opened, story, later)
    a = assess(seen, EMPTY_HISTORY, policy(), now)
    writes = compose(wants(a), a)
    assert sorted(write.private for write in writes) in ([], [False], [True], [False, True])
    assert not any(write.changes for write in writes if write.private)
    after = next_moment(a)
    assert after is None or after > now


@often
@given(created(), stories, delays)
def test_w3_p4_a_second_pass_wants_nothing(opened: Ticket, story: list[Act], later: int) -> None:
    """Once the notes stand in Redmine nothing is wanted again at the same moment, with the ledger and with an empty one.

    What was reopened is looked at as an open ticket first: then the next pass wants nothing.
    """
    seen, now = ended(opened, story, later)
    decisions = decide(seen, EMPTY_HISTORY, policy(), now)
    if any(isinstance(one, Reopen) for one in decisions):
        seen = passed(seen, now)
    a = assess(seen, EMPTY_HISTORY, policy(), now)
    writes = compose(wants(a), a)
    after = carried_out(seen, writes, now)
    for history in (EMPTY_HISTORY, kept(writes, now)):
        assert decide(after, history, policy(), now) == ()


@often
@given(created(), stories, delays)
def test_t12_the_clock_and_its_figures_agree(opened: Ticket, story: list[Act], later: int) -> None:
    """Late means after the term, nothing is used before receipt, an answer that was late says by how much."""
    seen, now = ended(opened, story, later)
    standing = assess(seen, EMPTY_HISTORY, policy(), now).standing
    assert (standing.clock is not Clock.LATE) or standing.due < now
    assert (standing.clock is not Clock.RUNNING) or standing.due >= now
    assert standing.used >= ZERO
    assert standing.late_by is None or standing.late_by >= ZERO
    assert (standing.late_by is not None) <= (standing.clock in (Clock.LATE, Clock.ANSWERED))
    assert (standing.clock is Clock.PAUSED) <= (standing.term.pause is not None)
    assert all(one.end is not None for one in standing.terms[1:-1])


@often
@given(created(), stories, delays)
def test_f3_whoever_is_asked_is_waited_for(opened: Ticket, story: list[Act], later: int) -> None:
    """A pass that asks leaves the ticket in the waiting status with the clock standing still; no other pass leaves it waiting unasked."""
    seen, now = ended(opened, story, later)
    a = assess(seen, EMPTY_HISTORY, policy(), now)
    decisions = wants(a)
    after = assess(carried_out(seen, compose(decisions, a), now), EMPTY_HISTORY, policy(), now)
    if any(isinstance(one, Ask) for one in decisions):
        assert after.state.status == WAITING
        assert after.standing.clock is Clock.PAUSED
    elif any(isinstance(one, Thank) for one in decisions):
        assert after.state.status not in policy().redmine.statuses.pauses


@often
@given(created(), stories, delays, st.data())
def test_t7_a_private_note_of_staff_changes_nothing_of_the_term(
    opened: Ticket, story: list[Act], later: int, data: st.DataObject
) -> None:
    """Staff may talk among themselves at any moment: clock, term, figures, department and what is wanted stay."""
    seen, now = ended(opened, story, later)
    place = data.draw(st.integers(0, len(seen.journals)))
    at = seen.journals[place - 1].at if place else seen.created_on
    who = data.draw(st.sampled_from((STAFF, SALES, ENGINEER)))
    more = replace(journal(at, who, "Коллеги, кто возьмёт?", private=True), id=99)
    noted = replace(seen, journals=(*seen.journals[:place], more, *seen.journals[place:]))
    before, after = (assess(one, EMPTY_HISTORY, policy(), now) for one in (seen, noted))
    assert figures(before) == figures(after)
    assert [one.step for one in wants(before)] == [one.step for one in wants(after)]


def figures(a: Assessment) -> tuple[object, ...]:
    """What a lead sees of the term."""
    it = a.standing
    return it.clock, it.due, it.used, it.late_by, it.department.name, it.department_due, len(it.terms), it.term.outcome


@often
@given(created(), stories, delays)
def test_p4_losing_the_store_changes_no_decision(opened: Ticket, story: list[Act], later: int) -> None:
    """Every pass of the story ran without a store; a pass with all its steps in a ledger wants the same."""
    seen, now = ended(opened, story, later)
    a = assess(seen, EMPTY_HISTORY, policy(), now)
    full = History(done=tuple(own for event in a.chronicle.events for own in event.steps))
    assert [one.step for one in decide(seen, full, policy(), now)] == [one.step for one in wants(a)]


# --- pauses never shorten a term ------------------------------------------------------------------------------------------------------


spans = st.builds(Span.working_days, st.integers(1, 6)) | st.builds(
    lambda minutes: Span.working_time(timedelta(minutes=minutes)), st.integers(1, 3000)
)
starts = st.integers(0, 40 * 1440).map(lambda minutes: moment("10-01 00:00") + timedelta(minutes=minutes))


@st.composite
def terms_with_pauses(draw: st.DrawFn) -> tuple[Term, datetime]:
    """A term with pauses one after another, the last one perhaps not over, and a `now` after all of them."""
    start = draw(starts)
    edges = sorted(draw(st.lists(st.integers(0, 12 * 1440), max_size=8, unique=True)))
    moments = [start + timedelta(minutes=edge) for edge in edges]
    pairs = [(moments[i], moments[i + 1] if i + 1 < len(moments) else None) for i in range(0, len(moments), 2)]
    pauses = tuple(Pause(begin, "", end) for begin, end in pairs)
    now = (moments[-1] if moments else start) + timedelta(minutes=draw(st.integers(0, 4000)))
    return Term(1, start, "receipt", pauses), now


@often
@given(terms_with_pauses(), spans)
def test_t9_another_pause_never_moves_a_term_earlier(drawn: tuple[Term, datetime], span: Span) -> None:
    """Each pause that is taken away leaves the term where it was or earlier, in days and in hours."""
    term, now = drawn
    due = due_of(term, span, CALENDAR, now)
    for index in range(len(term.pauses)):
        fewer = replace(term, pauses=term.pauses[:index] + term.pauses[index + 1 :])
        assert due_of(fewer, span, CALENDAR, now) <= due


@often
@given(terms_with_pauses(), spans)
def test_t6_the_term_is_used_up_when_it_is_due(drawn: tuple[Term, datetime], span: Span) -> None:
    """At the end of a term in hours exactly its hours are used; before it fewer; a term in days ends at a closing."""
    term, now = drawn
    due = due_of(term, span, CALENDAR, now)
    if span.in_days:
        assert due == CALENDAR.closing(CALENDAR.date_of(due))
        return
    resumed = replace(term, pauses=tuple(replace(pause, end=pause.end or now) for pause in term.pauses))
    assert used_of(resumed, span, CALENDAR, due) == span.time
    assert used_of(resumed, span, CALENDAR, due - hours(0.01)) < span.time


@often
@given(terms_with_pauses(), st.integers(0, 3000))
def test_t6_while_paused_the_term_only_moves_on(drawn: tuple[Term, datetime], later: int) -> None:
    """The later it is in a pause that lasts, the later the term would end; what is used stands still."""
    term, now = drawn
    then = now + timedelta(minutes=later)
    for span in (Span.working_days(2), Span.working_time(hours(16))):
        assert due_of(term, span, CALENDAR, then) >= due_of(term, span, CALENDAR, now)
        if term.pause:
            assert used_of(term, span, CALENDAR, then) == used_of(term, span, CALENDAR, now)
