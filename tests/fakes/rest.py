"""A Redmine of canned answers: paths to JSON, and what was asked for. For what a real Redmine does seldom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import responses
from redminelib import Redmine

from bridge.adapters.redmine.connection import Connection, connect
from bridge.adapters.redmine.engine import Patience

URL = "https://redmine.example.com"
QUICK = Patience(backoff=timedelta(0), retries=0)
Params = dict[str, str]
Answer = Mapping[str, Any] | Callable[[Params], Mapping[str, Any]] | int


@dataclass
class Site:
    """`pages` are answers by path: JSON, a status, or a function of the query; `asked` are the requests."""

    mock: responses.RequestsMock
    pages: dict[str, Answer] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, Params]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Answer everything below the address."""
        for method in ("GET", "PUT", "POST"):
            self.mock.add_callback(method, re.compile(f"{URL}/.*"), self._answer)

    def redmine(self) -> Redmine:
        """A connection to it."""
        return connect(Connection(URL, "a" * 40, patience=QUICK))

    def paths(self) -> list[str]:
        """What was asked for, without queries."""
        return [f"{method} {path}" for method, path, _ in self.asked]

    def _answer(self, request: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked.append((request.method, parts.path, params))
        if request.method != "GET":
            self.bodies.append(json.loads(request.body))
            found = self.pages.get(f"{request.method} {parts.path}", 204)
            return (found, self.headers, "") if isinstance(found, int) else (200, self.headers, json.dumps(found))
        found = self.pages.get(parts.path, 404)
        if isinstance(found, int):
            return found, self.headers, "{}"
        return 200, self.headers, json.dumps(found(params) if callable(found) else found)
