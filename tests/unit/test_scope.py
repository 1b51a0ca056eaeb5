"""R6, both ways of a route that is out of scope: proposed to staff as shipped, and sent by itself with `auto: true`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from bridge.core.decide import wants
from bridge.core.decisions import Close, OutOfScope, Propose
from bridge.core.messages import compose
from bridge.core.model import Attribute, Person, Step, Ticket
from bridge.core.policy import Policy, Silence
from bridge.core.terms import Clock
from tests.unit.making import CLIENT, FRIEND, STAFF, Journal, carried_out, journal, look, moment, shipped, ticket

BOUGHT = "Купили лицензии в прошлом году, номер лицензии 123, обновление не ставится."
PROJECT = "Просим выполнить внедрение под ключ в нашей организации и прислать коммерческое предложение."
KINDS = {BOUGHT: "licensed-support", PROJECT: "project-work"}
MONDAY = moment("11-23 10:15")


@cache
def auto() -> Policy:
    """The shipped rules with `auto: true` wherever something is out of scope."""
    routes = [
        replace(one, out_of_scope=replace(one.out_of_scope, auto=True)) if one.out_of_scope else one
        for one in shipped().routes
    ]
    return replace(shipped(), routes=tuple(routes))


def asked(text: str) -> Ticket:
    """A ticket received on Monday at 10."""
    return ticket("Вопрос", description=text)


def answered(text: str, *later: Journal) -> Ticket:
    """The ticket after a pass of the bridge, and what people wrote then."""
    seen = asked(text)
    a = look(seen, MONDAY, auto())
    seen = carried_out(seen, compose(wants(a), a), MONDAY)
    journals = (*seen.journals, *later)
    return replace(seen, journals=tuple(replace(one, id=number) for number, one in enumerate(journals, start=1)))


def clock(seen: Ticket, at: str | datetime) -> Clock:
    """Where the clock stands."""
    return look(seen, at, auto()).standing.clock


@pytest.mark.parametrize("text", KINDS, ids=KINDS.values())
def test_r6_auto_answers_once_in_public_and_routes_to_the_addressee(text: str) -> None:
    """One note, the answer as the rules have it, no acknowledgement and no term beside it."""
    a = look(asked(text), MONDAY, auto())
    assert a.kind == KINDS[text]
    assert [one.step for one in wants(a)] == [Step.ROUTE, Step.OUT_OF_SCOPE]
    (write,) = compose(wants(a), a)
    assert not write.private
    assert "ответьте, пожалуйста, здесь" in write.notes
    changes = {change.attribute: change.new for change in write.changes}
    assert changes == {Attribute.ASSIGNEE: a.policy.departments[a.route.department].group}


@pytest.mark.parametrize("text", KINDS, ids=KINDS.values())
def test_r6_t12_the_clock_stops_and_the_bridge_wants_nothing_more(text: str) -> None:
    """No reminders, no closing, however long it lies there, also where silence is acted on."""
    seen = answered(text)
    silent = replace(auto(), silence=Silence(nudge_after=1, close_after=1, status="Закрыта"))
    for days in (0, 1, 3, 30):
        at = MONDAY + timedelta(days=days, minutes=5)
        for rules in (auto(), silent):
            a = look(seen, at, rules)
            assert a.standing.clock is Clock.STOPPED
            assert wants(a) == ()
            assert not a.is_closed


@pytest.mark.parametrize(
    ("by", "words"),
    [
        pytest.param(CLIENT, "", id="An attachment without words"),
        pytest.param(CLIENT, "Мы ещё ничего не купили, только выбираем.", id="An objection"),
        pytest.param(CLIENT, "Спасибо!", id="Thanks: R6 says any reply"),
        pytest.param(FRIEND, "Я его коллега, вопрос остаётся.", id="A colleague"),
    ],
)
def test_r6_any_reply_of_a_customer_makes_it_triage_with_a_fresh_term(by: Person, words: str) -> None:
    """Two working days from the reply; nothing of the same answer again."""
    seen = answered(BOUGHT, journal("11-26 15:00", by, words, files=() if words else ("договор.pdf",)))
    a = look(seen, "11-26 15:30", auto())
    assert (a.kind, a.standing.clock, a.standing.due) == ("triage", Clock.RUNNING, moment("11-30 18:00"))
    assert "R6" in a.routing.reason
    assert not [one for one in wants(a) if isinstance(one, OutOfScope | Propose | Close)]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(journal("11-24 12:00", CLIENT, "Меня нет в офисе.", auto_reply=True), id="An automatic reply"),
        pytest.param(journal("11-24 12:00", STAFF, "Коллеги, проверьте.", private=True), id="A private note of staff"),
        pytest.param(journal("11-24 12:00", CLIENT, priority=("Нормальный", "Высокий")), id="A change without words"),
    ],
)
def test_r6_what_is_no_reply_starts_nothing(later: Journal) -> None:
    """Only a person's words on the customer's side do."""
    seen = answered(BOUGHT, later)
    assert clock(seen, "11-24 13:00") is Clock.STOPPED
    assert look(seen, "11-24 13:00", auto()).kind == "licensed-support"


def test_r6_after_the_reply_staff_answer_as_usual() -> None:
    """The fresh term ends with an answer, and the reply after that is a follow-up, not a refusal again."""
    seen = answered(
        BOUGHT,
        journal("11-24 12:00", CLIENT, "Мы только выбираем."),
        journal("11-24 15:00", STAFF, "Тогда помогаем."),
        journal("11-25 12:00", CLIENT, "А поддержка по купленным лицензиям какая?"),
    )
    assert clock(seen, "11-24 16:00") is Clock.ANSWERED
    a = look(seen, "11-25 12:30", auto())
    assert (a.kind, a.standing.clock) == ("triage", Clock.RUNNING)
    assert not [one for one in wants(a) if isinstance(one, OutOfScope)]


def test_r6_auto_is_silent_where_staff_were_first() -> None:
    """Who has been answered by a person is not told by a machine that this is not the place."""
    seen = ticket("Вопрос", journal("11-23 10:05", STAFF, "Помогаем."), description=BOUGHT)
    assert not [one for one in wants(look(seen, MONDAY, auto())) if isinstance(one, OutOfScope)]


@pytest.mark.parametrize("text", KINDS, ids=KINDS.values())
def test_r6_as_shipped_it_is_proposed_and_the_term_runs(text: str) -> None:
    """The private note has the answer; the customer is only told that the request has arrived."""
    a = look(asked(text), MONDAY, shipped())
    assert [one.step for one in wants(a)] == [Step.ACKNOWLEDGE, Step.ROUTE, Step.PROPOSE, Step.SET_TERM]
    private, public = compose(wants(a), a)
    assert private.private
    assert not private.changes
    assert "вот готовый ответ" in private.notes
    assert "передали" not in public.notes
    assert a.standing.clock is Clock.RUNNING


def test_r6_the_answer_that_goes_out_is_the_one_that_was_proposed() -> None:
    """Switching `auto` on changes who sends it, not what it says."""
    proposed = look(asked(BOUGHT), MONDAY, shipped())
    private = compose(wants(proposed), proposed)[0].notes
    sent = look(asked(BOUGHT), MONDAY, auto())
    public = compose(wants(sent), sent)[0].notes
    answer = public.split("\n\n")[1]
    assert answer
    assert answer in private
