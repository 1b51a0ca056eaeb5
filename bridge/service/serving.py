"""The service put together: the schedule over the app's passes, webhooks that wake it, health and figures of all that."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bridge.adapters.store import SqlStore
from bridge.app import App
from bridge.core.policy import Policy
from bridge.engine import BRAKE, Budget
from bridge.errors import BridgeError, CalendarDataError, TemporaryError
from bridge.jobs import Exit, Flag, Summary
from bridge.service.heartbeat import Heartbeat, checked
from bridge.service.notify import tell_alive, tell_ready
from bridge.service.signals import Signals
from bridge.service.timetable import Clocks, Job, Timetable
from bridge.service.worker import SCHEDULED, Alarm, Worker
from bridge.watch.health import Check, Health
from bridge.watch.hints import Hint, Hints
from bridge.watch.metrics import Metrics, RedmineMeter
from bridge.web.hooks import Doorkeeper, Fate, Keys
from bridge.web.pages import Pages
from bridge.web.server import WebServer, listen

log: Final = logging.getLogger("bridge.service")

COUNT_EVERY: Final = timedelta(seconds=30)
NEARLY_OVER: Final = timedelta(hours=4)
"""Working time before its end in which a term counts as nearly over."""
PROBED: Final = "service alive at"


class Bridge(Protocol):
    """What the service needs of the app."""

    @property
    def policy(self) -> Policy:
        """The rules in force."""

    @property
    def store(self) -> SqlStore:
        """The memory."""

    def run_pass(self, stopping: Flag | None = None, *, tickets: bool = True) -> Summary:
        """One pass."""

    def run_hints(self, hints: Mapping[int, str], budget: Budget, stopping: Flag | None = None) -> Summary:
        """A pass over these tickets alone."""

    def reload(self) -> None:
        """Read the rules again; the old ones stay where the new ones cannot be used, which raises."""


@dataclass
class Watch:
    """What is known of the service, by whoever asks for it."""

    metrics: Metrics
    health: Health
    hints: Hints

    @staticmethod
    def make(
        monotonic: Callable[[], float],
        every: timedelta,
        wake: Callable[[], None],
        heard: Callable[[], None] = lambda: None,
    ) -> Watch:
        """All of it, knowing nothing yet; `heard` is called whenever the loop moves."""
        metrics, health, hints = Metrics(monotonic, Fate), Health(monotonic, every, heard), Hints(wake)
        metrics.watch(health, hints.__len__)
        return Watch(metrics, health, hints)

    def pages(self, keys: Keys, monotonic: Callable[[], float]) -> Pages:
        """The endpoints over it."""
        keeper = Doorkeeper(keys, self.hints, monotonic, lambda fate: self.metrics.hooked(fate.value))
        return Pages(self.health, self.metrics.text, keeper)


class Service:
    """The jobs; all of them run in the worker's thread."""

    def __init__(self, bridge: Bridge, watch: Watch, clocks: Clocks, signals: Signals, heartbeat: Heartbeat) -> None:
        self._bridge, self._watch, self._clocks = bridge, watch, clocks
        self._signals, self._heartbeat = signals, heartbeat
        self._budget = Budget(bridge.policy.limits.changes_per_pass)
        self._rules_are_valid()

    def jobs(self, every: timedelta) -> tuple[Job, ...]:
        """All of them, in the order of one moment."""
        return (
            Job("count", COUNT_EVERY, self.count, at_start=True, waits_at_most=2 * COUNT_EVERY),
            Job(SCHEDULED, every, self.run_pass, at_start=True),
        )

    def worker(self, every: timedelta, sleep: Callable[[float], None]) -> Worker:
        """The loop over the jobs and the hints."""
        table = Timetable(self.jobs(every), self._clocks, lambda: self._bridge.store, self._watch.metrics)
        watch = self._watch
        return Worker(table, watch.hints, watch.health, self._signals, self.look, self.reload, sleep)

    # --- jobs -----------------------------------------------------------------------------------------------------------------------------

    def run_pass(self) -> bool:
        """The scheduled pass, whatever becomes of it; the hints have a whole budget again (W5)."""
        self._budget = Budget(self._bridge.policy.limits.changes_per_pass)
        try:
            summary = self._watched("schedule", lambda: self._bridge.run_pass(self._signals.stop))
        except BridgeError as error:
            self._watch.health.failed(str(error))
            raise
        self._watch.health.passed(summary)
        if summary.exit in (Exit.DONE, Exit.TICKETS_FAILED):
            self._heartbeat.beat()
        return summary.exit is not Exit.OUT_OF_REACH

    def look(self, hints: tuple[Hint, ...]) -> tuple[Hint, ...]:
        """Look at what webhooks named; what comes back has to wait, since another process is at a pass."""
        wanted = {hint.ticket_id: hint.tracker for hint in hints}
        try:
            summary = self._watched("hook", lambda: self._bridge.run_hints(wanted, self._budget, self._signals.stop))
        except BridgeError as error:
            log.error("tickets named by webhooks are left to the next pass: %s", error)  # noqa: TRY400 - as in a job
            return ()
        except Exception:
            log.exception("tickets named by webhooks are left to the next pass")
            return ()
        if summary.exit is Exit.BUSY:
            return hints
        if summary.exit is Exit.HELD:
            self._watch.health.brake(summary.why)
        for hint in hints:
            self._watch.metrics.looked(self._clocks.monotonic() - hint.at)
        return ()

    def _watched(self, kind: str, work: Callable[[], Summary]) -> Summary:
        began = self._clocks.monotonic()
        try:
            summary = work()
        except Exception as error:
            self._watch.metrics.broke_off(kind, error)
            raise
        seconds = self._clocks.monotonic() - began
        self._watch.metrics.passed(kind, summary, seconds, self._clocks.now().timestamp())
        log.log(_level(kind, summary), "%s, %.1f s", summary, seconds, extra={"run": summary.run})
        return summary

    def count(self) -> bool:
        """Write to the store, which shows that it can be written, and count what stands in it."""
        with self._told_of_the_store():
            store, now = self._bridge.store, self._clocks.now()
            store.set(PROBED, now.isoformat())
            self._watch.metrics.counted(store.figures(now, self._soon(now)))
            self._watch.health.brake(store.get(BRAKE))
        return True

    @contextmanager
    def _told_of_the_store(self) -> Iterator[None]:
        try:
            yield
        except BridgeError as error:
            self._watch.health.tell(Check.STORE, ok=False, what=str(error))
            raise
        self._watch.health.tell(Check.STORE, ok=True, what="can be written")

    def _soon(self, now: datetime) -> datetime:
        try:
            return self._bridge.policy.calendar.add(now, NEARLY_OVER)
        except CalendarDataError:
            return now

    # --- rules ----------------------------------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the rules again; where they are wrong the old ones stay, and it is said: in the log, at /readyz and as a figure."""
        try:
            self._bridge.reload()
        except BridgeError as error:
            self._rules_are_refused(str(error))
            log.error("the new rules are not taken, the old ones stay in force:\n%s", error)  # noqa: TRY400 - a sentence
        except Exception as error:
            self._rules_are_refused(type(error).__name__)
            log.exception("the new rules are not taken, the old ones stay in force")
        else:
            self._rules_are_valid()
            self._watch.metrics.reloaded(ok=True)
            log.info("the rules were read again and are in force")

    def _rules_are_refused(self, why: str) -> None:
        self._watch.metrics.reloaded(ok=False)
        self._watch.health.tell(Check.RULES, ok=False, what=f"the old ones are in force, the file was refused: {why}")

    def _rules_are_valid(self) -> None:
        self._watch.metrics.calendar(self._bridge.policy.calendar.last_known_year)
        self._watch.health.tell(Check.RULES, ok=True, what="as the file has them")


def _level(kind: str, summary: Summary) -> int:
    """Hints at tickets that are none of ours come often, and say nothing."""
    if summary.exit not in (Exit.DONE, Exit.BUSY):
        return logging.WARNING
    return logging.INFO if kind == "schedule" or summary.looked_at else logging.DEBUG


def serve(app: App, every: timedelta, asked: Signals, address: str | None) -> None:
    """Work until told to stop; at an `address` also answer over HTTP.

    Raises:
        PolicyError, PermanentError: what it needs cannot be used; told before anything is begun.
    """
    alarm = Alarm()
    clocks = Clocks(app.now, time.monotonic)
    watch = watched(app, every, clocks, alarm.wake)
    heartbeat = heartbeat_of(app, watch)
    require_usable(app)
    service = Service(app, watch, clocks, asked, heartbeat)
    with listening(app, watch, clocks, address):
        tell_ready(os.environ)
        service.worker(every, alarm.sleep).run()
    app.close()


def watched(app: App, every: timedelta, clocks: Clocks, wake: Callable[[], None]) -> Watch:
    """What watches the app from now on; `wake` is called when a webhook has named a ticket."""
    watch = Watch.make(clocks.monotonic, every, wake, lambda: tell_alive(os.environ))
    app.meter, app.progress = RedmineMeter(watch.metrics, watch.health, clocks.monotonic), watch.health.beat
    return watch


def heartbeat_of(app: App, watch: Watch) -> Heartbeat:
    """The heartbeat that the settings name, if any."""
    url = checked(app.settings.heartbeat_url, app.settings.plain_http) if app.settings.heartbeat_url else ""
    return Heartbeat(url, watch.metrics.beaten)


def require_usable(app: App) -> None:
    """What will not work later either is told at once; a database that is only away is waited for."""
    app.require()
    with suppress(TemporaryError):
        app.store.get(BRAKE)


@contextmanager
def listening(app: App, watch: Watch, clocks: Clocks, address: str | None) -> Iterator[None]:
    """Answer over HTTP while the block lasts, where there is an address."""
    if address is None:
        yield
        return
    keys = Keys(app.settings.hook_secrets, app.settings.hook_token)
    server = WebServer(watch.pages(keys, clocks.monotonic).app(), listen(address))
    server.start()
    log.info("answers at http://%s/", address)
    try:
        yield
    finally:
        server.stop()
