"""`schedule` with what it lacks (library notes, measured): jobs that never raise, back-off, memory, and a watch by the monotonic clock.

`schedule` says by the wall clock when a job comes: a clock that is set back by three hours would mean three hours of silence. Beside it each
job has its moment by the monotonic clock; whichever comes first counts. After a sleep, which the monotonic clock does not see, or with a
clock set forward, it is `schedule` that runs what was missed, once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import schedule

from bridge.errors import BridgeError

log: Final = logging.getLogger("bridge.service")

LONGEST_WAIT: Final = timedelta(minutes=5)
JUMP: Final = 5.0
"""Seconds by which the two clocks have to part between two ticks to be called a jump; a clock that is only kept right moves less."""
AT_ONCE: Final = datetime.min  # noqa: DTZ901 - `schedule` counts in naive local time


@dataclass(frozen=True)
class Job:
    """Something done again and again: `work` returns whether it worked out.

    `at_start`: done at once, whenever it was done last. `waits_at_most` is the longest back-off (wall time), unless it is rarer by itself.
    """

    name: str
    every: timedelta
    work: Callable[[], bool]
    at_start: bool = False
    waits_at_most: timedelta = LONGEST_WAIT


@dataclass(frozen=True)
class Clocks:
    """The time of day, and the clock that nobody sets."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


class Memory(Protocol):
    """Named values that outlive the process: the store."""

    def get(self, name: str) -> str:
        """A value; empty when not set."""

    def set(self, name: str, value: str) -> None:
        """Keep a value."""


class Listener(Protocol):
    """Who counts what happens here."""

    def job_ended(self, job: str, *, ok: bool, wait: float) -> None:
        """A job has run; `wait` is its back-off in seconds, 0 when it comes again in time."""

    def clock_jumped(self, seconds: float) -> None:
        """The wall clock moved otherwise than the monotonic one, by so much."""


@dataclass
class Entry:
    """A job with its moments by the monotonic clock."""

    job: Job
    scheduled: schedule.Job
    due: float = 0.0
    held_until: float = 0.0
    failures: int = field(default=0)


class Timetable:
    """The jobs of one thread, one after the other: none overlaps another or itself."""

    def __init__(self, jobs: Sequence[Job], clocks: Clocks, memory: Callable[[], Memory], listener: Listener) -> None:
        self._clocks, self._memory, self._listener = clocks, memory, listener
        self.scheduler = schedule.Scheduler()
        self._entries = [self._enter(job) for job in jobs]
        self._apart = self._between_clocks()

    def _enter(self, job: Job) -> Entry:
        seconds = max(1, int(job.every.total_seconds()))
        entry = Entry(job, self.scheduler.every(seconds).seconds)
        entry.scheduled.do(self._run, entry)
        return entry

    # --- when -----------------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Jobs that are done at start, that were missed, or that nobody remembers come at once; the others when their time is."""
        for entry in self._entries:
            entry.due = self._clocks.monotonic() + self._left(entry.job).total_seconds()

    def _left(self, job: Job) -> timedelta:
        last = None if job.at_start else self._remembered(job)
        passed = self._clocks.now() - last if last else job.every
        return job.every - passed if timedelta(0) <= passed < job.every else timedelta(0)

    def tick(self) -> None:
        """Run what has come due by either clock."""
        self._watch_clocks()
        for entry in self._entries:
            if self._clocks.monotonic() >= entry.due:
                entry.scheduled.next_run = AT_ONCE
        self.scheduler.run_pending()

    def hasten(self, name: str) -> None:
        """Have a job run at the next tick, unless it is in its back-off."""
        for entry in self._entries:
            if entry.job.name == name:
                entry.due = max(self._clocks.monotonic(), entry.held_until)

    def idle(self) -> float:
        """Seconds until the next job is due by the monotonic clock."""
        return max(0.0, min((entry.due for entry in self._entries), default=0.0) - self._clocks.monotonic())

    def _between_clocks(self) -> float:
        return self._clocks.now().timestamp() - self._clocks.monotonic()

    def _watch_clocks(self) -> None:
        before, self._apart = self._apart, self._between_clocks()
        jump = self._apart - before
        if abs(jump) >= JUMP:
            how = "back" if jump < 0 else "forward, or the machine slept"
            log.warning("the clock was set %s: by %.0f s; the schedule goes on", how, abs(jump))
            self._listener.clock_jumped(jump)

    # --- what -----------------------------------------------------------------------------------------------------------------------------

    def _run(self, entry: Entry) -> None:
        if self._clocks.monotonic() < entry.held_until:
            return
        ok = self._guarded(entry.job)
        entry.failures = 0 if ok else entry.failures + 1
        wait = self._wait(entry)
        entry.due = self._clocks.monotonic() + wait
        entry.held_until = entry.due if entry.failures else 0.0
        self._listener.job_ended(entry.job.name, ok=ok, wait=0.0 if ok else wait)

    @staticmethod
    def _wait(entry: Entry) -> float:
        """As often as it is to come; twice as long after each failure but the first."""
        every = entry.job.every.total_seconds()
        doubled: float = every * 2.0 ** min(max(entry.failures - 1, 0), 10)
        return min(doubled, max(every, entry.job.waits_at_most.total_seconds()))

    def _guarded(self, job: Job) -> bool:
        """Whether it worked out; whatever goes wrong is logged, since `schedule` drops a job that raises and runs it first ever after."""
        try:
            ok = job.work()
            self._memory().set(_name(job), self._clocks.now().isoformat())
        except BridgeError as error:
            log.error("%s failed: %s", job.name, error)  # noqa: TRY400 - a sentence says more to the operator than a traceback
            return False
        except Exception:
            log.exception("%s failed", job.name)
            return False
        return ok

    def _remembered(self, job: Job) -> datetime | None:
        """When it ran last, as far as the store tells; what it cannot tell counts as never."""
        try:
            return datetime.fromisoformat(self._memory().get(_name(job)))
        except (BridgeError, ValueError):
            return None


def _name(job: Job) -> str:
    return f"last run: {job.name}"
