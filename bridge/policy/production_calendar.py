"""The Russian production calendar that is shipped with the bridge (policy, "Words").

A file of lines `date,kind`: `off` is a day off, `short` is working and one hour shorter (also on a weekend), `work` is a working Saturday or
Sunday; any other day is what its weekday says. A year that occurs in it is a year with data.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bridge.core.worktime import DayKind
from bridge.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHIPPED: Final = "production-calendar-ru.csv"
_HEADER: Final = ["date", "kind"]


@dataclass(frozen=True, slots=True)
class ProductionCalendar:
    """Days that differ from their weekday, and the years for which they are complete."""

    days: Mapping[date, DayKind]
    years: frozenset[int]

    def with_year(self, year: int, days: Mapping[date, DayKind]) -> ProductionCalendar:
        """The calendar with one year added, or replaced as a whole."""
        kept = {day: kind for day, kind in self.days.items() if day.year != year}
        return ProductionCalendar(MappingProxyType(kept | dict(days)), self.years | {year})

    def with_days(self, days: Mapping[date, DayKind]) -> ProductionCalendar:
        """The calendar with single days overridden."""
        return ProductionCalendar(MappingProxyType({**self.days, **days}), self.years)


def shipped_calendar() -> ProductionCalendar:
    """The calendar that comes with the bridge: 2013-2027."""
    text = files("bridge").joinpath("data", SHIPPED).read_text(encoding="utf-8")
    return parse_calendar(text.splitlines(), SHIPPED)


def parse_calendar(lines: Iterable[str], name: str) -> ProductionCalendar:
    """The calendar out of the lines of a file; `name` is the file's, for messages.

    Raises:
        PolicyError: lines cannot be read; the message lists all of them.
    """
    days: dict[date, DayKind] = {}
    mistakes: list[str] = []
    rows = csv.reader(lines)
    if next(rows, None) != _HEADER:
        mistakes.append(f"{name}:1: the first line must be `date,kind`")
    for row in rows:
        if not row:
            continue
        try:
            day, kind = _day(row, days)
        except ValueError as mistake:
            mistakes.append(f"{name}:{rows.line_num}: {mistake}")
        else:
            days[day] = kind
    if mistakes:
        raise PolicyError("\n".join(mistakes))
    return ProductionCalendar(MappingProxyType(days), frozenset(day.year for day in days))


def _day(row: list[str], known: Mapping[date, DayKind]) -> tuple[date, DayKind]:
    if len(row) != len(_HEADER):
        raise ValueError(f"{','.join(row)!r} is not `date,kind`, such as 2027-11-03,short")
    text, kind = row
    if kind not in set(DayKind):
        raise ValueError(f"{kind!r} is no kind of day; use one of {', '.join(DayKind)}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write it as 2027-11-03") from None
    if day in known:
        raise ValueError(f"{day} is there twice")
    return day, DayKind(kind)
