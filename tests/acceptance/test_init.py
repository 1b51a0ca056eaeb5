"""`presale-bridge init` on a real Redmine: the draft passes `check --online` at once, on the policy's cabinet and on one with other names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.cli.main import run
from bridge.demo.actors import Actor
from bridge.demo.server import RedmineServer
from bridge.policy.load import load
from bridge.policy.shipped import shipped_rules
from tests.acceptance.stage import Stage
from tests.redmine_fixtures import make_server

pytestmark = pytest.mark.redmine

ENGLISH = {
    "issue_statuses": {
        "Новая": "New",
        "В работе": "In Progress",
        "Решена": "Resolved",
        "Обратная связь": "Feedback",
        "Закрыта": "Closed",
        "Отклонена": "Rejected",
    },
    "trackers": {"ТехП Пресейл": "Support", "Ошибка": "Bug"},
    "roles": {"Руководитель": "Manager", "Инженер пресейла": "Developer", "Клиент": "Reporter", "Мост": "Bot"},
}
GONE = ("Ожидание ответа", "Согласование", "Согласовано", "Не согласовано")


@pytest.fixture(scope="module")
def english() -> Iterator[RedmineServer]:
    """A Redmine with the names of the English default data, without groups and without fields."""
    with make_server("init-english") as server:
        if server.database.rows("SELECT id FROM trackers WHERE name = 'ТехП Пресейл'"):
            _make_english(server)
        yield server


def _make_english(server: RedmineServer) -> None:
    admin = Actor(server, "admin")
    for group in admin.request("GET", "/groups.json")["groups"]:
        admin.request("DELETE", f"/groups/{group['id']}.json")
    roles = {row["name"]: row["id"] for row in admin.request("GET", "/roles.json")["roles"]}
    for login, role in (("ivanov", "Инженер пресейла"), ("petrova", "Инженер пресейла")):
        member = {"user_id": server.users[login].id, "role_ids": [roles[role]]}
        admin.request("POST", "/projects/clients/memberships.json", {"membership": member})
    rename = [
        (f"UPDATE {table} SET name = :new WHERE name = :old", {"old": old, "new": new})
        for table, names in ENGLISH.items()
        for old, new in names.items()
    ]
    drop = [("DELETE FROM issue_statuses WHERE name = :name", {"name": name}) for name in GONE]
    server.database.script([*rename, *drop, ("DELETE FROM custom_fields", {}), ("DELETE FROM custom_values", {})])


def environment(server: RedmineServer, folder: Path) -> dict[str, str]:
    """What an operator would set."""
    return {
        "REDMINE_URL": server.url,
        "REDMINE_API_KEY_FILE": str(server.bridge_key_file),
        "PRESALE_BRIDGE_STORE": str(folder / "state.db"),
    }


def start(server: RedmineServer, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Draft and check; what the check printed."""
    rules, known = folder / "rules.yaml", environment(server, folder)
    assert run(["init", "--output", str(rules)], known) == 0
    drafted = capsys.readouterr()
    code = run(["check", "--online", "--rules", str(rules)], known)
    said = capsys.readouterr()
    assert code == 0, drafted.out + said.out + said.err
    return said.out


def test_the_policys_cabinet_with_tickets(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fields are looked up on tickets; nothing but the lead differs from the shipped rules."""
    stage.ticket()
    said = start(stage.server, tmp_path, capsys)
    rules = load(tmp_path / "rules.yaml").policy
    assert "error" not in said
    assert len(rules.departments) == 6
    assert rules.redmine.field_names == {"Информация об обновлении системы": "Информация об обновлении"}
    assert [rule.name for rule in rules.required.fields] == ["Сведения о системе", "Информация об обновлении системы"]
    assert rules.redmine.statuses == load(shipped_rules()).policy.redmine.statuses
    assert rules.lead in {"orlova", "volkov"}
    assert rules.limits.shadow


def test_a_cabinet_without_tickets(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first day of a new cabinet."""
    assert "no ticket in scope yet" in start(stage.server, tmp_path, capsys)


def test_an_english_redmine_without_groups_and_fields(
    english: RedmineServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usable at once, all with the first line, and the pass in shadow mode writes nothing."""
    Actor(english, "customer-01-1").request(
        "POST",
        "/issues.json",
        {
            "issue": {
                "project_id": "customer-01",
                "tracker_id": english.names.id("tracker", "Support"),
                "subject": "Hello",
            }
        },
    )
    said = start(english, tmp_path, capsys)
    rules = load(tmp_path / "rules.yaml").policy
    assert set(rules.departments) == {"Пресейл"}
    assert (rules.redmine.statuses.waiting, rules.redmine.scope.trackers) == ("Feedback", {"Support"})
    assert rules.redmine.staff.roles >= {"Developer", "Manager"}
    assert rules.required.fields == ()
    assert "warning: departments.Пресейл.group" in said
    assert run(["plan", "--rules", str(tmp_path / "rules.yaml")], environment(english, tmp_path)) == 0


def test_p4_an_administrators_key_is_refused(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rules would name the administrator as the bridge."""
    known = environment(stage.server, tmp_path) | {"REDMINE_API_KEY": stage.server.key("admin")}
    known.pop("REDMINE_API_KEY_FILE")
    assert run(["init", "--output", str(tmp_path / "rules.yaml")], known) == 2
    assert "administrator" in capsys.readouterr().err
    assert not (tmp_path / "rules.yaml").exists()


def test_who_is_no_member_anywhere_is_told(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An account that was just made has to be let in first."""
    admin = stage.actor("admin")
    person = {
        "login": "alone",
        "firstname": "A",
        "lastname": "B",
        "mail": "alone@vendor.example",
        "generate_password": True,
    }
    made = admin.request("POST", "/users.json", {"user": person})["user"]
    try:
        key = admin.request("GET", f"/users/{made['id']}.json")["user"]["api_key"]
        known = {"REDMINE_URL": stage.server.url, "REDMINE_API_KEY": key}
        assert run(["init", "--output", str(tmp_path / "rules.yaml")], known) == 2
        assert "no member of any project" in capsys.readouterr().err
    finally:
        admin.request("DELETE", f"/users/{made['id']}.json")


GUIDE = Path(__file__).parents[2] / "docs" / "ru" / "guide.md"


def test_from_init_to_a_new_tested_route_with_the_guide_alone(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide's second chapter, typed in as it says, on a draft of a real Redmine with a ticket that the new route is for."""
    number = stage.ticket(("Нужен сертификат соответствия ФСТЭК", "Пришлите копию, пожалуйста."))
    start(stage.server, tmp_path, capsys)
    chapter = GUIDE.read_text(encoding="utf-8").split("\n## ")[2]
    (words,) = re.findall(r"^```yaml words\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    (change,) = re.findall(r"^```yaml rules\nroutes:\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    ((name, cases),) = re.findall(r"^```yaml test (\S+)\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    rules, old, tests = tmp_path / "rules.yaml", tmp_path / "old.yaml", tmp_path / name
    tests.write_text(cases, encoding="utf-8")
    old.write_text(rules.read_text(encoding="utf-8"), encoding="utf-8")
    with (tmp_path / "words.yaml").open("a", encoding="utf-8") as file:
        file.write(words)
    text = old.read_text(encoding="utf-8")
    rules.write_text(text.replace("\nroutes:\n", f"\nroutes:\n{change}", 1), encoding="utf-8")
    known = environment(stage.server, tmp_path)
    assert run(["check", "--online", "--rules", str(rules)], known) == 0
    assert run(["test", str(tests), "--rules", str(rules)], known) == 0
    capsys.readouterr()
    assert run(["explain", str(number), "--rules", str(rules)], known) == 0
    assert "route «Вопросы о сертификатах»" in capsys.readouterr().out
    replayed = ["backtest", "--present", str(old), "--rules", str(rules), "--cache", str(tmp_path / "cache")]
    assert run(replayed, known) == 0
    assert "department: Пресейл → Отдел продаж" in capsys.readouterr().out
    assert run(["plan", "--notes", "--rules", str(rules)], known) == 0
    assert stage.notes(number) == []
