"""Messages as they go out: headers, threading, both forms of the text, files; and nothing that somebody's text could add to them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters.mail.building import LONGEST_MARKED, REFERENCES_AT_MOST, Builder
from bridge.adapters.mail.nodes import as_text
from bridge.core.model import Language
from bridge.core.outbound import Parcel
from bridge.core.policy import Mail, MailLimits, Markup, Text
from bridge.core.threads import Threads
from bridge.mail_ports import File
from tests.unit.making import moment

NOON = moment("11-23 12:00")
LIMITS = MailLimits(message=1000, attachment=300, attachments=2)
MAIL = Mail("presale@example.com", "presale", "ТехП", NOON, Text("Пресейл", "Presale support"), limits=LIMITS)
THREADS = Threads((b"0123456789abcdef",), "example.com")
BUILDER = Builder(MAIL, Markup.TEXTILE, THREADS)
PARCEL = Parcel(
    7, 41, ("ivan@example.org",), Language.RU, "Чем отличаются продукты?", "Отвечаем: *всем*.\n\nС уважением"
)
ENGLISH = replace(PARCEL, language=Language.EN, subject="How do they differ?", text="In all.")
OWN = replace(PARCEL, auto=True)
PLAN = File("План.pdf", "application/pdf", b"%PDF\x00\xff\r\n" * 10)
ROOT = THREADS.message_id(7, 0)
HEADERS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "content-language", "x-loop"),
    *("x-presale-bridge", "mime-version", "content-type"),
}
AUTO = {"auto-submitted", "x-auto-response-suppress"}


def built(
    parcel: Parcel = PARCEL,
    thread: tuple[str, ...] = ("1@x",),
    files: tuple[File, ...] = (),
    builder: Builder = BUILDER,
) -> EmailMessage:
    """The message, read back."""
    raw = builder.build(parcel, thread, files, NOON)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    return message


def said(message: EmailMessage, kind: str = "plain") -> str:
    """The text of one form."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").removesuffix("\n")


def test_a_mail_reads_as_it_should() -> None:
    """Who writes to whom, about what, when, and in both forms."""
    mail = built()
    assert (mail["From"], mail["To"]) == ("Пресейл <presale@example.com>", "ivan@example.org")
    assert mail["Subject"] == "Re: Чем отличаются продукты? [№7]"
    assert datetime.strptime(mail["Date"], "%a, %d %b %Y %H:%M:%S %z") == NOON
    assert (mail["X-Loop"], mail["X-Presale-Bridge"], mail["Content-Language"]) == ("presale@example.com", "7", "ru")
    assert mail.get_content_type() == "multipart/alternative"
    assert said(mail) == "Отвечаем: всем.\n\nС уважением"
    assert "<p>Отвечаем: <strong>всем</strong>.</p>\n<p>С уважением</p>" in said(mail, "html")


def test_an_english_sender_gets_an_english_frame() -> None:
    """Name, subject, language."""
    mail = built(ENGLISH)
    assert (mail["From"], mail["Content-Language"]) == ("Presale support <presale@example.com>", "en")
    assert mail["Subject"] == "Re: How do they differ? [No. 7]"
    assert '<html lang="en">' in said(mail, "html")


def test_the_message_is_always_the_same() -> None:
    """Building it again after a crash makes the same bytes, boundaries included."""
    assert BUILDER.build(PARCEL, ("1@x",), (PLAN,), NOON) == BUILDER.build(PARCEL, ("1@x",), (PLAN,), NOON)


def test_the_markup_is_that_of_the_rules() -> None:
    """The same note in a project that writes CommonMark."""
    parcel = replace(PARCEL, text="**всем** @код@")
    assert said(built(parcel)) == "всем код"
    assert said(built(parcel, builder=replace(BUILDER, markup=Markup.COMMON_MARK))) == "всем @код@"


def test_a_pasted_log_is_mailed_as_it_was_typed() -> None:
    """Beyond the limit no markup is read, and nothing is lost."""
    log = "\n".join(f"*{n}* error" for n in range(LONGEST_MARKED // 8))
    assert said(built(replace(PARCEL, text=log))) == log


class TestThreading:
    """Message-ID, In-Reply-To, References."""

    def test_an_answer_stands_in_the_customers_thread(self) -> None:
        """The latest mail is answered; the first, the ticket's root and the latest are referred to; the id is the journal's."""
        mail = built(thread=("1@x", "2@x", "3@x"))
        assert mail["Message-ID"] == f"<{THREADS.message_id(7, 41)}>"
        assert mail["In-Reply-To"] == "<3@x>"
        assert mail["References"].split() == ["<1@x>", f"<{ROOT}>", "<2@x>", "<3@x>"]

    def test_without_a_mail_to_answer_the_root_holds_the_thread_together(self) -> None:
        """A sender's program that gave no Message-ID, or a store that was purged."""
        mail = built(thread=())
        assert mail["In-Reply-To"] == mail["References"] == f"<{ROOT}>"

    def test_a_long_thread_is_bounded(self) -> None:
        """The first and the latest ones stay."""
        references = built(thread=tuple(f"{n}@x" for n in range(500)))["References"].split()
        assert len(references) == REFERENCES_AT_MOST
        assert references[:2] == ["<0@x>", f"<{ROOT}>"]
        assert references[-1] == "<499@x>"

    @pytest.mark.parametrize(
        "forged",
        [
            pytest.param("a@x>\r\nBcc: all@example.org", id="a header"),
            pytest.param("a@x> <b@x", id="two in one"),
            pytest.param("a b@x", id="a blank"),
            pytest.param("ы@x", id="not ASCII"),
            pytest.param("a" * 1000 + "@x", id="too long for a line"),
            pytest.param("", id="empty"),
        ],
    )
    def test_a_message_id_that_is_none_is_left_out(self, forged: str) -> None:
        """A sender's Message-ID is the sender's text."""
        mail = built(thread=("1@x", forged))
        assert mail["In-Reply-To"] == "<1@x>"
        assert mail["References"].split() == ["<1@x>", f"<{ROOT}>"]
        assert {name.lower() for name in mail} == HEADERS

    def test_long_message_ids_are_not_encoded(self) -> None:
        """Outlook's are longer than a line should be, and have to come back as they were."""
        long = "AM0PR05MB6514" * 8 + "@AM0PR05MB6514.eurprd05.prod.outlook.com"
        raw = BUILDER.build(PARCEL, (long,), (), NOON)
        assert f"In-Reply-To: <{long}>\r\n".encode() in raw


class TestMachines:
    """What tells machines that a machine speaks."""

    def test_trap_14_the_bridges_own_mails_say_so(self) -> None:
        """RFC 3834's header, and the one that Microsoft's servers read."""
        mail = built(OWN)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"

    def test_a_persons_answer_is_no_machines(self) -> None:
        """Filters would put it aside; the loop's mark is there all the same."""
        mail = built()
        assert not AUTO & {name.lower() for name in mail}
        assert mail["X-Loop"] == "presale@example.com"


@pytest.mark.parametrize(
    ("topic", "subject"),
    [
        pytest.param("Re: Отв: Fwd: Вопрос", "Re: Вопрос [№7]", id="prefixes"),
        pytest.param("Re: Вопрос [№7]", "Re: Вопрос [№7]", id="the number again"),
        pytest.param("Вопрос [№ 7] [No. 8]", "Re: Вопрос [№7]", id="numbers of both languages"),
        pytest.param("", "Re: Ваше обращение [№7]", id="nothing"),
        pytest.param("Re:", "Re: Ваше обращение [№7]", id="nothing but a prefix"),
        pytest.param("a\r\nBcc: all@example.org\n\x00\u2028b", "Re: a Bcc: all@example.org b [№7]", id="a header"),
        pytest.param("=?utf-8?q?=0ABcc:x?=", "Re: =?utf-8?q?=0ABcc:x?= [№7]", id="an encoded word stays text"),
        pytest.param("x" * 1000, f"Re: {'x' * 200} [№7]", id="endless"),
        pytest.param("слово " * 100, f"Re: {('слово ' * 34)[:200].strip()} [№7]", id="endless words"),
    ],
)
def test_the_subject(topic: str, subject: str) -> None:
    """One prefix, the topic on one line, the number once."""
    assert built(replace(PARCEL, subject=topic))["Subject"] == subject


def test_an_encoded_word_in_an_english_subject_stays_text() -> None:
    """Also where nothing else has to be encoded."""
    assert built(replace(ENGLISH, subject="=?utf-8?q?=41?="))["Subject"] == "Re: =?utf-8?q?=41?= [No. 7]"


@pytest.mark.parametrize(
    ("recipients", "shown"),
    [
        pytest.param(("ivan@example.org", "petr@example.org"), ["ivan@example.org", "petr@example.org"], id="two"),
        pytest.param(("ivan@почта.рф",), ["ivan@xn--80a1acny.xn--p1ai"], id="a domain in Russian"),
        pytest.param(("иван@example.org", "p@x.org"), ["p@x.org"], id="a name that takes another protocol"),
        pytest.param(("a@x.org,b@x.org", "a@x.org>\r\nBcc: b@x.org", "a b@x.org", "p@x.org"), ["p@x.org"], id="forged"),
        pytest.param(("иван@example.org",), [], id="nobody that can be written"),
    ],
)
def test_recipients(recipients: tuple[str, ...], shown: list[str]) -> None:
    """Only addresses that are such stand in the header."""
    mail = built(replace(PARCEL, recipients=recipients))
    assert [one.addr_spec for one in mail["To"].addresses] == shown
    assert "Bcc" not in mail


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Пресейл, «Базальт»", "Пресейл, «Базальт»", id="a comma in Russian"),
        pytest.param('Presale, "ALT" <x@y>', "Presale, ALT <x@y>", id="what has a meaning in an address"),
        pytest.param("=?utf-8?q?x?=", "=?utf-8?q?x?=", id="an encoded word stays text"),
        pytest.param("", "", id="none"),
    ],
)
def test_the_mailboxs_name(name: str, shown: str) -> None:
    """A leads' word, shown as it is, and no address of its own."""
    (sender,) = built(builder=replace(BUILDER, mail=replace(MAIL, name=Text(name, name))))["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (shown, "presale@example.com")


class TestFiles:
    """Files that came with the note."""

    def test_a_file_goes_along(self) -> None:
        """Name, type and every byte."""
        mail = built(replace(PARCEL, attachments=("План.pdf",)), files=(PLAN,))
        (file,) = mail.iter_attachments()
        assert (file.get_filename(), file.get_content_type()) == ("План.pdf", "application/pdf")
        assert (file.get_content(), file.get_content_disposition()) == (PLAN.content, "attachment")
        assert said(mail) == "Отвечаем: всем.\n\nС уважением"

    def test_a_file_without_words_is_named(self) -> None:
        """So that nobody gets an empty mail."""
        assert (
            said(built(replace(PARCEL, text="", attachments=("План.pdf",)), files=(PLAN,))) == "Во вложении: План.pdf."
        )

    @pytest.mark.parametrize(
        ("files", "told"),
        [
            pytest.param((replace(PLAN, content=b"x" * 301),), "План.pdf (0.0 МБ)", id="one too big"),
            pytest.param((replace(PLAN, content=b""),), "План.pdf", id="one that was not fetched"),
            pytest.param((), "План.pdf", id="one that is gone"),
            pytest.param((File("a", "", b"x"), File("b", "", b"x"), PLAN), "План.pdf (0.0 МБ)", id="one too many"),
            pytest.param(
                (File("a", "", b"x" * 300), File("b", "", b"x" * 300), replace(PLAN, content=b"x" * 200)),
                "План.pdf (0.0 МБ)",
                id="too much together",
            ),
        ],
    )
    def test_a_file_that_cannot_go_along_is_named(self, files: tuple[File, ...], told: str) -> None:
        """With its number and what to do."""
        mail = built(replace(PARCEL, attachments=tuple(one.name for one in files) or ("План.pdf",)), files=files)
        assert f"Не поместились в это письмо: {told}. Эти файлы приложены к обращению №7" in said(mail)
        assert "План.pdf" not in [one.get_filename() for one in mail.iter_attachments()]

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            pytest.param("../../etc/passwd", "passwd", id="a path"),
            pytest.param("C:\\x\\y.txt", "y.txt", id="a path of Windows"),
            pytest.param('a"\r\nBcc: x@y.org\r\n.pdf', 'a" Bcc: x@y.org .pdf', id="a header"),
            pytest.param("я" * 300 + ".tar.gz", "я" * 80 + ".gz", id="endless"),
            pytest.param("..", "file", id="no name"),
        ],
    )
    def test_a_files_name_is_only_a_name(self, name: str, shown: str) -> None:
        """Neither a path nor a header."""
        mail = built(replace(PARCEL, attachments=(name,)), files=(File(name, "text/plain", b"x"),))
        assert [one.get_filename() for one in mail.iter_attachments()] == [shown]
        assert {name.lower() for name in mail} == HEADERS

    @pytest.mark.parametrize(
        ("content", "charset"), [("журнал\n".encode(), "utf-8"), (b"log\n", None), ("журнал\n".encode("cp1251"), None)]
    )
    def test_a_texts_charset_is_told_where_it_is_sure(self, content: bytes, charset: str | None) -> None:
        """Or mail programs would show a Russian log as rubbish; its bytes stay as they are."""
        (file,) = built(PARCEL, files=(File("a.log", "text/plain", content),)).iter_attachments()
        assert (file.get_param("charset"), file.get_payload(decode=True)) == (charset, content)

    @pytest.mark.parametrize(
        "kind", ["", "x", "text/plain\r\nBcc: x@y", "message/rfc822", "multipart/mixed", "a/b; c=d"]
    )
    def test_a_type_that_is_none_is_bytes(self, kind: str) -> None:
        """What somebody's browser said is not put into a header unread, and nothing is unpacked."""
        (file,) = built(PARCEL, files=(replace(PLAN, type=kind),)).iter_attachments()
        assert (file.get_content_type(), file.get_content()) == ("application/octet-stream", PLAN.content)


TEXTS = st.text(max_size=300) | st.text(
    "аб \n\r\t.-=_*#@?<>:/[]{}\x00\x0b\x0c\x1c\x85\u2028\ud800\U0001f600", max_size=300
)
PARCELS = st.builds(
    Parcel,
    st.just(7),
    st.just(41),
    st.lists(TEXTS | st.just("a@b.org"), max_size=3).map(tuple),
    st.sampled_from(Language),
    TEXTS,
    TEXTS,
    auto=st.booleans(),
)
THREAD = st.lists(TEXTS | st.just("1@x"), max_size=4).map(tuple)


@settings(max_examples=200, deadline=None)
@given(PARCELS, THREAD, st.text(max_size=120), st.sampled_from(Markup))
def test_no_text_changes_what_the_message_is(
    parcel: Parcel, thread: tuple[str, ...], name: str, markup: Markup
) -> None:
    """Whatever anybody has written: the text comes back as it was, each header stands once, none is added, one Message-ID, short lines."""
    builder = replace(BUILDER, markup=markup, mail=replace(MAIL, name=Text(name, name)))
    mail = built(replace(parcel, attachments=(name,)), thread, (File(name, name, b"x"),), builder)
    assert said(mail) == as_text(builder.nodes(parcel)) or said(mail).startswith(("Во вложении:", "Attached:"))
    assert Counter(header.lower() for header in mail) == Counter(HEADERS | (AUTO if parcel.auto else set()))
    assert mail["Message-ID"] == f"<{THREADS.message_id(7, 41)}>"
    assert re.fullmatch(r"Re: .*\S.* \[(№|No\. )7\]", mail["Subject"])
    assert [one.get_payload(decode=True) for one in mail.iter_attachments()] == [b"x"]
    shown = {one.addr_spec for one in mail["To"].addresses}
    assert {one for one in shown if "@xn--" not in one} <= {*parcel.recipients}
