"""uvicorn in a thread of its own, with what it lacks against slow clients: a connection has an end, whatever is sent over it."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bridge.errors import PermanentError

LIFE: Final = 20.0
"""Seconds that a connection lives at most: head, body and answer of its one request. uvicorn has no limit for a head that never ends."""
CONNECTIONS: Final = 100
HEAD: Final = 16 * 1024
LET_GO: Final = 2


class ShortLived(H11Protocol):
    """A connection that is cut when its time is over."""

    life: float = LIFE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in H11Protocol
        """Begin, with the end in view."""
        super().connection_made(transport)
        self._end = self.loop.call_later(self.life, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ended by itself."""
        self._end.cancel()
        super().connection_lost(exc)


def listen(address: str) -> socket.socket:
    """A socket that listens at `host:port`.

    Raises:
        PermanentError: that is no address, or it is taken.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise PermanentError(f"«{address}» is no address to listen at; it looks like 127.0.0.1:8321")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=CONNECTIONS)
    except OSError as error:
        raise PermanentError(f"the service cannot listen at {address}: {error.strerror or error}") from None


class WebServer:
    """Serves an application from a thread until it is stopped; takes no signals and logs no requests."""

    def __init__(self, app: ASGIApp, listening: socket.socket, connection: type[H11Protocol] = ShortLived) -> None:
        config = uvicorn.Config(
            app,
            http=connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            h11_max_incomplete_event_size=HEAD,
            timeout_graceful_shutdown=LET_GO,
        )
        self._server = uvicorn.Server(config)
        self._listening = listening
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="web", daemon=True
        )

    def start(self) -> None:
        """Begin to answer; connections made before wait in the socket's queue."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is under way, then end."""
        self._server.should_exit = True
        self._thread.join(2 * LET_GO)
        self._listening.close()
