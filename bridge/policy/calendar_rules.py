"""The section `calendar` of rules.yaml → the calendar of working time, with every mistake in it (T2; policy, "Words")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from bridge.core.hours import Hours
from bridge.core.model import Language
from bridge.core.worktime import DayKind, WorkCalendar
from bridge.errors import Mistake
from bridge.policy.positions import Document, Path
from bridge.policy.production_calendar import ProductionCalendar
from bridge.policy.schema_cabinet import CalendarSpec, YearSpec
from bridge.policy.vocabulary import did_you_mean

_WEEKDAYS: Final = {
    name: number
    for names in ("mon tue wed thu fri sat sun", "пн вт ср чт пт сб вс")
    for number, name in enumerate(names.split())
}
_WITHOUT_PRODUCTION: Final = range(2000, 2100)
_DASH: Final = re.compile(r"\s*[-–—]\s*")
_SECTION: Final[Path] = ("calendar",)


@dataclass
class CalendarReader:
    """Makes the calendar of a section and collects what is wrong with it."""

    document: Document
    shipped: ProductionCalendar
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, spec: CalendarSpec) -> WorkCalendar | None:
        """The calendar; None where it makes no sense."""
        week = self._week(spec.week)
        production = self._production(spec)
        days, hours = self._days(spec.days, production.years)
        names = {language: name for language in Language if (name := getattr(spec.zone_name, language.value))}
        try:
            days = {**production.days, **days}
            return WorkCalendar(spec.zone, week, production.years, days=days, hours=hours, zone_names=names)
        except ValueError as error:
            if not self.mistakes:
                self._note(_SECTION, str(error))
            return None

    def _week(self, given: Mapping[str, Hours]) -> dict[int, Hours]:
        week: dict[int, Hours] = {}
        for name, hours in given.items():
            path = (*_SECTION, "week", name)
            for number in self._weekdays(name, path):
                if number in week:
                    shown = list(_WEEKDAYS)[number]
                    self._note(path, f"{shown} is given twice", "give each weekday once")
                week[number] = hours
        return week

    def _weekdays(self, name: str, path: Path) -> range:
        parts = _DASH.split(name.strip().casefold())
        unknown = [part for part in parts if part not in _WEEKDAYS]
        if unknown or len(parts) > 2:
            remedy = did_you_mean((unknown or parts)[0], list(_WEEKDAYS)[:7])
            self._note(path, f"{name!r} is no weekday", remedy if unknown else "write mon, or mon-fri")
            return range(0)
        first, last = _WEEKDAYS[parts[0]], _WEEKDAYS[parts[-1]]
        if last < first:
            self._note(path, f"{name!r} ends before it begins", "the week begins with mon")
        return range(first, last + 1)

    def _production(self, spec: CalendarSpec) -> ProductionCalendar:
        production = self.shipped
        if spec.production == "none":
            production = ProductionCalendar({}, frozenset(_WITHOUT_PRODUCTION))
        for name, year in spec.years.items():
            path = (*_SECTION, "years", name)
            if not re.fullmatch(r"20\d\d", name):
                self._note(path, f"{name!r} is no year", "write it as 2028")
                continue
            production = production.with_year(int(name), self._year(int(name), year, path))
        return production

    def _year(self, year: int, spec: YearSpec, path: Path) -> dict[date, DayKind]:
        if not (spec.off or spec.short or spec.work):
            self._note(path, f"the year {year} has no days off", "write them down: `off: [2028-01-01..2028-01-08, …]`")
        days: dict[date, DayKind] = {}
        for kind in DayKind:
            for index, text in enumerate(getattr(spec, kind.value)):
                where = (*path, kind.value, index)
                for day in self._range(text, where):
                    self._year_day(day, kind, year, days, where)
        return days

    def _year_day(self, day: date, kind: DayKind, year: int, days: dict[date, DayKind], path: Path) -> None:
        if day.year != year:
            self._note(path, f"{day} is not in the year {year}")
        elif day in days:
            self._note(path, f"{day} is given twice: as {days[day]} and as {kind}")
        else:
            days[day] = kind

    def _days(
        self, given: Mapping[str, DayKind | Hours], years: frozenset[int]
    ) -> tuple[dict[date, DayKind], dict[date, Hours]]:
        days: dict[date, DayKind] = {}
        hours: dict[date, Hours] = {}
        for text, what in given.items():
            path = (*_SECTION, "days", text)
            for day in self._range(text, path):
                if day.year not in years:
                    known = f"{min(years)}-{max(years)}"
                    self._note(
                        path, f"the year of {day} is unknown (known: {known})", f"add `years: {{{day.year}: …}}` first"
                    )
                elif day in days or day in hours:
                    self._note(path, f"{day} is given twice")
                elif isinstance(what, DayKind):
                    days[day] = what
                else:
                    hours[day] = what
        return days, hours

    def _range(self, text: str, path: Path) -> Iterator[date]:
        first, dots, last = text.partition("..")
        try:
            day = date.fromisoformat(first.strip())
            end = date.fromisoformat(last.strip()) if dots else day
        except ValueError:
            self._note(path, f"{text!r} is no date", "write 2028-01-08, or 2028-01-01..2028-01-08")
            return
        if not day <= end <= day + timedelta(days=366):
            self._note(path, f"{text!r} ends before it begins, or is longer than a year")
            return
        while day <= end:
            yield day
            day += timedelta(days=1)

    def _note(self, path: Path, message: str, remedy: str = "") -> None:
        place = self.document.at_key if path in self.document.keys else self.document.at_value
        self.mistakes.append(place(path, message, remedy))
