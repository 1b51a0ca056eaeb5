"""`when:` as leads write it, and which routes hide others."""

from __future__ import annotations

import pytest

from bridge.core.conditions import Condition, Group, Leaf
from bridge.policy.positions import read_document
from bridge.policy.reach import hidden_parts, implies
from bridge.policy.when import ConditionReader, patterns_with_places

A, B = Leaf("text", ("а",)), Leaf("text", ("б",))
AB = Leaf("text", ("а", "б"))


def condition(text: str) -> Condition | None:
    """The condition of a text."""
    document = read_document(text, "x")
    reader = ConditionReader(document)
    found = reader.read(document.data, ())
    assert not reader.mistakes
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("text: а", A, id="A single word"),
        pytest.param("text: [а, б]", AB, id="Some words"),
        pytest.param("text: [а, а]", A, id="The same word twice"),
        pytest.param("text: [500, 10.2]", Leaf("text", ("500", "10.2")), id="Numbers are words"),
        pytest.param("field: {Продукт: [а]}", Leaf("field", ("а",), "Продукт"), id="A field"),
        pytest.param(
            "field: {Продукт: а, Версия: б}",
            Group("all", (Leaf("field", ("а",), "Продукт"), Leaf("field", ("б",), "Версия"))),
            id="Two fields must both hold",
        ),
        pytest.param("{text: а, subject: б}", Group("all", (A, Leaf("subject", ("б",)))), id="Two conditions must both hold"),
        pytest.param("any: [{text: а}, {text: б}]", Group("any", (A, B)), id="One of two"),
        pytest.param("none: {text: а}", Group("none", (A,)), id="A group of one without a list"),
        pytest.param("all: {text: а, none: {text: б}}", Group("all", (Group("all", (A, Group("none", (B,)))),)), id="Nested"),
        pytest.param("language: ru", Leaf("language", ("ru",)), id="The language"),
        pytest.param("domain: ['*.ru', x.com]", Leaf("domain", ("*.ru", "x.com")), id="Domains"),
    ],
)  # fmt: skip
def test_a_condition_as_it_is_written(text: str, expected: Condition) -> None:
    """Short forms mean what a reader expects."""
    assert condition(text) == expected


def test_every_pattern_is_found_with_its_place() -> None:
    """So that a broken word is shown where it stands, however deep."""
    document = read_document("any:\n  - text: [а, б]\n  - none: {field: {Поле: в}}\n  - language: ru\n", "x")
    found = patterns_with_places(document.data, ())
    assert [(word, document.value_place(path).line) for word, path in found] == [("а", 2), ("б", 2), ("в", 3)]


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        pytest.param("text: а", "text: [а, б]", True, id="Fewer words imply more"),
        pytest.param("text: [а, б]", "text: а", False, id="More words do not imply fewer"),
        pytest.param("subject: а", "text: а", True, id="The subject is part of the text"),
        pytest.param("text: а", "subject: а", False, id="The text may be more than the subject"),
        pytest.param("{text: а, language: ru}", "text: а", True, id="More conditions imply one of them"),
        pytest.param("{text: а, language: ru}", "{language: ru, text: а}", True, id="The order does not matter"),
        pytest.param("any: [{text: а}, {text: б}]", "text: [а, б]", True, id="Each of some"),
        pytest.param("any: [{text: а}, {language: ru}]", "text: [а, б]", False, id="Not each of some"),
        pytest.param("text: а", "any: [{language: ru}, {text: а}]", True, id="One of some is enough"),
        pytest.param("none: [{text: а}, {text: б}]", "none: [{text: а}]", True, id="None of many implies none of fewer"),
        pytest.param("none: [{text: а}]", "none: [{text: а}, {text: б}]", False, id="None of few does not imply none of more"),
        pytest.param("none: {text: [а, б]}", "none: {text: а}", True, id="None of many words implies none of fewer"),
        pytest.param("{text: а, none: {text: [в, г]}}", "{text: [а, б], none: {text: в}}", True, id="Both parts are narrower"),
        pytest.param("field: {Продукт: а}", "field: {Версия: а}", False, id="Another field"),
    ],
)  # fmt: skip
def test_what_follows_from_what(narrow: str, wide: str, expected: bool) -> None:
    """One condition implies another only where this is certain from how they are written."""
    one, other = condition(narrow), condition(wide)
    assert one is not None
    assert other is not None
    assert implies(one, other) is expected


@pytest.mark.parametrize(
    ("conditions", "taken"),
    [
        pytest.param([A, A], [[None], [0]], id="The same condition again"),
        pytest.param([A, AB], [[None], [0, None]], id="One word of two"),
        pytest.param([A, B, AB], [[None], [None], [0, 1]], id="Two routes together hide a third"),
        pytest.param([Leaf("text", ("@семья",)), B], [[None], [0]], id="A word of a family above"),
        pytest.param([B, Leaf("text", ("@семья",))], [[None], [None]], id="A family is more than one word of it"),
        pytest.param([Group("none", (A,)), Group("none", (AB,))], [[None], [0]], id="Only exceptions"),
    ],
)
def test_routes_that_hide_others(conditions: list[Condition], taken: list[list[int | None]]) -> None:
    """For each way in which a route can match: the route above that takes it."""
    found = hidden_parts(dict(enumerate(conditions)), {"семья": ("б", "в")})
    assert [[part.by for part in parts] for _, parts in found] == taken
