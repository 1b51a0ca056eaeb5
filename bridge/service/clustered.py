"""`presale-bridge serve --cluster`: one replica of many over a PostgreSQL store, with the same endpoints, signals and figures."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bridge.app import App
from bridge.budget import BRAKE
from bridge.cluster.place import arguments
from bridge.cluster.queue import Queue
from bridge.cluster.replica import Replica
from bridge.cluster.tasks import Times
from bridge.cluster.work import POLLED, Work
from bridge.jobs import Exit, Summary
from bridge.service.heartbeat import Heartbeat
from bridge.service.notify import tell_ready
from bridge.service.serving import COUNT_EVERY, Service, Watch, heartbeat_of, listening, require_usable, watched
from bridge.service.signals import Signals
from bridge.service.timetable import Clocks, Job, Timetable
from bridge.service.worker import HINTS_AT_ONCE
from bridge.watch.hints import Hints

log: Final = logging.getLogger("bridge.service")

LONGEST_JOB: Final = timedelta(minutes=10)
"""A list, a ticket or the mail that takes longer hangs: each ends much sooner, whatever Redmine and the mail servers answer."""


@dataclass
class Clustered:
    """What a replica does beside its jobs: webhooks into the queue, figures, signals, and what it tells of each job."""

    app: App
    service: Service
    watch: Watch
    clocks: Clocks
    signals: Signals
    heartbeat: Heartbeat
    polled: str = ""
    table: Timetable = field(init=False)
    moved: float = field(init=False)

    def __post_init__(self) -> None:
        """Its own jobs by the clock: none of them asks Redmine anything."""
        jobs = (Job("count", COUNT_EVERY, self.count, at_start=True, waits_at_most=2 * COUNT_EVERY),)
        self.table = Timetable(jobs, self.clocks, lambda: self.app.store, self.watch.metrics)
        self.table.start()
        self.moved = self.clocks.monotonic()

    def replica(self, times: Times) -> Replica:
        """The replica."""
        stopping = self.signals.stop.is_set

        def work(queue: Queue) -> Work:
            return Work(self.app, queue, times.lease, stopping, self.tell)

        replica = Replica(self.app.settings.store_url, work, times, stopping)
        replica.between = lambda queue: self.between(queue, replica)
        replica.waiting = lambda: self.beside(replica)
        return replica

    def between(self, queue: Queue, replica: Replica) -> None:
        """Several times a second, whether a job is at work or not."""
        self.beside(replica)
        hand_over(self.watch.hints, queue)

    def beside(self, replica: Replica) -> None:
        """The same without a queue; the rules are read anew between two jobs. A job that hangs ends the beat, though all else goes on."""
        if not replica.turn.locked():
            self.moved = self.clocks.monotonic()
        if self.clocks.monotonic() - self.moved <= LONGEST_JOB.total_seconds():
            self.watch.health.beat()
        self.table.tick()
        if self.signals.reload.is_set() and replica.turn.acquire(blocking=False):
            try:
                self.signals.reload.take()
                self.service.reload()
            finally:
                replica.turn.release()

    def count(self) -> bool:
        """The store's figures; a list that another replica has made counts for this one's health too."""
        done = self.service.count()
        polled = self.app.store.get(POLLED)
        if polled != self.polled:
            self.polled = polled
            self.watch.health.passed(Summary(polled, self.clocks.now()))
            self.watch.health.brake(self.app.store.get(BRAKE))
        return done

    def tell(self, kind: str, summary: Summary) -> None:
        """A job has ended."""
        self.moved = self.clocks.monotonic()
        now = self.clocks.now()
        seconds = max(0.0, (now - summary.started).total_seconds())
        self.watch.metrics.passed("schedule" if kind == "poll" else kind, summary, seconds, now.timestamp())
        quiet = kind == "look" and summary.exit is Exit.DONE
        level = logging.DEBUG if quiet else logging.INFO if summary.exit in (Exit.DONE, Exit.BUSY) else logging.WARNING
        log.log(level, "%s: %s", kind, summary, extra={"run": summary.run})
        if kind != "poll":
            return
        self.watch.health.passed(summary)
        if summary.exit is Exit.DONE:
            self.heartbeat.beat()


def hand_over(hints: Hints, queue: Queue) -> None:
    """Put what webhooks named into the queue; what cannot be put there stays."""
    hinted = hints.take(HINTS_AT_ONCE)
    if hinted.everything:
        queue.poll()
    for number, hint in enumerate(hinted.hints):
        try:
            queue.hint(hint.ticket_id, hint.tracker)
        except Exception:
            hints.put_back(*hinted.hints[number:])
            raise


def serve_cluster(app: App, every: timedelta, asked: Signals, address: str | None, **times: timedelta) -> None:
    """Work as one replica until told to stop; `times` are others of `Times` than the usual ones.

    Raises:
        PolicyError, PermanentError: what it needs cannot be used; told before anything is begun.
    """
    arguments(app.settings.store_url)
    clocks = Clocks(app.now, time.monotonic)
    watch = watched(app, every, clocks, lambda: None)
    heartbeat = heartbeat_of(app, watch)
    require_usable(app)
    one = Clustered(app, Service(app, watch, clocks, asked, heartbeat), watch, clocks, asked, heartbeat)
    with listening(app, watch, clocks, address):
        tell_ready(os.environ)
        one.replica(Times(every, **times)).run()
    app.close()
