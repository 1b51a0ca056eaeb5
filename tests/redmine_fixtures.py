"""The real Redmine of the tests: one for each worker. TEST_REDMINE_DATABASE=postgresql chooses the other database."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.demo.server import DatabaseKind, RedmineServer

if TYPE_CHECKING:
    from collections.abc import Iterator

VAR = Path(__file__).parent.parent / "var"


def make_server(name: str) -> RedmineServer:
    """A server of this worker's, of the database that this run of tests is about; not started."""
    kind: DatabaseKind = "postgresql" if os.environ.get("TEST_REDMINE_DATABASE") == "postgresql" else "sqlite"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    home = VAR / f"{name}-{worker}{'-pg' if kind == 'postgresql' else ''}"
    return RedmineServer(home, database=kind, cache=VAR / "redmine-cache")


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
def redmine() -> Iterator[RedmineServer]:
    """The Redmine of this worker alone: its clock may be set, its tickets cleared.

    A test that cannot do with the twenty customers of the demo makes one of its own (`new_customer`), and looks at nobody else's tickets.
    """
    server = make_server("test-redmine")
    server.destroy()  # what earlier runs have left would only make it slower
    with server:
        yield server


@pytest.fixture(scope="module")
def no_mails(redmine: RedmineServer) -> Iterator[RedmineServer]:
    """The worker's Redmine, for modules that are not about whom it mails: it answers in half the time."""
    with without_mails(redmine):
        yield redmine
