"""What replicas share in the store: counters that never come to more than is allowed, and tickets that are due from now on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.adapters.store import SqlStore
from bridge.ports import Known
from tests.contract.databases import in_processes, patient
from tests.unit.making import moment

NOW = moment("11-23 10:00")
MINUTE = timedelta(minutes=1)


def test_it_counts_up_to_what_is_allowed(store: SqlStore) -> None:
    """What would come to more is refused whole, and not counted."""
    asked = (2, 2, 2, 1)
    assert [store.count("writes", "10:00", more, 5) for more in asked] == [True, True, False, True]
    assert store.counted("writes", "10:00") == 5


def test_a_new_window_begins_from_zero(store: SqlStore) -> None:
    """Each minute has its own, and names do not mix."""
    assert store.count("writes", "10:00", 5, 5)
    assert store.count("writes", "10:01", 5, 5)
    assert store.count("other", "10:01", 1, 5)
    assert (store.counted("writes", "10:00"), store.counted("writes", "10:01")) == (0, 5)


def test_more_at_once_than_is_allowed_is_never_counted(store: SqlStore) -> None:
    """Also as the first of a window."""
    assert not store.count("writes", "10:00", 6, 5)
    assert store.counted("writes", "10:00") == 0


def test_old_counters_are_dropped(store: SqlStore) -> None:
    """By their names; others stay."""
    for name in ("changes of 1", "changes of 2", "writes"):
        store.count(name, "w", 1, 5)
    store.drop_counts("changes of ", "changes of 2")
    assert [store.counted(name, "w") for name in ("changes of 1", "changes of 2", "writes")] == [0, 1, 1]


def test_processes_that_count_at_once_never_come_to_more(shared_url: str) -> None:
    """Four processes ask for forty each, a hundred are allowed."""
    SqlStore(shared_url).close()

    def ask() -> object:
        with patient(shared_url) as store:
            return sum(store.count("writes", "w", 1, 100) for _ in range(40))

    assert sum(int(str(answer)) for answer in in_processes(*(4 * [ask]))) == 100


@pytest.mark.parametrize(
    ("next_at", "due"),
    [
        pytest.param(None, True, id="A ticket that wanted nothing"),
        pytest.param(NOW + MINUTE, True, id="One that wanted to be looked at later"),
        pytest.param(NOW - MINUTE, True, id="One that is due already"),
    ],
)
def test_a_ticket_that_is_woken_is_due(store: SqlStore, next_at: object, due: bool) -> None:
    """And the earlier moment stays."""
    store.keep(Known(1, NOW, NOW, next_at, closed=False))  # type: ignore[arg-type]
    store.wake([1, 2], NOW)
    known = store.known(1)
    assert known is not None
    assert (store.due(NOW) == (1, 2)) is due
    assert known.next_at == min(NOW, next_at or NOW)  # type: ignore[type-var]


def test_a_ticket_that_nobody_has_read_is_woken_too(store: SqlStore) -> None:
    """It is due, and still unknown."""
    store.wake([7], NOW)
    assert (store.due(NOW), store.known(7), store.open_ids()) == ((7,), None, frozenset())


def test_w6_waking_ends_no_back_off(store: SqlStore) -> None:
    """What was put aside waits."""
    store.put_aside(1, NOW + MINUTE, "403")
    store.wake([1], NOW)
    assert store.due(NOW) == ()
