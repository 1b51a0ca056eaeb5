"""Every name in the rules that has to exist in Redmine, with the place in rules.yaml that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bridge.core.policy import Approval, Department, Mark, Policy, Redmine, Route


class Kind(StrEnum):
    """What a name stands for."""

    TRACKER = "tracker"
    STATUS = "status"
    FIELD = "field"
    GROUP = "group"
    CATEGORY = "category"
    PRIORITY = "priority"
    ROLE = "role"
    PERSON = "user or group"


@dataclass(frozen=True, slots=True)
class Use:
    """One name, and where in the rules it stands; `closed` is what a status has to be, None where it does not matter.

    Without a name that is not `vital` the bridge still works as the rules say, if not as well.
    """

    kind: Kind
    name: str
    where: str
    closed: bool | None = None
    vital: bool = True


def uses(policy: Policy) -> tuple[Use, ...]:
    """All names that the rules use, empty ones left out."""
    return tuple(use for use in _uses(policy) if use.name)


def _uses(policy: Policy) -> Iterator[Use]:
    yield from _cabinet(policy.redmine)
    for department in policy.departments.values():
        yield from _department(department)
    for rule in policy.required.fields:
        if not rule.attachment:
            yield Use(Kind.FIELD, rule.name, "required")
    for route in policy.routes:
        yield from _route(route)
    yield Use(Kind.PERSON, policy.lead, "lead")
    if policy.silence is not None:
        yield Use(Kind.STATUS, policy.silence.status, "silence.status")


def _cabinet(rules: Redmine) -> Iterator[Use]:
    for name in sorted(rules.scope.trackers):
        yield Use(Kind.TRACKER, name, "redmine.trackers")
    for name in sorted(rules.staff.roles):
        yield Use(Kind.ROLE, name, "redmine.staff.roles")
    for name in sorted(rules.staff.always | rules.staff.never):
        yield Use(Kind.PERSON, name, "redmine.staff")
    yield Use(Kind.FIELD, rules.department_field, "redmine.department_field")
    statuses = rules.statuses
    for key in ("waiting", "resumed", "reopened"):
        yield Use(Kind.STATUS, getattr(statuses, key), f"redmine.statuses.{key}", closed=False)
    for name in sorted(statuses.pauses):
        yield Use(Kind.STATUS, name, "terms.pauses", closed=False)
    for name in sorted(statuses.ends):
        yield Use(Kind.STATUS, name, "terms.ends")
    for name in sorted(statuses.closed):
        yield Use(Kind.STATUS, name, "redmine.statuses.closed", closed=True)


def _department(department: Department) -> Iterator[Use]:
    where = f"departments.{department.name}"
    vital = department.assign or not (department.members or department.roles)
    yield Use(Kind.GROUP, department.group, f"{where}.group", vital=vital)
    yield Use(Kind.CATEGORY, department.category, f"{where}.category")
    yield Use(Kind.PERSON, department.lead, f"{where}.lead")
    for name in sorted(department.roles):
        yield Use(Kind.ROLE, name, f"{where}.roles")
    for name in sorted({*department.members, *department.watchers}):
        yield Use(Kind.PERSON, name, f"{where}.members, watchers")


def _route(route: Route) -> Iterator[Use]:
    where = f"routes.{route.name}"
    yield Use(Kind.CATEGORY, route.category, f"{where}.category")
    yield Use(Kind.PRIORITY, route.priority, f"{where}.priority")
    for name in route.watchers:
        yield Use(Kind.PERSON, name, f"{where}.watchers")
    if route.approval is not None:
        yield from _approval(route.approval, f"{where}.approval")


def _approval(approval: Approval, where: str) -> Iterator[Use]:
    marks: dict[str, Mark] = {"waiting": approval.waiting, "granted": approval.granted, "refused": approval.refused}
    for key, mark in marks.items():
        yield Use(Kind.STATUS, mark.status, f"{where}.{key}")
        yield Use(Kind.FIELD, mark.field, f"{where}.{key}")
