"""What a replica's jobs do, over a cabinet in memory: what is not done now stands in the store as due, whatever becomes of the queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bridge.cluster.schedule import cron
from bridge.cluster.work import AWAY, POLLED, Work
from bridge.core.policy import Policy
from bridge.engine import BRAKE, Engine, Rate, Result
from bridge.errors import PermanentError, TemporaryError
from bridge.jobs import Exit
from bridge.worklist import CURSOR
from tests.unit.worlds import MINUTE, TEN, World, limited


@dataclass
class FakeJobs:
    """Remembers what was put into the queue; `fails` is raised instead, once."""

    put: list[int] = field(default_factory=list)
    fails: Exception | None = None

    def look(self, tickets: Iterable[int], poll: str) -> int:
        """See `Jobs.look`."""
        if self.fails:
            error, self.fails = self.fails, None
            raise error
        new = [one for one in tickets if one not in self.put]
        self.put += new
        return len(new)


@dataclass
class WorldBridge:
    """The app over a world; its clock is the cabinet's."""

    world: World
    mail_office: None = None
    runs: int = 0

    @property
    def policy(self) -> Policy:
        """The world's rules."""
        return self.world.rules

    @property
    def store(self):  # noqa: ANN201 - as the world has it
        """The world's store."""
        return self.world.store

    @property
    def rate(self) -> Rate:
        """By the cabinet's clock."""
        return Rate(self.store, self.policy.limits.writes_per_minute, self.now)

    def now(self):  # noqa: ANN201
        """The cabinet's clock."""
        return self.world.cabinet.now

    def new_run(self) -> str:
        """Sorts by time."""
        self.runs += 1
        return f"{self.now():%Y%m%dT%H%M%S}-{self.runs}"

    def engine(self, run: str = "") -> Engine:
        """Over the world."""
        return Engine(self.world.tracker, self.store, self.policy, run, self.world.said.append)


@dataclass
class Scene:
    """A replica's work over a world."""

    world: World
    jobs: FakeJobs = field(default_factory=FakeJobs)

    def __post_init__(self) -> None:
        """A quarter past ten."""
        self.world.cabinet.now = TEN + 15 * MINUTE
        self.work = Work(WorldBridge(self.world), self.jobs, timedelta(minutes=3))

    def later(self, minutes: float = 1) -> None:
        """Go on."""
        self.world.cabinet.now += minutes * MINUTE

    def look_at_all(self) -> None:
        """Do what waits in the queue."""
        while self.jobs.put:
            self.work.look(self.jobs.put.pop(0), self.world.store.get(POLLED))


@pytest.fixture
def scene(world: World) -> Scene:
    """Three tickets that nobody has looked at."""
    for _ in range(3):
        world.open()
    return Scene(world)


def test_a_poll_lists_and_looks_at_nothing(scene: Scene) -> None:
    """The tickets wait, the cursor has moved, nothing was read."""
    assert scene.work.poll().looked_at == 3
    assert (scene.jobs.put, scene.world.tracker.calls) == ([1, 2, 3], ["changed"])
    assert scene.world.store.get(CURSOR)


def test_a_look_writes_as_a_pass_does(scene: Scene) -> None:
    """Each ticket's note, once, however often the list is made."""
    for _ in range(3):
        scene.work.poll()
        scene.look_at_all()
        scene.later()
    assert [len(scene.world.notes(number)) for number in (1, 2, 3)] == [1, 1, 1]


def test_the_cursor_stays_where_the_list_was_not_put_into_the_queue(scene: Scene) -> None:
    """The database was away in between: the next poll lists the same."""
    scene.jobs.fails = TemporaryError("away")
    assert scene.work.poll().exit is Exit.OUT_OF_REACH
    assert not scene.world.store.get(CURSOR)
    scene.work.poll()
    assert scene.jobs.put == [1, 2, 3]


def test_a_lost_queue_loses_nothing(scene: Scene) -> None:
    """What waited in it is due, and listed again, although nothing has changed since."""
    scene.work.poll()
    scene.jobs.put.clear()
    scene.later(60)
    scene.work.poll()
    assert scene.jobs.put == [1, 2, 3]


def test_w5_the_brake_counts_all_tickets_of_one_list(scene: Scene) -> None:
    """However late they are looked at, and by whom; what was left is listed again after `resume`."""
    scene.world.rules = limited(scene.world.rules, changes_per_pass=2)
    scene.work.poll()
    scene.look_at_all()
    assert sum(len(scene.world.notes(number)) for number in (1, 2, 3)) == 2
    assert scene.work.poll().exit is Exit.HELD
    scene.world.store.set(BRAKE, "")
    scene.later()
    scene.work.poll()
    assert 3 in scene.jobs.put
    scene.look_at_all()
    assert len(scene.world.notes(3)) == 1


def test_w5_the_brake_is_asked_before_the_rate(scene: Scene) -> None:
    """A rate that is as low as the brake does not keep a flood from pulling it."""
    scene.world.rules = limited(scene.world.rules, changes_per_pass=2, writes_per_minute=2)
    scene.work.poll()
    scene.work.look(1, "a poll")
    scene.work.look(2, "a poll")
    budget_left = scene.world.store.counted("changes of a poll", "a poll")
    assert (budget_left, scene.world.store.get(BRAKE)) == (2, "")


def test_the_rate_leaves_the_rest_to_the_next_minute(scene: Scene) -> None:
    """One write a minute: nothing is read in vain, nothing is put aside, in the end all have their note."""
    scene.world.rules = limited(scene.world.rules, writes_per_minute=1)
    for minute in range(3):
        scene.work.poll()
        scene.look_at_all()
        assert sum(len(scene.world.notes(number)) for number in (1, 2, 3)) == minute + 1
        scene.later()
    assert not scene.world.store.figures(scene.world.cabinet.now, scene.world.cabinet.now).put_aside


def test_w6_three_failures_in_a_row_hold_all_replicas(scene: Scene) -> None:
    """Redmine is out of reach: the others are not put aside for it, and looked at when a poll has reached it again."""
    more = [scene.world.open() for _ in range(3)]
    scene.world.tracker.broken = dict.fromkeys(range(1, 7), TemporaryError("503"))
    scene.work.poll()
    scene.look_at_all()
    assert scene.world.store.get(AWAY)
    scene.world.tracker.broken.clear()
    scene.later()
    scene.work.poll()
    scene.look_at_all()
    assert [len(scene.world.notes(number)) for number in more] == [1, 1, 1]
    assert not scene.world.store.get(AWAY)


def test_a_poll_that_does_not_reach_redmine_holds_the_looks(scene: Scene) -> None:
    """What waits is not tried in vain."""
    scene.work.poll()
    scene.world.tracker.changed_fails.append(TemporaryError("503"))
    assert scene.work.poll().exit is Exit.OUT_OF_REACH
    scene.look_at_all()
    assert not [call for call in scene.world.tracker.calls if call.startswith("read")]


def test_w6_a_bad_ticket_is_put_aside_and_not_listed(scene: Scene) -> None:
    """Until its back-off is over."""
    scene.world.tracker.broken[1] = PermanentError("403")
    scene.work.poll()
    scene.look_at_all()
    scene.work.poll()
    assert 1 not in scene.jobs.put
    scene.later(3)
    scene.jobs.put.clear()
    scene.work.poll()
    assert 1 in scene.jobs.put


def test_a_webhook_for_a_ticket_that_nobody_knows_leaves_no_trace(scene: Scene) -> None:
    """Made-up numbers do not fill the store while Redmine is away, nor else."""
    scene.world.store.set(AWAY, "503")
    scene.work.look(4711, "")
    scene.world.store.set(AWAY, "")
    assert [look.result for look in scene.work.look(4711, "").looks] == [Result.GONE]
    assert scene.world.store.due(scene.world.cabinet.now) == ()


def test_a_single_pass_keeps_the_cluster_out_and_the_other_way_round(scene: Scene) -> None:
    """They share the lease, so that nobody starts `run` beside replicas."""
    now = scene.world.cabinet.now
    assert scene.world.store.acquire_pass("somebody", now, timedelta(minutes=3))
    assert scene.work.poll().exit is Exit.BUSY
    scene.world.store.release_pass("somebody")
    assert scene.work.poll().exit is Exit.DONE
    assert not scene.world.store.acquire_pass("somebody", now, timedelta(minutes=3))


def test_a_mistake_ends_a_job_and_not_the_replica(scene: Scene) -> None:
    """Whatever it was."""
    scene.jobs.fails = RuntimeError("a mistake")
    assert scene.work.poll().exit is Exit.OUT_OF_REACH


@pytest.mark.parametrize(
    ("span", "pattern"),
    [
        pytest.param({"seconds": 0.2}, "* * * * * *", id="No oftener than every second"),
        pytest.param({"seconds": 10}, "* * * * * */10", id="Ten seconds"),
        pytest.param({"seconds": 45}, "* * * * * */30", id="Down to what divides a minute"),
        pytest.param({"minutes": 1}, "* * * * * 0", id="A minute"),
        pytest.param({"minutes": 7}, "*/6 * * * * 0", id="Down to what divides an hour"),
        pytest.param({"hours": 1}, "0 * * * * 0", id="An hour"),
        pytest.param({"hours": 5}, "0 */4 * * * 0", id="Down to what divides a day"),
        pytest.param({"days": 3}, "0 0 * * * 0", id="No rarer than once a day"),
    ],
)
def test_how_often_is_told_in_cron(span: dict[str, float], pattern: str) -> None:
    """Every replica wakes at the same moments."""
    assert cron(timedelta(**span)) == pattern
