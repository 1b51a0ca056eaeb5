"""The file that `presale-bridge learn` writes: read as it was written, and what is said of any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.core.learned import Learned
from bridge.errors import PolicyError
from bridge.policy import learned_file
from bridge.policy.load import load
from tests.unit.making import RULES

LEARNED = Learned(
    ("bug-report", "os-install", "triage"),
    {"triage": -3},
    {"asks @install": {"os-install": 7}, "text «»": {"triage": 2}},
    12,
)
WHEN = "  - {name: Ошибки, kind: bug-report, department: Пресейл, when: {looks_like: {bug-report: 6}}}\n"


def test_what_was_written_is_read() -> None:
    """All of it, and one sign stands in each line."""
    text = learned_file.write(LEARNED)
    assert learned_file.read(text, "learned.json") == LEARNED
    assert text.splitlines()[6:9] == ['"points": {', '"asks @install": {"os-install": 7},', '"text «»": {"triage": 2}']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "is not what `presale-bridge learn` has written", id="Not JSON"),
        pytest.param("[]", "is not what `presale-bridge learn` has written", id="A list"),
        pytest.param("[" * 100_000, "is not what `presale-bridge learn` has written", id="Too deep"),
        pytest.param('{"format": 1}', "KeyError: 'points'", id="A part is missing"),
        pytest.param('{"format": 1, "points": {"a": {"b": "c"}}}', "ValueError", id="A word for a number"),
        pytest.param('{"format": 2}', "has format 2, this program reads 1", id="Of a newer program"),
    ],
)
def test_another_file_is_refused_with_what_to_do(text: str, message: str) -> None:
    """The sentence names the file."""
    with pytest.raises(PolicyError, match=message) as caught:
        learned_file.read(text, "learned.json")
    assert str(caught.value).startswith("learned.json: ")
    assert str(caught.value).endswith("make it anew with `presale-bridge learn`")


def rules(folder: Path, *lines: str, routes: str = WHEN) -> Path:
    """A rules file with such routes on top, and other lines."""
    file = folder / "rules.yaml"
    file.write_text(
        RULES.replace("routes:\n", f"routes:\n{routes}", 1) + "".join(f"{line}\n" for line in lines), encoding="utf-8"
    )
    return file


def test_rules_find_their_file_beside_them(tmp_path: Path) -> None:
    """As they find partners and products."""
    (tmp_path / "learned.json").write_text(learned_file.write(LEARNED), encoding="utf-8")
    assert load(rules(tmp_path, "learned: learned.json")).policy.learned == LEARNED


@pytest.mark.parametrize(
    ("lines", "routes", "message"),
    [
        pytest.param(["learned: gone.json"], WHEN, "gone.json: cannot be read", id="The file is not there"),
        pytest.param([], WHEN, "`looks_like` needs what was learned from example tickets", id="No file is named"),
        pytest.param(
            ["learned: learned.json"],
            WHEN.replace("{bug-report: 6}", "{bug-reports: 6}"),
            r"`looks_like` names no kind: 'bug-reports' \(did you mean 'bug-report'\?\)",
            id="A mistyped kind",
        ),
    ],
)
def test_rules_that_cannot_ask_it_are_refused(tmp_path: Path, lines: list[str], routes: str, message: str) -> None:
    """With line and column."""
    (tmp_path / "learned.json").write_text(learned_file.write(LEARNED), encoding="utf-8")
    with pytest.raises(PolicyError, match=message) as caught:
        load(rules(tmp_path, *lines, routes=routes))
    assert all(one.line for one in caught.value.mistakes)


def test_families_that_are_gone_are_told(tmp_path: Path) -> None:
    """Their points would silently count for nothing."""
    (tmp_path / "learned.json").write_text(learned_file.write(LEARNED), encoding="utf-8")
    told = [one.message for one in load(rules(tmp_path, "learned: learned.json")).warnings]
    assert "it gives points to families that are gone: install" in told
