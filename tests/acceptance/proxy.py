"""A proxy on loopback between the bridge and Redmine that keeps a log, and does to chosen requests what networks and servers do."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0
HOPS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Request:
    """What the bridge sent."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method not in {"GET", "HEAD"}


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Exchange:
    """One request in the proxy's hands."""

    proxy: Proxy
    request: Request
    handler: BaseHTTPRequestHandler

    def forward(self) -> Reply:
        """Let Redmine do it; its answer."""
        return self.proxy.ask(self.request)

    def answer(self, reply: Reply, *, cut: bool = False) -> None:
        """Send an answer, or with `cut` only the first half of it."""
        head = [f"HTTP/1.1 {reply.status} -", *(f"{name}: {value}" for name, value in reply.headers.items())]
        if reply.status != 204:
            head.append(f"Content-Length: {len(reply.body)}")
        whole = "\r\n".join([*head, "", ""]).encode("latin-1") + reply.body
        with suppress(OSError):
            self.handler.wfile.write(whole[: len(whole) // 2] if cut else whole)
        if cut:
            self.drop()

    def drop(self) -> None:
        """Hang up."""
        self.handler.close_connection = True
        with suppress(OSError):
            self.handler.connection.shutdown(socket.SHUT_RDWR)

    def wait_until_given_up(self) -> None:
        """Wait until the bridge has hung up, having lost patience."""
        select.select([self.handler.connection], [], [], PATIENCE)


Behaviour = Callable[[Exchange], None]


def passed_on(exchange: Exchange) -> None:
    """As if there was no proxy."""
    exchange.answer(exchange.forward())


def dropped_before(exchange: Exchange) -> None:
    """The connection breaks before Redmine hears of it."""
    exchange.drop()


def dropped_after(exchange: Exchange) -> None:
    """Redmine does it, and the connection breaks before the answer."""
    exchange.forward()
    exchange.drop()


def truncated(exchange: Exchange) -> None:
    """Redmine does it, and half of the answer comes."""
    exchange.answer(exchange.forward(), cut=True)


def too_late(exchange: Exchange) -> None:
    """Redmine does it, and answers when the bridge has lost patience."""
    reply = exchange.forward()
    exchange.wait_until_given_up()
    exchange.answer(reply)


def done_but(status: int) -> Behaviour:
    """Redmine does it, and the answer is an error."""

    def behaviour(exchange: Exchange) -> None:
        exchange.forward()
        exchange.answer(Reply(status, body=b"<html>error</html>"))

    return behaviour


def not_done(status: int, **headers: str) -> Behaviour:
    """Redmine never hears of it, and the answer is an error."""

    def behaviour(exchange: Exchange) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        exchange.answer(Reply(status, named, b"<html>error</html>"))

    return behaviour


def held(exchange: Exchange) -> None:
    """The bridge gives up; Redmine gets the request when `Proxy.release` lets it go."""
    exchange.proxy.waiting.append(exchange.request)
    exchange.drop()


@dataclass
class Rule:
    """What becomes of the next requests that match."""

    behaviour: Behaviour
    matches: Callable[[Request], bool]
    skip: int = 0
    times: int = 1


@dataclass
class Proxy:
    """`rules` are looked through for each request; `log` has method and path of every request, in order."""

    target: str
    log: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    waiting: list[Request] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where the bridge finds it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def writes(self) -> list[str]:
        """The requests that change something."""
        return [line for line in self.log if not line.startswith(("GET", "HEAD"))]

    def do(
        self,
        behaviour: Behaviour,
        *,
        method: str = "",
        path: str = "",
        skip: int = 0,
        times: int = 1,
        when: Callable[[Request], bool] = lambda _: True,
    ) -> None:
        """Do that to the next requests of a method and with that in their path, after letting some go by."""

        def matches(request: Request) -> bool:
            return request.method == (method or request.method) and path in request.path and when(request)

        self.rules.append(Rule(behaviour, matches, skip, times))

    def release(self) -> None:
        """Let Redmine do what was held."""
        while self.waiting:
            self.ask(self.waiting.pop(0))

    def ask(self, request: Request) -> Reply:
        """Redmine's answer to a request."""
        place = urlsplit(self.target)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            found = connection.getresponse()
            kept = {name: value for name, value in found.getheaders() if name.lower() not in HOPS}
            return Reply(found.status, kept, found.read())
        finally:
            connection.close()

    def behaviour_for(self, request: Request) -> Behaviour:
        """What is to become of a request; it is logged."""
        with self.lock:
            self.log.append(f"{request.method} {request.path}")
            for rule in self.rules:
                if rule.times and rule.matches(request):
                    if rule.skip:
                        rule.skip -= 1
                        continue
                    rule.times -= 1
                    return rule.behaviour
        return passed_on

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Listen, inside."""
        server = _Server((LOOPBACK, 0), _Handler)
        server.proxy, self.port = self, server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: _Server

    def _one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOPS | {"host"}}
        request = Request(self.command, self.path, kept, self.rfile.read(length))
        proxy = self.server.proxy
        proxy.behaviour_for(request)(Exchange(proxy, request, self))

    do_GET = do_PUT = do_POST = do_DELETE = _one  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""
