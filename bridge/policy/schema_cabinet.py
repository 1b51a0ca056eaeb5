"""The form of the sections `redmine` and `calendar`: what the bridge has to know about the cabinet and about working time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from bridge.core.policy import Markup
from bridge.policy.schema_base import Spec
from bridge.policy.values import Day, DayHours, Name, Names, SomeNames, Zone
from bridge.policy.vocabulary import ALL


class ProjectsSpec(Spec):
    """Which projects: some, or all below one."""

    names: Names = ()
    """Identifiers or names of projects; none means all."""
    below: str = ""
    """Identifier or name of a parent project: everything below it, new projects too."""


def _projects(value: Any) -> Any:
    if value == ALL:
        return {}
    return {"names": value} if isinstance(value, list | str) else value


class StaffSpec(Spec):
    """Who counts as staff (P1)."""

    roles: SomeNames
    """Roles in the ticket's project whose members are staff."""
    always: Names = ()
    """Logins or names that are staff everywhere."""
    never: Names = ()
    """Logins or names that never are: robots."""


class StatusesSpec(Spec):
    """Names of statuses that mean something to the bridge."""

    waiting: Name
    """Set when the customer is asked for something (F3); must be one of `pauses`."""
    resumed: Name
    """Set when the customer has answered (T9)."""
    reopened: Name
    """Set when a closed ticket goes on (T11)."""
    pauses: SomeNames
    """Statuses in which the clock stands still (T9)."""
    ends: Names = ()
    """Statuses by which staff end a further term without words (T10)."""
    closed: SomeNames
    """Statuses that are closed in Redmine (T8)."""


class RedmineSpec(Spec):
    """What the bridge has to know about the cabinet."""

    projects: Annotated[
        ProjectsSpec, BeforeValidator(_projects, json_schema_input_type=Literal["all"] | list[str] | ProjectsSpec)
    ] = ProjectsSpec()
    """Which projects: `all`, a list of identifiers or names, or `{below: parent}`."""
    trackers: SomeNames
    """Names of the trackers that the bridge looks after."""
    staff: StaffSpec
    """Who counts as staff (P1)."""
    bridge_users: SomeNames
    """Logins of the bridge's own account (P4)."""
    markup: Markup
    """The markup of notes: textile or common_mark; the API does not reveal it (P6)."""
    statuses: StatusesSpec
    """Names of statuses that mean something to the bridge."""
    department_field: str = ""
    """A field that names the ticket's department, where there is one."""
    field_names: Mapping[Name, Name] = {}
    """Fields that Redmine calls otherwise than these rules do: name here, name there (Redmine allows 30 characters)."""


class ZoneNameSpec(Spec):
    """What the zone is called in texts."""

    ru: Name | None = None
    """По-русски: МСК."""
    en: Name | None = None
    """In English: MSK."""


class YearSpec(Spec):
    """A year of the production calendar; days as 2028-01-08, or several in a row as 2028-01-01..2028-01-08."""

    off: Names = ()
    """Days off: holidays, and days to which a day off was moved."""
    short: Names = ()
    """Days before a holiday, one hour shorter."""
    work: Names = ()
    """Working Saturdays and Sundays."""


class CalendarSpec(Spec):
    """When people work (T2)."""

    zone: Zone
    """The zone in which hours and days are meant: Europe/Moscow."""
    zone_name: ZoneNameSpec = ZoneNameSpec()
    """What the zone is called in texts, where its usual name does not do."""
    week: Mapping[Name, DayHours]
    """Hours by weekday: `mon-fri: 09:00-18:00`, `sat: [10:00-13:00, 14:00-16:00]`."""
    production: Literal["ru", "none"] = "ru"
    """The official calendar: `ru` (2013-2027 are shipped) or `none`."""
    years: Mapping[Name, YearSpec] = {}
    """Years of the production calendar that are not shipped yet, or replace shipped ones."""
    days: Mapping[Name, Day] = {}
    """Single days of one's own: `2026-12-31: off`, `short`, `work`, or hours."""
