"""Moments as people read them, always with the name of the zone (T2): «вторник, 24 ноября, 18:00 МСК», "Tuesday, 24 November, 18:00 MSK"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.core.model import Language

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.core.worktime import WorkCalendar

_WEEKDAYS: Final = {
    Language.RU: ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = {
    Language.RU: (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    Language.EN: (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_ZONES: Final[dict[Language, dict[str, str]]] = {Language.RU: {"MSK": "МСК"}, Language.EN: {}}


def format_moment(at: datetime, language: Language, calendar: WorkCalendar, now: datetime | None = None) -> str:
    """A moment in the calendar's zone, for people; with its year when that is not the year of `now`."""
    local = calendar.local(at)
    day = f"{_WEEKDAYS[language][local.weekday()]}, {local.day} {_MONTHS[language][local.month - 1]}"
    if now is not None and calendar.local(now).year != local.year:
        day += f" {local.year} г." if language is Language.RU else f" {local.year}"
    return f"{day}, {format_time(at, language, calendar)}"


def format_time(at: datetime, language: Language, calendar: WorkCalendar) -> str:
    """The time of day in the calendar's zone, with the zone's name: «18:00 МСК»."""
    return f"{calendar.local(at):%H:%M} {zone_name(at, language, calendar)}"


def zone_name(at: datetime, language: Language, calendar: WorkCalendar) -> str:
    """What people call the zone at that moment: the calendar's own name for it, else «МСК», "CEST", or "UTC+05:00" where it has none."""
    if language in calendar.zone_names:
        return calendar.zone_names[language]
    local = calendar.local(at)
    name = local.tzname() or ""
    return _ZONES[language].get(name, name) if name.isalpha() else f"UTC{local.isoformat()[-6:]}"
