"""Addresses in a header, read tolerantly and in time that grows with their length only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bridge.adapters.mail.clean import plain_name
from bridge.adapters.mail.headers import unencoded
from bridge.core.letter import Address

ADDRESSES_AT_MOST: Final = 500
_READ_AT_MOST: Final = 64 * 1024
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.){0,250})"|<([^<>]{0,400})>|\(|\)|[,;]|:|[^"<>(),;:]+|.', re.DOTALL)
_MAIL: Final = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x20\x7f]{1,64}@[^\s@<>(),;:\"\\\x00-\x20\x7f]{1,255}")
_QUOTED_LOCAL: Final = re.compile(r'"([^"\\\s@]{1,64})"@')
_BARE_DOMAIN: Final = re.compile(r"[\w.-]+", re.UNICODE)
_NAME_AT_MOST: Final = 200


def read_addresses(value: str) -> tuple[Address, ...]:
    """The usable addresses of a header's value, the members of groups too; at most `ADDRESSES_AT_MOST`."""
    found: list[Address] = []
    for words, angled in _mailboxes(value[:_READ_AT_MOST]):
        address = _address(words, angled)
        if address is not None:
            found.append(address)
            if len(found) >= ADDRESSES_AT_MOST:
                break
    return tuple(found)


def _mailboxes(value: str) -> Iterator[tuple[list[str], str]]:
    """The words before, or instead of, an address in angle brackets, and that address, for each mailbox of a list."""
    words: list[str] = []
    comments: list[str] = []
    angled, depth = "", 0
    for token in _TOKEN.finditer(value):
        text = token[0]
        if text in "()":
            depth = max(depth + (1 if text == "(" else -1), 0)
        elif depth:
            comments.append(text)
        elif text in {",", ";"}:
            yield words or comments, angled
            words, comments, angled = [], [], ""
        elif text == ":" and not angled:
            words = []  # what stood before was a group's name
        elif token[1] is not None:
            words.append(re.sub(r"\\(.)", r"\1", token[1]))
        elif token[2] is not None:
            angled = token[2] if _MAIL.search(_plain(token[2])) else angled
        else:
            words.append(text)
    yield words or comments, angled


def _plain(text: str) -> str:
    return _QUOTED_LOCAL.sub(r"\1@", "".join(unencoded(text).split()))


def _address(words: list[str], angled: str) -> Address | None:
    """The address in angle brackets, or the one that stands among the words."""
    joined = unencoded(" ".join(" ".join(words).split()))
    if angled:
        found = _MAIL.search(_plain(angled))
        name = joined
    else:
        found = _MAIL.search(joined) or _MAIL.search(_plain(joined))
        name = joined.replace(found[0], "") if found else ""
    mail = _normal(found[0]) if found else ""
    if not mail:
        return None
    return Address(mail, plain_name(name).strip(" \"'<>()").strip()[:_NAME_AT_MOST])


def _normal(mail: str) -> str:
    """The address with its domain in lower case and in the letters of the DNS; empty where the domain is none."""
    local, _, domain = mail.strip("'`.").rpartition("@")
    domain = domain.strip(".'`").lower()
    if not local or not domain:
        return ""
    if domain.startswith("["):
        return f"{local}@{domain}"
    try:
        domain = domain if domain.isascii() else domain[:253].encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return f"{local}@{domain}" if _BARE_DOMAIN.fullmatch(domain) and ".." not in domain else ""


def shows_another(address: Address) -> str:
    """The address that a display name shows where it is not the real one; empty where there is none."""
    shown = _MAIL.search(address.name)
    other = _normal(shown[0]) if shown else ""
    return other if other and other.casefold() != address.key else ""
