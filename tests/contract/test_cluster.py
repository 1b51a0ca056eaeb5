"""Three replicas over a real PostgreSQL and one cabinet: no note twice or forgotten, whoever dies; brake and rate hold over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.engine import BRAKE
from bridge.errors import PermanentError
from tests.contract.databases import Cluster
from tests.replicas import Fleet, Site, fleet
from tests.unit.worlds import MINUTE, TEN

pytestmark = pytest.mark.xdist_group("cluster")

COUNT = 24


@pytest.fixture
def replicas(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """A cabinet with tickets that nobody has looked at, and no replica yet; a parameter has the limits of the rules."""
    limits: dict[str, Any] = getattr(request, "param", {})
    with fleet(cluster.database(), str(tmp_path), TEN + 15 * MINUTE, **limits) as found:
        for _ in range(COUNT):
            found.site.world.open()
        yield found


def notes(site: Site) -> list[int]:
    """How many notes each ticket has."""
    return [len(site.world.notes(number)) for number in sorted(site.world.cabinet.tickets)]


def nobody_cut_in(site: Site) -> None:
    """Each write of a ticket follows on the reading by the same process: nobody else was at the ticket in between."""
    last: dict[int, tuple[int, str]] = {}
    for pid, name, ticket in site.calls:
        if name == "write":
            assert last[ticket] in {(pid, "read"), (pid, "write"), (pid, "may_write_private")}
        if ticket:
            last[ticket] = (pid, name)


def test_three_replicas_share_the_tickets(replicas: Fleet) -> None:
    """Each ticket gets its note once, from one replica, and more than one replica has work."""
    replicas.start(3)
    replicas.wait(lambda: notes(replicas.site) == [1] * COUNT, "one note each")
    replicas.wait_for_polls()
    assert notes(replicas.site) == [1] * COUNT
    nobody_cut_in(replicas.site)
    assert len({pid for pid, _ in replicas.site.writes}) > 1


@pytest.mark.parametrize("name", ["read", "write"])
def test_w3_a_replica_that_is_killed_in_the_middle_is_taken_over(replicas: Fleet, name: str) -> None:
    """SIGKILL at a reading, or at a write that the cabinet does all the same: in the end every note stands once."""
    site, victims = replicas.site, list[int]()

    def kill(pid: int, called: str, ticket: int) -> None:
        if called == name and not victims and len(site.writes) > COUNT // 3:
            victims.append(ticket)
            replicas.kill(pid)

    site.before = kill
    replicas.start(3)
    replicas.wait(lambda: bool(victims) and sum(notes(site)) >= COUNT - 1, "all but the victim's")
    site.world.cabinet.now += timedelta(minutes=6)  # a write of unknown outcome is settled then
    replicas.wait(lambda: notes(site) == [1] * COUNT and not site.world.store.claims(victims[0]), "one note each")
    replicas.wait_for_polls()
    assert notes(site) == [1] * COUNT
    nobody_cut_in(site)


def test_a_stalled_job_is_taken_over_by_the_next_replica(replicas: Fleet) -> None:
    """The only replica dies with a ticket in its hands, which is locked by that; one that is started later does it."""
    site, victims = replicas.site, list[int]()

    def kill(pid: int, called: str, ticket: int) -> None:
        if called == "read" and not victims:
            victims.append(ticket)
            replicas.kill(pid)

    site.before = kill
    replicas.start()
    replicas.wait(lambda: bool(victims), "a victim")
    replicas.start()
    replicas.wait(lambda: notes(site) == [1] * COUNT, "one note each")


@pytest.mark.parametrize("replicas", [{"changes_per_pass": 10}], indirect=True)
def test_w5_the_brake_counts_over_all_replicas(replicas: Fleet) -> None:
    """Ten writes by whomever, then nothing until somebody says `resume`; what was left is looked at then."""
    site, store = replicas.site, replicas.site.world.store
    replicas.start(3)
    replicas.wait(lambda: bool(store.get(BRAKE)), "the brake")
    replicas.wait(lambda: not waiting(replicas), "an empty queue")
    assert len(site.writes) == 10
    store.set(BRAKE, "")
    replicas.wait(lambda: bool(store.get(BRAKE)), "the brake once more")
    replicas.wait(lambda: not waiting(replicas), "an empty queue")
    assert len(site.writes) == 20
    assert set(notes(site)) == {0, 1}


@pytest.mark.parametrize("replicas", [{"writes_per_minute": 9}], indirect=True)
def test_the_rate_counts_over_all_replicas(replicas: Fleet) -> None:
    """Nine writes in the first minute of the clock, eighteen by the second, and every ticket in the third."""
    site = replicas.site
    replicas.start(3)
    for written in (9, 18, COUNT):
        replicas.wait(lambda written=written: sum(notes(site)) >= written, f"{written} notes")  # type: ignore[misc]
        replicas.wait_for_polls()
        assert sum(notes(site)) == written
        site.world.cabinet.now += MINUTE
    assert notes(site) == [1] * COUNT


def test_w6_one_bad_ticket_stops_no_replica(replicas: Fleet) -> None:
    """It is put aside with its back-off, once; the others are done."""
    site = replicas.site
    site.world.tracker.broken[1] = PermanentError("403")
    replicas.start(2)
    replicas.wait(lambda: sum(notes(site)) == COUNT - 1, "all but one")
    replicas.wait_for_polls(3)
    assert Counter(ticket for _, name, ticket in site.calls if name == "read")[1] == 1


def waiting(replicas: Fleet) -> bool:
    """Whether a ticket waits in the queue."""
    from bridge.cluster.queue import Queue  # noqa: PLC0415 - an extra

    with Queue(replicas.store_url) as queue:
        return bool(queue.waiting())
