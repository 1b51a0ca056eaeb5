"""The queue beside the store: made, made anew for another procrastinate, refused when it is newer; a ticket waits once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import procrastinate
import psycopg
import pytest

from bridge.adapters.store import SqlStore
from bridge.cli.main import run
from bridge.cluster.place import SCHEMA, arguments, prepare
from bridge.cluster.queue import Queue
from bridge.cluster.tasks import take_over
from bridge.errors import PermanentError, TemporaryError
from tests.contract.databases import Cluster, in_processes


@pytest.fixture
def url(cluster: Cluster) -> str:
    """An empty database with the queue's tables."""
    found = cluster.database()
    prepare(found)
    return found


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    """An empty queue."""
    with Queue(url) as opened:
        yield opened


def test_a_ticket_waits_once(queue: Queue) -> None:
    """Whoever puts it in, and how often."""
    assert queue.look([1, 2], "a") == 2
    assert queue.look([2, 3], "b") == 1
    assert not queue.hint(3, "")
    assert queue.hint(4, "")
    assert queue.waiting() == {1, 2, 3, 4}


def test_the_list_waits_once(queue: Queue) -> None:
    """Many webhooks at once make one list."""
    assert [queue.poll(), queue.poll()] == [True, False]


def test_it_stands_beside_the_store_in_a_schema_of_its_own(url: str) -> None:
    """The store opens as ever, and neither sees the other's tables."""
    SqlStore(url).close()
    with psycopg.connect(**arguments(url)) as db:
        names = db.execute(
            "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name LIKE 'procrastinate%'"
        )
        assert [row[0] for row in names] == [SCHEMA]


def test_replicas_that_start_at_once_make_it_once(cluster: Cluster) -> None:
    """Nobody fails, and it is whole."""
    url = cluster.database()

    def make() -> object:
        prepare(url)
        return "made"

    assert in_processes(make, make, make) == ["made"] * 3
    with Queue(url) as queue:
        assert queue.look([1], "a") == 1


def test_making_it_again_keeps_what_waits(url: str, queue: Queue) -> None:
    """A replica that starts throws nothing away."""
    queue.look([1], "a")
    prepare(url)
    assert queue.waiting() == {1}


def test_another_procrastinate_makes_it_anew(url: str, queue: Queue) -> None:
    """What waited in the old one is due in the store, and listed again."""
    queue.look([1], "a")
    _say_made_from(url, "3.0.0")
    prepare(url)
    assert queue.waiting() == frozenset()


def test_a_newer_one_is_refused(url: str) -> None:
    """With what to do."""
    _say_made_from(url, "99.0")
    with pytest.raises(PermanentError, match=r"made by procrastinate 99\.0.*Install that one again"):
        prepare(url)


def _say_made_from(url: str, version: str) -> None:
    with psycopg.connect(**arguments(url)) as db:
        db.execute("UPDATE made_from SET procrastinate = %s, digest = 'other'", [version])


def test_a_database_that_is_away_is_told(url: str) -> None:
    """As a sentence, for the log."""
    with pytest.raises(TemporaryError, match="out of reach"):
        prepare(url.replace("/t", "/no-such-place-t").replace("host=/", "host=/nowhere/"))


def test_a_user_without_rights_is_told_what_to_grant(url: str) -> None:
    """The schema may also be made by hand beforehand."""
    with psycopg.connect(**arguments(url)) as db:
        db.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        db.execute("DROP ROLE IF EXISTS nobody_much")
        db.execute("CREATE ROLE nobody_much LOGIN")
    with pytest.raises(PermanentError, match="GRANT CREATE ON DATABASE"):
        prepare(url.replace("bridge@", "nobody_much@"))


def test_a_dead_replicas_tickets_wait_again_each_once(url: str, queue: Queue) -> None:
    """Also the one that a webhook has named meanwhile: its old job goes, and nothing stays locked."""
    queue.look([1, 2], "a")
    with psycopg.connect(**arguments(url)) as db:
        db.execute("UPDATE procrastinate_jobs SET status = 'doing'")  # of a worker that is not registered any more
    queue.hint(1, "")
    asyncio.run(_rescue(url, queue))
    with psycopg.connect(**arguments(url)) as db:
        jobs = db.execute("SELECT lock, status::text FROM procrastinate_jobs ORDER BY lock").fetchall()
    assert jobs == [("ticket-1", "todo"), ("ticket-2", "todo")]


def test_a_list_that_died_with_its_replica_goes(url: str, queue: Queue) -> None:
    """It comes by the clock again, and must not keep the next one out."""
    queue.poll()
    with psycopg.connect(**arguments(url)) as db:
        db.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    asyncio.run(_rescue(url, queue))
    with psycopg.connect(**arguments(url)) as db:
        assert db.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (0,)


async def _rescue(url: str, queue: Queue) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(kwargs=arguments(url), min_size=1))
    async with app.open_async():
        await take_over(app, queue, timedelta(seconds=30), None, None)


@pytest.mark.parametrize("store", ["sqlite:////tmp/state.db", ""])
def test_serve_cluster_needs_postgresql(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A store that machines cannot share is refused at once, with the name of the variable."""
    assert run(["serve", "--cluster"], {"PRESALE_BRIDGE_STORE": store}) == 2
    assert "PRESALE_BRIDGE_STORE has to name a PostgreSQL database" in capsys.readouterr().err
