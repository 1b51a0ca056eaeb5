"""`limits.writes_per_minute` in a single process: so many a minute, the rest in a later pass, and nothing is called a failure."""

from __future__ import annotations

from bridge.engine import BRAKE, Budget, Rate
from bridge.jobs import CURSOR, Exit, Pass, Summary
from tests.unit.worlds import MINUTE, TEN, World, limited


def paced(world: World, per_minute: int, minutes: float = 15) -> Summary:
    """One pass at that rate, so many minutes after ten."""
    world.cabinet.now = TEN + minutes * MINUTE
    rate = Rate(world.store, per_minute, lambda: world.cabinet.now)
    return Pass(world.engine, world.cabinet.now, rate=rate).run()


def test_a_pass_ends_where_the_minute_has_no_writes_left(world: World) -> None:
    """The cursor stays, nothing is put aside, the next minute goes on."""
    numbers = [world.open() for _ in range(5)]
    first = paced(world, 2)
    assert (first.exit, len(first.written), first.failed) == (Exit.DONE, 2, {})
    assert "writes_per_minute (2) is reached" in first.why
    assert not world.store.get(CURSOR)
    assert len(paced(world, 2, 15.5).written) == 0
    assert [len(paced(world, 2, minutes).written) for minutes in (16, 17)] == [2, 1]
    assert [len(world.notes(number)) for number in numbers] == [1] * 5


def test_hints_keep_to_the_rate_too(world: World) -> None:
    """What a webhook named is left to the next pass."""
    numbers = [world.open() for _ in range(3)]
    world.cabinet.now = TEN + 15 * MINUTE
    rate = Rate(world.store, 2, lambda: world.cabinet.now)
    one = Pass(world.engine, world.cabinet.now, rate=rate)
    summary = one.run_for(dict.fromkeys(numbers, ""), Budget(50))
    assert (len(summary.written), summary.failed) == (2, {})
    assert len(paced(world, 2, 16).written) == 1


def test_w5_the_brake_is_asked_first(world: World) -> None:
    """A flood is stopped, not slowed down, where both have come to their end."""
    world.rules = limited(world.rules, changes_per_pass=2)
    for _ in range(3):
        world.open()
    assert paced(world, 2).exit is Exit.HELD
    assert world.store.get(BRAKE)


def test_what_writes_nothing_is_not_counted(world: World) -> None:
    """Looking costs no write."""
    world.open()
    paced(world, 1)
    assert paced(world, 1, 15.5).why == ""


def test_clocks_a_little_apart_do_not_take_each_others_minutes(world: World) -> None:
    """Two replicas over the turn of a minute: each minute is counted by itself, and old ones are forgotten."""
    now = [TEN]
    rate = Rate(world.store, 1, lambda: now[0])
    rate.take(1)
    now[0] = TEN + MINUTE
    rate.take(1)
    now[0] = TEN
    assert rate.is_used_up()
    now[0] = TEN + 90 * MINUTE
    rate.take(1)
    now[0] = TEN
    assert not rate.is_used_up()
