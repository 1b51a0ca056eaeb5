"""What the mail channel needs of the world: a mailbox, a postman, more of Redmine, and the store's part for mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way to or from a ticket."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened: names are those of the rules, `description` is in the project's markup.

    `placeholders` are for fields that Redmine insists on and that nothing is known of.
    """

    project: str
    tracker: str
    subject: str
    description: str
    fields: Mapping[str, str] = field(default_factory=dict)
    placeholders: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()


class Desk(Protocol):
    """What the mail channel needs of Redmine beyond `Tracker`. Raises as `Tracker` does."""

    def find(self, key: str) -> int | None:
        """The ticket whose description a mail's mark with this key stands in, open or closed; None when there is none. One request."""

    def open(self, new: NewTicket, on_behalf_of: str = "") -> int:
        """Open a ticket; its number. `on_behalf_of` is a verified sender's address: in that person's name, where the account exists."""

    def note(self, ticket_id: int, text: str, *, private: bool = False, files: tuple[File, ...] = ()) -> None:
        """Add a note with files, in one request."""

    def files(self, ticket_id: int, journal_id: int, at_most: int) -> tuple[File, ...]:
        """The attachments that came with a journal and are still there; `content` is empty for those beyond `at_most` bytes."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the mailbox that the bridge has not marked yet; `size` in bytes, `arrived_at` is INTERNALDATE."""

    folder: str
    uid: str
    arrived_at: datetime
    size: int


class Mailbox(Protocol):
    """A mailbox that people go on reading. Only a keyword of the bridge's own is set; nothing is fetched in a way that marks it as seen.

    Every method raises `TemporaryError` when the server is out of reach or talks nonsense, `PermanentError` when it refuses (password, folder,
    no keywords). UIDs are good for one session only: nothing remembers them.
    """

    def waiting(self, since: datetime) -> Iterator[Waiting]:
        """Messages without the bridge's keyword that arrived at or after `since` and that nobody has marked as deleted, oldest first."""

    def fetch(self, waiting: Waiting, at_most: int) -> bytes:
        """The message as it stands, or its first `at_most` bytes; empty when it is gone meanwhile."""

    def mark(self, waiting: Waiting, *, handled: bool = True) -> None:
        """Set the bridge's keyword, and on what was `handled` what else the rules say (seen, another folder); nothing when it is gone.

        What is left for people to deal with stays where they look for it, unread.
        """

    def has(self, message_id: str) -> bool:
        """Whether a message with this Message-ID (without angle brackets) is in the mailbox, marked or not."""


class Postman(Protocol):
    """Hands mails to an SMTP server."""

    def send(self, mail: bytes, sender: str, recipients: tuple[str, ...]) -> Mapping[str, str]:
        """Send one mail; returns the recipients refused for good with the server's words, where others were taken.

        Raises:
            OutOfReachError: it was not taken, and nothing else would be now.
            TemporaryError: it was not taken, and may be later (4xx, a recipient deferred: then nobody gets it yet).
            UnknownOutcomeError: it was sent and no answer came.
            PermanentError: refused for good (5xx, all recipients refused, wrong password, no TLS).
        """

    def check(self) -> None:
        """Connect and log in, and send nothing; raises as `send` does."""


class Fate(StrEnum):
    """What became of a mail that came in."""

    TICKET = "ticket"
    NOTE = "note"
    LEAVE = "leave"
    MACHINE = "machine"
    QUARANTINE = "quarantine"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Received:
    """What the store remembers of a mail that came in; `key` is the letter's keyed digest. No fate yet: claimed, outcome unknown."""

    key: str
    claimed_at: datetime
    message_id: str = ""
    fate: Fate | None = None
    ticket_id: int | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A mail put aside for a person, with the reason; `raw` is the message as it came, `at` when the mailbox got it."""

    key: str
    at: datetime
    reason: str
    sender: str
    subject: str
    raw: bytes = field(default=b"", repr=False)


class Sending(StrEnum):
    """How far a mail that goes out is."""

    READY = "ready"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail in the outbox: one for each journal that is mailed, or for each `occasion` that no journal stands for.

    `message_id` is deterministic and unique. `mail` is the finished message. READY: to be sent at `next_at`; CLAIMED: it may have been sent.
    """

    message_id: str
    ticket_id: int
    journal_id: int
    sender: str
    recipients: tuple[str, ...]
    mail: bytes = field(repr=False)
    state: Sending = Sending.READY
    tries: int = 0
    next_at: datetime | None = None
    reason: str = ""


class Post(Protocol):
    """The store's part for mail. Raises as `Store` does."""

    def received(self, key: str) -> Received | None:
        """What is remembered of a mail."""

    def claim_letter(self, key: str, at: datetime, sender: str, message_id: str) -> bool:
        """Claim a mail for handling; False when it is known already, claimed or settled. `sender` counts for the day's cap."""

    def reclaim_letter(self, received: Received, at: datetime) -> bool:
        """Take over a claim whose owner is gone: compare-and-set on `claimed_at`; False when somebody else did."""

    def settle_letter(self, key: str, fate: Fate, at: datetime, ticket_id: int | None = None) -> None:
        """Remember what became of it; what is settled stays, except that a quarantined one can be settled anew."""

    def thread(self, ticket_id: int) -> tuple[str, ...]:
        """Message-IDs of the mails that became a ticket or notes of it, oldest first; empty ones left out."""

    def letters_since(self, sender: str, since: datetime) -> int:
        """How many mails of an address became tickets, notes or are being handled since then."""

    def tickets_since(self, sender: str, since: datetime) -> int:
        """How many mails of an address became tickets since then."""

    def quarantine(self, quarantined: Quarantined) -> None:
        """Put a mail aside and settle it so, in one transaction."""

    def quarantined(self, key: str = "") -> tuple[Quarantined, ...]:
        """Mails put aside, oldest first, without `raw`; with a key (or a beginning of one that is unique) that one, with `raw`."""

    def release_quarantined(self, key: str, fate: Fate | None, at: datetime) -> None:
        """Take a mail out of the quarantine: with a fate it is settled so, without one it is handled anew as if just arrived."""

    def released(self) -> tuple[Quarantined, ...]:
        """Mails taken out of the quarantine to be handled anew, with `raw`, oldest first, until they are settled.

        `received` tells each as a claim whose owner is gone: `reclaim_letter` decides who handles it.
        """

    def post(self, outgoing: Outgoing) -> bool:
        """Put a mail into the outbox; False when one with its Message-ID has been there before, in whatever state."""

    def posted(self, ticket_id: int) -> frozenset[int]:
        """Journals of a ticket for which a mail has been put into the outbox."""

    def outbox(self, now: datetime) -> tuple[Outgoing, ...]:
        """Mails to be sent now, and claimed ones, oldest first."""

    def claim_sending(self, message_id: str, at: datetime) -> bool:
        """READY becomes CLAIMED, with `at` as `next_at`; False when somebody else has it."""

    def reclaim_sending(self, outgoing: Outgoing, at: datetime) -> bool:
        """Take over a claimed mail whose owner is gone: compare-and-set on `next_at`, which becomes `at`; False when somebody else did."""

    def settle_sending(self, message_id: str, state: Sending, next_at: datetime, reason: str = "") -> None:
        """SENT and FAILED are for good and drop the message's text; READY tries again at `next_at` and counts the try."""

    def sent_since(self, recipient: str, since: datetime) -> int:
        """How many mails have gone, or wait to go, to an address since then."""

    def purge(self, before: datetime, *, dry: bool = False) -> int:
        """Remove personal data (addresses, Message-IDs of senders, quarantined messages) of what is done with and older than that.

        Keyed digests, fates and states stay. Returns of how many mails; `dry` only counts.
        """
