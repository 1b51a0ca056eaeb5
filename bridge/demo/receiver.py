"""A receiver of the hook plugin's hints on loopback, for tests and measurements: it answers as one wants it to."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from bridge.errors import TemporaryError

PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Hint:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def told(self) -> dict[str, Any]:
        """The JSON of it."""
        return dict(json.loads(self.body))

    @property
    def ticket(self) -> int:
        """Which ticket it is about."""
        return int(self.told["id"])

    def signed_with(self, secret: str) -> bool:
        """Whether the signature is that secret's."""
        expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers["X-Redmine-Signature-256"], f"sha256={expected}")


class Receiver:
    """Listens while inside; `status` says what it answers, `gate` keeps its answers back while it is closed."""

    def __init__(self, port: int = 0, certificate: Path | None = None) -> None:
        self.hints: list[Hint] = []
        self.answered = 0
        self.status: Callable[[Hint], int] = lambda _: 204
        self.gate = threading.Event()
        self.gate.set()
        self._news = threading.Condition()
        self._server = _server(self, port)
        self._scheme = "http"
        if certificate:
            self._encrypt(certificate)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self._scheme}://127.0.0.1:{self.port}/hook?from=redmine"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, hint: Hint) -> int:
        """Note it, wait for the gate, and say the status."""
        with self._news:
            self.hints.append(hint)
            self._news.notify_all()
        self.gate.wait(PATIENCE)
        self.answered += 1
        return self.status(hint)

    def wait(self, enough: Callable[[list[Hint]], bool]) -> list[Hint]:
        """All hints, as soon as there are enough.

        Raises:
            TemporaryError: there are not within a minute.
        """
        with self._news:
            if not self._news.wait_for(lambda: enough(self.hints), PATIENCE):
                raise TemporaryError(f"the hints that came are those of {[hint.ticket for hint in self.hints]}")
            return list(self.hints)

    def of(self, ticket: int, count: int = 1) -> list[Hint]:
        """That ticket's hints, as soon as there are so many."""
        self.wait(lambda hints: len(_of(hints, ticket)) >= count)
        return _of(self.hints, ticket)

    def known(self, ticket: int) -> int:
        """How many hints of that ticket there are by now."""
        return len(_of(self.hints, ticket))

    def _encrypt(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"


def _of(hints: list[Hint], ticket: int) -> list[Hint]:
    return [hint for hint in hints if hint.ticket == ticket]


def _server(receiver: Receiver, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(Hint(self.path, dict(self.headers.items()), body, time.monotonic()))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has gone away, or does not trust the certificate."""

    return Server(("127.0.0.1", port), Handler)
