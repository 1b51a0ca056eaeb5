"""What a rule costs: one ticket decided with 10 and with 10,000 routes, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from benchmarks.measure import Measured, measure
from bridge.core.conditions import Leaf
from bridge.core.decide import decide
from bridge.core.model import EMPTY_HISTORY, Person, Role, State, Ticket
from bridge.core.policy import Policy, Route
from bridge.core.word_index import WordIndex

FEW, MANY = 10, 10_000
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


def compare(policy: Policy) -> tuple[Measured, Measured, Measured, Measured]:
    """Few rules, many rules: the search for all their words alone, then the whole decision."""
    few, many = with_routes(policy, FEW), with_routes(policy, MANY)
    text = f"{TICKET.created.subject}\n{TICKET.created.description}"
    return (
        measure(f"search for all words of {FEW} rules", lambda: few.words.search(text)),
        measure(f"search for all words of {MANY} rules", lambda: many.words.search(text)),
        measure(f"decide one ticket, {FEW} rules", lambda: decide(TICKET, EMPTY_HISTORY, few, NOON)),
        measure(f"decide one ticket, {MANY} rules", lambda: decide(TICKET, EMPTY_HISTORY, many, NOON)),
    )


def with_routes(policy: Policy, count: int) -> Policy:
    """The rules with so many routes before the last, of words that no other has; none of them matches: the worst case."""
    routes = tuple(_routes(policy, count))
    patterns = [pattern for route in routes if route.when for pattern in route.when.patterns]
    last = policy.routes[-1]
    return replace(policy, routes=(*routes, last), words=WordIndex.build([*patterns, *policy.no_term]))


def _routes(policy: Policy, count: int) -> Iterator[Route]:
    department = policy.first_line.name
    for number in range(count):
        words = tuple(f"товар{number}марки{which}" for which in range(WORDS_EACH))
        yield Route(f"Правило {number}", "product-info", department, Leaf("text", words))
