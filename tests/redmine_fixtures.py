"""The real Redmine that tests share.

`make test` may start it beforehand (`python -m bridge.demo.server up --home var/test-redmine`) and stop it afterwards; otherwise the first
worker that needs it starts it, and the last one to end stops it. TEST_REDMINE_DATABASE=postgresql chooses the other database.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.demo import processes
from bridge.demo.server import DatabaseKind, RedmineServer

if TYPE_CHECKING:
    from collections.abc import Iterator

VAR = Path(__file__).parent.parent / "var"


@contextmanager
def shared(server: RedmineServer) -> Iterator[RedmineServer]:
    """Start the server unless somebody has; stop it when nobody uses it any more, if a test started it."""
    users = server.home.with_name(f"{server.home.name}.users")
    own = users / str(os.getpid())
    lock = users / "lock"
    with processes.locked(lock):
        if not server.running:
            server.start()
            (users / "started-by-tests").touch()
        own.write_text(processes.Process.of(os.getpid()).started, encoding="utf-8")
    try:
        yield server
    finally:
        with processes.locked(lock):
            own.unlink(missing_ok=True)
            if not _others(users) and (users / "started-by-tests").exists():
                server.stop()
                (users / "started-by-tests").unlink()


def _others(users: Path) -> list[Path]:
    """Workers that still use it; those that died without a word do not count."""
    noted = [path for path in users.iterdir() if path.name.isdigit()]
    return [path for path in noted if processes.Process(int(path.name), path.read_text(encoding="utf-8")).alive]


def make_server(name: str) -> RedmineServer:
    """A server of the database that this run of tests is about; not started."""
    kind: DatabaseKind = "postgresql" if os.environ.get("TEST_REDMINE_DATABASE") == "postgresql" else "sqlite"
    return RedmineServer(
        VAR / f"{name}{'-pg' if kind == 'postgresql' else ''}", database=kind, cache=VAR / "redmine-cache"
    )


@contextmanager
def without_mails(server: RedmineServer) -> Iterator[None]:
    """Nobody is mailed, inside: mails take most of the time of a write, and are another test's business."""
    before = server.database.rows("SELECT mail_notification, id FROM users WHERE type = 'User'")
    sql = "UPDATE users SET mail_notification = :how WHERE id = :id"
    server.database.script([(sql, {"how": "none", "id": int(row[1])}) for row in before])
    try:
        yield
    finally:
        server.database.script([(sql, {"how": row[0], "id": int(row[1])}) for row in before])


@pytest.fixture(scope="session")
def redmine_server() -> Iterator[RedmineServer]:
    """The Redmine that all workers share: make a customer of your own (`new_customer`) and look at nobody else's tickets."""
    with shared(make_server("test-redmine")) as server:
        yield server


@pytest.fixture(scope="session")
def own_redmine() -> Iterator[RedmineServer]:
    """A Redmine of this worker alone: its clock may be set, its tickets cleared."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    server = make_server(f"test-redmine-{worker}")
    with server:
        yield server
