"""`schedule` with what it lacks: guarded jobs, no overlap, back-off, memory, and clocks that jump."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bridge.adapters.store import SqlStore
from bridge.errors import PermanentError, TemporaryError
from bridge.service.timetable import Job, Timetable
from tests.fakes.service import FakeClocks, FakeListener
from tests.unit.making import hours, moment

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def clocks() -> FakeClocks:
    """Both at ten on Monday."""
    return FakeClocks(moment("11-23 10:00"))


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """A memory."""
    with SqlStore("sqlite://") as opened:
        yield opened


class Runs:
    """A job's work: notes when it ran; raises, or returns, what it is told to."""

    def __init__(self, clocks: FakeClocks) -> None:
        self.at: list[float] = []
        self.clocks = clocks
        self.outcome: Exception | bool = True
        self.takes = 0.0

    def __call__(self) -> bool:
        """Run."""
        self.at.append(self.clocks.monotonic())
        self.clocks.pass_by(self.takes)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def runs(clocks: FakeClocks) -> Runs:
    """Work that goes well and takes no time."""
    return Runs(clocks)


@pytest.fixture
def listener() -> FakeListener:
    """Who is told."""
    return FakeListener()


@pytest.fixture
def made(clocks: FakeClocks, store: SqlStore, runs: Runs, listener: FakeListener) -> Callable[..., Timetable]:
    """A timetable with one job, started."""

    def make(every: timedelta = MINUTE, *, at_start: bool = True, waits_at_most: timedelta = 5 * MINUTE) -> Timetable:
        job = Job("job", every, runs, at_start, waits_at_most)
        table = Timetable([job], clocks.both, lambda: store, listener)
        table.start()
        return table

    return make


def test_a_job_runs_at_start_and_then_in_time(made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs) -> None:
    """At once, then a minute after its end, not a second before."""
    table = made()
    table.tick()
    for seconds in (59, 1, 59, 1):
        clocks.pass_by(seconds)
        table.tick()
    assert [at - 1000 for at in runs.at] == [0, 60, 120]


def test_the_next_run_counts_from_the_end(made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs) -> None:
    """A job that takes longer than its interval neither overlaps itself nor is made up for."""
    runs.takes = 150.0
    table = made()
    for _ in range(3):
        table.tick()
        clocks.pass_by(60)
    assert [at - 1000 for at in runs.at] == [0, 210, 420]


def test_a_clock_set_back_means_no_silence(
    made: Callable[..., Timetable],
    clocks: FakeClocks,
    runs: Runs,
    listener: FakeListener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Three hours back: the job comes a minute later all the same, and the jump is told once."""
    table = made()
    table.tick()
    clocks.set_by(-hours(3))
    with caplog.at_level(logging.WARNING, logger="bridge"):
        for _ in range(60):
            clocks.pass_by(1)
            table.tick()
    assert [at - 1000 for at in runs.at] == [0, 60]
    assert listener.jumps == [pytest.approx(-10800)]
    assert [record.getMessage() for record in caplog.records] == [
        "the clock was set back: by 10800 s; the schedule goes on"
    ]


def test_what_schedule_itself_would_do_with_a_clock_set_back(
    made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs
) -> None:
    """Its own moment lies hours ahead, as after such a jump: the monotonic watch runs the job."""
    table = made()
    table.tick()
    scheduled = table.scheduler.jobs[0]
    assert scheduled.next_run is not None
    scheduled.next_run += hours(3)
    clocks.pass_by(60)
    table.tick()
    assert len(runs.at) == 2


def test_after_a_sleep_what_was_missed_comes_once(
    made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs, listener: FakeListener
) -> None:
    """The monotonic clock stands still while the machine sleeps: `schedule` sees that the time is over, and runs the job once."""
    table = made()
    table.tick()
    clocks.set_by(hours(8))
    scheduled = table.scheduler.jobs[0]
    assert scheduled.next_run is not None
    scheduled.next_run -= hours(8)
    for _ in range(3):
        table.tick()
    assert len(runs.at) == 2
    assert listener.jumps == [pytest.approx(28800)]


def test_a_clock_that_is_kept_right_is_no_jump(
    made: Callable[..., Timetable], clocks: FakeClocks, listener: FakeListener
) -> None:
    """Half a second here and there is nothing to tell."""
    table = made()
    for drift in (0.5, -0.5, 2.0):
        clocks.set_by(timedelta(seconds=drift))
        table.tick()
    assert listener.jumps == []


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(TemporaryError("weg"), id="an error with a sentence"),
        pytest.param(RuntimeError("kaputt"), id="what nobody thought of"),
        pytest.param(False, id="it says that it did not work out"),
    ],
)
def test_a_job_that_fails_comes_again_and_waits_longer(
    made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs, listener: FakeListener, outcome: Exception | bool
) -> None:
    """After 1, 2, 4 and then every 5 minutes; what then goes well ends the back-off."""
    runs.outcome = outcome
    table = made()
    for _ in range(20 * 60):
        table.tick()
        clocks.pass_by(1)
    assert [at - 1000 for at in runs.at] == [0, 60, 180, 420, 720, 1020]
    runs.outcome = True
    for _ in range(7 * 60):
        table.tick()
        clocks.pass_by(1)
    assert [at - 1000 for at in runs.at][6:] == [1320, 1380, 1440, 1500, 1560]
    assert listener.ended[0] == ("job", False, 60.0)
    assert listener.ended[4:7] == [("job", False, 300.0), ("job", False, 300.0), ("job", True, 0.0)]


def test_a_back_off_holds_though_the_clock_jumps_ahead(
    made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs
) -> None:
    """`schedule` would run the job; it waits until its back-off is over by the monotonic clock."""
    runs.outcome = False
    table = made()
    table.tick()
    scheduled = table.scheduler.jobs[0]
    assert scheduled.next_run is not None
    scheduled.next_run -= hours(8)
    table.tick()
    assert len(runs.at) == 1


def test_a_failure_is_told_in_one_sentence(
    made: Callable[..., Timetable], runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the bridge's own has no traceback."""
    runs.outcome = PermanentError("the store /x cannot be written")
    with caplog.at_level(logging.ERROR, logger="bridge"):
        made().tick()
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("job failed: the store /x cannot be written", None)
    ]


def test_a_job_that_fails_keeps_no_other_waiting(clocks: FakeClocks, store: SqlStore, listener: FakeListener) -> None:
    """Library trap: `schedule` alone leaves at the first error, and runs the broken job first ever after."""
    broken, good = Runs(clocks), Runs(clocks)
    broken.outcome = RuntimeError("kaputt")
    jobs = [Job("broken", MINUTE, broken, at_start=True), Job("good", MINUTE, good, at_start=True)]
    table = Timetable(jobs, clocks.both, lambda: store, listener)
    table.start()
    for _ in range(3):
        table.tick()
        clocks.pass_by(60)
    assert len(good.at) == 3


@pytest.mark.parametrize(
    ("last", "first_run"),
    [
        pytest.param("11-23 04:00", 18 * 3600, id="six hours ago: in eighteen"),
        pytest.param("11-22 09:00", 0, id="missed an hour ago: at once"),
        pytest.param("11-23 13:00", 0, id="in the future, by a clock that was wrong: at once"),
        pytest.param("", 0, id="never: at once"),
        pytest.param("nonsense", 0, id="something else stands there: at once"),
    ],
)
def test_a_daily_job_remembers_when_it_ran(
    made: Callable[..., Timetable], store: SqlStore, runs: Runs, last: str, first_run: float
) -> None:
    """A restart neither repeats it nor puts it off by another day."""
    store.set("last run: job", moment(last).isoformat() if last[:1].isdigit() else last)
    table = made(DAY, at_start=False)
    for _ in range(24):
        table.tick()
        runs.clocks.pass_by(3600)
    assert [at - 1000 for at in runs.at] == [first_run]
    assert store.get("last run: job")


def test_a_store_that_is_away_at_start_stops_nothing(clocks: FakeClocks, runs: Runs, listener: FakeListener) -> None:
    """What cannot be remembered is done."""

    def away() -> SqlStore:
        raise TemporaryError("the store is out of reach")

    table = Timetable([Job("job", DAY, runs)], clocks.both, away, listener)
    table.start()
    table.tick()
    assert len(runs.at) == 1
    assert listener.ended == [("job", False, 86400.0)]


def test_a_job_can_be_hastened(made: Callable[..., Timetable], clocks: FakeClocks, runs: Runs) -> None:
    """When something says that there is work, it comes at the next tick."""
    table = made()
    table.tick()
    clocks.pass_by(5)
    table.hasten("job")
    assert table.idle() == 0.0
    table.tick()
    assert [at - 1000 for at in runs.at] == [0, 5]
    assert table.idle() == 60.0
