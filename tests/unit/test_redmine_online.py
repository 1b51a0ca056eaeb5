"""`check --online`: each thing that can be wrong between the rules and a Redmine is found, and a good one gives notes only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import responses

from bridge.adapters.redmine import Finding, Level, check_online
from bridge.core.policy import (
    Approval,
    Department,
    FieldRule,
    Mark,
    Policy,
    Redmine,
    Required,
    Route,
    Scope,
    Staff,
    Terms,
    Text,
)
from tests.fakes.rest import Site
from tests.fakes.site import DEPARTMENTS, RIGHTS, RULES, issue, member, note, small_cabinet, tracker

NOTHING: Any = None
TEXT = Text("т", "t")
NEW = "/issues/7.json"


@pytest.fixture
def site() -> Iterator[Site]:
    """A small cabinet."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield small_cabinet(mock)


def policy(rules: Redmine = RULES, *, departments: tuple[Department, ...] = DEPARTMENTS, **more: Any) -> Policy:
    """Rules that fit the small cabinet; keywords replace parts."""
    known: dict[str, Any] = {
        "redmine": rules,
        "departments": {department.name: department for department in departments},
        "required": Required((field("Сведения"),), frozenset()),
        "routes": (Route("all", "triage", "presale", category="Установка", priority="Нормальный"),),
        "terms": Terms(NOTHING),
        "lead": "ivanov",
    }
    empty = dict.fromkeys(("calendar", "reminders", "no_term", "words", "limits", "texts"))
    return Policy(**cast("dict[str, Any]", {**empty, **known, **more}))


def field(name: str, *, attachment: bool = False) -> FieldRule:
    """A required field."""
    return FieldRule(name, TEXT, TEXT, frozenset(), attachment=attachment)


def check(site: Site, rules: Policy) -> tuple[Finding, ...]:
    """What is found."""
    looking = tracker(site, departments=tuple(rules.departments.values()), **_parts(rules.redmine))
    return check_online(looking, rules)


def _parts(rules: Redmine) -> dict[str, Any]:
    return {name: getattr(rules, name) for name in ("scope", "staff", "statuses", "bridge_users")}


def found(findings: tuple[Finding, ...], *words: str) -> Finding:
    """The finding that has all these words."""
    matching = [finding for finding in findings if all(word in finding.message for word in words)]
    assert matching, f"nothing with {words} in {[finding.message for finding in findings]}"
    return matching[0]


def test_a_good_redmine_gives_notes_only(site: Site) -> None:
    """Where everything fits, what remains is what Redmine does not tell, and who counts as a customer."""
    findings = check(site, policy())
    assert {finding.level for finding in findings} == {Level.NOTE}
    assert "mail" in found(findings, "presale-bridge").message
    assert "«Анна»" in found(findings, "role «Клиент»", "count as customers").message


def test_p4_an_administrators_account_is_refused(site: Site) -> None:
    """The bridge must not work with an administrator's key."""
    site.pages["/users/current.json"] = {"user": {"id": 1, "login": "admin", "admin": True, "memberships": []}}
    assert found(check(site, policy()), "administrator", "admin").level is Level.ERROR


def test_an_account_that_the_rules_do_not_name(site: Site) -> None:
    """A new key of another account would make old notes a stranger's."""
    rules = policy(replace(RULES, bridge_users=frozenset({"other"})))
    assert "bridge_users" in found(check(site, rules), "do not name", "presale-bridge").remedy


def test_a_server_without_a_date_header(site: Site) -> None:
    """The operator is told what it costs and how it is mended."""
    site.headers.clear()
    assert found(check(site, policy()), "Date header").level is Level.WARNING


@pytest.mark.parametrize(
    ("date", "level"),
    [
        pytest.param("Mon, 16 Nov 2026 11:59:00 GMT", Level.NOTE, id="a minute behind"),
        pytest.param("Mon, 16 Nov 2026 12:01:01 GMT", Level.WARNING, id="more than a minute ahead"),
        pytest.param("Mon, 16 Nov 2026 11:00:00 GMT", Level.WARNING, id="an hour behind"),
    ],
)
def test_clocks_that_differ(site: Site, date: str, level: Level) -> None:
    """A clock that was wrong from the start is told by nothing else."""
    site.headers["Date"] = date
    findings = check(site, policy())
    assert findings[0].level is level
    assert ("clock" in findings[0].message) is (level is Level.WARNING)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"scope": Scope(frozenset({"Пресел"}))}, ("redmine.trackers", "tracker «Пресел»"), id="tracker"),
        pytest.param({"staff": Staff(frozenset({"Инжинер"}))}, ("redmine.staff.roles", "role «Инжинер»"), id="role"),
        pytest.param(
            {"statuses": replace(RULES.statuses, waiting="Ожидане")},
            ("statuses.waiting", "status «Ожидане»"),
            id="status",
        ),
    ],
)
def test_a_name_with_a_slip_is_found_with_a_suggestion(
    site: Site, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    """A tracker, role or status that does not exist is an error that says where it stands and what was meant."""
    finding = found(check(site, policy(replace(RULES, **change))), *words)
    assert (finding.level, "Did you mean «" in finding.remedy) == (Level.ERROR, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"waiting": "Закрыта"}, ("statuses.waiting", "closes a ticket"), id="waiting must not close"),
        pytest.param(
            {"closed": frozenset({"Новая"})}, ("statuses.closed", "does not close a ticket"), id="closed must close"
        ),
    ],
)
def test_statuses_that_close_or_do_not(site: Site, change: dict[str, Any], words: tuple[str, ...]) -> None:
    """A status has to be in Redmine what the rules take it for."""
    rules = policy(replace(RULES, statuses=replace(RULES.statuses, **change)))
    assert found(check(site, rules), *words).level is Level.ERROR


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"required": Required((field("Свидения"),), frozenset())}, ("required", "«Свидения»"), id="field"),
        pytest.param(
            {"routes": (Route("r", "k", "presale", category="Нет"),)}, ("routes.r.category", "«Нет»"), id="category"
        ),
        pytest.param(
            {"routes": (Route("r", "k", "presale", priority="Нет"),)}, ("routes.r.priority", "«Нет»"), id="priority"
        ),
        pytest.param(
            {"departments": (replace(DEPARTMENTS[0], group="Нет"),)}, ("departments.presale.group", "«Нет»"), id="group"
        ),
        pytest.param(
            {"routes": (Route("r", "k", "presale", approval=Approval("s", Mark("Нет"), Mark(), Mark())),)},
            ("routes.r.approval.waiting", "«Нет»"),
            id="status of an approval",
        ),
    ],
)
def test_names_of_rules_that_redmine_does_not_have(site: Site, more: dict[str, Any], words: tuple[str, ...]) -> None:
    """Fields, categories, priorities, groups and approvals are looked for in every project."""
    assert found(check(site, policy(**more)), *words).level is Level.ERROR


def test_an_attachment_is_no_field(site: Site) -> None:
    """A required attachment is not looked for among the fields."""
    findings = check(site, policy(required=Required((field("Отчёт", attachment=True),), frozenset())))
    assert not [finding for finding in findings if "Отчёт" in finding.message]


@pytest.mark.parametrize("where", ["lead", "members", "watchers", "always"])
def test_people_whom_nobody_knows(site: Site, where: str) -> None:
    """Leads, members, watchers and staff by name have to be members of some project in scope."""
    department = replace(
        DEPARTMENTS[0],
        lead="нет" if where == "lead" else "",
        members=frozenset({"нет"} if where == "members" else ()),
        watchers=("нет",) if where == "watchers" else (),
    )
    always = frozenset({"нет"} if where == "always" else ())
    rules = policy(replace(RULES, staff=replace(RULES.staff, always=always)), departments=(department,))
    assert found(check(site, rules), "nobody called «нет»").level is Level.WARNING


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_that_the_account_lacks(site: Site, right: str) -> None:
    """Each missing right is one finding that says what it is for."""
    kept = [other for other in RIGHTS if other != right]
    role = {"id": 11, "name": "Мост", "issues_visibility": "all", "permissions": kept}
    site.pages["/roles/11.json"] = {"role": role}
    finding = found(check(site, policy()), f"lacks the right {right} ", "«Завод»")
    assert finding.level in {Level.ERROR, Level.WARNING}


MANAGER = ["delete_issues", "edit_issue_notes", "manage_members", "edit_project", "import_issues", "a_plugins_right"]


@pytest.mark.parametrize(
    ("granted", "more"),
    [
        pytest.param(["view_wiki_pages", "browse_repository", "view_files"], [], id="what only looks is no matter"),
        pytest.param(["delete_issues"], ["delete_issues"], id="one right to harm"),
        pytest.param(MANAGER, MANAGER, id="a manager's role, with a plugin's right"),
        pytest.param(["add_issues"], ["add_issues"], id="opening tickets without the mail channel"),
    ],
)
def test_rights_that_the_bridge_does_not_need(site: Site, granted: list[str], more: list[str]) -> None:
    """One warning for a role, which names every right that the bridge never uses, however many projects it is held in."""
    role = {"id": 11, "name": "Мост", "issues_visibility": "all", "permissions": [*RIGHTS, *granted]}
    site.pages["/roles/11.json"] = {"role": role}
    said = [one for one in check(site, policy()) if "never does" in one.message]
    assert [(one.level, one.message.partition("does: ")[2]) for one in said] == (
        [(Level.WARNING, ", ".join(sorted(more)))] if more else []
    )
    assert all("«Мост»" in one.message for one in said)


def test_opening_tickets_is_needed_for_mails(site: Site) -> None:
    """With the mail channel the right to open tickets is no more than it takes."""
    role = {"id": 11, "name": "Мост", "issues_visibility": "all", "permissions": [*RIGHTS, "add_issues"]}
    site.pages["/roles/11.json"] = {"role": role}
    mail = SimpleNamespace(project="zavod", tracker="Пресейл", name_field="", address_field="")
    assert not [one for one in check(site, policy(mail=mail)) if "never does" in one.message]


def test_a_role_that_does_not_show_all_tickets(site: Site) -> None:
    """Private tickets would be missed."""
    role = {"id": 11, "name": "Мост", "issues_visibility": "default", "permissions": RIGHTS}
    site.pages["/roles/11.json"] = {"role": role}
    assert found(check(site, policy()), "does not show all tickets").level is Level.WARNING


def test_projects_without_membership_are_reported_once(site: Site) -> None:
    """Several projects where the account has no role are one finding."""
    rows = [{"id": key, "name": f"П{key}", "identifier": f"p{key}"} for key in range(3, 12)]
    site.pages["/projects.json"] = {"projects": rows, "total_count": len(rows)}
    findings = [finding for finding in check(site, policy()) if "no member of" in finding.message]
    (about_the_account,) = [finding for finding in findings if "account" in finding.message]
    assert "and 3 more" in about_the_account.message


@pytest.mark.parametrize(
    ("scope", "word"),
    [({"projects": frozenset({"нет"})}, "no project «нет»"), ({"below": "нет"}, "«нет» to look below")],
)
def test_projects_that_do_not_exist(site: Site, scope: dict[str, Any], word: str) -> None:
    """A project of the rules that the account does not see is an error, and nothing else breaks on it."""
    rules = policy(replace(RULES, scope=replace(RULES.scope, **scope)))
    assert found(check(site, rules), word).level is Level.ERROR


def test_a_group_that_hides_its_members(site: Site) -> None:
    """Where Redmine does not tell who is in a department, the rules have to."""
    site.pages["/groups/5.json"] = 404
    assert "members or roles" in found(check(site, policy()), "does not tell", "«Пресейл-отдел»").remedy
    named = policy(departments=(replace(DEPARTMENTS[0], members=frozenset({"ivanov"})),))
    assert not [finding for finding in check(site, named) if "«Пресейл-отдел»" in finding.message]


def test_p1_authors_whom_no_rule_knows(site: Site) -> None:
    """Somebody who wrote and is no member of the project is named: staff or robot, the rules should say."""
    site.pages[NEW] = {"issue": issue(journals=[note(1, 44, "Сборщик"), note(2, 6, "Иван Иванов")])}
    finding = found(check(site, policy()), "«Сборщик»", "P1")
    assert (finding.level, "staff.never" in finding.remedy) == (Level.WARNING, True)
    assert not [f for f in check(site, policy()) if "«Иван Иванов»" in f.message]


def test_p1_roles_that_count_as_customers_are_told(site: Site) -> None:
    """A role that the rules forgot shows up beside the customers' role."""
    members = [member(32, "Анна", "Клиент"), member(44, "Сборщик", "Робот"), member(6, "Иван Иванов", "Инженер")]
    site.pages["/projects/3/memberships.json"] = {"memberships": members, "total_count": 3}
    site.pages[NEW] = {"issue": issue(journals=[note(1, 44, "Сборщик")])}
    assert "«Сборщик»" in found(check(site, policy()), "role «Робот»").message


def test_trap_14_a_transition_that_the_workflow_forbids(site: Site) -> None:
    """Redmine would answer 204 and do nothing, so it is said beforehand."""
    site.pages[NEW] = {"issue": issue(allowed_statuses=[{"id": 1, "name": "Новая"}, {"id": 3, "name": "В работе"}])}
    finding = found(check(site, policy()), "workflow", "«Новая»", "«Ожидание»")
    assert finding.level is Level.ERROR


def test_a_cabinet_without_tickets(site: Site) -> None:
    """What only tickets show could not be looked at, which is said."""
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    assert found(check(site, policy()), "no ticket in scope yet").level is Level.NOTE


def test_errors_come_first(site: Site) -> None:
    """The list is sorted by how bad it is."""
    site.headers.clear()
    rules = policy(lead="нет", required=Required((field("Нет"),), frozenset()))
    levels = [finding.level for finding in check(site, rules)]
    assert levels == sorted(levels, key=list(Level).index)
    assert set(levels) == set(Level)
