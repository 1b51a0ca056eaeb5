"""Whether From is genuine: what a server that we trust wrote into Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from typing import Final

from bridge.adapters.mail.headers import Header
from bridge.core.letter import Address

_COMMENT: Final = re.compile(r"\([^()]{0,500}\)")
_RESULT: Final = re.compile(r"\s*(dmarc|dkim)(?:/\d)?\s{0,3}=\s{0,3}([a-z]+)(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN: Final = re.compile(
    r"header\.(?:d|i|from)\s{0,3}=\s{0,3}\"?(?:[^\s@;\"]{0,200}@)?([\w.-]{1,253})", re.IGNORECASE
)


def verified(header: Header, senders: tuple[Address, ...], authserv: str) -> frozenset[str]:
    """From's domain where the topmost Authentication-Results of `authserv` says `dmarc=pass`, or `dkim=pass` for that very domain.

    A header that a sender wrote himself stands below the one that our server adds, so only the topmost of its name is believed. With several
    addresses or several fields of From nothing is proven: servers look at one of them.
    """
    value = header.get("authentication-results")
    if not authserv or len(senders) != 1 or len(header.all("from")) != 1 or not value:
        return frozenset()
    for _ in range(3):
        value = _COMMENT.sub(" ", value)
    server, *results = value[:20_000].split(";")
    words = server.split()
    if not words or words[0].casefold() != authserv.casefold():
        return frozenset()
    domain = senders[0].mail.rpartition("@")[2].lower()
    return frozenset({domain}) if any(_proves(one, domain) for one in results) else frozenset()


def _proves(result: str, domain: str) -> bool:
    found = _RESULT.match(result)
    if found is None or found[2].lower() != "pass":
        return False
    named = {one.lower().rstrip(".") for one in _DOMAIN.findall(found[3])}
    if found[1].lower() == "dmarc":
        return not named or domain in named
    return domain in named
