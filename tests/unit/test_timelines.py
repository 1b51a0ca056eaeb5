"""Test files of rules (`presale-bridge test`): the shipped timelines one by one, the reader's errors, the JSON, the exit codes, each key."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.main import run
from bridge.errors import PolicyError
from bridge.report.expected import EXPECT
from bridge.report.testing import run_case
from bridge.report.timelines import Case, read_cases
from tests.unit.making import ROOT, shipped
from tests.unit.making import RULES as SMALL

FILES = sorted((ROOT / "tests" / "timelines").glob("*.yaml"))
RULES = str(ROOT / "rules.yaml")


@cache
def shipped_cases() -> list[Any]:
    """Every case of the timelines, with its name."""
    return [
        pytest.param(case, id=case.name)
        for file in FILES
        for case in read_cases(file.read_text(encoding="utf-8"), file.name, shipped())
    ]


@pytest.mark.parametrize("case", shipped_cases())
def test_timeline(case: Case) -> None:
    """The rules do on this timeline what the specification says; the case's name carries the rule's number."""
    wrong = [check.as_json() for check in run_case(case, shipped()).checks if not check.ok]
    assert wrong == []


def test_there_are_hundreds_of_timelines_with_names_of_their_own() -> None:
    """No case hides behind another of the same name."""
    names = [param.id for param in shipped_cases()]
    assert len(names) > 300
    assert len(set(names)) == len(names)


TICKET = "ticket: {subject: Добрый день, created_on: 2026-11-23T10:00:00+03:00}"


def case(*lines: str, head: str = "", ticket: str = TICKET) -> str:
    """A test file with one case."""
    body = "\n".join(f"    {line}" for line in (ticket, *lines))
    return f"{head}cases:\n  - name: случай\n{body}\n"


NOW = "now: 2026-11-23T10:15:00+03:00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(case("nwo: 1", NOW), "t.yaml:4:5: unknown key 'nwo'", id="A key that a case does not have"),
        pytest.param(
            case(NOW, "expect: {clok: late}"), "t.yaml:5:14: unknown key 'clok'", id="A key that expect does not have"
        ),
        pytest.param(
            case(NOW, ticket="ticket: {subject: x}"),
            "t.yaml:3:13: a ticket needs 'created_on'",
            id="When was it opened?",
        ),
        pytest.param(case(), "t.yaml:2:5: 'now' is needed here", id="A check needs its moment"),
        pytest.param(case("now: завтра"), "t.yaml:4:10: 'завтра' is no moment", id="A moment in words"),
        pytest.param(
            case("now: 2026-11-23T10:15:00"), "t.yaml:4:10: '2026-11-23T10:15:00' has no time zone", id="A naive moment"
        ),
        pytest.param(
            case("journals: [{at: 2026-11-23T11:00:00+03:00, by: petrov}]", NOW),
            "t.yaml:4:52: nobody is called 'petrov'",
            id="Somebody whom the file does not know",
        ),
        pytest.param(
            case("journals: [{at: 2026-11-23T11:00:00+03:00, by: [staff]}]", NOW),
            "t.yaml:4:52: nobody is called '['staff']'",
            id="A list where a person belongs",
        ),
        pytest.param(
            case("journals: [{at: 2026-11-23T11:00:00+03:00, by: bridge, did: [akc]}]", NOW),
            "t.yaml:4:65: unknown step 'akc'",
            id="A step that the bridge does not have",
        ),
        pytest.param(
            case("journals: [{at: 2026-11-23T11:00:00+03:00, by: staff, status: Закрыта}]", NOW),
            "t.yaml:4:67: a change is [old, new]",
            id="A change without what was before",
        ),
        pytest.param(
            case(
                "journals:",
                "  - {at: 2026-11-23T12:00:00+03:00, by: staff}",
                "  - {at: 2026-11-23T11:00:00+03:00, by: staff}",
                NOW,
            ),
            "t.yaml:6:14: journals are not in order of time",
            id="Journals out of order",
        ),
        pytest.param(
            case(NOW, ticket=f"{TICKET[:-1]}, channel: phone}}"),
            "t.yaml:3:84: unknown channel 'phone'",
            id="A channel that is not there",
        ),
        pytest.param(
            case(NOW, head="people: {petrov: {role: boss}}\n"), "t.yaml:1:25: unknown role 'boss'", id="An unknown role"
        ),
        pytest.param(
            case(NOW, head="people: {petrov: {role: staff, until: вчера}}\n"),
            "t.yaml:1:39: 'вчера' is no moment",
            id="Until when?",
        ),
        pytest.param(
            case("journals: [{at: 2026-11-23T11:00:00+03:00, by: staff, due_date: [null, завтра]}]", NOW),
            "t.yaml:4:69: 'завтра' is no day",
            id="A due date in words",
        ),
        pytest.param(
            case(NOW, ticket=f"{TICKET[:-1]}, id: первое}}"), "t.yaml:3:79: 'первое' is no", id="A number in words"
        ),
        pytest.param(case(NOW, "checks: []"), "t.yaml:4:5: 'now' beside 'checks'", id="A moment of its own and checks"),
        pytest.param(case("checks: []"), "t.yaml:4:13: nothing is checked here", id="No checks"),
        pytest.param("people: {}\n", "t.yaml:1:1: there are no 'cases' here", id="People without cases"),
        pytest.param(case("name: ещё раз", NOW), "t.yaml:4:5:", id="The same key twice"),
        pytest.param("cases: 5\n", "t.yaml:1:8: a list is expected here", id="Cases that are no list"),
        pytest.param("- 1\n", "t.yaml:1:1: a mapping is expected here", id="A file that is no mapping"),
        pytest.param("cases: [\n", "t.yaml:", id="No YAML at all"),
        pytest.param("", "t.yaml:1:1: the file is empty", id="An empty file"),
        pytest.param(
            case(NOW, "expect: {due: завтра}"), "t.yaml:5:19: due: 'завтра' is no moment", id="A due that is no moment"
        ),
        pytest.param(
            case(NOW, "expect: {department_due: 2026-11-25T18:00:00}"),
            "t.yaml:5:30: department_due: '2026-11-25T18:00:00' has no time zone",
            id="A due without its zone could never hold",
        ),
        pytest.param(
            case(NOW, "expect: {used: 2 working days}"),
            "t.yaml:5:20: used: working time is counted in hours",
            id="Working days are not hours",
        ),
        pytest.param(case(NOW, "expect: {late_by: much}"), "t.yaml:5:23: late_by:", id="A span in words"),
        pytest.param(case(NOW, "expect: {clock: runing}"), "t.yaml:5:21: clock: unknown word 'runing'", id="No clock"),
        pytest.param(case(NOW, "expect: {approval: yes}"), "t.yaml:5:24: approval: unknown word", id="No approval"),
        pytest.param(case(NOW, "expect: {do: ask}"), "t.yaml:5:18: do: a list of words", id="A step outside a list"),
        pytest.param(case(NOW, "expect: {do: [akc]}"), "t.yaml:5:18: do: unknown word 'akc'", id="An expected step"),
        pytest.param(case(NOW, "expect: {told: [boss]}"), "t.yaml:5:20: told: unknown word", id="No audience"),
        pytest.param(case(NOW, "expect: {missing: 3}"), "t.yaml:5:23: missing: a list", id="A number of fields"),
        pytest.param(case(NOW, "expect: {kind: 3}"), "t.yaml:5:20: kind: a word or a list", id="A number of a kind"),
        pytest.param(case(NOW, "expect: {department: [a]}"), "t.yaml:5:26: department: a word", id="Two departments"),
        pytest.param(case(NOW, "expect: {note_contains: 1}"), "t.yaml:5:29: note_contains:", id="A number in a note"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, told: str) -> None:
    """A file that cannot be used is refused with file, line and column of each mistake."""
    with pytest.raises(PolicyError) as error:
        read_cases(text, "t.yaml", shipped())
    assert str(error.value).splitlines()[0].startswith(told)


def test_all_mistakes_are_told_at_once() -> None:
    """A lead mends a file in one go: two cases with three mistakes give three lines, in their order."""
    text = case("now: завтра") + "  - {nmae: b, ticket: {subject: x}, now: 2026-11-23T10:15:00+03:00}\n"
    with pytest.raises(PolicyError) as error:
        read_cases(text, "t.yaml", shipped())
    assert [(one.line, one.column) for one in error.value.mistakes] == [(4, 10), (5, 6), (5, 23)]


def test_all_mistakes_of_one_case_are_told_at_once() -> None:
    """A step, a person and a change in three journals, a moment and a word in a check: each has its line, and what was probably meant."""
    text = case(
        "journals:",
        "  - {at: 2026-11-23T11:00:00+03:00, by: bridge, did: [aknowledge]}",
        "  - {at: 2026-11-23T11:00:00+03:00, by: stafff}",
        "  - {at: 2026-11-23T11:00:00+03:00, by: staff, status: Закрыта}",
        "checks:",
        "  - {nwo: 1}",
        "  - {now: 2026-11-23T10:15:00+03:00, expect: {clock: runing}}",
    )
    with pytest.raises(PolicyError) as error:
        read_cases(text, "t.yaml", shipped())
    assert [(one.line, one.column) for one in error.value.mistakes] == [
        (5, 58),
        (6, 45),
        (7, 60),
        (9, 9),
        (9, 10),
        (10, 58),
    ]
    for meant in (
        "did you mean 'acknowledge'?",
        "did you mean 'staff'?",
        "did you mean 'now'?",
        "did you mean 'running'?",
    ):
        assert meant in str(error.value)


# --- what comes out -------------------------------------------------------------------------------------------------------------------


RIGHT: dict[str, str] = {
    "kind": "triage",
    "department": "Пресейл",
    "missing": "[Сведения о системе, Информация об обновлении системы]",
    "clock": "running",
    "due": "2026-11-25T15:00:00+00:00",
    "department_due": "null",
    "used": "0h",
    "late_by": "null",
    "approval": "none",
    "do": "[acknowledge, set_term]",
    "told": "[client]",
    "note_contains": "[бычно, Сведения о системе]",
}
WRONG: dict[str, str] = {
    "kind": "[bug-report, os-install]",
    "department": "Отдел продаж",
    "missing": "[]",
    "clock": "paused",
    "due": "2026-11-25T18:00:00+00:00",
    "department_due": "2026-11-25T18:00:00+03:00",
    "used": "1m",
    "late_by": "0h",
    "approval": "given",
    "do": "[set_term, acknowledge]",
    "told": "[]",
    "note_contains": "гарантируем",
}


def test_every_key_of_expect_is_tried() -> None:
    """The two tables below know every key."""
    assert set(RIGHT) == set(WRONG) == set(EXPECT)


@pytest.mark.parametrize(("key", "value"), RIGHT.items(), ids=RIGHT)
def test_an_expectation_that_holds(key: str, value: str) -> None:
    """Each key holds for a plain question on a Monday morning."""
    (one,) = read_cases(case(NOW, f"expect: {{{key}: {value}}}"), "t.yaml", shipped())
    assert run_case(one, shipped()).ok


@pytest.mark.parametrize(("key", "value"), WRONG.items(), ids=WRONG)
def test_an_expectation_that_does_not_hold(key: str, value: str) -> None:
    """Each key fails where something else comes out, and tells what did."""
    (one,) = read_cases(case(NOW, f"expect: {{{key}: {value}}}"), "t.yaml", shipped())
    (check,) = run_case(one, shipped()).checks
    assert not check.ok
    assert list(check.got) == [key]


def test_one_check_does_not_change_the_next() -> None:
    """Nothing is invented between two checks: what was wanted at the first is wanted at the second too."""
    checks = ["checks:", f"  - {{{NOW}, expect: {{do: [acknowledge, set_term]}}}}"]
    checks.append("  - {now: 2026-11-23T10:20:00+03:00, expect: {do: [acknowledge, set_term]}}")
    (one,) = read_cases(case(*checks), "t.yaml", shipped())
    assert run_case(one, shipped()).ok


def test_w5_the_brakes_do_not_apply() -> None:
    """A ticket older than `not_before` is decided on like any other."""
    old = "ticket: {subject: Добрый день, created_on: 2025-11-24T10:00:00+03:00}"
    text = case("now: 2025-11-24T10:15:00+03:00", "expect: {do: [acknowledge, set_term]}", ticket=old)
    (one,) = read_cases(text, "t.yaml", shipped())
    assert run_case(one, shipped()).ok


@pytest.mark.parametrize("key", EXPECT)
def test_a_year_without_a_calendar_fails_the_check_only(key: str) -> None:
    """A case in a year that the production calendar does not know fails with a sentence, whatever it expects."""
    far = "ticket: {subject: Добрый день, created_on: 2026-12-30T10:00:00+03:00}"
    late = "now: 2031-01-15T10:15:00+03:00"
    (one,) = read_cases(case(late, f"expect: {{{key}: {RIGHT[key]}}}", ticket=far), "t.yaml", shipped())
    (check,) = run_case(one, shipped()).checks
    assert not check.ok
    assert "no data for 20" in str(check.got[key])


# --- the command ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """A file that holds, one that does not, one that cannot be used."""
    texts = (
        case(NOW, "expect: {clock: running, used: 0h}"),
        case(NOW, "expect: {clock: paused, kind: triage}"),
        case("now: завтра"),
    )
    for name, text in zip("abc", texts, strict=True):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), str(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("which", "code"),
    [
        pytest.param((0,), 0, id="All hold"),
        pytest.param((0, 1), 1, id="Some do not"),
        pytest.param((0, 2), 2, id="One file is unusable"),
    ],
)
def test_exit_codes(which: tuple[int, ...], code: int, files: tuple[str, str, str], tmp_path: Path) -> None:
    """0 all hold, 1 some do not, 2 unusable; also with `--json`, and also where the output is for people."""
    rules = tmp_path / "small.yaml"
    rules.write_text(SMALL, encoding="utf-8")
    arguments = ["test", "--rules", str(rules), *(files[index] for index in which)]
    assert run(arguments, {}) == code
    assert run([*arguments, "--json"], {}) == code


def test_a_file_that_is_not_there_is_unusable(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says which file it cannot read."""
    assert run(["test", "--rules", RULES, "nowhere.yaml"], {}) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_the_json_has_the_fixed_shape(files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers, and per case its checks, with `expected`, `got` and `why`; `got` has every key of `expect`."""
    assert run(["test", "--rules", RULES, "--json", files[0], files[1]], {}) == 1
    out = json.loads(capsys.readouterr().out)
    assert (out["passed"], out["failed"]) == (1, 1)
    assert [(one["name"], one["ok"]) for one in out["cases"]] == [("случай", True), ("случай", False)]
    (check,) = out["cases"][1]["checks"]
    assert set(check) >= {"ok", "expected", "got", "why"}
    assert check["expected"] == {"clock": "paused", "kind": "triage"}
    assert check["got"] == {"clock": "running", "kind": "triage"}
    assert check["ok"] is False


def test_people_are_told_what_came_out_and_why(files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Only what does not hold is shown: the case, the line, the moment, what was expected and what came out."""
    assert run(["test", "--rules", RULES, files[1]], {}) == 1
    out = capsys.readouterr().out
    assert "FAILED  случай" in out
    assert "clock: expected paused, got running" in out
    assert "kind:" not in out
    assert "0 passed, 1 failed" in out


# --- keys of people, tickets and journals ---------------------------------------------------------------------------------------------


UNTIL = "people: {petrov: {role: staff, until: 2026-11-24T12:00:00+03:00}}\n"


@pytest.mark.parametrize(
    ("at", "clock"),
    [
        pytest.param("2026-11-24T11:59:59+03:00", "answered", id="The last second as staff answers"),
        pytest.param("2026-11-24T12:00:00+03:00", "running", id="From that moment on it is a customer's note"),
    ],
)
def test_p1_until_ends_somebody_being_staff(at: str, clock: str) -> None:
    """Who left is no staff any more, but what was said before stays an answer."""
    journal = f"journals: [{{at: {at}, by: petrov, notes: Подойдёт Альт Сервер.}}]"
    text = case(journal, "now: 2026-11-24T13:00:00+03:00", f"expect: {{clock: {clock}}}", head=UNTIL)
    (one,) = read_cases(text, "t.yaml", shipped())
    assert run_case(one, shipped()).ok


def test_a_case_without_expectations_holds() -> None:
    """Every key is optional, `expect` too; a case without a name is called by its number."""
    text = f"cases:\n  - {{{TICKET}, {NOW}}}\n"
    (one,) = read_cases(text, "t.yaml", shipped())
    assert one.name == "case 0"
    assert run_case(one, shipped()).ok
