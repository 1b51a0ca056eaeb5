"""`leads_by:` — a score that must also be ahead of those of the other kinds: a 4 above does not beat a 9 below."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.core.conditions import Condition, Facts, Group, Score
from bridge.core.model import Channel, Language, Person, Role
from bridge.core.rivals import with_rivals
from bridge.core.word_index import WordIndex
from bridge.policy.load import parse
from bridge.policy.positions import read_document
from bridge.policy.shipped import shipped_rules
from bridge.policy.when import ConditionReader

KINDS = {0: "hardware-test", 1: "bug-report", 2: "bug-report"}
TEXTS = (
    "score: {at_least: 2, leads_by: 2, text: {3: [принтер], 1: [тест]}}",
    "{all: [{score: {at_least: 2, leads_by: 1, text: {2: [ошибка, обновление]}}}, {none: [{text: [стенд]}]}]}",
    "score: {at_least: 1, leads_by: 0, text: {1: [опечатка, ошибка, обновление]}}",
)


def read(text: str) -> tuple[Condition | None, list[str]]:
    """A condition and the mistakes in it."""
    document = read_document(text, "x")
    reader = ConditionReader(document)
    return reader.read(document.data, ()), [f"{one.line}: {one.message}" for one in reader.mistakes]


@pytest.fixture(name="routes")
def _routes() -> list[Condition]:
    """Three routes of two kinds."""
    linked = with_rivals({index: read(text)[0] for index, text in enumerate(TEXTS)}, KINDS)
    return [one for one in linked.values() if one is not None]


def facts(routes: list[Condition], description: str) -> Facts:
    """A ticket with this description."""
    return Facts(
        parts={"subject": "", "description": description, "answers": ""},
        fields={},
        author=Person("1", "Клиент", Role.CUSTOMER),
        domain="",
        project="",
        category="",
        attachments=(),
        language=Language.RU,
        channel=Channel.CABINET,
        index=WordIndex.build([pattern for one in routes for pattern in one.patterns]),
    )


@pytest.mark.parametrize(
    ("description", "held"),
    [
        pytest.param("Принтер", [True, False, False], id="Alone it leads"),
        pytest.param(
            "Принтер, ошибка",
            [False, False, False],
            id="Ahead by 1 where 2 are wanted, the other is behind: nobody leads",
        ),
        pytest.param("Принтер, ошибка, обновление", [False, True, False], id="The higher sum further down wins"),
        pytest.param("Тест, принтер, ошибка", [True, False, False], id="Ahead by 2 is enough"),
        pytest.param("Ошибка", [False, True, True], id="Scores of one kind are no rivals"),
        pytest.param(
            "Опечатка", [False, False, True], id="A sum below `at_least` does not match, but it counts against others"
        ),
        pytest.param("Стенд", [False, False, False], id="Nothing found leads nothing"),
    ],
)
def test_a_score_leads_the_other_kinds(routes: list[Condition], description: str, held: list[bool]) -> None:
    """It holds with enough points and so many more than each other kind; `holds` and `test` say the same."""
    ticket = facts(routes, description)
    assert [one.holds(ticket) for one in routes] == held
    assert [one.test(ticket).holds for one in routes] == held


def test_the_scores_of_the_nearest_kinds_are_told(routes: list[Condition]) -> None:
    """A lead sees how far ahead the chosen kind was, and by whom another was beaten."""
    ticket = facts(routes, "Принтер, тест, ошибка")
    assert routes[0].test(ticket).reason == (
        "4 points of 2: «Принтер» (принтер) +3, «тест» (тест) +1; ahead of bug-report 2, bug-report 1"
    )
    short = [leaf.reason for leaf in routes[1].test(ticket).leaves if not leaf.holds]
    assert short[0] == "2 points, not 1 ahead of hardware-test 4"


def _scores(condition: Condition) -> Iterator[Score]:
    if isinstance(condition, Group):
        for member in condition.members:
            yield from _scores(member)
    elif isinstance(condition, Score):
        yield condition


def test_rivals_change_neither_equality_nor_the_words(routes: list[Condition]) -> None:
    """What `check` compares is what is written."""
    assert routes[0] == read(TEXTS[0])[0]
    assert routes[0].patterns == ("принтер", "тест")
    assert [[rival.kind for rival in one.rivals] for route in routes for one in _scores(route)] == [
        ["bug-report", "bug-report"],
        ["hardware-test"],
        ["hardware-test"],
    ]


def test_a_score_that_does_not_say_so_is_no_rival() -> None:
    """The other scores of a file stay what they were."""
    linked = with_rivals({0: read("score: {at_least: 1, text: {9: а}}")[0], 1: read(TEXTS[0])[0]}, {0: "x", 1: "y"})
    assert [one.rivals for route in linked.values() if route for one in _scores(route)] == [(), ()]


@pytest.mark.parametrize("value", ["-1", "true", "much"])
def test_what_is_wrong_with_leads_by(value: str) -> None:
    """It is a number from 0."""
    _, mistakes = read(f"score: {{at_least: 1, leads_by: {value}, text: {{1: а}}}}")
    assert mistakes == ["1: `leads_by` is how many points ahead of every other kind the score must be"]


ROUTES = """
routes:
  - name: Оборудование
    kind: hardware-test
    department: Пресейл
    when: {score: {at_least: 1, leads_by: 1, text: {1: [принтер]}}}
  - name: Ошибки
    kind: %s
    department: Пресейл
    when: {score: {at_least: 1, leads_by: 1, text: {1: [ошибка]}}}
  - {name: Прочее, kind: triage, department: Пресейл}
"""


@pytest.mark.parametrize(
    ("kind", "warned"),
    [
        pytest.param("bug-report", False, id="Two kinds compare with each other"),
        pytest.param("hardware-test", True, id="One kind has nothing to compare with"),
    ],
)
def test_leads_by_without_a_rival_is_told(kind: str, warned: bool) -> None:
    """`check` says when `leads_by` has no effect."""
    text = shipped_rules().read_text(encoding="utf-8")
    head, tail = text.index("\nroutes:\n"), text.index("\n# ─── Партнёры")
    loaded = parse(text[:head] + ROUTES % kind + text[tail:])
    message = "`leads_by` compares with nothing: no route of another kind has it"
    assert (message in [one.message for one in loaded.warnings]) is warned
