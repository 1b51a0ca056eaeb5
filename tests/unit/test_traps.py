"""docs/traps.md knows every trap that a test is named after."""

from __future__ import annotations

import re

from tests.unit.making import ROOT

ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \| (.*) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")


def test_every_test_of_a_trap_stands_in_its_row() -> None:
    """By its number, in one of the two tables."""
    told = {(number, name) for number, _, names in ROW.findall(PAGE) for name in re.findall(r"`(\w+)`", names)}
    tests = {
        (number, file.stem)
        for file in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"def test_\w*?trap_(\d+)", file.read_text(encoding="utf-8"))
    }
    assert tests - told == set()


def test_what_the_page_names_is_there() -> None:
    """Modules and tests."""
    tests = {file.stem for file in (ROOT / "tests").rglob("test_*.py")}
    assert [
        name for _, _, names in ROW.findall(PAGE) for name in re.findall(r"`(\w+)`", names) if name not in tests
    ] == []
    assert [path for path in re.findall(r"`(bridge/[\w/.]+)`", PAGE) if not (ROOT / path).exists()] == []
