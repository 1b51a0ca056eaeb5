"""What a change of rules would have changed: which tickets, how they are counted, and how people read it."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from bridge.cli.printing import Progress
from bridge.core.model import Step, Ticket
from bridge.core.policy import Policy
from bridge.core.word_index import RememberingIndex
from bridge.policy.load import parse
from bridge.report.backtest import Backtest, backtest, finally_with
from bridge.report.backtest_text import LISTED, as_text
from bridge.report.replay import replay
from tests.unit.making import (
    BRIDGE,
    CLIENT,
    DEV,
    FEATURE,
    INSTALL,
    LAB,
    LICENSE,
    PRESALE,
    PRINTER,
    PRODUCT,
    RULES,
    SALES_GROUP,
    STAFF,
    UNKNOWN,
    did,
    journal,
    moment,
    policy,
    ticket,
)

UNTIL = moment("12-04 12:00")
ANSWERED = journal("11-24 12:00", STAFF, "Ответ.", status=("Новая", "Закрыта"))
LATE = journal("11-26 12:00", STAFF, "Ответ.", status=("Новая", "Закрыта"))


@cache
def changed(old: str = "answer: 2 working days", new: str = "answer: 1 working day") -> Policy:
    """The small rules with a change: as it stands, a term of one day."""
    assert old in RULES
    return parse(RULES.replace(old, new)).policy


def without_licences() -> Policy:
    """The small rules with a route less."""
    text = RULES[: RULES.index("  - name: Лицензии")] + RULES[RULES.index("  - name: Проекты") :]
    return parse(text).policy


def passed(to: str, who: Any = STAFF, at: str = "11-23 12:00") -> Any:
    """A journal that passes a ticket to a department."""
    return journal(at, who, assigned_to=("", to))


def numbered(*tickets: Ticket) -> list[Ticket]:
    """Tickets from 1."""
    return [replace(one, id=number) for number, one in enumerate(tickets, 1)]


def compared(*tickets: Ticket, new: Policy) -> Backtest:
    """The small rules and others over these tickets."""
    return backtest(numbered(*tickets), policy(), new, UNTIL)


def test_the_same_rules_change_nothing() -> None:
    """Whatever the history is."""
    result = compared(ticket(PRODUCT, ANSWERED), ticket(LICENSE, LATE), ticket(INSTALL), new=policy())
    assert (result.tickets, result.differences) == (3, ())
    assert result.present.counts == result.new.counts


def test_a_shorter_term_is_late_more_often() -> None:
    """Answered after a day and a half: in time with two days, late with one; who was late before is late again."""
    result = compared(ticket(PRODUCT, ANSWERED, created="11-20 10:00"), ticket(PRODUCT, LATE), new=changed())
    assert {one.ticket_id: one.what[0] for one in result.differences}[1] == ("late", "no", "yes")
    assert (result.present.counts["late"], result.new.counts["late"]) == (1, 2)


def test_a_route_less_turns_its_tickets_into_others() -> None:
    """They fall through to the routes below, with their departments."""
    result = compared(ticket(LICENSE, ANSWERED), ticket("Лицензия и принтер", ANSWERED), new=without_licences())
    assert [one.what[:2] for one in result.differences] == [
        (("kind", "licensed-support", "triage"), ("department", DEV, PRESALE)),
        (("kind", "licensed-support", "hardware-test"), ("department", DEV, PRESALE)),
    ]
    assert "Лицензии" not in result.new.never_hit
    assert "Разработка" in result.new.never_hit


def test_what_the_bridge_did_in_fact_is_left_out_of_the_replay() -> None:
    """Else what the present rules have done would be there with the new ones too."""
    seen = ticket(INSTALL, did("11-23 10:11", Step.ACKNOWLEDGE, Step.ASK), passed(DEV, BRIDGE, "11-23 10:12"))
    played = replay(seen, policy(), moment("11-23 18:00"))
    assert played == replay(ticket(INSTALL), policy(), moment("11-23 18:00"))
    assert played.steps[Step.ASK] == 1


@pytest.mark.parametrize(
    ("journals", "department"),
    [
        pytest.param((), PRESALE, id="Nobody passed it on: the first line"),
        pytest.param((passed(DEV),), DEV, id="Passed by staff"),
        pytest.param((passed(DEV), passed(LAB, at="11-24 12:00")), LAB, id="The last of two"),
        pytest.param((passed(DEV), passed(PRESALE, at="11-24 12:00")), PRESALE, id="Passed and given back"),
        pytest.param((passed(DEV, BRIDGE),), DEV, id="Passed by the bridge, and people left it there"),
        pytest.param((passed(DEV, BRIDGE), passed(LAB, at="11-24 12:00")), LAB, id="People overruled the bridge"),
        pytest.param((passed(DEV, CLIENT),), PRESALE, id="A customer cannot pass it"),
        pytest.param((passed("Иван Иванов"),), PRESALE, id="To a person, who is no department"),
    ],
)
def test_who_finally_had_the_ticket(journals: tuple[Any, ...], department: str) -> None:
    """That is what the rules are measured by."""
    assert finally_with(ticket(UNKNOWN, *journals), policy()) == department


def test_the_matrix_does_not_take_silence_for_agreement() -> None:
    """Rules that would pass a ticket on are not right because people left it with the first line."""
    result = compared(
        ticket(LICENSE, ANSWERED), ticket(LICENSE, passed(DEV), LATE), ticket(FEATURE, passed(LAB)), new=policy()
    )
    assert dict(result.new.confusion) == {(DEV, PRESALE): 1, (DEV, DEV): 1, (DEV, LAB): 1}
    assert result.new.agreed == 1


@pytest.mark.parametrize("on_the_way", [SALES_GROUP, LAB, PRESALE])
def test_r5_whoever_a_gate_leads_to_is_as_the_rules_say(on_the_way: str) -> None:
    """Hardware goes from the first line to sales, and on to the laboratory."""
    result = compared(ticket(PRINTER, passed(on_the_way)), new=policy())
    assert dict(result.new.confusion) == {(on_the_way, on_the_way): 1}


def test_a_year_without_a_calendar_is_skipped_and_named() -> None:
    """One such ticket does not stop the rest."""
    far = ticket(PRODUCT, created="2040-12-30 10:00")
    result = backtest(numbered(far, ticket(PRODUCT, ANSWERED)), policy(), policy(), moment("2041-01-01 12:00"))
    assert (result.skipped, result.tickets) == ((1,), 2)
    assert "skipped, as their term reaches into a year without a calendar: #1" in as_text(result)


def test_an_index_that_remembers_finds_the_same() -> None:
    """It only finds it sooner the second time."""
    plain, remembering = policy().words, RememberingIndex(policy().words)
    for text in (INSTALL, LICENSE, INSTALL, ""):
        assert remembering.search(text) == plain.search(text)
        assert remembering.covered(text) == plain.covered(text)


def test_what_people_read() -> None:
    """Counts side by side, kinds that turned, the matrix, how often as people did, routes never taken, the tickets."""
    text = as_text(compared(ticket(LICENSE, passed(DEV)), ticket(PRODUCT, ANSWERED), new=without_licences()))
    lines = text.splitlines()
    assert lines[0] == "2 tickets replayed, 1 would have gone otherwise. Nothing was written."
    assert any(line.split() == ["licensed-support", "1", "0", "-1"] for line in lines)
    assert any(line.split() == ["product-info", "1", "1"] for line in lines)
    assert any(line.split() == ["licensed-support", "→", "triage", "1", "#1"] for line in lines)
    assert any(line.split() == ["(1)", PRESALE, "1", "1"] for line in lines)
    assert "as people did: present rules 2 of 2 (100 %), new rules 1 of 2 (50 %)" in lines
    assert any(line.startswith("routes of the new rules that no ticket took: «Проекты»") for line in lines)
    assert any(line.startswith("#1: kind: licensed-support → triage; department: ") for line in lines)


def test_a_long_list_is_cut_and_says_so() -> None:
    """Reminders alone come last; `--all` lists everything."""
    many = [ticket(PRODUCT, ANSWERED, created="11-20 10:00") for _ in range(LISTED + 5)]
    result = compared(*many, new=changed())
    short, long = as_text(result), as_text(result, everything=True)
    assert "… and 5 more, 0 of them in reminders only; --all lists them" in short
    assert sum(line.startswith("#") for line in short.splitlines()) == LISTED
    assert sum(line.startswith("#") for line in long.splitlines()) == LISTED + 5


def test_no_tickets_at_all() -> None:
    """Nothing to show is shown without a fuss."""
    assert as_text(compared(new=policy())).startswith("0 tickets replayed")


def test_the_shape_of_the_json() -> None:
    """What a script finds."""
    told = compared(ticket(LICENSE), new=without_licences()).as_json()
    assert told["differences"][0]["what"][0] == "kind: licensed-support → triage"
    assert told["totals"]["new"]["kind triage"] == 1
    assert told["as_people_did"] == {"present": 0, "new": 1}
    assert told["confusion"] == [{"rules": PRESALE, "people": PRESALE, "tickets": 1}]
    assert told["present_confusion"] == [{"rules": DEV, "people": PRESALE, "tickets": 1}]


class Screen(io.StringIO):
    """A person's screen."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_bar_for_people_and_none_for_files() -> None:
    """It ends its line when all is done."""
    screen, file = Screen(), io.StringIO()
    for stream in (screen, file):
        step = Progress("reading", stream).start(2)
        step()
        step()
    shown = screen.getvalue().split("\r")[1:]
    assert [line.rpartition("] ")[2] for line in shown] == ["0/2", "1/2", "2/2\n"]
    assert file.getvalue() == ""
    Progress("reading", screen).start(0)
    assert screen.getvalue().endswith("2/2\n")
