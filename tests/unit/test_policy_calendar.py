"""The section `calendar` of rules.yaml: hours, years and days of one's own (T2)."""

from __future__ import annotations

from datetime import date, time

import pytest

from bridge.core.model import Language
from bridge.core.worktime import DayKind, WorkCalendar
from bridge.policy.calendar_rules import CalendarReader
from bridge.policy.positions import read_document
from bridge.policy.production_calendar import shipped_calendar
from bridge.policy.schema_cabinet import CalendarSpec

OFFICE = ((time(9), time(18)),)


def read(section: str) -> tuple[WorkCalendar | None, list[str]]:
    """The calendar of a section, and what is wrong with it."""
    document = read_document(f"calendar:\n  zone: Europe/Moscow\n{section}", "x")
    reader = CalendarReader(document, shipped_calendar())
    calendar = reader.read(CalendarSpec.model_validate(document.data["calendar"]))
    return calendar, [str(mistake) for mistake in reader.mistakes]


@pytest.mark.parametrize(
    ("section", "day", "hours"),
    [
        pytest.param("  week: {mon-fri: 09:00-18:00}", date(2026, 11, 23), OFFICE, id="A Monday"),
        pytest.param("  week: {пн-пт: 09:00-18:00}", date(2026, 11, 23), OFFICE, id="Weekdays in Russian"),
        pytest.param("  week: {mon-fri: 09:00-18:00}", date(2026, 11, 22), (), id="A Sunday"),
        pytest.param("  week: {mon-fri: 09:00-18:00}", date(2026, 11, 3), ((time(9), time(17)),), id="The day before a holiday is shorter"),
        pytest.param("  week: {mon-fri: [09:00-13:00, 14:00-18:00]}", date(2026, 11, 23), ((time(9), time(13)), (time(14), time(18))), id="A lunch break"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  days: {2026-11-23: off}", date(2026, 11, 23), (), id="A day off of one's own"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  days: {2026-11-22: work}", date(2026, 11, 22), OFFICE, id="A working Sunday of one's own"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  days: {2026-12-31: [10:00-14:00]}", date(2026, 12, 31), ((time(10), time(14)),), id="Hours of one's own"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  days: {2026-11-23..2026-11-25: off}", date(2026, 11, 25), (), id="Several days in a row"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  years: {2028: {off: [2028-01-03..2028-01-07]}}", date(2028, 1, 4), (), id="A year that is added"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  years: {2028: {off: [2028-01-03..2028-01-07]}}", date(2028, 1, 10), OFFICE, id="Other days of a year that is added"),
        pytest.param("  week: {mon-fri: 09:00-18:00}\n  production: none", date(2026, 1, 1), OFFICE, id="No production calendar"),
    ],
)  # fmt: skip
def test_t2_hours_of_a_day(section: str, day: date, hours: object) -> None:
    """Weekdays, the production calendar and one's own days give the hours of any day."""
    calendar, mistakes = read(section)
    assert not mistakes
    assert calendar is not None
    assert calendar.hours_on(day) == hours


def test_t2_the_zone_has_a_name_of_its_own() -> None:
    """«18:00 МСК»: the names of the zone come from the rules."""
    calendar, _ = read("  week: {mon-fri: 09:00-18:00}\n  zone_name: {ru: по Москве}")
    assert calendar is not None
    assert calendar.zone_names == {Language.RU: "по Москве"}


def test_a_year_replaces_the_shipped_one_as_a_whole() -> None:
    """What the decree says in the end counts, not what was shipped."""
    calendar, _ = read(
        "  week: {mon-fri: 09:00-18:00}\n  years: {2027: {off: [2027-01-01..2027-01-08], short: [2027-11-03]}}"
    )
    assert calendar is not None
    assert [day for day, kind in calendar.days.items() if day.year == 2027 and kind is DayKind.SHORT] == [
        date(2027, 11, 3)
    ]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        pytest.param("  week: {}", "the working week has no hours", id="No hours at all"),
        pytest.param("  week: {mon-fri: ''}", "the working week has no hours", id="Days without hours"),
        pytest.param("  week: {fri-mon: 09:00-18:00}", "x:3:10: 'fri-mon' ends before it begins", id="A week over its end"),
        pytest.param("  week: {mon-tue-wed: 09:00-18:00}", "is no weekday (write mon, or mon-fri)", id="Three weekdays"),
        pytest.param("  week: {mon: 09:00-18:00}\n  years: {28: {off: [2028-01-01]}}", "'28' is no year", id="A year of two digits"),
        pytest.param("  week: {mon: 09:00-18:00}\n  years: {2028: {}}", "the year 2028 has no days off", id="A year without days"),
        pytest.param("  week: {mon: 09:00-18:00}\n  years: {2028: {off: [2027-01-01]}}", "x:4:24: 2027-01-01 is not in the year 2028", id="A day of another year"),
        pytest.param("  week: {mon: 09:00-18:00}\n  years: {2028: {off: [01.01.2028]}}", "'01.01.2028' is no date", id="A date as people write it"),
        pytest.param("  week: {mon: 09:00-18:00}\n  years: {2028: {off: [2028-01-08..2028-01-01]}}", "ends before it begins", id="A row of days backwards"),
        pytest.param("  week: {mon: 09:00-18:00}\n  days: {2026-01-05..2026-01-06: off, 2026-01-06: work}", "2026-01-06 is given twice", id="A day twice"),
    ],
)  # fmt: skip
def test_mistakes_of_the_calendar(section: str, said: str) -> None:
    """Each is told with its place and what to write."""
    assert said in "\n".join(read(section)[1])
