"""The production calendar that is shipped, and how such a file is read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bridge.core.worktime import DayKind
from bridge.errors import PolicyError
from bridge.policy.production_calendar import parse_calendar, shipped_calendar

SHIPPED = shipped_calendar()


def test_the_shipped_calendar_has_2013_to_2027() -> None:
    """15 years, none missing."""
    assert SHIPPED.years == frozenset(range(2013, 2028))


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        pytest.param("2026-12-31", DayKind.OFF, id="31 December 2026 is off"),
        pytest.param("2026-11-03", DayKind.SHORT, id="The eve of 4 November is short"),
        pytest.param("2027-02-20", DayKind.SHORT, id="A working Saturday can be short"),
        pytest.param("2024-12-28", DayKind.WORK, id="Another is whole"),
    ],
)
def test_trap_1_kinds_of_days(day: str, kind: DayKind) -> None:
    """Days that differ from their weekday are in the data with their kind."""
    assert SHIPPED.days[date.fromisoformat(day)] is kind


@pytest.mark.parametrize(
    ("year", "days", "norm"), [(2024, 248, 1979), (2025, 247, 1972), (2026, 247, 1972), (2027, 247, 1972)]
)
def test_the_norm_of_a_year_is_the_published_one(year: int, days: int, norm: int) -> None:
    """Working days, and hours of a 40-hour week with an hour off each short day, add up to the year's published norm."""
    all_days = [
        date(year, 1, 1) + timedelta(days=offset) for offset in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
    ]
    working = [
        day for day in all_days if SHIPPED.days.get(day, DayKind.OFF if day.weekday() > 4 else None) != DayKind.OFF
    ]
    short = [day for day in working if SHIPPED.days.get(day) is DayKind.SHORT]
    assert len(working) == days
    assert 8 * len(working) - len(short) == norm


def test_a_year_can_be_added() -> None:
    """The decree for a coming year needs no new release."""
    calendar = SHIPPED.with_year(2028, {date(2028, 1, 3): DayKind.OFF})
    assert max(calendar.years) == 2028
    assert calendar.days[date(2028, 1, 3)] is DayKind.OFF
    assert date(2028, 1, 3) not in SHIPPED.days


def test_a_year_given_again_replaces_the_shipped_one() -> None:
    """A whole year given anew stands alone: nothing of the shipped one is left in it."""
    calendar = SHIPPED.with_year(2027, {date(2027, 1, 1): DayKind.OFF})
    assert {day for day in calendar.days if day.year == 2027} == {date(2027, 1, 1)}


def test_single_days_can_be_overridden() -> None:
    """A sudden decree changes one day and leaves the others."""
    calendar = SHIPPED.with_days({date(2026, 11, 3): DayKind.OFF})
    assert calendar.days[date(2026, 11, 3)] is DayKind.OFF
    assert calendar.days[date(2026, 11, 4)] is DayKind.OFF
    assert calendar.years == SHIPPED.years


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("2027-01-01", "x.csv:2: '2027-01-01' is not `date,kind`", id="A column missing"),
        pytest.param(
            "01.01.2027,off", "x.csv:2: '01.01.2027' is no date; write it as 2027-11-03", id="Another date format"
        ),
        pytest.param("2027-02-29,off", "x.csv:2: '2027-02-29' is no date", id="A day that does not exist"),
        pytest.param(
            "2027-01-01,holiday", "'holiday' is no kind of day; use one of off, short, work", id="A kind unknown"
        ),
    ],
)
def test_mistakes_in_a_file_are_told_with_their_line(line: str, message: str) -> None:
    """Each message names file and line and says what is accepted."""
    with pytest.raises(PolicyError) as refusal:
        parse_calendar(["date,kind", line], "x.csv")
    assert message in str(refusal.value)


def test_all_mistakes_are_told_at_once() -> None:
    """A wrong header, a wrong kind and a day that is there twice come in one message."""
    lines = ["day,kind", "2027-01-01,off", "", "2027-01-02,of", "2027-01-01,work"]
    with pytest.raises(PolicyError) as refusal:
        parse_calendar(lines, "x.csv")
    assert [line.split(" ", 1)[0] for line in str(refusal.value).splitlines()] == ["x.csv:1:", "x.csv:4:", "x.csv:5:"]
