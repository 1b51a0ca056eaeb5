"""Hours of a day as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bridge.core.hours import Hours, checked, on_the_wall, parse_hours, shortened


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        pytest.param("09:00-18:00", ((time(9), time(18)),), id="One interval"),
        pytest.param("9-18", ((time(9), time(18)),), id="Whole hours need no minutes"),
        pytest.param(
            " 9:00 – 13:00,14:00—18:30 ",
            ((time(9), time(13)), (time(14), time(18, 30))),
            id="Two, with dashes and blanks as they come",
        ),
        pytest.param("00:00-24:00", ((time(0), time(0)),), id="Round the clock"),
        pytest.param("22:00-24:00", ((time(22), time(0)),), id="Until midnight"),
        pytest.param("", (), id="A day off"),
    ],
)
def test_reading_hours(text: str, hours: Hours) -> None:
    """Hours are intervals of wall-clock times; 24:00 is the end of a day."""
    assert parse_hours(text) == hours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("from nine to six", "cannot read the hours 'from nine to six'", id="Words"),
        pytest.param("09:00", "write them as 09:00-18:00", id="Half an interval"),
        pytest.param("09:00-25:00", "not on a clock", id="An hour that no clock has"),
        pytest.param("24:00-24:00", "not on a clock", id="A beginning at 24:00"),
        pytest.param("09:60-18:00", "not on a clock", id="A minute that no clock has"),
        pytest.param("18:00-09:00", "write hours over midnight as two intervals", id="Over midnight"),
        pytest.param("18:00-00:00", "midnight at the end of a day is 24:00", id="Midnight written as 00:00"),
        pytest.param("14:00-18:00, 09:00-13:00", "overlap or are out of order", id="Out of order"),
        pytest.param("09:00-14:00, 13:00-18:00", "overlap or are out of order", id="Overlapping"),
        pytest.param("09:00-24:00, 13:00-18:00", "09:00-24:00 and 13:00-18:00 overlap", id="Something after 24:00"),
    ],
)
def test_refused_hours(text: str, message: str) -> None:
    """The message says what is wrong and how hours are written."""
    with pytest.raises(ValueError, match=message):
        parse_hours(text)


def test_hours_have_no_zone_of_their_own() -> None:
    """The calendar's zone is the only one."""
    with pytest.raises(ValueError, match="carry a time zone"):
        checked(((time(9, tzinfo=UTC), time(18, tzinfo=UTC)),))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("09:00-18:00", "09:00-17:00", id="The day ends an hour earlier"),
        pytest.param("09:00-13:00, 14:00-18:00", "09:00-13:00, 14:00-17:00", id="The afternoon ends earlier"),
        pytest.param("09:00-17:00, 17:30-18:00", "09:00-16:30", id="An hour of work goes, not an hour of break"),
        pytest.param("09:00-17:00, 18:00-19:00", "09:00-17:00", id="A last interval of an hour goes"),
        pytest.param("00:00-24:00", "00:00-23:00", id="24:00 becomes 23:00"),
        pytest.param("09:00-09:30", "", id="Less than an hour leaves nothing"),
    ],
)
def test_a_short_day_lacks_an_hour_of_work_at_its_end(text: str, left: str) -> None:
    """A short day is one hour of working time shorter."""
    assert shortened(parse_hours(text), timedelta(hours=1)) == parse_hours(left)


def test_hours_on_the_wall_end_at_the_midnight_that_follows() -> None:
    """24:00 is 00:00 of the next day."""
    (interval,) = on_the_wall(date(2026, 12, 31), parse_hours("22:00-24:00"))
    assert interval == (datetime(2026, 12, 31, 22), datetime(2027, 1, 1))  # noqa: DTZ001
