"""Passes over a cabinet in memory: what is looked at and when, back-off, brakes, the daily re-read, exit codes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bridge.core.model import Step
from bridge.engine import BRAKE
from bridge.errors import PermanentError, TemporaryError, UnknownOutcomeError
from bridge.jobs import CURSOR, Exit, Summary, is_reread_due
from bridge.ports import MAX_BACK_OFF, Known
from tests.unit.making import CLOSED, INSTALL, LICENSE, hours, moment, policy
from tests.unit.worlds import MINUTE, TEN, World, limited


def reads(world: World) -> Counter[str]:
    """What was asked of the tracker since the last time, by kind."""
    calls = Counter(call.split()[0] for call in world.tracker.calls)
    world.tracker.calls.clear()
    return calls


def test_a_first_pass_looks_at_all_open_tickets(world: World) -> None:
    """Every open ticket is seen and written to; closed ones are not."""
    numbers = [world.open() for _ in range(3)]
    world.staff().note(numbers[0], "Готово", status=CLOSED)
    summary = world.run()
    assert (summary.exit, summary.looked_at, len(summary.written)) == (Exit.DONE, 2, 2)
    assert [len(world.notes(number)) for number in numbers] == [0, 1, 1]


def test_a_second_pass_writes_nothing(world: World) -> None:
    """Nothing changed: nothing is written; the bridge's own note is looked at once more."""
    for _ in range(3):
        world.open(LICENSE)
    world.run()
    again = world.run(TEN + 16 * MINUTE)
    assert (again.written, again.exit) == ([], Exit.DONE)


@pytest.mark.parametrize("count", [1, 12], ids=["One ticket known", "Twelve known"])
def test_an_idle_pass_costs_one_request(world: World, count: int) -> None:
    """However many tickets are known, a pass without news asks once."""
    for _ in range(count):
        world.open()
    world.run()
    world.run(TEN + 17 * MINUTE)
    reads(world)
    world.run(TEN + 30 * MINUTE)
    assert reads(world) == {"changed": 1}


def test_what_changed_is_looked_at(world: World) -> None:
    """Only the ticket with a new note is read."""
    first, second = world.open(), world.open()
    world.run()
    world.run(TEN + 20 * MINUTE)
    reads(world)
    world.cabinet.now = TEN + 30 * MINUTE
    world.customer.note(second, "Ещё")
    world.run(TEN + 31 * MINUTE)
    calls = world.tracker.calls
    assert f"read {second}" in calls
    assert f"read {first}" not in calls


def test_a_change_within_the_second_of_the_reading_is_not_lost(world: World) -> None:
    """Redmine tells whole seconds: a second note of the same second is looked at again."""
    number = world.open()
    world.run()
    world.customer.note(number, "Спасибо")
    world.run(TEN + 15 * MINUTE + timedelta(seconds=5))
    assert f"read {number}" in world.tracker.calls


def test_what_has_come_due_is_looked_at(world: World) -> None:
    """A reminder's moment wakes the ticket though nothing changed in it."""
    number = world.open()
    world.run()
    world.run(moment("11-25 09:30"))
    assert world.run(moment("11-25 13:59")).looked_at == 0
    summary = world.run(moment("11-25 14:00"))
    assert [one.step for look in summary.written for one in look.decisions] == [Step.REMIND]
    assert len(world.notes(number)) == 2


def test_f3_a_ticket_that_was_too_fresh_to_be_asked_is_asked_in_time(world: World) -> None:
    """The first pass acknowledges, the pass after ten quiet minutes asks."""
    number = world.open(INSTALL)
    world.run(TEN + 2 * MINUTE)
    assert world.run(TEN + 9 * MINUTE).written == []
    world.run(TEN + 10 * MINUTE)
    assert "запрос сведений 1" in world.notes(number)[1]


# --- the cursor -----------------------------------------------------------------------------------------------------------------------


def test_the_cursor_moves_on_after_a_whole_pass(world: World) -> None:
    """It is the server's time of the look, less the overlap."""
    world.open()
    world.run()
    assert datetime.fromisoformat(world.store.get(CURSOR)) == TEN + 15 * MINUTE - timedelta(seconds=10)


def test_a_pass_that_was_told_to_stop_leaves_the_cursor(world: World) -> None:
    """The tickets that were not looked at come in the next pass."""
    numbers = [world.open() for _ in range(3)]
    world.run()
    before = world.store.get(CURSOR)
    world.cabinet.now = TEN + 20 * MINUTE
    for number in numbers:
        world.customer.note(number, "Ещё", at=TEN + 20 * MINUTE)
    asked: list[int] = []
    summary = world.run(TEN + 21 * MINUTE, stopping=lambda: len(asked) > 1 or bool(asked.append(1)))
    assert summary.looked_at in (1, 2)
    assert "told to stop" in summary.why
    assert world.store.get(CURSOR) == before
    reads(world)
    world.run(TEN + 22 * MINUTE)
    assert {f"read {number}" for number in numbers[summary.looked_at :]} <= set(world.tracker.calls)


def test_a_pass_renews_its_lease_after_each_ticket(world: World) -> None:
    """A long pass is not taken for a dead one."""
    for _ in range(3):
        world.open()
    renewed: list[int] = []
    world.run(renew=lambda: renewed.append(1))
    assert len(renewed) == 3


def test_trap_16_a_change_that_was_missed_is_found_by_polling(world: World) -> None:
    """Nothing depends on being told: after hours away everything that changed is looked at."""
    numbers = [world.open() for _ in range(2)]
    world.run()
    world.customer.note(numbers[1], "Ещё вопрос", at=TEN + hours(1))
    late = world.open(at=TEN + hours(2))
    world.run(TEN + hours(5))
    assert {f"read {numbers[1]}", f"read {late}"} <= set(world.tracker.calls)


# --- the daily re-read ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        pytest.param("11-23 10:00", "11-23 17:00", False, id="Done today"),
        pytest.param("11-23 10:00", "11-24 08:59", False, id="Before opening"),
        pytest.param("11-23 10:00", "11-24 09:00", True, id="At the opening"),
        pytest.param("11-24 08:00", "11-24 10:00", True, id="Done today, but before the opening"),
        pytest.param("11-20 10:00", "11-22 12:00", False, id="Not on a day off"),
        pytest.param("11-20 10:00", "11-23 12:00", True, id="After a weekend"),
        pytest.param("", "11-23 12:00", True, id="Never done"),
        pytest.param("12-23 12:00", "11-23 12:00", True, id="Done by a clock that was a month ahead"),
    ],
)
def test_t13_the_full_re_read_is_due_once_a_working_day(last: str, now: str, due: bool) -> None:
    """The first pass in the working time of a day reads everything that is open."""
    stamp = moment(last).isoformat() if last else ""
    assert is_reread_due(policy().calendar, stamp, moment(now)) is due


def test_w6_a_clock_that_was_ahead_keeps_no_ticket_off(world: World) -> None:
    """A back-off that ends later than any can was begun by a wrong clock: the ticket is looked at now."""
    number = world.open()
    world.run()
    world.customer.note(number, "Ещё вопрос", at=TEN + 20 * MINUTE)
    for ahead, looked_at in ((MAX_BACK_OFF, 0), (MAX_BACK_OFF + MINUTE, 1)):
        now = TEN + 25 * MINUTE
        world.store.put_aside(number, now + ahead, "503")
        assert world.run(now).looked_at == looked_at


def test_t13_what_was_edited_without_a_trace_is_seen_the_next_morning(world: World) -> None:
    """Deleting a note does not touch the ticket; the daily re-read finds it, once."""
    number = world.open()
    world.run()
    reads(world)
    world.run(moment("11-24 09:05"))
    assert f"read {number}" in world.tracker.calls
    reads(world)
    world.run(moment("11-24 09:10"))
    assert reads(world) == {"changed": 1}


def test_t13_a_ticket_that_vanished_is_noticed_by_the_re_read(world: World) -> None:
    """What is remembered as open and is not there any more is forgotten."""
    number = world.open()
    world.run()
    world.customer.delete_issue(number)
    world.run(moment("11-24 09:05"))
    assert world.store.open_ids() == frozenset()


# --- W5: the brake --------------------------------------------------------------------------------------------------------------------


def test_w5_too_many_changes_pull_the_brake(world: World) -> None:
    """The pass stops, nothing more is written in later ones, the exit code says so, until somebody says `resume`."""
    world.rules = limited(world.rules, changes_per_pass=2)
    numbers = [world.open() for _ in range(4)]
    summary = world.run()
    assert (summary.exit, len(summary.written)) == (Exit.HELD, 2)
    (why, remedy) = summary.why.split(";")
    assert why == "held by the brake: the pass would write more than limits.changes_per_pass (2)"
    assert "resume" in remedy
    reads(world)
    held = world.run(TEN + 20 * MINUTE)
    assert (held.exit, held.looked_at, held.why) == (Exit.HELD, 0, summary.why)
    assert reads(world) == {}
    world.store.set(BRAKE, "")
    after = world.run(TEN + 21 * MINUTE)
    assert (after.exit, len(after.written)) == (Exit.DONE, 2)
    assert [len(world.notes(number)) for number in numbers] == [1, 1, 1, 1]


def test_w5_as_many_changes_as_are_allowed_do_not(world: World) -> None:
    """Exactly the limit is no reason to stop."""
    world.rules = limited(world.rules, changes_per_pass=3)
    for _ in range(3):
        world.open()
    assert world.run().exit is Exit.DONE


def test_w5_what_is_not_written_does_not_count(world: World) -> None:
    """Shadow and old tickets leave the budget alone."""
    world.rules = limited(world.rules, changes_per_pass=1, shadow=True)
    for _ in range(3):
        world.open()
    summary = world.run()
    assert summary.exit is Exit.DONE
    assert len(summary.as_json()["shadow"]) == 3  # type: ignore[arg-type]


# --- W6: what goes wrong --------------------------------------------------------------------------------------------------------------


def test_w6_one_bad_ticket_does_not_stop_the_others(world: World) -> None:
    """It is reported with its reason, put aside, and the others are looked at."""
    bad, good = world.open(), world.open()
    world.tracker.broken[bad] = PermanentError("403")
    summary = world.run()
    assert (summary.exit, summary.failed) == (Exit.TICKETS_FAILED, {bad: "403"})
    assert len(world.notes(good)) == 1


class SickError(Exception):
    """Something nobody thought of."""


def test_w6_even_what_nobody_thought_of_does_not(world: World) -> None:
    """Any exception is put aside with its name."""
    bad, good = world.open(), world.open()
    world.tracker.broken[bad] = SickError("42")  # type: ignore[assignment]
    summary = world.run()
    assert summary.failed == {bad: "SickError: 42"}
    assert len(world.notes(good)) == 1


def test_w6_the_back_off_grows_and_ends(world: World) -> None:
    """2, 4, 8… minutes, at most four hours; what then goes well starts anew."""
    number = world.open()
    world.tracker.broken[number] = PermanentError("403")
    now, waits = TEN, []
    for _ in range(10):
        world.run(now)
        known = world.store.known(number)
        assert known is not None
        assert known.put_aside_until is not None
        waits.append(known.put_aside_until - now)
        assert world.run(known.put_aside_until - timedelta(seconds=1)).looked_at == 0
        now = known.put_aside_until
    assert waits[:4] == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 16 * MINUTE]
    assert max(waits) == MAX_BACK_OFF == waits[-1]
    del world.tracker.broken[number]
    assert len(world.run(now).written) == 1
    known = world.store.known(number)
    assert known is not None
    assert (known.tries, known.put_aside_until) == (0, None)


def test_redmine_out_of_reach_at_the_list(world: World) -> None:
    """The pass ends with its own exit code and blames no ticket."""
    world.open()
    world.tracker.changed_fails.append(TemporaryError("refused"))
    summary = world.run()
    assert (summary.exit, summary.failed, summary.why) == (Exit.OUT_OF_REACH, {}, "refused")
    assert world.store.get(CURSOR) == ""


def test_redmine_out_of_reach_in_the_middle(world: World) -> None:
    """Three tickets in a row that fail for a temporary reason end the pass; the cursor stays, nothing is lost."""
    numbers = [world.open() for _ in range(6)]
    for number in numbers:
        world.tracker.broken[number] = TemporaryError("503")
    summary = world.run()
    assert (summary.exit, len(summary.failed)) == (Exit.OUT_OF_REACH, 3)
    world.tracker.broken.clear()
    world.run(TEN + hours(1))
    assert [len(world.notes(number)) for number in numbers] == [1] * 6


def test_two_in_a_row_are_not_out_of_reach(world: World) -> None:
    """A ticket that goes well in between starts the count anew."""
    numbers = [world.open() for _ in range(5)]
    for number in (numbers[0], numbers[1], numbers[3], numbers[4]):
        world.tracker.broken[number] = TemporaryError("503")
    summary = world.run()
    assert (summary.exit, len(summary.failed)) == (Exit.TICKETS_FAILED, 4)


def test_w3_an_unknown_outcome_is_settled_by_a_later_pass(world: World) -> None:
    """The write's answer was lost: the next passes find the note and write no other."""
    number = world.open()
    world.tracker.after_write.append(UnknownOutcomeError("no answer"))
    assert world.run().exit is Exit.TICKETS_FAILED
    for minutes in (16, 18, 25, 40):
        world.run(TEN + minutes * MINUTE)
    assert len(world.notes(number)) == 1
    assert world.store.claims(number) == ()


def test_w3_a_write_that_did_not_happen_is_made_up_for(world: World) -> None:
    """Nothing is forgotten: after `settle_unknown` the note is written, once."""
    number = world.open()
    world.tracker.before_write.append(UnknownOutcomeError("no answer"))
    world.run()
    for minutes in (16, 18, 25, 40):
        world.run(TEN + minutes * MINUTE)
    assert len(world.notes(number)) == 1


def test_a_ticket_that_left_the_tracker_is_noticed(world: World) -> None:
    """It is forgotten when it changes tracker, and found again when it comes back."""
    number = world.open()
    world.run()
    world.staff().note(number, tracker="Ошибка", at=TEN + 20 * MINUTE)
    world.run(TEN + 21 * MINUTE)
    assert world.store.known(number) is None
    world.staff().note(number, tracker="ТехП Пресейл", at=TEN + 40 * MINUTE)
    world.run(TEN + 41 * MINUTE)
    assert world.store.known(number) is not None


def test_a_foreign_ticket_that_changes_is_not_read(world: World) -> None:
    """Other trackers' tickets cost nothing."""
    world.run()
    number = world.open(tracker="Ошибка", at=TEN + 20 * MINUTE)
    world.run(TEN + 21 * MINUTE)
    assert f"read {number}" not in world.tracker.calls


# --- what is told ---------------------------------------------------------------------------------------------------------------------


def test_a_pass_as_json(world: World) -> None:
    """Scripts get numbers, steps and reasons by ticket."""
    good, bad = world.open(), world.open()
    world.tracker.broken[bad] = PermanentError("403")
    out = world.run().as_json()
    assert out["written"] == [{"ticket": good, "did": ["acknowledge", "set_term"], "notes": 1}]
    assert (out["failed"], out["exit"], out["looked_at"]) == ({str(bad): "403"}, "tickets_failed", 2)


def test_a_pass_in_one_line() -> None:
    """People get one line."""
    assert str(Summary("r1", TEN, why="held")) == "pass r1: looked at 0, wrote to 0, failed 0, unknown 0; held"


def test_troubles_are_reported_as_they_come(world: World) -> None:
    """What went wrong beside a write is said by the pass."""
    world.rules = replace(world.rules, lead="nobody")
    world.open()
    world.run(moment("11-26 12:00"))
    assert any("«nobody»" in sentence for sentence in world.said)


def test_a_known_ticket_remembers_its_next_moment(world: World) -> None:
    """What wakes a ticket is stored with it."""
    number = world.open()
    world.run()
    known = world.store.known(number)
    assert isinstance(known, Known)
    assert known.next_at == moment("11-25 14:00")
