"""The parser over generated mails: nothing raises, nothing is lost, nothing harmful comes out. 100,000 of them in `make soak`."""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core import quotes
from bridge.core.inbound import content_of, judge
from bridge.core.letter import Letter
from tests.unit.letters import joined, raw, read
from tests.unit.making import policy

FEW, MANY = 150, 100_000
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
WORDS = (
    "Добрый день",
    "установка",
    "Альт Сервер 10.2",
    "Hello",
    "x86_64",
    "ошибка:",
    "№1234",
    "Спасибо!",
    "-- ",
    "> цитата",
    "С уважением,",
    "On Monday wrote:",
    "",
)
ENCODINGS = ("7bit", "8bit", "base64", "quoted-printable", "BASE64", "x-unknown", "")
CHARSETS = ("utf-8", "koi8-r", "windows-1251", "iso-8859-5")
HEADERS = (
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Content-Type",
    "Content-Disposition",
    "X-Any",
    "Auto-Submitted",
)
PIECES = (
    *(
        "=?utf-8?Q?=D0=9F?=",
        "=?koi8-r?B?79TXxdQ=?=",
        "=?",
        "?=",
        "<a@b>",
        "<",
        ">",
        '"',
        "(",
        ")",
        ",",
        ";",
        ":",
        "\\",
        "@",
        "\u202e",
        "Иван",
        "ivan@example.com",
    ),
    *(
        "text/html",
        "multipart/mixed; boundary=b",
        "message/rfc822",
        "charset=koi8-r",
        "name*0*=utf-8''%D0",
        "filename=../a.txt",
        "\x00",
        "\x1b",
        "\x85",
        " ",
        "\t",
    ),
)

lines = st.lists(st.one_of(st.sampled_from(WORDS), st.text(st.characters(codec="utf-8"), max_size=30)), max_size=8)
texts = lines.map("\n".join)
russian = st.lists(st.sampled_from(WORDS[:6]), min_size=1, max_size=8).map("\n".join)
values = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
junk = st.lists(st.tuples(st.sampled_from(HEADERS), values), max_size=6)


def encoded(text: str, charset: str, encoding: str) -> bytes:
    """A text as a mail carries it."""
    data = text.encode(charset if charset in (*CHARSETS, "utf-7") else "utf-8", "replace")
    if encoding.lower() == "base64":
        return base64.encodebytes(data)
    return quopri.encodestring(data) if encoding == "quoted-printable" else data


def leaf(text: str, charset: str, encoding: str, kind: str = "plain") -> bytes:
    """A part with a text."""
    return (
        f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + encoded(text, charset, encoding)
    )


leaves = st.builds(
    leaf,
    texts,
    st.sampled_from((*CHARSETS, "x-unknown", "us-ascii", "utf-7")),
    st.sampled_from(ENCODINGS),
    st.sampled_from(("plain", "html", "calendar", "x")),
)


def boxed(children: list[bytes], kind: str, number: int) -> bytes:
    """Parts in a part."""
    boundary = b"b%d" % number
    return b"Content-Type: multipart/%s; boundary=%s\r\n\r\n" % (kind.encode(), boundary) + joined(
        *children, boundary=boundary
    )


parts = st.recursive(
    leaves,
    lambda inner: st.builds(
        boxed,
        st.lists(inner, max_size=4),
        st.sampled_from(("mixed", "alternative", "related", "signed", "report", "digest", "encrypted")),
        st.integers(0, 9),
    ),
    max_leaves=8,
)


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """A mail, with broken headers, and with some of its bytes changed."""
    head = "".join(f"{name}: {value}\r\n" for name, value in draw(junk)).encode("utf-8", "surrogatepass")
    data = bytearray(head + draw(parts))
    for at, change in draw(st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=6)), max_size=4)):
        place = at % (len(data) + 1)
        data[place : place + len(change) // 2] = change
    return bytes(data)


def check(mail: bytes) -> None:
    """What holds of every mail."""
    letter = read(mail, attachments=3, attachment=1_000)
    _is_clean(letter)
    assert judge(letter, policy(), None, None, 0).reason
    content = content_of(letter, policy())
    assert content.text.strip()
    assert 0 < len(content.subject) <= 255
    assert not quotes.has_own(letter.text) or quotes.has_own(content.text)
    assert read(mail, attachments=3, attachment=1_000) == letter
    names = [one.name.casefold() for one in letter.enclosures]
    assert len(set(names)) == len(names)
    assert sum(bool(one.content) for one in letter.enclosures) <= 3


def _is_clean(letter: Letter) -> None:
    header = [value for values in letter.headers.values() for value in values]
    names = [one.name for one in (letter.sender, letter.reply_to, *letter.to, *letter.cc) if one is not None]
    on_one_line = [
        letter.subject,
        letter.message_id,
        *letter.references,
        *letter.troubles,
        *header,
        *names,
        *(one.name for one in letter.enclosures),
    ]
    for text in on_one_line:
        assert len(text.splitlines()) <= 1
        assert CONTROLS.search(text) is None
    assert CONTROLS.search(letter.text) is None
    assert not any(set(one.name) & set("/\\\u202e") for one in letter.enclosures)


def says_the_same(text: str, charset: str, encoding: str, wrap: Callable[[bytes], bytes]) -> None:
    """A Russian text comes out as it went in, whatever carries it."""
    found = read(wrap(leaf(text, charset, encoding)))
    assert found.text.split() == text.split()
    assert found.troubles == ()


def bare(part: bytes) -> bytes:
    """A mail that is nothing but this part."""
    return b"From: ivan@example.com\r\n" + part


def in_mixed(part: bytes) -> bytes:
    """A mail with this part and a picture."""
    return raw(joined(part, b"Content-Type: image/png\r\n\r\nx"), 'multipart/mixed; boundary="=_b"')


def in_alternative(part: bytes) -> bytes:
    """A mail with this part in a multipart in a multipart."""
    inner = b"Content-Type: multipart/alternative; boundary=in\r\n\r\n" + joined(part, boundary=b"in")
    return raw(joined(inner), 'multipart/mixed; boundary="=_b"')


carriers: tuple[st.SearchStrategy[Any], ...] = (
    russian,
    st.sampled_from(CHARSETS),
    st.sampled_from(("8bit", "base64", "quoted-printable")),
    st.sampled_from((bare, in_mixed, in_alternative)),
)
quick = settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
long = settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(mails())
def test_generated_mails(mail: bytes) -> None:
    """Any mail."""
    check(mail)


@quick
@given(st.binary(max_size=2_000))
def test_any_bytes(mail: bytes) -> None:
    """Anything at all."""
    check(mail)


@quick
@given(*carriers)
def test_trap_15_texts_in_all_carriers(text: str, charset: str, encoding: str, wrap: Callable[[bytes], bytes]) -> None:
    """Charset, transfer encoding and wrapping leave a text what it is."""
    says_the_same(text, charset, encoding, wrap)


@pytest.mark.soak
@long
@given(mails())
def test_100_000_generated_mails(mail: bytes) -> None:
    """Any mail, many times over."""
    check(mail)


@pytest.mark.soak
@long
@given(*carriers)
def test_100_000_texts(text: str, charset: str, encoding: str, wrap: Callable[[bytes], bytes]) -> None:
    """Any text, many times over."""
    says_the_same(text, charset, encoding, wrap)
