"""Loading: files that cannot be read, extensions, and forms that leads may choose between."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.conditions import REGISTRY, Leaf
from bridge.core.policy import Policy
from bridge.errors import PolicyError
from bridge.policy.load import load, parse

RULES = """\
redmine:
  trackers: ТехП Пресейл
  staff: {roles: Инженер}
  bridge_users: presale-bridge
  markup: textile
  statuses: {waiting: Ожидание, resumed: В работе, reopened: В работе, pauses: Ожидание, closed: Закрыта}
calendar: {zone: Europe/Moscow, week: {mon-fri: 09:00-18:00}}
departments:
  Пресейл: {first_line: true}
  Продажи:
routes:
  - {name: Всё, kind: triage, department: Пресейл}
terms: {answer: 2 рабочих дня}
limits: {not_before: 2026-11-01T00:00:00+03:00}
lead: rukovoditel
"""


def policy(old: str = "", new: str = "") -> Policy:
    """The policy of the smallest rules, with one thing changed."""
    return parse(RULES.replace(old, new, 1) if old else RULES).policy


def test_the_smallest_rules_are_enough() -> None:
    """Everything else has a default."""
    smallest = policy()
    assert smallest.departments["Продажи"].group == "Продажи"
    assert smallest.departments["Продажи"].title.en == "Продажи"
    assert smallest.redmine.scope.projects == frozenset()
    assert smallest.limits.changes_per_pass == 50


@pytest.mark.parametrize(
    ("written", "projects", "below"),
    [
        pytest.param("all", frozenset(), "", id="All projects"),
        pytest.param("[one, two]", frozenset({"one", "two"}), "", id="Some projects"),
        pytest.param("one", frozenset({"one"}), "", id="One project"),
        pytest.param("{below: customers}", frozenset(), "customers", id="All below one, new ones too"),
    ],
)
def test_which_projects(written: str, projects: frozenset[str], below: str) -> None:
    """New customers' projects work without an edit."""
    scope = policy("  trackers:", f"  projects: {written}\n  trackers:").redmine.scope
    assert (scope.projects, scope.below) == (projects, below)


@pytest.mark.parametrize(
    ("written", "status", "field", "value"),
    [
        pytest.param("Согласовано", "Согласовано", "", "", id="A status"),
        pytest.param("{status: Согласовано}", "Согласовано", "", "", id="A status by name"),
        pytest.param("Решение=да", "", "Решение", "да", id="A field and its value"),
        pytest.param("{field: Решение, value: 1}", "", "Решение", "1", id="A field by name, its value a number"),
    ],
)
def test_r5_how_a_decision_is_shown(written: str, status: str, field: str, value: str) -> None:
    """A status, or a field's value."""
    gate = f"approval: {{by: Продажи, waiting: Ждём, granted: {written}, refused: Отказ}}"
    made = policy("department: Пресейл}", f"department: Пресейл, {gate}}}").routes[0].approval
    assert made is not None
    assert (made.granted.status, made.granted.field, made.granted.value) == (status, field, value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("lead: Лидер\n".encode("cp1251"), "rules.yaml:1:7: this is not UTF-8", id="A file in cp1251"),
        pytest.param(b"- a\n", "rules.yaml:1:1: sections are needed", id="A list"),
        pytest.param(b"", "rules.yaml:1:1: the file is empty", id="Nothing"),
    ],
)
def test_a_file_that_is_no_rules_file(tmp_path: Path, data: bytes, said: str) -> None:
    """Told with its place, like every other mistake."""
    file = tmp_path / "rules.yaml"
    file.write_bytes(data)
    with pytest.raises(PolicyError) as caught:
        load(file)
    assert str(caught.value).startswith(said)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path, and what to check."""
    with pytest.raises(PolicyError, match=r"missing\.yaml: cannot be read: No such file"):
        load(tmp_path / "missing.yaml")


EXTENSION = '''\
"""Conditions of one's own."""
from bridge.core.conditions import Verdict, condition


@condition("weekday_of_tests")
def weekday_of_tests(facts, leaf):
    """Holds on some days."""
    return Verdict(holds=True, reason="it does")
'''


@pytest.fixture
def extension(tmp_path: Path) -> Iterator[str]:
    """A module with a condition of its own, importable while a test runs."""
    name = "extension_of_tests"
    (tmp_path / f"{name}.py").write_text(EXTENSION, encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    yield name
    sys.path.remove(str(tmp_path))
    sys.modules.pop(name, None)
    REGISTRY.pop("weekday_of_tests", None)


def test_conditions_of_ones_own_come_with_an_extension(extension: str) -> None:
    """Modules are imported before the routes are read."""
    route = "  - {name: Своё, kind: triage, department: Пресейл, when: {weekday_of_tests: mon}}\nroutes_end: x\n"
    text = RULES.replace("routes:\n", f"extensions: {extension}\nroutes:\n{route.splitlines()[0]}\n")
    assert parse(text).policy.routes[0].when == Leaf("weekday_of_tests", ("mon",))


def test_all_patterns_are_in_one_index() -> None:
    """Words of routes and of follow_up are looked for at once."""
    text = RULES.replace(
        "routes:\n",
        'families: {install: [установка]}\nfollow_up: {no_term: спасибо}\nroutes:\n  - {name: У, kind: os-install, department: Пресейл, when: {text: "@install"}}\n',
    )
    words = parse(text).policy.words
    assert words.search("Большое спасибо, с установкой всё ясно").hits("@install")
    assert words.search("Большое спасибо").hits("спасибо")
