"""What becomes of a mail: a ticket, a note, nothing, or a place in the quarantine (trap 13)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from bridge.core.inbound import (
    AsNote,
    AsTicket,
    Content,
    FromMachine,
    LeaveAlone,
    PutAside,
    Thread,
    Verdict,
    as_ticket,
    content_of,
    fields_of,
    judge,
    route_of,
    thread_of,
)
from bridge.core.letter import Automatic, Letter
from bridge.core.model import Channel, Language, Role
from bridge.core.policy import Mail, MailLimits, Policy, ReplyToClosed, Text
from bridge.core.threads import Threads
from tests.unit.letters import ARRIVED, attachment, letter, multipart, part, read
from tests.unit.making import INSTALL, LICENSE, SYSTEM, UPDATE, moment, policy, shipped

THREADS = Threads((b"the present secret", b"an older secret .."), "example.org")
STRANGERS = Threads((b"somebody's secret",), "example.org")
OURS = THREADS.message_id(7, 41)
OPEN = Thread(7, closed=False, people=frozenset({"ivan@example.com", "anna@example.com"}))
CLOSED = replace(OPEN, closed=True)
MAIL = Mail(
    "presale@example.org",
    "presale",
    "ТехП Пресейл",
    moment("11-01 00:00"),
    Text("Пресейл", "Presale"),
    aliases=frozenset({"sales@example.org"}),
    limits=MailLimits(per_address=5),
)


@cache
def rules(closed: ReplyToClosed = ReplyToClosed.REOPEN) -> Policy:
    """The small rules with a mailbox; licences are none of our business there."""
    routes = tuple(replace(one, leave_mail=one.name == "Лицензии") for one in policy().routes)
    return replace(policy(), mail=replace(MAIL, closed=closed), routes=routes)


def verdict(mail: Letter, thread: Thread | None = None, today: int = 0, given: Policy | None = None) -> Verdict:
    """What becomes of it."""
    return judge(mail, given or rules(), THREADS, thread, today)


def reply(text: str = "Вот ответ.", **headers: str) -> Letter:
    """An answer to a mail of ours."""
    return letter(text, **{"References": f"<x@y> <{OURS}>", "Subject": "Re: Вопрос"} | headers)


# --- new ones -------------------------------------------------------------------------------------------------------------------------------


def test_new_ticket() -> None:
    """A mail that refers to nothing becomes a ticket, by the route that its words take."""
    found = verdict(letter("Не получается.", Subject=f"Fwd: Re: {INSTALL}"))
    assert isinstance(found, AsTicket)
    assert found.content == Content(INSTALL, "Не получается.", cut=False)
    assert found.linked is None
    assert "os-install" in found.reason


def test_left_to_people() -> None:
    """A route can leave a mail where it is."""
    assert isinstance(verdict(letter("Вопрос.", Subject=LICENSE)), LeaveAlone)


def test_a_reply_is_never_left() -> None:
    """Whatever words an answer has, it belongs to its ticket."""
    assert isinstance(verdict(reply(LICENSE), OPEN), AsNote)


def test_number_in_the_subject() -> None:
    """A number in the subject makes a link for staff and nothing else."""
    found = verdict(letter("Вопрос.", Subject="Re: обращение №7"))
    assert isinstance(found, AsTicket)
    assert found.linked == 7
    assert "proves nothing" in found.reason


@pytest.mark.parametrize(("text", "subject", "expected"), [
    ("", "Привет", Content("Привет", "(письмо без текста)", cut=False)),
    ("", "Hello", Content("Hello", "(mail without text)", cut=False)),
    ("Текст", "Re:", Content("(без темы)", "Текст", cut=False)),
    ("Текст", "т" * 300, Content("т" * 254 + "…", "Текст", cut=False)),
])  # fmt: skip
def test_empty_mails(text: str, subject: str, expected: Content) -> None:
    """A mail without text or subject is a ticket all the same; Redmine takes no subject longer than 255 characters."""
    assert content_of(letter(text, Subject=subject), rules()) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(
            "Re: Отв: Печать  из 1С [№7]", "(письмо без текста)", id="the thread's own, as mail programs make it"
        ),
        pytest.param("Печать из 1с", "(письмо без текста)", id="the same in other letters"),
        pytest.param("Re: Да, версия 10.2 [№7]", "Да, версия 10.2", id="an answer in its place"),
        pytest.param("Re: Печать из 1С [№7] да, подходит", "Печать из 1С да, подходит", id="an answer behind it"),
        pytest.param("Re:", "(mail without text)", id="none"),
    ],
)
def test_an_answer_that_stands_in_the_subject_alone(subject: str, expected: str) -> None:
    """Is what the note says; words of its own go before it."""
    thread = replace(OPEN, subject="Печать из 1С")
    found = verdict(reply("", Subject=subject), thread)
    assert isinstance(found, AsNote)
    assert found.content.text == expected
    spoken = verdict(reply("Ответ.", Subject=subject), thread)
    assert isinstance(spoken, AsNote)
    assert spoken.content.text == "Ответ."


def test_a_long_subject_that_was_cut_is_the_threads_own() -> None:
    """Our mails have its first 200 letters, mail programs may have fewer."""
    thread = replace(OPEN, subject="Печать из 1С не работает на рабочей станции после обновления до 10.2")
    found = verdict(reply("", Subject=f"Re: {thread.subject[:50]}…"), thread)
    assert isinstance(found, AsNote)
    assert found.content.text == "(письмо без текста)"


def test_as_ticket() -> None:
    """The ticket that routes and texts see: a customer's, by mail, with the fields that its labels fill."""
    mail = read(
        multipart(part(f"Не ставится.\n{SYSTEM}: Альт Сервер 10.2, x86_64\n{UPDATE}: нет"), attachment("log.txt"))
    )
    seen = as_ticket(mail, content_of(mail, rules()), rules())
    assert (seen.channel, seen.created_on, seen.author.role, seen.author.mail) == (
        Channel.MAIL,
        ARRIVED,
        Role.CUSTOMER,
        "ivan@example.com",
    )
    assert dict(seen.created.fields) == {SYSTEM: "Альт Сервер 10.2, x86_64"}
    assert seen.created.attachments == ("log.txt",)
    assert route_of(mail, content_of(mail, rules()), rules()).route.kind == "triage"


def test_f4_answers_under_quoted_questions() -> None:
    """An answer right under our quoted question is read like one with the field's name before it."""
    asked = shipped().required.fields
    lines = [f"> {number}. {rule.question.get(Language.RU)}" for number, rule in enumerate(asked, start=1)]
    broken = lines[0][:60] + "\n> " + lines[0][60:]
    content = content_of(
        letter(
            f"{broken}\n> Как узнать: выполните.\n\nАльт 10.2, Эльбрус-8С\n\n{lines[1]}\nвчера, apt-get dist-upgrade",
            Subject="Re: Question",
        ),
        shipped(),
    )
    assert fields_of(content, shipped()) == {
        asked[0].name: "Альт 10.2, Эльбрус-8С",
        asked[1].name: "вчера, apt-get dist-upgrade",
    }


# --- threads --------------------------------------------------------------------------------------------------------------------------------


def test_note() -> None:
    """An answer of somebody who has part in the ticket is a note on it, without the quotation."""
    found = verdict(reply("Вот ответ.\n\n23.11.2026 10:15, Поддержка пишет:\n> Вопрос"), OPEN)
    assert isinstance(found, AsNote)
    assert (found.ticket_id, found.reopen) == (7, False)
    assert found.content == Content("Вопрос", "Вот ответ.", cut=True)


def test_colleague_in_copy() -> None:
    """Who was in copy may answer; addresses are compared without regard to case."""
    assert isinstance(verdict(reply(From="ANNA@Example.com"), OPEN), AsNote)


def test_thread_of() -> None:
    """The last of our own Message-IDs counts, also one signed with an older secret; anybody else's do not."""
    older = Threads((b"an older secret ..",), "example.org").message_id(9, 1)
    assert thread_of(letter(References=f"<{OURS}> <{older}> <z@z>"), THREADS) == 9
    assert thread_of(letter(In_Reply_To=f"<{OURS}>"), THREADS) == 7
    assert thread_of(letter(References="<a@b>"), THREADS) is None
    assert thread_of(letter(References=f"<{OURS}>"), None) is None


def test_trap_13_a_stranger_in_a_thread() -> None:
    """A genuine reference in a stranger's hands opens a ticket of its own, linked for staff, and never a note."""
    found = verdict(reply(From="stranger@example.net"), OPEN)
    assert isinstance(found, AsTicket)
    assert found.linked == 7
    assert "has no part" in found.reason


def test_attack_forged_thread() -> None:
    """A Message-ID in our form with another signature is nobody's: the mail becomes a ticket like any other."""
    forged = reply(References=f"<{STRANGERS.message_id(7, 41)}>")
    assert thread_of(forged, THREADS) is None
    found = verdict(forged, None)
    assert isinstance(found, AsTicket)
    assert found.linked is None


def test_attack_guessed_number() -> None:
    """A number alone, in the subject or in a reference, leads into no ticket even for somebody who has part in it."""
    found = verdict(letter("Ответ.", Subject="Re: [#7]", References="<presale.7.41@example.org>"), OPEN)
    assert isinstance(found, AsTicket)
    assert found.linked == 7


def test_attack_thread_of_another_ticket() -> None:
    """A ticket that the references do not name is not written to, whatever the caller has looked up."""
    assert isinstance(verdict(letter(), OPEN), AsTicket)


def test_attack_stolen_message_id() -> None:
    """A mail that calls itself by a Message-ID of ours is put aside for people, and not taken for our own copy."""
    stolen = letter(Message_ID=f"<{OURS}>", From="thief@example.net")
    assert isinstance(verdict(stolen), PutAside)
    copy = letter(Message_ID=f"<{OURS}>", From="presale@example.org")
    assert verdict(copy) == FromMachine("it is the bridge's own mail: its Message-ID is one of ours")


def test_thread_that_is_gone() -> None:
    """An answer in a thread whose ticket cannot be read opens a new one that names it."""
    found = verdict(reply(), None)
    assert isinstance(found, AsTicket)
    assert found.linked == 7


@pytest.mark.parametrize(
    ("text", "closed", "expected"),
    [
        pytest.param("Не помогло.", ReplyToClosed.REOPEN, (AsNote, True), id="Opened again"),
        pytest.param("Не помогло.", ReplyToClosed.NEW, (AsTicket, 7), id="A new one, linked"),
        pytest.param("Спасибо!", ReplyToClosed.REOPEN, (AsNote, False), id="T11: thanks do not reopen"),
        pytest.param("Спасибо!", ReplyToClosed.NEW, (AsNote, False), id="Thanks open no new ticket either"),
    ],
)
def test_reply_to_a_closed_ticket(text: str, closed: ReplyToClosed, expected: tuple[type, object]) -> None:
    """The rules say what an answer to a closed ticket does."""
    found = verdict(reply(text), CLOSED, given=rules(closed))
    assert isinstance(found, expected[0])
    assert (
        found.reopen if isinstance(found, AsNote) else found.linked if isinstance(found, AsTicket) else None
    ) == expected[1]


def test_thanks_with_a_file() -> None:
    """A file beside the thanks is something to look at: the ticket is opened again."""
    mail = read(multipart(part("Спасибо!"), attachment("a.txt"), References=f"<{OURS}>"))
    found = verdict(mail, CLOSED)
    assert isinstance(found, AsNote)
    assert found.reopen


# --- machines and limits --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Presale_Bridge": "7"},
        {"X_Loop": "Presale@example.org"},
        {"From": "Sales <SALES@example.org>"},
    ],
)
def test_trap_14_own_mail(headers: dict[str, str]) -> None:
    """What comes back round a loop is nobody's words."""
    found = verdict(reply(**headers), OPEN)
    assert isinstance(found, FromMachine)
    assert found.kind is None


def test_trap_9_out_of_office_in_a_thread() -> None:
    """An automatic answer in the right thread, from the right sender, is a machine's all the same."""
    found = verdict(reply(Auto_Submitted="auto-replied"), OPEN)
    assert isinstance(found, FromMachine)
    assert found.kind is Automatic.AUTO_REPLY


def test_bounce_of_ours() -> None:
    """A bounce names the ticket of the mail that came back; one of somebody else's mail names none."""
    for identifier, expected in ((OURS, 7), (STRANGERS.message_id(7, 41), None)):
        status = part("Final-Recipient: rfc822; a@b.ru\r\nAction: failed\r\n", "message/delivery-status")
        original = part(f"Message-ID: <{identifier}>\r\n\r\n", "message/rfc822")
        found = verdict(read(multipart(part("Failed"), status, original, kind="report", From="mailer-daemon@b.ru")))
        assert isinstance(found, FromMachine)
        assert (found.kind, found.ticket_id) == (Automatic.BOUNCE, expected)
        assert found.bounce is not None


def test_no_sender() -> None:
    """Without an address there is nobody to answer: people look at it."""
    assert isinstance(verdict(letter(From="nobody")), PutAside)


@pytest.mark.parametrize(("today", "expected"), [(4, AsTicket), (5, PutAside), (500, PutAside)])
def test_trap_14_cap_per_day(today: int, expected: type) -> None:
    """What no header gives away is stopped by its number."""
    assert isinstance(verdict(letter(), today=today), expected)


@pytest.mark.parametrize(("lately", "expected"), [(4, AsTicket), (5, PutAside)])
def test_trap_14_cap_per_hour(lately: int, expected: type) -> None:
    """A machine that answers each acknowledgement in a new mail; the default is five tickets."""
    assert isinstance(judge(letter(), policy(), None, None, lately, tickets_lately=lately), expected)


def test_without_rules_for_mail() -> None:
    """Rules without a mailbox judge with the defaults, and know no address of their own."""
    assert isinstance(judge(letter(), policy(), None, None, 19), AsTicket)
    assert isinstance(judge(letter(), policy(), None, None, 20), PutAside)
