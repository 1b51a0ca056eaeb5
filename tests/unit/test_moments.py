"""Moments as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.core.hours import OFFICE_HOURS
from bridge.core.model import Language
from bridge.core.moments import format_moment, format_time, zone_name
from bridge.core.worktime import WorkCalendar

MOSCOW = WorkCalendar(ZoneInfo("Europe/Moscow"), {0: OFFICE_HOURS}, frozenset({2026}))
AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "english", "russian"),
    [
        pytest.param(
            None, "Tuesday, 24 November, 18:00 MSK", "вторник, 24 ноября, 18:00 МСК", id="Without a now, no year"
        ),
        pytest.param(
            datetime(2026, 1, 1, tzinfo=UTC),
            "Tuesday, 24 November, 18:00 MSK",
            "вторник, 24 ноября, 18:00 МСК",
            id="In the same year, no year",
        ),
        pytest.param(
            datetime(2025, 12, 30, tzinfo=UTC),
            "Tuesday, 24 November 2026, 18:00 MSK",
            "вторник, 24 ноября 2026 г., 18:00 МСК",
            id="In another year, with its year",
        ),
        pytest.param(
            datetime(2025, 12, 31, 22, 0, tzinfo=UTC),
            "Tuesday, 24 November, 18:00 MSK",
            "вторник, 24 ноября, 18:00 МСК",
            id="The year begins in the calendar's zone",
        ),
    ],
)
def test_t2_every_time_names_its_zone(now: datetime | None, english: str, russian: str) -> None:
    """A moment is told with weekday, day, time and zone in the language of the reader."""
    assert format_moment(AT, Language.EN, MOSCOW, now) == english
    assert format_moment(AT, Language.RU, MOSCOW, now) == russian


def test_t2_a_time_of_day_names_its_zone() -> None:
    """The time alone has the zone too."""
    assert format_time(AT, Language.RU, MOSCOW) == "18:00 МСК"


@pytest.mark.parametrize(
    ("zone", "at", "name"),
    [
        pytest.param("Europe/Berlin", AT, "CET", id="Winter time has its name"),
        pytest.param("Europe/Berlin", datetime(2026, 7, 1, tzinfo=UTC), "CEST", id="Summer time has another"),
        pytest.param("Asia/Yekaterinburg", AT, "UTC+05:00", id="A zone without a name is told by its offset"),
        pytest.param("UTC", AT, "UTC", id="UTC is UTC"),
    ],
)
def test_t2_names_of_other_zones(zone: str, at: datetime, name: str) -> None:
    """A zone is called as its people call it, or by its offset."""
    assert zone_name(at, Language.RU, replace(MOSCOW, zone=ZoneInfo(zone))) == name


def test_t2_the_calendar_can_name_its_zone_itself() -> None:
    """A name set in the rules goes before any other, for its language."""
    calendar = replace(MOSCOW, zone=ZoneInfo("Asia/Yekaterinburg"), zone_names={Language.RU: "ЕКБ"})
    assert format_moment(AT, Language.RU, calendar) == "вторник, 24 ноября, 20:00 ЕКБ"
    assert format_moment(AT, Language.EN, calendar) == "Tuesday, 24 November, 20:00 UTC+05:00"
