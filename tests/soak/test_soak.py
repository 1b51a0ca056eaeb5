"""Hours of work in minutes: many tickets, people at all of them, replicas that are killed, servers that are restarted, a network that is cut.

SOAK_TICKETS says how many tickets (200; `make soak` takes 2,000), SOAK_MINUTES how long new ones are opened at most (35); the figures are left in var/soak.txt. In the end each note stands once, nothing is left to do, every term is what
the journals say, and a replica that nobody killed has not grown.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

from bridge.adapters.store import SqlStore
from bridge.app import clock
from bridge.cluster.queue import Queue
from bridge.cluster.work import POLLED
from bridge.core.model import Step
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from bridge.errors import PermanentError
from bridge.ports import ClaimState
from bridge.settings import Settings
from tests.acceptance.day import Act, Opening, Script
from tests.acceptance.proxy import Proxy, dropped_before
from tests.acceptance.recompute import Calendar
from tests.acceptance.stage import Stage
from tests.acceptance.test_day_in_the_life import CSV, Day, _differences
from tests.contract.databases import Cluster
from tests.redmine_fixtures import VAR, without_mails
from tests.soak import people, replica

pytestmark = [pytest.mark.soak, pytest.mark.redmine]

COUNT = int(os.environ.get("SOAK_TICKETS", "200"))
KILL_EVERY, CUT_FOR, SAMPLE_EVERY = 6.0, 10.0, 5.0
PEOPLE_AT_MOST, REST_AT_MOST = 60 * float(os.environ.get("SOAK_MINUTES", "35")), 900.0
SAID = "SELECT journalized_id, string_agg(notes, ' ') FROM journals WHERE user_id = :bridge AND journalized_type = 'Issue' GROUP BY 1"
ACKNOWLEDGED, REQUEST = "подтверждение", "запрос сведений 1"
GROWTH_AT_MOST = 30.0
"""MB between the middle of the run and its end."""


@dataclass
class SoakStage(Stage):
    """The stage over the replicas' store, in real time."""

    store_url: str = ""

    @property
    def settings(self) -> Settings:
        """What the operator has set."""
        key = self.server.bridge_key_file.read_text(encoding="utf-8").strip()
        return Settings(self.url or self.server.url, key, self.store_url)


@dataclass
class SoakDay(Day):
    """The day's checks. A note that crosses one of the bridge's is taken as the store knows it: the bridge decided without having seen it."""

    crossed: int = 0

    @cached_property
    def issues(self) -> dict[int, dict[str, Any]]:
        """Each ticket as the administrator sees it, the bridge's journals after the last one that it had seen when it decided, and no later than what follows."""
        with SqlStore(self.stage.settings.store_url) as store:
            return {
                number: self._in_order(self.actor("admin").issue(number), store) for number in self.numbers.values()
            }

    def _in_order(self, issue: dict[str, Any], store: SqlStore) -> dict[str, Any]:
        saw = store.history(int(issue["id"])).saw
        rows = sorted(issue["journals"], key=lambda row: (saw.get(row["id"], row["id"]), row["id"]))
        if rows == issue["journals"]:
            return issue
        self.crossed += 1
        for row, following in reversed(list(pairwise(rows))):
            row["created_on"] = min(row["created_on"], following["created_on"])
        return {**issue, "journals": rows}


@dataclass
class Soak:
    """The run: replicas, people, and what is done to them all."""

    stage: SoakStage
    database: Cluster
    day: SoakDay
    proxy: Proxy
    plans: list[list[people.Step]]
    processes: list[BaseProcess] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    said: dict[int, str] = field(default_factory=dict)
    next_glance: float = 0.0
    next_kill: float = 0.0
    next_sample: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(people.SEED))

    def play(self) -> None:
        """Until people have done all, and the bridge has nothing left to do."""
        for _ in range(3):
            self.processes.append(self._new())
        crowd, count = people.Crowd([list(plan) for plan in self.plans]), sum(len(plan) for plan in self.plans)
        blows = [(0.25, self.restart_the_store), (0.5, self.restart_redmine), (0.75, self.cut_the_network)]
        while crowd.left:
            spent = (time.monotonic() - self.began) / PEOPLE_AT_MOST
            assert spent < 1.25, f"people wait in vain: {[plan[0] for plan in crowd.under_way]}"
            if spent > 1:
                crowd.waiting.clear()  # no new tickets: the run stays within the hour
            if blows and max(spent, self.happened["acts"] / count) >= blows[0][0]:
                blows.pop(0)[1]()
            self._look_what_the_bridge_said()
            step = crowd.next(self._is_ready)
            self._do(step) if step else time.sleep(0.2)
            self._meanwhile()
        self.happened["seconds of people"] = int(time.monotonic() - self.began)
        self.come_to_rest()
        self.happened["seconds in all"] = int(time.monotonic() - self.began)

    def _new(self) -> BaseProcess:
        found = self.stage.settings
        return replica.start(self.proxy.url, found.redmine_key, found.store_url, self.stage.folder / "replicas.log")

    def _look_what_the_bridge_said(self) -> None:
        """People act when they have been told that their request has come, and answer when they have been asked."""
        if time.monotonic() >= self.next_glance:
            self.next_glance = time.monotonic() + 1
            self.said = {
                int(number): words
                for number, words in self.stage.server.database.rows(SAID, {"bridge": self.day.world.bridge})
            }

    def _is_ready(self, act: Act) -> bool:
        words, plan = self.said.get(self.day.numbers[act.ticket], ""), self.plans[act.ticket][0]
        assert isinstance(plan, Opening)
        return ACKNOWLEDGED in words and (plan.plan not in people.ASKED or REQUEST in words)

    def _do(self, step: people.Step) -> None:
        if isinstance(step, Opening):
            self.day.numbers[step.ticket] = self.day._open(step)
        else:
            self._act(step)
        self.happened["acts"] += 1

    def _act(self, act: Act) -> None:
        """Who saves at the very moment at which the bridge does is told 422 without a reason, as people are, and saves again."""
        for last in (False, False, True):
            try:
                self.day._act(act)
            except PermanentError as error:
                if last or '"errors":[]' not in str(error):
                    raise
                self.happened["collisions of people with the bridge"] += 1
            else:
                return

    def _meanwhile(self) -> None:
        now = time.monotonic()
        if now >= self.next_sample:
            self.next_sample = now + SAMPLE_EVERY
            self.memory.append((now - self.began, replica.memory(self.processes[0])))
        if now >= self.next_kill:
            self.next_kill = now + KILL_EVERY * self.dice.uniform(0.5, 1.5)
            self._kill(self.dice.choice([1, 2]))

    def _kill(self, which: int) -> None:
        """The first replica is left alive: it shows whether memory is flat."""
        self.processes[which].kill()
        self.processes[which].join()
        self.processes[which] = self._new()
        self.happened["replicas killed"] += 1

    def restart_the_store(self) -> None:
        """As after a power cut."""
        self.database.stop()
        time.sleep(2)
        self.database.start()
        self.happened["stores restarted"] += 1

    def restart_redmine(self) -> None:
        """Redmine with its PostgreSQL."""
        self.stage.server.stop()
        self.stage.server.start()
        self.happened["Redmines restarted"] += 1

    def cut_the_network(self) -> None:
        """Nothing gets through for a while."""
        self.proxy.do(dropped_before, times=1_000_000)
        time.sleep(CUT_FOR)
        self.proxy.rules.clear()
        self.happened["networks cut"] += 1

    def come_to_rest(self) -> None:
        """Wait until nothing is due, waits, or is unknown, over three lists on end."""
        end, quiet, last = time.monotonic() + REST_AT_MOST, 0, ""
        with SqlStore(self.stage.store_url) as store:
            while quiet < 3:
                assert time.monotonic() < end, "never at rest"
                time.sleep(1)
                polled = store.get(POLLED)
                if polled != last:
                    last, quiet = polled, quiet + 1 if self._at_rest(store) else 0
                self.memory.append((time.monotonic() - self.began, replica.memory(self.processes[0])))

    def _at_rest(self, store: SqlStore) -> bool:
        now = clock()
        figures = store.figures(now, now)
        with Queue(self.stage.store_url) as queue:
            waits = bool(queue.waiting())
        soon = now + timedelta(minutes=2)  # put aside, or asked when the customer has been quiet
        return not (waits or store.due(soon) or figures.ledger.get(ClaimState.CLAIMED, 0) or figures.put_aside)

    def stop(self) -> None:
        """End the replicas."""
        for process in self.processes:
            process.kill()


@pytest.fixture(scope="module")
def soak(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    """The run, played once for all the checks."""
    folder, calendar = tmp_path_factory.mktemp("soak"), Calendar(CSV)
    redmine = RedmineServer(VAR / "soak-pg", database="postgresql", cache=VAR / "redmine-cache")
    redmine.workers = 2  # one, which Ruby keeps on one processor, is what everything would wait for
    redmine.stop()  # one that runs may have been made from older scripts: it would be made anew in the middle of the run
    with redmine as server, without_mails(server):
        server.set_time(None)
        clear(server.database)
        stage = SoakStage(server, folder, replica.rules(), now=clock(), store_url=cluster.database())
        plans = people.stories(calendar, COUNT, stage.now)
        steps = [step for plan in plans for step in plan]
        day = SoakDay(
            stage,
            Script([o for o in steps if isinstance(o, Opening)], [a for a in steps if isinstance(a, Act)], []),
            calendar,
        )
        with Proxy(server.url).running() as proxy:
            one = Soak(stage, cluster, day, proxy, plans)
            try:
                one.play()
            finally:
                one.stop()
            day.script.openings[:] = [opening for opening in day.script.openings if opening.ticket in day.numbers]
            stage.now = clock() + timedelta(seconds=2)
            stage.at = lambda _: None  # type: ignore[method-assign]
            (VAR / "soak.txt").write_text(figures(one), encoding="utf-8")
            yield one
        stage.close()


def figures(soak: Soak) -> str:
    """What stands in the docs."""
    first, last = soak.memory[len(soak.memory) // 2][1], soak.memory[-1][1]
    notes = [
        row
        for issue in soak.day.issues.values()
        for row in issue["journals"]
        if row["user"]["id"] == soak.day.world.bridge
    ]
    lines = [
        f"{len(soak.day.numbers)} tickets of {COUNT}",
        *(f"{what}: {count}" for what, count in soak.happened.items()),
    ]
    lines += [
        f"requests to Redmine: {len(soak.proxy.log)}, of them writing: {len(soak.proxy.writes)}",
        f"journals of the bridge: {len(notes)}",
        f"tickets where a note crossed one of the bridge's: {soak.day.crossed}",
    ]
    return "\n".join([*lines, f"memory of a replica: {first:.0f} MB in the middle, {last:.0f} MB at the end"])


def test_w3_every_note_stands_once(soak: Soak) -> None:
    """Each step of each ticket; an acknowledgement in all of them, and a request where information is needed."""
    wrong = []
    for number, a in soak.day.assessments.items():
        steps = Counter((own.step, own.ordinal, own.anchor) for event in a.chronicle.events for own in event.steps)
        again = {key for key, count in steps.items() if count > 1 and key[0] not in {Step.REMIND, Step.ESCALATE}}
        asked = soak.day.openings[number].plan in people.ASKED
        if again or a.chronicle.count(Step.ACKNOWLEDGE) != 1 or (asked and a.chronicle.count(Step.ASK) < 1):
            wrong.append(f"{number} {soak.day.openings[number].plan}: {dict(steps)}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do(soak: Soak) -> None:
    """No ticket wants anything now: nothing was forgotten."""
    engine, now = soak.stage.app.engine("plan"), soak.stage.now
    left = {number: engine.plan(number, now).decisions for number in soak.day.numbers.values()}
    assert not {number: found for number, found in left.items() if found}


def test_t13_terms_are_what_the_journals_say(soak: Soak) -> None:
    """Each term of each ticket, recomputed from Redmine alone by code of its own."""
    wrong = [line for number in sorted(soak.day.assessments) for line in _differences(soak.day, number)]
    assert not wrong, "\n".join(wrong)


def test_memory_is_flat(soak: Soak) -> None:
    """The replica that nobody killed is no bigger at the end than in the middle, within the allocator's noise."""
    middle, end = soak.memory[len(soak.memory) // 2][1], soak.memory[-1][1]
    assert end - middle < GROWTH_AT_MOST


def test_it_was_no_walk_in_the_park(soak: Soak) -> None:
    """All blows fell."""
    wanted = {"replicas killed", "stores restarted", "Redmines restarted", "networks cut"}
    assert wanted <= set(soak.happened)
