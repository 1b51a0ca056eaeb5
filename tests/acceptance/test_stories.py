"""Whole stories on a real Redmine: what the customer, the staff and the lead see of the bridge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.core.model import Step
from bridge.core.terms import Clock
from tests.acceptance.stage import (
    ALT,
    APT,
    BOUGHT,
    INSTALL,
    LEAD,
    LEADS_NAME,
    QUESTION,
    SYSTEM,
    TOLD,
    UPDATES,
    Between,
    Said,
    Stage,
    asked,
    once,
    writes,
)

pytestmark = pytest.mark.redmine


# --- fields -----------------------------------------------------------------------------------------------------------


def test_f3_f4_asked_half_answered_asked_again_completed_and_thanked(stage: Stage) -> None:
    """A half answer fills its field and only the rest is asked for; the whole answer fills it, ends the pause, and is thanked for."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=5)
    stage.run()
    assert stage.said(number) == TOLD, "the acknowledgement does not wait for the customer to be quiet (F3)"
    stage.later(minutes=6)
    stage.run()
    assert stage.status(number) == "Ожидание ответа"
    stage.later(minutes=20)
    stage.customer.note(number, f"1. {ALT}")
    stage.later(minutes=11)
    stage.run()
    assert (stage.value(number, SYSTEM), stage.value(number, UPDATES)) == (ALT, "")
    assert stage.status(number) == "Ожидание ответа"
    assert "apt-get dist-upgrade" in stage.notes(number)[-1]
    assert "os-release" not in stage.notes(number)[-1]
    stage.later(minutes=20)
    stage.customer.note(number, APT)
    stage.later(minutes=11)
    stage.run()
    assert (stage.value(number, SYSTEM), stage.value(number, UPDATES)) == (ALT, APT)
    assert stage.status(number) == "В работе"
    assert stage.issue(number)["due_date"] == "2026-11-18"
    assert once(stage.said(number)) == [
        *TOLD,
        *(Said(*one, False) for one in ((Step.ASK, 1), (Step.ASK, 2), (Step.THANK, 1))),
    ]
    stage.later(minutes=5)
    assert writes(stage) == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(f"{SYSTEM}: {ALT}\n{UPDATES}: {APT}", id="by label"),
        pytest.param(f"Добрый день!\n1. {ALT}\n2) {APT}", id="by number"),
        pytest.param(f"2. {APT}\nОС - {ALT}\n\nС уважением, Анна", id="by number and label"),
    ],
)
def test_f4_a_whole_answer_fills_both_fields(stage: Stage, answer: str) -> None:
    """Answers are read by label and by number, written into the fields, and thanked for."""
    number = asked(stage)
    stage.customer.note(number, answer)
    stage.later(minutes=1)
    stage.run()
    assert (stage.value(number, SYSTEM), stage.value(number, UPDATES)) == (ALT, APT)
    assert stage.status(number) == "В работе"
    assert stage.said(number)[2:] == [Said(Step.THANK, 1, False), Said(Step.SET_TERM, 1, False)]


def test_f4_an_answer_is_read_as_a_whole_where_one_thing_was_asked(stage: Stage) -> None:
    """With one field missing, the customer's words are its value, without what they quote."""
    number = asked(stage, fields={SYSTEM: ALT})
    quoted = "\n".join(f"> {line}" for line in stage.notes(number)[-1].splitlines())
    stage.customer.note(number, f"{APT}\n\nПресейл Мост писал:\n{quoted}")
    stage.later(minutes=1)
    stage.run()
    assert stage.value(number, UPDATES) == APT
    assert stage.said(number)[2:] == [Said(Step.THANK, 1, False), Said(Step.SET_TERM, 1, False)]


def test_f5_an_answer_not_understood_is_received_and_staff_are_asked_to_check(stage: Stage) -> None:
    """Nothing is asked twice: the clock goes on with a short word to the customer and a private note to staff."""
    number = asked(stage)
    stage.customer.note(number, "Всё как обычно, вы же знаете")
    stage.later(minutes=11)
    stage.run()
    assert stage.status(number) == "В работе"
    found = once(stage.said(number))[2:]
    assert found == [Said(Step.THANK, 1, True), Said(Step.THANK, 1, False), Said(Step.SET_TERM, 1, False)]
    stage.later(minutes=30)
    assert writes(stage) == []


def test_p6_what_the_customer_wrote_is_not_echoed(stage: Stage) -> None:
    """No word of a customer's free text stands in the public notes, whatever was read out of it."""
    number = asked(stage)
    stage.customer.note(number, f"1. {{{{macro_list}}}} @ivanov !http://evil.example/x.png!\n2. {APT}")
    stage.later(minutes=11)
    stage.run()
    said = "\n".join(stage.notes(number, private=False))
    assert not [word for word in ("macro_list", "@ivanov", "evil.example", APT) if word in said]


# --- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [INSTALL, QUESTION, BOUGHT], ids=["asked", "acknowledged", "proposed"])
def test_w1_a_second_pass_writes_nothing(stage: Stage, words: tuple[str, str]) -> None:
    """A pass says all there is to say in one public note, at most, and the next ones say nothing."""
    number = stage.ticket(words)
    stage.later(minutes=11)
    assert writes(stage) == [number]
    assert len(stage.notes(number, private=False)) == 1
    assert len(stage.notes(number, private=True)) <= 1
    before = stage.issue(number)
    for minutes in (0, 1, 60):
        stage.later(minutes=minutes)
        assert writes(stage) == []
    assert stage.issue(number) == before


def test_p4_an_empty_store_repeats_nothing_of_a_request(stage: Stage) -> None:
    """What was said stands in the notes: with the store lost after every step, each step of the request is still done once."""
    number, bought = asked(stage), stage.ticket(BOUGHT)
    for answer in ("", f"1. {ALT}", APT):
        if answer:
            stage.customer.note(number, answer)
        stage.later(minutes=11)
        stage.run()
        before = once(stage.said(number)), once(stage.said(bought))
        stage.lose_the_store()
        stage.later(minutes=1)
        assert writes(stage) == []
        assert (stage.said(number), stage.said(bought)) == before
    assert [one.step for one in stage.said(number)].count(Step.ASK) == 2
    assert stage.said(number)[-2].step is Step.THANK


def test_p4_an_empty_store_repeats_no_reminder(stage: Stage) -> None:
    """The same with reminders and escalations of one term."""
    number = stage.ticket()
    for moment in ("2026-11-16 10:01", "2026-11-18 14:30", "2026-11-18 17:30", "2026-11-19 09:30"):
        stage.at(moment)
        assert writes(stage) == [number]
        before = once(stage.said(number))
        stage.lose_the_store()
        stage.later(minutes=1)
        assert writes(stage) == []
        assert stage.said(number) == before
    assert [one.step for one in stage.said(number)[2:]] == [Step.REMIND, Step.REMIND, Step.ESCALATE]


def test_p4_a_note_with_another_tickets_footer_is_ignored(stage: Stage) -> None:
    """Redmine copies the note that closes a ticket to its duplicates: there it is nobody's step."""
    original, duplicate = stage.ticket(), stage.ticket()
    stage.actor("admin").request(
        "POST",
        f"/issues/{duplicate}/relations.json",
        {"relation": {"issue_to_id": original, "relation_type": "duplicates"}},
    )
    footer = f"Автоматическое сообщение · №{original} · подтверждение 1"
    stage.actor("presale-bridge").note(original, f"Закрываем.\n\n{footer}", status="Закрыта")
    assert footer in stage.notes(duplicate)[0]
    stage.engineer.note(duplicate, status="В работе")
    stage.later(minutes=1)
    assert writes(stage) == [duplicate]
    assert stage.said(duplicate) == TOLD


def test_p4_a_quoted_footer_is_ignored(stage: Stage) -> None:
    """Neither a customer's nor the account's own quotation of a footer is a step of the bridge."""
    number = stage.ticket()
    footer = f"Автоматическое сообщение · №{number} · подтверждение 1, срок 1"
    stage.customer.note(number, f"Вы писали:\n> {footer}")
    stage.customer.note(number, footer)
    stage.later(minutes=1)
    stage.run()
    assert stage.said(number) == TOLD
    person = stage.actor("presale-bridge")
    person.note(number, f"Отвечаю сам.\n> {footer}")
    a = stage.app.engine().assess(number, stage.now)
    assert a is not None
    assert (a.chronicle.count(Step.ACKNOWLEDGE), a.standing.clock) == (1, Clock.ANSWERED)


# --- reminders and private notes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [LEAD, LEADS_NAME], ids=["by login", "by name"])
def test_m1_m2_a_reminder_is_private_and_the_lead_a_watcher_before_it(stage: Stage, lead: str) -> None:
    """The lead is made a watcher, gets the mail, and the customer sees and hears nothing of it."""
    stage.policy = replace(stage.policy, lead=lead)
    number = stage.ticket()
    stage.run()
    stage.at("2026-11-18 17:01")
    with stage.mailed(number) as mailed:
        assert writes(stage) == [number]
    assert stage.said(number)[2:] == [Said(Step.REMIND, 2, True)]
    assert LEADS_NAME in [watcher["name"] for watcher in stage.issue(number)["watchers"]]
    assert mailed == [(LEAD,)]
    assert "Напоминание" not in str(stage.customer.issue(number)["journals"])
    stage.later(minutes=5)
    assert writes(stage) == []


def test_m1_trap_11_after_downtime_the_last_step_is_said_in_working_time(stage: Stage) -> None:
    """A bridge that was down over the term and a weekend says only the last due step, once, and not at night."""
    number = stage.ticket()
    stage.run()
    stage.at("2026-11-21 03:00")
    assert writes(stage) == []
    stage.at("2026-11-23 09:05")
    assert writes(stage) == [number]
    assert stage.said(number)[2:] == [Said(Step.ESCALATE, 4, True)]
    stage.later(minutes=20)
    assert writes(stage) == []


def test_t8_closed_without_an_answer_is_told_to_the_lead_once(stage: Stage) -> None:
    """Staff closed it without a word: the lead hears of it, privately."""
    number = stage.ticket()
    stage.run()
    stage.later(minutes=30)
    stage.engineer.note(number, status="Закрыта")
    with stage.mailed(number) as mailed:
        stage.later(minutes=1)
        assert writes(stage) == [number]
    assert sorted(mailed) == [("ivanov",), (LEAD,)], "and the engineer, who watches what he has touched"
    assert [one.private for one in stage.said(number)[2:]] == [True]
    stage.later(minutes=60)
    assert writes(stage) == []


def test_t7_t10_t11_answered_thanked_asked_again_and_reopened(stage: Stage) -> None:
    """Thanks start nothing and open nothing; a question on a closed ticket reopens it, once."""
    number = stage.ticket()
    stage.run()
    stage.later(minutes=30)
    stage.engineer.note(number, "Сервер — для серверов.")
    stage.later(minutes=30)
    stage.customer.note(number, "Спасибо большое!")
    stage.engineer.note(number, status="Закрыта")
    stage.later(minutes=30)
    assert writes(stage) == []
    stage.customer.note(number, "Благодарю, всё понятно.")
    stage.later(minutes=30)
    assert writes(stage) == []
    stage.at("2026-11-17 11:00")
    stage.customer.note(number, "А можно ли поставить его на ноутбук вместе с Windows?")
    stage.later(minutes=1)
    assert writes(stage) == [number]
    assert stage.status(number) == "В работе"
    assert {one.step for one in once(stage.said(number))[2:]} == {Step.REOPEN, Step.SET_TERM}
    assert stage.issue(number)["due_date"] == "2026-11-19"
    stage.later(minutes=5)
    assert writes(stage) == []


def test_w2_without_the_right_no_private_note_is_written(stage: Stage) -> None:
    """Where the role may not write private notes, the public one goes, staff are not reminded, and that is reported once."""
    with stage.without_right("set_notes_private"):
        first, second = stage.ticket(BOUGHT), stage.ticket(BOUGHT)
        stage.run()
        stage.later(minutes=1)
        assert writes(stage) == []
    for number in (first, second):
        assert stage.notes(number, private=True) == []
        assert len(stage.notes(number)) == 1
        assert "предложение ответа" not in stage.notes(number)[0]
    assert len(stage.reports) == 1
    assert "no right to write private notes" in stage.reports[0]


def test_w2_a_private_note_that_came_out_public_is_blanked(stage: Stage) -> None:
    """The right was taken away after it was proven: the note is blanked, reported as already mailed, and none follows in the project."""
    stage.wrap = Between
    right = stage.without_right("set_notes_private")
    number, other = stage.ticket(), stage.ticket()
    stage.run()
    stage.at("2026-11-18 17:01")
    stage.app.tracker.before["write"] = lambda *_: right.__enter__()
    try:
        stage.run()
        assert not [text for text in stage.notes(number) if "Напоминание" in text]
        assert any("already mailed" in line and str(number) in line for line in stage.reports)
        assert not [text for text in stage.notes(other) if "Напоминание" in text]
        stage.later(minutes=10)
        assert writes(stage) == []
    finally:
        right.__exit__(None, None, None)
