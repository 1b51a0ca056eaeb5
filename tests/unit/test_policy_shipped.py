"""The shipped rules and texts: the whole of docs/policy.md, usable as they are."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.core.model import Audience, Language
from bridge.core.policy import DueOf, Route
from bridge.core.spans import Span
from bridge.policy.json_schema import as_text, json_schema
from bridge.policy.load import load, parse
from bridge.policy.templates import flaws
from bridge.policy.texts import VARIABLES, shipped_texts
from bridge.policy.vocabulary import KINDS

ROOT = Path(__file__).parents[2]
LOADED = load(ROOT / "rules.yaml", now=datetime(2026, 11, 23, tzinfo=UTC))
POLICY = LOADED.policy


def routes_of(kind: str) -> list[Route]:
    """The routes that give a kind."""
    return [route for route in POLICY.routes if route.kind == kind]


def test_the_shipped_rules_have_no_mistakes_and_no_warnings() -> None:
    """A lead starts from a clean check."""
    assert LOADED.warnings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_policy_has_a_route(kind: str) -> None:
    """Policy, "What is included" and "What is not included"."""
    assert routes_of(kind)


def test_every_row_of_the_policy_is_a_known_kind() -> None:
    """The fixed names are those of docs/policy.md."""
    rows = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/policy.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*rows, "triage"} == set(KINDS)


def test_r5_only_hardware_tests_wait_for_the_sales_department() -> None:
    """Policy: "only by agreement with the sales department"; once granted, the laboratory goes on."""
    gated = {route.kind: route.approval for route in POLICY.routes if route.approval}
    assert set(gated) == {"hardware-test"}
    gate = gated["hardware-test"]
    assert gate is not None
    assert (gate.by, gate.then) == ("Отдел продаж", "Лаборатория совместимости")
    assert (gate.waiting.status, gate.granted.status, gate.refused.status) == (
        "Согласование",
        "Согласовано",
        "Не согласовано",
    )
    assert gate.waiting.status not in POLICY.redmine.statuses.pauses


@pytest.mark.parametrize(
    ("kind", "department"),
    [
        pytest.param("licensed-support", "Базовая техническая поддержка", id="Licences go to basic technical support"),
        pytest.param("project-work", "Отдел партнёров", id="Projects go to the partner department"),
    ],
)
def test_r6_what_is_not_included_is_proposed_to_staff(kind: str, department: str) -> None:
    """Routed to the addressee, the answer only proposed as shipped."""
    for route in routes_of(kind):
        assert route.department == department
        assert route.out_of_scope is not None
        assert not route.out_of_scope.auto


def test_included_kinds_stay_with_the_first_line() -> None:
    """Presale engineers get every ticket first."""
    assert POLICY.first_line.name == "Пресейл"
    assert not POLICY.first_line.assign
    assert {route.department for route in POLICY.routes if not route.out_of_scope} == {"Пресейл"}


@pytest.mark.parametrize("field", POLICY.required.fields, ids=lambda field: field.name)
@pytest.mark.parametrize("kind", KINDS)
def test_f1_what_is_needed_and_what_is_wanted(field: object, kind: str) -> None:
    """Needed for installing, testing and bugs, wanted for all others."""
    needed = kind in {"os-install", "third-party-install", "hardware-test", "bug-report"}
    assert field.is_needed(kind) is needed  # type: ignore[attr-defined]
    assert field.is_wanted(kind) is not needed  # type: ignore[attr-defined]


def test_f2_placeholders_are_folded() -> None:
    """As `fields` compares them: without case, and without dots at the ends."""
    assert {"нет", "-", "n/a", "не знаю", "см. вложение"} <= POLICY.required.placeholders
    assert all(text == text.casefold().strip(" .!") for text in POLICY.required.placeholders)


def test_t4_r4_terms() -> None:
    """Two working days; a hand-over adds one, at most twice."""
    assert POLICY.terms.of("triage") == Span.working_days(2)
    assert POLICY.terms.hand_over is not None
    assert (POLICY.terms.hand_over.by, POLICY.terms.hand_over.at_most) == (Span.working_days(1), 2)


def test_m1_reminders_in_order() -> None:
    """Before and after the customer's and the department's term."""
    hours = [(step.ordinal, step.at / timedelta(hours=1), step.of, step.to) for step in POLICY.reminders]
    assert hours == [
        (1, -4, DueOf.DUE, Audience.ASSIGNEE),
        (2, -1, DueOf.DUE, Audience.LEAD),
        (3, 0, DueOf.DUE, Audience.LEAD),
        (4, 9, DueOf.DUE, Audience.LEAD),
        (5, -2, DueOf.DEPARTMENT_DUE, Audience.DEPARTMENT),
        (6, 0, DueOf.DEPARTMENT_DUE, Audience.LEAD),
    ]


def test_w5_f6_as_shipped() -> None:
    """The brakes are on, silence closes nothing."""
    limits = POLICY.limits
    assert (limits.changes_per_pass, limits.writes_per_minute, limits.settle, limits.settle_unknown) == (
        50,
        120,
        timedelta(minutes=10),
        timedelta(minutes=5),
    )
    assert POLICY.silence is None


@pytest.mark.parametrize(
    "line",
    [line for line in (ROOT / "docs/policy.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")],
    ids=lambda line: line.split("`")[1],
)
def test_every_line_of_the_policy_is_named_by_the_rule_that_carries_it_out(line: str) -> None:
    """The comment above a route quotes its line of the policy."""
    kind = line.split("`")[1]
    text = (ROOT / "rules.yaml").read_text(encoding="utf-8")
    block = text[: text.index(f"    kind: {kind}\n")].rsplit("\n\n", 1)[1]
    assert "Политика" in block


def test_the_schema_for_editors_is_in_step() -> None:
    """`python -m bridge.policy.json_schema > rules.schema.json` was run after the last change."""
    assert (ROOT / "rules.schema.json").read_text(encoding="utf-8") == as_text()
    assert (
        (ROOT / "rules.yaml")
        .read_text(encoding="utf-8")
        .startswith("# yaml-language-server: $schema=rules.schema.json\n")
    )


def test_the_schema_describes_every_key() -> None:
    """An editor shows what each key means."""
    schema = json_schema()
    json.dumps(schema)
    for name, definition in [("", schema), *schema["$defs"].items()]:
        for key, what in definition.get("properties", {}).items():
            target = schema["$defs"].get(what.get("$ref", "").rpartition("/")[2], {})
            assert what.get("description") or target.get("description"), f"{name}.{key}"


FIELD = {"number": 1, "name": "Сведения", "label": "Сведения", "question": "Какая система?", "hint": "uname -a"}
PARTNER = {"number": 1, "name": "Ромашка", "regions": "Урал", "works": "внедрение", "contact": "romashka.example"}
VALUES = {name: f"({name.replace('_', ' ')})" for name in VARIABLES} | {
    "fields": [FIELD, {**FIELD, "number": 2, "hint": ""}],
    "filled": [{"name": "Сведения", "source": "сообщение 2"}],
    "partners": [PARTNER, {**PARTNER, "number": 2, "regions": "", "works": ""}],
    "files": [{"name": "disk.iso", "reason": "600 МБ"}],
    "more": 3,
    "steps": [],
}
OPTIONAL = {
    "term",
    "reason",
    "late_by",
    "left",
    "answer",
    "partner_list",
    "regions",
    "works",
    "named_regions",
    "named_works",
    "mark",
    "other",
}
EMPTY = VALUES | dict.fromkeys(OPTIONAL, "") | {"fields": [], "filled": [], "partners": [], "files": [], "more": 0}
NOWHERE = VALUES | {"regions": "", "named_regions": "", "more": 0}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", shipped_texts())
def test_a_shipped_text_renders_with_everything_and_with_nothing(name: str, language: Language) -> None:
    """Every text is whole with all variables and with none, and has nothing that a markup would change."""
    source = shipped_texts()[name].get(language)
    assert not flaws(source)
    template = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(source)
    for values in (VALUES, EMPTY, NOWHERE):
        text = template.render(values)
        assert not re.search(r"  |\n\n\n|[*_#@`<>|]|\{\{|!\w", text), text
        assert not any(line.startswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("language", Language)
def test_t14_no_text_promises_a_term(language: Language) -> None:
    """The policy says «обычно не более 2 рабочих дней»: usually, never a guarantee."""
    for name, text in shipped_texts().items():
        body = text.get(language).casefold()
        assert not re.search(r"гарант|обязательно ответим|guarante|we promise|will answer by", body), name
        if name in {"acknowledge", "thank", "received", "reopen"}:
            assert re.search(r"обычно|usually", body), name


def test_a_text_of_ones_own_replaces_one_language() -> None:
    """The other language stays as shipped."""
    text = (ROOT / "rules.yaml").read_text(encoding="utf-8").replace("\ntexts: {}", "\ntexts: {close: {ru: Закрыто.}}")
    own = parse(text, folder=ROOT).policy.texts["close"]
    assert (own.ru, own.en) == ("Закрыто.", shipped_texts()["close"].en)
