"""Calendars: their hours, summer time, years without data, and what they refuse. Moments are Moscow's unless said otherwise."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.hours import OFFICE_HOURS, ROUND_THE_CLOCK, parse_hours
from bridge.core.worktime import DayKind, WorkCalendar
from bridge.errors import CalendarDataError
from bridge.policy.production_calendar import shipped_calendar

MSK = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
SHIPPED = shipped_calendar()
WEEK = dict.fromkeys(range(5), OFFICE_HOURS)
LUNCH = dict.fromkeys(range(5), parse_hours("09:00-13:00, 14:00-18:00"))

OFFICE = WorkCalendar(MSK, WEEK, SHIPPED.years, SHIPPED.days)
WITH_LUNCH = replace(OFFICE, week=LUNCH)
ROUND = WorkCalendar(BERLIN, dict.fromkeys(range(7), ROUND_THE_CLOCK), frozenset({2025, 2026, 2027}))


def msk(text: str) -> datetime:
    """A moment in Moscow."""
    return datetime.fromisoformat(text).replace(tzinfo=MSK)


def berlin(text: str) -> datetime:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)


# Hours


def test_a_working_saturday_has_the_hours_of_friday() -> None:
    """Where a weekday has no hours, the last weekday before it that has some lends its own."""
    week = {**WEEK, 4: parse_hours("09:00-16:45")}
    calendar = replace(OFFICE, week=week)
    assert calendar.closing(date(2024, 4, 27)) == msk("2024-04-27 16:45")
    assert calendar.closing(date(2025, 11, 1)) == msk("2025-11-01 15:45")


def test_a_working_weekend_can_be_like_another_weekday() -> None:
    """`weekend_like` names the weekday whose hours a working Saturday has."""
    week = {**WEEK, 4: parse_hours("09:00-16:45")}
    assert replace(OFFICE, week=week, weekend_like=0).closing(date(2024, 4, 27)) == msk("2024-04-27 18:00")


def test_a_working_sunday_after_a_free_saturday_has_the_hours_of_friday() -> None:
    """The search for hours goes back over weekdays without any."""
    calendar = replace(OFFICE, days={date(2026, 11, 22): DayKind.WORK})
    assert calendar.opening(date(2026, 11, 22)) == msk("2026-11-22 09:00")


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        pytest.param("10:00-14:00", "14:00", id="A day with hours of its own has them"),
        pytest.param("", None, id="A day with no hours of its own is off"),
    ],
)
def test_a_single_day_can_have_hours_of_its_own(text: str, closing: str | None) -> None:
    """Own hours stand as given, also on a day that the production calendar calls short."""
    calendar = replace(OFFICE, hours={date(2026, 11, 3): parse_hours(text)})
    assert calendar.closing(date(2026, 11, 3)) == (msk(f"2026-11-03 {closing}") if closing else None)
    assert calendar.is_working_day(date(2026, 11, 3)) is bool(text)


def test_the_cut_of_a_short_day_can_be_set() -> None:
    """A house that closes two hours earlier says so."""
    assert replace(OFFICE, short_by=hours(2)).closing(date(2026, 11, 3)) == msk("2026-11-03 16:00")


def test_intervals_of_a_day_are_in_the_calendars_zone() -> None:
    """Opening and closing are the ends of the day's intervals; a day off has none."""
    day = date(2026, 11, 3)
    assert WITH_LUNCH.intervals(day) == (
        (msk("2026-11-03 09:00"), msk("2026-11-03 13:00")),
        (msk("2026-11-03 14:00"), msk("2026-11-03 17:00")),
    )
    assert WITH_LUNCH.opening(day) == msk("2026-11-03 09:00")
    assert WITH_LUNCH.opening(date(2026, 11, 4)) is None
    assert WITH_LUNCH.intervals(date(2026, 11, 4)) == ()


def test_results_are_in_the_calendars_zone() -> None:
    """A moment given in UTC comes back as the clock on the office's wall shows it."""
    at = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    results = (OFFICE.add(at, hours(1)), OFFICE.subtract(at, hours(1)), OFFICE.next_opening(at), OFFICE.local(at))
    assert [result.isoformat()[11:] for result in results] == [
        "11:00:00+03:00",
        "09:00:00+03:00",
        *["10:00:00+03:00"] * 2,
    ]
    assert {result.tzinfo for result in results} == {MSK}


def test_working_days_after_leaves_out_the_day_itself() -> None:
    """The days come in order, holidays left out."""
    days = [day.isoformat() for day in islice(OFFICE.working_days_after(date(2026, 11, 2)), 3)]
    assert days == ["2026-11-03", "2026-11-05", "2026-11-06"]


# Summer time


@pytest.mark.parametrize(
    ("day", "length"),
    [
        pytest.param("2026-03-29", 23, id="The day on which clocks go forward has 23 hours"),
        pytest.param("2026-10-25", 25, id="The day on which they go back has 25"),
        pytest.param("2026-11-23", 24, id="Any other has 24"),
    ],
)
def test_round_the_clock_days_are_as_long_as_they_are(day: str, length: int) -> None:
    """Working time is counted in real hours, not by the clock on the wall."""
    start = berlin(f"{day} 00:00")
    closing = ROUND.closing(date.fromisoformat(day))
    assert closing is not None
    assert ROUND.between(start, closing) == hours(length)
    assert ROUND.add(start, hours(length)) == closing
    assert ROUND.subtract(closing, hours(length)) == start


def test_round_the_clock_never_closes() -> None:
    """Days that touch at midnight, and years, leave no gap."""
    for at in (berlin("2026-11-23 00:00"), berlin("2027-01-01 00:00"), berlin("2026-12-31 23:59")):
        assert ROUND.is_working(at)
        assert ROUND.next_opening(at) == at
        assert ROUND.add(at, hours(30)).astimezone(UTC) - at.astimezone(UTC) == hours(30)
        assert at.astimezone(UTC) - ROUND.subtract(at, hours(30)).astimezone(UTC) == hours(30)


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """From 02:30 summer time to 02:30 winter time an hour passes."""
    first = berlin("2026-10-25 02:30")
    assert ROUND.between(first, first.replace(fold=1)) == hours(1)
    assert ROUND.add(first, hours(1)).fold == 1


@pytest.mark.parametrize(
    ("text", "length", "opening", "closing"),
    [
        pytest.param("02:15-02:45, 03:00-12:00", 9, "03:00", "12:00", id="Hours within the skipped hour do not exist"),
        pytest.param("01:00-02:30, 03:00-12:00", 10, "01:00", "12:00", id="Hours that end in it end as it is skipped"),
        pytest.param(
            "02:30-03:30, 04:00-12:00", 8.5, "03:00", "12:00", id="Hours that begin in it begin as it is skipped"
        ),
        pytest.param(
            "02:15-02:45, 05:00-12:00", 7, "05:00", "12:00", id="Nobody opens at a moment that closes at once"
        ),
        pytest.param("01:00-02:30", 1, "01:00", "03:00", id="A close in it is the moment of the change"),
    ],
)
def test_hours_around_the_hour_that_clocks_skip(text: str, length: float, opening: str, closing: str) -> None:
    """Where clocks skip from 02:00 to 03:00, working time is what clocks do show."""
    calendar = WorkCalendar(BERLIN, {6: parse_hours(text)}, frozenset({2026}))
    day = date(2026, 3, 29)
    begin, end = calendar.opening(day), calendar.closing(day)
    assert begin is not None
    assert end is not None
    assert (f"{begin:%H:%M}", f"{end:%H:%M}") == (opening, closing)
    assert calendar.next_opening(berlin("2026-03-29 00:00")) == begin
    assert calendar.between(begin, end) == hours(length)
    assert calendar.add(begin, hours(length)) == end
    assert calendar.subtract(end, hours(length)) == calendar.next_opening(begin)


def test_hours_in_the_hour_that_comes_twice_are_meant_the_first_time() -> None:
    """Opening at 02:15 means the first 02:15, closing at 02:45 the first 02:45."""
    calendar = WorkCalendar(BERLIN, {6: parse_hours("02:15-02:45")}, frozenset({2026}))
    day = date(2026, 10, 25)
    assert calendar.intervals(day) == ((berlin("2026-10-25 02:15"), berlin("2026-10-25 02:45")),)
    assert not calendar.is_working(berlin("2026-10-25 02:30").replace(fold=1))


# Years without data


@pytest.mark.parametrize(
    ("ask", "year"),
    [
        pytest.param(lambda: OFFICE.closing_after(date(2027, 12, 30), 1), 2028, id="A term in days that reaches it"),
        pytest.param(lambda: OFFICE.add(msk("2027-12-30 17:30"), hours(1)), 2028, id="A term in hours that reaches it"),
        pytest.param(
            lambda: OFFICE.next_opening(msk("2027-12-31 10:00")), 2028, id="The opening after the last known day"
        ),
        pytest.param(lambda: OFFICE.is_working(msk("2028-01-01 10:00")), 2028, id="A moment in it"),
        pytest.param(lambda: OFFICE.is_working_day(date(2028, 1, 1)), 2028, id="A day in it"),
        pytest.param(lambda: OFFICE.between(msk("2027-12-01 10:00"), msk("2028-01-20 10:00")), 2028, id="An end in it"),
        pytest.param(
            lambda: OFFICE.subtract(msk("2013-01-09 10:00"), hours(5)), 2012, id="Going back before the first year"
        ),
    ],
)
def test_a_year_without_data_is_an_error_that_says_what_to_do(ask: Any, year: int) -> None:
    """No answer is guessed; the message names the year and where to add it."""
    with pytest.raises(
        CalendarDataError, match=rf"no data for {year} .*add the year under `calendar.years` in rules.yaml"
    ):
        ask()


def test_the_last_closing_of_the_last_known_year_needs_no_next_year() -> None:
    """What lies wholly within the known years is answered."""
    assert OFFICE.last_known_year == 2027
    assert OFFICE.add(msk("2027-12-30 17:00"), hours(1)) == msk("2027-12-30 18:00")
    assert OFFICE.closing_after(date(2027, 12, 29), 1) == msk("2027-12-30 18:00")


def test_a_year_missing_between_others_is_not_passed_over() -> None:
    """A gap in the years is as unknown as what lies after them."""
    calendar = WorkCalendar(MSK, WEEK, frozenset({2026, 2028}))
    with pytest.raises(CalendarDataError, match="no data for 2027"):
        calendar.between(msk("2026-12-01 10:00"), msk("2028-02-01 10:00"))
    with pytest.raises(CalendarDataError, match="no data for 2027"):
        calendar.add(msk("2026-12-31 17:00"), hours(2))


@pytest.mark.parametrize(
    ("now", "years"),
    [
        pytest.param("2026-10-01 00:00", [], id="Next year is known: nothing to warn of"),
        pytest.param("2027-09-30 23:59", [], id="Before October the decree may not be out"),
        pytest.param("2027-10-01 00:00", [2028], id="From October on a missing next year is told"),
        pytest.param("2027-12-31 23:59", [2028], id="Until the year's end"),
        pytest.param("2028-01-01 00:00", [2028], id="Then it is missing now"),
        pytest.param("2028-10-01 00:00", [2028, 2029], id="And in October two are missing"),
    ],
)
def test_year_warnings(now: str, years: list[int]) -> None:
    """From October on a missing next year is warned of, in the calendar's zone, with what to do."""
    warnings = OFFICE.year_warnings(msk(now).astimezone(UTC))
    assert len(warnings) == len(years)
    for warning, year in zip(warnings, years, strict=True):
        assert f"no data for {year}" in warning
        assert "`calendar.years` in rules.yaml" in warning


# What a calendar refuses, and what it is


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"week": {}}, "no hours", id="No working time at all"),
        pytest.param({"week": {0: ()}}, "no hours", id="Days, but no hours"),
        pytest.param({"week": {7: OFFICE_HOURS}}, "0 is Monday", id="An eighth weekday"),
        pytest.param({"week": {0: ((time(18), time(9)),)}}, "end before they begin", id="Hours over midnight"),
        pytest.param({"hours": {date(2026, 1, 1): ((time(9), time(9)),)}}, "end before they begin", id="Empty hours"),
        pytest.param({"weekend_like": 6}, "has no hours", id="A working Saturday like a Sunday"),
        pytest.param({"years": frozenset(), "days": {}}, "knows no year", id="No years"),
        pytest.param({"days": {date(2028, 1, 3): DayKind.OFF}}, "no data for 2028", id="A day in an unknown year"),
        pytest.param({"hours": {date(2028, 1, 3): ()}}, "no data for 2028", id="Hours in an unknown year"),
    ],
)
def test_a_calendar_refuses_nonsense(changes: dict[str, Any], message: str) -> None:
    """Mistakes are found when the calendar is made, not when a term is counted."""
    with pytest.raises(ValueError, match=message):
        replace(OFFICE, **changes)


def test_naive_moments_are_refused() -> None:
    """A moment without a zone raises at once."""
    with pytest.raises(ValueError, match="no time zone"):
        OFFICE.add(datetime(2026, 11, 23, 10, 0), hours(1))  # noqa: DTZ001


def test_a_moment_is_not_taken_for_a_day() -> None:
    """A datetime is a date to Python; here it would be looked up in vain, so it is refused."""
    with pytest.raises(TypeError, match="is a moment, not a day"):
        OFFICE.is_working_day(msk("2026-11-04 10:00"))


def test_a_calendar_is_a_value() -> None:
    """Equal ones compare and hash equal, one survives pickling and sits in a frozen dataclass, and what was given can change freely."""

    @dataclass(frozen=True)
    class Holder:
        calendar: WorkCalendar

    days = dict(SHIPPED.days)
    calendar = WorkCalendar(MSK, WEEK, SHIPPED.years, days)
    calendar.add(msk("2026-11-23 10:00"), hours(1))
    days.clear()
    copy = pickle.loads(pickle.dumps(calendar))
    assert copy == calendar == OFFICE != WITH_LUNCH
    assert hash(Holder(copy)) == hash(Holder(OFFICE))
    assert copy.add(msk("2026-11-03 16:30"), hours(1)) == msk("2026-11-05 09:30")


def test_working_days_agree_with_the_holidays_package_2022_to_2027() -> None:
    """The shipped calendar and an independent package call the same days working days."""
    russia = holidays.country_holidays("RU", years=range(2022, 2028))
    days = [date(2022, 1, 1) + timedelta(days=offset) for offset in range((date(2028, 1, 1) - date(2022, 1, 1)).days)]
    assert [day for day in days if OFFICE.is_working_day(day) is not russia.is_working_day(day)] == []


@given(
    st.sampled_from([OFFICE, WITH_LUNCH, ROUND]),
    st.datetimes(datetime(2025, 1, 15), datetime(2027, 6, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(microseconds=1), hours(500)),
)
def test_adding_and_measuring_agree_to_the_microsecond(
    calendar: WorkCalendar, naive: datetime, amount: timedelta
) -> None:
    """What was added lies between; taking it back leads to the same working time; the end is working time or a close."""
    start = naive.replace(tzinfo=UTC)
    end = calendar.add(start, amount)
    assert calendar.between(start, end) == amount
    assert calendar.subtract(end, amount) == calendar.next_opening(start)
    assert calendar.is_working(end - timedelta(microseconds=1))
