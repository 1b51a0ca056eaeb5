"""The figures for Prometheus: counted in a registry of their own. No label ever has a ticket's number or a person in it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import version
from itertools import product
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from bridge.adapters.redmine.meter import Outcome
from bridge.adapters.store import Figures
from bridge.core.model import Step
from bridge.core.terms import Clock
from bridge.engine import Result
from bridge.errors import BridgeError, TemporaryError
from bridge.jobs import Exit, Summary
from bridge.mail_ports import Fate, Sending
from bridge.ports import ClaimState
from bridge.watch.health import Check, Health

PREFIX: Final = "presale_bridge"
REQUEST_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
PASS_SECONDS: Final = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900)
HOOK_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60)
CLOCKS: Final = (*Clock, Result.OLD, "unknown")
KINDS: Final = ("schedule", "hook", "look", "mail")
CRASHED: Final = "crashed"
OUTCOMES: Final = (*(code.name.lower() for code in Exit), CRASHED)
SHADOW: Final = "shadow"
METHODS: Final = ("GET", "POST", "PUT")
JUMPS: Final = ("back", "forward")
RELOADS: Final = ("taken", "refused")
HEARTBEATS: Final = ("taken", "failed")


class Metrics:
    """All figures of one service. `hooks` are the outcomes that a webhook can have."""

    def __init__(self, monotonic: Callable[[], float], hooks: Iterable[str]) -> None:
        self._monotonic = monotonic
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._passes = self._counter("passes", "Passes ended", kind=KINDS, outcome=OUTCOMES)
        self._pass_seconds = self._histogram("pass_duration_seconds", "How long a pass took", PASS_SECONDS, "kind")
        self._pass_at = self._gauge("last_pass_timestamp_seconds", "When the last whole pass ended, by the wall clock")
        self._decisions = self._counter(
            "decisions", "What tickets wanted, and what became of it", step=Step, result=Result
        )
        self._failed = self._counter("ticket_failures", "Looks at a ticket that failed and were put off")
        self._mail = self._counter("mail_received", "Mails handled, by what became of them", fate=(*Fate, SHADOW))
        self._sent = self._counter("mail_sent", "Mails sent")
        self._requests = self._counter(
            "redmine_requests", "Requests to Redmine, each with its retries", method=METHODS, outcome=Outcome
        )
        self._retries = self._counter("redmine_retries", "Reading tried again, by the status answered", reason=())
        self._request_seconds = self._histogram(
            "redmine_request_duration_seconds", "How long Redmine took, retries included", REQUEST_SECONDS, "method"
        )
        self._hooks = self._counter("hooks", "Webhooks received, by what became of them", outcome=hooks)
        self._hook_delay = self._histogram("hook_delay_seconds", "From a webhook to the end of the look", HOOK_SECONDS)
        self._jobs = self._counter("job_failures", "Runs of a job that did not work out", job=())
        self._back_off = self._gauge("job_back_off_seconds", "How long a failing job waits; 0 when it does not", "job")
        self._jumps = self._counter("clock_jumps", "Times the wall clock jumped, or the machine slept", direction=JUMPS)
        self._reloads = self._counter("rules_reloads", "SIGHUPs, by whether the rules were taken", outcome=RELOADS)
        self._heartbeats = self._counter("heartbeats", "Heartbeats sent after good passes", outcome=HEARTBEATS)
        self._year = self._gauge("calendar_last_known_year", "The last year that the production calendar has")
        self._store_figures()
        self._say_what_runs()

    # --- making ---------------------------------------------------------------------------------------------------------------------------

    def _counter(self, name: str, text: str, **labels: Iterable[str]) -> Counter:
        """A counter with the known values of each label: a series that is born at 1 has not grown for Prometheus, and its first alert is lost."""
        counter = Counter(f"{PREFIX}_{name}", text, tuple(labels), registry=self.registry)
        for values in product(*labels.values()) if labels else ():
            counter.labels(*values)
        return counter

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, registry=self.registry, buckets=buckets)

    def _store_figures(self) -> None:
        self._tickets = self._gauge("tickets", "Open tickets by clock, as their last look found them", "clock")
        self._near = self._gauge("tickets_near_due", "Tickets whose term ends within the next working hours")
        self._aside = self._gauge("tickets_put_aside", "Tickets that failed and wait for their back-off")
        self._ledger = self._gauge("ledger_steps", "Steps in the ledger; claimed: outcome unknown", "state")
        self._outbox = self._gauge("mail_outbox", "Mails that go out, by state", "state")
        self._quarantine = self._gauge("mail_quarantined", "Mails put aside for a person")

    def _say_what_runs(self) -> None:
        labels = self._gauge("build_info", "What runs", "version", "python")
        labels.labels(version("presale-bridge"), platform.python_version()).set(1)

    def watch(self, health: Health, waiting: Callable[[], int]) -> None:
        """Figures that are asked for when somebody looks."""
        checks = self._gauge("check_ok", "The checks of /readyz: 1 where it holds", "check")
        for check in Check:
            checks.labels(check).set_function(partial(_holds, health, check))
        age = self._gauge(
            "seconds_since_pass", "Since the last whole pass, by the monotonic clock; NaN before the first"
        )
        age.set_function(lambda: _or_nan(health.since_pass()))
        self._gauge("seconds_since_loop", "Since the loop last moved").set_function(health.silence)
        self._gauge("hints_waiting", "Tickets that webhooks named and nobody looked at yet").set_function(waiting)

    # --- told -----------------------------------------------------------------------------------------------------------------------------

    def broke_off(self, kind: str, error: Exception) -> None:
        """A pass ended by an error: counted as what the command would have ended with."""
        known = Exit.OUT_OF_REACH if isinstance(error, TemporaryError) else Exit.UNUSABLE
        self._passes.labels(kind, known.name.lower() if isinstance(error, BridgeError) else CRASHED).inc()

    def passed(self, kind: str, summary: Summary, seconds: float, at: float) -> None:
        """A pass has ended; `at` is the wall clock's time stamp."""
        self._passes.labels(kind, summary.exit.name.lower()).inc()
        self._pass_seconds.labels(kind).observe(seconds)
        if kind == "schedule" and summary.exit in (Exit.DONE, Exit.TICKETS_FAILED):
            self._pass_at.set(at)
        for look in summary.looks:
            for decision in look.decisions:
                self._decisions.labels(decision.step.value, look.result.value).inc()
        self._failed.inc(len(summary.failed))
        if summary.mail:
            for taken in summary.mail.haul.taken:
                self._mail.labels(taken.fate.value if taken.fate else SHADOW).inc()
            self._sent.inc(len(summary.mail.sent.sent))

    def counted(self, figures: Figures) -> None:
        """What stands in the store."""
        known = {word or "unknown": number for word, number in figures.tickets.items()}
        for clock in CLOCKS:
            self._tickets.labels(str(clock)).set(known.get(clock, 0))
        self._near.set(figures.near_due)
        self._aside.set(figures.put_aside)
        for state in ClaimState:
            self._ledger.labels(state.value).set(figures.ledger.get(state, 0))
        for sending in Sending:
            self._outbox.labels(sending.value).set(figures.outbox.get(sending, 0))
        self._quarantine.set(figures.quarantined)

    def asked_redmine(self, method: str, outcome: Outcome, seconds: float) -> None:
        """A request to Redmine has ended."""
        self._requests.labels(method, outcome.value).inc()
        self._request_seconds.labels(method).observe(seconds)

    def repeated(self, why: str) -> None:
        """Reading was tried again."""
        self._retries.labels(why).inc()

    def hooked(self, outcome: str) -> None:
        """A webhook was received."""
        self._hooks.labels(outcome).inc()

    def looked(self, delay: float) -> None:
        """A ticket that a webhook named was looked at, so many seconds later."""
        self._hook_delay.observe(delay)

    def job_ended(self, job: str, *, ok: bool, wait: float) -> None:
        """A job has run; `wait` is its back-off."""
        self._jobs.labels(job).inc(0 if ok else 1)
        self._back_off.labels(job).set(wait)

    def clock_jumped(self, seconds: float) -> None:
        """The wall clock moved otherwise than the monotonic one."""
        self._jumps.labels("back" if seconds < 0 else "forward").inc()

    def reloaded(self, *, ok: bool) -> None:
        """The rules were read again."""
        self._reloads.labels("taken" if ok else "refused").inc()

    def beaten(self, *, ok: bool) -> None:
        """A heartbeat was sent."""
        self._heartbeats.labels("taken" if ok else "failed").inc()

    def calendar(self, last_year: int) -> None:
        """The calendar that the rules have."""
        self._year.set(last_year)

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self.registry)


class RedmineMeter:
    """`bridge.adapters.redmine.meter.Meter`: tells the figures and the health of each request."""

    def __init__(self, metrics: Metrics, health: Health, monotonic: Callable[[], float]) -> None:
        self._metrics, self._health, self._monotonic = metrics, health, monotonic

    def asks(self, method: str) -> Callable[[Outcome], None]:
        """See `Meter.asks`."""
        began = self._monotonic()

        def ended(outcome: Outcome) -> None:
            self._metrics.asked_redmine(method, outcome, self._monotonic() - began)
            self._health.asked_redmine(outcome, reading=method == "GET")

        return ended

    def repeats(self, method: str, why: str) -> None:
        """See `Meter.repeats`."""
        del method
        self._metrics.repeated(why)


def _holds(health: Health, check: Check) -> float:
    return float(health.readiness().checks[check].ok)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
