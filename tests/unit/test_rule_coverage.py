"""Every numbered rule of the specification is the subject of a test: a new rule without one fails here."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.unit.making import ROOT

RULE = re.compile(r"^\s*- \*\*([A-Z]\d+)\b", re.MULTILINE)
NAMED = re.compile(r"(?<![a-z0-9])([ptfrmw]\d{1,2})(?![a-z0-9])")
CASE = re.compile(r"^\s*- (?:\{\s*)?name:\s*[\"']?(.+)$", re.MULTILINE)
SEMANTICS = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")


@cache
def named_in_tests() -> set[str]:
    """Rule numbers in the names of tests, and in those of timeline cases."""
    names: list[str] = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names += [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for path in (ROOT / "tests" / "timelines").glob("*.yaml"):
        names += CASE.findall(path.read_text(encoding="utf-8"))
    tests = [name for name in names if not name.startswith("_")]
    return {number.upper() for name in tests for number in NAMED.findall(name.lower().replace("_", " "))}


def test_the_specification_has_its_rules() -> None:
    """The numbers are found in the text: six of people, fourteen of the term, and so on, none twice."""
    found = RULE.findall(SEMANTICS)
    assert len(found) == len(set(found)) >= 40
    assert {"P1", "T14", "F6", "R6", "M2", "W6"} <= set(found)


@pytest.mark.parametrize("rule", RULE.findall(SEMANTICS))
def test_rule_has_a_test(rule: str) -> None:
    """At least one test or timeline case carries the rule's number in its name."""
    assert rule in named_in_tests()
