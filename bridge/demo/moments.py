"""The moments of the demo's world, told by working time, so that a story is as true on a Sunday evening as on a Tuesday at noon.

Working days are counted from the present: day 0 is the last one that has closed, day 1 the one that closes next (today, during working time).
So whatever is told of day 0 and earlier has happened, and a term that ends with day 0 has been missed, one that ends with day 1 is nearly due.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from bridge.core.worktime import WorkCalendar

_DAY: Final = timedelta(days=1)
_SPAN: Final = r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?"
_ON_A_DAY: Final = re.compile(rf"day (?P<day>-?\d+) \+ {_SPAN}")
_AGO: Final = re.compile(r"(?P<minutes>\d+) (?P<working>working )?minutes ago")
_LATER: Final = re.compile(r"(?P<minutes>\d+) minutes later")
_CLOSING: Final = re.compile(r"close of day (?P<day>-?\d+)")
_TERM: Final = re.compile(r"(?P<days>\d+) working days after (?P<event>receipt|the pass)")


@dataclass(frozen=True)
class Moments:
    """Moments relative to `now`, by a working calendar."""

    now: datetime
    calendar: WorkCalendar

    def day(self, number: int) -> date:
        """The working day of that number.

        Raises:
            CalendarDataError: it lies in a year without data.
        """
        if number > 0:
            return next(islice(self._open_days(), number - 1, None))
        return next(islice(self._closed_days(), -number, None))

    def closing(self, number: int) -> datetime:
        """When that working day closes."""
        closing = self.calendar.closing(self.day(number))
        assert closing is not None
        return closing

    def on(self, number: int, after_opening: timedelta) -> datetime:
        """So much working time after the opening of that day."""
        opening = self.calendar.opening(self.day(number))
        assert opening is not None
        return self.calendar.add(opening, after_opening)

    def read(self, text: str, before: datetime | None = None) -> datetime:
        """A moment as the world tells it.

        "day -1 + 2h30m" (after that day's opening), "5 minutes ago" (by the clock), "40 working minutes ago", "12 minutes later" (by the
        clock, than `before`), "close of day 2".

        Raises:
            ValueError: it is none of these, or "later" than nothing.
        """
        if found := _ON_A_DAY.fullmatch(text):
            return self.on(int(found["day"]), _span(found))
        if found := _AGO.fullmatch(text):
            return self._ago(_span(found), working=bool(found["working"]))
        if found := _CLOSING.fullmatch(text):
            return self.closing(int(found["day"]))
        found = _LATER.fullmatch(text)
        if found is None or before is None:
            raise ValueError(f"{text!r} is no moment of the demo's world")
        return before + timedelta(minutes=int(found["minutes"]))

    def due(self, text: str, received: datetime) -> datetime:
        """When an answer is due, as the world tells it: "close of day 2", "3 working days after receipt" or "… after the pass"."""
        if found := _TERM.fullmatch(text):
            start = received if found["event"] == "receipt" else self.now
            return self.calendar.closing_after(self.calendar.date_of(start), int(found["days"]))
        return self.read(text)

    def _ago(self, span: timedelta, *, working: bool) -> datetime:
        return self.calendar.subtract(self.now, span) if working else self.now - span

    def _open_days(self) -> Iterator[date]:
        today = self.calendar.date_of(self.now)
        closing = self.calendar.closing(today)
        if closing is not None and closing > self.now:
            yield today
        yield from self.calendar.working_days_after(today)

    def _closed_days(self) -> Iterator[date]:
        day = self.calendar.date_of(self.now)
        while True:
            closing = self.calendar.closing(day)
            if closing is not None and closing <= self.now:
                yield day
            day -= _DAY


def _span(found: re.Match[str]) -> timedelta:
    given = {name: int(value) for name, value in found.groupdict().items() if value and name in {"hours", "minutes"}}
    return timedelta(**given)
