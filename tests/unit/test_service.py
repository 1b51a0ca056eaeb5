"""The service over a cabinet in memory: what it tells whoever watches when things go well, and when they do not."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.adapters.store import SqlStore
from bridge.engine import BRAKE
from bridge.errors import PermanentError, PolicyError, TemporaryError
from bridge.jobs import Exit, Summary
from bridge.mail_ports import Quarantined
from bridge.service.heartbeat import Heartbeat
from bridge.service.serving import Service, Watch
from bridge.service.signals import Signals
from bridge.watch.health import Check
from bridge.watch.hints import Hint
from bridge.watch.metrics import RedmineMeter
from tests.fakes.service import FakeBridge, FakeClocks
from tests.unit.making import CLOSED, INSTALL, hours
from tests.unit.worlds import TEN, World, limited, small_world

MINUTE = timedelta(minutes=1)
SECOND = 1.0


@dataclass
class Stage:
    """A service, everything around it in memory. Each sleep lets time pass, does what the script says for it, and after the last one stops."""

    world: World
    clocks: FakeClocks = field(default_factory=lambda: FakeClocks(TEN + 15 * MINUTE))
    signals: Signals = field(default_factory=Signals)
    beats: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    script: dict[int, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bridge = FakeBridge(self.world, self.clocks)
        self.watch = Watch.make(self.clocks.monotonic, MINUTE, lambda: None)
        heartbeat = Heartbeat("https://hc.example.com/x", self.watch.metrics.beaten, self.beats.append, lambda do: do())
        self.service = Service(self.bridge, self.watch, self.clocks.both, self.signals, heartbeat)

    def serve(self, seconds: int) -> None:
        """Let the worker work for so long."""
        end = self.clocks.monotonic() + seconds

        def sleep(span: float) -> None:
            self.slept.append(span)
            self.clocks.pass_by(span or 0.001)
            action = self.script.pop(int(self.clocks.monotonic() - end + seconds), None)
            if callable(action):
                action()
            if self.clocks.monotonic() >= end:
                self.signals.stop.set()

        self.signals.stop.take()
        self.service.worker(MINUTE, sleep).run()

    def value(self, name: str, **labels: str) -> float | None:
        """A figure, as Prometheus would read it."""
        return self.watch.metrics.registry.get_sample_value(f"presale_bridge_{name}", labels)

    def failing(self) -> dict[str, str]:
        """The checks of /readyz that do not hold."""
        checks = self.watch.health.readiness().checks
        return {check.value: state.what for check, state in checks.items() if not state.ok}


@pytest.fixture
def stage(world: World) -> Stage:
    """One at a quarter past ten."""
    made = Stage(world)
    made.watch.health.tell(Check.REDMINE, ok=True, what="the fake always answers")
    return made


# --- when all is well ---------------------------------------------------------------------------------------------------------------------


def test_it_passes_at_start_and_every_minute(stage: Stage) -> None:
    """A ticket that was there, and one that comes later; each good pass sends a heartbeat."""
    first = stage.world.open()
    late: list[int] = []
    stage.script[30] = lambda: late.append(stage.world.open(at=stage.clocks.now()))
    stage.serve(150)
    assert [len(stage.world.notes(number)) for number in (first, *late)] == [1, 1]
    assert stage.value("passes_total", kind="schedule", outcome="done") == 3
    assert len(stage.beats) == 3
    assert stage.failing() == {}


def test_it_sleeps_and_does_not_spin(stage: Stage) -> None:
    """About one look a second, so that a signal is seen within one."""
    stage.serve(120)
    assert len(stage.slept) <= 130
    assert max(stage.slept) <= SECOND


def test_a_hint_is_looked_at_when_the_worker_wakes(stage: Stage) -> None:
    """Long before the next pass, and the delay is measured."""
    numbers: list[int] = []

    def come() -> None:
        numbers.append(stage.world.open(at=stage.clocks.now()))
        stage.watch.hints.put(Hint(numbers[0], at=stage.clocks.monotonic()))

    stage.script[5] = come
    stage.serve(8)
    assert len(stage.world.notes(numbers[0])) == 1
    assert stage.value("passes_total", kind="hook", outcome="done") == 1
    assert stage.value("hook_delay_seconds_count") == 1


def test_too_many_hints_bring_the_next_pass_forward(stage: Stage) -> None:
    """One pass instead of thousands of looks."""
    stage.script[5] = lambda: stage.watch.hints.put(*(Hint(number) for number in range(1, 2000)))
    stage.serve(8)
    assert stage.value("passes_total", kind="schedule", outcome="done") == 2
    assert stage.bridge.hinted == []


def test_hints_wait_while_another_process_is_at_a_pass(stage: Stage) -> None:
    """They are tried again once a second, and lost by nobody."""
    number = stage.world.open()
    busy = Summary("r", TEN, exit=Exit.BUSY, why="another pass is at work on this store")
    stage.bridge.answers = [busy] * 4
    stage.watch.hints.put(Hint(number))
    stage.serve(10)
    assert len(stage.bridge.hinted) == 4
    assert len(stage.slept) <= 15
    assert len(stage.world.notes(number)) == 1


def test_another_process_that_is_at_a_pass_for_long_is_told(stage: Stage) -> None:
    """For three intervals nobody minds; then /readyz says what keeps ours out, since that one may hang."""
    stage.serve(1)
    stage.bridge.answers = [Summary("r", TEN, exit=Exit.BUSY, why="another pass is at work on this store")] * 9
    stage.serve(290)
    assert stage.failing() == {}
    stage.serve(30)
    assert "another pass is at work" in stage.failing()["passes"]


def test_w5_hints_between_two_passes_share_one_budget(stage: Stage) -> None:
    """Webhooks one by one write no more than a pass may: then the brake is pulled, and everybody is told."""
    stage.world.rules = limited(stage.world.rules, changes_per_pass=2)
    stage.serve(1)
    for _ in range(3):
        stage.watch.hints.put(Hint(stage.world.open(at=stage.clocks.now())))
        stage.signals.stop.take()
        stage.service.look(stage.watch.hints.take(9).hints)
    assert stage.world.store.get(BRAKE)
    assert "changes_per_pass" in stage.failing()["brake"]
    assert stage.value("check_ok", check="brake") == 0
    assert stage.value("decisions_total", step="acknowledge", result="written") == 2


def test_w5_the_brake_is_off_again_when_somebody_said_resume(stage: Stage) -> None:
    """Seen within half a minute."""
    stage.world.store.set(BRAKE, "too much")
    stage.serve(5)
    assert list(stage.failing()) == ["passes", "brake"]
    assert stage.beats == []
    stage.world.store.set(BRAKE, "")
    stage.serve(65)
    assert stage.failing() == {}
    assert len(stage.beats) == 2


def test_decisions_and_clocks_are_counted(stage: Stage) -> None:
    """By step and by clock; a ticket near its end and a late one are told apart from the others."""
    stage.world.open()
    stage.world.open(INSTALL, at=TEN - timedelta(days=10))
    answered = stage.world.open()
    stage.world.staff().note(answered, "Готово", status=CLOSED)
    stage.serve(61)
    assert stage.value("decisions_total", step="acknowledge", result="written") == 2
    assert stage.value("tickets", clock="running") == 1
    assert stage.value("tickets", clock="paused") == 1
    assert stage.value("ledger_steps", state="confirmed") is not None
    assert stage.value("tickets_near_due") == 0
    stage.clocks.today = TEN + timedelta(days=2, hours=6)
    stage.service.count()
    assert stage.value("tickets_near_due") == 1
    stage.clocks.today = TEN + timedelta(days=3)
    stage.service.count()
    assert (stage.value("tickets", clock="late"), stage.value("tickets", clock="running")) == (1, 0)


def test_no_label_names_a_ticket_or_a_person(stage: Stage) -> None:
    """Only words of ours are labels."""
    stage.world.open("Иван Петров, тел. 123-45-67", description="ivan@zavod.example")
    stage.world.tracker.broken[stage.world.open()] = PermanentError("403 for Иван")
    stage.serve(61)
    text = stage.watch.metrics.text().decode()
    assert text.isascii()
    labels = {label for line in text.splitlines() if "presale_bridge" in line for label in line.split("{")[1:]}
    assert not any("zavod" in label or "customer" in label for label in labels)


# --- stop and reload ----------------------------------------------------------------------------------------------------------------------


def test_it_stops_in_the_middle_of_a_pass(stage: Stage) -> None:
    """The ticket at hand is finished, the rest is left to the next start; nothing more is begun."""
    numbers = [stage.world.open() for _ in range(3)]
    stage.world.tracker.meanwhile = stage.signals.stop.set
    worker = stage.service.worker(MINUTE, stage.slept.append)
    worker.run()
    assert [len(stage.world.notes(number)) for number in numbers] == [1, 0, 0]
    assert stage.slept == []
    stage.serve(1)
    assert [len(stage.world.notes(number)) for number in numbers] == [1, 1, 1]


def test_rules_that_are_good_are_taken(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """SIGHUP: read between two passes, and said."""
    stage.script[5] = stage.signals.reload.set
    with caplog.at_level(logging.INFO, logger="bridge"):
        stage.serve(8)
    assert "the rules were read again and are in force" in caplog.text
    assert stage.value("rules_reloads_total", outcome="taken") == 1


def test_rules_that_are_wrong_are_refused_and_the_old_ones_stay(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Every mistake in the log; /readyz and a figure say so until the file is mended; work goes on."""
    stage.bridge.reloads = [PolicyError("rules.yaml:3:1: unknown key 'laed' (did you mean 'lead'?)"), None]
    stage.script[5] = stage.signals.reload.set
    with caplog.at_level(logging.INFO, logger="bridge"):
        stage.serve(65)
    assert "the old ones stay in force:\nrules.yaml:3:1" in caplog.text
    assert list(stage.failing()) == ["rules"]
    assert stage.value("check_ok", check="rules") == 0
    assert stage.value("rules_reloads_total", outcome="refused") == 1
    assert stage.value("passes_total", kind="schedule", outcome="done") == 2
    stage.script[2] = stage.signals.reload.set
    stage.serve(5)
    assert stage.failing() == {}


def test_an_extension_that_breaks_is_refused_too(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the new rules raise, the service goes on."""
    stage.bridge.reloads = [ZeroDivisionError("kaputt")]
    stage.signals.reload.set()
    with caplog.at_level(logging.ERROR, logger="bridge"):
        stage.serve(2)
    assert "ZeroDivisionError" in stage.failing()["rules"]


def test_without_mail_in_the_rules_nothing_is_purged(stage: Stage) -> None:
    """What an earlier `mail` section left stays until it has one again."""
    store = stage.world.store
    store.post.quarantine(Quarantined("9f2c", TEN - timedelta(days=400), "no From", "ivan@example.org", "", b"raw"))
    stage.serve(2)
    assert len(store.post.quarantined()) == 1


# --- what goes wrong ----------------------------------------------------------------------------------------------------------------------


def test_redmine_out_of_reach_is_told_and_backed_off_from(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """/readyz has its sentence, a figure counts, no heartbeat goes out; later it goes on by itself."""
    stage.world.tracker.changed_fails.extend([TemporaryError("GET /issues.json: Redmine answered 503")] * 3)
    with caplog.at_level(logging.WARNING, logger="bridge"):
        stage.serve(200)
    assert stage.failing() == {"passes": "no pass has ended yet; the last try: GET /issues.json: Redmine answered 503"}
    assert stage.value("passes_total", kind="schedule", outcome="out_of_reach") == 3
    assert stage.value("job_back_off_seconds", job="the pass") == 240
    assert stage.beats == []
    assert "Redmine answered 503" in caplog.text
    stage.serve(5)
    assert stage.failing() == {}


def test_an_error_that_nobody_thought_of_ends_nothing(stage: Stage) -> None:
    """Nor does one while a hint is looked at."""
    stage.bridge.fails = [RuntimeError("kaputt"), RuntimeError("kaputt")]  # type: ignore[list-item]
    stage.script[3] = lambda: stage.watch.hints.put(Hint(1))
    stage.serve(125)
    assert stage.value("job_failures_total", job="the pass") == 1
    assert stage.value("passes_total", kind="schedule", outcome="crashed") == 1
    assert stage.value("passes_total", kind="schedule", outcome="done") == 2


def test_w5_a_hint_after_a_first_pass_that_failed_pulls_no_brake(stage: Stage) -> None:
    """The budget of the hints is whole from the beginning."""
    stage.bridge.fails = [PermanentError("the mailbox refuses the account")]
    number = stage.world.open()
    stage.watch.hints.put(Hint(number))
    stage.serve(1)
    assert len(stage.world.notes(number)) == 1
    assert stage.world.store.get(BRAKE) == ""


def test_hints_at_others_tickets_leave_no_line(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A Redmine that tells of every ticket fills no log."""
    stage.serve(1)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="bridge"):
        stage.service.look((Hint(stage.world.open(tracker="Ошибка"), "Ошибка"),))
    assert caplog.records == []


def test_a_store_that_is_away_while_a_hint_comes(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The ticket is left to the next pass, in one line."""
    stage.serve(1)
    stage.bridge.fails = [TemporaryError("the store is out of reach; the next pass tries again")]
    with caplog.at_level(logging.ERROR, logger="bridge"):
        assert stage.service.look((Hint(7),)) == ()
    assert "tickets named by webhooks are left to the next pass: the store is out of reach" in caplog.text


def test_a_clock_set_back_by_three_hours_stops_nothing(stage: Stage) -> None:
    """Passes go on each minute, the lease and the ages do not mind, and the jump is counted."""
    stage.script[30] = lambda: stage.clocks.set_by(-hours(3))
    stage.serve(200)
    assert stage.value("passes_total", kind="schedule", outcome="done") == 4
    assert stage.value("clock_jumps_total", direction="back") == 1
    assert stage.failing() == {}


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[Stage]:
    """One with its store in a file."""
    with SqlStore(f"sqlite:///{tmp_path}/state.db", patience=timedelta(milliseconds=50)) as store:
        stage = Stage(small_world(store, TEN))
        stage.watch.health.tell(Check.REDMINE, ok=True, what="answered")
        yield stage


def pragma(stage: Stage, words: str) -> None:
    """Put the database into a state, for each connection that is made or used from now on."""
    with stage.world.store._database.reading() as db:
        db.exec_driver_sql(f"PRAGMA {words}")


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow: each write fails as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full(on_disk: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """/readyz, the figure and the log name the store and say where to look; when there is room again all is well."""
    on_disk.serve(1)
    number = on_disk.world.open(at=on_disk.clocks.now())
    with caplog.at_level(logging.ERROR, logger="bridge"), full_disk():
        on_disk.serve(70)
    assert list(on_disk.failing()) == ["store"]
    assert "nothing was kept. Look at its disk: full" in on_disk.failing()["store"]
    assert on_disk.value("check_ok", check="store") == 0
    assert "nothing was kept. Look at its disk: full" in caplog.text
    assert on_disk.world.notes(number) == []
    on_disk.serve(130)
    assert on_disk.failing() == {}
    assert len(on_disk.world.notes(number)) == 1


def test_a_store_that_became_read_only(on_disk: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written to Redmine that could not be remembered; /readyz, the figure and the log say whose right is missing."""
    on_disk.serve(1)
    pragma(on_disk, "query_only = ON")
    number = on_disk.world.open(at=on_disk.clocks.now())
    with caplog.at_level(logging.ERROR, logger="bridge"):
        on_disk.serve(70)
    assert "cannot be written; give the bridge's user the right" in on_disk.failing()["store"]
    assert on_disk.value("check_ok", check="store") == 0
    assert "cannot be written; give the bridge's user the right" in caplog.text
    assert on_disk.world.notes(number) == []
    pragma(on_disk, "query_only = OFF")
    on_disk.serve(130)
    assert on_disk.failing() == {}
    assert len(on_disk.world.notes(number)) == 1


def test_requests_are_counted_with_their_retries(stage: Stage) -> None:
    """By outcome, with the time they took; the last one's outcome is what /readyz goes by."""
    from bridge.adapters.redmine.meter import Outcome  # noqa: PLC0415 - one test's

    meter = RedmineMeter(stage.watch.metrics, stage.watch.health, stage.clocks.monotonic)
    for outcome in (Outcome.DONE, Outcome.NOT_FOUND, Outcome.TEMPORARY):
        ended = meter.asks("GET")
        stage.clocks.pass_by(0.3)
        ended(outcome)
    meter.repeats("GET", "429")
    assert stage.value("redmine_requests_total", method="GET", outcome="not_found") == 1
    assert stage.value("redmine_request_duration_seconds_sum", method="GET") == pytest.approx(0.9)
    assert stage.value("redmine_retries_total", reason="429") == 1
    assert stage.failing()["redmine"] == "the last request got no usable answer (temporary)"
    meter.asks("PUT")(Outcome.REFUSED)
    assert "redmine" not in stage.failing()
    meter.asks("GET")(Outcome.REFUSED)  # an expired certificate, a redirect, a key that is not accepted
    assert stage.failing()["redmine"] == "the last request got no usable answer (refused)"


def test_mail_is_counted_by_fate(stage: Stage) -> None:
    """What came, and what went."""
    from bridge.mail.intake import Taken  # noqa: PLC0415 - one test's
    from bridge.mail.office import MailSummary  # noqa: PLC0415
    from bridge.mail_ports import Fate  # noqa: PLC0415

    mail = MailSummary()
    mail.haul.taken += [Taken("a", Fate.TICKET, ""), Taken("b", Fate.QUARANTINE, ""), Taken("c", None, "shadow")]
    mail.sent.sent.append("1@x")
    summary = replace(Summary("r", TEN), mail=mail)
    stage.watch.metrics.passed("schedule", summary, 0.1, 0.0)
    assert stage.value("mail_received_total", fate="ticket") == 1
    assert stage.value("mail_received_total", fate="shadow") == 1
    assert stage.value("mail_sent_total") == 1
