"""`looks_like:` — what example tickets have taught: signs, points, who is ahead, and the reason that can be added up by hand."""

from __future__ import annotations

import re

import pytest

from bridge.core.conditions import Condition, Facts
from bridge.core.learned import Learned, signs_in
from bridge.core.model import Channel, Language, Person, Role
from bridge.core.word_index import WordIndex
from bridge.policy.positions import read_document
from bridge.policy.when import ConditionReader

FAMILIES = {"device": ["принтер", "сканер"], "fails": ["не ... работать", "ошибка"]}
LEARNED = Learned(
    kinds=("bug-report", "hardware-test", "triage"),
    at_rest={"triage": 1, "bug-report": -2},
    points={
        "text @device": {"hardware-test": 9, "bug-report": 2},
        "text @fails": {"bug-report": 8},
        "asks @fails": {"bug-report": 4, "triage": -1},
        "subject тест": {"hardware-test": 5},
        "text обновление": {"bug-report": 6, "hardware-test": -3},
        "text опыт": {"triage": 7},
        "subject опыт": {"triage": 1},
    },
    tickets=30,
)


def read(text: str) -> tuple[Condition | None, list[str]]:
    """A condition and the mistakes in it."""
    document = read_document(text, "x")
    reader = ConditionReader(document)
    return reader.read(document.data, ()), [f"{one.line}: {one.message}" for one in reader.mistakes]


def facts(description: str, subject: str = "", learned: Learned = LEARNED) -> Facts:
    """A ticket with these texts."""
    return Facts(
        parts={"subject": subject, "description": description, "answers": "", "asks": subject},
        fields={},
        author=Person("1", "Клиент", Role.CUSTOMER),
        domain="",
        project="",
        category="",
        attachments=(),
        language=Language.RU,
        channel=Channel.CABINET,
        index=WordIndex.build([f"@{name}" for name in FAMILIES], FAMILIES),
        learned=learned,
    )


def test_signs_are_lemmas_and_families_by_their_places() -> None:
    """A word stands for all its forms, a family for all its words; what stands in the subject stands in the text as well."""
    found = {sign.name: sign.found for sign in signs_in(facts("Сканера нет", "Тесты").matches)}
    assert found == {
        "text тест": "Тесты",
        "subject тест": "Тесты",
        "asks тест": "Тесты",
        "text сканер": "Сканера",
        "text нет": "нет",
        "text @device": "Сканера",
    }


def test_points_add_up() -> None:
    """What a ticket has at rest, and each sign once."""
    likeness = facts("Принтер, сканер: ошибка после обновления").likeness
    assert likeness.totals == {"bug-report": -2 + 2 + 8 + 6, "hardware-test": 9 - 3, "triage": 1}
    assert likeness.lead("bug-report") == (8, "hardware-test")
    assert likeness.lead("hardware-test") == (-8, "bug-report")


@pytest.mark.parametrize(
    ("description", "subject", "holds"),
    [
        pytest.param("Принтер", "Тест", True, id="Ahead by enough"),
        pytest.param("Принтер, опыт", "", True, id="Ahead by enough, of triage by little"),
        pytest.param("Принтер, опыты, опыты", "Опыт", False, id="As like what a person had to decide on"),
        pytest.param("Принтер не хочет работать", "", False, id="Another kind is too near"),
        pytest.param("Ошибка после обновления", "", False, id="Another kind is ahead"),
        pytest.param("Слова, которых примеры не знают", "", False, id="No word that the examples know"),
        pytest.param("", "", False, id="Nothing"),
    ],
)
def test_only_who_is_ahead_of_all_others_matches(description: str, subject: str, holds: bool) -> None:
    """What is like two kinds is left to a person."""
    condition, mistakes = read("looks_like: {hardware-test: 6}")
    assert mistakes == []
    assert condition is not None
    assert condition.test(facts(description, subject)).holds is holds


def test_a_ticket_without_known_words_is_like_nothing() -> None:
    """Not even like the kind that is ahead at rest."""
    condition, _ = read("looks_like: {triage: 0}")
    assert condition is not None
    assert condition.test(facts("Здравствуйте")).reason == "looks like triage: no word that the examples know"


def test_the_reason_can_be_added_up_by_hand() -> None:
    """Each addend of the lead over the nearest kind, the word as it was written, the family that it is of."""
    condition, _ = read("looks_like: {bug-report: 6}")
    assert condition is not None
    reason = condition.test(facts("После обновления сканер: ошибка", "Ошибки")).reason
    assert reason == (
        "looks like bug-report, 12 points ahead of hardware-test: «обновления» +9, «Ошибки» (@fails) +8, «сканер» (@device) -7, "
        "«Ошибки» (@fails) +4, at rest -2"
    )
    assert sum(int(points) for points in re.findall(r"[+-]\d+", reason)) == 12


def test_a_long_reason_sums_up_its_tail() -> None:
    """The largest are named, the others counted, and the whole is still the lead."""
    many = {f"text слово{number}": {"bug-report": 1 + number % 3} for number in range(20)}
    learned = Learned(("bug-report", "triage"), {}, many)
    condition, _ = read("looks_like: {bug-report: 6}")
    assert condition is not None
    reason = condition.test(facts(" ".join(f"слово{number}" for number in range(20)), learned=learned)).reason
    assert "12 more +" in reason
    assert sum(int(points) for points in re.findall(r"[+-]\d+", reason)) == sum(p["bug-report"] for p in many.values())


def test_who_is_behind_says_how_far_and_behind_whom() -> None:
    """So that `explain` shows the nearest misses in figures."""
    condition, _ = read("looks_like: {hardware-test: 6}")
    assert condition is not None
    assert condition.test(facts("ошибка")).reason == "looks like hardware-test: 6 points behind bug-report"


def test_words_for_and_against_are_the_customers_own() -> None:
    """What staff are shown as the reason; the strongest first."""
    assert facts("Сканер: ошибка", "обновление").likeness.words("bug-report") == (("обновление", "ошибка"), ("Сканер",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("looks_like: bug-report", "1: `looks_like` needs a name and values", id="Without points"),
        pytest.param("looks_like: {bug-report: much}", "1: 'much' is no number of points to be ahead by", id="A word"),
        pytest.param("looks_like: {bug-report: -1}", "1: '-1' is no number of points to be ahead by", id="Below 0"),
        pytest.param("looks_like: {bug-report: 100}", "1: '100' is no number of points to be ahead by", id="Too many"),
        pytest.param("looks_like: {bug-report: true}", "1: `looks_like` takes texts", id="A yes"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, message: str) -> None:
    """With its place."""
    assert read(text)[1] == [message]


def test_hostile_text_costs_no_more_than_its_words() -> None:
    """A text of twenty thousand repeated words has each sign once."""
    likeness = facts("ошибка " * 20_000).likeness
    assert likeness.totals["bug-report"] == -2 + 8
