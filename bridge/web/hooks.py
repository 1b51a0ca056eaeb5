"""A webhook on its way in: who sent it, whether it was seen before, what it is about. It is only a hint; nothing is lost if it is refused."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from bridge.watch.hints import Hints
from bridge.web.payloads import NonsenseError, read

log: Final = logging.getLogger("bridge.web")

REMEMBERED: Final = 4096
SAID_EVERY: Final = 60.0
"""Seconds between two lines about the same kind of refusal: who floods the endpoint does not flood the log."""
JSON: Final = "application/json"


class Fate(StrEnum):
    """What became of a webhook."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    OTHER = "other"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    OVERSIZED = "oversized"
    SLOW = "slow"
    CUT_OFF = "cut_off"
    WRONG_TYPE = "wrong_type"
    NONSENSE = "nonsense"


STATUS: Final = {
    Fate.ACCEPTED: 202,
    Fate.REPLAYED: 202,
    Fate.OTHER: 202,
    Fate.UNSIGNED: 401,
    Fate.FORGED: 401,
    Fate.OVERSIZED: 413,
    Fate.SLOW: 408,
    Fate.CUT_OFF: 400,
    Fate.WRONG_TYPE: 415,
    Fate.NONSENSE: 400,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told, in one sentence."""

    fate: Fate
    sentence: str

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.fate]


@dataclass(frozen=True, slots=True)
class Keys:
    """What senders prove themselves by: any of the secrets signs a body; the token is for senders that cannot sign, in the URL's path."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    token: bytes = field(default=b"", repr=False)

    def signed(self, body: bytes, signature: str) -> bool:
        """Whether `sha256=<hex>` is the body's HMAC under one of the secrets; in constant time."""
        given = signature.strip().encode("utf-8", "replace")
        made = [b"sha256=" + hmac.new(one, body, hashlib.sha256).hexdigest().encode() for one in self.secrets]
        return any([hmac.compare_digest(given, one) for one in made])  # noqa: C419 - a list: all of them are compared

    def opens(self, token: str) -> bool:
        """Whether that is the token; in constant time, whatever its length."""
        given, kept = (hashlib.sha256(one).digest() for one in (token.encode("utf-8", "replace"), self.token))
        return hmac.compare_digest(given, kept) and bool(self.token)


class Doorkeeper:
    """Lets webhooks in. `count` is told what became of each."""

    def __init__(self, keys: Keys, hints: Hints, monotonic: Callable[[], float], count: Callable[[Fate], None]) -> None:
        self.keys = keys
        self._hints, self._monotonic, self._count = hints, monotonic, count
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._said: dict[Fate, float] = {}

    def signed(self, body: bytes, signature: str) -> Answer:
        """A webhook that proves itself by its signature."""
        if not signature:
            return self.refuse(
                Fate.UNSIGNED, "the header X-Redmine-Signature-256 is missing: give the sender the secret"
            )
        if not self.keys.signed(body, signature):
            return self.refuse(Fate.FORGED, "the signature is not that of this body under the bridge's secret")
        return self._take(body)

    def by_token(self, body: bytes, token: str) -> Answer:
        """A webhook that proves itself by the URL that it was sent to."""
        if not self.keys.opens(token):
            return self.refuse(Fate.FORGED, "this is not the URL that the bridge's operator has set")
        return self._take(body)

    def refuse(self, fate: Fate, sentence: str) -> Answer:
        """Count and answer; said in the log once in a while."""
        self._count(fate)
        now = self._monotonic()
        if now - self._said.get(fate, now - SAID_EVERY) >= SAID_EVERY:
            self._said[fate] = now
            log.warning("a webhook was refused: %s", sentence, extra={"reason": fate.value})
        return Answer(fate, sentence)

    def _take(self, body: bytes) -> Answer:
        try:
            hint = read(body, self._monotonic())
        except NonsenseError as error:
            return self.refuse(Fate.NONSENSE, str(error))
        if hint is None:
            return self._answer(Fate.OTHER, "about no ticket")
        if self._is_replay(body):
            return self._answer(Fate.REPLAYED, "seen before")
        self._hints.put(hint)
        return self._answer(Fate.ACCEPTED, "to be looked at")

    def _answer(self, fate: Fate, sentence: str) -> Answer:
        self._count(fate)
        return Answer(fate, sentence)

    def _is_replay(self, body: bytes) -> bool:
        """Every sender's body has a moment in it, so that the same bytes are the same webhook."""
        digest = hashlib.sha256(body).digest()
        known = digest in self._seen
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known
