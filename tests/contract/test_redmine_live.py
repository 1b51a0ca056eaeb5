"""The adapter on a real Redmine: how many requests things take, and what only the real one does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.redmine import Connection, Level, RedmineTracker, check_online, connect
from bridge.core.model import Attribute, Change, Role, Ticket, Write
from bridge.core.policy import Policy, Scope
from bridge.demo.actors import PRESALE, Actor, Customer, new_customer
from bridge.demo.server import RedmineServer
from bridge.errors import NotFoundError
from bridge.policy.load import load

pytestmark = [pytest.mark.redmine, pytest.mark.usefixtures("no_mails")]

RULES = Path(__file__).parents[2] / "rules.yaml"
LATER = timedelta(minutes=5)


@dataclass
class Stage:
    """A customer of one's own, and a tracker that counts its requests."""

    server: RedmineServer
    customer: Customer
    policy: Policy
    asked: list[str] = field(default_factory=list)

    def tracker(self, **scope: Any) -> RedmineTracker:
        """A fresh one, as a new process has it."""
        redmine = connect(Connection(self.server.url, self.server.bridge_key_file.read_text(encoding="utf-8").strip()))
        redmine.engine.session.hooks["response"].append(self._count)
        rules = replace(self.policy.redmine, scope=Scope(frozenset({PRESALE}), **scope))
        departments = self.policy.departments.values()
        return RedmineTracker(redmine, rules, departments, lambda: datetime.now(UTC))  # noqa: TID251 - the real clock

    def _count(self, response: Any, *_: Any, **__: Any) -> None:
        self.asked.append(f"{response.request.method} {response.request.path_url.partition('?')[0]}")

    def own(self) -> RedmineTracker:
        """A fresh one for this customer's project."""
        return self.tracker(projects=frozenset({self.customer.project}))

    def actor(self, login: str) -> Actor:
        """Somebody."""
        return Actor(self.server, login)

    def ticket(self) -> int:
        """A ticket of the customer."""
        return self.customer.actor.open_issue(self.customer.project, "Вопрос")

    def admin(self, method: str, path: str, body: object) -> dict[str, Any]:
        """What only an administrator may do."""
        return self.actor("admin").request(method, path, body)


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped rules."""
    return load(RULES).policy


@pytest.fixture
def stage(redmine: RedmineServer, policy: Policy) -> Stage:
    """A customer whom no other test knows."""
    return Stage(redmine, new_customer(redmine, f"t{uuid.uuid4().hex[:12]}"), policy)


def read(tracker: RedmineTracker, number: int) -> Ticket:
    """A ticket that is in scope."""
    ticket = tracker.read(number)
    assert ticket is not None
    return ticket


@pytest.mark.parametrize(
    "scope", [{}, {"below": "clients"}, {"below": "Клиенты"}, {"projects": frozenset({"customer-01"})}]
)
def test_an_idle_look_of_a_fresh_process_is_one_request(stage: Stage, scope: dict[str, Any]) -> None:
    """Whatever the scope, and however many tickets there are."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - the real clock
    assert stage.tracker(**scope).changed(tomorrow).heads == ()
    assert stage.asked == ["GET /issues.json"]


def test_trap_10_a_changed_ticket_is_one_request_once_names_are_known(stage: Stage) -> None:
    """Reading costs one request, writing one."""
    number = stage.ticket()
    stage.actor("ivanov").note(number, "Смотрю", status="В работе")
    tracker = stage.own()
    read(tracker, number)
    tracker.write(number, Write((), changes=(Change(Attribute.CATEGORY, "", ""),)))
    stage.asked.clear()
    read(tracker, number)
    tracker.write(number, Write((), notes="Ответ", changes=(Change(Attribute.STATUS, "", "Ожидание ответа"),)))
    assert stage.asked == [f"GET /issues/{number}.json", f"PUT /issues/{number}.json"]


def test_the_first_ticket_of_a_process_takes_few_requests(stage: Stage) -> None:
    """The ticket, its project and members, the own account, statuses, the departments' groups, and each person once."""
    number = stage.ticket()
    stage.actor("ivanov").note(number, "Смотрю", status="В работе")
    read(stage.own(), number)
    groups = len(stage.policy.departments)
    assert len(stage.asked) <= 7 + groups


def test_p1_an_engineer_who_was_locked_stays_staff(stage: Stage) -> None:
    """A locked account keeps its membership, so last year's answers stay answers."""
    login = f"e{uuid.uuid4().hex[:10]}"
    person = {"login": login, "firstname": "Бывший", "lastname": login, "mail": f"{login}@vendor.example"}
    user = stage.admin("POST", "/users.json", {"user": person | {"generate_password": True}})["user"]
    role = stage.server.names.id("role", "Инженер пресейла")
    place = f"/projects/{stage.customer.project}/memberships.json"
    stage.admin("POST", place, {"membership": {"user_id": user["id"], "role_ids": [role]}})
    number = stage.ticket()
    key = stage.admin("GET", f"/users/{user['id']}.json", None)["user"]["api_key"]
    Actor(stage.server, login, key).note(number, "Ответ")
    stage.admin("PUT", f"/users/{user['id']}.json", {"user": {"status": 3}})
    (journal,) = read(stage.own(), number).journals
    assert journal.author.role is Role.STAFF


def test_a_category_that_was_deleted(stage: Stage) -> None:
    """Redmine takes it from the ticket without a journal: the present is what the ticket shows, the past is readable."""
    path = f"/projects/{stage.customer.project}/issue_categories.json"
    category = stage.admin("POST", path, {"issue_category": {"name": "Недолгая"}})["issue_category"]["id"]
    number = stage.ticket()
    stage.actor("ivanov").note(number, category="Недолгая")
    stage.admin("DELETE", f"/issue_categories/{category}.json", None)
    ticket = read(stage.own(), number)
    assert (ticket.created.category, ticket.current.category) == ("", "")
    assert len(ticket.journals) == 1


def test_w2_trap_14_a_private_note_without_the_right_comes_out_public(stage: Stage) -> None:
    """Redmine says 204 and publishes it; the right is known beforehand to be missing."""
    code = f"n{uuid.uuid4().hex[:10]}"
    trackers = [stage.server.names.id("tracker", PRESALE)]
    project = {"name": code, "identifier": code, "is_public": False, "inherit_members": False, "tracker_ids": trackers}
    stage.admin("POST", "/projects.json", {"project": project | {"enabled_module_names": ["issue_tracking"]}})
    ids = {"user_id": stage.server.users["presale-bridge"].id, "role_ids": [stage.server.names.id("role", "Клиент")]}
    stage.admin("POST", f"/projects/{code}/memberships.json", {"membership": ids})
    number = stage.actor("presale-bridge").open_issue(code, "Своё")
    tracker = stage.tracker(projects=frozenset({code}))
    assert not tracker.may_write_private(code)
    tracker.write(number, Write((), notes="Тайна", private=True))
    (journal,) = read(tracker, number).journals
    assert (journal.notes, journal.private) == ("Тайна", False)
    lacking = [f.message for f in check_online(tracker, _with(stage.policy, tracker, code)) if "lacks" in f.message]
    assert any("set_notes_private" in message and code in message for message in lacking)


def _with(policy: Policy, tracker: RedmineTracker, project: str) -> Policy:
    scope = Scope(frozenset({PRESALE}), frozenset({project}))
    assert tracker.scope.projects()
    return replace(policy, redmine=replace(policy.redmine, scope=scope))


def test_a_ticket_that_was_moved_out_of_sight(stage: Stage) -> None:
    """403 is what Redmine says then; for the bridge it is not found."""
    code = f"h{uuid.uuid4().hex[:10]}"
    trackers = [stage.server.names.id("tracker", PRESALE)]
    project = {"name": code, "identifier": code, "is_public": False, "inherit_members": False, "tracker_ids": trackers}
    made = stage.admin("POST", "/projects.json", {"project": project | {"enabled_module_names": ["issue_tracking"]}})
    number = stage.ticket()
    stage.admin("PUT", f"/issues/{number}.json", {"issue": {"project_id": made["project"]["id"]}})
    with pytest.raises(NotFoundError):
        stage.own().read(number)


def test_check_online_finds_nothing_wrong_with_the_demo(stage: Stage) -> None:
    """The shipped rules fit the demo's Redmine but for the names that each company fills in."""
    number = stage.ticket()
    stage.actor("ivanov").note(number, "Смотрю")
    scope = Scope(frozenset({PRESALE}), frozenset({"customer-01", stage.customer.project}))
    policy = replace(stage.policy, lead="orlova", redmine=replace(stage.policy.redmine, scope=scope))
    tracker = stage.tracker(projects=scope.projects)
    findings = check_online(tracker, policy)
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    assert errors == []
    assert any("mail" in finding.message for finding in findings)
