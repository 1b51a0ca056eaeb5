"""The contract of `bridge.mail_ports.Postman`, over the fake and over a real Postfix. Each test has people of its own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bridge.adapters.mail.postman import SmtpPostman
from bridge.demo.mail_config import DEFERRED, MESSAGE_LIMIT, REFUSED
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer
from bridge.errors import PermanentError, TemporaryError
from bridge.mail_ports import Postman
from tests.fakes.postman import FakePostman
from tests.mail_fixtures import smtp_account

SENDER = "presale@vendor.test"


@dataclass
class World:
    """A postman, and what arrives at an address."""

    postman: Postman
    arrived: Callable[[str, int], list[bytes]]


def fake_world() -> World:
    """In memory."""
    postman = FakePostman(refuses={REFUSED: "550 5.1.1 no such person here", DEFERRED: "451 4.2.1 come again later"})

    def arrived(address: str, at_least: int) -> list[bytes]:
        found = [sent.mail for sent in postman.sent if address in sent.recipients]
        assert len(found) >= at_least
        return found

    return World(postman, arrived)


def real_world(server: MailServer) -> World:
    """The real servers."""
    postman = SmtpPostman(smtp_account(MailPerson(server, SENDER)))
    return World(postman, lambda address, n: [stored.raw for stored in MailPerson(server, address).stored(n)])


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.mail)])
def world(request: pytest.FixtureRequest) -> World:
    """The fake and the real one."""
    return fake_world() if request.param == "fake" else real_world(request.getfixturevalue("mail_server"))


def address() -> str:
    """An address that no other test knows."""
    return f"p{uuid.uuid4().hex[:12]}@customer.test"


def mail(text: str = "Здравствуйте", subject: str = "=?utf-8?b?0J7RgtCy0LXRgg==?=") -> bytes:
    """A message as the outbox keeps it."""
    head = f"From: {SENDER}\r\nTo: a@customer.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    return (
        f"{head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n".encode()
    )


def body(raw: bytes) -> bytes:
    """What follows the headers, with line ends as they are on this machine."""
    return re.sub(rb"\r?\n", b"\n", raw).partition(b"\n\n")[2]


def test_a_mail_arrives(world: World) -> None:
    """A mail that is taken arrives at each recipient as it was sent, once."""
    one, two = address(), address()
    assert world.postman.send(mail(), SENDER, (one, two)) == {}
    for recipient in (one, two):
        (raw,) = world.arrived(recipient, 1)
        assert body(raw) == "Здравствуйте\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(".\r\n..\r\n.точка", id="lines of dots end no mail"),
        pytest.param(".\nMAIL FROM:<x@vendor.test>\nRCPT TO:<y@customer.test>", id="bare line feeds"),
        pytest.param(".\r\rMAIL FROM:<x@vendor.test>", id="bare carriage returns"),
        pytest.param("без конца строки" * 10, id="a long line"),
    ],
)
def test_no_text_ends_the_mail(world: World, text: str) -> None:
    """Nothing in a text is taken for the end of the mail or for a command."""
    recipient = address()
    world.postman.send(mail(text), SENDER, (recipient,))
    (raw,) = world.arrived(recipient, 1)
    wanted = re.sub(r"\r\n|\r|\n", "\n", text).encode() + b"\n"
    assert re.sub(rb"\r", b"\n", body(raw.replace(b"\r\n", b"\n"))) == wanted


def test_one_of_two_recipients_is_refused(world: World) -> None:
    """The other one gets the mail; the refused one comes back with the server's words."""
    recipient = address()
    refused = world.postman.send(mail(), SENDER, (REFUSED, recipient))
    assert list(refused) == [REFUSED]
    assert refused[REFUSED].startswith("550 5.1.1")
    assert len(world.arrived(recipient, 1)) == 1


def test_one_of_two_recipients_is_deferred(world: World) -> None:
    """Nobody gets the mail yet: when it is sent again, nobody gets it twice."""
    recipient = address()
    with pytest.raises(TemporaryError, match="not all recipients are taken now"):
        world.postman.send(mail(), SENDER, (recipient, DEFERRED))
    world.postman.send(mail(), SENDER, (recipient,))
    assert len(world.arrived(recipient, 1)) == 1


@pytest.mark.parametrize(
    ("recipients", "kind"),
    [
        pytest.param((REFUSED,), PermanentError, id="refused"),
        pytest.param((DEFERRED,), TemporaryError, id="deferred"),
        pytest.param((REFUSED, DEFERRED), TemporaryError, id="one of each: it may be taken later"),
    ],
)
def test_no_recipient_is_taken(world: World, recipients: tuple[str, ...], kind: type[Exception]) -> None:
    """Nothing is sent, and it is known whether to try again."""
    with pytest.raises(kind, match=r"no recipient was taken|not all recipients") as caught:
        world.postman.send(mail(), SENDER, recipients)
    assert type(caught.value) is kind


def test_a_null_return_path(world: World) -> None:
    """A mail without a sender in its envelope (RFC 3834) is sent, too: nothing comes back of it."""
    recipient = address()
    assert world.postman.send(mail(), "", (recipient,)) == {}
    assert len(world.arrived(recipient, 1)) == 1


def test_a_big_mail(world: World) -> None:
    """20 MB arrive whole."""
    recipient = address()
    text = "0123456789abcdef\r\n" * 1_200_000
    world.postman.send(mail(text), SENDER, (recipient,))
    (raw,) = world.arrived(recipient, 1)
    assert len(body(raw)) == len(text) - 1_200_000 + 1


def test_a_mail_that_is_too_big(world: World) -> None:
    """What the server does not take for its size is refused for good."""
    with pytest.raises(PermanentError, match="takes mails up to"):
        world.postman.send(mail("x" * MESSAGE_LIMIT), SENDER, (address(),))


@pytest.mark.parametrize(
    "odd",
    [
        "a@customer.test>\r\nRCPT TO:<b@customer.test",
        "a@customer.test\n",
        "a@customer.test, b@customer.test",
        "Anna <a@customer.test>",
        "a b@customer.test",
        "a@b@customer.test",
        "a\x00@customer.test",
        "a",
        "@customer.test",
        "a@" + "x" * 400,
    ],
)
@pytest.mark.parametrize("where", ["sender", "recipient"])
def test_only_an_address_gets_into_the_envelope(world: World, odd: str, where: str) -> None:
    """What is not exactly an address never reaches the server."""
    sender, recipient = (odd, address()) if where == "sender" else (SENDER, odd)
    with pytest.raises(PermanentError, match="is no address"):
        world.postman.send(mail(), sender, (recipient,))


@pytest.mark.parametrize("recipients", [(), ("",)])
def test_nobody_to_send_to(world: World, recipients: tuple[str, ...]) -> None:
    """A mail needs somebody who gets it."""
    with pytest.raises(PermanentError):
        world.postman.send(mail(), SENDER, recipients)


@pytest.mark.mail
def test_a_domain_with_russian_letters(mail_server: MailServer) -> None:
    """A domain is named in ASCII; here the server knows it not, and says so."""
    with pytest.raises(PermanentError, match=r"nothing leaves this machine|5\.4\.4"):
        real_world(mail_server).postman.send(mail(), SENDER, ("ivan@почта.рф",))


def test_somebody_else_sees_nothing(world: World) -> None:
    """A mail goes to the envelope's recipients only, whoever stands in its headers."""
    recipient, other = address(), address()
    raw = mail().replace(b"To: a@customer.test", f"To: {other}".encode())
    world.postman.send(raw, SENDER, (recipient,))
    assert len(world.arrived(recipient, 1)) == 1
    assert world.arrived(other, 0) == []
