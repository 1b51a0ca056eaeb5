"""Mails that came back: by the standard, and in the words of servers that know none."""

from __future__ import annotations

import pytest

from bridge.core.letter import Bounce
from tests.unit.letters import multipart, part, raw, read

OURS = "presale.7.41.0123456789abcdef0123@example.org"
STATUS = (
    "Reporting-MTA: dns; mx.example.com\r\nArrival-Date: Mon, 23 Nov 2026 10:15:00 +0300\r\n\r\n"
    "Final-Recipient: rfc822; ivan@example.com\r\nAction: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User\r\n unknown\r\n"
)
ORIGINAL = f"From: presale@example.org\r\nMessage-ID:\r\n <{OURS}>\r\nSubject: Answer\r\n\r\nText"
REPORT = 'multipart/report; report-type=delivery-status; boundary="=_b"'


def report(status: str, original: str = ORIGINAL, kind: str = "message/rfc822") -> bytes:
    """A delivery report."""
    mail = multipart(
        part("It did not arrive."),
        part(status, "message/delivery-status"),
        part(original, kind),
        kind="report; report-type=delivery-status",
        From="MAILER-DAEMON@mx.example.com",
    )
    return mail.replace(b'"multipart/report; report-type=delivery-status"', REPORT.encode())


def test_standard_report() -> None:
    """RFC 3464: who failed, in the server's words, and which mail it was; the original is kept as a file."""
    found = read(report(STATUS.format(action="failed")))
    assert found.bounce == Bounce((("ivan@example.com", "550 5.1.1 User unknown"),), OURS)
    assert found.text == "It did not arrive."
    assert [one.name for one in found.enclosures] == ["delivery-status.txt", "Answer.eml"]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822-headers"])
def test_report_with_headers_only(kind: str) -> None:
    """Some servers send back the header alone."""
    found = read(report(STATUS.format(action="failed"), ORIGINAL.partition("\r\n\r\n")[0], kind)).bounce
    assert found is not None
    assert found.original_id == OURS


def test_delayed_and_delivered() -> None:
    """A delay is not the end; a confirmation of delivery is no bounce."""
    delayed = read(report(STATUS.format(action="delayed"))).bounce
    assert delayed is not None
    assert not delayed.final
    assert read(report(STATUS.format(action="delivered"))).bounce is None


def test_several_recipients() -> None:
    """Each block of a report tells of one address; those that took the mail are left out."""
    status = (
        STATUS.format(action="failed")
        + "\r\nFinal-Recipient: rfc822;petr@example.com\r\nAction: relayed\r\n\r\n"
        + ("Original-Recipient: rfc822;<anna@example.com>\r\nAction: failed\r\nStatus: 5.2.2\r\n")
    )
    found = read(report(status)).bounce
    assert found is not None
    assert found.failed == (("ivan@example.com", "550 5.1.1 User unknown"), ("anna@example.com", "status 5.2.2"))


@pytest.mark.parametrize(
    ("text", "headers", "failed"),
    [
        pytest.param(
            "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
            "<ivan@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
            f"Return-Path: <presale@example.org>\nMessage-ID: <{OURS}>\nTo: other@example.com\n",
            {},
            (("ivan@example.com", "Sorry, no mailbox here by that name. (#5.1.1)"),),
            id="qmail",
        ),
        pytest.param(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
            "recipients.\n\n  ivan@example.com\n    host mx.example.com: 550 no such user\n\n------ This is a copy of the message, including all the headers. ------\n\n"
            f"Message-ID: <{OURS}>\nTo: other@example.com\n",
            {"X_Failed_Recipients": "ivan@example.com"},
            (("ivan@example.com", "host mx.example.com: 550 no such user"),),
            id="Exim",
        ),
        pytest.param(
            "Это письмо создано автоматически сервером.\n\nК сожалению, ваше письмо не может быть доставлено одному или нескольким получателям:\n"
            f"Сообщение не доставлено:\n\n<ivan@example.com>: пользователь не найден\n\n--------- копия исходного письма ---------\nMessage-Id: <{OURS}>\n",
            {},
            (("ivan@example.com", "пользователь не найден"),),
            id="A Russian server's own words",
        ),
        pytest.param(
            f"This is the mail system at host mx.example.com.\n\n<ivan@example.com>: host gone\n\nMessage-ID: <{OURS}>",
            {},
            (("ivan@example.com", "host gone"),),
            id="Postfix without its report",
        ),
    ],
)
def test_other_servers(text: str, headers: dict[str, str], failed: tuple[tuple[str, str], ...]) -> None:
    """Servers that write no report are understood as far as they can be."""
    found = read(raw(text, From="MAILER-DAEMON@mx.example.com", **headers))
    assert found.bounce == Bounce(failed, OURS)


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        pytest.param(
            "ivan@example.com",
            "Delivery has failed? Я получил «сообщение не доставлено», что делать?",
            id="A customer tells of a bounce",
        ),
        pytest.param(
            "postmaster@example.com", "Добрый день! Настраиваем почтовый сервер на Альт.", id="An administrator writes"
        ),
    ],
)
def test_what_is_no_bounce(sender: str, text: str) -> None:
    """People who write about mail, or from a server's address."""
    assert read(raw(text, From=sender)).bounce is None


def test_broken_reports() -> None:
    """Reports cut short or filled with rubbish are bounces that tell nothing."""
    for status in ("", "Final-Recipient", "Final-Recipient: rfc822;\r\nAction: failed", "\x00" * 100, ":" * 1000):
        found = read(report(status)).bounce
        assert found is not None
        assert found.failed == ()
