"""Spans of time as people write and read them, in English and Russian: "2 working days", «16 рабочих часов», "1h30m".

"working" and "calendar" («рабочий», «календарный») say which time is meant. Hours and minutes without either are a plain duration: the place
where it stands says which. Days are never plain, because "2 days" of a term means one thing to a customer and another to an engineer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self

from bridge.core.model import Language

_ZERO: Final = timedelta(0)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class SpanUnit(StrEnum):
    """What a span is counted in."""

    WORKING_DAYS = "working days"
    WORKING_TIME = "working time"
    WALL_TIME = "calendar time"
    PLAIN = "time"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time: a number of working days, or a duration in working time, in wall time, or in what its place says (`PLAIN`)."""

    unit: SpanUnit
    days: int = 0
    time: timedelta = _ZERO

    def __post_init__(self) -> None:
        """Refuse an amount that the unit does not have."""
        if self.time if self.in_days else self.days:
            raise ValueError(f"a span in {self.unit} with {self.days} days and {self.time}")

    @classmethod
    def working_days(cls, days: int) -> Self:
        """So many working days."""
        return cls(SpanUnit.WORKING_DAYS, days=days)

    @classmethod
    def working_time(cls, time: timedelta) -> Self:
        """So much working time."""
        return cls(SpanUnit.WORKING_TIME, time=time)

    @classmethod
    def wall_time(cls, time: timedelta) -> Self:
        """So much time by the clock, day and night."""
        return cls(SpanUnit.WALL_TIME, time=time)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A span out of what a person wrote; a sign before it counts for the whole.

        Raises:
            ValueError: the text is no span; the message says what is accepted, with examples.
        """
        match = _SPAN.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError(_refusal(text, "this is no span of time"))
        sign = -1 if match["sign"] in _MINUS else 1
        parts = [_Part.of(part) for part in _PART.finditer(match["parts"])]
        kinds = {part.kind for part in parts} - {SpanUnit.PLAIN}
        units = [part.unit for part in parts]
        if len(kinds) > 1:
            raise ValueError(_refusal(text, "it is either working or calendar time"))
        if units != sorted(set(units), reverse=True):
            raise ValueError(_refusal(text, "each unit stands once, the longest first"))
        return sign * cls._sum(text, parts, kinds.pop() if kinds else SpanUnit.PLAIN)

    @classmethod
    def _sum(cls, text: str, parts: list[_Part], kind: SpanUnit) -> Self:
        days = next((part.number for part in parts if part.unit == _DAY), None)
        if days is not None and kind is SpanUnit.PLAIN:
            raise ValueError(_refusal(text, "say whether working days or calendar days are meant"))
        if any(part.number != int(part.number) and part.unit != _HOUR for part in parts):
            raise ValueError(_refusal(text, "only hours can have a fraction"))
        if days is not None and kind is SpanUnit.WORKING_TIME:
            if len(parts) > 1:
                raise ValueError(_refusal(text, "working days and hours do not mix"))
            return cls.working_days(int(days))
        return cls(kind, time=sum((part.number * part.unit for part in parts), _ZERO))

    @property
    def in_days(self) -> bool:
        """Whether it is a number of working days."""
        return self.unit is SpanUnit.WORKING_DAYS

    def read_as(self, unit: SpanUnit) -> Self:
        """A plain duration as the place where it stands means it; any other span says itself what it is."""
        return replace(self, unit=unit) if self.unit is SpanUnit.PLAIN else self

    def __add__(self, other: Span) -> Self:
        """Both together (T6: an extension has the unit of the term).

        Raises:
            ValueError: the units differ.
        """
        if self.unit is not other.unit:
            raise ValueError(f"{self} and {other} cannot be added: {self.unit} and {other.unit} do not mix")
        return replace(self, days=self.days + other.days, time=self.time + other.time)

    def __mul__(self, times: int) -> Self:
        """So many times as long."""
        return replace(self, days=self.days * times, time=self.time * times)

    __rmul__ = __mul__

    def __neg__(self) -> Self:
        """As long, in the other direction."""
        return self * -1

    def __bool__(self) -> bool:
        """Whether it has any length."""
        return bool(self.days or self.time)

    def __str__(self) -> str:
        """In English, as `parse` reads it."""
        return format_span(self, Language.EN)


def plural(number: int, forms: tuple[str, ...], language: Language) -> str:
    """The form of a word beside a number: English (one, many), Russian (1 день, 2 дня, 5 дней)."""
    if language is Language.EN:
        return forms[0] if number == 1 else forms[-1]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    return forms[1] if number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14} else forms[2]


def format_span(span: Span | timedelta, language: Language) -> str:
    """A span for people: "2 working days", «1 рабочий час 30 минут», "10 minutes".

    A duration is told in hours and minutes (a "day" could be a working one), and in seconds only when shorter than an hour. Wall time is told
    without "calendar", unless it is whole days.
    """
    if isinstance(span, timedelta):
        span = Span(SpanUnit.PLAIN, time=span)
    if span.days < 0 or span.time < _ZERO:
        return f"-{format_span(-span, language)}"
    words = _WORDS[language]
    if span.in_days:
        return _counted(span.days, "working day", words, language)
    if span.unit is SpanUnit.WALL_TIME and span and not span.time % _DAY:
        return _counted(span.time // _DAY, "calendar day", words, language)
    adjective = "working " if span.unit is SpanUnit.WORKING_TIME else ""
    first, *rest = _amounts(span.time)
    told = [_counted(first[0], adjective + first[1], words, language)]
    return " ".join(told + [_counted(number, unit, words, language) for number, unit in rest])


def _amounts(time: timedelta) -> list[tuple[int, str]]:
    hours, minutes = time // _HOUR, time % _HOUR // _MINUTE
    seconds = 0 if hours else time % _MINUTE // timedelta(seconds=1)
    amounts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    return [amount for amount in amounts if amount[0]] or [(0, "minute")]


def _counted(number: int, unit: str, words: dict[str, tuple[str, ...]], language: Language) -> str:
    return f"{number} {plural(number, words[unit], language)}"


@dataclass(frozen=True, slots=True)
class _Part:
    """One number with its unit."""

    number: int | float
    unit: timedelta
    kind: SpanUnit

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        number = match["number"].replace(",", ".")
        adjective = match["adjective"] or ""
        kind = SpanUnit.WORKING_TIME if adjective.startswith(_WORKING) else SpanUnit.WALL_TIME
        unit = next(unit for unit, pattern in _UNITS.items() if re.fullmatch(pattern, match["unit"]))
        return cls(float(number) if "." in number else int(number), unit, kind if adjective else SpanUnit.PLAIN)


_MINUS: Final = frozenset({"-", "−", "–"})
_WORKING: Final = ("work", "business", "рабоч")
_ADJECTIVE: Final = r"working|business|calendar|рабоч(?:ий|его|ая|ую|ей|ие|их)|календарн(?:ый|ого|ая|ую|ой|ые|ых)"
_UNITS: Final = {
    _DAY: r"d|days?|д|дн|день|дня|дней",
    _HOUR: r"h|hrs?|hours?|ч|час|часа|часов",
    _MINUTE: r"m|mins?|minutes?|м|мин|минута|минуту|минуты|минут",
    timedelta(seconds=1): r"s|secs?|seconds?|с|сек|секунда|секунду|секунды|секунд",
}
_ONE: Final = (
    r"(?P<number>\d{1,5}(?:[.,]\d{1,2})?)\s*(?:(?P<adjective>"
    + _ADJECTIVE
    + r")\s+)?(?P<unit>"
    + "|".join(_UNITS.values())
    + r")(?![a-zа-яё])\.?"
)
_PART: Final = re.compile(_ONE)
_UNNAMED: Final = re.sub(r"\?P<\w+>", "?:", _ONE)
_SPAN: Final = re.compile(rf"(?P<sign>[-−–+]?)\s*(?P<parts>{_UNNAMED}(?:\s*{_UNNAMED}){{0,3}})")

_WORDS: Final[dict[Language, dict[str, tuple[str, ...]]]] = {
    Language.EN: {
        "working day": ("working day", "working days"),
        "calendar day": ("calendar day", "calendar days"),
        "working hour": ("working hour", "working hours"),
        "working minute": ("working minute", "working minutes"),
        "working second": ("working second", "working seconds"),
        "hour": ("hour", "hours"),
        "minute": ("minute", "minutes"),
        "second": ("second", "seconds"),
    },
    Language.RU: {
        "working day": ("рабочий день", "рабочих дня", "рабочих дней"),
        "calendar day": ("календарный день", "календарных дня", "календарных дней"),
        "working hour": ("рабочий час", "рабочих часа", "рабочих часов"),
        "working minute": ("рабочая минута", "рабочие минуты", "рабочих минут"),
        "working second": ("рабочая секунда", "рабочие секунды", "рабочих секунд"),
        "hour": ("час", "часа", "часов"),
        "minute": ("минута", "минуты", "минут"),
        "second": ("секунда", "секунды", "секунд"),
    },
}


def _refusal(text: str, why: str) -> str:
    return (
        f"{text!r}: {why}; write for example `2 working days`, `16 working hours`, `90 working minutes`, `1h30m`, `10 minutes`, "
        "`3 calendar days`, `-4 working hours`, «2 рабочих дня», «16 рабочих часов» or «1 ч 30 мин»"
    )
