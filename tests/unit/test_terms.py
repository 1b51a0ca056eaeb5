"""The term from journals: terms in hours (the timelines have only terms in days), pauses, answers, ends, extensions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.core.model import Journal, Step
from bridge.core.policy import Extension, Policy
from bridge.core.spans import Span
from bridge.core.terms import Clock, Extended, HandOver, Outcome, Pause, Standing, Term, due_of, extended, pause_at
from bridge.errors import CalendarDataError
from tests.unit.making import (
    BRIDGE,
    CLIENT,
    CLOSED,
    DEV,
    FEEDBACK,
    FRIEND,
    PRODUCT,
    ROBOT,
    SALES_GROUP,
    SOLVED,
    STAFF,
    WAITING,
    WORKING,
    did,
    hours,
    journal,
    look,
    moment,
    policy,
    ticket,
)

CALENDAR = policy().calendar


def in_hours(count: float, more: float = 2) -> Policy:
    """The rules with a term of so many working hours, and so many for a hand-over."""
    terms = replace(
        policy().terms,
        answer=Span.working_time(hours(count)),
        hand_over=Extension(Span.working_time(hours(more)), at_most=2),
    )
    return replace(policy(), terms=terms)


def standing(*journals: Journal, now: str, rules: Policy | None = None, **more: Any) -> Standing:
    """Where the clock of a question stands."""
    return look(ticket(PRODUCT, *journals, **more), now, rules).standing


def pause(start: str, end: str, status: str = FEEDBACK) -> tuple[Journal, Journal]:
    """Staff set a pausing status and take it back."""
    return (
        journal(start, STAFF, status=("Новая", status)),
        journal(end, STAFF, status=(status, "Новая")),
    )


# --- T5, T6: a term in hours ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("created", "count", "due"),
    [
        pytest.param("11-23 10:00", 4, "11-23 14:00", id="Within one day"),
        pytest.param("11-23 10:00", 8, "11-23 18:00", id="Ending exactly at closing time it is that closing time"),
        pytest.param("11-23 09:00", 9, "11-23 18:00", id="A whole day from opening to closing"),
        pytest.param("11-23 10:00", 8.5, "11-24 09:30", id="Half an hour into the next day"),
        pytest.param("11-20 17:00", 2, "11-23 10:00", id="Over a weekend"),
        pytest.param("11-21 12:00", 4, "11-23 13:00", id="Received on Saturday it runs from Monday's opening"),
        pytest.param("11-23 07:00", 4, "11-23 13:00", id="Received before opening"),
        pytest.param("11-23 20:00", 4, "11-24 13:00", id="Received after closing"),
        pytest.param("11-03 10:00", 8, "11-05 10:00", id="Over a short day and a holiday"),
        pytest.param("12-30 17:00", 4, "2027-01-11 12:00", id="trap 10: over the New Year break of 11 days"),
        pytest.param("11-23 10:00", 1.5, "11-23 11:30", id="90 working minutes"),
    ],
)
def test_t5_a_term_in_working_hours(created: str, count: float, due: str) -> None:
    """The term runs on working time from receipt."""
    assert standing(now=created, created=created, rules=in_hours(count)).due == moment(due)


@pytest.mark.parametrize(
    ("journals", "now", "due", "used"),
    [
        pytest.param(pause("11-23 11:00", "11-23 12:00"), "11-23 13:00", "11-24 13:00", 3, id="An hour's pause"),
        pytest.param(pause("11-23 17:00", "11-24 10:00"), "11-24 11:00", "11-24 14:00", 9, id="A pause over night"),
        pytest.param(pause("11-24 13:00", "11-24 14:00"), "11-24 15:00", "11-24 12:00", 14, id="A pause after the end"),
        pytest.param(
            pause("11-24 12:00", "11-24 14:00"), "11-24 15:00", "11-24 12:00", 13, id="A pause from the end on"
        ),
        pytest.param(
            (*pause("11-23 11:00", "11-23 12:00"), *pause("11-23 13:00", "11-23 14:00")),
            "11-23 14:00",
            "11-24 14:00",
            3,
            id="Two pauses",
        ),
        pytest.param(pause("11-21 11:00", "11-22 12:00"), "11-23 13:00", "11-24 12:00", 4, id="A pause on days off"),
    ],
)
def test_t5_pauses_are_left_out(journals: tuple[Journal, ...], now: str, due: str, used: float) -> None:
    """Working time in a pause does not count: neither for the end of the term nor for what is used."""
    got = standing(*journals, now=now, created="11-20 20:00", rules=in_hours(12))
    assert (got.due, got.used) == (moment(due), hours(used))


def test_t6_while_paused_the_term_moves_with_now() -> None:
    """In a pause the term ends as if the clock resumed now; what is used stands still."""
    first, _ = pause("11-23 12:00", "11-23 13:00")
    for now, due in (("11-23 13:00", "11-23 15:00"), ("11-23 17:00", "11-24 10:00"), ("11-24 09:30", "11-24 11:30")):
        got = standing(first, now=now, rules=in_hours(4))
        assert (got.clock, got.due, got.used) == (Clock.PAUSED, moment(due), hours(2))


def test_t6_an_extension_adds_hours_to_hours() -> None:
    """A hand-over lengthens a term in hours by hours, at most twice."""
    moves = [journal(f"11-23 1{n}:00", STAFF, assigned_to=(old, new)) for n, old, new in CHAIN]
    dues = [standing(*moves[:count], now="11-23 13:30", rules=in_hours(4)).due for count in range(4)]
    assert dues == [moment(f"11-23 {hour}:00") for hour in (14, 16, 18, 18)]


CHAIN = ((1, "", DEV), (2, DEV, SALES_GROUP), (3, SALES_GROUP, DEV))


def test_t6_used_counts_from_receipt_for_hours_and_from_the_next_opening_for_days() -> None:
    """The day of receipt is used for a term in hours and not for one in days."""
    assert standing(now="11-23 12:00", rules=in_hours(16)).used == hours(2)
    assert standing(now="11-23 12:00").used == hours(0)
    assert standing(now="11-24 12:00", rules=in_hours(16)).used == hours(11)
    assert standing(now="11-24 12:00").used == hours(3)


@pytest.mark.parametrize(
    ("now", "clock", "late"),
    [
        pytest.param("11-23 13:59", Clock.RUNNING, None, id="Before the end"),
        pytest.param("11-23 14:00", Clock.RUNNING, None, id="At the end"),
        pytest.param("11-23 15:30", Clock.LATE, 1.5, id="After it, in working time"),
        pytest.param("11-24 09:30", Clock.LATE, 4.5, id="The night does not count"),
    ],
)
def test_t12_late_by_is_working_time(now: str, clock: Clock, late: float | None) -> None:
    """How late an answer is counts in working time."""
    got = standing(now=now, rules=in_hours(4))
    assert (got.clock, got.late_by) == (clock, None if late is None else hours(late))


def test_t12_a_late_answer_says_by_how_much() -> None:
    """Once answered, the figures stand still."""
    answer = journal("11-23 15:00", STAFF, "Ответ")
    for now in ("11-23 15:00", "11-27 12:00"):
        got = standing(answer, now=now, rules=in_hours(4))
        assert (got.clock, got.late_by, got.used) == (Clock.ANSWERED, hours(1), hours(5))


def test_trap_2_the_end_at_closing_time_is_that_closing_time() -> None:
    """Eight hours from 10:00 end at 18:00, and are late only after it."""
    got = standing(now="11-23 18:00", rules=in_hours(8))
    assert (got.due, got.clock) == (moment("11-23 18:00"), Clock.RUNNING)


def test_trap_7_a_pause_survives_an_extension() -> None:
    """What a hand-over adds comes on top of the pause before it, in the same unit."""
    moved = journal("11-23 13:00", STAFF, assigned_to=("", DEV))
    assert standing(*pause("11-23 11:00", "11-23 12:00"), moved, now="11-23 14:00", rules=in_hours(4)).due == moment(
        "11-23 17:00"
    )


def test_trap_9_an_automatic_reply_neither_ends_a_pause_nor_starts_a_term() -> None:
    """An out-of-office note changes nothing of the clock."""
    first, _ = pause("11-23 12:00", "11-23 13:00", WAITING)
    away = journal("11-23 14:00", CLIENT, "Я в отпуске", auto_reply=True)
    assert standing(first, away, now="11-23 15:00").clock is Clock.PAUSED
    answered = journal("11-23 11:00", STAFF, "Ответ")
    assert standing(answered, away, now="11-23 15:00").clock is Clock.ANSWERED


# --- T4: days -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "due"),
    [
        pytest.param("11-24 10:00", "11-24 17:59", "11-25 18:00", id="Over before the closing: the day counts"),
        pytest.param("11-24 10:00", "11-24 18:00", "11-25 18:00", id="Over exactly at the closing: the day counts"),
        pytest.param("11-24 10:00", "11-24 18:01", "11-26 18:00", id="Over after the closing: the day does not count"),
        pytest.param("11-24 18:00", "11-24 19:00", "11-26 18:00", id="Begun exactly at the closing"),
        pytest.param("11-24 18:01", "11-25 08:00", "11-25 18:00", id="At night it costs nothing"),
        pytest.param("11-23 12:00", "11-23 20:00", "11-25 18:00", id="On the day of receipt it costs nothing"),
    ],
)
def test_t4_a_day_counts_when_the_clock_ran_at_its_closing(start: str, end: str, due: str) -> None:
    """Only the moment of closing decides whether a day counts."""
    assert standing(*pause(start, end), now="11-25 10:00").due == moment(due)


def test_t4_a_year_without_data_is_an_error() -> None:
    """The term cannot be said where the production calendar ends."""
    with pytest.raises(CalendarDataError):
        standing(now="2027-12-31 12:00", created="2027-12-31 10:00")


def test_t9_half_open() -> None:
    """At its start the clock is paused, at its end no more; a pause that lasts ends now."""
    pauses = (Pause(moment("11-23 10:00"), "", moment("11-23 11:00")), Pause(moment("11-23 12:00"), ""))
    now = moment("11-23 13:00")
    at = [
        bool(pause_at(pauses, moment(f"11-23 {time}"), now)) for time in ("09:59", "10:00", "11:00", "12:00", "13:00")
    ]
    assert at == [False, True, False, True, False]


# --- T7 to T11: answers and ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("journals", "clock"),
    [
        pytest.param((journal("11-23 11:00", STAFF, "Ответ"),), Clock.ANSWERED, id="A public note"),
        pytest.param((journal("11-23 11:00", STAFF, files=("a.pdf",)),), Clock.ANSWERED, id="A public attachment"),
        pytest.param((journal("11-23 11:00", STAFF, "Себе", private=True),), Clock.RUNNING, id="A private note"),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Себе", private=True, files=("a.pdf",)),),
            Clock.RUNNING,
            id="Privately attached",
        ),
        pytest.param((journal("11-23 11:00", ROBOT, "Сборка прошла"),), Clock.RUNNING, id="A robot"),
        pytest.param((did("11-23 11:00", Step.ACKNOWLEDGE),), Clock.RUNNING, id="The bridge"),
        pytest.param((journal("11-23 11:00", BRIDGE, "Отвечу сам"),), Clock.ANSWERED, id="A person with its account"),
        pytest.param((journal("11-23 11:00", FRIEND, "Нам помогло то же"),), Clock.RUNNING, id="Another customer"),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Уточните", status=("Новая", FEEDBACK)),), Clock.PAUSED, id="A question"
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Уточните"), journal("11-23 11:10", STAFF, status=("Новая", FEEDBACK))),
            Clock.PAUSED,
            id="The status ten minutes later is the same act",
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Ответ"), journal("11-23 11:11", STAFF, status=("Новая", FEEDBACK))),
            Clock.ANSWERED,
            id="Eleven minutes later it is another act",
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Передаю", assigned_to=("", DEV)),), Clock.RUNNING, id="A hand-over"
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Беру", assigned_to=("", "Иван Иванов")),),
            Clock.ANSWERED,
            id="Taking it oneself is no hand-over",
        ),
    ],
)
def test_t7_what_answers(journals: tuple[Journal, ...], clock: Clock) -> None:
    """The first public word of staff answers, unless the same act asks, passes on or decides."""
    assert standing(*journals, now="11-23 12:00").clock is clock


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        pytest.param(STAFF, Outcome.CLOSED_UNANSWERED, id="By staff: without an answer"),
        pytest.param(CLIENT, Outcome.CLOSED_BY_CUSTOMER, id="By the customer"),
        pytest.param(ROBOT, Outcome.CLOSED, id="By a robot"),
    ],
)
def test_t8_closing_stops_the_clock(who: Any, outcome: Outcome) -> None:
    """Whoever closes it: the clock stops, and how is known."""
    got = standing(journal("11-23 11:00", who, status=("Новая", CLOSED)), now="11-23 12:00")
    assert (got.clock, got.term.outcome) == (Clock.STOPPED, outcome)


def test_t8_closed_with_an_answer_is_answered() -> None:
    """A closing word is an answer."""
    got = standing(journal("11-23 11:00", STAFF, "Готово", status=("Новая", CLOSED)), now="11-23 12:00")
    assert (got.clock, got.term.outcome) == (Clock.STOPPED, Outcome.ANSWERED)


ANSWER = journal("11-23 11:00", STAFF, "Ответ")


@pytest.mark.parametrize(
    ("more", "terms", "clock"),
    [
        pytest.param((journal("11-24 10:00", CLIENT, "А как дальше?"),), 2, Clock.RUNNING, id="A question"),
        pytest.param((journal("11-24 10:00", CLIENT, "Спасибо!"),), 1, Clock.ANSWERED, id="Thanks"),
        pytest.param((journal("11-24 10:00", CLIENT, "👍"),), 1, Clock.ANSWERED, id="No words"),
        pytest.param((journal("11-24 10:00", CLIENT, files=("a.log",)),), 1, Clock.ANSWERED, id="A file without words"),
        pytest.param((journal("11-24 10:00", CLIENT, "А?", private=True),), 1, Clock.ANSWERED, id="A private note"),
        pytest.param(
            (journal("11-24 10:00", CLIENT, "А как?"), journal("11-25 10:00", CLIENT, "И ещё вот как?")),
            2,
            Clock.RUNNING,
            id="A further note while a term runs",
        ),
        pytest.param(
            (journal("11-24 10:00", CLIENT, "А как?"), journal("11-24 11:00", STAFF, status=("Новая", SOLVED))),
            2,
            Clock.ANSWERED,
            id="Ended without words",
        ),
        pytest.param(
            (journal("11-24 10:00", CLIENT, "А как?"), journal("11-24 11:00", CLIENT, status=("Новая", SOLVED))),
            2,
            Clock.RUNNING,
            id="Only staff end a term so",
        ),
        pytest.param(
            (
                journal("11-23 12:00", STAFF, status=("Новая", CLOSED)),
                journal("11-24 10:00", CLIENT, status=(CLOSED, WORKING)),
            ),
            2,
            Clock.RUNNING,
            id="T11: reopened",
        ),
    ],
)
def test_t10_what_starts_a_new_term(more: tuple[Journal, ...], terms: int, clock: Clock) -> None:
    """After an answer a question starts a new term of the same length, thanks do not."""
    got = standing(ANSWER, *more, now="11-25 12:00")
    assert (len(got.terms), got.clock) == (terms, clock)


def test_t3_a_ticket_moved_into_the_tracker_is_received_then() -> None:
    """What was said before the move belongs to no term."""
    moved = journal("11-25 10:00", STAFF, tracker=("Ошибка", "ТехП Пресейл"))
    got = standing(journal("11-24 10:00", STAFF, "Ответ"), moved, now="11-25 12:00")
    assert (got.clock, got.due, len(got.terms)) == (Clock.RUNNING, moment("11-27 18:00"), 1)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        pytest.param("2026-11-27", "11-27 18:00", id="A working day"),
        pytest.param("2026-11-28", "11-30 18:00", id="A day off: the next working day's close"),
        pytest.param("", "11-25 18:00", id="Taken away: the rules' term again"),
    ],
)
def test_p5_a_due_date_set_by_staff_is_the_term(day: str, due: str) -> None:
    """What a person sets stands."""
    got = standing(journal("11-23 11:00", STAFF, due_date=("2026-11-25", day)), now="11-23 12:00")
    assert got.due == moment(due)


def test_p5_a_due_date_set_by_anybody_else_is_not() -> None:
    """Neither the customer nor the bridge decides the term by a date."""
    for who in (CLIENT, BRIDGE):
        got = standing(journal("11-23 11:00", who, due_date=("", "2026-12-30")), now="11-23 12:00")
        assert got.due == moment("11-25 18:00")


def test_f3_a_request_in_the_waiting_status_pauses_again() -> None:
    """Somebody who is asked anew while the ticket still stands in the waiting status is waited for."""
    asked = did("11-23 10:15", Step.ASK, status=("Новая", WAITING))
    reply = journal("11-23 12:00", CLIENT, "Не понимаю, о чём вы?")
    again = did("11-23 12:30", Step.ASK, ordinals={Step.ASK: 2})
    assert standing(asked, reply, now="11-23 12:20").clock is Clock.RUNNING
    assert standing(asked, reply, again, now="11-23 13:00").clock is Clock.PAUSED


# --- R4, T1 ---------------------------------------------------------------------------------------------------------------------------


def test_trap_8_a_hand_over_has_a_timer_of_its_own() -> None:
    """The department's term starts at the hand-over, the customer's grows by a day; answering ends both."""
    moved = journal("11-24 12:00", STAFF, assigned_to=("", DEV))
    got = standing(moved, now="11-24 13:00")
    assert (got.due, got.department_due, got.department.name) == (moment("11-26 18:00"), moment("11-25 18:00"), DEV)
    answered = standing(moved, journal("11-25 12:00", STAFF, "Ответ"), now="11-27 13:00")
    assert (answered.clock, answered.department_due) == (Clock.ANSWERED, None)


def test_r4_the_bridges_own_routing_is_no_hand_over() -> None:
    """Routing on the first pass neither extends nor starts a department's term."""
    routed = did("11-23 10:15", Step.ACKNOWLEDGE, Step.ROUTE, assigned_to=("", DEV))
    got = standing(routed, now="11-23 12:00")
    assert (got.due, got.department_due, got.hand_overs) == (moment("11-25 18:00"), None, ())


def test_r4_extensions_are_limited() -> None:
    """A third hand-over adds nothing; without the rule none does."""
    moves = [journal(f"11-23 1{n}:00", STAFF, assigned_to=(old, new)) for n, old, new in CHAIN]
    assert standing(*moves, now="11-23 14:00").due == moment("11-27 18:00")
    none = replace(policy(), terms=replace(policy().terms, hand_over=None))
    assert standing(*moves, now="11-23 14:00", rules=none).due == moment("11-25 18:00")


def test_r5_what_the_bridge_is_about_to_do_extends_once() -> None:
    """The term told with a request for approval is the one that holds after it; at the limit it stays."""
    now = moment("11-23 12:00")
    route, sales = policy().routes[2], policy().departments[SALES_GROUP]
    before = standing(now="11-23 12:00")
    once = extended(before, policy(), route, now, sales)
    twice = extended(once, policy(), route, now, sales)
    assert [one.due for one in (before, once, twice)] == [moment(f"11-{day} 18:00") for day in (25, 26, 27)]
    assert extended(twice, policy(), route, now, sales) is twice


def test_t6_days_add_to_days() -> None:
    """An extension of one day makes two days three."""
    over = HandOver(None, policy().departments[DEV], by_staff=True)
    term = Term(1, moment("11-23 10:00"), "receipt", extensions=(Extended(Span.working_days(1), over),))
    assert due_of(term, Span.working_days(2), CALENDAR, at(0)) == moment("11-26 18:00")


def at(minutes: int) -> datetime:
    """Some minutes after the receipt."""
    return moment("11-23 10:00") + timedelta(minutes=minutes)
