"""What stands in the store, counted, on every kind of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bridge.adapters.store import Figures, SqlStore
from bridge.core.model import Step
from bridge.mail_ports import Outgoing, Quarantined, Sending
from bridge.ports import Claim, ClaimState, Known

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def known(number: int, clock: str, due: datetime | None = NOON + 9 * HOUR, *, closed: bool = False) -> Known:
    """A ticket that was read."""
    return Known(number, NOON, NOON, None, closed, clock=clock, due=due)


def test_an_empty_store_has_none_of_anything(store: SqlStore) -> None:
    """Noughts, not errors."""
    assert store.figures(NOON, NOON + HOUR) == Figures()


def test_open_tickets_by_their_clock(store: SqlStore) -> None:
    """Closed ones do not count, nor those that were never read; a clock of before this version is empty."""
    for number, clock in enumerate(("running", "running", "paused", "late", "answered", "old", ""), start=1):
        store.keep(known(number, clock))
    store.keep(known(20, "running", closed=True))
    store.put_aside(21, NOON + HOUR, "503")
    figures = store.figures(NOON, NOON + HOUR)
    assert figures.tickets == {"running": 2, "paused": 1, "late": 1, "answered": 1, "old": 1, "": 1}
    assert (figures.late, figures.put_aside) == (1, 1)


def test_a_running_clock_runs_out_without_a_look(store: SqlStore) -> None:
    """At its end it counts as late; within `soon` as nearly over; a paused one is neither."""
    store.keep(known(1, "running", NOON))
    store.keep(known(2, "running", NOON + HOUR))
    store.keep(known(3, "running", NOON + 2 * HOUR))
    store.keep(known(4, "paused", NOON - HOUR))
    figures = store.figures(NOON, NOON + HOUR)
    assert figures.tickets == {"late": 1, "running": 2, "paused": 1}
    assert (figures.late, figures.near_due) == (1, 1)


def test_a_back_off_that_is_over_does_not_count(store: SqlStore) -> None:
    """Only who waits still."""
    store.keep(replace(known(1, "running"), put_aside_until=NOON, tries=1))
    store.keep(replace(known(2, "running"), put_aside_until=NOON + HOUR, tries=1))
    assert store.figures(NOON, NOON).put_aside == 1


def test_the_ledger_by_state(store: SqlStore) -> None:
    """A claim without an outcome is told apart from what is done."""
    store.claim([Claim(7, Step.ASK, 1), Claim(7, Step.ROUTE, 1)], NOON)
    store.settle(Claim(7, Step.ASK, 1), ClaimState.CONFIRMED, NOON, 41)
    assert store.figures(NOON, NOON).ledger == {"claimed": 1, "confirmed": 1}


def test_mail_that_waits(store: SqlStore) -> None:
    """The quarantine without what was released from it; the outbox by state."""
    for key in ("a", "b"):
        store.post.quarantine(Quarantined(key, NOON, "no From", "", "", b"raw"))
    store.post.release_quarantined("a", None, NOON)
    for number in (1, 2, 3):
        store.post.post(Outgoing(f"{number}@x", 7, number, "bot@example.com", ("ivan@example.org",), b"mail"))
    store.post.claim_sending("1@x", NOON)
    store.post.settle_sending("2@x", Sending.SENT, NOON)
    figures = store.figures(NOON, NOON)
    assert (figures.quarantined, figures.outbox_waiting) == (1, 2)
    assert figures.outbox == {"claimed": 1, "sent": 1, "ready": 1}


def test_what_is_kept_for_the_figures_is_read_back(store: SqlStore) -> None:
    """Beside what decides when a ticket is looked at."""
    store.keep(known(7, "late"))
    assert store.known(7) == known(7, "late")
