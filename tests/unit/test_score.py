"""`score:` — enough points from words: how it is written, what it adds up, and what it tells."""

from __future__ import annotations

import pytest

from bridge.core.conditions import Condition, Facts, Group, Leaf, Points, Score
from bridge.core.model import Channel, Language, Person, Role
from bridge.core.word_index import WordIndex
from bridge.policy.positions import read_document
from bridge.policy.reach import implies
from bridge.policy.when import ConditionReader, patterns_with_places

FAMILIES = {"device": ["принтер", "сканер"], "fails": ["не ... работать", "ошибка"]}
PRINTER = "score: {at_least: 3, text: {2: ['@device'], 1: ['@fails', драйвер], -2: [установщик]}, subject: {1: [тест]}}"


def read(text: str) -> tuple[Condition | None, list[str]]:
    """A condition and the mistakes in it."""
    document = read_document(text, "x")
    reader = ConditionReader(document)
    return reader.read(document.data, ()), [f"{one.line}: {one.message}" for one in reader.mistakes]


def facts(condition: Condition, description: str, subject: str = "") -> Facts:
    """A ticket with these texts."""
    return Facts(
        parts={"subject": subject, "description": description, "answers": ""},
        fields={},
        author=Person("1", "Клиент", Role.CUSTOMER),
        domain="",
        project="",
        category="",
        attachments=(),
        language=Language.RU,
        channel=Channel.CABINET,
        index=WordIndex.build(condition.patterns, FAMILIES),
    )


def test_a_score_as_it_is_written() -> None:
    """Points stand before the words that are worth them."""
    found, mistakes = read("score: {at_least: 2, text: {2: а, -1: [б, в]}, subject: {+1: г}}")
    lines = (
        Points(2, Leaf("text", ("а",))),
        Points(-1, Leaf("text", ("б", "в"))),
        Points(1, Leaf("subject", ("г",))),
    )
    assert (found, mistakes) == (Score(2, lines), [])


@pytest.mark.parametrize(
    ("description", "subject", "holds"),
    [
        pytest.param("Принтер не хочет работать", "", True, id="Two kinds of words make enough"),
        pytest.param("Принтер, принтер, сканер!", "", False, id="A family counts once, however often it is written"),
        pytest.param("Принтер", "тест", True, id="The subject adds its own points"),
        pytest.param("Принтер, тест", "", False, id="A word of the subject does not count elsewhere"),
        pytest.param("Установщик не видит: ошибка, принтер, драйвер", "", False, id="Points below 0 speak against"),
        pytest.param("", "", False, id="Nothing"),
    ],
)
def test_points_add_up(description: str, subject: str, holds: bool) -> None:
    """Each word or family counts once for its place; the sum decides."""
    condition, _ = read(PRINTER)
    assert condition is not None
    assert condition.test(facts(condition, description, subject)).holds is holds


def test_words_of_one_line_that_overlap_count_once() -> None:
    """«как сделать» within «как нам сделать» is no second sign of the same thing."""
    condition, _ = read("score: {at_least: 4, text: {3: [как ... сделать, как сделать, можно ли]}}")
    assert condition is not None
    assert condition.test(facts(condition, "как сделать")).reason.startswith("3 points of 4")
    assert condition.test(facts(condition, "как сделать и можно ли")).holds


def test_the_reason_lists_words_with_their_points() -> None:
    """A lead can add it up by hand."""
    condition, _ = read(PRINTER)
    assert condition is not None
    verdict = condition.test(facts(condition, "Сканер: ошибка. Установщик ни при чём.", "тест драйвер"))
    assert verdict.reason == (
        "3 points of 3: «Сканер» (@device) +2, «ошибка» (@fails) +1, «драйвер» (драйвер) +1, subject «тест» (тест) +1"
        "; against: «Установщик» (установщик) -2"
    )


def test_words_against_are_no_words_that_it_was_found_by() -> None:
    """What speaks against is told apart, also where nothing speaks for it."""
    condition, _ = read(PRINTER)
    assert condition is not None
    verdict = condition.test(facts(condition, "Установщик"))
    assert verdict.reason == "-2 points of 3: none of its words; against: «Установщик» (установщик) -2"
    assert not any(leaf.holds for leaf in verdict.leaves)


def test_a_score_that_is_too_low_tells_how_near_it_was() -> None:
    """`explain` shows it among the nearest misses with what it did find."""
    condition, _ = read(PRINTER)
    assert condition is not None
    verdict = condition.test(facts(condition, "Принтер"))
    assert [(leaf.holds, leaf.reason) for leaf in verdict.leaves] == [
        (True, "«Принтер» (@device) +2"),
        (False, "2 points of 3: «Принтер» (@device) +2"),
    ]


def test_half_of_what_must_not_be_there_is_no_reason() -> None:
    """A score under `none` that is too low is not told as something that was found."""
    condition, _ = read(f"none: {{{PRINTER}}}")
    assert isinstance(condition, Group)
    verdict = condition.test(facts(condition, "Принтер"))
    assert verdict.holds
    assert not any(leaf.holds for leaf in verdict.leaves)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("score: [а]", "1: `score` needs points for words", id="No mapping"),
        pytest.param("score: {at_least: 1}", "1: `score` needs points for words", id="No words"),
        pytest.param("score: {text: {1: а}}", "1: `score` needs `at_least`: how many points are enough", id="No sum"),
        pytest.param("score: {at_least: 0, text: {1: а}}", "1: `score` needs `at_least`: how many points are enough", id="Nothing is enough"),
        pytest.param("score: {at_least: 5, text: {2: [а, б]}}", "1: all words together are not worth 5 points", id="Never enough"),
        pytest.param("score: {at_least: 1, text: {0: а, 1: б}}", "1: '0' is no number of points", id="No points"),
        pytest.param("score: {at_least: 1, text: {much: а, 1: б}}", "1: 'much' is no number of points", id="No number"),
        pytest.param("score: {at_least: 1, title: {1: а}}", "1: `score` does not know 'title'", id="An unknown place"),
        pytest.param("score: {at_least: 1, text: [а]}", "1: `text` needs words by their points", id="Words without points"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_score(text: str, message: str) -> None:
    """Each mistake is told once, where it stands."""
    assert read(text)[1] == [message]


def test_every_pattern_of_a_score_is_found_with_its_place() -> None:
    """So that a broken word is shown where it stands."""
    document = read_document("score:\n  at_least: 1\n  text:\n    2: [а]\n    -1: б\n", "x")
    assert [(word, document.value_place(path).line) for word, path in patterns_with_places(document.data, ())] == [
        ("а", 4),
        ("б", 5),
    ]


def test_a_score_implies_itself_only() -> None:
    """The same score twice hides the second route; nothing else is certain."""
    one, other = read(PRINTER)[0], read(PRINTER.replace("at_least: 3", "at_least: 2"))[0]
    assert one is not None
    assert other is not None
    assert implies(one, one)
    assert not implies(one, other)
