"""What a service works with, in memory: clocks that stand still until they are moved, an app over a `World`, listeners that remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.adapters.store import SqlStore
from bridge.core.policy import Policy
from bridge.engine import Budget
from bridge.errors import BridgeError
from bridge.jobs import Flag, Pass, Summary
from bridge.service.timetable import Clocks


@dataclass
class FakeClocks:
    """The time of day and the clock that nobody sets."""

    today: datetime
    ticks: float = 1000.0

    def now(self) -> datetime:
        """The time of day."""
        return self.today

    def monotonic(self) -> float:
        """The clock that nobody sets."""
        return self.ticks

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.ticks += seconds
        self.today += timedelta(seconds=seconds)

    def set_by(self, span: timedelta) -> None:
        """Somebody sets the clock (or the machine sleeps)."""
        self.today += span

    @property
    def both(self) -> Clocks:
        """As the service takes them."""
        return Clocks(self.now, self.monotonic)


@dataclass
class FakeListener:
    """Remembers what it was told."""

    ended: list[tuple[str, bool, float]] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)

    def job_ended(self, job: str, *, ok: bool, wait: float) -> None:
        """See `Listener`."""
        self.ended.append((job, ok, wait))

    def clock_jumped(self, seconds: float) -> None:
        """See `Listener`."""
        self.jumps.append(seconds)


@dataclass
class FakeBridge:
    """An app over a world of the tests; `fails` are errors for the next passes, `reloads` what the next reloads raise (None: they go well)."""

    world: Any
    clocks: FakeClocks
    fails: list[BridgeError] = field(default_factory=list)
    reloads: list[Exception | None] = field(default_factory=list)
    answers: list[Summary] = field(default_factory=list)
    hinted: list[Mapping[int, str]] = field(default_factory=list)

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        rules: Policy = self.world.rules
        return rules

    @property
    def store(self) -> SqlStore:
        """The memory."""
        store: SqlStore = self.world.store
        return store

    def _one(self, stopping: Flag | None) -> Pass:
        self.world.cabinet.now = self.clocks.now()
        stops = stopping.is_set if stopping else bool
        return Pass(self.world.engine, self.clocks.now(), stopping=stops)

    def run_pass(self, stopping: Flag | None = None, *, tickets: bool = True) -> Summary:
        """One pass."""
        if self.fails:
            raise self.fails.pop(0)
        return self.answers.pop(0) if self.answers else self._one(stopping).run(tickets=tickets)

    def run_hints(self, hints: Mapping[int, str], budget: Budget, stopping: Flag | None = None) -> Summary:
        """A pass over these tickets alone."""
        self.hinted.append(hints)
        if self.fails:
            raise self.fails.pop(0)
        return self.answers.pop(0) if self.answers else self._one(stopping).run_for(hints, budget)

    def reload(self) -> None:
        """Read the rules again."""
        error = self.reloads.pop(0) if self.reloads else None
        if error is not None:
            raise error


@dataclass(frozen=True)
class Reply:
    """What an ASGI application answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


NEVER: object = object()
"""A piece of a body that does not come."""


def call(
    app: Callable[..., Awaitable[None]],
    method: str,
    path: str,
    pieces: Iterable[bytes | object] = (b"",),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request, its body in pieces; None among them means that the client is gone."""
    return asyncio.run(_call(app, method, path, pieces, headers or {}))


async def _call(app: Any, method: str, path: str, pieces: Iterable[Any], headers: Mapping[str, str]) -> Reply:
    sent: list[dict[str, Any]] = []
    coming = _messages(list(pieces))

    async def receive() -> dict[str, Any]:
        return await anext(coming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8321),
    }
    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Reply(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body)


async def _messages(pieces: list[Any]) -> AsyncIterator[dict[str, Any]]:
    for number, piece in enumerate(pieces, start=1):
        if piece is NEVER:
            await asyncio.Event().wait()
        if piece is None:
            yield {"type": "http.disconnect"}
        yield {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
    await asyncio.Event().wait()
