"""Telling systemd that the service has started (Type=notify), and that it lives (WatchdogSec=): a datagram each, see sd_notify(3)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from typing import Final

log: Final = logging.getLogger("bridge.service")

READY: Final = b"READY=1"
ALIVE: Final = b"WATCHDOG=1"


def tell_ready(environment: Mapping[str, str]) -> None:
    """Say that rules and settings are usable and signals are heeded; without systemd nobody is told."""
    _tell(environment, READY)


def tell_alive(environment: Mapping[str, str]) -> None:
    """Say that the loop moves, where the unit has a watchdog."""
    if environment.get("WATCHDOG_USEC"):
        _tell(environment, ALIVE)


def _tell(environment: Mapping[str, str], what: bytes) -> None:
    place = environment.get("NOTIFY_SOCKET", "")
    if not place:
        return
    address = f"\0{place[1:]}" if place.startswith("@") else place
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(what, address)
    except OSError as error:
        log.warning("systemd cannot be told %s: %s", what.decode(), error)
