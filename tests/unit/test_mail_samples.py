"""Every test message of Python's own `email` package: nothing breaks, nothing that somebody wrote is lost."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message

import pytest

from bridge.core import quotes
from bridge.core.inbound import content_of, judge
from bridge.core.letter import Letter
from tests import email_samples
from tests.unit.letters import read
from tests.unit.making import policy


@pytest.fixture(scope="module")
def samples() -> dict[str, bytes]:
    """The messages by name; the pictures and sounds beside them are mails too, if bad ones."""
    return {path.name: path.read_bytes() for path in sorted(email_samples.folder().iterdir()) if path.is_file()}


def words(text: str) -> set[str]:
    """The words of a text, as they would be looked for."""
    return set(re.findall(r"[^\W_]{3,}", text))


def texts(raw: bytes) -> list[str]:
    """The texts that the standard library finds, where it finds any."""
    found = []
    for one in message_from_bytes(raw).walk():
        assert isinstance(one, Message)
        payload = one.get_payload(decode=True)
        if one.get_content_type() == "text/plain" and isinstance(payload, bytes):
            found.append(payload.decode("ascii", "ignore"))
    return found


def everything(letter: Letter) -> str:
    """All that is kept of a mail's content."""
    files = "\n".join(one.content.decode("utf-8", "replace") for one in letter.enclosures)
    return f"{letter.text}\n{files}"


def test_there_are_samples() -> None:
    """The set is the real one."""
    assert len(email_samples.messages()) >= 40


def test_nothing_is_lost(samples: dict[str, bytes]) -> None:
    """Each word of each text part stands in the text or in a file."""
    for name, raw in ((name, raw) for name, raw in samples.items() if name.startswith("msg_")):
        kept = words(everything(read(raw)))
        for text in texts(raw):
            assert words(text) <= kept, name


def test_text_where_there_is_text(samples: dict[str, bytes]) -> None:
    """A mail with a text part that says anything has a text."""
    for name, raw in samples.items():
        if name.startswith("msg_") and any(words(text) for text in texts(raw)):
            assert read(raw).text.strip(), name


def test_everything_can_be_judged(samples: dict[str, bytes]) -> None:
    """Whatever it is, something becomes of it, with a reason; cutting leaves something of what there was."""
    for name, raw in samples.items():
        letter = read(raw)
        assert judge(letter, policy(), None, None, 0).reason, name
        assert content_of(letter, policy()).text.strip(), name
        assert not quotes.has_own(letter.text) or quotes.has_own(quotes.cut(letter.text).text), name


@pytest.mark.parametrize(
    ("name", "subject", "files"),
    [
        (
            "msg_02.txt",
            "Ppp digest, Vol 1 #2 - 5 msgs",
            ["[Ppp] testing #1.eml", "message.eml", *(f"[Ppp] testing #{number}.eml" for number in (3, 4, 5))],
        ),
        ("msg_07.txt", "Here is your dingus fish", ["dingusfish.gif"]),
        (
            "msg_16.txt",
            "Delivery Notification: Delivery has failed",
            ["delivery-status.txt", "[scr] yeah for Ians!!.eml"],
        ),
        ("msg_22.txt", "", ["wibble.JPG", "wibble2.JPG"]),
        ("msg_45.txt", "test", ["signature.asc"]),
    ],
)
def test_some_in_full(name: str, subject: str, files: list[str], samples: dict[str, bytes]) -> None:
    """Subject and files of some of them."""
    letter = read(samples[name])
    assert letter.subject == subject
    assert [one.name for one in letter.enclosures] == files
