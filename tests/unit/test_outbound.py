"""What of a mail ticket is mailed: whose notes, when, to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import mail_marks
from bridge.core.mail_marks import as_received
from bridge.core.model import Journal, Language, Origin, Step, Ticket
from bridge.core.outbound import PEOPLE_AT_MOST, TOO_OLD, next_moment, to_mail, unmailed_since
from bridge.core.policy import Mail, Text
from tests.unit.making import BRIDGE, CLIENT, FRIEND, ROBOT, SALES, STAFF, did, journal, moment, ticket

IVAN, PETR, US = "Ivan@example.org", "petr@example.org", "presale@example.com"
MAIL = Mail(
    US,
    "presale",
    "ТехП Пресейл",
    moment("2026-10-01 00:00"),
    Text("Пресейл", "Presale"),
    frozenset({"sales@example.com"}),
)
MARKED = replace(MAIL, mark="[клиенту]")
NOW = "11-23 12:00"
LATER = timedelta(minutes=5)


def origin(sender: str, at: str = "11-23 10:00") -> Origin:
    """A mail of somebody."""
    return Origin(sender, moment(at), "9f2c" * 6)


def mailed(at: str, sender: str, words: str = "Ещё вопрос", number: int = 7, **more: Any) -> Journal:
    """A note that the bridge wrote for a mail, as it stands in Redmine."""
    line = mail_marks.line(origin(sender, at), number, Language.RU)
    return journal(at, BRIDGE, f"{words}\n\n{line}", **more)


def by_mail(*journals: Journal, sender: str = IVAN, subject: str = "Чем отличаются продукты?", **more: Any) -> Ticket:
    """Ticket 7 as it came by mail, with its speakers."""
    description = f"Добрый день!\n\n{mail_marks.line(origin(sender), None, Language.RU)}"
    return as_received(ticket(subject, *journals, author=BRIDGE, description=description, **more))


def texts(seen: Ticket, mail: Mail = MAIL, now: str = NOW, posted: frozenset[int] = frozenset()) -> list[str]:
    """The texts mailed."""
    return [one.text for one in to_mail(seen, mail, posted, moment(now))]


ACK = did("11-23 10:05", Step.ACKNOWLEDGE)
ANSWER = journal("11-23 11:00", STAFF, "Отвечаем.\n", files=("plan.pdf",))


def test_an_answer_is_mailed_with_what_it_takes() -> None:
    """Everything that the mail is made of is in the parcel."""
    (one,) = to_mail(by_mail(ACK, ANSWER), MAIL, frozenset({1}), moment(NOW))
    assert (one.ticket_id, one.journal_id, one.recipients) == (7, 2, (IVAN,))
    assert (one.language, one.subject, one.text) == (Language.RU, "Чем отличаются продукты?", "Отвечаем.")
    assert (one.attachments, one.auto) == (("plan.pdf",), False)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        pytest.param(ACK, True, id="the bridge's own note"),
        pytest.param(ANSWER, True, id="an engineer's note"),
        pytest.param(journal("11-23 11:00", SALES, "Здравствуйте"), True, id="a salesperson's note"),
        pytest.param(journal("11-23 11:00", BRIDGE, "Пишу сам"), True, id="P4: a person with the bridge's account"),
        pytest.param(journal("11-23 11:00", STAFF, files=("a.pdf",)), True, id="T7: a file without words"),
        pytest.param(replace(ANSWER, private=True), False, id="a private note"),
        pytest.param(did("11-23 10:05", Step.PROPOSE, private=True), False, id="a private note of the bridge"),
        pytest.param(journal("11-23 11:00", STAFF, " \n", status=("Новая", "В работе")), False, id="no words"),
        pytest.param(
            journal("11-23 11:00", BRIDGE, status=("Новая", "В работе")), False, id="the bridge without words"
        ),
        pytest.param(journal("11-23 11:00", BRIDGE, files=("a.pdf",)), False, id="a file that the bridge put there"),
        pytest.param(mailed("11-23 11:00", IVAN), False, id="the customer's own mail"),
        pytest.param(mailed("11-23 11:00", PETR), False, id="a colleague's mail"),
        pytest.param(mailed("11-23 11:00", PETR, number=8), False, id="a mail of another ticket, copied by Redmine"),
        pytest.param(
            journal("11-23 11:00", BRIDGE, "Ждём.\n\nАвтоматическое сообщение · №8 · запрос сведений 1"),
            False,
            id="P4: the bridge's note of another ticket, copied by Redmine",
        ),
        pytest.param(
            journal("11-23 11:00", STAFF, "Ясно.\n> Автоматическое сообщение · №8 · срок"),
            True,
            id="staff who quote that",
        ),
        pytest.param(journal("11-23 11:00", CLIENT, "Жду"), False, id="a customer in the cabinet"),
        pytest.param(journal("11-23 11:00", FRIEND, "И я"), False, id="a colleague in the cabinet"),
        pytest.param(journal("11-23 11:00", ROBOT, "Build 7"), False, id="P1: a robot"),
    ],
)
def test_whose_notes_are_mailed(note: Journal, expected: bool) -> None:
    """Public words of staff and of the bridge, and nobody else's."""
    assert bool(texts(by_mail(note))) is expected


def test_a_ticket_of_the_cabinet_mails_nothing() -> None:
    """Redmine mails its people itself."""
    assert texts(ticket("Вопрос", ANSWER)) == []
    assert next_moment(ticket("Вопрос", ANSWER), MAIL, frozenset(), moment("11-23 11:01")) is None


def test_what_was_mailed_is_not_mailed_again() -> None:
    """Journals for which a mail has been put into the outbox are done."""
    assert texts(by_mail(ACK, ANSWER), posted=frozenset({1, 2})) == []


def test_a_persons_note_is_held() -> None:
    """To the minute of its hold it is not mailed, and the moment is told; the bridge's own goes at once."""
    seen = by_mail(journal("11-23 10:58", STAFF, "Отвечаем."), did("11-23 11:00", Step.ACKNOWLEDGE))
    assert [one.auto for one in to_mail(seen, MAIL, frozenset(), moment("11-23 11:00"))] == [True]
    assert next_moment(seen, MAIL, frozenset(), moment("11-23 11:00")) == moment("11-23 11:03")
    assert texts(seen, now="11-23 11:03", posted=frozenset({2})) == ["Отвечаем."]
    assert next_moment(seen, MAIL, frozenset(), moment("11-23 11:03")) is None


def test_what_is_not_mailed_yet_is_remembered_by_its_moment() -> None:
    """Also one that has passed, so that a crash before the outbox forgets nothing; what is in the outbox wants nothing."""
    seen = by_mail(journal("11-23 10:58", STAFF, "Отвечаем."))
    for now in ("11-23 10:59", "11-23 12:00"):
        assert unmailed_since(seen, MAIL, frozenset(), moment(now)) == moment("11-23 11:03")
    assert unmailed_since(seen, MAIL, frozenset({1}), moment("11-23 12:00")) is None
    assert unmailed_since(ticket("Вопрос", ANSWER), MAIL, frozenset(), moment("11-23 12:00")) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"private": True}, id="made private"),
        pytest.param({"notes": ""}, id="blanked"),
        pytest.param({"notes": ">", "private": True}, id="both"),
    ],
)
def test_a_note_taken_back_while_it_was_held_is_not_mailed(change: dict[str, Any]) -> None:
    """What counts is the note as it stands when its hold is over."""
    note = journal("11-23 10:58", STAFF, "Только для своих")
    assert next_moment(by_mail(note), MAIL, frozenset(), moment("11-23 11:00")) is not None
    taken_back = by_mail(replace(note, **change))
    assert texts(taken_back) == []
    assert next_moment(taken_back, MAIL, frozenset(), moment("11-23 11:00")) is None


def test_a_file_deleted_while_it_was_held_is_not_mailed() -> None:
    """The note goes without it; a note of that file alone does not go."""
    gone = replace(journal("11-23 11:30", STAFF), changes=tuple(replace(c, old=c.new, new="") for c in ANSWER.changes))
    assert [one.attachments for one in to_mail(by_mail(ANSWER, gone), MAIL, frozenset(), moment(NOW))] == [()]
    assert texts(by_mail(replace(ANSWER, notes=""), gone)) == []


def test_trap_17_old_notes_are_not_mailed() -> None:
    """What is a week old when it is first seen stays where it is, the bridge's own too."""
    seen = by_mail(ACK, ANSWER)
    week_later = moment("11-23 11:00") + TOO_OLD
    assert to_mail(seen, MAIL, frozenset(), week_later) == ()
    assert len(to_mail(seen, MAIL, frozenset(), week_later - timedelta(seconds=1))) == 1
    assert next_moment(seen, MAIL, frozenset(), week_later) is None


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param("Отвечаем.", [], id="no mark"),
        pytest.param("Отвечаем [клиенту].", [], id="the mark within a line"),
        pytest.param("> [клиенту]\nОтвечаем.", [], id="a quoted mark"),
        pytest.param("[клиенту]\nОтвечаем.", ["Отвечаем."], id="first line"),
        pytest.param("Отвечаем.\n\n [Клиенту] \n", ["Отвечаем."], id="last line, with blanks and a capital letter"),
        pytest.param("[клиенту]\nРаз\n[клиенту]\nдва", ["Раз\nдва"], id="twice"),
        pytest.param("[клиенту]", [], id="nothing but the mark"),
    ],
)
def test_only_marked_notes_of_staff_are_mailed_where_the_rules_want_that(notes: str, expected: list[str]) -> None:
    """The mark on a line of its own lets a note out and is not part of the mail; the bridge's own notes need none."""
    assert texts(by_mail(journal("11-23 11:00", STAFF, notes)), MARKED) == expected
    assert len(texts(by_mail(ACK), MARKED)) == 1


def test_a_marked_file_is_mailed() -> None:
    """The mark with a file is an answer of its own; the file without the mark is none."""
    assert texts(by_mail(journal("11-23 11:00", STAFF, "[клиенту]", files=("a.pdf",))), MARKED) == [""]
    assert texts(by_mail(journal("11-23 11:00", STAFF, files=("a.pdf",))), MARKED) == []


def test_people_of_the_thread_get_the_answer() -> None:
    """The sender first, then who wrote into it by mail, each once however spelled; who was only in copy gets nothing."""
    in_copy = Origin("ivan@Example.org", moment("11-23 10:30"), "9f2c" * 6, ("boss@example.org",))
    copied = journal("11-23 10:30", BRIDGE, f"Ещё\n\n{mail_marks.line(in_copy, 7, Language.RU)}")
    (one,) = to_mail(by_mail(copied, mailed("11-23 10:40", PETR), ANSWER), MAIL, frozenset(), moment(NOW))
    assert one.recipients == (IVAN, PETR)


@pytest.mark.parametrize(
    "sender", [US.upper(), "sales@example.com", "MAILER-DAEMON@example.org", "postmaster@example.org"]
)
def test_trap_14_nothing_is_mailed_to_ourselves_or_to_a_mail_server(sender: str) -> None:
    """Neither to an address of the mailbox nor to whom a bounce comes from, not even where the mail opened the ticket."""
    assert to_mail(by_mail(ANSWER, sender=sender), MAIL, frozenset(), moment(NOW)) == ()
    assert next_moment(by_mail(ANSWER, sender=sender), MAIL, frozenset(), moment("11-23 11:01")) is None
    (one,) = to_mail(by_mail(mailed("11-23 10:30", sender), ANSWER), MAIL, frozenset(), moment(NOW))
    assert one.recipients == (IVAN,)


def test_a_thread_of_thousands_is_not_written_to() -> None:
    """The first ones who wrote get the answer."""
    crowd = [mailed("11-23 10:30", f"p{n}@example.org") for n in range(50)]
    (one,) = to_mail(by_mail(*crowd, ANSWER), MAIL, frozenset(), moment(NOW))
    assert len(one.recipients) == PEOPLE_AT_MOST


def test_who_was_made_private_is_not_written_to() -> None:
    """A mail that staff have hidden takes no part in the thread."""
    (one,) = to_mail(by_mail(mailed("11-23 10:40", PETR, private=True), ANSWER), MAIL, frozenset(), moment(NOW))
    assert one.recipients == (IVAN,)


def test_the_language_is_the_senders_and_the_subject_the_first() -> None:
    """Also when staff have renamed the ticket since."""
    renamed = journal("11-23 10:50", STAFF, subject=("How do your products differ?", "Продукты"))
    seen = by_mail(renamed, ANSWER, subject="How do your products differ?")
    english = as_received(
        replace(seen, created=replace(seen.created, description="Hello, how do they differ?"), author=CLIENT)
    )
    (one,) = to_mail(replace(english, origin=seen.origin), MAIL, frozenset(), moment(NOW))
    assert (one.language, one.subject) == (Language.EN, "How do your products differ?")


@given(
    st.lists(st.tuples(st.sampled_from([STAFF, BRIDGE, CLIENT, ROBOT]), st.integers(0, 600), st.booleans()), max_size=8)
)
def test_every_note_goes_once_and_only_when_its_moment_has_come(rows: list[tuple[Any, int, bool]]) -> None:
    """Whatever the notes, waking up at each next moment mails each public note of staff exactly once, none before its hold is over."""
    start = moment("11-23 10:00")
    notes = sorted((start + timedelta(seconds=s), n) for n, (_, s, _) in enumerate(rows))
    journals = [Journal(0, at, rows[n][0], f"note {n}", private=rows[n][2]) for at, n in notes]
    seen = by_mail(*journals)
    now, posted, mailed_ids = start, frozenset[int](), list[int]()
    while True:
        for one in to_mail(seen.seen_at(now), MAIL, posted, now):
            assert next(j.at for j in seen.journals if j.id == one.journal_id) + LATER <= now
            mailed_ids.append(one.journal_id)
        posted = frozenset(mailed_ids)
        upcoming = next_moment(seen, MAIL, posted, now)
        if upcoming is None:
            break
        now = upcoming
    wanted = [j.id for j in seen.journals if j.author in (STAFF, BRIDGE) and not j.private]
    assert sorted(mailed_ids) == wanted
