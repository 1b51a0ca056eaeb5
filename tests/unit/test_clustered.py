"""What a replica does beside its jobs: webhooks go into the queue, and stay where the queue is away; who watches is told the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.adapters.store import SqlStore
from bridge.app import App
from bridge.cluster.replica import Replica
from bridge.cluster.tasks import Times
from bridge.errors import PermanentError, TemporaryError
from bridge.jobs import Summary
from bridge.service.clustered import LONGEST_JOB, Clustered, hand_over, serve_cluster
from bridge.service.heartbeat import Heartbeat
from bridge.service.signals import Signals
from bridge.settings import Settings
from bridge.watch.health import Check
from bridge.watch.hints import Hint, Hints
from tests.unit.making import RULES
from tests.unit.test_service import MINUTE, Stage
from tests.unit.worlds import World

NOWHERE = "postgresql://bridge@127.0.0.1:1/bridge"


@dataclass
class FakeQueue:
    """Remembers what was put in; away after so many."""

    away_after: int = 1000
    hinted: list[tuple[int, str]] = field(default_factory=list)
    polls: int = 0

    def hint(self, ticket_id: int, tracker: str) -> bool:
        """See `Queue.hint`."""
        if len(self.hinted) >= self.away_after:
            raise TemporaryError("away")
        self.hinted.append((ticket_id, tracker))
        return True

    def poll(self) -> bool:
        """See `Queue.poll`."""
        self.polls += 1
        return True


def test_trap_16_webhooks_go_into_the_queue() -> None:
    """Each ticket once, with its tracker."""
    hints, queue = Hints(), FakeQueue()
    hints.put(Hint(1), Hint(2), Hint(1, "ТехП Пресейл"))
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert (queue.hinted, len(hints)) == ([(1, "ТехП Пресейл"), (2, "")], 0)


def test_what_cannot_be_put_in_stays() -> None:
    """The database is away in the middle: the rest is put in when it is back."""
    hints, queue = Hints(), FakeQueue(away_after=1)
    hints.put(Hint(1), Hint(2), Hint(3))
    with pytest.raises(TemporaryError):
        hand_over(hints, queue)  # type: ignore[arg-type]
    queue.away_after = 1000
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert [number for number, _ in queue.hinted] == [1, 2, 3]


def test_too_many_webhooks_make_one_list() -> None:
    """Polling finds them all for less."""
    hints, queue = Hints(at_most=2), FakeQueue()
    hints.put(*(Hint(number) for number in range(5)))
    hand_over(hints, queue)  # type: ignore[arg-type]
    assert (queue.polls, queue.hinted) == (1, [])


# --- what whoever watches is told ---------------------------------------------------------------------------------------------------------


class AwayStore:
    """Nothing can be asked of it."""

    def __getattr__(self, name: str) -> object:
        raise TemporaryError("the store is out of reach")


@dataclass
class Beside:
    """A replica without a database, and what it does beside its jobs."""

    world: World

    def __post_init__(self) -> None:
        self.stage = Stage(self.world)
        stage, silent = self.stage, Heartbeat("", self.stage.watch.metrics.beaten)
        self.one = Clustered(stage.bridge, stage.service, stage.watch, stage.clocks.both, stage.signals, silent)  # type: ignore[arg-type]
        self.replica = Replica(NOWHERE, lambda _queue: None, Times(), stage.signals.stop.is_set)  # type: ignore[arg-type,return-value]

    def pass_by(self, minutes: int) -> None:
        """Glance once a minute."""
        for _ in range(minutes):
            self.stage.clocks.pass_by(60)
            self.one.beside(self.replica)


@pytest.fixture
def beside(world: World) -> Beside:
    """One whose store is there."""
    return Beside(world)


def test_a_replica_whose_database_is_away_lives_and_says_that_the_store_is(beside: Beside) -> None:
    """No probe restarts all replicas for an outage that a restart does not end."""
    beside.pass_by(1)
    assert "store" not in beside.stage.failing()
    beside.world.store = AwayStore()  # type: ignore[assignment]
    beside.pass_by(30)
    assert beside.stage.watch.health.alive()
    assert beside.stage.failing()["store"] == "the store is out of reach"


def test_while_there_is_no_queue_the_replica_goes_on_beside(beside: Beside) -> None:
    """It waits for the database, and is called again and again."""
    beside.replica.waiting = beside.stage.signals.stop.set
    beside.replica.run()
    assert beside.stage.signals.stop.is_set()


def test_a_job_that_hangs_ends_the_beat(beside: Beside) -> None:
    """Glances go on, and yet the supervisor is told to start it anew; a job that ends is a sign of life, however many follow at once."""
    bound = LONGEST_JOB // MINUTE
    with beside.replica.turn:
        beside.pass_by(bound)
        assert beside.stage.watch.health.silence() == 0
        beside.one.tell("look", Summary("r", beside.stage.clocks.now()))
        beside.pass_by(bound)
        assert beside.stage.watch.health.silence() == 0
        beside.pass_by(6)
        assert not beside.stage.watch.health.alive()
    beside.pass_by(1)
    assert beside.stage.watch.health.alive()


def test_webhooks_that_wait_for_the_queue_keep_no_figure_waiting(beside: Beside) -> None:
    """The store is counted although nothing can be put into the queue."""
    beside.stage.watch.hints.put(Hint(1))
    with pytest.raises(TemporaryError):
        beside.one.between(FakeQueue(away_after=0), beside.replica)  # type: ignore[arg-type]
    assert beside.stage.watch.health.readiness().checks[Check.STORE].ok


def test_a_replica_refuses_a_store_that_it_cannot_use_before_it_begins(tmp_path: Path) -> None:
    """A newer program has used it: told at start, not at each job."""

    class Newer(App):
        @property
        def store(self) -> SqlStore:  # type: ignore[override]
            raise PermanentError("a newer program has used it")

    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    settings = Settings("https://redmine.example.com", "5ec7e7", NOWHERE)
    app = Newer(settings, str(tmp_path / "rules.yaml"), lambda given: Path(given or ""))
    asked = Signals()
    asked.stop.set()
    with pytest.raises(PermanentError, match="newer program"):
        serve_cluster(app, MINUTE, asked, None)
