"""What the service was told to look at: a bounded set of tickets, filled by one thread and emptied by another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

AT_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Hint:
    """A ticket that has changed, somebody says; `tracker` is empty where that was not said, `at` is monotonic."""

    ticket_id: int
    tracker: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Hinted:
    """What is taken out at once; `everything` when there were more than are remembered: a whole pass is cheaper then."""

    hints: tuple[Hint, ...]
    everything: bool = False


class Hints:
    """Each ticket once, however often it is named; beyond `at_most` only that there were more. `wake` is called when something came."""

    def __init__(self, wake: Callable[[], None] = lambda: None, at_most: int = AT_MOST) -> None:
        self._wake, self._at_most = wake, at_most
        self._lock = threading.Lock()
        self._hints: dict[int, Hint] = {}
        self._overflowed = False

    def put(self, *hints: Hint) -> None:
        """Remember them; of one ticket the first hint's moment counts, and the last one's tracker."""
        self.put_back(*hints)
        if hints:
            self._wake()

    def put_back(self, *hints: Hint) -> None:
        """Remember what could not be looked at now, without waking anybody."""
        with self._lock:
            for hint in hints:
                self._put(hint)

    def _put(self, hint: Hint) -> None:
        known = self._hints.get(hint.ticket_id)
        if known is None and len(self._hints) >= self._at_most:
            self._overflowed = True
            return
        at = known.at if known else hint.at
        self._hints[hint.ticket_id] = Hint(hint.ticket_id, hint.tracker, at)

    def take(self, at_most: int) -> Hinted:
        """Take some out, oldest first; all of them when there were too many."""
        with self._lock:
            if self._overflowed:
                self._hints.clear()
                self._overflowed = False
                return Hinted((), everything=True)
            numbers = list(self._hints)[:at_most]
            return Hinted(tuple(self._hints.pop(number) for number in numbers))

    def __len__(self) -> int:
        with self._lock:
            return len(self._hints)
