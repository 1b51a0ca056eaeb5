"""Whether From is genuine: what a server that we trust wrote into Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bridge.adapters.mail.headers import Header
from bridge.core.letter import Address

_LOOKED_AT: Final = 20_000
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|.', re.DOTALL)
_IN_COMMENT: Final = re.compile(r"\\.|.", re.DOTALL)
_HARMLESS: Final = re.compile(r'"([\w.@+-]*)"')
_EQUALS: Final = re.compile(r"\s*=\s*")
_ABOUT_FROM: Final = {"dmarc": frozenset({"header.from"}), "dkim": frozenset({"header.d", "header.i"})}


def verified(header: Header, senders: tuple[Address, ...], authserv: str) -> frozenset[str]:
    """From's domain where the topmost Authentication-Results of `authserv` says `dmarc=pass`, or `dkim=pass` for that very domain.

    A header that a sender wrote himself stands below the one that our server adds, so only the topmost of its name is believed. With several
    addresses or several fields of From nothing is proven: servers look at one of them. Nor is it where DMARC failed, or is told twice and
    differently.
    """
    value = header.get("authentication-results")
    if not authserv or len(senders) != 1 or len(header.all("from")) != 1 or not value:
        return frozenset()
    server, *rest = _parts(value[:_LOOKED_AT]) or [""]
    words = server.split()
    if not words or words[0].casefold() != authserv.casefold():
        return frozenset()
    domain = senders[0].mail.rpartition("@")[2].lower()
    results = [found for one in rest if (found := _result(one)) is not None]
    told = {one.word for one in results if one.method == "dmarc"}
    if len(told) > 1 or "fail" in told or not any(one.proves(domain) for one in results):
        return frozenset()
    return frozenset({domain})


def _parts(value: str) -> list[str]:
    """What stands between semicolons, without comments; nothing where the header is not well-formed, as a sender's words that were not escaped make it.

    A quoted string is one word; in one that is more than an address or a name, nothing is read.
    """
    parts, at, depth = [""], 0, 0
    while at < len(value):
        found = (_IN_COMMENT if depth else _TOKEN).match(value, at)
        piece = found[0] if found else ""
        at += len(piece)
        if piece in {'"', "\\"}:
            return []
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth < 0:
            return []
        if piece == ";" and not depth:
            parts.append("")
        elif piece == ")":
            parts[-1] += " "
        elif not depth:
            parts[-1] += _unquoted(piece)
    return [] if depth else parts


def _unquoted(piece: str) -> str:
    if piece[0] != '"':
        return piece
    harmless = _HARMLESS.fullmatch(piece)
    return harmless[1] if harmless else '"'


@dataclass(frozen=True, slots=True)
class _Result:
    """What one method says, and of which domains."""

    method: str
    word: str
    domains: frozenset[str]

    def proves(self, domain: str) -> bool:
        """Whether it passed for this domain, and for none but those above or below it."""
        if self.word != "pass" or (not self.domains and self.method == "dkim"):
            return False
        return domain in (self.domains or {domain}) and all(_are_kin(one, domain) for one in self.domains)


def _result(part: str) -> _Result | None:
    """`dkim/1=pass header.d=example.com` taken apart; None for a method that says nothing of From."""
    first, *rest = _EQUALS.sub("=", part).split() or [""]
    method, _, word = first.partition("=")
    method = method.partition("/")[0].lower()
    properties = (one.partition("=") for one in rest)
    named = [value for name, _, value in properties if name.lower() in _ABOUT_FROM.get(method, ())]
    domains = frozenset(one.rpartition("@")[2].lower().rstrip(".") for one in named)
    return _Result(method, word.lower(), domains) if method in _ABOUT_FROM else None


def _are_kin(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
