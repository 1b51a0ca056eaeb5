"""The whole way of a mail on the real servers: in, asked back, answered, filled in, replied to; what a mail program shows of it."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from bridge.core.model import Step
from tests.acceptance.mail_story import ADDRESS, ATTACHMENT, HOLD, NAME, MailStory, ids, one_thread, plain
from tests.acceptance.stage import SYSTEM, UPDATES, Said, moscow

pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

TOPIC = "Не ставится Альт Рабочая станция"
INSTALL = "Здравствуйте! Установщик Альт Рабочая станция останавливается на разметке диска. Как установить?"
QUESTION = ("Чем отличается Альт Сервер от Альт Рабочей станции?", "Подскажите, пожалуйста.")
ENGLISH = (
    "Which edition should we take?",
    "Hello! What is the difference between Alt Server and Alt Workstation? Kind regards, Ann",
)
CHARSETS = ("koi8-r", "cp1251", "cp866", "utf-8")
OLD_TOPIC, OLD_TEXT = "Вопрос о редакциях", "Здравствуйте! Чем отличается Альт Сервер от Альт Рабочей станции?"
OLD_FORM = """From: anna@customer.test\r\nTo: presale@vendor.test\r\nSubject: {topic}\r\nMessage-ID: {id}\r\n\
Content-Type: text/plain; charset={told}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"""
LATER = "Спасибо, но после перезагрузки установщик опять останавливается на том же месте. Что ещё можно сделать?"


def mailed(story: MailStory, count: int) -> EmailMessage:
    """One pass, after which the customer has so many mails; the last of them."""
    story.run()
    found = story.inbox(count)
    assert len(found) == count
    return found[-1]


def asked_by_mail(story: MailStory) -> tuple[int, EmailMessage]:
    """A ticket that was asked for both fields, and the mail that asks."""
    story.write(TOPIC, INSTALL)
    mailed(story, 1)
    story.later(minutes=11)
    return story.tickets()[0], mailed(story, 2)


def test_the_whole_way_of_a_mail(story: MailStory) -> None:
    """In, acknowledged, asked back, answered in two mails, filled in, thanked, replied to with a file: one ticket, one thread, every mail once."""
    first = story.write(TOPIC, INSTALL)
    acknowledged = mailed(story, 1)
    (number,) = story.tickets()
    assert f"под номером {number}" in plain(acknowledged)
    assert "среда, 18 ноября, 18:00 МСК" in plain(acknowledged)
    assert (story.value(number, NAME), story.value(number, ADDRESS)) == (story.anna.name, story.anna.address)

    story.later(minutes=11)
    asked = mailed(story, 2)
    assert (story.status(number), "1. Сведения о системе" in plain(asked)) == ("Ожидание ответа", True)

    story.later(minutes=30)
    story.reply(asked, "Информация об обновлении: обновляли вчера через apt-get dist-upgrade")
    story.run()
    story.later(minutes=11)
    again = mailed(story, 3)
    assert (story.value(number, UPDATES), story.status(number)) == (
        "обновляли вчера через apt-get dist-upgrade",
        "Ожидание ответа",
    )
    assert "Информация об обновлении системы: когда" not in plain(again), "only the rest is asked for (F4)"

    story.later(minutes=30)
    last = story.reply(again, "Альт Рабочая станция 10.2, x86_64")
    story.run()
    story.later(minutes=11)
    thanked = mailed(story, 4)
    assert (story.value(number, SYSTEM), story.status(number)) == ("Альт Рабочая станция 10.2, x86_64", "В работе")
    assert "Спасибо" in plain(thanked)

    story.later(minutes=30)
    story.engineer.note(number, "Разметьте диск вручную, см. файл.", attachments={"Разметка диска.txt": ATTACHMENT})
    story.run()
    assert len(story.inbox()) == 4, "a person's note is held"
    story.at(story.now + HOLD)
    answer = mailed(story, 5)
    assert "Разметьте диск вручную" in plain(answer)
    (file,) = answer.iter_attachments()
    assert (file.get_filename(), file.get_content().encode()) == ("Разметка диска.txt", ATTACHMENT)
    assert answer["In-Reply-To"] == last["Message-ID"]

    found = story.inbox()
    assert one_thread([first, *found])
    assert {str(mail["Subject"]) for mail in found} == {f"Re: {TOPIC} [№{number}]"}
    assert [mail["Content-Language"] for mail in found] == ["ru"] * 5
    assert story.got(number) == story.to_be_mailed(number)
    assert [one.step for one in story.said(number) if one.step is not Step.SET_TERM] == [
        Step.ACKNOWLEDGE,
        Step.ASK,
        Step.ASK,
        Step.THANK,
    ]
    story.run_until_quiet()
    assert (len(story.inbox()), story.tickets()) == (5, [number])


def test_each_mail_of_ours_answers_one_of_the_customers(story: MailStory) -> None:
    """A mail program without conversations shows what is an answer to what: In-Reply-To is the customer's latest mail, References end in it."""
    first = story.write(*QUESTION)
    one = mailed(story, 1)
    story.later(minutes=30)
    second = story.reply(one, "И ещё: подойдёт ли Сервер для школы?")
    story.run()
    (number,) = story.tickets()
    story.engineer.note(number, "Подойдёт.")
    story.at(story.now + HOLD)
    story.run()
    two = story.inbox(2)[-1]
    assert (ids(one["In-Reply-To"]), ids(two["In-Reply-To"])) == (ids(first["Message-ID"]), ids(second["Message-ID"]))
    assert {*ids(first["Message-ID"]), *ids(second["Message-ID"])} <= set(ids(two["References"]))
    assert ids(two["References"])[-1] == ids(second["Message-ID"])[0]


def test_an_english_mail_is_answered_in_english(story: MailStory) -> None:
    """Subject, text and language of the answer are the sender's."""
    story.write(*ENGLISH)
    answer = mailed(story, 1)
    (number,) = story.tickets()
    assert (answer["Subject"], answer["Content-Language"]) == (f"Re: {ENGLISH[0]} [No. {number}]", "en")
    assert "Thank you" in plain(answer)
    assert "MSK" in plain(answer)


def test_a_colleague_in_copy_joins(story: MailStory) -> None:
    """Put into Cc by the customer, a colleague answers in the thread; the note is his, and from then on he is written to as well."""
    boris = story.mails.colleague
    story.write(*QUESTION, cc=(boris.address,))
    acknowledged = mailed(story, 1)
    assert story.inbox(0, boris)[0]["To"] == story.box.address, "he has the customer's own mail and none of ours yet"
    story.later(minutes=30)
    story.reply(acknowledged, "Добавлю: у нас 40 рабочих мест, школа.", boris)
    story.run()
    (number,) = story.tickets()
    assert [journal.by.mail for journal in story.read(number).journals if journal.origin] == [boris.address]
    story.engineer.note(number, "Рабочая станция подойдёт.")
    story.at(story.now + HOLD)
    story.run()
    assert story.got(number, boris) == story.got(number)[-1:] == story.to_be_mailed(number)[-1:]


def test_t11_thanks_leave_a_closed_ticket_closed_and_a_question_opens_it_again(story: MailStory) -> None:
    """Thanks by mail stand in the ticket as a note and nothing more; a real question reopens it, with a new term, told by mail."""
    story.write(*QUESTION)
    mailed(story, 1)
    (number,) = story.tickets()
    story.later(minutes=30)
    story.engineer.note(number, "Сервер — для серверов.", status="Закрыта")
    story.at(story.now + HOLD)
    answer = mailed(story, 2)
    story.later(minutes=30)
    story.reply(answer, "Большое спасибо, всё понятно!")
    story.run_until_quiet()
    assert (story.status(number), story.words_of_customers(number)) == ("Закрыта", ["Большое спасибо, всё понятно!"])
    assert len(story.inbox()) == 2
    story.reply(answer, LATER)
    story.run_until_quiet()
    assert story.status(number) == "В работе"
    assert Said(Step.REOPEN, 1, False) in story.said(number)
    assert (story.tickets(), len(story.inbox())) == ([number], 3)


ARRIVED = {
    "Friday morning": ("2026-11-20 10:00", "2026-11-24"),
    "late on Friday": ("2026-11-20 23:30", "2026-11-24"),
    "Sunday": ("2026-11-22 12:00", "2026-11-24"),
    "half an hour into Monday": ("2026-11-23 00:30", "2026-11-25"),
}


def test_t3_the_term_runs_from_the_mails_arrival(story: MailStory) -> None:
    """However late the bridge sees a mail, the term is counted from when the mailbox got it."""
    for name, (arrived, _) in ARRIVED.items():
        story.put(story.letter(name, QUESTION[0]), at=moscow(arrived))
    story.at("2026-11-23 11:00")
    story.run()
    found = {issue["subject"]: issue["due_date"] for issue in map(story.issue, story.tickets())}
    assert found == {name: due for name, (_, due) in ARRIVED.items()}


@pytest.mark.parametrize("declared", ["as it is", "as something else"])
def test_trap_15_russian_of_all_times_reads_as_it_was_written(story: MailStory, declared: str) -> None:
    """KOI8-R, cp1251 and their kin, also where the header names another charset: the same words in Redmine and in the answer's subject."""
    for charset in CHARSETS:
        told = charset if declared == "as it is" else "us-ascii"
        story.put(
            OLD_FORM.format(id=f"<{charset}@customer.test>", told=told, topic=OLD_TOPIC, text=OLD_TEXT).encode(charset)
        )
    story.run()
    found = [(one["subject"], one["description"].splitlines()[0]) for one in map(story.issue, story.tickets())]
    assert found == [(OLD_TOPIC, OLD_TEXT)] * len(CHARSETS)


def test_t9_a_mail_ends_the_pause_and_trap_9_an_absence_note_does_not(story: MailStory) -> None:
    """Our question pauses the clock; the out-of-office reply to it changes nothing in Redmine, the customer's answer puts the status back."""
    number, asked = asked_by_mail(story)
    story.later(minutes=5)
    absent = story.answer(asked, "Я в отпуске до понедельника.", Auto_Submitted="auto-replied", Return_Path="<>")
    absent.replace_header("Subject", "Автоответ: Меня нет на месте")
    story.put(absent)
    with story.watched():
        story.run()
        story.later(minutes=20)
        story.run()
    assert (story.status(number), len(story.inbox())) == ("Ожидание ответа", 2)
    story.at("2026-11-18 10:00")
    story.reply(asked, "1. Альт Сервер 10.2, x86_64\n2. обновляли вчера через apt-get")
    story.run_until_quiet()
    assert (story.status(number), story.issue(number)["due_date"]) == ("В работе", "2026-11-19")
