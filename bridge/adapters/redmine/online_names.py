"""The part of `check --online` that looks for every name of the rules in the live Redmine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bridge.adapters.redmine.findings import Finding, Level, some
from bridge.adapters.redmine.uses import Kind, Use, uses
from bridge.core.model import Attribute
from bridge.errors import NotFoundError

if TYPE_CHECKING:
    from bridge.adapters.redmine.names import Names
    from bridge.adapters.redmine.records import Member, Outline, Project
    from bridge.adapters.redmine.tracker import RedmineTracker
    from bridge.core.policy import Policy

AT_MOST: Final = 200  # projects looked into: each takes two requests
LISTED: Final = {Kind.TRACKER: Attribute.TRACKER, Kind.STATUS: Attribute.STATUS, Kind.PRIORITY: Attribute.PRIORITY}
LACKS: Final = {
    Kind.GROUP: "the group «{}» is no member of",
    Kind.CATEGORY: "there is no category «{}» in",
    Kind.TRACKER: "the tracker «{}» is switched off in",
}


@dataclass(frozen=True, slots=True)
class _Inside:
    """One project with its members."""

    project: Project
    members: Mapping[int, Member]

    def has(self, use: Use) -> bool:
        """Whether the project has what a rule names."""
        match use.kind:
            case Kind.GROUP:
                return any(member.group and member.name == use.name for member in self.members.values())
            case Kind.CATEGORY:
                return use.name in self.project.categories.values()
            case Kind.TRACKER:
                return use.name in self.project.trackers.values()
        return True


def check_names(tracker: RedmineTracker, policy: Policy, projects: tuple[Outline, ...]) -> Iterator[Finding]:
    """Names that do not exist, groups that hide their members, statuses that close and should not."""
    names = tracker.names
    inside = [found for project in projects[:AT_MOST] if (found := _look(names, project)) is not None]
    used = uses(policy)
    yield from _listed(names, used)
    yield from _roles(tracker, used)
    yield from _per_project(used, inside)
    yield from _persons(names, used, inside)
    yield from _hidden_groups(tracker, policy, inside)
    if len(projects) > AT_MOST:
        yield Finding(Level.NOTE, f"Looked into {AT_MOST} of {len(projects)} projects")


def _look(names: Names, project: Outline) -> _Inside | None:
    try:
        return _Inside(names.project(project.id), names.members(project.id))
    except NotFoundError:
        return None


def _listed(names: Names, used: Iterable[Use]) -> Iterator[Finding]:
    closed = {status.name: status.closed for status in names.statuses()}
    for use in used:
        if use.kind not in LISTED:
            continue
        there = names.listed_names(LISTED[use.kind])
        if use.name not in there:
            yield _missing(use, there)
        elif use.kind is Kind.STATUS and use.closed is not None and closed[use.name] is not use.closed:
            yield Finding(
                Level.ERROR,
                f"{use.where}: in Redmine the status «{use.name}» {'closes' if closed[use.name] else 'does not close'} a ticket",
                "Name another status, or change it in Redmine",
            )


def _roles(tracker: RedmineTracker, used: Iterable[Use]) -> Iterator[Finding]:
    there = tracker.names.role_names()
    yield from (_missing(use, there) for use in used if use.kind is Kind.ROLE and use.name not in there)


def _missing(use: Use, there: Iterable[str]) -> Finding:
    close = get_close_matches(use.name, there, n=1)
    remedy = f"Did you mean «{close[0]}»?" if close else f"There are {some(list(there))}"
    return Finding(Level.ERROR, f"{use.where}: Redmine has no {use.kind.value} «{use.name}»", remedy)


def _per_project(used: Iterable[Use], inside: list[_Inside]) -> Iterator[Finding]:
    for use in used:
        lacking = [one.project.outline.name for one in inside if not one.has(use)]
        if use.kind not in LACKS or not lacking:
            continue
        everywhere = len(lacking) == len(inside)
        level = Level.ERROR if everywhere and use.vital else Level.WARNING
        where = "any project in scope" if everywhere else some(lacking)
        yield Finding(level, f"{use.where}: {LACKS[use.kind].format(use.name)} {where}", _remedy(use, inside))


def _remedy(use: Use, inside: list[_Inside]) -> str:
    found: Callable[[_Inside], Iterable[str]] = {
        Kind.GROUP: lambda one: (member.name for member in one.members.values() if member.group),
        Kind.CATEGORY: lambda one: one.project.categories.values(),
        Kind.TRACKER: lambda one: one.project.trackers.values(),
    }[use.kind]
    there = {name for one in inside for name in found(one)}
    close = get_close_matches(use.name, there - {use.name}, n=1)
    return (
        f"Did you mean «{close[0]}»?"
        if close and use.name not in there
        else "Add it there in Redmine, or correct the rules"
    )


def _persons(names: Names, used: Iterable[Use], inside: list[_Inside]) -> Iterator[Finding]:
    members = {key: member for one in inside for key, member in one.members.items()}
    wanted = [use for use in used if use.kind is Kind.PERSON]
    called = {member.name.casefold() for member in members.values()}
    if any(use.name.casefold() not in called for use in wanted):
        called |= {names.user(key).login.casefold() for key, member in members.items() if not member.group}
    for use in wanted:
        if use.name.casefold() not in called:
            yield Finding(
                Level.WARNING,
                f"{use.where}: nobody called «{use.name}» is a member of a project in scope",
                "Correct the name or login; who is no member cannot be made a watcher or assignee",
            )


def _hidden_groups(tracker: RedmineTracker, policy: Policy, inside: list[_Inside]) -> Iterator[Finding]:
    for department in policy.departments.values():
        if department.members or department.roles:
            continue
        groups = {m.id for one in inside for m in one.members.values() if m.group and m.name == department.group}
        if any(not tracker.names.tells_groups(key) for key in groups):
            yield Finding(
                Level.WARNING,
                f"departments.{department.name}: Redmine does not tell the bridge's account who is in «{department.group}»",
                "Give the bridge's role the visibility of all active users, or name the department's members or roles in the rules",
            )
