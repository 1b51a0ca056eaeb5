"""What the names and people of a Redmine look like inside this adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a short list: a role, tracker, priority, or a status and whether it closes."""

    id: int
    name: str
    closed: bool

    @staticmethod
    def of(row: Mapping[str, Any]) -> Listed:
        """From REST."""
        return Listed(int(row["id"]), str(row["name"]), bool(row.get("is_closed")))


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list shows of a project; `parent` is None at the top, and where the account does not see the parent."""

    id: int
    name: str
    identifier: str
    parent: int | None

    @staticmethod
    def of(row: Mapping[str, Any]) -> Outline:
        """From REST."""
        parent = row.get("parent") or {}
        return Outline(int(row["id"]), str(row["name"]), str(row.get("identifier") or ""), parent.get("id"))

    def is_called(self, word: str) -> bool:
        """Whether the word is its identifier or its name."""
        return word in {self.identifier, self.name}


@dataclass(frozen=True, slots=True)
class Project:
    """A project with the names that are its own."""

    outline: Outline
    trackers: Mapping[int, str] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[int, str] = field(default_factory=dict)

    @staticmethod
    def of(row: Mapping[str, Any]) -> Project:
        """From REST, with its includes."""
        own = (_names(row.get(key)) for key in ("trackers", "issue_categories", "issue_custom_fields"))
        return Project(Outline.of(row), *own)


@dataclass(frozen=True, slots=True)
class Member:
    """A user or group with roles in a project; inherited ones count (P1)."""

    id: int
    name: str
    group: bool
    roles: Mapping[int, str]

    @staticmethod
    def of(row: Mapping[str, Any]) -> Member | None:
        """From REST; None for what is neither user nor group."""
        group = "group" in row
        who = row.get("group") or row.get("user")
        if not who:
            return None
        return Member(int(who["id"]), str(who.get("name") or ""), group, _names(row.get("roles")))


@dataclass(frozen=True, slots=True)
class Group:
    """What the account may know of a group; `users` are ids, None where Redmine does not tell them."""

    name: str = ""
    users: frozenset[int] | None = None

    @staticmethod
    def of(row: Mapping[str, Any]) -> Group:
        """From REST."""
        users = frozenset(_names(row["users"])) if "users" in row else None
        return Group(str(row.get("name") or ""), users)


@dataclass(frozen=True, slots=True)
class User:
    """What the account may know of a user; empty where Redmine hides it."""

    id: int
    name: str = ""
    login: str = ""
    mail: str = ""

    @staticmethod
    def of(row: Mapping[str, Any]) -> User:
        """From REST."""
        name = f"{row.get('firstname') or ''} {row.get('lastname') or ''}".strip()
        return User(int(row["id"]), name, str(row.get("login") or ""), str(row.get("mail") or ""))


@dataclass(frozen=True, slots=True)
class Account:
    """The bridge's own account; `roles` by project and role id."""

    user: User
    admin: bool
    roles: Mapping[int, Mapping[int, str]]

    @staticmethod
    def of(row: Mapping[str, Any]) -> Account:
        """From REST."""
        memberships = row.get("memberships") or []
        roles = {int(m["project"]["id"]): _names(m.get("roles")) for m in memberships if m.get("project")}
        return Account(User.of(row), bool(row.get("admin")), roles)


@dataclass(frozen=True, slots=True)
class RoleRights:
    """A role's permissions; `issues` is which tickets it shows: `all`, `default` (no private ones of others) or `own`."""

    id: int
    name: str
    permissions: frozenset[str]
    issues: str = ""

    @staticmethod
    def of(row: Mapping[str, Any]) -> RoleRights:
        """From REST."""
        permissions = frozenset(map(str, row.get("permissions") or ()))
        return RoleRights(int(row["id"]), str(row["name"]), permissions, str(row.get("issues_visibility") or ""))


def _names(rows: Any) -> Mapping[int, str]:
    return {int(row["id"]): str(row.get("name") or "") for row in rows or ()}
