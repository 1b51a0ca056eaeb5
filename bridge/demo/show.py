"""The demonstration: a world is made in a real Redmine, the bridge passes over it, and what came of each ticket is compared with the story."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.app import App
from bridge.core.assess import assess
from bridge.core.decide import wants
from bridge.core.decisions import Decision, Escalate, Remind
from bridge.core.model import Step
from bridge.demo import past
from bridge.demo.moments import Moments
from bridge.demo.play import Player
from bridge.demo.rules import differences, write_copy
from bridge.demo.verdict import Facts, Outcome, facts_of, outcome_of
from bridge.demo.world import Placed, World, world_at
from bridge.jobs import CURSOR, Summary
from bridge.policy.load import load
from bridge.policy.shipped import shipped_rules
from bridge.settings import Settings, find_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bridge.core.assess import Assessment
    from bridge.demo.server import RedmineServer
    from bridge.engine import Look

BOUNDARY: Final = timedelta(seconds=100)
"""Longer than making the world and passing over it takes: neither shall see an opening, a closing or midnight between them."""
OVERLAP: Final = 12.0
"""Seconds after which a pass does not look once more at what the last one has written (the overlap of readings, and a little)."""
REQUEST: Final = "Started "


@dataclass(frozen=True)
class Planned:
    """What a pass would do for one ticket, before it."""

    placed: Placed
    look: Look
    before: Facts


@dataclass(frozen=True)
class Post:
    """How many of Redmine's mails somebody got from one pass, and about which tickets."""

    who: str
    address: str
    is_customer: bool
    tickets: dict[int, int]


@dataclass(frozen=True)
class Again:
    """A further pass: what it wrote and what it asked of Redmine."""

    summary: Summary
    requests: int


@dataclass
class ShownApp(App):
    """The bridge by the show's clock."""

    clock: Callable[[], datetime] = field(kw_only=True)

    def now(self) -> datetime:
        """The present moment of the show."""
        return self.clock()


@dataclass
class Show:
    """One demonstration on a running Redmine; the methods go in order."""

    server: RedmineServer
    clock: Callable[[], datetime]
    source: Path = field(default_factory=shipped_rules)
    told: list[str] = field(default_factory=list)

    # --- before the pass ------------------------------------------------------------------------------------------------

    def prepare(self, told: Callable[[int], None]) -> World:
        """Write the rules, make the world; the tickets that a former show left are deleted."""
        past.clear(self.server.database)
        self._wait_for_a_quiet_time()
        now = self.clock()
        differ = differences(
            self.source, now, self.server.users, lambda calendar: world_at(Moments(now, calendar)).not_before
        )
        write_copy(self.source, self.rules, differ)
        self.told = [one.told for one in differ]
        self.world = world_at(Moments(now, self.app.policy.calendar))
        self.player = Player(self.server, self.app.tracker, self.app.policy, self.world.moments, self.clock)
        self.player.play(self.world, told)
        self.server.mails.clear()
        self.app.store.set(CURSOR, min(one.received for one in self.world.placed).isoformat())
        return self.world

    def _wait_for_a_quiet_time(self) -> None:
        calendar = load(self.source).policy.calendar
        while _is_near_a_change(Moments(self.clock(), calendar)):
            time.sleep(1)

    @property
    def rules(self) -> Path:
        """The copy of the rules that the show goes by."""
        return self.server.home / "rules.yaml"

    def _settings(self) -> Settings:
        store = self.server.home / "bridge.db"
        key = self.server.bridge_key_file.read_text(encoding="utf-8").strip()
        return Settings(self.server.url, key, f"sqlite:///{store}")

    @cached_property
    def app(self) -> App:
        """The bridge, over a store of its own."""
        (self.server.home / "bridge.db").unlink(missing_ok=True)
        return ShownApp(self._settings(), str(self.rules), find_rules, clock=self.clock)

    def plan(self) -> tuple[Planned, ...]:
        """What a pass would do; writes nothing. Closed tickets are looked at too: a pass does that where they have changed."""
        now, engine = self.clock(), self.app.engine("plan")
        self.is_working = self.app.policy.calendar.is_working(now)
        self.planned = tuple(
            _planned(placed, engine.plan(self.player.tickets[placed.story.name], now)) for placed in self.world.placed
        )
        return self.planned

    # --- the pass ---------------------------------------------------------------------------------------------------------

    def run(self) -> Summary:
        """The pass."""
        self.summary = self.app.run_pass()
        self._ended = time.monotonic()
        self.posts = self._read_posts()
        return self.summary

    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of each ticket, and where that is not what its story expects."""
        now, engine = self.clock(), self.app.engine("after")
        did = {look.ticket_id: look.decisions for look in self.summary.written}
        found: list[Outcome] = []
        for one in self.planned:
            after = engine.assess(one.look.ticket_id, now, keep=False)
            assert after is not None
            waiting = () if self.is_working else self._waiting(after)
            done = did.get(one.look.ticket_id, ())
            found.append(outcome_of(one.placed, one.before, after, done, waiting, is_working=self.is_working))
        return tuple(found)

    def _waiting(self, a: Assessment) -> tuple[Step, ...]:
        """The reminders that wait for the next opening."""
        if a.standing.terms[0].start < a.policy.limits.not_before:
            return ()
        history = self.app.store.history(a.ticket.id)
        return tuple(
            one.step for one in wants(assess(a.ticket, history, a.policy, self.next_opening)) if is_reminder(one)
        )

    @property
    def next_opening(self) -> datetime:
        """When working time goes on."""
        return self.app.policy.calendar.next_opening(self.clock())

    def _read_posts(self) -> tuple[Post, ...]:
        sent: dict[str, Counter[int]] = {}
        for mail in self.server.mails.all():
            for address in mail.recipients:
                sent.setdefault(address, Counter())[mail.issue] += 1
        people = {user.mail: user for user in self.server.users.values()}
        return tuple(
            Post(
                people[address].name,
                address,
                not address.endswith("@vendor.example"),
                dict(sorted(sent[address].items())),
            )
            for address in sorted(sent, key=lambda address: (address.endswith("@vendor.example"), address))
        )

    # --- after it -----------------------------------------------------------------------------------------------------------

    def again(self) -> Again:
        """Pass once more."""
        time.sleep(max(0.0, self._ended + OVERLAP - time.monotonic()))
        before = self._requests()
        summary = self.app.run_pass()
        return Again(summary, self._requests() - before)

    def _requests(self) -> int:
        with self.server.log.open(encoding="utf-8", errors="replace") as log:
            return sum(REQUEST in line for line in log)

    def close(self) -> None:
        """Let go of the store."""
        if "app" in self.__dict__:
            self.app.store.close()


def _planned(placed: Placed, look: Look) -> Planned:
    assert look.assessment is not None
    return Planned(placed, look, facts_of(look.assessment))


def is_reminder(one: Decision) -> bool:
    """Whether it comes in working time only (M1); that a ticket was closed without an answer is told at any hour (T8)."""
    return isinstance(one, Remind) or (isinstance(one, Escalate) and one.text == "escalate")


def _is_near_a_change(moments: Moments) -> bool:
    calendar, now, later = moments.calendar, moments.now, moments.now + BOUNDARY
    return calendar.is_working(now) != calendar.is_working(later) or calendar.date_of(now) != calendar.date_of(later)
