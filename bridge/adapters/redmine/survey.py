"""Looks around in a live Redmine for `presale-bridge init`, with nothing but the account's key: no rules are needed, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bridge.adapters.redmine import faults
from bridge.adapters.redmine.client import Client
from bridge.adapters.redmine.names import Names
from bridge.adapters.redmine.online_history import RECENT
from bridge.adapters.redmine.online_names import AT_MOST
from bridge.core.model import Attribute
from bridge.errors import NotFoundError, PermanentError
from bridge.policy.found import Found, FoundPerson, FoundRole, FoundStatus, FoundTracker

if TYPE_CHECKING:
    from redminelib import Redmine  # type: ignore[import-untyped]

    from bridge.adapters.redmine.aging import Clock
    from bridge.adapters.redmine.records import Account, Member, Outline, Project

EDITS: Final = "edit_issues"
LOGINS: Final = 50  # people whose logins are looked up: each takes a request


def survey(redmine: Redmine, clock: Clock) -> Found:
    """What is there.

    Raises:
        TemporaryError: Redmine is out of reach.
        PermanentError: it does not accept the key, or the key is an administrator's or of somebody who is no member of any project.
    """
    client = Client(redmine)
    return _Survey(client, Names(client, clock), str(redmine.url)).found()


class _Survey:
    """One look around."""

    def __init__(self, client: Client, names: Names, url: str) -> None:
        self._client, self._names, self._url = client, names, url
        self._account = _usable(names.account())
        outlines = names.outlines().values()
        self._mine = tuple(row for row in outlines if row.id in self._account.roles)
        self._elsewhere = tuple(row for row in outlines if row.id not in self._account.roles)
        self._inside = tuple(self._look())
        self._members = self._everybody()

    def found(self) -> Found:
        names = self._names
        return Found(
            url=self._url,
            account=self._account.user.login,
            trackers=tuple(self._trackers()),
            statuses=tuple(FoundStatus(status.name, status.closed) for status in names.statuses()),
            roles=self._roles,
            groups=tuple(sorted({member.name for member in self._members if member.group})),
            people=tuple(self._people()),
            categories=tuple(sorted({name for project in self._inside for name in project.categories.values()})),
            priorities=tuple(sorted(names.listed_names(Attribute.PRIORITY))),
            projects=tuple(row.identifier for row in self._mine),
            elsewhere=tuple(row.identifier for row in self._elsewhere),
            below=self._below(),
        )

    def _look(self) -> Iterator[Project]:
        for outline in self._mine[:AT_MOST]:
            try:
                yield self._names.project(outline.id)
            except NotFoundError:
                continue

    def _everybody(self) -> tuple[Member, ...]:
        """All members of the projects, once per project."""
        found: list[Member] = []
        for project in self._inside:
            try:
                found += self._names.members(project.outline.id).values()
            except NotFoundError:
                continue
        return tuple(found)

    def _trackers(self) -> Iterator[FoundTracker]:
        trackers = {key: name for project in self._inside for key, name in project.trackers.items()}
        yield from (FoundTracker(name, self._fields(key)) for key, name in sorted(trackers.items()))

    def _fields(self, tracker: int) -> frozenset[str] | None:
        """What `check --online` will see as well: only tickets show fields to a member."""
        asked = {"tracker_id": tracker, "status_id": "*", "sort": "updated_on:desc", "limit": RECENT}
        rows = self._client.rows("/issues.json", "issues", **asked)
        with faults.understanding("GET", "/issues.json"):
            mine = [row for row in rows if row.get("project", {}).get("id") in self._account.roles]
            shown = frozenset(str(one["name"]) for row in mine for one in row.get("custom_fields") or ())
        return shown if mine else None

    @cached_property
    def _roles(self) -> tuple[FoundRole, ...]:
        others = [member for member in self._members if member.id != self._account.user.id]
        held = {name for member in others for name in member.roles.values()}
        rights = {role.name: role.permissions for role in self._names.all_roles()}
        return tuple(FoundRole(name, EDITS in granted, name in held) for name, granted in rights.items())

    def _people(self) -> Iterator[FoundPerson]:
        editing = {role.name for role in self._roles if role.edits}
        roles: dict[int, set[str]] = {}
        named: dict[int, str] = {}
        for member in self._members:
            if not member.group and member.id != self._account.user.id and editing & set(member.roles.values()):
                roles.setdefault(member.id, set()).update(member.roles.values())
                named[member.id] = member.name
        logins = {key: self._names.user(key).login for key in sorted(named)[:LOGINS]}
        yield from (FoundPerson(logins.get(key) or named[key], frozenset(roles[key])) for key in sorted(named))

    def _below(self) -> str:
        """The lowest project above all of the account's projects, unless something foreign lies below it too."""
        lines = [[step.identifier for step in self._names.ancestry(row.id)] for row in self._mine]
        common = next((name for name in lines[0] if all(name in line for line in lines)), "") if lines else ""
        return "" if common in _above(self._names, self._elsewhere) else common


def _above(names: Names, outlines: Iterable[Outline]) -> set[str]:
    return {step.identifier for row in outlines for step in names.ancestry(row.id)}


def _usable(account: Account) -> Account:
    if account.admin:
        raise PermanentError(
            f"{account.user.login} is an administrator; rules are drafted with the key of the bridge's own account, which must not be one (P4)"
        )
    if not account.roles:
        raise PermanentError(
            f"{account.user.login} is no member of any project: give it the bridge's role in the customers' projects first (README, "
            "«Use it with your Redmine»)"
        )
    return account
