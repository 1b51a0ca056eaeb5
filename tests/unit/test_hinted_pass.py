"""Passes over tickets that a webhook named: all brakes hold, the cursor stays, polling stays the truth (trap 16)."""

from __future__ import annotations

from datetime import timedelta

from bridge.engine import BRAKE, Budget, Result
from bridge.errors import PermanentError, TemporaryError
from bridge.jobs import CURSOR, Exit, Pass, Summary
from tests.unit.making import INSTALL
from tests.unit.worlds import MINUTE, TEN, World, limited


def hinted(world: World, *numbers: int, minutes: float = 15, tracker: str = "", left: int = 50) -> Summary:
    """A pass over these tickets, so many minutes after ten."""
    now = TEN + minutes * MINUTE
    world.cabinet.now = now
    return Pass(world.engine, now).run_for(dict.fromkeys(numbers, tracker), Budget(left))


def test_trap_16_a_hinted_ticket_is_looked_at_at_once(world: World) -> None:
    """It alone, without a look at what else has changed."""
    first, second = world.open(), world.open()
    summary = hinted(world, second)
    assert [look.ticket_id for look in summary.written] == [second]
    assert world.notes(first) == []
    assert "changed" not in world.tracker.calls


def test_trap_16_a_hint_moves_no_cursor(world: World) -> None:
    """What nobody hinted at is found by the next pass, and nothing is written twice."""
    world.open()
    world.run()
    before = world.store.get(CURSOR)
    silent, told = (world.open(at=TEN + 16 * MINUTE) for _ in range(2))
    hinted(world, told, minutes=17)
    assert world.store.get(CURSOR) == before
    world.run(TEN + 18 * MINUTE)
    assert [len(world.notes(number)) for number in (silent, told)] == [1, 1]


def test_trap_16_a_change_within_the_second_of_a_hinted_look_is_not_lost(world: World) -> None:
    """The hint came at once, and a second note in the same second without one: the pass reads the ticket again."""
    number = world.open()
    world.run()
    world.customer.note(number, "Ещё", at=TEN + 20 * MINUTE)
    hinted(world, number, minutes=20)
    world.customer.note(number, "Спасибо", at=TEN + 20 * MINUTE)
    world.tracker.calls.clear()
    world.run(TEN + 21 * MINUTE)
    assert f"read {number}" in world.tracker.calls


def test_f3_a_hint_does_not_shorten_the_customers_peace(world: World) -> None:
    """Asked is when the customer has been quiet for ten minutes, however soon the ticket is looked at."""
    number = world.open(INSTALL)
    hinted(world, number, minutes=0.1)
    assert len(world.notes(number)) == 1
    assert "запрос сведений" not in world.notes(number)[0]
    hinted(world, number, minutes=9)
    assert len(world.notes(number)) == 1
    world.run(TEN + 10 * MINUTE)
    assert "запрос сведений 1" in world.notes(number)[1]


def test_the_bridges_own_note_hints_at_nothing_more(world: World) -> None:
    """Redmine tells of our own note too: looked at, nothing written."""
    number = world.open()
    hinted(world, number)
    assert hinted(world, number, minutes=16).written == []


def test_a_ticket_of_another_tracker_costs_no_request(world: World) -> None:
    """Where the webhook tells the tracker, it is left alone by that."""
    number = world.open(tracker="Ошибка")
    summary = hinted(world, number, tracker="Ошибка")
    assert (summary.looked_at, world.tracker.calls) == (0, [])


def test_a_ticket_that_left_the_scope_is_looked_at_once_more(world: World) -> None:
    """What is known is forgotten then, as a pass would do."""
    number = world.open()
    world.run()
    world.staff().note(number, tracker="Ошибка", at=TEN + 20 * MINUTE)
    summary = hinted(world, number, minutes=20, tracker="Ошибка")
    assert [look.result for look in summary.looks] == [Result.GONE]
    assert world.store.known(number) is None


def test_a_ticket_that_is_not_there_is_nothing(world: World) -> None:
    """A number that somebody made up costs one request."""
    summary = hinted(world, 4711)
    assert [look.result for look in summary.looks] == [Result.GONE]
    assert summary.exit is Exit.DONE


def test_w5_the_brake_holds_hints_too(world: World) -> None:
    """Nothing is read or written until somebody says `resume`."""
    number = world.open()
    world.store.set(BRAKE, "too much")
    summary = hinted(world, number)
    assert (summary.exit, summary.looked_at, world.tracker.calls) == (Exit.HELD, 0, [])


def test_w5_hints_pull_the_brake(world: World) -> None:
    """A budget that is used up holds everything, as in a pass."""
    numbers = [world.open() for _ in range(3)]
    summary = hinted(world, *numbers, left=2)
    assert (summary.exit, len(summary.written)) == (Exit.HELD, 2)
    assert world.run(TEN + 16 * MINUTE).exit is Exit.HELD


def test_w5_shadow_holds_for_hints(world: World) -> None:
    """Decided and logged, not written."""
    world.rules = limited(world.rules, shadow=True)
    number = world.open()
    assert [look.result for look in hinted(world, number).looks] == [Result.SHADOW]
    assert world.notes(number) == []


def test_w6_a_ticket_in_its_back_off_is_left_there(world: World) -> None:
    """A webhook does not shorten it, or whoever sends many would have a broken ticket tried without end."""
    number = world.open()
    world.tracker.broken[number] = PermanentError("403")
    assert hinted(world, number).exit is Exit.TICKETS_FAILED
    assert hinted(world, number, minutes=16).looked_at == 0
    assert hinted(world, number, minutes=18).looked_at == 1


def test_w6_redmine_out_of_reach_ends_it(world: World) -> None:
    """Three in a row; the rest is left to polling."""
    numbers = [world.open() for _ in range(6)]
    world.tracker.broken = dict.fromkeys(numbers, TemporaryError("503"))
    summary = hinted(world, *numbers)
    assert (summary.exit, summary.looked_at) == (Exit.OUT_OF_REACH, 3)


def test_it_stops_between_two_tickets(world: World) -> None:
    """SIGTERM: the ticket at hand is finished, the others come in the next pass."""
    numbers = [world.open() for _ in range(3)]
    world.cabinet.now = TEN + 15 * MINUTE
    stops = iter([False, True])
    one = Pass(world.engine, world.cabinet.now, stopping=lambda: next(stops))
    summary = one.run_for(dict.fromkeys(numbers, ""), Budget(50))
    assert (len(summary.written), summary.why[:12]) == (1, "told to stop")


def test_what_a_look_found_is_kept_for_the_figures(world: World) -> None:
    """The clock and the term stand beside the ticket; before `not_before` it is «old»."""
    number = world.open()
    hinted(world, number)
    known = world.store.known(number)
    assert known is not None
    assert (known.clock, known.due) == ("running", TEN + timedelta(days=2, hours=8))
    world.rules = limited(world.rules, not_before=TEN + timedelta(days=30))
    hinted(world, number, minutes=16)
    known = world.store.known(number)
    assert known is not None
    assert known.clock == "old"
