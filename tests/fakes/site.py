"""A small cabinet of canned answers: one project, three people, two groups, one ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import responses

from bridge.adapters.redmine import RedmineTracker
from bridge.core.policy import Department, Markup, Redmine, Scope, Staff, Statuses, Text
from tests.fakes.rest import Site

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
STATUSES = Statuses("Ожидание", "В работе", "В работе", frozenset({"Ожидание"}), frozenset(), frozenset({"Закрыта"}))
RULES = Redmine(
    scope=Scope(frozenset({"Пресейл"})),
    staff=Staff(frozenset({"Инженер"})),
    statuses=STATUSES,
    markup=Markup.TEXTILE,
    bridge_users=frozenset({"presale-bridge"}),
)
DEPARTMENTS = (Department("presale", "Пресейл-отдел", Text("п", "p"), first_line=True),)
RIGHTS = [
    "view_issues",
    "edit_issues",
    "add_issue_notes",
    "edit_own_issue_notes",
    "view_private_notes",
    "set_notes_private",
    "add_issue_watchers",
    "view_issue_watchers",
]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_by(self, span: timedelta) -> None:
        """Let time pass."""
        self.now += span


def member(key: int, name: str, *roles: str, kind: str = "user") -> dict[str, Any]:
    """A membership."""
    known = {"Инженер": 1, "Клиент": 2, "Мост": 11, "Робот": 12}
    return {"id": key, kind: {"id": key, "name": name}, "roles": [{"id": known[role], "name": role} for role in roles]}


def small_cabinet(mock: responses.RequestsMock) -> Site:
    """What the bridge's account sees."""
    project = {"id": 3, "name": "Завод", "identifier": "zavod"}
    details = {
        "trackers": [{"id": 4, "name": "Пресейл"}],
        "issue_categories": [{"id": 8, "name": "Установка"}],
        "issue_custom_fields": [{"id": 30, "name": "Своё"}],
    }
    members = [
        member(5, "Пресейл-отдел", "Инженер", kind="group"),
        member(6, "Иван Иванов", "Инженер"),
        member(31, "Мост", "Мост"),
        member(32, "Анна", "Клиент"),
    ]
    mine = {"id": 31, "login": "presale-bridge", "firstname": "", "lastname": "Мост", "admin": False}
    return Site(
        mock,
        {
            "/trackers.json": {"trackers": [{"id": 4, "name": "Пресейл"}]},
            "/issue_statuses.json": {
                "issue_statuses": [
                    {"id": 1, "name": "Новая", "is_closed": False},
                    {"id": 2, "name": "Ожидание", "is_closed": False},
                    {"id": 3, "name": "В работе", "is_closed": False},
                    {"id": 6, "name": "Закрыта", "is_closed": True},
                ]
            },
            "/enumerations/issue_priorities.json": {"issue_priorities": [{"id": 2, "name": "Нормальный"}]},
            "/roles.json": {"roles": [{"id": 1, "name": "Инженер"}, {"id": 2, "name": "Клиент"}]},
            "/roles/11.json": {
                "role": {"id": 11, "name": "Мост", "issues_visibility": "all", "permissions": [*RIGHTS]}
            },
            "/projects.json": {"projects": [project], "total_count": 1},
            "/projects/3.json": {"project": project | details},
            "/projects/3/memberships.json": {"memberships": members, "total_count": len(members)},
            "/users/current.json": {
                "user": mine | {"memberships": [{"id": 1, "project": {"id": 3}, "roles": [{"id": 11, "name": "Мост"}]}]}
            },
            "/users/6.json": {"user": {"id": 6, "login": "ivanov", "firstname": "Иван", "lastname": "Иванов"}},
            "/users/31.json": {"user": mine},
            "/users/32.json": {"user": {"id": 32, "login": "anna", "mail": "anna@zavod.example"}},
            "/groups/5.json": {
                "group": {"id": 5, "name": "Пресейл-отдел", "users": [{"id": 6, "name": "Иван Иванов"}]}
            },
            "/issues/7.json": {"issue": issue()},
            "/issues.json": {"issues": [issue()], "total_count": 1},
        },
        {"Date": "Mon, 16 Nov 2026 12:00:00 GMT"},
    )


def issue(**more: Any) -> dict[str, Any]:
    """The ticket."""
    known = {
        "id": 7,
        "project": {"id": 3, "name": "Завод"},
        "tracker": {"id": 4, "name": "Пресейл"},
        "status": {"id": 1, "name": "Новая", "is_closed": False},
        "priority": {"id": 2, "name": "Нормальный"},
        "author": {"id": 32, "name": "Анна"},
        "subject": "Тема",
        "custom_fields": [
            {"id": 1, "name": "Сведения", "value": "x86"},
            {"id": 2, "name": "Продукты", "multiple": True, "value": ["А"]},
        ],
        "created_on": "2026-11-16T07:00:00Z",
        "updated_on": "2026-11-16T09:00:00Z",
        "journals": [],
    }
    return known | more


def note(number: int, who: int, name: str, *details: dict[str, Any]) -> dict[str, Any]:
    """A journal by somebody."""
    at = f"2026-11-16T08:{number:02}:00Z"
    return {"id": number, "user": {"id": who, "name": name}, "notes": "Текст", "created_on": at, "details": [*details]}


def tracker(site: Site, clock: Clock | None = None, **rules: Any) -> RedmineTracker:
    """A tracker over it; keywords replace parts of the rules."""
    departments = rules.pop("departments", DEPARTMENTS)
    return RedmineTracker(site.redmine(), replace(RULES, **rules), departments, clock or Clock())
