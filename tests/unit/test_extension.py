"""Conditions of one's own: the example in `examples/` is imported, listed, checked, tested, and explained like built-in ones."""

from __future__ import annotations

import json

import pytest

from bridge.cli.main import run
from bridge.core.conditions import REGISTRY
from bridge.policy.json_schema import json_schema
from tests.unit.making import ROOT

EXAMPLES = ROOT / "examples"
RULES = ["--rules", str(EXAMPLES / "rules-with-extension.yaml")]
TESTS = str(EXAMPLES / "rules-with-extension.test.yaml")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_the_example_holds() -> None:
    """Its rules are usable and its test file passes."""
    assert run(["check", *RULES], {}) == 0
    assert run(["test", TESTS, *RULES], {}) == 0


def test_conditions_are_listed_from_their_docstrings(capsys: pytest.CaptureFixture[str]) -> None:
    """Built-in ones and those of the rules' extensions, each with a sentence."""
    assert run(["check", "--list", "--json", *RULES], {}) == 0
    listed = {row["name"]: row["summary"] for row in json.loads(capsys.readouterr().out)}
    assert listed.keys() == REGISTRY.keys() >= {"text", "looks_like", "large_customer", "mentions_version"}
    assert listed["large_customer"].startswith("The project is a large customer's")
    assert all(summary.endswith(".") for summary in listed.values())


def test_conditions_are_listed_without_any_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """Who writes the first rules needs the list most."""
    assert run(["check", "--list", "--rules", "nowhere.yaml"], {}) == 0
    assert "\ntext " in capsys.readouterr().out


def test_an_own_condition_gives_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` shows what the extension says."""
    assert run(["explain", "--ticket", TESTS, "--json", *RULES], {}) == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert first["because"] == "«Банк «Надежда»» is a large customer (Банк*); the text names version 10.2 (10)"
    assert second["nearest"][0]["failed"] == ["the text names no version of: 10, 11"]
    assert third["nearest"][0]["held"] == ["the text names version 11 (11)"]


def test_the_schema_for_editors_is_that_of_the_built_in_conditions() -> None:
    """It does not depend on what has been imported."""
    assert "large_customer" not in json_schema()["$defs"]["Condition"]["properties"]
