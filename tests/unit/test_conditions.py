"""Conditions of routes, their groups, and the reasons that they give."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.conditions import REGISTRY, Condition, Facts, Group, Leaf, Verdict, condition
from bridge.core.model import Channel, Language
from bridge.core.word_index import WordIndex
from tests.unit.making import CLIENT

PATTERNS = ("установка", "сервер", "не ... работать", "вирту*", "принтер")
FACTS = Facts(
    parts={"subject": "Установка сервера", "description": "Ничего не хочет работать", "answers": "Это принтер"},
    fields={"Продукт": "Альт Сервер", "Пусто": ""},
    author=CLIENT,
    domain="example.org",
    project="Ромашка",
    category="Установка",
    attachments=("boot.log", "Экран.PNG"),
    language=Language.RU,
    channel=Channel.CABINET,
    index=WordIndex.build(PATTERNS),
)


@pytest.mark.parametrize(
    ("leaf", "holds", "reason"),
    [
        pytest.param(Leaf("text", ("сервер",)), True, "the text has «сервера» (сервер)", id="A word in another form"),
        pytest.param(
            Leaf("text", ("не ... работать",)), True, "«не хочет работать»", id="Words with some between them"
        ),
        pytest.param(Leaf("text", ("принтер",)), True, "«принтер»", id="The customer's answers count as text"),
        pytest.param(Leaf("text", ("вирту*",)), False, "the text has none of: вирту*", id="No such word"),
        pytest.param(Leaf("subject", ("установка",)), True, "the subject has «Установка»", id="In the subject"),
        pytest.param(Leaf("subject", ("принтер",)), False, "the subject has none", id="In the answers only"),
        pytest.param(Leaf("description", ("не ... работать",)), True, "the description has", id="In the description"),
        pytest.param(Leaf("description", ("сервер",)), False, "the description has none", id="In the subject only"),
        pytest.param(Leaf("field", ("сервер",), "Продукт"), True, "the field «Продукт» has", id="In a field"),
        pytest.param(Leaf("field", ("сервер",), "Пусто"), False, "the field «Пусто» has none", id="In an empty field"),
        pytest.param(Leaf("field", ("сервер",), "Нет"), False, "the field «Нет»", id="In a field that is not there"),
        pytest.param(Leaf("author", ("CLIENT",)), True, "the author's login is client", id="By login, whatever case"),
        pytest.param(Leaf("author", ("Кли*",)), True, "the author is Клиент (Кли*)", id="By name"),
        pytest.param(Leaf("author", ("petrov",)), False, "the author is Клиент, not one of: petrov", id="Another"),
        pytest.param(Leaf("domain", ("*.org",)), True, "the mail domain is example.org (*.org)", id="By mail domain"),
        pytest.param(Leaf("domain", ("example.com",)), False, "not one of: example.com", id="Another domain"),
        pytest.param(Leaf("project", ("ром*",)), True, "the project is Ромашка", id="By project"),
        pytest.param(Leaf("category", ("Оборудование",)), False, "the category is Установка", id="Another category"),
        pytest.param(Leaf("category", ("установка",)), True, "the category is Установка", id="By category"),
        pytest.param(Leaf("language", ("ru",)), True, "the language is ru", id="By language"),
        pytest.param(Leaf("channel", ("mail",)), False, "the channel is cabinet", id="By channel"),
        pytest.param(Leaf("attachment", ("*.png",)), True, "an attachment is Экран.PNG", id="By a file's name"),
        pytest.param(Leaf("attachment", ("*.zip",)), False, "no attachment like: *.zip", id="No such file"),
    ],
)
def test_a_condition_and_its_reason(leaf: Leaf, holds: bool, reason: str) -> None:
    """Each built-in condition holds or not, and says why in words."""
    verdict = leaf.test(FACTS)
    assert verdict.holds is holds
    assert reason in verdict.reason


def test_every_condition_is_in_the_table() -> None:
    """The table above knows every built-in condition; each has a summary for `check --list`."""
    builtin = {"text", "subject", "description", "field", "author", "domain", "project", "category", "language"}
    assert set(REGISTRY) >= builtin | {"channel", "attachment"}
    assert all(kind.summary.endswith(".") for kind in REGISTRY.values())


def test_a_hidden_address_matches_no_domain() -> None:
    """Where Redmine hides the author's address the domain is unknown, not empty: even `*` does not hold."""
    verdict = Leaf("domain", ("*",)).test(replace(FACTS, domain=""))
    assert (verdict.holds, verdict.reason) == (False, "the mail domain is unknown")


def test_no_attachment_matches_nothing() -> None:
    """`*` means any file, and there has to be one."""
    assert not Leaf("attachment", ("*",)).test(replace(FACTS, attachments=())).holds


YES, NO = Leaf("language", ("ru",)), Leaf("language", ("en",))


@pytest.mark.parametrize(
    ("how", "members", "holds"),
    [
        pytest.param("all", (YES, YES), True, id="all of two"),
        pytest.param("all", (YES, NO), False, id="all but one"),
        pytest.param("any", (NO, YES), True, id="any of two"),
        pytest.param("any", (NO, NO), False, id="any of none"),
        pytest.param("none", (NO, NO), True, id="none holds"),
        pytest.param("none", (NO, YES), False, id="none, but one does"),
        pytest.param("all", (), True, id="all of nothing"),
        pytest.param("any", (), False, id="any of nothing"),
        pytest.param("all", (Group("any", (NO, YES)), Group("none", (NO,))), True, id="Groups in a group"),
    ],
)
def test_groups(how: str, members: tuple[Condition, ...], holds: bool) -> None:
    """Groups join conditions as their names say; each member keeps its verdict for `explain`."""
    verdict = Group(how, members).test(FACTS)
    assert verdict.holds is holds
    assert len(verdict.members) == len(members)


def test_leaves_of_a_verdict_are_the_plain_conditions() -> None:
    """`explain` shows the plain conditions of nested groups in order."""
    verdict = Group("all", (YES, Group("any", (NO, YES)))).test(FACTS)
    assert [leaf.holds for leaf in verdict.leaves] == [True, False, True]


def test_patterns_of_groups_go_into_the_index() -> None:
    """Only word conditions have patterns for the index; those of members count too."""
    group = Group("any", (Leaf("text", ("сервер",)), Group("none", (Leaf("field", ("вирту*",), "Продукт"), YES))))
    assert group.patterns == ("сервер", "вирту*")


def test_long_lists_are_told_in_short() -> None:
    """The reason of a miss shows the first few words only."""
    reason = Leaf("text", tuple(f"слово{n}" for n in range(20))).test(FACTS).reason
    assert reason.endswith("…")
    assert "слово7" in reason
    assert "слово8" not in reason


def test_a_taken_name_is_refused() -> None:
    """An extension cannot replace a built-in condition."""

    def own(_facts: Facts, _leaf: Leaf) -> Verdict:
        """Own."""
        return Verdict(holds=True, reason="")

    with pytest.raises(ValueError, match="'text' exists already"):
        condition("text")(own)


@pytest.mark.parametrize("value", ["[", "[!", "?*[", "\\", "*" * 50, "{{x}}"])
def test_strange_patterns_of_names_do_not_fail(value: Any) -> None:
    """A glob that a lead mistypes matches nothing, or everything, and never fails."""
    Leaf("project", (value,)).test(FACTS)
