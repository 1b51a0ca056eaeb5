"""Which ticket a mail belongs to: by the keyed hash in the Message-IDs of our own mails, never by a number that anybody can write."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_LENGTH: Final = 20
_OURS: Final = re.compile(r"^presale\.(\d{1,18})\.(\d{1,18})\.([0-9a-f]{20})@", re.IGNORECASE)
_KEY_LENGTH: Final = 24


@dataclass(frozen=True, slots=True)
class Threads:
    """Message-IDs that only the holder of the secret can make. The first secret signs; the others, older ones, are still believed."""

    secrets: tuple[bytes, ...] = field(repr=False)
    domain: str

    def __post_init__(self) -> None:
        """Refuse to sign with nothing.

        Raises:
            ValueError: there is no secret, or one is shorter than 16 bytes.
        """
        if not self.secrets or any(len(secret) < 16 for secret in self.secrets):
            msg = "a secret of at least 16 bytes is needed to sign Message-IDs"
            raise ValueError(msg)

    def message_id(self, ticket_id: int, journal_id: int) -> str:
        """The Message-ID, without angle brackets, of the mail that carries a journal; always the same for the same journal."""
        return f"presale.{ticket_id}.{journal_id}.{_sign(self.secrets[0], ticket_id, journal_id)}@{self.domain}"

    def read(self, message_id: str) -> tuple[int, int] | None:
        """Ticket and journal that one of our Message-IDs stands for; None for anybody else's and for a forged one."""
        found = _OURS.match(message_id)
        if found is None:
            return None
        ticket, journal, signature = int(found[1]), int(found[2]), found[3].lower()
        genuine = any(hmac.compare_digest(signature, _sign(secret, ticket, journal)) for secret in self.secrets)
        return (ticket, journal) if genuine else None

    def ticket_of(self, message_ids: Iterable[str]) -> int | None:
        """The ticket that the last of our Message-IDs among these stands for."""
        found = [read for one in message_ids if (read := self.read(one)) is not None]
        return found[-1][0] if found else None

    def keys(self, digest: str) -> tuple[str, ...]:
        """What a letter with this digest is called in the store and in Redmine: by the present secret first, then by older ones."""
        return tuple(_hash(secret, f"letter {digest}")[:_KEY_LENGTH] for secret in self.secrets)


def _sign(secret: bytes, ticket_id: int, journal_id: int) -> str:
    return _hash(secret, f"thread {ticket_id} {journal_id}")[:_LENGTH]


def _hash(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode("ascii"), "sha256").hexdigest()
