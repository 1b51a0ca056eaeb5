"""Stores of every kind that the contract tests run over."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.adapters.store import SqlStore
from tests.contract.databases import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for all the tests of this process; they are skipped where it cannot be had."""
    pytest.importorskip(
        "psycopg", reason="PostgreSQL's driver is not installed: pip install 'psycopg[binary]'", exc_type=ImportError
    )
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as home:
        running = Cluster(found[-1].parent, Path(home))
        yield running
        running.stop()


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """A store in a file that does not exist yet."""
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture(params=["file", "postgresql"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """A store that more than one process can open."""
    return (
        request.getfixturevalue("file_url")
        if request.param == "file"
        else request.getfixturevalue("cluster").database()
    )


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store of each kind."""
    urls: dict[str, Callable[[], str]] = {
        "file": lambda: request.getfixturevalue("file_url"),
        "memory": lambda: "sqlite://",
        "postgresql": lambda: request.getfixturevalue("cluster").database(),
    }
    with SqlStore(urls[request.param]()) as opened:
        yield opened
