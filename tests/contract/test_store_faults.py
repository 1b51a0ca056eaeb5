"""What the operator reads when the store cannot: each fault made for real, in a process without rights where rights are the matter."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from bridge.adapters.store import SqlStore
from bridge.adapters.store.faults import told
from bridge.core.model import Step
from bridge.errors import BridgeError, PermanentError, TemporaryError
from bridge.mail_ports import Fate, Outgoing, Quarantined, Received
from bridge.ports import Claim

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
ASK = Claim(7, Step.ASK, 1)
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that a process without rights can reach."""
    with tempfile.TemporaryDirectory(prefix="store", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def claim_in(path: Path) -> None:
    """What a pass does first."""
    with SqlStore(f"sqlite:///{path}", patience=timedelta(milliseconds=50)) as store:
        store.claim([ASK], NOON)


def as_nobody() -> None:
    """Give up root's rights, which no file's mode binds."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def with_small_files() -> None:
    """Let no file grow over 150 kB: the write fails as on a disk over its quota."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))


def error_in_child(prepare: Callable[[], None], work: Callable[[], None]) -> BridgeError | None:
    """The bridge's error that the work ended with, in a process of its own."""
    answers = FORK.Queue()

    def go() -> None:
        prepare()
        try:
            work()
        except BridgeError as error:
            answers.put((type(error), str(error)))
        else:
            answers.put(None)

    process = FORK.Process(target=go)
    process.start()
    answer = answers.get(timeout=60)
    process.join()
    return answer and answer[0](answer[1])


def test_a_directory_that_cannot_be_written(directory: Path) -> None:
    """No store there yet: the path, and whose right is missing."""
    directory.chmod(0o555)
    error = error_in_child(as_nobody, lambda: claim_in(directory / "state.db"))
    assert isinstance(error, PermanentError)
    assert str(error).startswith(
        f"the store {directory}/state.db cannot be opened; make its directory, and give the bridge's user the right"
    )


def test_a_store_in_a_directory_that_cannot_be_written(directory: Path) -> None:
    """A store that was good until somebody took the right to write beside it."""
    path = directory / "state.db"
    claim_in(path)
    path.chmod(0o666)
    directory.chmod(0o555)
    error = error_in_child(as_nobody, lambda: claim_in(path))
    assert isinstance(error, PermanentError)
    assert "give the bridge's user the right to write the file and its directory" in str(error)


def test_a_store_that_cannot_be_written(directory: Path) -> None:
    """The file alone is read-only: it can be opened, and the claim is refused."""
    path = directory / "state.db"
    claim_in(path)
    path.chmod(0o444)
    directory.chmod(0o777)
    error = error_in_child(as_nobody, lambda: claim_in(path))
    assert isinstance(error, PermanentError)
    assert f"the store {path} cannot be written; give the bridge's user the right" in str(error)


def test_a_directory_that_is_not_there(directory: Path) -> None:
    """A path that leads nowhere is named whole."""
    with pytest.raises(
        PermanentError, match=rf"the store {directory}/none/state\.db cannot be opened; make its directory"
    ):
        claim_in(directory / "none" / "state.db")


def test_a_file_that_is_no_database(directory: Path) -> None:
    """A text is left as it is, and the operator is told how to go on."""
    path = directory / "state.db"
    path.write_text("rules: these are no tables\n" * 100)
    with pytest.raises(
        PermanentError, match=r"is no SQLite database; correct its name, or restore a copy, or move it away"
    ):
        claim_in(path)
    assert path.read_text().startswith("rules:")


def test_a_damaged_database(directory: Path) -> None:
    """A file whose middle was overwritten is called damaged."""
    path = directory / "state.db"
    claim_in(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))
    with pytest.raises(PermanentError, match=r"state\.db is damaged; restore a copy, or move it away"):
        claim_in(path)


def test_a_disk_without_room(directory: Path) -> None:
    """A database that may not grow keeps nothing of what did not fit, says so, and works again when it may."""
    with SqlStore(f"sqlite:///{directory}/state.db") as store:
        with store._database.reading() as db:
            pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
            db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        many = [Claim(n, Step.ASK, 1, "2026-11-24T15:00:00+00:00") for n in range(1000)]
        with pytest.raises(TemporaryError, match=r"state\.db has no room to grow; nothing was kept\. Free some space"):
            store.claim(many, NOON)
        assert store.claims(1) == ()
        with store._database.reading() as db:
            db.exec_driver_sql("PRAGMA max_page_count = 100000")
        assert store.claim(many, NOON)


def test_a_mail_that_the_disk_has_no_room_for(directory: Path) -> None:
    """Neither half a mail in the quarantine nor half a mail in the outbox: the claim is as it was, and all can be done again."""
    big = Quarantined("9f2c", NOON, "no From", "ivan@example.org", "", b"x" * 1_000_000)
    out = Outgoing("1@x", 7, 41, "bot@example.com", ("ivan@example.org",), big.raw)
    with SqlStore(f"sqlite:///{directory}/state.db") as store:
        store.post.claim_letter("9f2c", NOON, "ivan@example.org", "")
        with store._database.reading() as db:
            pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
            db.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        for work in (lambda: store.post.quarantine(big), lambda: store.post.post(out)):
            with pytest.raises(TemporaryError, match=r"state\.db has no room to grow; nothing was kept"):
                work()
        assert store.post.received("9f2c") == Received("9f2c", NOON)
        assert store.post.quarantined() == store.post.outbox(NOON) == ()
        with store._database.reading() as db:
            db.exec_driver_sql("PRAGMA max_page_count = 100000")
        store.post.quarantine(big)
        assert store.post.quarantined("9f2c") == (big,)
        assert store.post.post(out)


def test_trap_12_a_mail_that_the_disk_does_not_take(directory: Path) -> None:
    """A quarantine that the system refuses is temporary: the claim made before is there, without an outcome."""
    path = directory / "state.db"
    big = Quarantined("9f2c", NOON, "no From", "ivan@example.org", "", b"x" * 1_000_000)
    with SqlStore(f"sqlite:///{path}") as store:
        store.post.claim_letter("9f2c", NOON, "ivan@example.org", "")
    error = error_in_child(with_small_files, lambda: SqlStore(f"sqlite:///{path}").post.quarantine(big))
    assert isinstance(error, TemporaryError)
    with SqlStore(f"sqlite:///{path}") as store:
        assert store.post.received("9f2c") == Received("9f2c", NOON)
        store.post.settle_letter("9f2c", Fate.LEAVE, NOON)


def test_a_disk_that_does_not_take_what_is_written(directory: Path) -> None:
    """A write that the system refuses is temporary, and what was claimed before is still there."""
    path = directory / "state.db"
    claim_in(path)
    many = [Claim(n, Step.THANK, 1, "x" * 100) for n in range(5000)]
    error = error_in_child(with_small_files, lambda: SqlStore(f"sqlite:///{path}").claim(many, NOON) and None)
    assert isinstance(error, TemporaryError)
    assert f"the store {path} could not be read or written; nothing was kept. Look at its disk: full" in str(error)
    with SqlStore(f"sqlite:///{path}") as store:
        assert [claim.step for claim in store.claims(7)] == [Step.ASK]


def test_another_process_holds_the_lock(directory: Path) -> None:
    """A claim waits no longer than its patience for an operator's shell that is in the middle of a change."""
    path = directory / "state.db"
    claim_in(path)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    error = error_in_child(lambda: None, lambda: claim_in(path))
    shell.execute("ROLLBACK")
    shell.close()
    assert isinstance(error, TemporaryError)
    assert f"the store {path} is held by another process; the next pass tries again" in str(error)


def making(path: Path) -> sqlite3.Connection:
    """Another process that is in the middle of making the file."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE other (n)")
    return other


def test_a_file_that_another_process_is_making_is_waited_for(directory: Path) -> None:
    """A job and a service that are started together over a new file."""
    path = directory / "state.db"
    other = making(path)
    done = threading.Timer(0.3, other.execute, ["COMMIT"])
    done.start()
    with SqlStore(f"sqlite:///{path}", patience=timedelta(minutes=2)) as store:
        assert store.claim([ASK], NOON)
    done.join()
    other.close()


def test_a_file_that_another_process_is_making_is_waited_for_in_patience_only(directory: Path) -> None:
    """As for any other lock."""
    path = directory / "state.db"
    other = making(path)
    with pytest.raises(TemporaryError, match="held by another process"):
        claim_in(path)
    other.close()


def test_reading_does_not_wait_for_a_writer(directory: Path) -> None:
    """`show` and `plan` work while a pass writes."""
    path = directory / "state.db"
    claim_in(path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with SqlStore(f"sqlite:///{path}", patience=timedelta(0)) as store:
        assert [claim.step for claim in store.claims(7)] == [Step.ASK]
    writer.close()


def test_w3_a_claim_is_made_to_survive_a_power_cut(directory: Path) -> None:
    """Each commit is synced to the disk before it counts (synchronous = FULL), through a write-ahead log; what is deleted is overwritten."""
    with SqlStore(f"sqlite:///{directory}/state.db") as store, store._database.writing() as db:
        told_by = {
            name: db.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert told_by == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param(
            "state.db secret", "the store's URL cannot be read; it looks like sqlite:////", id="a path is no URL"
        ),
        pytest.param("mysql://u:secret@h/db", "names 'mysql', which the bridge does not know", id="another database"),
        pytest.param(
            "oracle+x://u:secret@h/db", "names 'oracle+x', which the bridge does not know", id="another driver"
        ),
    ],
)
def test_a_url_that_cannot_be_used(url: str, sentence: str) -> None:
    """The operator sees what a URL looks like, and never the password in it."""
    with pytest.raises(PermanentError) as caught:
        SqlStore(url)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_error_names_no_values(directory: Path) -> None:
    """What was to be written may be a person's: it stands in no message, nor in the error it came from."""
    with SqlStore(f"sqlite:///{directory}/state.db") as store:
        with store._database.writing() as db:
            db.exec_driver_sql("DROP TABLE settings")
        with pytest.raises(PermanentError, match="was it changed by hand") as caught:
            store.set("cursor", "Иван Иванович")
    assert "Иванович" not in f"{caught.value} {caught.value.__cause__}"


class ServerError(Exception):
    """What PostgreSQL's driver raises, as far as it matters here."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("said the server\nLINE 1: and more")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        pytest.param(None, TemporaryError, "is out of reach", id="no connection"),
        pytest.param("08006", TemporaryError, "is out of reach", id="the connection broke"),
        pytest.param("57P01", TemporaryError, "is being stopped or started", id="the server stops"),
        pytest.param("40P01", TemporaryError, "was too busy", id="deadlock"),
        pytest.param("55P03", TemporaryError, "is held by another process", id="lock time-out"),
        pytest.param("53100", TemporaryError, "is short of something (disk,", id="the server's disk is full"),
        pytest.param("58030", TemporaryError, "could not be read or written", id="the server's disk fails"),
        pytest.param("25006", PermanentError, "is read-only; name the primary", id="a standby"),
        pytest.param("25001", PermanentError, "did not understand the bridge", id="another transaction state"),
        pytest.param("28P01", PermanentError, "does not let the bridge in", id="wrong password"),
        pytest.param("3D000", PermanentError, "does not exist; create", id="no such database"),
        pytest.param("42501", PermanentError, "does not let the bridge write", id="no right on a table"),
        pytest.param("42P01", PermanentError, "did not understand the bridge: was", id="a table is gone"),
        pytest.param("XX001", PermanentError, "is damaged", id="a broken page"),
    ],
)
def test_what_postgresql_says(code: str | None, kind: type[BridgeError], sentence: str) -> None:
    """Each of the server's codes is temporary or permanent, with the place and the first line of what the server said."""
    with pytest.raises(kind) as caught, told("postgresql://db/bridge"):
        raise DBAPIError("SELECT 1", None, ServerError(code))
    assert str(caught.value).startswith(f"the store postgresql://db/bridge {sentence}")
    assert str(caught.value).endswith("said the server)")
