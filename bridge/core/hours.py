"""Hours of one day, as people write them and as a clock on the wall shows them.

An interval is a pair of wall-clock times. `time(0)` as its end is 24:00, so `(time(0), time(0))` is the whole day. Hours over midnight are two
intervals, one on each day.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, TypeAlias

Interval: TypeAlias = tuple[time, time]
Hours: TypeAlias = tuple[Interval, ...]

MIDNIGHT: Final = time(0)
ROUND_THE_CLOCK: Final[Hours] = ((MIDNIGHT, MIDNIGHT),)
OFFICE_HOURS: Final[Hours] = ((time(9), time(18)),)

_ONE_DAY: Final = timedelta(days=1)
_ZERO: Final = timedelta(0)
_INTERVAL: Final = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–—]\s*(\d{1,2})(?::(\d\d))?")
_ACCEPTED: Final = "write them as 09:00-18:00, or 09:00-13:00, 14:00-18:00, or 00:00-24:00"


def parse_hours(text: str) -> Hours:
    """Hours of a day out of text such as "09:00-13:00, 14:00-18:00"; an empty text means no hours.

    Raises:
        ValueError: the text is not that, an interval ends before it begins, or intervals are out of order or overlap.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    return checked(tuple(_interval(part) for part in parts))


def checked(hours: Hours) -> Hours:
    """The same hours, if they make sense.

    Raises:
        ValueError: an interval ends before it begins, or intervals are out of order or overlap; or a time carries a zone.
    """
    for start, end in hours:
        if start.tzinfo or end.tzinfo:
            raise ValueError(f"hours {_shown(start, end)} carry a time zone; the calendar has one for all of them")
        if end != MIDNIGHT and end <= start:
            raise ValueError(
                f"hours {_shown(start, end)} end before they begin; write hours over midnight as two intervals: "
                "22:00-24:00, and 00:00-06:00 on the next day"
            )
    for (start, end), (next_start, next_end) in pairwise(hours):
        if end == MIDNIGHT or next_start < end:
            raise ValueError(
                f"hours {_shown(start, end)} and {_shown(next_start, next_end)} overlap or are out of order"
            )
    return hours


def on_the_wall(day: date, hours: Hours) -> tuple[tuple[datetime, datetime], ...]:
    """The intervals of one day as naive wall-clock moments; an end at 24:00 is the midnight that follows."""
    return tuple(
        (
            datetime.combine(day, start),
            datetime.combine(day, end) + (_ONE_DAY if end == MIDNIGHT else _ZERO),
        )
        for start, end in hours
    )


def shortened(hours: Hours, by: timedelta) -> Hours:
    """The hours with `by` of working time cut off at the end of the day (Labour Code, article 95); a break is not working time.

    So 09:00-17:00, 17:30-18:00 cut by one hour is 09:00-16:30.
    """
    kept = list(hours)
    for start, end in reversed(on_the_wall(date.min, hours)):
        if by <= _ZERO:
            break
        kept.pop()
        if end - start > by:
            kept.append((start.time(), (end - by).time()))
        by -= end - start
    return tuple(kept)


def _interval(text: str) -> Interval:
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueError(f"cannot read the hours {text!r}; {_ACCEPTED}")
    start_hour, start_minute, end_hour, end_minute = (int(part or 0) for part in match.groups())
    try:
        end = MIDNIGHT if (end_hour, end_minute) == (24, 0) else time(end_hour, end_minute)
        start = time(start_hour, start_minute)
    except ValueError:
        raise ValueError(f"the hours {text!r} are not on a clock; {_ACCEPTED}") from None
    if end == MIDNIGHT and end_hour == 0:
        raise ValueError(f"the hours {text!r} end before they begin; midnight at the end of a day is 24:00")
    return start, end


def _shown(start: time, end: time) -> str:
    return f"{start:%H:%M}-{'24:00' if end == MIDNIGHT else format(end, '%H:%M')}"
