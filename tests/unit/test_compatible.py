"""The list of known-compatible products: `third-party-install` goes on only where compatibility is known (policy)."""

from __future__ import annotations

from functools import cache

import pytest

from bridge.core.model import Step
from bridge.core.policy import Policy
from bridge.policy.load import parse
from bridge.report.explain import explain
from tests.unit.making import CLIENT, ROOT, RULES, did, journal, look, ticket

ROUTES = """\
  - name: Установка чужого
    kind: third-party-install
    department: Пресейл
    unless_compatible: compatibility
    when: {text: [поставить]}
  - name: Совместимость
    kind: compatibility
    department: Отдел разработки
    when: {text: [совместимость]}
  - name: Установка
"""
LIST = """\
compatible:
  КриптоПро CSP: {words: [~криптопро, cryptopro], products: [Альт Сервер 10, Альт Рабочая станция 10], note: сборка 5.0}
  1С: {words: [1с]}
"""
TEXT = RULES.replace("  - name: Установка\n", ROUTES)


@cache
def rules(listed: str = LIST) -> Policy:
    """The small rules with a list."""
    return parse(TEXT + listed).policy


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        pytest.param("Как поставить криптопро?", "third-party-install", "known to be compatible: КриптоПро CSP («криптопро»): Альт Сервер 10, Альт Рабочая станция 10, сборка 5.0", id="A product of the list"),
        pytest.param("Как поставить крптопро?", "third-party-install", "КриптоПро CSP («крптопро»)", id="Mistyped"),
        pytest.param("Как поставить 1С?", "third-party-install", "known to be compatible: 1С («1С»)", id="One without a note"),
        pytest.param("Как поставить 1С и криптопро?", "third-party-install", "сборка 5.0; 1С («1С»)", id="Two of them"),
        pytest.param("Как поставить AutoCAD?", "compatibility", "none of the 2 products known to be compatible is named", id="A product that is not in the list"),
        pytest.param("Как поставить AutoCAD и 1С?", "third-party-install", "1С («1С»)", id="One of two is enough"),
        pytest.param("Добрый день", "triage", "no other route matched", id="No third-party product at all"),
        pytest.param("Не могу установить Альт", "os-install", "установить", id="Other routes do not ask the list"),
    ],
)  # fmt: skip
def test_only_where_compatibility_is_known(text: str, kind: str, reason: str) -> None:
    """Else it is a question about compatibility; the reason says which product was recognised, or that none was."""
    a = look(ticket(text), "11-23 10:15", rules())
    assert a.kind == kind
    assert reason in a.routing.reason


def test_the_kind_that_stands_in_brings_its_route() -> None:
    """Department, term and fields are those of the other kind, and `explain` shows what was nearly taken."""
    a = look(ticket("Как поставить AutoCAD?"), "11-23 10:15", rules())
    assert a.route.department == "Отдел разработки"
    (miss,) = [one for one in explain(a).nearest if one.kind == "third-party-install"]
    assert miss.failed == ("none of the 2 products known to be compatible is named",)
    assert "поставить" in miss.held[0]


@pytest.mark.parametrize("text", ["Как поставить криптопро?", "Как поставить AutoCAD?"])
def test_without_a_list_everything_stays_as_it_is(text: str) -> None:
    """The option alone changes nothing, and no reason speaks of it."""
    a = look(ticket(text), "11-23 10:15", rules(""))
    assert a.kind == "third-party-install"
    assert "compatible" not in a.routing.reason


def test_r3_naming_a_listed_product_later_routes_anew() -> None:
    """The customer's answer names it: the ticket becomes an installation after all."""
    asked = ticket(
        "Как поставить нашу программу?",
        did("11-23 10:12", Step.ACKNOWLEDGE),
        journal("11-23 11:00", CLIENT, "Это КриптоПро"),
    )
    a = look(asked, "11-23 11:30", rules())
    assert a.kind == "third-party-install"
    assert a.route_before is not None
    assert a.route_before.kind == "compatibility"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("Как установить КриптоПро на Альт Рабочая станция?", "third-party-install", id="Listed"),
        pytest.param("Не могу установить 1С", "third-party-install", id="Listed, and short"),
        pytest.param("Как установить VipNet?", "compatibility", id="Not listed"),
    ],
)
def test_the_shipped_example_switched_on(text: str, kind: str) -> None:
    """As a lead switches it on: one line of rules.yaml."""
    shipped = (ROOT / "rules.yaml").read_text(encoding="utf-8")
    switched = shipped.replace("\n# compatible: compatible.yaml\n", "\ncompatible: compatible.yaml\n")
    assert switched != shipped
    loaded = parse(switched, folder=ROOT)
    assert loaded.warnings == ()
    assert look(ticket(text), "11-23 10:15", loaded.policy).kind == kind
