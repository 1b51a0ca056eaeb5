"""The small values of rules.yaml: each is read from what a person writes, or refused with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, PlainValidator, StrictBool, StrictInt

from bridge.core.hours import Hours, parse_hours
from bridge.core.spans import Span, SpanUnit
from bridge.core.worktime import DayKind
from bridge.policy.vocabulary import KINDS, did_you_mean

T = TypeVar("T")

_ZERO: Final = timedelta(0)
_LONGEST_DAYS: Final = 250
_LONGEST_TIME: Final = timedelta(hours=2000)

YesNo = StrictBool
Count = Annotated[StrictInt, Field(ge=1, le=100_000)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


Name = Annotated[str, Field(min_length=1, max_length=1000)]
Kind = Annotated[str, Field(min_length=1, json_schema_extra={"enum": list(KINDS)})]
Body = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
SomeNames = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(_as_list, json_schema_input_type=str | list[str])
]


def _text(value: Any, example: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"write it as text, such as `{example}`")  # noqa: TRY004 - pydantic lets a TypeError through
    return str(value)


def _from_text(read: Callable[[str], T], example: str) -> PlainValidator:
    return PlainValidator(lambda value: read(_text(value, example)), json_schema_input_type=str)


def read_term(text: str) -> Span:
    """A term in working days or working time, longer than nothing and shorter than a year (T4, T5).

    Raises:
        ValueError: it is not that.
    """
    span = Span.parse(text).read_as(SpanUnit.WORKING_TIME)
    if span.unit is SpanUnit.WALL_TIME:
        raise ValueError(f"{text!r}: a term is counted in working days or working hours, such as `2 working days`")
    if span.days < 0 or span.time < _ZERO or not span:
        raise ValueError(f"{text!r} is an impossible term: it must be longer than nothing")
    if span.days > _LONGEST_DAYS or span.time > _LONGEST_TIME:
        raise ValueError(f"{text!r} is an impossible term: it is longer than a year")
    return span


def read_offset(text: str) -> timedelta:
    """How long before (negative) or after a due moment, in working time (M1).

    Raises:
        ValueError: it is not that.
    """
    span = Span.parse(text).read_as(SpanUnit.WORKING_TIME)
    if span.unit is not SpanUnit.WORKING_TIME:
        raise ValueError(f"{text!r}: a reminder is set in working hours or minutes, such as `-4 working hours`")
    return span.time


def read_wall_time(text: str) -> timedelta:
    """A time by the clock, day and night.

    Raises:
        ValueError: it is not that, or negative.
    """
    span = Span.parse(text).read_as(SpanUnit.WALL_TIME)
    if span.unit is not SpanUnit.WALL_TIME or span.time < _ZERO:
        raise ValueError(f"{text!r}: this is time by the clock, such as `10 minutes`")
    return span.time


def read_working_days(text: str) -> int:
    """A number of working days.

    Raises:
        ValueError: it is not that, or less than 1.
    """
    span = read_term(text)
    if not span.in_days:
        raise ValueError(f"{text!r}: this is counted in working days, such as `5 working days`")
    return span.days


def read_moment(text: str) -> datetime:
    """A moment with its time zone.

    Raises:
        ValueError: it is not that.
    """
    example = "write it as 2026-11-01T00:00:00+03:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; {example}") from None
    if moment.utcoffset() is None:
        raise ValueError(f"{text!r} has no time zone; {example}")
    return moment


def read_zone(text: str) -> ZoneInfo:
    """A time zone by name.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # ZoneInfo raises all of them, by what is odd about the name
        remedy = did_you_mean(text, available_timezones()) or "write it as Europe/Moscow"
        raise ValueError(f"there is no time zone {text!r}; {remedy}") from None


def read_pattern(text: str) -> re.Pattern[str]:
    """A regular expression that a whole value has to match.

    Raises:
        ValueError: it is none.
    """
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the regular expression {text!r} is broken: {error}") from None


def read_hours(value: Any) -> Hours:
    """Hours of a day: "09:00-18:00", or a list of intervals.

    Raises:
        ValueError: it is not that.
    """
    parts = value if isinstance(value, list) else [] if value is None else [value]
    return parse_hours(", ".join(_text(part, "09:00-18:00") for part in parts))


def read_day(value: Any) -> DayKind | Hours:
    """What one day is: off, short, work, or hours of its own.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str) and value in set(DayKind):
        return DayKind(value)
    try:
        return read_hours(value)
    except ValueError as error:
        raise ValueError(f"a day is `off`, `short`, `work` or its hours: {error}") from None


Term = Annotated[Span, _from_text(read_term, "2 working days")]
Offset = Annotated[timedelta, _from_text(read_offset, "-4 working hours")]
WallTime = Annotated[timedelta, _from_text(read_wall_time, "10 minutes")]
WorkingDays = Annotated[int, _from_text(read_working_days, "5 working days")]
Moment = Annotated[datetime, _from_text(read_moment, "2026-11-01T00:00:00+03:00")]
Zone = Annotated[ZoneInfo, _from_text(read_zone, "Europe/Moscow")]
Pattern = Annotated[re.Pattern[str], _from_text(read_pattern, r"\d+")]
DayHours = Annotated[Hours, PlainValidator(read_hours, json_schema_input_type=str | list[str])]
Day = Annotated[DayKind | Hours, PlainValidator(read_day, json_schema_input_type=str | list[str])]
