"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.adapters.store import SqlStore
from tests.unit.worlds import TEN, World, small_world


@pytest.fixture
def world() -> Iterator[World]:
    """A cabinet with one customer and an empty store in memory."""
    with SqlStore("sqlite://") as store:
        yield small_world(store, TEN)
