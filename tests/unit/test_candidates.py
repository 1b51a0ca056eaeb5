"""Only routes that can match are looked at, and the one that is taken is the same as if all were (R1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.candidates import Candidates, needed
from bridge.core.conditions import REGISTRY, Condition, Facts, Group, Leaf, Verdict, condition
from bridge.core.model import Channel, Language
from bridge.core.policy import Policy, Route
from bridge.core.rules import Routing, route
from bridge.core.word_index import WordIndex
from tests.unit.making import CLIENT, policy

WORDS = ("сервер", "принтер", "не ... работать", "вирту*", "re:код\\s+\\d+", "установка")
SAID = ("", "Сервер", "Принтер не хочет работать", "Виртуализация и установка", "код 17", "Ничего")
FIELD = "Продукт"


def _without_words(facts: Facts, leaf: Leaf) -> Verdict:
    """None of these words is there: a condition of somebody's own, which holds without them."""
    return Verdict(holds=not facts.has(leaf.values, ("subject", "description")), reason="")


@pytest.fixture(scope="module", autouse=True)
def own_condition() -> Iterator[None]:
    """It is there for these tests only."""
    condition("without_words", words=True)(_without_words)
    yield
    del REGISTRY["without_words"]


def leaves() -> st.SearchStrategy[Condition]:
    """One condition of any sort."""
    words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True).map(tuple)
    by_words = st.builds(Leaf, st.sampled_from(("text", "subject", "description", "asks", "without_words")), words)
    in_field = st.builds(Leaf, st.just("field"), words, st.just(FIELD))
    plain = st.sampled_from((Leaf("attachment", ("*.log",)), Leaf("language", ("ru",)), Leaf("project", ("Ром*",))))
    return st.one_of(by_words, in_field, plain)


def trees() -> st.SearchStrategy[Condition]:
    """Conditions in groups in groups."""
    groups = st.sampled_from(("all", "any", "none"))
    return st.recursive(
        leaves(), lambda inner: st.builds(Group, groups, st.lists(inner, max_size=3).map(tuple)), max_leaves=6
    )


@cache
def index() -> WordIndex:
    """All words that these conditions have."""
    return WordIndex.build(WORDS)


def facts(subject: str, description: str, product: str, files: tuple[str, ...] = ()) -> Facts:
    """A ticket that says this."""
    return Facts(
        parts={"subject": subject, "description": description, "answers": "", "asks": subject},
        fields={FIELD: product},
        author=CLIENT,
        domain="",
        project="Ромашка",
        category="",
        attachments=files,
        language=Language.RU,
        channel=Channel.CABINET,
        index=index(),
    )


TICKETS = st.builds(facts, *[st.sampled_from(SAID)] * 3, st.sampled_from(((), ("boot.log",))))


def rules(*conditions: Condition) -> Policy:
    """The small rules with these routes, named by their numbers, and the last that catches all."""
    last = policy().routes[-1]
    routes = tuple(Route(str(number), "product-info", last.department, one) for number, one in enumerate(conditions))
    return replace(policy(), routes=(*routes, last), words=index())


def looking_at_each(ticket: Facts, given_rules: Policy) -> Route:
    """The plain way: every route is tested in order."""
    return next(one for one in given_rules.routes if one.when is None or one.when.test(ticket).holds)


@given(st.lists(trees(), max_size=6), TICKETS)
def test_r1_candidates_take_the_same_route_as_looking_at_each(conditions: list[Condition], ticket: Facts) -> None:
    """Whatever the conditions are, the first that holds wins."""
    given_rules = rules(*conditions)
    assert route(ticket, given_rules).route is looking_at_each(ticket, given_rules)


@given(trees(), TICKETS)
def test_a_condition_holds_with_and_without_its_reason(tree: Condition, ticket: Facts) -> None:
    """The short way says what the long one says."""
    assert tree.holds(ticket) is tree.test(ticket).holds


@given(st.lists(trees(), max_size=6), TICKETS)
def test_a_route_that_is_left_out_does_not_hold(conditions: list[Condition], ticket: Facts) -> None:
    """No candidate is forgotten, wherever it stands."""
    left_out = set(range(len(conditions))) - set(Candidates.among(conditions).given(ticket.found))
    assert not any(conditions[number].test(ticket).holds for number in left_out)


A, B, C = Leaf("text", ("а",)), Leaf("subject", ("б", "в")), Leaf("field", ("г",), FIELD)
PLAIN = Leaf("project", ("*",))


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        pytest.param(A, "а", id="A word"),
        pytest.param(B, "бв", id="One of several words"),
        pytest.param(C, "г", id="A word in a field"),
        pytest.param(PLAIN, None, id="No words at all"),
        pytest.param(Leaf("without_words", ("а",)), None, id="Words of a condition that may hold without"),
        pytest.param(Group("any", (A, B)), "абв", id="Any: one word of all"),
        pytest.param(Group("any", (A, PLAIN)), None, id="Any: a member that needs none"),
        pytest.param(Group("any", ()), "", id="Any of nothing never holds"),
        pytest.param(Group("all", (B, A)), "а", id="All: the rarest of what is needed"),
        pytest.param(Group("all", (PLAIN, B)), "бв", id="All: what one member needs"),
        pytest.param(Group("all", (PLAIN,)), None, id="All: nobody needs any"),
        pytest.param(Group("none", (A,)), None, id="None holds without"),
        pytest.param(Group("all", (Group("none", (A,)), C)), "г", id="All but"),
        pytest.param(Leaf("looks_like", ("6",), "bug-report"), None, id="A likeness is asked of every ticket"),
    ],
)
def test_what_a_condition_cannot_hold_without(tree: Condition, words: str | None) -> None:
    """At least one of these words; None where none is certain."""
    assert needed(tree, {"а": 1, "б": 2, "в": 2, "г": 9}) == (None if words is None else frozenset(words))


def test_common_words_do_not_make_every_route_a_candidate() -> None:
    """Where all routes share a word, each is found by the one that is its own."""
    shared = Leaf("text", ("установка",))
    routes = [Group("all", (shared, Leaf("text", (f"товар{number}",)))) for number in range(100)]
    assert Candidates.among(routes).given({"установка", "товар7"}) == [7]


def test_the_reasons_are_worked_out_only_when_they_are_asked_for() -> None:
    """A decision does not pay for what only `explain` shows."""

    def refused() -> str:
        raise AssertionError("nobody has asked")

    assert Routing(policy().routes[-1], refused).route.kind == "triage"
    told = route(facts("Принтер", "", ""), rules(Leaf("text", ("сервер",)), Leaf("text", ("принтер",))))
    assert told.reason == "the text has «Принтер» (принтер)"
    assert [one.verdict.reason for one in told.tried] == ["the text has none of: сервер"]
