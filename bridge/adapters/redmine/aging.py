"""Things that are looked up once and again when they have become old."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Clock = Callable[[], datetime]


@dataclass
class _Held(Generic[V]):
    value: V
    at: datetime
    in_vain: set[Hashable] = field(default_factory=set)


class Aging(Generic[K, V]):
    """Values by key: loaded on first use, again when older than `keep` or when something is not in them that may be new.

    What was not there after such a second look is not looked for again until the value has become old: a deleted status costs one
    request, not one per ticket.
    """

    def __init__(self, load: Callable[[K], V], clock: Clock, keep: timedelta) -> None:
        self._load = load
        self._clock = clock
        self._keep = keep
        self._held: dict[K, _Held[V]] = {}

    def peek(self, key: K) -> V | None:
        """The value if it is at hand and not older than `keep`."""
        held = self._held.get(key)
        young = held is not None and timedelta(0) <= self._clock() - held.at < self._keep
        return held.value if held is not None and young else None

    def get(self, key: K) -> V:
        """The value, not older than `keep`."""
        value = self.peek(key)
        return self._fresh(key).value if value is None else value

    def having(self, key: K, wanted: Hashable, has: Callable[[V], bool]) -> V:
        """The value, loaded anew if `has` says that `wanted` is not in it."""
        at_hand = self.peek(key) is not None
        value = self.get(key)
        in_vain = self._held[key].in_vain
        if has(value) or wanted in in_vain:
            return value
        if at_hand:
            value = self._fresh(key).value
        self._held[key].in_vain = in_vain | {wanted}
        return value

    def _fresh(self, key: K) -> _Held[V]:
        held = self._held[key] = _Held(self._load(key), self._clock())
        return held
