"""A mailbox that people go on reading: what the bridge leaves alone, what it sets, and what it does when they do something meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from imap_tools import MailMessageFlags

from bridge.demo.mail_people import WIRE
from bridge.demo.mailserver import MailServer
from bridge.mail_ports import Fate
from tests.acceptance.mail_proxy import MailProxy
from tests.acceptance.mail_story import KEYWORD, MailStory
from tests.acceptance.stage import Between, moscow
from tests.acceptance.test_mail_servers import through

pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

QUESTION = "Чем отличается Альт Сервер от Альт Рабочей станции?"
OLD = 5_000
START = "2026-11-16 09:00"
FLAGS = ((), ("\\Seen",), ("\\Seen", "\\Answered"), ("\\Flagged",), ("$Label1", "\\Seen"), ("\\Deleted",))


@pytest.fixture
def imap(story: MailStory, mail_server: MailServer) -> Iterator[MailProxy]:
    """A proxy before Dovecot."""
    with MailProxy(mail_server, mail_server.ports.imaps).running() as proxy:
        through(story, proxy, "imap_url")
        yield proxy


def old_mails(story: MailStory, count: int) -> list[tuple[bytes, datetime]]:
    """What lies in a mailbox that has been used for years; the last ones came a second before the bridge's beginning."""
    chance, newest = random.Random(5), moscow(START) - timedelta(seconds=1)
    kinds = (
        story.letter("Вопрос", QUESTION),
        story.letter("Re: [№1] Вопрос", QUESTION, References=f"<{story.threads.message_id(1, 1)}>"),
        story.letter("Рассылка", "Новости", List_Id="<news.example>"),
        story.letter("Undelivered Mail Returned to Sender", "550", Auto_Submitted="auto-replied"),
        story.letter("Личное", "Обед в час?", story.mails.colleague),
    )
    raw = [one.as_bytes(policy=WIRE) for one in kinds]
    ages = [timedelta(days=chance.random() ** 4 * 2000) for _ in range(count - 5)] + [timedelta()] * 5
    return [(raw[n % len(raw)], newest - age) for n, age in enumerate(ages)]


def flagged(story: MailStory) -> None:
    """Let people have read, answered, marked and deleted some of them."""
    with story.box.opened() as box:
        uids = box.uids()
        for n, flags in enumerate(FLAGS):
            if flags:
                box.client.uid("STORE", ",".join(uids[n :: len(FLAGS)]), "+FLAGS", f"({' '.join(flags)})")


def test_trap_17_five_thousand_old_and_foreign_messages_switched_on(story: MailStory, imap: MailProxy) -> None:
    """No ticket, no answer, no flag, nothing fetched: a handful of IMAP commands, however many messages there are."""
    story.box.put(old_mails(story, OLD))
    flagged(story)
    story.rules(not_before=moscow(START))
    before = story.flags()
    assert len(before) == OLD
    with story.watched():
        assert story.run().mail.haul.taken == []  # type: ignore[union-attr]
        story.later(minutes=5)
        imap.lines.clear()
        story.run()
    assert story.flags() == before
    assert len(imap.commands) <= 8, imap.commands
    assert "UID STORE" not in imap.commands
    assert (story.tickets(), story.inbox()) == ([], [])


def test_flags_and_folders_stay_as_people_have_them(story: MailStory) -> None:
    """What somebody has read stays read, what nobody has read stays unread; only the keyword is set, and other folders are left alone."""
    story.put(*(story.letter(f"Вопрос {n}", QUESTION) for n in range(2)))
    with story.box.opened() as box:
        box.folder.create("Личное")
        box.flag(box.uids()[0], [MailMessageFlags.SEEN, MailMessageFlags.FLAGGED], value=True)
    story.box.put([(story.letter("Не для моста", QUESTION).as_bytes(policy=WIRE), story.now)], "Личное")
    before = story.flags()
    story.run_until_quiet()
    after = story.flags()
    assert {uid: after[uid] - {KEYWORD} for uid in before} == before
    assert all(KEYWORD in after[uid] for uid in before)
    assert [*story.flags("Личное").values()] == [frozenset()]
    assert len(story.tickets()) == 2


def test_what_was_handled_is_marked_as_read_and_moved_where_the_rules_say_so(story: MailStory) -> None:
    """And only that: what is left to people or put aside stays where they look for it, unread."""
    with story.box.opened() as box:
        box.folder.create("Обработано")
    story.rules(mark_seen=True, move_to="Обработано")
    story.policy = replace(
        story.policy,
        routes=tuple(replace(one, leave_mail=one.kind == "licensed-support") for one in story.policy.routes),
    )
    story.put(
        story.letter("Вопрос", QUESTION),
        story.letter("Купили лицензии", "Мы купили лицензии, обновление не работает. Нужна техподдержка."),
        story.letter("Наш знак", QUESTION, Message_ID=f"<{story.threads.message_id(1, 1)}>"),
    )
    summary = story.run()
    assert summary.mail is not None
    assert sorted(one.fate or "" for one in summary.mail.haul.taken) == [Fate.LEAVE, Fate.QUARANTINE, Fate.TICKET]
    story.run_until_quiet()
    assert sorted(map(sorted, story.flags().values())) == [[KEYWORD], [KEYWORD]]
    handled = story.flags("Обработано")
    assert set(handled.values()) == {frozenset({KEYWORD, "\\Seen"})}
    assert len(story.tickets()) == 1


def test_people_who_move_and_delete_while_the_bridge_is_at_it(story: MailStory) -> None:
    """A mail that is gone when its turn comes is left alone; the others are handled."""
    story.put(*(story.letter(f"Вопрос {n}", QUESTION) for n in range(3)))

    def tidy_up(*_: object) -> None:
        with story.box.opened() as box:
            uids = box.uids()
            box.folder.create("Разобрано")
            box.move(uids[0], "Разобрано")
            box.delete(uids[1])

    story.wrap_port = lambda port: Between(port, {"fetch": tidy_up})
    summary = story.run()
    assert summary.mail is not None
    assert summary.mail.failed == []
    assert [*story.subjects().values()] == ["Вопрос 2"]
    assert [*story.flags("Разобрано").values()] == [frozenset()]


def test_a_person_reads_a_mail_between_its_fetch_and_its_mark(story: MailStory) -> None:
    """The keyword is added to what they have set."""
    story.put(story.letter("Вопрос", QUESTION))

    def read(*_: object) -> None:
        with story.box.opened() as box:
            box.flag(box.uids(), [MailMessageFlags.SEEN, MailMessageFlags.ANSWERED], value=True)

    story.wrap_port = lambda port: Between(port, {"mark": read})
    story.run()
    assert frozenset({"\\Seen", "\\Answered", KEYWORD}) in story.flags().values()


def test_a_mailbox_made_anew_and_an_empty_store_make_no_duplicates(story: MailStory) -> None:
    """UIDVALIDITY changed, the keywords are gone, the store is lost: Redmine knows each mail, and the customer gets nothing twice."""
    number = story.asked("Вопрос", QUESTION)
    story.engineer.note(number, "Рабочая станция подойдёт.")
    story.run_until_quiet()
    with story.box.opened() as box:
        kept = [(one.obj.as_bytes(policy=WIRE), one.date) for one in box.fetch(mark_seen=False)]
        box.folder.create("Старое")
        box.move(box.uids(), "Старое")
    before = story.got(number)
    story.lose_the_store()
    story.box.put([(raw, story.now) for raw, _ in kept])
    story.run_until_quiet()
    assert (story.tickets(), story.got(number)) == ([number], before)
    assert story.got(number) == story.to_be_mailed(number)
