"""`presale-bridge learn`: from example tickets to points, and how well tickets of others are recognised by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.cli.main import run
from bridge.core.learned import Learned
from bridge.core.policy import Policy
from bridge.errors import PermanentError
from bridge.policy.load import load, parse
from bridge.report.learning import Example, examples, learn, validate
from bridge.report.recognition import Recognised, Recognition
from bridge.report.timelines import Case, read_cases
from tests.unit.making import RULES

ASKED = {
    "bug-report": ("После обновления падает", "Ошибка: программа падает", "Падает с ошибкой"),
    "demo-stand": ("Нужен стенд для показа", "Подготовьте стенд", "Покажите стенд заказчику"),
    "vm-workstation": ("Дайте образ машины", "Нужен образ виртуальной машины", "Образ АРМ в виртуальной машине"),
}
ROUTES = "".join(
    f"  - {{name: {kind}, kind: {kind}, department: Пресейл, when: {{looks_like: {{{kind}: 0}}}}}}\n" for kind in ASKED
)
FAMILIES = "families: {crash: [падать, упасть, вылететь]}\nlearned: own.json\n"
TEXT = RULES.replace("routes:\n", f"routes:\n{ROUTES}", 1) + FAMILIES


def tickets(prefix: str, *, times: int = 1) -> str:
    """A test file: each text with its kind."""
    lines = ["cases:"]
    for kind, texts in ASKED.items():
        for number in range(times):
            lines += [
                f"  - {{name: {prefix} {kind} {number} {index}, ticket: {{subject: '{text}', created_on: 2026-11-23T10:00:00+03:00}}, "
                f"now: 2026-11-23T10:15:00+03:00, expect: {{kind: [{kind}, triage]}}}}"
                for index, text in enumerate(texts)
            ]
    return "\n".join(lines)


@pytest.fixture(scope="module", name="rules")
def _rules() -> Policy:
    """Rules that nothing was learned for."""
    return parse(TEXT, learned=Learned((), {}, {})).policy


def cases(rules: Policy, prefix: str = "a", *, times: int = 1) -> tuple[Case, ...]:
    """Its cases."""
    return read_cases(tickets(prefix, times=times), "x.yaml", rules)


def test_an_example_is_a_ticket_by_its_words_and_families(rules: Policy) -> None:
    """Of several acceptable kinds the first is learned."""
    first = examples(cases(rules), rules)[0]
    assert first.kind == "bug-report"
    assert {"text падать", "subject падать", "asks @crash", "text @crash"} <= first.signs


def test_words_speak_for_the_kinds_they_stand_in(rules: Policy) -> None:
    """The points tell the examples apart, and tickets in other words of the same families."""
    learned = learn(examples(cases(rules), rules))
    assert learned.tickets == 9
    assert learned.points["text стенд"]["demo-stand"] > 0 > learned.points["text стенд"].get("bug-report", -1)
    assert "@crash" in {sign.split(" ")[1] for sign in learned.points}


def test_a_word_of_few_tickets_is_not_learned() -> None:
    """It says more about them than about their kinds."""
    common = [Example(kind, frozenset({f"text {kind}"})) for kind in ASKED for _ in range(3)]
    rare = [Example("demo-stand", frozenset({"text редкость", "text demo-stand"})) for _ in range(2)]
    assert "text редкость" not in learn([*common, *rare]).points


def test_the_order_of_examples_makes_no_difference(rules: Policy) -> None:
    """What is shipped can be made again."""
    found = examples(cases(rules, times=2), rules)
    assert learn(found) == learn(reversed(found))


@pytest.mark.parametrize("kinds", [(), ("bug-report",), ("bug-report", "demo-stand")], ids=["none", "one", "two"])
def test_too_few_kinds_teach_nothing(kinds: tuple[str, ...]) -> None:
    """A sentence instead of a stack trace."""
    with pytest.raises(PermanentError, match="to learn"):
        learn(Example(kind, frozenset({"text слово"})) for kind in kinds for _ in range(3))


def test_each_file_is_judged_by_what_the_others_teach(rules: Policy) -> None:
    """Files with the same tickets recognise each other; a word that only one file has is not known there."""
    alone = tickets("c").replace("стенд", "макет")
    files = {"a": cases(rules, "a"), "b": cases(rules, "b"), "c": read_cases(alone, "c.yaml", rules)}
    found = validate(files, {name: examples(cases, rules) for name, cases in files.items()}, rules)
    assert len(found.tickets) == 27
    assert sum(one.got == "demo-stand" for one in found.tickets[:18]) == 6
    assert sum(one.got == "demo-stand" for one in found.tickets[18:]) < 3


def test_figures_add_up() -> None:
    """Acceptable, left to a person, wrong; the matrix has what was taken for what."""
    found = Recognition(
        (
            Recognised(("bug-report",), "bug-report"),
            Recognised(("demo-stand", "bug-report"), "bug-report"),
            Recognised(("demo-stand",), "triage"),
            Recognised(("demo-stand",), "bug-report"),
        )
    )
    assert str(found) == "4 tickets: 50.0% acceptable, 25.0% triage instead, 25.0% wrong"
    assert found.matrix().splitlines()[1:] == [
        "  1 bug-report     1/1   1   .   .",
        "  2 demo-stand     1/3   1   1   1",
        "  3 triage         0/0   .   .   .",
    ]
    assert found.as_json()["confusion"][0] == {"expected": "bug-report", "got": "bug-report", "tickets": 1}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Rules whose file of what was learned is not there yet, and examples."""
    (tmp_path / "rules.yaml").write_text(TEXT, encoding="utf-8")
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(tickets(name), encoding="utf-8")
    return tmp_path


def test_the_command_writes_what_the_rules_ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules are not usable before; afterwards they are, and `test` measures them."""
    rules = ["--rules", str(folder / "rules.yaml")]
    files = [str(folder / "a.yaml"), str(folder / "b.yaml")]
    assert run(["check", *rules], {}) == 2
    assert "`presale-bridge learn` makes it from example tickets" in capsys.readouterr().err
    assert run(["learn", "--only", "--json", *files, *rules], {}) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tickets"], told["measured"]["acceptable"], told["measured"]["wrong"]) == (18, 18, 0)
    assert load(folder / "rules.yaml").policy.learned.tickets == 18
    assert run(["test", "--matrix", *files, *rules], {}) == 0
    assert "18 tickets: 100.0% acceptable, 0.0% triage instead, 0.0% wrong" in capsys.readouterr().out


def test_a_pass_that_reads_meanwhile_has_all_of_the_old_file(folder: Path) -> None:
    """The new one takes its place at once, with its rights; no draft stays."""
    own = folder / "own.json"
    own.write_text("old", encoding="utf-8")
    own.chmod(0o640)
    files = [str(folder / "a.yaml"), str(folder / "b.yaml")]
    with own.open(encoding="utf-8") as reading:
        assert run(["learn", "--only", "--quick", *files, "--rules", str(folder / "rules.yaml")], {}) == 0
        assert reading.read() == "old"
    assert own.stat().st_mode & 0o777 == 0o640
    assert not (folder / "own.json.new").exists()


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        pytest.param(["--only"], TEXT, "no examples are given", id="No files"),
        pytest.param(
            ["--only", "FOLDER/a.yaml"], TEXT.replace("learned: own.json\n", ""), "names no file", id="No name"
        ),
        pytest.param(["--only", "gone.yaml"], TEXT, "gone.yaml", id="A file that is not there"),
        pytest.param(
            ["--only", "gone.yaml"],
            TEXT.replace("own.json", "gone/own.json"),
            "gone/own.json cannot be written",
            id="A place that cannot be written to is told before any example is read",
        ),
    ],
)
def test_what_cannot_be_learned_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str, message: str
) -> None:
    """One sentence, exit code 2."""
    without = text if "learned:" in text else text.replace(ROUTES, "")
    (folder / "rules.yaml").write_text(without, encoding="utf-8")
    found = [argument.replace("FOLDER", str(folder)) for argument in arguments]
    assert run(["learn", *found, "--rules", str(folder / "rules.yaml")], {}) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "own.json").exists()
