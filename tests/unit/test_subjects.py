"""Subjects: prefixes go, numbers are seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.subjects import is_forward, is_reply, number_in, topic


@pytest.mark.parametrize(
    "subject",
    [
        "Печать", "Re: Печать", "RE: Печать", "re:Печать", "RE[2]: Печать", "Re^2: Печать", "Re(3): Печать", "Re*4: Печать", "Fwd: Печать", "FW: Печать",
        "Fw: Re: FW: Печать", "Отв: Печать", "На: Печать", "HA: Печать", "Ответ: Печать", "Пересл: Печать", "AW: WG: Печать", "SV: VS: Печать", "TR: Печать",
        "Re: Отв: Re: На: Печать", "[Fwd: Печать]", "Re: [Fwd: Re: Печать]", "RE:  Печать  ", "Re : Печать", "Re：Печать",
    ],
)  # fmt: skip
def test_prefixes(subject: str) -> None:
    """All that mail programs put before a subject goes, however nested."""
    assert topic(subject) == "Печать"


@pytest.mark.parametrize(
    "subject",
    [
        "Refresh: как обновить",
        "Настройка: печать",
        "Наш вопрос: лицензии",
        "RED OS: сравнение",
        "Ответьте: срочно",
        "C: диск не виден",
    ],
)
def test_no_prefixes(subject: str) -> None:
    """Words that only resemble a prefix stay."""
    assert topic(subject) == subject


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: [users] Re: price", "[users] price"),
        ("[ALT] Re: Печать", "[ALT] Печать"),
        ("[ALT] Настройка: печать", "[ALT] Настройка: печать"),
        ("[Важно: Re] Re: Печать", "[Важно: Re] Re: Печать"),
    ],
)
def test_prefixes_behind_a_tag(subject: str, expected: str) -> None:
    """The tag of a mailing list stays, and what mail programs put behind it goes."""
    assert topic(subject) == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: a", True),
        ("Отв: a", True),
        ("[ALT] Re: a", True),
        ("Re: Fwd: a", True),
        ("Fwd: Re: a", False),
        ("Reading: a", False),
        ("a", False),
    ],
)
def test_replies(subject: str, expected: bool) -> None:
    """Only the outermost prefix tells whether a mail is an answer."""
    assert is_reply(subject) is expected


def test_nothing_but_prefixes() -> None:
    """A subject may be nothing but prefixes, and as many as somebody likes."""
    assert topic("Re: Fwd:") == ""
    assert topic("Re: " * 10_000).startswith("Re:")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Fwd: a", True),
        ("FW: Re: a", True),
        ("Пересл: a", True),
        ("[Fwd: a]", True),
        ("Re: Fwd: a", False),
        ("a", False),
    ],
)
def test_forwards(subject: str, expected: bool) -> None:
    """Only the outermost prefix tells whether a mail is a forward."""
    assert is_forward(subject) is expected


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: [#1234] Печать", 1234), ("Обращение №1234", 1234), ("№ 1234", 1234), ("обращение 1234", 1234), ("по обращению № 1234", 1234), ("Request 1234", 1234),
        ("ticket #12", 12), ("#7", 7), ("Печать", None), ("Windows 10", None), ("C#8", None), ("&#1234;", None), ("№ 12345678901", None), ("от 23.11.2026", None),
    ],
)  # fmt: skip
def test_numbers(subject: str, number: int | None) -> None:
    """Ticket numbers as people and helpdesks write them."""
    assert number_in(subject) == number


@given(st.text(max_size=100))
def test_any_subject(subject: str) -> None:
    """A topic is the end of the subject behind a tag that it may have, and has no prefix left."""
    assert topic(topic(subject)) == topic(subject)
    assert topic(subject).rstrip("]").rpartition("]")[2].strip() in subject
