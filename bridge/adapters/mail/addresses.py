"""Addresses in a header, read tolerantly and in time that grows with their length only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bridge.adapters.mail.clean import clean, plain_name
from bridge.adapters.mail.headers import unencoded
from bridge.core.letter import Address

ADDRESSES_AT_MOST: Final = 500
_READ_AT_MOST: Final = 64 * 1024
_TOKEN: Final = re.compile(
    r'"((?:[^"\\]|\\.){0,250})"|<([^<>]{0,400})>|\(|\)|[,;]|:|=\?[^?\s]{1,70}\?[bBqQ]\?[^?]{0,500}\?=|(?:[^"<>(),;:=]|=(?!\?))+|.',
    re.DOTALL,
)
_AROUND: Final = re.compile(r"\s*([@.])\s*")
_LOCAL: Final = r"[^\s@<>(),;:\"\\\[\]\x00-\x20\x7f]"
_DOMAIN: Final = r"[^\s@<>(),;:\"\\\x00-\x20\x7f]"
_MAIL: Final = re.compile(f"(?<!{_LOCAL}){_LOCAL}{{1,64}}@{_DOMAIN}{{1,255}}(?!{_DOMAIN})")
"""An address as a whole: a piece of a longer one is somebody else's."""
_COMMENT: Final = re.compile(r"\(([^()]{1,200})\)")
_WORDS_AT_MOST: Final = 10
_QUOTED_LOCAL: Final = re.compile(r'"([^"\\\s@]{1,64})"@')
_BARE_DOMAIN: Final = re.compile(r"[\w.-]+", re.UNICODE)
_NAME_AT_MOST: Final = 200


def read_addresses(value: str) -> tuple[Address, ...]:
    """The usable addresses of a header's value, the members of groups too; at most `ADDRESSES_AT_MOST`."""
    found: list[Address] = []
    for words, angled in _mailboxes(clean(value[:_READ_AT_MOST]).replace("\n", " ")):
        address = _address(words, angled)
        if address is not None:
            found.append(address)
            if len(found) >= ADDRESSES_AT_MOST:
                break
    return tuple(found)


def name_in(value: str) -> str:
    """The name in a value without a usable address: the comment, else what stands before the brackets and is no address."""
    line = clean(value[:_READ_AT_MOST])
    comment = _COMMENT.search(line)
    name = unencoded(comment[1] if comment else line.partition("<")[0])
    return "" if "@" in name else _bare(plain_name(name))[:_NAME_AT_MOST]


def _mailboxes(value: str) -> Iterator[tuple[list[str], str]]:
    """The words beside an address in angle brackets, or instead of one, and that address, for each mailbox of a list."""
    words: list[str] = []
    comments: list[str] = []
    angled, depth = "", 0
    for token in _TOKEN.finditer(value):
        text = token[0]
        if text in "()":
            depth = max(depth + (1 if text == "(" else -1), 0)
        elif depth:
            comments.append(text)
        elif text == "," and words and not angled and not comments and _is_half_a_name(words):
            words[-1] = f"{words[-1].rstrip()},"
        elif text in {",", ";"}:
            yield [*words, *comments], angled
            words, comments, angled = [], [], ""
        elif text == ":" and not angled:
            words = []  # what stood before was a group's name
        elif token[1] is not None:
            words.append(re.sub(r"\\(.)", r"\1", token[1]))
        elif token[2] is not None and not angled and _mail_in(token[2]):
            angled = token[2]
        else:
            words.append(token[2] if token[2] is not None else text)
    yield [*words, *comments], angled


def _is_half_a_name(words: list[str]) -> bool:
    """Whether what stands before a comma is no mailbox of its own: «Petrov, Ivan <ivan@example.com>» without quotation marks."""
    return len(words) < _WORDS_AT_MOST and not any("@" in word for word in words)


def _mail_in(angled: str) -> str:
    """The address between angle brackets, with the spaces that folding has left in it; empty where there is none."""
    plain = _QUOTED_LOCAL.sub(r"\1@", _AROUND.sub(r"\1", unencoded(angled)).strip())
    found = _MAIL.search(plain) if not any(map(str.isspace, plain)) else None
    return found[0] if found else ""


def _address(words: list[str], angled: str) -> Address | None:
    """The address in angle brackets, or the one that stands among the words."""
    name = unencoded(" ".join(" ".join(words).split()))
    if angled:
        found = _mail_in(angled)
    else:
        among = _MAIL.search(name)
        found = among[0] if among else ""
        name = name.replace(found, "", 1)
    mail = _normal(found)
    return Address(mail, _bare(plain_name(name))[:_NAME_AT_MOST]) if mail else None


def _bare(name: str) -> str:
    """A name without the marks around it; an apostrophe or a bracket that belongs to it stays («Ivan (Support)»)."""
    bare = name.strip(' "<>,')
    while len(bare) > 1 and (bare[0], bare[-1]) in {("'", "'"), ("(", ")")} and bare[0] not in bare[1:-1]:
        bare = bare[1:-1].strip(' "<>')
    return "" if not any(map(str.isalnum, bare)) else bare


def _normal(mail: str) -> str:
    """The address with its domain in lower case and in the letters of the DNS; empty where the domain is none, or SMTP cannot carry it."""
    local, _, domain = mail.strip("'`").rpartition("@")
    domain = domain.strip(".'`").lower()
    if not local or local.startswith(".") or not domain or plain_name(mail) != mail or "·" in local:
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
