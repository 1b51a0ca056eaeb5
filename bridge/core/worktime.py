"""Working time: which moments are working time, and arithmetic on them (T2, T4, T5; policy, "Words").

Every moment that comes in is aware, in any zone; every moment that goes out is in the calendar's zone. All arithmetic goes through UTC, because
Python subtracts and compares two moments of *one* zone by the wall clock and is an hour wrong over a change to or from summer time.
A year is a sorted list of UTC intervals with prefix sums, built when it is first needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from bridge.core.hours import Hours, checked, on_the_wall, shortened
from bridge.core.intervals import Intervals
from bridge.core.model import Language, require_aware
from bridge.errors import CalendarDataError

_ZERO: Final = timedelta(0)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_OCTOBER: Final = 10


class DayKind(StrEnum):
    """How a day differs from what its weekday says (policy, "Words")."""

    OFF = "off"
    SHORT = "short"
    WORK = "work"


@dataclass(frozen=True)
class WorkCalendar:
    """When people work (T2): hours per weekday, days that differ, and the years that are known.

    Attributes:
        zone: the zone in which hours and days are meant.
        week: hours of each weekday, 0 is Monday; a weekday left out has none.
        years: the years for which `days` are complete. Anything that would need another year raises `CalendarDataError`.
        days: days that differ from their weekday (production calendar).
        hours: days with hours of their own; these stand as given, whatever the day's kind.
        short_by: working time that a short day lacks at its end.
        weekend_like: weekday whose hours a working Saturday or Sunday has; None: the last weekday before it that has hours.
        zone_names: what the zone is called in a text, per language, where the built-in name does not do.

    Raises:
        ValueError: there are no hours at all, hours make no sense, or a day lies outside the known years.
    """

    zone: ZoneInfo
    week: Mapping[int, Hours]
    years: frozenset[int]
    days: Mapping[date, DayKind] = field(default_factory=dict)
    hours: Mapping[date, Hours] = field(default_factory=dict)
    short_by: timedelta = _HOUR
    weekend_like: int | None = None
    zone_names: Mapping[Language, str] = field(default_factory=dict)
    _built: dict[int, Intervals] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Freeze what was given and refuse nonsense."""
        for name in ("week", "days", "hours", "zone_names"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        object.__setattr__(self, "years", frozenset(self.years))
        self._check()

    def __hash__(self) -> int:
        """Equal calendars hash equally; the days are left out, they would cost more than they tell apart."""
        return hash((self.zone.key, self.years, tuple(sorted(self.week.items()))))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was given, not what was built from it."""
        given = (dict(self.week), self.years, dict(self.days), dict(self.hours))
        return type(self), (self.zone, *given, self.short_by, self.weekend_like, dict(self.zone_names))

    # Days

    @property
    def last_known_year(self) -> int:
        """The last year with data."""
        return max(self.years)

    def local(self, at: datetime) -> datetime:
        """The same moment in the calendar's zone."""
        return _utc(at).astimezone(self.zone)

    def date_of(self, at: datetime) -> date:
        """The day on which a moment falls in the calendar's zone."""
        return self.local(at).date()

    def hours_on(self, day: date) -> Hours:
        """The wall-clock hours of a day; empty on a day off.

        Raises:
            CalendarDataError: the day's year has no data.
        """
        if isinstance(day, datetime):
            raise TypeError(f"{day.isoformat()} is a moment, not a day; ask date_of() for its day")
        if day.year not in self.years:
            raise CalendarDataError(self._unknown(day.year))
        if day in self.hours:
            return self.hours[day]
        match self.days.get(day):
            case DayKind.OFF:
                return ()
            case DayKind.WORK:
                return self._usual(day.weekday())
            case DayKind.SHORT:
                return shortened(self._usual(day.weekday()), self.short_by)
            case None:
                return self.week.get(day.weekday(), ())

    def is_working_day(self, day: date) -> bool:
        """Whether anybody works on that day; raises `CalendarDataError` for a year without data."""
        return bool(self.hours_on(day))

    def intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working time of a day, in order; raises `CalendarDataError` for a year without data."""
        return tuple((self.local(start), self.local(end)) for start, end in self._real(day))

    def opening(self, day: date) -> datetime | None:
        """When work begins on that day; None on a day off."""
        intervals = self.intervals(day)
        return intervals[0][0] if intervals else None

    def closing(self, day: date) -> datetime | None:
        """When work ends on that day (the midnight after it, if at 24:00); None on a day off."""
        intervals = self.intervals(day)
        return intervals[-1][1] if intervals else None

    def working_days_after(self, day: date) -> Iterator[date]:
        """The working days after a day, which itself is not counted; raises `CalendarDataError` on reaching a year without data."""
        while True:
            day += _DAY
            if self.is_working_day(day):
                yield day

    def closing_after(self, day: date, n: int) -> datetime:
        """The close of the `n`-th working day after a day (T4, without pauses).

        Raises:
            ValueError: `n` is less than 1.
            CalendarDataError: that day lies in a year without data.
        """
        if n < 1:
            raise ValueError(f"a term of {n} working days: at least 1 is needed")
        closings = (closing for later in self.working_days_after(day) if (closing := self.closing(later)))
        return next(islice(closings, n - 1, None))

    # Moments

    def is_working(self, at: datetime) -> bool:
        """Whether a moment is working time: an opening is, a closing is not."""
        moment, year = self._placed(at)
        return self._year(year).opening(moment) == moment

    def next_opening(self, at: datetime) -> datetime:
        """The first moment of working time not before `at`: `at` itself during working time; at closing time, the next opening."""
        moment, year = self._placed(at)
        while (opening := self._year(year).opening(moment)) is None:
            year += 1
        return opening.astimezone(self.zone)

    def add(self, at: datetime, amount: timedelta) -> datetime:
        """The moment by which `amount` of working time has passed since `at` (T5).

        Ending exactly at closing time it is that closing time, never the next opening. Nothing added is `at` itself, also outside working
        time. A negative amount is subtracted.

        Raises:
            CalendarDataError: the way leads through a year without data.
        """
        if amount < _ZERO:
            return self.subtract(at, -amount)
        if not amount:
            return self.local(at)
        moment, year = self._placed(at)
        needed = self._year(year).until(moment) + amount
        while needed > (total := self._year(year).total):
            needed -= total
            year += 1
        return self._year(year).first_with(needed).astimezone(self.zone)

    def subtract(self, at: datetime, amount: timedelta) -> datetime:
        """The moment from which `amount` of working time passes until `at` (M1: reminders before a term).

        The mirror of `add`: beginning exactly at an opening it is that opening, never the closing before. Nothing subtracted is `at` itself.

        Raises:
            CalendarDataError: the way leads through a year without data.
        """
        if amount < _ZERO:
            return self.add(at, -amount)
        if not amount:
            return self.local(at)
        moment, year = self._placed(at)
        left = self._year(year).until(moment) - amount
        while left < _ZERO:
            year -= 1
            left += self._year(year).total
        return self._year(year).last_with(left).astimezone(self.zone)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from `start` to `end`; negative where `end` is earlier."""
        (first, first_year), (last, last_year) = self._placed(start), self._placed(end)
        if last < first:
            return -self.between(end, start)
        whole_years = sum((self._year(year).total for year in range(first_year, last_year)), _ZERO)
        return whole_years + self._year(last_year).until(last) - self._year(first_year).until(first)

    def year_warnings(self, now: datetime) -> tuple[str, ...]:
        """What leads must do about missing years: this year at once, the next one from October on (its decree appears in the autumn)."""
        today = self.date_of(now)
        wanted = (today.year, today.year + 1) if today.month >= _OCTOBER else (today.year,)
        return tuple(self._unknown(year) for year in wanted if year not in self.years)

    # Inside

    def _check(self) -> None:
        for hours in (*self.week.values(), *self.hours.values()):
            checked(hours)
        if not set(self.week) <= set(range(7)) or not any(self.week.values()):
            raise ValueError("the working week has no hours; give at least one weekday (0 is Monday, 6 is Sunday) some")
        if not self.years:
            raise ValueError("the calendar knows no year; add one under `calendar.years` in rules.yaml")
        if self.weekend_like is not None and not self.week.get(self.weekend_like):
            raise ValueError(f"working weekends are to be like weekday {self.weekend_like}, which has no hours")
        stray = min((day for day in (*self.days, *self.hours) if day.year not in self.years), default=None)
        if stray:
            raise ValueError(f"{stray} differs from its weekday, but {self._unknown(stray.year)}")

    def _unknown(self, year: int) -> str:
        known = f"{min(self.years)}-{max(self.years)}"
        return f"the production calendar has no data for {year} (it has {known}): add the year under `calendar.years` in rules.yaml"

    def _usual(self, weekday: int) -> Hours:
        """Hours of a weekday; one that has none (a working Saturday) gets another's."""
        if self.week.get(weekday):
            return self.week[weekday]
        if self.weekend_like is not None:
            return self.week[self.weekend_like]
        return next(hours for back in range(1, 7) if (hours := self.week.get((weekday - back) % 7)))

    def _placed(self, at: datetime) -> tuple[datetime, int]:
        """A moment in UTC, and the year in which it falls in the calendar's zone."""
        moment = _utc(at)
        return moment, moment.astimezone(self.zone).year

    def _year(self, year: int) -> Intervals:
        if year not in self._built:
            self._built[year] = self._build(year)
        return self._built[year]

    def _build(self, year: int) -> Intervals:
        first = date(year, 1, 1)
        days = (first + offset * _DAY for offset in range((date(year + 1, 1, 1) - first).days))
        return Intervals.of(pair for day in days for pair in self._real(day))

    def _real(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The intervals of a day in UTC, without those of which clocks skip the whole."""
        for start, end in on_the_wall(day, self.hours_on(day)):
            begin, close = self._from_wall(start), self._from_wall(end)
            if begin < close:
                yield begin, close

    def _from_wall(self, wall: datetime) -> datetime:
        """A wall-clock time of the zone in UTC: one that clocks show twice is meant the first time, one that they skip is when they skip it."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first <= second:
            return first
        seconds = range((first - second) // _SECOND + 1)
        changed = self._offset(first)
        return second + _SECOND * bisect_left(
            seconds, changed, key=lambda count: self._offset(second + _SECOND * count)
        )

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or _ZERO


def _utc(at: datetime) -> datetime:
    require_aware(at, "a moment")
    return at.astimezone(UTC)
