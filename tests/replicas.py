"""Replicas as processes of their own over one PostgreSQL store and one cabinet in memory, which this process serves to them."""

from __future__ import annotations

import copyreg
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.managers import BaseManager
from multiprocessing.process import BaseProcess
from types import MappingProxyType
from typing import Any

from bridge.adapters.store import SqlStore
from bridge.cluster.replica import Replica
from bridge.cluster.tasks import Times
from bridge.cluster.work import POLLED, Work
from bridge.core.policy import Policy
from bridge.engine import Engine, Rate
from tests.unit.making import policy
from tests.unit.worlds import World, small_world

SPAWN = multiprocessing.get_context("spawn")
QUICK = Times(timedelta(seconds=1), timedelta(seconds=0.5), timedelta(seconds=3))
LONGEST = 90.0
KEY = b"replicas"


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


copyreg.pickle(MappingProxyType, lambda view: (_view, (dict(view),)))


@dataclass
class Site:
    """The cabinet's one door: every call of every replica comes through here, one at a time, with the process that makes it."""

    world: World
    calls: list[tuple[int, str, int]] = field(default_factory=list)
    before: Callable[[int, str, int], object] = lambda _pid, _name, _ticket: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, pid: int, name: str, *given: Any) -> Any:
        """What a replica asks of the tracker."""
        ticket = given[0] if given and isinstance(given[0], int) else 0
        with self.lock:
            self.before(pid, name, ticket)
            self.calls.append((pid, name, ticket))
            return getattr(self.world.tracker, name)(*given)

    def now(self) -> datetime:
        """The cabinet's clock, and the replicas'."""
        return self.world.cabinet.now

    @property
    def writes(self) -> list[tuple[int, int]]:
        """Process and ticket of each write."""
        return [(pid, ticket) for pid, name, ticket in self.calls if name == "write"]


class Door(BaseManager):
    """How the replicas reach the site."""


Door.register("site")


@dataclass
class RemoteTracker:
    """`Tracker` over the door."""

    site: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *given: self.site.call(os.getpid(), name, *given)


@dataclass
class RemoteBridge:
    """What a replica's jobs need of the app."""

    site: Any
    store: SqlStore
    policy: Policy
    mail_office: None = None
    runs: int = 0

    @property
    def rate(self) -> Rate:
        """By the cabinet's clock."""
        return Rate(self.store, self.policy.limits.writes_per_minute, self.now)

    def now(self) -> datetime:
        """The cabinet's clock."""
        return self.site.now()  # type: ignore[no-any-return]

    def new_run(self) -> str:
        """A name that is not given twice."""
        self.runs += 1
        return f"{self.now():%Y%m%dT%H%M%S}-{os.getpid()}-{self.runs}"

    def engine(self, run: str = "") -> Engine:
        """Over the door."""
        return Engine(RemoteTracker(self.site), self.store, self.policy, run)  # type: ignore[arg-type]


def replica_process(address: str, store_url: str, limits: dict[str, Any], times: Times) -> None:
    """The whole life of one replica."""
    logging.basicConfig(level=logging.ERROR)
    door = Door(address, authkey=KEY)
    door.connect()
    rules = policy()
    rules = replace(rules, limits=replace(rules.limits, **limits))
    bridge = RemoteBridge(door.site(), SqlStore(store_url), rules)  # type: ignore[attr-defined]
    Replica(store_url, lambda queue: Work(bridge, queue, times.lease), times, lambda: False).run()


@dataclass
class Fleet:
    """Some replicas; `limits` are those of their rules."""

    site: Site
    store_url: str
    address: str
    limits: dict[str, Any] = field(default_factory=dict)
    times: Times = QUICK
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, count: int = 1) -> None:
        """Start so many more."""
        for _ in range(count):
            given = (self.address, self.store_url, self.limits, self.times)
            process = SPAWN.Process(target=replica_process, args=given, daemon=True)
            process.start()
            self.processes.append(process)

    def kill(self, pid: int) -> None:
        """SIGKILL for one."""
        next(process for process in self.processes if process.pid == pid).kill()

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Wait until that holds; the bound only ends a test that hangs."""
        end = time.monotonic() + LONGEST
        while not until():
            assert time.monotonic() < end, f"still not: {what}"
            time.sleep(0.05)

    def wait_for_polls(self, count: int = 2) -> None:
        """Wait until so many lists have been made since now: what has not happened by then does not happen."""
        for _ in range(count):
            before = self.site.world.store.get(POLLED)
            self.wait(lambda before=before: self.site.world.store.get(POLLED) != before, "another list")  # type: ignore[misc]

    def stop(self) -> None:
        """End all."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join()


@contextmanager
def fleet(store_url: str, folder: str, now: datetime, **limits: Any) -> Iterator[Fleet]:
    """A cabinet, a store and no replicas yet."""
    store = SqlStore(store_url)
    site = Site(small_world(store, now))
    Door.register("site", callable=lambda: site)
    address = f"{folder}/door"
    server = Door(address, authkey=KEY).get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = Fleet(site, store_url, address, limits)
    try:
        yield found
    finally:
        found.stop()
        store.close()
