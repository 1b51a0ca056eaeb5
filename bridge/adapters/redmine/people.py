"""Who somebody is to a ticket: staff, customer, robot or the bridge (P1, P2, P4), and which departments the person belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.adapters.redmine.names import Names
from bridge.adapters.redmine.records import Member, User
from bridge.core.model import Person, Role
from bridge.core.policy import Department, Redmine
from bridge.errors import NotFoundError

NOBODY = Person(key="0", name="", role=Role.ROBOT)


class People:
    """Persons of one Redmine under one set of rules. Names and logins are compared without regard to case, as Redmine compares logins."""

    def __init__(self, names: Names, rules: Redmine, departments: Iterable[Department]) -> None:
        self._names = names
        self._staff_roles = rules.staff.roles
        self._always = _folded(rules.staff.always)
        self._never = _folded(rules.staff.never)
        self._bridge = _folded(rules.bridge_users)
        self._departments = tuple(departments)

    def person(self, who: Mapping[str, Any] | None, project: int) -> Person:
        """The person behind `{"id": …, "name": …}` in a ticket of that project; nobody, a robot, where Redmine names no one."""
        if not who or "id" not in who:
            return NOBODY
        key, name = int(who["id"]), str(who.get("name") or "")
        user, member = self._names.user(key), self._member(key, project)
        return Person(
            key=str(key),
            name=name,
            role=self._role(user, _folded({name, user.login}), member),
            groups=self._groups(key, _folded({name, user.login}), member, project),
            login=user.login,
            mail=user.mail,
        )

    def roles(self, key: int, project: int) -> frozenset[str]:
        """Names of a user's roles in a project, inherited ones too."""
        member = self._member(key, project)
        return frozenset(member.roles.values()) if member else frozenset()

    def _member(self, key: int, project: int) -> Member | None:
        """Membership, inherited ones included; None where the account may not see the project's members."""
        try:
            return self._names.members(project, key).get(key)
        except NotFoundError:
            return None

    def _role(self, user: User, called: frozenset[str], member: Member | None) -> Role:
        if user.id == self._names.account().user.id or called & self._bridge:
            return Role.BRIDGE
        if called & self._never:
            return Role.ROBOT
        if called & self._always or self._has_staff_role(member):
            return Role.STAFF
        return Role.CUSTOMER

    def _has_staff_role(self, member: Member | None) -> bool:
        return member is not None and not self._staff_roles.isdisjoint(member.roles.values())

    def _groups(self, key: int, called: frozenset[str], member: Member | None, project: int) -> frozenset[str]:
        found = (d.group for d in self._departments if self._belongs(d, key, called, member, project))
        return frozenset(found)

    def _belongs(
        self, department: Department, key: int, called: frozenset[str], member: Member | None, project: int
    ) -> bool:
        if called & _folded(department.members):
            return True
        if member is not None and not department.roles.isdisjoint(member.roles.values()):
            return True
        group = self.group(department.group, project)
        return group is not None and key in self._names.group_members(group.id)

    def group(self, name: str, project: int) -> Member | None:
        """The group of that name among the project's members."""
        try:
            members = self._names.members(project)
        except NotFoundError:
            return None
        return next((member for member in members.values() if member.group and member.name == name), None)


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words if word)
