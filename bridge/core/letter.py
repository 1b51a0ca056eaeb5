"""A mail as the bridge sees it: decoded, with what matters for deciding what becomes of it. `bridge.adapters.mail` makes it of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bridge.core.model import require_aware


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address and the name that came with it; two addresses are one when their `mail` is the same without regard to case."""

    mail: str
    name: str = ""

    @property
    def key(self) -> str:
        """What addresses are compared by."""
        return self.mail.casefold()


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that came with a mail; `size` in bytes. `content` is empty where the file was left out for its size (`left_out` says why)."""

    name: str
    type: str
    size: int
    content: bytes = field(default=b"", repr=False)
    inline: bool = False
    left_out: str = ""


class Automatic(StrEnum):
    """What kind of machine sent a mail."""

    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says: the addresses that failed, with the server's words, and the Message-ID of the mail that came back."""

    failed: tuple[tuple[str, str], ...]
    original_id: str
    final: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail.

    `message_id` and `references` are without angle brackets; `references` has References and then In-Reply-To, oldest first, each once.
    `subject` is decoded, on one line, with its prefixes (`topic` is without). `arrived_at` is when the mailbox got it (INTERNALDATE).
    `text` is the whole text in plain words, HTML converted, nothing cut. `headers` has the decoded values of all headers by
    lower-case name, in order. `verified` are the domains for which a trusted server's Authentication-Results says that From is genuine.
    `digest` tells this message from every other one, whatever route it took: SHA-256 over Message-ID, From, Date, Subject and the body.
    `troubles` says, in sentences, what could not be read as it was meant; `cut` that only the message's beginning was read.
    """

    message_id: str
    sender: Address | None
    subject: str
    text: str
    arrived_at: datetime
    digest: str
    references: tuple[str, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    sent_at: datetime | None = None
    enclosures: tuple[Enclosure, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    verified: frozenset[str] = frozenset()
    bounce: Bounce | None = None
    troubles: tuple[str, ...] = ()
    cut: bool = False

    def __post_init__(self) -> None:
        """Refuse naive moments."""
        require_aware(self.arrived_at, "a mail's arrival")
        if self.sent_at is not None:
            require_aware(self.sent_at, "a mail's date")

    def header(self, name: str) -> str:
        """The first value of a header, empty where there is none."""
        return next(iter(self.headers.get(name.lower(), ())), "")

    def cut_off(self) -> Letter:
        """The same as one of which only the beginning was read: its last file may not be whole."""
        files = self.enclosures
        torn = tuple(
            replace(one, content=b"", left_out=one.left_out or "only its beginning was read") for one in files[-1:]
        )
        return replace(self, enclosures=files[:-1] + torn, cut=True)
