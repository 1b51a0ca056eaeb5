"""The demo's Redmine: what the tests and the demo rely on."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bridge.demo import past
from bridge.demo.actors import Actor, Customer, NotAppliedError, new_customer
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from bridge.demo.server import RedmineServer

pytestmark = pytest.mark.redmine

MONDAY = datetime(2026, 11, 16, 7, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 17, 7, 30, tzinfo=UTC)
FIELD = "Сведения о системе"


@pytest.fixture
def customer(redmine: RedmineServer) -> Customer:
    """A customer whom no other test knows."""
    return new_customer(redmine, f"t{uuid.uuid4().hex[:12]}")


def test_seeded(redmine: RedmineServer) -> None:
    """People, groups and twenty customers' projects are there, and the bridge's account is no administrator."""
    assert redmine.users["ivanov"].groups == ("Пресейл",)
    assert redmine.users["volkov"].groups == ("Отдел продаж",)
    assert not redmine.users["presale-bridge"].admin
    assert redmine.bridge_key_file.stat().st_mode & 0o777 == 0o600
    bridge = Actor(redmine, "presale-bridge")
    pages = [bridge.request("GET", "/projects.json", limit=100, offset=offset)["projects"] for offset in (0, 100, 200)]
    seen = {project["identifier"] for page in pages for project in page}
    assert {f"customer-{number:02}" for number in range(1, 21)} <= seen


def test_a_ticket_at_a_moment(redmine: RedmineServer, customer: Customer) -> None:
    """What is done at a moment carries that moment everywhere, and is mailed at once to those concerned."""
    number = customer.actor.open_issue(
        customer.project, "Вопрос", fields={FIELD: "x86_64"}, at=MONDAY, attachments={"журнал.txt": b"1"}
    )
    Actor(redmine, "ivanov").note(number, "Ответ", status="Решена", assigned_to="Пресейл", at=TUESDAY)
    seen = Actor(redmine, "presale-bridge").issue(number)
    assert (seen["created_on"], seen["updated_on"]) == ("2026-11-16T07:00:00Z", "2026-11-17T07:30:00Z")
    assert seen["attachments"][0]["created_on"] == "2026-11-16T07:00:00Z"
    assert seen["journals"][0]["created_on"] == "2026-11-17T07:30:00Z"
    mails = redmine.mails.of(number)
    written = {address for mail in mails for address in mail.recipients}
    assert f"user@{customer.project}.example" in written
    assert "petrova@vendor.example" in written
    assert "presale-bridge@vendor.example" not in written
    assert "Ответ" in mails[-1].text


def test_backdating(redmine: RedmineServer, customer: Customer) -> None:
    """What was done now can be moved into the past."""
    number = customer.actor.open_issue(customer.project, "Вопрос")
    journal = Actor(redmine, "ivanov").note(number, "Ответ", status="Закрыта", attachments={"a.txt": b"1"})
    past.backdate(redmine.database, number, MONDAY)
    past.backdate_journal(redmine.database, journal, TUESDAY)
    seen = customer.actor.issue(number)
    assert (seen["created_on"], seen["updated_on"]) == ("2026-11-16T07:00:00Z", "2026-11-17T07:30:00Z")
    assert seen["closed_on"] == seen["attachments"][0]["created_on"] == "2026-11-17T07:30:00Z"


def test_customers_see_only_their_own(redmine: RedmineServer, customer: Customer) -> None:
    """A customer neither sees others' tickets nor private notes."""
    number = customer.actor.open_issue(customer.project, "Вопрос")
    Actor(redmine, "ivanov").note(number, "Только для нас", private=True)
    assert customer.actor.issue(number)["journals"] == []
    with pytest.raises(PermanentError, match=r"40[34]"):
        Actor(redmine, "customer-01-1").issue(number)


def test_customers_cannot_reopen(redmine: RedmineServer, customer: Customer) -> None:
    """A customer's change of status is silently dropped by Redmine, and the actor says so."""
    number = customer.actor.open_issue(customer.project, "Вопрос")
    Actor(redmine, "ivanov").note(number, "Закрываем", status="Закрыта")
    with pytest.raises(NotAppliedError, match="status_id"):
        customer.actor.note(number, "Рано закрыли", status="Новая")
    assert customer.actor.issue(number)["journals"][-1]["notes"] == "Рано закрыли"


def test_many(redmine: RedmineServer, customer: Customer) -> None:
    """Two hundred tickets are made in one stroke."""
    number = customer.actor.open_issue(customer.project, "Вопрос", fields={FIELD: "x86_64"})
    Actor(redmine, "ivanov").note(number, "Ответ")
    past.multiply(redmine.database, number, 200)
    listed = customer.actor.request("GET", "/issues.json", project_id=customer.project, limit=1)
    assert listed["total_count"] == 201
    copy = customer.actor.issue(listed["issues"][0]["id"])
    assert copy["journals"][0]["notes"] == "Ответ"
    assert copy["custom_fields"][0]["value"] == "x86_64"


def test_simulated_time(redmine: RedmineServer) -> None:
    """Redmine as a whole can live at another time, which runs on."""
    redmine.set_time(TUESDAY)
    number = Actor(redmine, "customer-02-1").open_issue("customer-02", "Вопрос")
    seen = Actor(redmine, "customer-02-1").issue(number)
    redmine.set_time(None)
    assert seen["created_on"].startswith("2026-11-17T07:30:")


@pytest.mark.parametrize("login", ["customer-20-1"])
def test_another_login_may_not_edit(redmine: RedmineServer, customer: Customer, login: str) -> None:
    """Only its author, with the right to, edits a note."""
    number = customer.actor.open_issue(customer.project, "Вопрос")
    journal = Actor(redmine, "presale-bridge").note(number, "Опечатка")
    Actor(redmine, "presale-bridge").edit_note(journal, "Исправлено")
    with pytest.raises(PermanentError, match=r"40[34]"):
        Actor(redmine, login).edit_note(journal, "Чужое")
