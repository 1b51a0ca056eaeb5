"""The one thread that works: what is due, what webhooks named, and in between the operator's signals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.service.signals import Signals
from bridge.service.timetable import Timetable
from bridge.watch.health import Health
from bridge.watch.hints import Hint, Hints

LONGEST_SLEEP: Final = 1.0
"""Seconds; a signal that comes while the worker sleeps is seen when it wakes."""
HINTS_AT_ONCE: Final = 50
SCHEDULED: Final = "the pass"


class Alarm:
    """What the worker sleeps on: another thread wakes it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wake(self) -> None:
        """End the sleep, or the next one."""
        self._event.set()

    def sleep(self, seconds: float) -> None:
        """At most so long."""
        self._event.wait(seconds)
        self._event.clear()


@dataclass(frozen=True)
class Worker:
    """`look` looks at tickets that webhooks named, and returns those that have to wait; `sleep` is how it waits."""

    timetable: Timetable
    hints: Hints
    health: Health
    signals: Signals
    look: Callable[[tuple[Hint, ...]], tuple[Hint, ...]]
    reload: Callable[[], None]
    sleep: Callable[[float], None]

    def run(self) -> None:
        """Until told to stop."""
        self.timetable.start()
        while not self.signals.stop.is_set():
            self.health.beat()
            if self.signals.reload.take():
                self.reload()
            self.timetable.tick()
            has_to_wait = self._take_hints()
            if not self.signals.stop.is_set():
                self.sleep(self._pause(has_to_wait=has_to_wait))

    def _take_hints(self) -> bool:
        """Whether some of them have to wait."""
        if self.signals.stop.is_set():
            return False
        hinted = self.hints.take(HINTS_AT_ONCE)
        if hinted.everything:
            self.timetable.hasten(SCHEDULED)
        later = self.look(hinted.hints) if hinted.hints else ()
        self.hints.put_back(*later)
        return bool(later)

    def _pause(self, *, has_to_wait: bool) -> float:
        if has_to_wait:
            return LONGEST_SLEEP
        return 0.0 if len(self.hints) else min(LONGEST_SLEEP, self.timetable.idle())
