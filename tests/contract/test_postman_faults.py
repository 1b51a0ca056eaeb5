"""What `SmtpPostman` says when the server, the network or the account is not as it should be; above all, when the outcome is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.adapters.mail.accounts import MailAccount, Patience
from bridge.adapters.mail.postman import SmtpPostman
from bridge.demo.mail_ca import OwnCa
from bridge.demo.mail_config import FULL, GONE
from bridge.demo.mailserver import MailServer
from bridge.errors import BridgeError, OutOfReachError, PermanentError, TemporaryError, UnknownOutcomeError
from tests.fakes import bad_servers
from tests.fakes.bad_servers import BadServer, serving
from tests.mail_fixtures import smtp_account, somebody

SENDER, TO = "presale@vendor.test", "anna@customer.test"
SHORT = Patience(*[timedelta(seconds=0.3)] * 3)
MAIL = b"Subject: a\r\n\r\nb\r\n"
real = pytest.mark.mail


def account(server: BadServer, user: str = "", scheme: str = "smtp") -> MailAccount:
    """On a scripted server."""
    url = f"{scheme}://{user}{'@' if user else ''}{bad_servers.LOOPBACK}:{server.port}"
    return MailAccount.smtp(url, "secret", plain=frozenset({bad_servers.LOOPBACK}))


def outcome(server: BadServer, mail: bytes = MAIL, **more: str) -> BridgeError | None:
    """The error with which a mail ends there."""
    with serving(server):
        try:
            SmtpPostman(account(server, **more), SHORT).send(mail, SENDER, (TO,))
        except BridgeError as error:
            return error
    return None


# --- did it go out? ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", ["cut", "silent"])
def test_lost_before_the_end_of_the_mail(step: str, how: str) -> None:
    """Until the final dot has left, a mail was certainly not taken: it may be sent again."""
    server = bad_servers.smtp(**{step: None})
    server.silent = frozenset({step}) if how == "silent" else frozenset()
    error = outcome(server)
    assert type(error) is OutOfReachError
    assert "." not in server.lines


@pytest.mark.parametrize("how", ["cut", "silent", "nonsense"])
def test_lost_after_the_final_dot(how: str) -> None:
    """From the final dot on, until the answer has been read, nobody knows: it must not be sent again unseen."""
    server = bad_servers.smtp(dot=None if how == "cut" else "hello?\r\n")
    server.silent = frozenset({"."}) if how == "silent" else frozenset()
    error = outcome(server)
    assert type(error) is UnknownOutcomeError
    assert "may have been taken" in str(error)
    assert server.lines.count(".") == 1


@pytest.mark.parametrize("quit_answer", ["421 no\r\n", None])
def test_trouble_after_the_answer_is_none(quit_answer: str | None) -> None:
    """Once the server has said yes, it does not matter how the connection ends."""
    assert outcome(bad_servers.smtp(QUIT=quit_answer)) is None


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        pytest.param("MAIL", "451 later\r\n", TemporaryError, id="sender deferred"),
        pytest.param("MAIL", "550 no\r\n", PermanentError, id="sender refused"),
        pytest.param("RCPT", "421 closing\r\n", OutOfReachError, id="the server stops"),
        pytest.param("DATA", "451 later\r\n", TemporaryError, id="DATA deferred"),
        pytest.param("DATA", "554 no\r\n", PermanentError, id="DATA refused"),
        pytest.param("dot", "451 later\r\n", TemporaryError, id="the mail deferred"),
        pytest.param("dot", "554 spam\r\n", PermanentError, id="the mail refused"),
        pytest.param("EHLO", "250-bad.test\r\n250 SIZE 5\r\n", PermanentError, id="bigger than the server says"),
    ],
)
def test_the_server_says_no(step: str, answer: str, kind: type[BridgeError]) -> None:
    """4xx is for now, 5xx for good, at each step; the server's words are told."""
    error = outcome(bad_servers.smtp(**{step: answer}))
    assert type(error) is kind
    assert answer.strip().split(" ")[-1] in str(error)


@pytest.mark.parametrize(
    ("greeting", "kind"), [("421 busy", OutOfReachError), ("554 go away", PermanentError), ("hello", PermanentError)]
)
def test_an_unfriendly_greeting(greeting: str, kind: type[BridgeError]) -> None:
    """The same holds for the greeting."""
    server = bad_servers.smtp()
    server.greeting = greeting
    assert type(outcome(server)) is kind


@real
def test_bounces_come_back_to_the_sender(mail_server: MailServer) -> None:
    """What is taken first and cannot be delivered comes back as a mail with an empty return path."""
    person = somebody(mail_server)
    assert SmtpPostman(smtp_account(person)).send(MAIL, person.address, (GONE, FULL)) == {}
    (bounce,) = person.stored(1)
    told = bounce.raw.decode()
    assert "User doesn't exist" in told
    assert "Quota exceeded" in told
    assert told.startswith("Return-Path: <>")


@real
def test_the_server_is_stopped_and_comes_back(running_mail_server: MailServer) -> None:
    """While it is away nothing is sent; afterwards the same object works."""
    person = somebody(running_mail_server)
    postman = SmtpPostman(smtp_account(person))
    running_mail_server.stop_smtp()
    with pytest.raises(OutOfReachError):
        postman.send(MAIL, person.address, (person.address,))
    running_mail_server.start_smtp()
    assert postman.send(MAIL, person.address, (person.address,)) == {}
    assert len(person.inbox(1)) == 1


# --- who is there, and may we come in ---------------------------------------------------------------------------------


@real
@pytest.mark.parametrize("starttls", [False, True], ids=["smtps", "STARTTLS"])
def test_both_ways_of_tls(mail_server: MailServer, starttls: bool) -> None:
    """TLS from the first byte, and TLS asked for, both lead to the recipient."""
    person = somebody(mail_server)
    SmtpPostman(smtp_account(person, starttls=starttls)).send(MAIL, person.address, (person.address,))
    assert len(person.inbox(1)) == 1


@real
@pytest.mark.parametrize("password", ["wrong-one", "пароль"])
def test_a_wrong_password(mail_server: MailServer, password: str) -> None:
    """A person has to correct it; the message does not have it."""
    postman = SmtpPostman(smtp_account(somebody(mail_server), password=password))
    with pytest.raises(PermanentError, match=r"the login was refused: 535") as caught:
        postman.send(MAIL, SENDER, (TO,))
    assert password not in str(caught.value)


@real
@pytest.mark.parametrize("starttls", [False, True], ids=["smtps", "STARTTLS"])
def test_a_certificate_of_another_ca(mail_server: MailServer, tmp_path: Path, starttls: bool) -> None:
    """A server whose certificate was signed by somebody else is not spoken to."""
    other = OwnCa(tmp_path).make("localhost")
    postman = SmtpPostman(smtp_account(somebody(mail_server), ca=str(other.ca), starttls=starttls))
    with pytest.raises(PermanentError, match=r"its certificate is not trusted .*CA's file"):
        postman.send(MAIL, SENDER, (TO,))


@real
def test_a_certificate_for_another_name(mail_server: MailServer) -> None:
    """Neither is one whose certificate is for another host."""
    postman = SmtpPostman(replace(smtp_account(somebody(mail_server)), host="127.0.0.1"))
    with pytest.raises(PermanentError, match="IP address mismatch"):
        postman.send(MAIL, SENDER, (TO,))


@real
def test_tls_on_a_port_without_it(mail_server: MailServer) -> None:
    """TLS from the first byte on a port that wants STARTTLS: the message says what to change."""
    wrong = replace(smtp_account(somebody(mail_server)), port=mail_server.ports.submission)
    with pytest.raises(PermanentError, match="does not speak TLS there; correct the port"):
        SmtpPostman(wrong).send(MAIL, SENDER, (TO,))


@real
def test_a_server_without_starttls(mail_server: MailServer) -> None:
    """A server that offers no TLS is told neither password nor mail."""
    wrong = replace(smtp_account(somebody(mail_server), starttls=True), port=mail_server.ports.smtp)
    with pytest.raises(PermanentError, match="offers no TLS; nothing was sent"):
        SmtpPostman(wrong).send(MAIL, SENDER, (TO,))


def test_no_tls_no_password() -> None:
    """The same, seen from the server."""
    server = bad_servers.smtp(EHLO="250-bad.test\r\n250 AUTH PLAIN\r\n")
    assert "offers no TLS" in str(outcome(server, user="me", scheme="smtp+starttls"))
    assert not [line for line in server.lines if line.startswith(("AUTH", "MAIL"))]


def test_a_server_with_nobody_to_log_in() -> None:
    """A user was given, and the server knows no login: said before anything is sent."""
    assert "lets nobody log in" in str(outcome(bad_servers.smtp(), user="me"))


@pytest.mark.parametrize(
    ("answer", "kind"), [("454 later\r\n", TemporaryError), ("535 no\r\n", PermanentError), ("235 in\r\n", type(None))]
)
def test_the_login_of_old_exchange(answer: str, kind: type) -> None:
    """A server that knows only LOGIN is logged in to in that way."""
    server = bad_servers.smtp(
        EHLO="250-bad.test\r\n250 AUTH LOGIN NTLM\r\n", AUTH="334 VXNlcm5hbWU6\r\n", c2VjcmV0=answer, bWU="334 x\r\n"
    )
    server.answers = {name.upper(): text for name, text in server.answers.items()}
    assert type(outcome(server, user="me")) is kind


# --- letters outside ASCII --------------------------------------------------------------------------------------------

WIDE = "250-bad.test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


@pytest.mark.parametrize(
    ("ehlo", "recipient", "said"),
    [
        pytest.param(WIDE, "иван@почта.рф", "RCPT TO:<иван@почта.рф>", id="SMTPUTF8 where needed"),
        pytest.param(WIDE, "ivan@почта.рф", "RCPT TO:<ivan@xn--80a1acny.xn--p1ai>", id="a domain alone becomes ASCII"),
        pytest.param(
            "250 ok\r\n", "ivan@почта.рф", "RCPT TO:<ivan@xn--80a1acny.xn--p1ai>", id="which every server knows"
        ),
    ],
)
def test_addresses_with_russian_letters(ehlo: str, recipient: str, said: str) -> None:
    """What can be said in ASCII is; the rest needs SMTPUTF8, which is asked for then only."""
    server = bad_servers.smtp(EHLO=ehlo)
    with serving(server):
        SmtpPostman(account(server), SHORT).send(MAIL, SENDER, (recipient,))
    assert said in server.lines
    begin = next(line for line in server.lines if line.startswith("MAIL"))
    assert begin.endswith("SMTPUTF8") is not said.isascii()


def test_a_server_without_smtputf8_refuses_one() -> None:
    """A recipient whom the server cannot name is refused alone; the others get the mail."""
    server = bad_servers.smtp()
    with serving(server):
        refused = SmtpPostman(account(server), SHORT).send(MAIL, SENDER, ("иван@почта.рф", TO))
    assert list(refused) == ["иван@почта.рф"]
    assert "SMTPUTF8" in refused["иван@почта.рф"]
    assert f"RCPT TO:<{TO}>" in server.lines


def test_raw_utf8_in_a_header_needs_smtputf8() -> None:
    """A header that only SMTPUTF8 can carry is not sent without it."""
    error = outcome(bad_servers.smtp(), "Subject: привет\r\n\r\nb\r\n".encode())
    assert type(error) is PermanentError
    assert "SMTPUTF8" in str(error)
