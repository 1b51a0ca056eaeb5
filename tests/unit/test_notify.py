"""systemd is told of the start, where there is one."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.service.notify import tell_alive, tell_ready
from bridge.watch.health import Health


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """What systemd listens at, and how it names it."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(5)
        channel.bind(path if request.param == "file" else f"\0{path}")
        yield (path if request.param == "file" else f"@{path}"), channel


def test_systemd_is_told(systemd: tuple[str, socket.socket]) -> None:
    """At a socket in a folder or one without a file."""
    place, channel = systemd
    tell_ready({"NOTIFY_SOCKET": place})
    assert channel.recv(100) == b"READY=1"


def test_a_watchdog_hears_that_it_lives(systemd: tuple[str, socket.socket]) -> None:
    """Where the unit has one, and not otherwise."""
    place, channel = systemd
    health = Health(lambda: 0.0, timedelta(minutes=1), lambda: tell_alive({"NOTIFY_SOCKET": place}))
    health.beat()
    watched = Health(
        lambda: 0.0, timedelta(minutes=1), lambda: tell_alive({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "600000000"})
    )
    watched.beat()
    assert channel.recv(100) == b"WATCHDOG=1"
    channel.setblocking(False)
    with pytest.raises(BlockingIOError):
        channel.recv(100)


def test_without_systemd_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Started by hand."""
    tell_ready({})
    assert caplog.records == []


def test_a_socket_that_is_gone_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is a warning."""
    with caplog.at_level(logging.WARNING):
        tell_ready({"NOTIFY_SOCKET": str(tmp_path / "nowhere")})
    assert "cannot be told" in caplog.text
