"""The dead-man's switch: after each good pass a URL is asked for; whoever watches that URL raises the alarm when it stays silent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import urlsplit

import requests

from bridge.adapters.hosts import is_loopback
from bridge.errors import PermanentError

log: Final = logging.getLogger("bridge.service")

TIME_OUTS: Final = (3.0, 5.0)


def checked(url: str, plain_http: frozenset[str]) -> str:
    """The URL, if it may be asked for; its path is often a secret, so that no error repeats it.

    Raises:
        PermanentError: it is no URL, or plain http to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PermanentError("PRESALE_BRIDGE_HEARTBEAT_URL is no URL; it looks like https://hc.example.com/ping/UUID")
    if parts.scheme == "http" and not (is_loopback(parts.hostname or "") or parts.hostname in plain_http):
        raise PermanentError(
            f"PRESALE_BRIDGE_HEARTBEAT_URL is plain http to {parts.hostname}; use https, or allow this host by name"
        )
    return url


def ask(url: str) -> None:
    """One GET; raises `requests.RequestException` where it is not answered well. Nothing of the answer is read."""
    session = requests.Session()
    session.trust_env = not is_loopback(urlsplit(url).hostname or "")
    with session, session.get(url, timeout=TIME_OUTS, stream=True, allow_redirects=False) as answer:
        answer.raise_for_status()


def in_thread(work: Callable[[], None]) -> None:
    """Do it beside the worker, who does not wait for it."""
    threading.Thread(target=work, name="heartbeat", daemon=True).start()


class Count(Protocol):
    """Who is told of each."""

    def __call__(self, *, ok: bool) -> None:
        """One was sent."""


class Heartbeat:
    """Sends one at a time; one that hangs is not waited for, and none follows it until it has ended."""

    def __init__(
        self,
        url: str,
        count: Count,
        ask: Callable[[str], None] = ask,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        self._url, self._count, self._ask, self._start = url, count, ask, start
        self._under_way = threading.Lock()

    def beat(self) -> None:
        """After a good pass."""
        if self._url and self._under_way.acquire(blocking=False):
            self._start(self._send)

    def _send(self) -> None:
        try:
            self._ask(self._url)
        except requests.RequestException as error:
            log.warning("the heartbeat was not taken: %s", type(error).__name__)
            self._count(ok=False)
        else:
            self._count(ok=True)
        finally:
            self._under_way.release()
