"""Working time: tables of cases, a sentence per row. All moments are Moscow's unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.hours import OFFICE_HOURS, parse_hours
from bridge.core.worktime import WorkCalendar
from bridge.policy.production_calendar import shipped_calendar

MSK = ZoneInfo("Europe/Moscow")
SHIPPED = shipped_calendar()
WEEK = dict.fromkeys(range(5), OFFICE_HOURS)
LUNCH = dict.fromkeys(range(5), parse_hours("09:00-13:00, 14:00-18:00"))

OFFICE = WorkCalendar(MSK, WEEK, SHIPPED.years, SHIPPED.days)
WITH_LUNCH = replace(OFFICE, week=LUNCH)


def msk(text: str) -> datetime:
    """A moment in Moscow."""
    return datetime.fromisoformat(text).replace(tzinfo=MSK)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        pytest.param("2026-11-20 10:00", 2, "2026-11-24 18:00", id="Friday 10:00 + 2 is the close of Tuesday"),
        pytest.param("2026-11-20 23:00", 2, "2026-11-24 18:00", id="Friday 23:00 + 2 is the close of Tuesday"),
        pytest.param("2026-11-22 12:00", 2, "2026-11-24 18:00", id="Sunday + 2 is the close of Tuesday"),
        pytest.param("2026-11-22 12:00", 1, "2026-11-23 18:00", id="Sunday + 1 is the close of Monday"),
        pytest.param("2026-11-23 00:00", 1, "2026-11-24 18:00", id="Midnight belongs to the day that it begins"),
        pytest.param("2026-11-23 08:59", 1, "2026-11-24 18:00", id="Before the opening is that day all the same"),
        pytest.param("2026-11-02 10:00", 1, "2026-11-03 17:00", id="A term ending on a short day ends an hour earlier"),
        pytest.param(
            "2026-11-03 16:59", 1, "2026-11-05 18:00", id="A holiday in the middle of the week is passed over"
        ),
        pytest.param("2027-02-19 10:00", 1, "2027-02-20 17:00", id="A working Saturday that is short counts"),
        pytest.param("2024-12-27 10:00", 1, "2024-12-28 18:00", id="A working Saturday that is whole counts"),
        pytest.param("2025-12-30 10:00", 1, "2026-01-12 18:00", id="The New Year break of 12 days is passed over"),
        pytest.param("2025-12-29 10:00", 2, "2026-01-12 18:00", id="A term over New Year uses the days before it too"),
    ],
)
def test_t4_a_term_in_days_ends_at_the_close_of_the_nth_working_day(received: str, days: int, due: str) -> None:
    """The day of receipt is not counted; the term ends with the hours of the N-th working day after it."""
    assert OFFICE.closing_after(OFFICE.date_of(msk(received)), days) == msk(due)


def test_t4_the_day_of_receipt_is_the_day_in_the_calendars_zone() -> None:
    """22:30 UTC on Thursday is already Friday in Moscow."""
    received = datetime(2026, 11, 19, 22, 30, tzinfo=UTC)
    assert OFFICE.date_of(received) == date(2026, 11, 20)
    assert OFFICE.closing_after(OFFICE.date_of(received), 1) == msk("2026-11-23 18:00")


@pytest.mark.parametrize(
    "days", [pytest.param(0, id="No days are no term"), pytest.param(-1, id="Nor are negative ones")]
)
def test_t4_a_term_has_at_least_one_day(days: int) -> None:
    """Less than one working day is refused."""
    with pytest.raises(ValueError, match="at least 1 is needed"):
        OFFICE.closing_after(date(2026, 11, 20), days)


ADDITIONS = [
    pytest.param(OFFICE, "2026-11-23 10:00", 3, "2026-11-23 13:00", id="Within a day it is plain addition"),
    pytest.param(OFFICE, "2026-11-23 17:30", 1, "2026-11-24 09:30", id="Monday evening rolls over to Tuesday"),
    pytest.param(OFFICE, "2026-11-20 17:30", 1, "2026-11-23 09:30", id="Friday evening rolls over to Monday"),
    pytest.param(OFFICE, "2026-11-20 23:00", 1, "2026-11-23 10:00", id="Friday night counts from Monday's opening"),
    pytest.param(
        OFFICE, "2026-11-22 12:00", 9, "2026-11-23 18:00", id="A whole day from Sunday ends at Monday's close"
    ),
    pytest.param(
        OFFICE, "2026-11-23 18:00", 1, "2026-11-24 10:00", id="From closing time it counts from the next opening"
    ),
    pytest.param(OFFICE, "2026-11-23 09:00", 18, "2026-11-24 18:00", id="Two whole days end at the second close"),
    pytest.param(OFFICE, "2026-11-03 16:30", 1, "2026-11-05 09:30", id="A short day closes at 17:00"),
    pytest.param(OFFICE, "2027-02-19 17:00", 9, "2027-02-20 17:00", id="A short working Saturday has 8 hours"),
    pytest.param(OFFICE, "2025-12-30 17:00", 2, "2026-01-12 10:00", id="New Year's break is passed over"),
    pytest.param(WITH_LUNCH, "2026-11-23 12:30", 1, "2026-11-23 14:30", id="Lunch is not working time"),
    pytest.param(
        WITH_LUNCH, "2026-11-23 12:00", 1, "2026-11-23 13:00", id="Ending exactly at lunch it is the start of lunch"
    ),
    pytest.param(
        WITH_LUNCH, "2026-11-23 13:00", 1, "2026-11-23 15:00", id="From the start of lunch it counts from its end"
    ),
    pytest.param(WITH_LUNCH, "2026-11-23 13:30", 4, "2026-11-23 18:00", id="From within lunch likewise, to the close"),
    pytest.param(WITH_LUNCH, "2026-11-03 16:00", 2, "2026-11-05 10:00", id="A short day loses the hour after lunch"),
]


@pytest.mark.parametrize(("calendar", "start", "count", "end"), ADDITIONS)
def test_t5_adding_working_hours(calendar: WorkCalendar, start: str, count: int, end: str) -> None:
    """Working time runs in working hours only, and a term that ends exactly at closing time is that closing time."""
    assert calendar.add(msk(start), hours(count)) == msk(end)


@pytest.mark.parametrize(("calendar", "start", "count", "end"), ADDITIONS)
def test_between_is_what_was_added(calendar: WorkCalendar, start: str, count: int, end: str) -> None:
    """The working time between start and end is the span that was added, and its negative backwards."""
    assert calendar.between(msk(start), msk(end)) == hours(count)
    assert calendar.between(msk(end), msk(start)) == -hours(count)


@pytest.mark.parametrize(
    ("calendar", "end", "count", "start"),
    [
        pytest.param(OFFICE, "2026-11-24 15:00", 4, "2026-11-24 11:00", id="Within a day it is plain subtraction"),
        pytest.param(OFFICE, "2026-11-24 11:00", 4, "2026-11-23 16:00", id="4 working hours before, across a night"),
        pytest.param(OFFICE, "2026-11-23 11:00", 4, "2026-11-20 16:00", id="4 working hours before, across a weekend"),
        pytest.param(OFFICE, "2026-11-24 18:00", 9, "2026-11-24 09:00", id="Exactly at an opening it is that opening"),
        pytest.param(
            OFFICE, "2026-11-24 09:00", 1, "2026-11-23 17:00", id="From an opening it counts from the close before"
        ),
        pytest.param(OFFICE, "2026-11-22 12:00", 1, "2026-11-20 17:00", id="From a day off likewise"),
        pytest.param(OFFICE, "2026-11-05 10:00", 2, "2026-11-03 16:00", id="Across a holiday into a short day"),
        pytest.param(OFFICE, "2026-01-12 10:00", 3, "2025-12-30 16:00", id="Across New Year into another year"),
        pytest.param(
            WITH_LUNCH, "2026-11-23 15:00", 1, "2026-11-23 14:00", id="Exactly at the end of lunch it is that end"
        ),
    ],
)
def test_m1_subtracting_working_hours(calendar: WorkCalendar, end: str, count: int, start: str) -> None:
    """A reminder so many working hours before a term falls into working time."""
    assert calendar.subtract(msk(end), hours(count)) == msk(start)
    assert calendar.is_working(msk(start))


@pytest.mark.parametrize(
    "at",
    [
        pytest.param("2026-11-23 12:00", id="In working time"),
        pytest.param("2026-11-23 18:00", id="At closing time"),
        pytest.param("2026-11-22 03:00", id="On a Sunday night"),
        pytest.param("2028-01-20 12:00", id="In a year without data: none is needed"),
    ],
)
def test_nothing_added_or_subtracted_is_the_moment_itself(at: str) -> None:
    """A span of nothing moves no moment, also outside working time."""
    assert OFFICE.add(msk(at), hours(0)) == msk(at) == OFFICE.subtract(msk(at), hours(0))


def test_negative_spans_go_the_other_way() -> None:
    """Adding a negative span subtracts, subtracting one adds."""
    at = msk("2026-11-24 11:00")
    assert OFFICE.add(at, hours(-4)) == OFFICE.subtract(at, hours(4))
    assert OFFICE.subtract(at, hours(-9)) == OFFICE.add(at, hours(9))


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        pytest.param("2026-11-23 08:59", "2026-11-23 09:00", id="Before the opening it is the opening"),
        pytest.param("2026-11-23 09:00", "2026-11-23 09:00", id="At the opening it is now"),
        pytest.param("2026-11-23 12:34", "2026-11-23 12:34", id="In working time it is now"),
        pytest.param("2026-11-23 18:00", "2026-11-24 09:00", id="At closing time it is the next opening"),
        pytest.param("2026-11-20 18:01", "2026-11-23 09:00", id="On Friday evening it is Monday"),
        pytest.param(
            "2025-12-30 20:00", "2026-01-12 09:00", id="Before New Year it is after the break, in another year"
        ),
    ],
)
def test_next_opening(at: str, opening: str) -> None:
    """The first moment, not before the given one, at which somebody works."""
    assert OFFICE.next_opening(msk(at)) == msk(opening)


@pytest.mark.parametrize(
    ("at", "working"),
    [
        pytest.param("2026-11-23 08:59:59.999999", False, id="Just before the opening nobody works"),
        pytest.param("2026-11-23 09:00", True, id="The opening is working time"),
        pytest.param("2026-11-23 17:59:59.999999", True, id="Just before the close is working time"),
        pytest.param("2026-11-23 18:00", False, id="The close is not"),
        pytest.param("2026-11-22 12:00", False, id="Nor is Sunday noon"),
        pytest.param("2026-11-03 17:30", False, id="Nor the last usual hour of a short day"),
        pytest.param("2024-04-27 12:00", True, id="A working Saturday is"),
    ],
)
def test_is_working(at: str, *, working: bool) -> None:
    """An interval includes its beginning and excludes its end."""
    assert OFFICE.is_working(msk(at)) is working


# Traps


@pytest.mark.parametrize(
    ("day", "working", "closing"),
    [
        pytest.param("2024-04-27", True, "18:00", id="Saturday 27 April 2024 worked for Monday 29 April"),
        pytest.param("2024-04-29", False, None, id="Monday 29 April 2024 was off for it"),
        pytest.param("2024-11-02", True, "17:00", id="Saturday 2 November 2024 worked and was short"),
        pytest.param("2025-11-01", True, "17:00", id="Saturday 1 November 2025 worked and was short"),
        pytest.param("2025-11-03", False, None, id="Monday 3 November 2025 was off for it"),
        pytest.param("2027-02-20", True, "17:00", id="Saturday 20 February 2027 works and is short"),
        pytest.param("2027-11-05", False, None, id="Friday 5 November 2027 is off for Saturday 2 January"),
    ],
)
def test_trap_1_transferred_working_days(day: str, *, working: bool, closing: str | None) -> None:
    """Days moved by decree work or rest as the decree says, whatever their weekday."""
    on = date.fromisoformat(day)
    assert OFFICE.is_working_day(on) is working
    assert OFFICE.closing(on) == (msk(f"{day} {closing}") if closing else None)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        pytest.param("2026-11-23 09:00", 9, "2026-11-23 18:00", id="A whole day from the opening"),
        pytest.param("2026-11-20 17:00", 1, "2026-11-20 18:00", id="The last hour of a Friday"),
        pytest.param("2026-11-03 16:00", 1, "2026-11-03 17:00", id="The last hour of a short day before a holiday"),
        pytest.param("2025-12-30 17:00", 1, "2025-12-30 18:00", id="The last hour of a year"),
    ],
)
def test_trap_2_a_term_that_ends_exactly_at_closing_time_is_that_closing_time(start: str, count: int, end: str) -> None:
    """Not the next opening."""
    assert OFFICE.add(msk(start), hours(count)) == msk(end)


def test_trap_3_one_hour_before_is_counted_in_working_time() -> None:
    """Monday 17:00 + 4 working hours is Tuesday 12:00, and the reminder an hour before it is on Tuesday."""
    due = OFFICE.add(msk("2026-11-23 17:00"), hours(4))
    assert due == msk("2026-11-24 12:00")
    assert OFFICE.subtract(due, hours(1)) == msk("2026-11-24 11:00")


@given(st.datetimes(datetime(2022, 1, 15), datetime(2027, 11, 1)), st.timedeltas(timedelta(minutes=1), hours(40)))  # noqa: DTZ001
def test_trap_3_a_reminder_never_falls_into_a_night_or_a_weekend(naive: datetime, ahead: timedelta) -> None:
    """Whatever the term, a reminder before it falls into working time."""
    reminder = OFFICE.subtract(naive.replace(tzinfo=MSK), ahead)
    assert OFFICE.is_working(reminder)
    assert OFFICE.is_working_day(reminder.date())
    assert time(9) <= reminder.time() < time(18)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        pytest.param("2025-12-30 17:00", 2, "2026-01-12 10:00", id="12 days from 31 December 2025"),
        pytest.param("2026-12-30 17:00", 2, "2027-01-11 10:00", id="11 days from 31 December 2026"),
        pytest.param(
            "2024-12-28 17:00", 2, "2025-01-09 10:00", id="11 days from 29 December 2024, after a working Saturday"
        ),
        pytest.param("2026-05-08 16:00", 2, "2026-05-12 10:00", id="3 days in May, after a short Friday"),
    ],
)
def test_trap_10_a_gap_of_many_days_without_working_time(start: str, count: int, end: str) -> None:
    """A break longer than 72 hours is passed over in both directions."""
    assert OFFICE.add(msk(start), hours(count)) == msk(end)
    assert OFFICE.subtract(msk(end), hours(count)) == msk(start)
    assert OFFICE.between(msk(start), msk(end)) == hours(count)
