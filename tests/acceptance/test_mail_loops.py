"""Machines that answer machines, and mails that come back, on the real servers: it ends by itself (traps 9 and 14)."""

from __future__ import annotations

import pytest

from bridge.demo.mail_config import DEFERRED, FULL, GONE, REFUSED
from bridge.demo.mail_people import MailPerson
from bridge.jobs import Exit
from bridge.mail_ports import Fate
from tests.acceptance.mail_stage import RudeResponder, come_back, go_on_vacation
from tests.acceptance.mail_story import HOLD, MailStory

pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

QUESTION = "Чем отличается Альт Сервер от Альт Рабочей станции?"
INSTALL = "Установщик Альт Рабочая станция останавливается на разметке диска. Как установить?"
HANDFUL = 5


def test_trap_14_a_responder_with_headers_is_never_answered(story: MailStory) -> None:
    """Dovecot's own vacation answers an engineer's note: its answer opens nothing, ends nothing, and gets none."""
    number = story.asked("Вопрос", QUESTION)
    go_on_vacation(story.anna)
    story.engineer.note(number, "Рабочая станция подойдёт.", status="Ожидание ответа")
    story.at(story.now + HOLD)
    story.run()
    absent = story.box.stored(4)[-1].message
    assert absent["Auto-Submitted"], "the responder has answered"
    with story.watched():
        summaries = story.run_until_quiet()
    come_back(story.anna)
    assert [one.fate for one in summaries[0].mail.haul.taken] == [Fate.MACHINE] * 2  # type: ignore[union-attr]
    assert (story.status(number), len(story.inbox())) == ("Ожидание ответа", 2)


def talked(story: MailStory, answer: RudeResponder, text: str = QUESTION, rounds: int = 30) -> int:
    """Let the bridge and a responder talk until neither has anything to say; how many mails the bridge has sent it."""
    story.put(story.letter("Вопрос", text))
    for _ in range(rounds):
        story.later(minutes=6)
        story.run()
        story.inbox()
        if not answer.answer_new():
            return len(story.inbox())
        story.inbox()
    raise AssertionError(f"after {rounds} rounds they are still at it")


def test_trap_14_a_responder_without_headers_comes_to_an_end(story: MailStory) -> None:
    """The worst there is: it answers everything, in a mail of its own, and nothing tells it from a person."""
    assert talked(story, RudeResponder(story.anna)) == HANDFUL
    assert len(story.tickets()) == HANDFUL
    assert [one.reason for one in story.app.store.post.quarantined() if "is it a machine" in one.reason]


class RudeInThread(RudeResponder):
    """The same, answering in the thread as a mail program would."""

    def _answer(self, mail) -> None:  # noqa: ANN001
        self.person.reply(mail, self.text)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param(QUESTION, "Спасибо за письмо! Ответим в ближайшее время.", id="thanks to an acknowledgement"),
        pytest.param(INSTALL, "Ваша заявка зарегистрирована. Ticket 4711", id="nonsense to a request for fields"),
    ],
)
def test_trap_14_a_responder_in_the_thread_comes_to_an_end(story: MailStory, text: str, answer: str) -> None:
    """Its answers are notes on one ticket, and the bridge stops saying anything to them."""
    assert talked(story, RudeInThread(story.anna, answer), text) <= HANDFUL
    assert len(story.tickets()) == 1


def test_trap_14_two_responders_in_one_thread_come_to_an_end(story: MailStory) -> None:
    """Anna and her colleague each have one: what is mailed goes to both, and what either answers is a note on the one ticket."""
    boris = story.mails.colleague
    answers = (RudeInThread(story.anna), RudeInThread(boris, "Ваша заявка зарегистрирована. Ticket 4711"))
    story.put(story.letter("Вопрос", QUESTION, Cc=boris.address))
    story.run()
    (number,) = story.tickets()
    story.reply(story.inbox(1)[0], "Я коллега Анны, пишите и мне.", boris)
    story.engineer.note(number, "Рабочая станция подойдёт.")
    rounds = 0
    while rounds == 0 or sum([one.answer_new() for one in answers]):
        rounds += 1
        assert rounds < 30, "they are still at it"
        story.later(minutes=6)
        story.run()
        story.inbox()
    assert story.tickets() == [number]
    assert 1 <= len(boris.stored()) <= HANDFUL
    assert len(story.inbox()) <= HANDFUL


# --- mails that come back -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [GONE, pytest.param(FULL, marks=pytest.mark.soak)])
def test_a_bounce_is_told_on_the_ticket_in_private_once(story: MailStory, address: str) -> None:
    """Postfix takes our answer and cannot deliver it: its report comes back, staff read it on the ticket, and nobody is answered."""
    story.put(story.letter("Вопрос", QUESTION, MailPerson(story.mails.server, address, "Кто-то")))
    story.run()
    (number,) = story.tickets()
    story.box.stored(3)
    story.run_until_quiet()
    told = [note for note in story.notes(number, private=True) if "не доставлено" in note]
    assert len(told) == 1
    assert address in told[0]
    story.lose_the_store()
    with story.box.opened() as box:
        box.flag(box.uids(), ["PresaleBridge"], value=False)
    story.run_until_quiet()
    assert len([note for note in story.notes(number, private=True) if "не доставлено" in note]) == 1
    assert story.tickets() == [number]


def test_an_address_that_is_refused_at_once_is_told_and_not_tried_again(story: MailStory) -> None:
    """The server's own words stand on the ticket, in private."""
    story.put(story.letter("Вопрос", QUESTION, MailPerson(story.mails.server, REFUSED, "Кто-то")))
    story.run_until_quiet()
    (number,) = story.tickets()
    (told,) = [note for note in story.notes(number, private=True) if "не отправлено" in note]
    assert "no such person here" in told


@pytest.mark.soak
def test_an_address_that_is_deferred_is_tried_again_for_three_days(story: MailStory) -> None:
    """Then staff are told, once; the tries grow rarer."""
    story.put(story.letter("Вопрос", QUESTION, MailPerson(story.mails.server, DEFERRED, "Кто-то")))
    assert story.run().exit is Exit.TICKETS_FAILED
    (number,) = story.tickets()
    for _ in range(30):
        story.later(hours=4)
        story.app.run_pass(tickets=False)
    (told,) = [note for note in story.notes(number, private=True) if "не отправлено" in note]
    assert "come again later" in told
