"""What a rule costs: one ticket decided with 10, 100, 1,000 and 10,000 routes, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from benchmarks.measure import Measured, measure
from bridge.core.conditions import Condition, Group, Leaf
from bridge.core.decide import decide
from bridge.core.model import EMPTY_HISTORY, Person, Role, State, Ticket
from bridge.core.policy import Policy, Route
from bridge.core.word_index import WordIndex

COUNTS = (10, 100, 1_000, 10_000)
WORDS_EACH = 3
NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Moscow"))
TICKET = Ticket(
    1,
    Person("client", "Клиент", Role.CUSTOMER),
    NOON.replace(hour=10),
    State(
        subject="Не ставится Альт Рабочая станция",
        description="Добрый день! Установщик останавливается на разметке диска и дальше не идёт. Что посмотреть? " * 5,
        project="Клиент",
        tracker="ТехП Пресейл",
        status="Новая",
    ),
)


@dataclass(frozen=True)
class Series:
    """The same work with more and more rules."""

    name: str
    measured: tuple[Measured, ...]


def compare(policy: Policy) -> tuple[Series, ...]:
    """The search for all words alone, then the whole decision; no route but the last matches, so that none may stop the others."""
    text = f"{TICKET.created.subject}\n{TICKET.created.description}"
    own = [with_routes(policy, count, _words) for count in COUNTS]
    shared = [with_routes(policy, count, _with_a_shared_word) for count in COUNTS]
    return (
        _series("search for all words", own, lambda rules: rules.words.search(text)),
        _series("decide, words of their own", own, _decide),
        _series("decide, a word that all share as well", shared, _decide),
    )


def _series(name: str, policies: list[Policy], call: Callable[[Policy], object]) -> Series:
    return Series(name, tuple(measure(name, partial(call, rules)) for rules in policies))


def _decide(policy: Policy) -> object:
    return decide(TICKET, EMPTY_HISTORY, policy, NOON)


def with_routes(policy: Policy, count: int, when: Callable[[int], Condition]) -> Policy:
    """The rules with so many routes before the last."""
    routes = tuple(_routes(policy, count, when))
    patterns = [pattern for route in routes if route.when for pattern in route.when.patterns]
    last = policy.routes[-1]
    return replace(policy, routes=(*routes, last), words=WordIndex.build([*patterns, *policy.no_term]))


def _routes(policy: Policy, count: int, when: Callable[[int], Condition]) -> Iterator[Route]:
    department = policy.first_line.name
    yield from (Route(f"Правило {number}", "product-info", department, when(number)) for number in range(count))


def _words(number: int) -> Condition:
    return Leaf("text", tuple(f"товар{number}марки{which}" for which in range(WORDS_EACH)))


def _with_a_shared_word(number: int) -> Condition:
    """The ticket has the word that all routes share, and none of the others."""
    return Group("all", (Leaf("text", ("установщик",)), _words(number), Group("none", (Leaf("text", ("лицензия",)),))))
