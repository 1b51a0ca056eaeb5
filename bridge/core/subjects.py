"""Subjects of mails: what is left when the prefixes of replies and forwards are gone, and ticket numbers that somebody wrote there."""

from __future__ import annotations

import re
from typing import Final

_REPLY: Final = "re|aw|antw|sv|vs|odp|ynt|отв|ответ|на|ha"
_FORWARD: Final = "fwd?|fw|wg|vl|tr|rv|enc|пересл|пересылка|пер"
_COUNT: Final = r"(?:\s?(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3}|\d{1,3}))?"
_TAG: Final = r"(?P<tag>\[[^\[\]:]{1,40}\]\s{0,3})?"
_PREFIX: Final = re.compile(
    rf"\s*{_TAG}(?:(?P<reply>{_REPLY})|(?P<forward>{_FORWARD})){_COUNT}\s?[:：]\s*", re.IGNORECASE
)
_BRACKETED: Final = re.compile(r"\s*\[(?:fwd?|fw|пересл):\s*(?P<rest>.*)\]\s*", re.IGNORECASE | re.DOTALL)
_NUMBER: Final = re.compile(
    r"(?:№|(?<![\w&#])#|\bno\.|\b(?:обращени[еяюи]|заявк[аеиу]|запрос[ау]?|request|ticket|issue)\b)\s{0,2}[№#]?\s{0,2}(\d{1,9})(?!\d)",
    re.IGNORECASE,
)
_OURS: Final = re.compile(r"\s*\[(?:№|No\.)\s?\d+\]")
_PREFIXES_AT_MOST: Final = 50


def topic(subject: str) -> str:
    """The subject without «Re:», «Fwd:», «Отв:», "RE[2]:", "Re^2:" and the like, however nested; the tag of a list before them stays."""
    rest = subject
    for _ in range(_PREFIXES_AT_MOST):
        start, inside = _PREFIX.match(rest), _BRACKETED.fullmatch(rest)
        if start is None and inside is None:
            break
        rest = f"{start['tag'] or ''}{rest[start.end() :]}" if start else inside["rest"] if inside else rest
    return rest.strip()


def is_reply(subject: str) -> bool:
    """Whether the outermost prefix says that the mail answers another."""
    found = _PREFIX.match(subject)
    return found is not None and found["reply"] is not None


def unnumbered(subject: str) -> str:
    """The subject without the ticket's number as our mails have it: «[№1234]»."""
    return _OURS.sub("", subject)


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says that the mail was forwarded."""
    found = _PREFIX.match(subject)
    return _BRACKETED.fullmatch(subject) is not None if found is None else found["forward"] is not None


def number_in(subject: str) -> int | None:
    """The ticket number that a subject names («№1234», "[#1234]", «обращение 1234»); anybody can write one, so it proves nothing."""
    found = _NUMBER.search(subject)
    return int(found[1]) if found else None
