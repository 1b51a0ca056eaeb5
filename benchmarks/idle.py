"""`python -m benchmarks.idle`: what a pass costs in which nothing has changed, with 1,000 and with 100,000 known tickets, as a ratio."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import update

from bridge.adapters.store import SqlStore
from bridge.adapters.store import schema as t
from bridge.adapters.store.database import Database
from bridge.cluster.place import prepare
from bridge.cluster.queue import Queue
from bridge.cluster.work import Work
from bridge.core.policy import Policy
from bridge.engine import Engine, Rate
from bridge.jobs import Pass
from bridge.policy.load import load
from bridge.ports import Batch
from bridge.worklist import CURSOR, FULL
from tests.contract.databases import Cluster

RULES: Final = Path(__file__).parents[1] / "rules.yaml"
NOW: Final = datetime(2026, 11, 24, 9, tzinfo=UTC)
FEW, MANY = 1_000, 100_000
ROUNDS: Final = 200


@dataclass
class Quiet:
    """A cabinet in which nothing happens; it counts what it is asked."""

    asked: int = 0

    def changed(self, since: datetime | None) -> Batch:  # noqa: ARG002 - nothing ever
        """Nothing."""
        self.asked += 1
        return Batch((), NOW)


@dataclass
class QuietBridge:
    """What a replica needs of the app."""

    store: SqlStore
    policy: Policy
    tracker: Quiet = field(default_factory=Quiet)
    mail_office: None = None

    @property
    def rate(self) -> Rate:
        """Never asked."""
        return Rate(self.store, 120, self.now)

    def now(self) -> datetime:
        """Stands still."""
        return NOW

    def new_run(self) -> str:
        """Always the same."""
        return "idle"

    def engine(self, run: str = "") -> Engine:
        """Over the quiet cabinet."""
        return Engine(self.tracker, self.store, self.policy, run)  # type: ignore[arg-type]


def fill(url: str, store: SqlStore, count: int) -> None:
    """So many known tickets, each due some day."""
    for number in range(1, count + 1, 5000):
        batch = range(number, min(number + 5000, count + 1))
        store.wake(batch, NOW + timedelta(days=1))
    with Database(url, timedelta(seconds=10)).writing() as db:
        db.execute(update(t.tickets).values(updated_on=NOW, read_at=NOW))
    store.set(CURSOR, NOW.isoformat())
    store.set(FULL, NOW.isoformat())


def once(bridge: QuietBridge) -> None:
    """One pass of a single process."""
    Pass(bridge.engine("idle"), NOW).run()


def seconds(call: object, bridge: QuietBridge) -> tuple[float, float]:
    """The median of many rounds, and requests for each."""
    before, spans = bridge.tracker.asked, list[float]()
    for _ in range(ROUNDS):
        began = perf_counter()
        call(bridge)  # type: ignore[operator]
        spans.append(perf_counter() - began)
    return median(spans), (bridge.tracker.asked - before) / ROUNDS


@contextmanager
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL of our own."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[4]))
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as home:
        cluster = Cluster(binaries, Path(home))
        yield cluster
        cluster.stop()


def compare(name: str, policy: Policy, few: str, many: str, *, cluster: bool = False) -> None:
    """One line: the two stores side by side."""
    found = []
    for url, count in ((few, FEW), (many, MANY)):
        with SqlStore(url) as store:
            fill(url, store, count)
            bridge = QuietBridge(store, policy)
            if not cluster:
                found.append(seconds(once, bridge))
                continue
            prepare(url)
            with Queue(url) as queue:
                work = Work(bridge, queue, timedelta(minutes=3))
                found.append(seconds(lambda _, work=work: work.poll(), bridge))  # type: ignore[misc]
    (one, _), (other, requests) = found
    sys.stdout.write(f"{name:<42} {other / one:>6.2f} {requests:>10.0f} {1000 * one:>9.1f} {1000 * other:>9.1f}\n")


def main() -> None:
    """Measure and print."""
    policy = load(RULES, NOW).policy
    sys.stdout.write(f"{'an idle pass':<42} {'ratio':>6} {'requests':>10} {f'ms {FEW:,}':>9} {f'{MANY:,}':>9}\n")
    with tempfile.TemporaryDirectory() as folder, postgresql() as cluster:
        compare("SQLite, one process", policy, f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db")
        compare("PostgreSQL, one process", policy, cluster.database(), cluster.database())
        compare("PostgreSQL, a poll of the cluster", policy, cluster.database(), cluster.database(), cluster=True)


if __name__ == "__main__":
    main()
