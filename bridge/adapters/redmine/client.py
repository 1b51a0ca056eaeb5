"""Requests to Redmine by path: JSON in, JSON out, pages followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from bridge.adapters.redmine import faults
from bridge.adapters.redmine.engine import Answer, BridgeEngine

if TYPE_CHECKING:
    from redminelib import Redmine  # type: ignore[import-untyped]

PAGE: Final = 100  # Redmine caps the limit there


class Client:
    """Redmine by path. Writes go straight to the engine: `resource.update` can put one ticket's values into another (library trap 1)."""

    def __init__(self, redmine: Redmine) -> None:
        self._redmine = redmine

    def get(self, path: str, **params: Any) -> Answer:
        """Read one thing.

        Raises:
            TemporaryError: out of reach or nonsense.
            NotFoundError: not there or hidden.
            PermanentError: any other refusal.
        """
        return self._engine.ask("get", self._url(path), params=params)

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Change one thing; 204 says nothing about what was taken (library trap 14).

        Raises:
            UnknownOutcomeError: it was sent and no usable answer came.
            PermanentError: refused; the message has Redmine's sentence.
        """
        self._engine.ask("put", self._url(path), data=dict(body))

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Add one thing; raises as `put`."""
        return self._engine.ask("post", self._url(path), data=dict(body))

    def upload(self, name: str, content: bytes) -> str:
        """Hand a file over, to be attached by the token that comes back; raises as `put`."""
        upload = self._redmine.upload(BytesIO(content), filename=name)
        return str(upload["token"])

    def fetch(self, path: str) -> bytes:
        """The bytes of a file; from Redmine's own address, whatever its settings say of its host (library trap 8)."""
        return self._engine.fetch(self._url(path))

    def rows(self, path: str, key: str, **params: Any) -> Sequence[Mapping[str, Any]]:
        """The list under `key` of one answer."""
        answer = self.get(path, **params)
        return rows_of(answer, key, path)

    def pages(self, path: str, key: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """All rows of a list that Redmine pages by offset; only for lists that grow at their end (library trap 9)."""
        offset = 0
        while True:
            answer = self.get(path, **params, limit=PAGE, offset=offset)
            rows = rows_of(answer, key, path)
            yield from rows
            offset += PAGE
            if not rows or offset >= int(answer.payload.get("total_count") or 0):
                return

    @property
    def _engine(self) -> BridgeEngine:
        engine: BridgeEngine = self._redmine.engine
        return engine

    def _url(self, path: str) -> str:
        return f"{self._redmine.url}{path}"


def rows_of(answer: Answer, key: str, path: str) -> Sequence[Mapping[str, Any]]:
    """The list under `key`.

    Raises:
        TemporaryError: there is none.
    """
    rows = answer.payload.get(key)
    if not isinstance(rows, list):
        raise faults.nonsense(faults.Sent("GET", path, ""), f"JSON without a list of {key}")
    return rows


def row_of(answer: Answer, key: str, path: str) -> Mapping[str, Any]:
    """The object under `key`.

    Raises:
        TemporaryError: there is none.
    """
    row = answer.payload.get(key)
    if not isinstance(row, dict):
        raise faults.nonsense(faults.Sent("GET", path, ""), f"JSON without {key}")
    return row
