"""Working time against an oracle that knows nothing but to walk from minute to minute.

The oracle shares no code with the bridge: it reads the production calendar itself, asks for every minute what the clock on the wall shows, and
counts on its fingers.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import bridge
from bridge.core.worktime import DayKind, WorkCalendar

CASES_PER_CALENDAR = 2000
FIRST = datetime(2026, 9, 20, tzinfo=UTC)
DAYS = 220
"""Autumn 2026 to spring 2027: both changes of the clocks, the New Year break, short days and a working Saturday."""

KINDS = {
    date.fromisoformat(row["date"]): row["kind"]
    for row in csv.DictReader(
        (Path(bridge.__file__).parent / "data" / "production-calendar-ru.csv").open(encoding="utf-8")
    )
    if row["date"][:4] in {"2026", "2027"}
}

Ranges = tuple[tuple[int, int], ...]
DAY_WITH_LUNCH: Ranges = ((9, 13), (14, 18))
NIGHT: Ranges = ((0, 6), (22, 24))


class Oracle:
    """A minute is working time if the clock on the wall, at that minute, is within the hours of that day."""

    def __init__(self, zone: ZoneInfo, week: dict[int, Ranges], kinds: dict[date, str]) -> None:
        self.zone, self.week, self.kinds = zone, week, kinds
        walls = [(FIRST + timedelta(minutes=minute)).astimezone(zone) for minute in range(DAYS * 1440)]
        of_day = {day: self.minutes_of(day) for day in {wall.date() for wall in walls}}
        self.days = [wall.date() for wall in walls]
        self.working = [wall.hour * 60 + wall.minute in of_day[wall.date()] for wall in walls]
        self.closings = {day: minute + 1 for minute, day in enumerate(self.days) if self.working[minute]}

    def minutes_of(self, day: date) -> set[int]:
        """The working minutes of a day by the clock on the wall."""
        kind = self.kinds.get(day, "")
        ranges = self.week.get(day.weekday(), ())
        if kind in {"work", "short"} and not ranges:
            ranges = self.week[4]
        minutes = [minute for start, end in ranges for minute in range(start * 60, end * 60)]
        if kind == "off":
            return set()
        return set(minutes[:-60] if kind == "short" else minutes)

    def add(self, minute: int, amount: int) -> int:
        """Walk on until so many working minutes are passed."""
        while amount:
            amount -= self.working[minute]
            minute += 1
        return minute

    def subtract(self, minute: int, amount: int) -> int:
        """Walk back until so many working minutes are passed."""
        while amount:
            minute -= 1
            amount -= self.working[minute]
        return minute

    def opening(self, minute: int) -> int:
        """Walk on until somebody works."""
        while not self.working[minute]:
            minute += 1
        return minute

    def closing_after(self, minute: int, days: int) -> int:
        """The end of the last working minute of the day that is so many days with working minutes later."""
        later = [closing for day, closing in self.closings.items() if day > self.days[minute]]
        return later[days - 1]


OFFICE: dict[int, Ranges] = dict.fromkeys(range(5), ((9, 18),))
CALENDARS = [
    pytest.param("Europe/Moscow", OFFICE, KINDS, id="The shipped hours in Moscow"),
    pytest.param("Europe/Moscow", dict.fromkeys(range(5), DAY_WITH_LUNCH), KINDS, id="A lunch break in Moscow"),
    pytest.param(
        "Europe/Berlin", dict.fromkeys(range(7), ((0, 24),)), {}, id="Round the clock in Berlin, over summer time"
    ),
    pytest.param("Europe/Berlin", dict.fromkeys(range(7), NIGHT), KINDS, id="Nights in Berlin, over summer time"),
    pytest.param(
        "America/New_York",
        {**dict.fromkeys(range(5), DAY_WITH_LUNCH), 5: ((10, 14),), 3: ((0, 24),), 2: ((8, 9), (9, 10), (23, 24))},
        KINDS,
        id="Each day another in New York",
    ),
]


def times(ranges: Ranges) -> tuple[tuple[time, time], ...]:
    """The same hours as the calendar takes them."""
    return tuple((time(start), time(end % 24)) for start, end in ranges)


@pytest.mark.parametrize(("zone", "week", "kinds"), CALENDARS)
def test_working_time_agrees_with_a_minute_by_minute_oracle(
    zone: str, week: dict[int, Ranges], kinds: dict[date, str]
) -> None:
    """2,000 random cases for each of 5 calendars: all that a calendar can be asked is what walking the minutes finds."""
    oracle = Oracle(ZoneInfo(zone), week, kinds)
    calendar = WorkCalendar(
        ZoneInfo(zone),
        {day: times(ranges) for day, ranges in week.items()},
        frozenset({2026, 2027}),
        {day: DayKind(kind) for day, kind in kinds.items()},
    )
    draw = random.Random(2026)
    for _ in range(CASES_PER_CALENDAR):
        start = draw.randrange(25 * 1440, (DAYS - 25) * 1440)
        other = start + draw.randrange(-8 * 1440, 16 * 1440)
        amount = draw.choice([0, 1, 60, 540, 541, draw.randrange(1500)])
        days = draw.randrange(1, 4)
        at, end = (FIRST + timedelta(minutes=minute) for minute in (start, other))
        span = timedelta(minutes=amount)
        got = {
            "add": minute_of(calendar.add(at, span)),
            "subtract": minute_of(calendar.subtract(at, span)),
            "opening": minute_of(calendar.next_opening(at)),
            "working": calendar.is_working(at),
            "between": calendar.between(at, end) // timedelta(minutes=1),
            "days": minute_of(calendar.closing_after(calendar.date_of(at), days)),
        }
        worked = sum(oracle.working[min(start, other) : max(start, other)])
        assert got == {
            "add": oracle.add(start, amount),
            "subtract": oracle.subtract(start, amount),
            "opening": oracle.opening(start),
            "working": oracle.working[start],
            "between": worked if start <= other else -worked,
            "days": oracle.closing_after(start, days),
        }, f"{at}, {amount} minutes, {days} days, until {end}"


def minute_of(at: datetime) -> int:
    """The number of a moment's minute; a moment with seconds is a mistake."""
    minutes, rest = divmod(at.astimezone(UTC) - FIRST, timedelta(minutes=1))
    assert not rest
    return minutes
