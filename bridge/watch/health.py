"""Whether the service is alive and of use, from what its own work has shown: asking costs neither Redmine nor the store anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from bridge.adapters.redmine.meter import Outcome
from bridge.jobs import Exit, Summary

SILENT_AT_MOST: Final = timedelta(minutes=5)
"""Longer than one request with all its time-outs and retries: a loop that has not moved for so long hangs."""
PASSES_MISSED: Final = 3
LEAST_PATIENCE: Final = timedelta(minutes=5)
ANSWERED: Final = frozenset({Outcome.DONE, Outcome.NOT_FOUND})


class Check(StrEnum):
    """What readiness is made of."""

    REDMINE = "redmine"
    STORE = "store"
    RULES = "rules"
    PASSES = "passes"
    BRAKE = "brake"


@dataclass(frozen=True, slots=True)
class State:
    """How one check stands, with a sentence."""

    ok: bool
    what: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks."""

    checks: Mapping[Check, State]

    @property
    def ready(self) -> bool:
        """Whether every check holds."""
        return all(state.ok for state in self.checks.values())

    def as_json(self) -> dict[str, Any]:
        """As `/readyz` shows it."""
        return {
            "ready": self.ready,
            "checks": {check.value: {"ok": state.ok, "what": state.what} for check, state in self.checks.items()},
        }


class Health:
    """Told by the worker, asked by whoever watches. Ages are by the monotonic clock, whatever the wall clock says. `heard` is called at each beat."""

    def __init__(
        self, monotonic: Callable[[], float], every: timedelta, heard: Callable[[], None] = lambda: None
    ) -> None:
        self._monotonic, self._heard = monotonic, heard
        self._patience = max(PASSES_MISSED * every, LEAST_PATIENCE).total_seconds()
        self._lock = threading.Lock()
        self._beat = monotonic()
        self._passed: float | None = None
        self._trouble = ""
        self._states = dict.fromkeys(Check, State(ok=False, what="nothing is known yet"))

    # Told

    def beat(self) -> None:
        """The loop moves."""
        self._beat = self._monotonic()
        self._heard()

    def tell(self, check: Check, *, ok: bool, what: str) -> None:
        """How a check stands from now on."""
        with self._lock:
            self._states[check] = State(ok, what)

    def asked_redmine(self, outcome: Outcome, *, reading: bool) -> None:
        """A request to Redmine has ended. Refusing to write is an answer; reading is refused where the key, the certificate or the address is wrong."""
        if outcome in ANSWERED or (outcome is Outcome.REFUSED and not reading):
            self.tell(Check.REDMINE, ok=True, what="the last request was answered")
        else:
            self.tell(Check.REDMINE, ok=False, what=f"the last request got no usable answer ({outcome.value})")

    def passed(self, summary: Summary) -> None:
        """A pass has ended; one that another process is at says nothing of ours, however long that one has hung."""
        good = summary.exit in (Exit.DONE, Exit.TICKETS_FAILED)
        if good:
            self._passed = self._monotonic()
        self._trouble = "" if good else summary.why
        self.brake(summary.why if summary.exit is Exit.HELD else "")

    def failed(self, why: str) -> None:
        """A pass could not even begin, or broke off."""
        self._trouble = why

    def brake(self, why: str) -> None:
        """Why the brake is pulled; empty when it is not."""
        self.tell(Check.BRAKE, ok=not why, what=why or "not pulled")

    # Asked

    def silence(self) -> float:
        """Seconds since the loop last moved."""
        return self._monotonic() - self._beat

    def alive(self) -> bool:
        """Whether the loop moves."""
        return self.silence() <= SILENT_AT_MOST.total_seconds()

    def since_pass(self) -> float | None:
        """Seconds since the last whole pass ended; None before the first."""
        return None if self._passed is None else self._monotonic() - self._passed

    def readiness(self) -> Readiness:
        """Every check, as it stands now."""
        with self._lock:
            states = dict(self._states)
        return Readiness({**states, Check.PASSES: self._pass()})

    def _pass(self) -> State:
        age, patience = self.since_pass(), self._patience
        since = f"; the last try: {self._trouble}" if self._trouble else ""
        if age is None:
            return State(ok=False, what=f"no pass has ended yet{since}")
        return State(
            ok=age <= patience, what=f"the last one ended {age:.0f} s ago, {patience:.0f} s are allowed{since}"
        )
