"""Ids and names, both ways, by what a member's account may see; looked up when needed and kept for a while.

Redmine tells custom fields, users and groups as lists to administrators only. Fields come from tickets, users and groups
from memberships; categories from the project itself, since their own list takes the right to manage them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from bridge.adapters.redmine.aging import Aging, Clock
from bridge.adapters.redmine.client import Client
from bridge.adapters.redmine.records import Account, Group, Listed, Member, Outline, Project, RoleRights, User
from bridge.core.model import Attribute
from bridge.errors import NotFoundError

V = TypeVar("V")
ALL: Final = "all"
LISTS: Final = {
    Attribute.STATUS: ("/issue_statuses.json", "issue_statuses"),
    Attribute.TRACKER: ("/trackers.json", "trackers"),
    Attribute.PRIORITY: ("/enumerations/issue_priorities.json", "issue_priorities"),
}
ACTIVE_AND_CLOSED: Final = "1|5"  # Redmine lists active projects only unless told otherwise
OF_PROJECT: Final = "trackers,issue_categories,issue_custom_fields"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what was looked up holds (wall time). Memberships are short: who is staff is decided once per journal (P1)."""

    names: timedelta = timedelta(hours=1)
    members: timedelta = timedelta(minutes=1)


class Names:
    """The names of one Redmine. `clock` gives the time by which things grow old; `called` is what the rules call a field of Redmine's."""

    def __init__(
        self, client: Client, clock: Clock, keep: Keep | None = None, called: Mapping[str, str] | None = None
    ) -> None:
        self._called = called or {}
        keep = keep or Keep()
        self._client = client
        self._lists = Aging(self._load_list, clock, keep.names)
        self._outlines = Aging(self._load_outlines, clock, keep.names)
        self._projects = Aging(self._load_project, clock, keep.names)
        self._members = Aging(self._load_members, clock, keep.members)
        self._users = Aging(self._load_user, clock, keep.names)
        self._groups = Aging(self._load_group, clock, keep.members)
        self._accounts = Aging(self._load_account, clock, keep.names)
        self._roles = Aging(self._load_role, clock, keep.names)
        self._principals: dict[int, str] = {}
        self._seen: dict[str, set[int]] = {}
        self._fields: dict[int, str] = {}

    def learn(self, who: Mapping[str, Any] | None) -> None:
        """Remember the name of a user or group that a payload shows."""
        if who and "id" in who:
            self._principals[int(who["id"])] = str(who.get("name") or "")

    def name(self, attribute: Attribute, key: str, project: int) -> str:
        """The name for an id in a journal; a stand-in like "#17" for what was deleted or is hidden; empty stays empty."""
        if not key:
            return ""
        try:
            found = self._name(attribute, int(key), project)
        except (NotFoundError, ValueError):
            found = None
        return found or f"#{key}"

    def _name(self, attribute: Attribute, key: int, project: int) -> str | None:
        match attribute:
            case Attribute.ASSIGNEE:
                return self._principal(key, project)
            case Attribute.CATEGORY:
                known = self._projects.having(project, key, lambda p: key in p.categories)
                return known.categories.get(key)
            case Attribute.PROJECT:
                return self._projects.get(key).outline.name
        return self.listed(attribute, key)

    def listed(self, attribute: Attribute, key: int) -> str | None:
        """The name of a status, tracker or priority."""
        rows = self._lists.having(attribute, key, lambda held: key in held)
        return rows[key].name if key in rows else None

    def id_of(self, attribute: Attribute, name: str) -> int | None:
        """The id of a status, tracker or priority."""
        rows = self._lists.having(attribute, name, lambda held: any(row.name == name for row in held.values()))
        return next((key for key, row in rows.items() if row.name == name), None)

    def statuses(self) -> tuple[Listed, ...]:
        """All statuses."""
        return tuple(self._lists.get(Attribute.STATUS).values())

    def listed_names(self, attribute: Attribute) -> frozenset[str]:
        """All names of statuses, trackers or priorities."""
        return frozenset(row.name for row in self._lists.get(attribute).values())

    def is_closed(self, status: int) -> bool:
        """Whether a status closes."""
        rows = self._lists.having(Attribute.STATUS, status, lambda held: status in held)
        return status in rows and rows[status].closed

    def _load_list(self, attribute: Attribute) -> Mapping[int, Listed]:
        return {row.id: row for row in self._client.listed(*LISTS[attribute], Listed.of)}

    def project(self, key: int) -> Project:
        """One project.

        Raises:
            NotFoundError: the account does not see it.
        """
        return self._projects.get(key)

    def project_with(self, key: int, category: str) -> Project:
        """One project, looked up anew when it seems to lack that category."""
        return self._projects.having(key, category, lambda p: category in p.categories.values())

    def field(self, key: int, project: int) -> str:
        """The name of a custom field; a stand-in like "#17" for one that no ticket has shown and that is not the project's own."""
        if key in self._fields:
            return self._fields[key]
        try:
            name = self._projects.get(project).fields.get(key) or f"#{key}"
        except NotFoundError:
            return f"#{key}"
        return self._called.get(name, name)

    def field_ids(self, project: int) -> Mapping[str, int]:
        """Ids of fields by what the rules call them: of those that tickets have shown, and of the project's own."""
        fields = {**self.project(project).fields, **self._fields}
        return {self._called.get(name, name): key for key, name in fields.items()}

    def see_fields(self, rows: Iterable[Mapping[str, Any]] | None) -> None:
        """Remember the names of the fields that a ticket shows: a project lists only those that were switched on for it alone."""
        self._fields.update({int(row["id"]): str(row["name"]) for row in rows or ()})

    def see(self, project: Mapping[str, Any] | None) -> None:
        """Remember the name of a project that a payload shows."""
        if project and project.get("name"):
            self._seen.setdefault(str(project["name"]), set()).add(int(project["id"]))

    def projects_named(self, name: str) -> frozenset[int]:
        """Ids of the projects of that name, the ones seen on tickets if there are any."""
        return frozenset(self._seen.get(name, ())) or frozenset(row.id for row in self.called(name))

    def _load_project(self, key: int) -> Project:
        return self._client.one(f"/projects/{key}.json", "project", Project.of, include=OF_PROJECT)

    def outlines(self) -> Mapping[int, Outline]:
        """All projects that the account sees, closed ones too."""
        return self._outlines.get(ALL)

    def called(self, word: str) -> tuple[Outline, ...]:
        """The projects with that identifier or name; names need not be unique."""
        rows = self._outlines.having(ALL, word, lambda held: any(row.is_called(word) for row in held.values()))
        return tuple(row for row in rows.values() if row.is_called(word))

    def _load_outlines(self, _: str) -> Mapping[int, Outline]:
        rows = self._client.pages("/projects.json", "projects", Outline.of, status=ACTIVE_AND_CLOSED)
        return {row.id: row for row in rows}

    def ancestry(self, key: int) -> tuple[Outline, ...]:
        """The project and what it lies below, as far as the account sees it."""
        line: list[Outline] = []
        at: int | None = key
        while at is not None and at not in {seen.id for seen in line}:
            try:
                line.append(self._outline(at))
            except NotFoundError:
                break
            at = line[-1].parent
        return tuple(line)

    def _outline(self, key: int) -> Outline:
        """From the list of all projects if that has been read, else the project alone."""
        listed = self._outlines.peek(ALL) or {}
        return listed[key] if key in listed else self.project(key).outline

    def members(self, project: int, wanted: int | str = "") -> Mapping[int, Member]:
        """Users and groups with roles in the project; looked up anew where `wanted` (an id or a name) is not among them.

        Raises:
            NotFoundError: the account does not see the project or its members.
        """
        if not wanted:
            return self._members.get(project)
        return self._members.having(project, wanted, lambda held: _has(held, wanted))

    def _load_members(self, project: int) -> Mapping[int, Member]:
        rows = self._client.pages(f"/projects/{project}/memberships.json", "memberships", Member.of)
        members = {member.id: member for member in rows if member is not None}
        self._principals.update({member.id: member.name for member in members.values()})
        return members

    def _principal(self, key: int, project: int) -> str | None:
        if key in self._principals:
            return self._principals[key]
        member = self.members(project, key).get(key)
        return member.name if member else self.user(key).name or self._group_name(key)

    def user(self, key: int) -> User:
        """What may be known of a user; all empty where Redmine hides the user."""
        return self._users.get(key)

    def _load_user(self, key: int) -> User:
        return _or(User(key), lambda: self._client.one(f"/users/{key}.json", "user", User.of))

    def group_members(self, key: int) -> frozenset[int]:
        """Ids of a group's users; empty where Redmine does not tell."""
        return self._groups.get(key).users or frozenset()

    def tells_groups(self, key: int) -> bool:
        """Whether Redmine tells who is in that group."""
        return self._groups.get(key).users is not None

    def _group_name(self, key: int) -> str | None:
        return self._groups.get(key).name or None

    def _load_group(self, key: int) -> Group:
        return _or(Group(), lambda: self._client.one(f"/groups/{key}.json", "group", Group.of, include="users"))

    def account(self) -> Account:
        """The bridge's own account."""
        return self._accounts.get(ALL)

    def _load_account(self, _: str) -> Account:
        return self._client.one("/users/current.json", "user", Account.of, include="memberships")

    def roles_in(self, project: int) -> tuple[RoleRights, ...]:
        """The roles of the bridge's account in a project, with their rights; one request per role."""
        account = self._accounts.having(ALL, project, lambda held: project in held.roles)
        return tuple(self._roles.get(role) for role in account.roles.get(project, ()))

    def role_names(self) -> frozenset[str]:
        """Names of all roles that can be given."""
        return frozenset(row.name for row in self._client.listed("/roles.json", "roles", Listed.of))

    def all_roles(self) -> tuple[RoleRights, ...]:
        """All roles that can be given, with their rights, in Redmine's order; one request per role."""
        return tuple(self._roles.get(row.id) for row in self._client.listed("/roles.json", "roles", Listed.of))

    def _load_role(self, key: int) -> RoleRights:
        return self._client.one(f"/roles/{key}.json", "role", RoleRights.of)


def _or(otherwise: V, ask: Callable[[], V]) -> V:
    """What was asked for, or `otherwise` where Redmine hides it."""
    try:
        return ask()
    except NotFoundError:
        return otherwise


def _has(held: Mapping[int, Member], wanted: int | str) -> bool:
    return wanted in held if isinstance(wanted, int) else any(member.name == wanted for member in held.values())
