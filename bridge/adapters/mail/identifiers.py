"""Message-IDs, moments and the digest of a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

from bridge.adapters.mail.clean import clean
from bridge.adapters.mail.headers import Header

REFERENCES_AT_MOST: Final = 100
_READ_AT_MOST: Final = 32 * 1024
_ANGLED: Final = re.compile(r"<([^<>]{1,998})>")
_BARE: Final = re.compile(r"[^\s<>(),;\"]{1,500}@[^\s<>(),;\"]{1,400}")
_SPACE: Final = re.compile(r"\s+")


def message_id(header: Header) -> str:
    """The Message-ID without angle brackets, empty where there is none."""
    return next((one for value in header.all("message-id") for one in _ids(value)), "")


def references(header: Header) -> tuple[str, ...]:
    """References and then In-Reply-To, oldest first, each once; of too many the newest."""
    found = [one for name in ("references", "in-reply-to") for value in header.all(name) for one in _ids(value)]
    return tuple(dict.fromkeys(found))[-REFERENCES_AT_MOST:]


def _ids(value: str) -> Iterator[str]:
    tail = clean(value[-_READ_AT_MOST:])
    angled = [_SPACE.sub("", one) for one in _ANGLED.findall(tail)]
    yield from filter(None, angled or _BARE.findall(tail))


def sent_at(header: Header) -> datetime | None:
    """When the sender says that it was sent; None where that cannot be read, or is no year of mails."""
    try:
        at = parsedate_to_datetime(" ".join(header.get("date").split())[:200])
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return at if 1970 <= at.astimezone(UTC).year <= 2200 else None
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def digest(header: Header, body: bytes) -> str:
    """SHA-256 over what stays the same on every route: Message-ID, From, Date, Subject, and the body with its line ends made one kind."""
    made = sha256()
    for name in ("message-id", "from", "date", "subject"):
        made.update(
            f"{name}:{'|'.join(' '.join(one.split()) for one in header.all(name))}\n".encode("utf-8", "surrogatepass")
        )
    made.update(body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip())
    return made.hexdigest()
