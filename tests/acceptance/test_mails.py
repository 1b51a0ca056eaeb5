"""Who gets which of Redmine's mails: the customer at most one per pass, staff what is theirs, nobody anything from an idle pass."""

from __future__ import annotations

import pytest

from tests.acceptance.stage import BOUGHT, CUSTOMER, INSTALL, LEAD, QUESTION, Stage

pytestmark = pytest.mark.redmine

SUPPORT = {"morozov", "pavlova", "fedorov"}
DEVELOPMENT = {"gusev", "titova", "komarov"}
PRIVATE = ("напоминание", "эскалация", "предложение ответа")


def mailed_by_a_pass(stage: Stage, number: int) -> list[str]:
    """Who is mailed about a ticket by one pass, sorted; the customer at most once, and never what is private."""
    before = len(stage.mails(number))
    with stage.mailed(number) as mailed:
        stage.run()
    mine = [mail for mail in stage.mails(number)[before:] if any("customer-01" in to for to in mail.recipients)]
    assert len(mine) <= 1, "the customer gets at most one mail per pass (W1)"
    assert not [word for mail in mine for word in PRIVATE if word in mail.text]
    return sorted(to for mail in mailed for to in mail)


def test_w1_acknowledgement_and_request_are_one_mail(stage: Stage) -> None:
    """All that is to be said to the customer comes in one mail, with the status that it was set to."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=11)
    assert mailed_by_a_pass(stage, number) == [CUSTOMER]
    told = stage.mails(number)[-1].text
    assert all(words in told for words in ("Спасибо за обращение", "не хватает сведений", "Ожидание ответа"))


def test_w1_the_story_of_a_request_for_information(stage: Stage) -> None:
    """Asked, half answered, asked again, completed, thanked: one mail to the customer each, none to anybody else."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=11)
    assert mailed_by_a_pass(stage, number) == [CUSTOMER]
    for answer in ("1. Альт Сервер 10.2, x86_64", "обновляли вчера через apt-get"):
        stage.later(minutes=30)
        stage.customer.note(number, answer)
        stage.later(minutes=11)
        assert mailed_by_a_pass(stage, number) == [CUSTOMER]
        stage.later(minutes=5)
        assert mailed_by_a_pass(stage, number) == []


def test_f5_what_was_not_understood_is_told_to_staff_privately(stage: Stage) -> None:
    """The customer hears that the reply has come; only the first line gets "please check"."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=11)
    stage.run()
    stage.customer.note(number, "Всё как обычно, вы же знаете")
    stage.later(minutes=11)
    found = mailed_by_a_pass(stage, number)
    assert found.count(CUSTOMER) == 1
    assert {"ivanov", "petrova", "sidorov", LEAD} <= set(found)
    assert not [mail for mail in stage.mails(number) if "Проверьте" in mail.text and "customer" in str(mail.recipients)]


def test_r6_a_proposed_answer_reaches_the_department_and_not_the_customer(stage: Stage) -> None:
    """Out of scope is proposed to the department; the customer gets the acknowledgement alone."""
    number = stage.ticket(BOUGHT)
    stage.later(minutes=1)
    found = mailed_by_a_pass(stage, number)
    assert found.count(CUSTOMER) == 1
    assert set(found) == {CUSTOMER, *SUPPORT}
    mine = [mail for mail in stage.mails(number) if "customer" in str(mail.recipients)]
    assert not [mail for mail in mine if "приобретённым" in mail.text]


def test_m1_m2_reminders_and_escalations_reach_staff_only(stage: Stage) -> None:
    """Four steps of one missed term: the first line, then the lead, each time by mail; never the customer."""
    number = stage.ticket()
    stage.run()
    for moment, who in (
        ("2026-11-18 14:01", "ivanov"),
        ("2026-11-18 17:01", LEAD),
        ("2026-11-19 09:01", LEAD),
        ("2026-11-20 09:01", LEAD),
    ):
        stage.at(moment)
        found = mailed_by_a_pass(stage, number)
        assert who in found
        assert CUSTOMER not in found
    assert len([1 for one in stage.said(number) if one.private]) == 4


def test_r4_a_hand_over_is_told_to_the_customer_once(stage: Stage) -> None:
    """Redmine mails the department when staff assign it; the bridge's mail tells the customer, and the department along with it."""
    number = stage.ticket()
    stage.run()
    stage.later(minutes=30)
    stage.engineer.note(number, assigned_to="Отдел разработки")
    stage.later(minutes=1)
    found = mailed_by_a_pass(stage, number)
    assert found.count(CUSTOMER) == 1
    assert set(found) == {CUSTOMER, "ivanov", *DEVELOPMENT}


def test_w1_w2_nobody_is_mailed_by_an_idle_pass(stage: Stage) -> None:
    """Passes that find nothing to say mail nobody, whatever was said before and whatever others write."""
    numbers = [stage.ticket(words) for words in (INSTALL, QUESTION, BOUGHT)]
    stage.later(minutes=11)
    stage.run()
    stage.engineer.note(numbers[1], "Сервер — для серверов.")
    stage.customer.note(numbers[1], "Спасибо!")
    before = len(stage.server.mails.all())
    for minutes in (1, 60, 120):
        stage.later(minutes=minutes)
        stage.run()
    stage.lose_the_store()
    stage.run()
    assert len(stage.server.mails.all()) == before


def test_the_bridge_itself_is_mailed_nothing(stage: Stage) -> None:
    """Its account's mail is set to none: although Redmine makes it a watcher of what it touches, nothing comes."""
    number = stage.ticket(BOUGHT)
    stage.run()
    stage.customer.note(number, "Есть новости?")
    stage.engineer.note(number, "Пока нет.")
    assert "presale-bridge@vendor.example" not in str([mail.recipients for mail in stage.server.mails.all()])
