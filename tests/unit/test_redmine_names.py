"""Names and people as a member's account may see them: what is looked up, how often, and what stands in for what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import responses

from bridge.adapters.redmine import RedmineTracker
from bridge.core.model import Role, Ticket
from bridge.core.policy import Staff
from bridge.errors import NotFoundError, PermanentError, TemporaryError
from tests.fakes.rest import Site
from tests.fakes.site import DEPARTMENTS, RULES, Clock, issue, member, note, small_cabinet, tracker

ADMINS_ONLY = {"/users.json", "/groups.json", "/custom_fields.json"}


@pytest.fixture
def site() -> Iterator[Site]:
    """A small cabinet."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield small_cabinet(mock)


def read(site: Site, looking: RedmineTracker, *journals: dict[str, Any], **more: Any) -> Ticket:
    """Read the ticket with these journals."""
    site.pages["/issues/7.json"] = {"issue": issue(journals=[*journals], **more)}
    ticket = looking.read(7)
    assert ticket is not None
    return ticket


def status(old: str, new: str) -> dict[str, Any]:
    """A change of status."""
    return {"property": "attr", "name": "status_id", "old_value": old, "new_value": new}


def test_trap_10_reading_a_ticket_is_one_request(site: Site) -> None:
    """Once names and people are known, a ticket with all its history costs one request."""
    looking = tracker(site)
    read(site, looking, note(1, 6, "Иван Иванов", status("2", "1")))
    site.asked.clear()
    read(site, looking, note(1, 6, "Иван Иванов", status("2", "1")), note(2, 32, "Анна"))
    assert site.paths() == ["GET /issues/7.json"]
    assert site.asked[0][2] == {"include": "journals,attachments,watchers"}


def test_trap_24_nothing_is_asked_that_only_administrators_may_see(site: Site) -> None:
    """Names come from tickets, projects and memberships; the lists for administrators are left alone."""
    looking = tracker(site)
    read(site, looking, note(1, 6, "Иван Иванов", status("2", "1")))
    looking.may_write_private("Завод")
    assert not ADMINS_ONLY & {path for _, path, _ in site.asked}


def test_a_deleted_status_costs_one_more_request_not_one_per_ticket(site: Site) -> None:
    """An id that the list does not have is looked for once more, then it keeps its stand-in until the list is old."""
    clock = Clock()
    looking = tracker(site, clock)
    for _ in range(3):
        assert read(site, looking, note(1, 6, "Иван Иванов", status("99", "1"))).created.status == "#99"
    assert site.paths().count("GET /issue_statuses.json") == 1
    clock.pass_by(timedelta(hours=2))
    before = len(site.asked)
    read(site, looking, note(1, 6, "Иван Иванов", status("99", "1")))
    assert "GET /issue_statuses.json" in site.paths()[before:]


def test_several_deleted_statuses_cost_no_more_requests_each_time(site: Site) -> None:
    """What was looked for in vain is remembered for each of them."""
    looking = tracker(site)
    rows = [note(1, 6, "Иван Иванов", status("98", "99")), note(2, 6, "Иван Иванов", status("99", "97"))]
    read(site, looking, *rows)
    before = len(site.asked)
    read(site, looking, *rows)
    assert site.paths()[before:] == ["GET /issues/7.json"]


def test_a_new_status_is_found_at_once(site: Site) -> None:
    """A status that was added after the list was read is looked for."""
    looking = tracker(site)
    read(site, looking, note(1, 6, "Иван Иванов", status("2", "1")))
    site.pages["/issue_statuses.json"] = {"issue_statuses": [{"id": 9, "name": "Новинка"}, {"id": 1, "name": "Новая"}]}
    assert read(site, looking, note(1, 6, "Иван Иванов", status("9", "1"))).created.status == "Новинка"


@pytest.mark.parametrize(
    ("detail", "name"),
    [
        pytest.param(("category_id", "8"), "Установка", id="a category of the project"),
        pytest.param(("category_id", "77"), "#77", id="a deleted category"),
        pytest.param(("assigned_to_id", "5"), "Пресейл-отдел", id="a group of the project"),
        pytest.param(("assigned_to_id", "6"), "Иван Иванов", id="a member"),
        pytest.param(("assigned_to_id", "40"), "Бывший Сотрудник", id="somebody who is no member any more"),
        pytest.param(("assigned_to_id", "50"), "Старый отдел", id="a group that is no member any more"),
        pytest.param(("assigned_to_id", "99"), "#99", id="somebody who is hidden or deleted"),
        pytest.param(("project_id", "3"), "Завод", id="a project"),
        pytest.param(("project_id", "99"), "#99", id="a project that is hidden or deleted"),
        pytest.param(("priority_id", "99"), "#99", id="a deleted priority"),
        pytest.param(("status_id", "чушь"), "#чушь", id="what is no number"),
    ],
)
def test_ids_of_the_history_get_names(site: Site, detail: tuple[str, str], name: str) -> None:
    """Every id of the history becomes a name, or a stand-in that a person can read."""
    site.pages["/users/40.json"] = {"user": {"id": 40, "firstname": "Бывший", "lastname": "Сотрудник"}}
    site.pages["/groups/50.json"] = {"group": {"id": 50, "name": "Старый отдел"}}
    key, old = detail
    change = {"property": "attr", "name": key, "old_value": old, "new_value": None}
    (journal,) = read(site, tracker(site), note(1, 6, "Иван Иванов", change)).journals
    assert journal.changes[0].old == name


def test_a_field_of_the_project_that_the_ticket_does_not_show(site: Site) -> None:
    """A field of another tracker has the name that the project knows, or another ticket showed; else a stand-in."""
    looking = tracker(site)
    site.pages["/issues/8.json"] = {"issue": issue(id=8, custom_fields=[{"id": 31, "name": "Чужое", "value": ""}])}
    looking.read(8)
    details = [{"property": "cf", "name": key, "old_value": "", "new_value": "1"} for key in ("30", "31", "32")]
    (journal,) = read(site, looking, note(1, 6, "Иван Иванов", *details)).journals
    assert [change.name for change in journal.changes] == ["Своё", "Чужое", "#32"]


# --- people -----------------------------------------------------------------------------------------------------------


def test_p1_a_role_in_the_project_makes_staff(site: Site) -> None:
    """The engineer is staff and of the department's group, the customer is a customer of no department."""
    ticket = read(site, tracker(site), note(1, 6, "Иван Иванов"))
    (journal,) = ticket.journals
    assert (journal.author.role, journal.author.groups, journal.author.login) == (
        Role.STAFF,
        {"Пресейл-отдел"},
        "ivanov",
    )
    assert (ticket.author.role, ticket.author.groups, ticket.author.mail) == (
        Role.CUSTOMER,
        set(),
        "anna@zavod.example",
    )


@pytest.mark.parametrize(
    ("staff", "role"),
    [
        pytest.param(Staff(frozenset()), Role.CUSTOMER, id="without a staff role: a customer"),
        pytest.param(Staff(frozenset(), always=frozenset({"IVANOV"})), Role.STAFF, id="always, by login, in any case"),
        pytest.param(Staff(frozenset(), always=frozenset({"иван иванов"})), Role.STAFF, id="always, by name"),
        pytest.param(
            Staff(frozenset({"Инженер"}), never=frozenset({"ivanov"})), Role.ROBOT, id="never goes before roles"
        ),
        pytest.param(
            Staff(frozenset(), frozenset({"ivanov"}), frozenset({"ivanov"})), Role.ROBOT, id="never goes before always"
        ),
    ],
)
def test_p1_always_and_never(site: Site, staff: Staff, role: Role) -> None:
    """The rules' lists by name or login go before roles, and never before always."""
    (journal,) = read(site, tracker(site, staff=staff), note(1, 6, "Иван Иванов")).journals
    assert journal.author.role is role


def test_p4_the_own_account_and_former_ones_are_the_bridge(site: Site) -> None:
    """The account of the key is the bridge whatever the rules call it, and so is every account that they name."""
    site.pages["/users/33.json"] = {"user": {"id": 33, "login": "old-bridge"}}
    looking = tracker(site, bridge_users=frozenset({"OLD-bridge"}))
    ticket = read(site, looking, note(1, 31, "Мост"), note(2, 33, "Прежний мост"))
    assert [j.author.role for j in ticket.journals] == [Role.BRIDGE, Role.BRIDGE]


def test_p1_an_engineer_who_joined_a_moment_ago_is_staff(site: Site) -> None:
    """Somebody who is not in the memberships that are at hand makes them be looked up anew: the role is kept for ever."""
    looking = tracker(site)
    read(site, looking)
    members = [member(6, "Иван Иванов", "Инженер"), member(34, "Пётр", "Инженер")]
    site.pages["/projects/3/memberships.json"] = {"memberships": members, "total_count": 2}
    (journal,) = read(site, looking, note(1, 34, "Пётр")).journals
    assert journal.author.role is Role.STAFF


def test_p1_memberships_grow_old_within_a_minute(site: Site) -> None:
    """A member who was given a staff role is staff soon after."""
    clock = Clock()
    looking = tracker(site, clock)
    read(site, looking)
    site.pages["/projects/3/memberships.json"] = {"memberships": [member(32, "Анна", "Инженер")], "total_count": 1}
    clock.pass_by(timedelta(minutes=1))
    assert read(site, looking).author.role is Role.STAFF


def test_p2_a_stranger_is_a_customer_and_costs_no_request_each_time(site: Site) -> None:
    """Who is no member is a customer; the memberships are looked up anew once, not for each ticket."""
    looking = tracker(site)
    for _ in range(4):
        assert read(site, looking, note(1, 99, "Аноним")).journals[0].author.role is Role.CUSTOMER
    assert site.paths().count("GET /projects/3/memberships.json") == 1
    assert site.paths().count("GET /users/99.json") == 1


def test_a_journal_without_an_author_is_a_robots(site: Site) -> None:
    """Nobody's words are neither an answer nor a question."""
    row = note(1, 6, "x") | {"user": None}
    assert read(site, tracker(site), row).journals[0].author.role is Role.ROBOT


def test_hidden_memberships_make_nobody_staff_but_those_in_always(site: Site) -> None:
    """Where the account may not see the members, the rules' lists still hold."""
    site.pages["/projects/3/memberships.json"] = 403
    staff = replace(RULES.staff, always=frozenset({"ivanov"}))
    ticket = read(site, tracker(site, staff=staff), note(1, 6, "Иван Иванов"), note(2, 34, "Пётр"))
    assert [j.author.role for j in ticket.journals] == [Role.STAFF, Role.CUSTOMER]


@pytest.mark.parametrize(
    "department",
    [
        pytest.param(replace(DEPARTMENTS[0], members=frozenset({"ivanov"})), id="members by login"),
        pytest.param(replace(DEPARTMENTS[0], members=frozenset({"Иван Иванов"})), id="members by name"),
        pytest.param(replace(DEPARTMENTS[0], roles=frozenset({"Инженер"})), id="roles in the project"),
    ],
)
def test_a_department_is_known_without_its_groups_members(site: Site, department: Any) -> None:
    """Where Redmine hides who is in a group, the rules' members and roles tell."""
    site.pages["/groups/5.json"] = 404
    (journal,) = read(site, tracker(site, departments=(department,)), note(1, 6, "Иван Иванов")).journals
    assert journal.author.groups == {"Пресейл-отдел"}


@pytest.mark.parametrize(("status_code", "error"), [(401, PermanentError), (503, TemporaryError)])
def test_a_person_is_not_guessed_when_redmine_fails(site: Site, status_code: int, error: type[Exception]) -> None:
    """Only what is hidden counts as unknown: a server in trouble does not make an engineer a customer."""
    site.pages["/projects/3/memberships.json"] = status_code
    with pytest.raises(error):
        tracker(site).read(7)


TICKET = "/issues/7.json"
MEMBERS = "/projects/3/memberships.json"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        pytest.param(TICKET, {"issue": {}}, id="a ticket without anything"),
        pytest.param(TICKET, {"issue": issue(id=8)}, id="another ticket"),
        pytest.param(TICKET, {"issue": issue(id="seven")}, id="a ticket whose number is none"),
        pytest.param(TICKET, {"issue": issue(created_on=None)}, id="a ticket that was opened at no time"),
        pytest.param(TICKET, {"issue": issue(project=None)}, id="a ticket of no project"),
        pytest.param(TICKET, {"issue": issue(tracker=["Пресейл"])}, id="a ticket with a list of trackers"),
        pytest.param(TICKET, {"issue": issue(journals=[None])}, id="a journal that is nothing"),
        pytest.param(TICKET, {"issue": issue(journals=[{"id": 1, "created_on": "soon"}])}, id="a journal of no moment"),
        pytest.param(TICKET, {"issue": issue(custom_fields=[{"id": 1}])}, id="a field without a name"),
        pytest.param(MEMBERS, {"memberships": [{"user": {"name": "anna"}}]}, id="a member without a number"),
        pytest.param(MEMBERS, {"memberships": [member(32, "Анна")], "total_count": "all"}, id="no number of members"),
        pytest.param("/users/32.json", {"user": {"login": "anna"}}, id="a user without a number"),
        pytest.param("/groups/5.json", {"group": {"users": [None]}}, id="a user of a group that is nothing"),
        pytest.param("/users/current.json", {"user": {"id": None}}, id="an account without a number"),
    ],
)
def test_json_that_redmine_does_not_write(site: Site, path: str, answer: dict[str, Any]) -> None:
    """Whatever was asked for: the error is temporary, names the request, and no value of a ticket is in it."""
    site.pages[path] = answer
    with pytest.raises(TemporaryError, match=rf"^GET {path}: the answer is not what Redmine writes") as caught:
        tracker(site).read(7)
    assert not any(value in str(caught.value) for value in ("seven", "soon", "Пресейл", "anna"))


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        pytest.param("/roles/11.json", {"role": {"id": 11}}, id="a role without a name"),
        pytest.param("/projects.json", {"projects": [{"id": 3}]}, id="a project without a name"),
    ],
)
def test_rights_that_are_not_understood(site: Site, path: str, answer: dict[str, Any]) -> None:
    """No private note is written on the strength of an answer that says nothing."""
    site.pages[path] = answer
    with pytest.raises(TemporaryError, match=rf"GET {path}: .*without 'name'"):
        tracker(site).may_write_private("Завод")


# --- rights -----------------------------------------------------------------------------------------------------------


def test_w2_the_right_is_asked_for_once_per_role(site: Site) -> None:
    """Several questions about several projects with the same role are one request for the role."""
    looking = tracker(site)
    assert looking.may_write_private("Завод")
    assert looking.may_write_private("Завод")
    assert site.paths().count("GET /roles/11.json") == 1


@pytest.mark.parametrize("missing", ["set_notes_private", "add_issue_notes"])
def test_w2_a_role_without_the_right(site: Site, missing: str) -> None:
    """Without the right no private note is attempted: it would come out public."""
    kept = [right for right in ("set_notes_private", "add_issue_notes") if right != missing]
    site.pages["/roles/11.json"] = {"role": {"id": 11, "name": "Мост", "permissions": kept}}
    assert not tracker(site).may_write_private("Завод")


def test_w2_projects_that_share_a_name(site: Site) -> None:
    """The right has to be there in each of them, as the name alone does not tell which is meant."""
    twins = [{"id": 3, "name": "Завод", "identifier": "a"}, {"id": 4, "name": "Завод", "identifier": "b"}]
    site.pages["/projects.json"] = {"projects": twins, "total_count": 2}
    assert not tracker(site).may_write_private("Завод")


def test_w2_a_project_that_is_not_seen(site: Site) -> None:
    """The error names the project."""
    with pytest.raises(NotFoundError, match="«Верфь»"):
        tracker(site).may_write_private("Верфь")
