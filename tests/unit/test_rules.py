"""Which route a ticket takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.core.model import Channel, Journal, Language, Step
from bridge.core.rules import facts_of, language_of
from tests.unit.making import (
    BRIDGE,
    CLIENT,
    FEATURE,
    FRIEND,
    INSTALL,
    LICENSE,
    PRINTER,
    PRODUCT,
    PROJECT,
    ROBOT,
    STAFF,
    UNKNOWN,
    did,
    journal,
    look,
    policy,
    ticket,
)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        pytest.param(INSTALL, "os-install", id="By a word in another form"),
        pytest.param(PRINTER, "hardware-test", id="Hardware"),
        pytest.param(LICENSE, "licensed-support", id="Out of scope"),
        pytest.param(PROJECT, "project-work", id="Out of scope, answered at once"),
        pytest.param(FEATURE, "feature-question", id="A department of its own"),
        pytest.param(PRODUCT, "product-info", id="A question"),
        pytest.param(UNKNOWN, "triage", id="The last route catches all"),
        pytest.param("Лицензия, принтер и установка", "licensed-support", id="The first of several wins"),
        pytest.param("", "triage", id="Nothing at all"),
    ],
)
def test_r1_the_first_matching_route_wins(subject: str, kind: str) -> None:
    """Routes are tried from the top; every ticket has a kind."""
    assert look(ticket(subject), "11-23 10:15").kind == kind


def test_r1_the_reason_and_the_nearest_misses_are_told() -> None:
    """The route says on which words it matched; the others stand behind it with the conditions that failed."""
    routing = look(ticket(INSTALL), "11-23 10:15").routing
    assert "«установить»" in routing.reason
    assert [tried.route.kind for tried in routing.tried] == ["licensed-support", "project-work", "hardware-test"]
    assert not any(tried.verdict.holds for tried in routing.nearest)
    assert look(ticket(UNKNOWN), "11-23 10:15").routing.reason == "no other route matched"


@pytest.mark.parametrize(
    ("journals", "kind"),
    [
        pytest.param((journal("11-23 11:00", CLIENT, "Это принтер"),), "hardware-test", id="The customer's own words"),
        pytest.param((journal("11-23 11:00", FRIEND, "Это принтер"),), "hardware-test", id="A colleague's words"),
        pytest.param((journal("11-23 11:00", STAFF, "Это принтер"),), "triage", id="Not those of staff"),
        pytest.param((journal("11-23 11:00", ROBOT, "Это принтер"),), "triage", id="Not those of a robot"),
        pytest.param((journal("11-23 11:00", CLIENT, "> Это принтер"),), "triage", id="Not what is quoted"),
        pytest.param((journal("11-23 11:00", CLIENT, "принтер", private=True),), "triage", id="Not a private note"),
        pytest.param(
            (journal("11-23 11:00", CLIENT, "принтер", auto_reply=True),), "triage", id="Not a machine's reply"
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Ответ"), journal("11-23 12:00", CLIENT, "А принтер?")),
            "triage",
            id="What comes after staff answered is a conversation",
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, "Коллеги", private=True), journal("11-23 12:00", CLIENT, "А принтер?")),
            "hardware-test",
            id="A private note of staff is no answer",
        ),
        pytest.param(
            (journal("11-23 11:00", STAFF, subject=(UNKNOWN, INSTALL)),), "os-install", id="A subject that was changed"
        ),
    ],
)
def test_r3_what_counts_as_the_customers_words(journals: tuple[Journal, ...], kind: str) -> None:
    """The kind follows what the customer says until staff answer."""
    assert look(ticket(UNKNOWN, *journals), "11-23 13:00").kind == kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param((), "project-work", id="No reply: out of scope"),
        pytest.param((journal("11-23 11:00", CLIENT, "Мы только выбираем"),), "triage", id="Any reply: triage"),
        pytest.param(
            (journal("11-23 11:00", CLIENT, "отпуск", auto_reply=True),), "project-work", id="A machine's reply"
        ),
        pytest.param((journal("11-23 11:00", STAFF, "Посмотрим"),), "project-work", id="Staff's words are no reply"),
    ],
)
def test_r6_a_reply_to_out_of_scope_is_triage(reply: tuple[Journal, ...], kind: str) -> None:
    """Who replies to the answer that this is out of scope is a customer."""
    told = did("11-23 10:15", Step.OUT_OF_SCOPE)
    assert look(ticket(PROJECT, told, *reply), "11-23 12:00").kind == kind


@pytest.mark.parametrize(
    ("subject", "language"),
    [
        pytest.param(INSTALL, Language.RU, id="Russian"),
        pytest.param("How do I install it?", Language.EN, id="English"),
        pytest.param("", Language.RU, id="Nothing is Russian"),
        pytest.param(
            "Альт: how to install ALT on a server and run it", Language.EN, id="English with a product's name"
        ),
    ],
)
def test_the_language_is_that_of_the_first_message(subject: str, language: Language) -> None:
    """Texts for the customer are in the language of subject and description."""
    assert language_of(ticket(subject).created) is language


def test_facts_are_those_of_a_moment_in_the_history() -> None:
    """Facts after the first journals do not know the later ones."""
    later = journal("11-23 11:00", CLIENT, "Это принтер", files=("a.log",), category=("", "Оборудование"))
    chronicle = look(ticket(UNKNOWN, later), "11-23 12:00").chronicle
    before, after = (facts_of(chronicle, policy(), {}, upto=count) for count in (0, 1))
    assert (before.parts["answers"], before.attachments, before.category) == ("", (), "")
    assert (after.parts["answers"], after.attachments, after.category) == ("Это принтер", ("a.log",), "Оборудование")
    assert (after.domain, after.channel, after.project) == ("example.org", Channel.CABINET, "Клиент")


def test_a_speaker_who_writes_through_the_bridges_account_is_heard() -> None:
    """A mail that the bridge entered counts as the customer's words (P3)."""
    mail = replace(journal("11-23 11:00", BRIDGE, "Это принтер"), speaker=CLIENT)
    assert look(ticket(UNKNOWN, mail), "11-23 12:00").kind == "hardware-test"
