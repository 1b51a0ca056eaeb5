"""The store's versions: upgraded step by step, newer ones and other programs' databases refused."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from bridge.adapters.store import SqlStore
from bridge.adapters.store.connection import open_engine, parse
from bridge.adapters.store.migrations import MIGRATIONS, migrate
from bridge.core.model import Attribute, History, OwnStep, Refusal, Role, Step
from bridge.errors import PermanentError
from bridge.mail_ports import Quarantined
from bridge.ports import Claim, Known

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE_MORE = (*MIGRATIONS[:1], ("ALTER TABLE tickets ADD COLUMN mood TEXT", "UPDATE tickets SET mood = 'good'"))


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """A store in a file as the first release leaves it."""
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    connection.executescript(Path(__file__).with_name("store_v1.sql").read_text())
    connection.close()
    return path


def engine_of(path: Path) -> Engine:
    """The file as the migrations see it."""
    return open_engine(parse(f"sqlite:///{path}"), MINUTE)


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    """The answer of the file itself."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_store_of_version_1_is_read_by_this_program(version_1: Path) -> None:
    """All that the first release kept is there."""
    with SqlStore(f"sqlite:///{version_1}") as store:
        done = tuple(OwnStep(step, 1, NOON + MINUTE) for step in (Step.ACKNOWLEDGE, Step.ROUTE))
        assert store.history(7) == History(done, frozenset({Refusal(Attribute.FIELD, "ALT", "Сведения о системе")}))
        assert store.claims(7) == (Claim(7, Step.REMIND, 1, "2026-11-24T15:00:00+00:00", at=NOON + 2 * MINUTE),)
        assert store.roles(7) == {41: Role.BRIDGE, 42: Role.CUSTOMER}
        assert store.known(7) == Known(7, NOON, NOON + MINUTE, NOON + 5 * MINUTE, closed=False)
        assert store.due(NOON + MINUTE) == (8,)
        assert (store.adopted(9), store.get("cursor")) == (True, "2026-11-23T08:59:00Z")
        assert [entry.reason for entry in store.logged(7)] == ["received"]
        assert not store.acquire_pass("host:2", NOON, MINUTE)


def test_a_store_of_version_1_is_written_by_this_program(version_1: Path) -> None:
    """What it holds is respected, and more can be kept."""
    with SqlStore(f"sqlite:///{version_1}") as store:
        assert not store.claim([Claim(7, Step.ACKNOWLEDGE, 1)], NOON)
        assert store.claim([Claim(7, Step.ASK, 1)], NOON)
        store.log("run-2", 7, NOON, [], "asks")
        assert [entry.reason for entry in store.logged(7)] == ["received", "asks"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_store_from_before_mail_takes_mail(version_1: Path, version: int) -> None:
    """From either earlier version the tables for mail are made, empty, and what was there stays."""
    migrate(engine_of(version_1), "state.db", MIGRATIONS[:version])
    assert ask(version_1, "SELECT version FROM schema_version") == [(version,)]
    with SqlStore(f"sqlite:///{version_1}") as store:
        assert store.post.quarantined() == store.post.outbox(NOON) == ()
        store.post.quarantine(Quarantined("9f2c", NOON, "no From", "", "", b"raw"))
        assert [one.raw for one in store.post.quarantined("9f2c")] == [b"raw"]
        assert store.roles(7) == {41: Role.BRIDGE, 42: Role.CUSTOMER}
    assert ask(version_1, "SELECT version FROM schema_version") == [(len(MIGRATIONS),)]


def test_an_older_store_is_brought_up_step_by_step(version_1: Path) -> None:
    """The next version's statements are carried out once, and its number is kept."""
    for _ in range(2):
        migrate(engine_of(version_1), "state.db", ONE_MORE)
    assert ask(version_1, "SELECT version FROM schema_version") == [(2,)]
    assert ask(version_1, "SELECT ticket_id, mood FROM tickets") == [(7, "good"), (8, "good")]


def test_a_step_that_fails_leaves_the_version_before_it(version_1: Path) -> None:
    """Half of a step is none of it: the tables and the number are as they were, and the next try does it all."""
    broken = (*ONE_MORE[:1], (ONE_MORE[1][0], "UPDATE nothing_of_that_name SET mood = 'bad'"))
    with pytest.raises(Exception, match="nothing_of_that_name"):
        migrate(engine_of(version_1), "state.db", broken)
    assert ask(version_1, "SELECT version FROM schema_version") == [(1,)]
    migrate(engine_of(version_1), "state.db", ONE_MORE)
    assert ask(version_1, "SELECT version FROM schema_version") == [(2,)]


def test_a_newer_store_is_refused_with_both_versions(version_1: Path) -> None:
    """An older program names its own version and the store's, says what to do, and changes nothing."""
    migrate(engine_of(version_1), "state.db", ONE_MORE)
    with pytest.raises(PermanentError) as caught:
        migrate(engine_of(version_1), "/var/lib/state.db", ONE_MORE[:1])
    assert str(caught.value) == (
        "the store /var/lib/state.db is of version 2, this program knows versions up to 1: a newer program has used it. "
        "Install that one again, or restore the copy made before it was upgraded"
    )
    assert ask(version_1, "SELECT version FROM schema_version") == [(2,)]


def test_a_store_of_the_far_future_is_refused_when_it_is_opened(version_1: Path) -> None:
    """The store itself refuses, and says the path."""
    connection = sqlite3.connect(version_1)
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(
        PermanentError, match=rf"{version_1} is of version 99, this program knows versions up to {len(MIGRATIONS)}"
    ):
        SqlStore(f"sqlite:///{version_1}")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A database that has a table of one of our names and no version (Redmine's has `settings`) is left alone."""
    path = tmp_path / "redmine.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        db.exec_driver_sql("CREATE TABLE settings (id INTEGER, value TEXT)")
    engine.dispose()
    with pytest.raises(PermanentError, match=r"redmine\.sqlite3 holds tables of another program \(settings\)"):
        SqlStore(f"sqlite:///{path}")
    assert ask(path, "SELECT name FROM sqlite_master") == [("settings",)]


def test_a_word_of_a_newer_program_is_refused_when_it_is_read(version_1: Path) -> None:
    """A step that this program does not know is an error with a sentence, not a step that was never done."""
    connection = sqlite3.connect(version_1)
    connection.execute("UPDATE ledger SET step = 'sing' WHERE step = 'route'")
    connection.commit()
    connection.close()
    with SqlStore(f"sqlite:///{version_1}") as store, pytest.raises(PermanentError, match="a newer one wrote it"):
        store.history(7)
