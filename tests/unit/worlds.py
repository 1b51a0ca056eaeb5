"""A cabinet in memory with a store and the engine over both, for tests of the engine and of the jobs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bridge.adapters.store import SqlStore
from bridge.core.policy import Policy
from bridge.engine import Budget, Engine, Look
from bridge.jobs import Pass, Summary
from tests.fakes.cabinet import BRIDGE, FakeActor, FakeCabinet, add_customer, demo_cabinet
from tests.fakes.tracker import FakeTracker
from tests.unit.making import DEV, PRODUCT, moment, policy

TEN = moment("11-23 10:00")
MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """A cabinet with one customer, a store in memory, an engine over both."""

    rules: Policy
    cabinet: FakeCabinet
    customer: FakeActor
    tracker: FakeTracker
    store: SqlStore
    said: list[str] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        """The engine, under the present rules."""
        return Engine(self.tracker, self.store, self.rules, "run", self.said.append)

    def open(self, subject: str = PRODUCT, **more: Any) -> int:
        """A ticket of the customer, received at ten on Monday."""
        return self.customer.open_issue("customer-01", subject, at=more.pop("at", TEN), **more)

    def look(self, number: int, now: datetime = TEN + 15 * MINUTE, left: int = 50) -> Look:
        """One look; the cabinet's clock shows the same time."""
        self.cabinet.now = now
        return self.engine.look(number, now, now, Budget(left))

    def run(self, now: datetime = TEN + 15 * MINUTE, **more: Any) -> Summary:
        """One pass; the cabinet's clock shows the same time."""
        self.cabinet.now = now
        return Pass(self.engine, now, **more).run()

    def notes(self, number: int) -> list[str]:
        """Words of the bridge's notes."""
        return [one.notes for login, one in self.cabinet.tickets[number].journals if login == BRIDGE and one.notes]

    def staff(self, login: str = "ivanov") -> FakeActor:
        """Somebody of the staff."""
        return self.cabinet.actor(login)


def small_world(store: SqlStore, now: datetime) -> World:
    """The demo's cabinet with one customer more, in which the department of the small rules is a member."""
    cabinet = demo_cabinet(now)
    for project in cabinet.projects.values():
        project.members[DEV] = frozenset({"Инженер отдела"})
    rules = policy()
    tracker = FakeTracker(cabinet, rules.redmine, tuple(rules.departments.values()))
    return World(rules, cabinet, add_customer(cabinet, "customer-01"), tracker, store)


def limited(rules: Policy, **limits: Any) -> Policy:
    """The rules with other limits."""
    return replace(rules, limits=replace(rules.limits, **limits))
