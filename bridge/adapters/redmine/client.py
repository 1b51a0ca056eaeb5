"""Requests to Redmine by path: JSON in, JSON out, pages followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bridge.adapters.redmine import faults
from bridge.adapters.redmine.engine import Answer, BridgeEngine

if TYPE_CHECKING:
    from redminelib import Redmine  # type: ignore[import-untyped]

PAGE: Final = 100  # Redmine caps the limit there
V = TypeVar("V")
Row = Mapping[str, Any]


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
        with faults.understanding("POST", "/uploads.json"):
            return str(self._redmine.upload(BytesIO(content), filename=name)["token"])

    def fetch(self, path: str) -> bytes:
        """The bytes of a file; from Redmine's own address, whatever its settings say of its host (library trap 8)."""
        return self._engine.fetch(self._url(path))

    def one(self, path: str, key: str, of: Callable[[Row], V], **params: Any) -> V:
        """The object under `key`, made into a value."""
        row = row_of(self.get(path, **params), key, path)
        with faults.understanding("GET", path):
            return of(row)

    def rows(self, path: str, key: str, **params: Any) -> Sequence[Row]:
        """The list under `key` of one answer."""
        return rows_of(self.get(path, **params), key, path)

    def listed(self, path: str, key: str, of: Callable[[Row], V], **params: Any) -> tuple[V, ...]:
        """The list under `key` of one answer, made into values."""
        return _made(self.rows(path, key, **params), of, path)

    def pages(self, path: str, key: str, of: Callable[[Row], V], **params: Any) -> Iterator[V]:
        """A list that Redmine pages by offset, made into values; only for lists that grow at their end (library trap 9)."""
        offset = 0
        while True:
            answer = self.get(path, **params, limit=PAGE, offset=offset)
            rows = rows_of(answer, key, path)
            yield from _made(rows, of, path)
            offset += PAGE
            if not rows or offset >= total_of(answer, path):
                return

    @property
    def _engine(self) -> BridgeEngine:
        engine: BridgeEngine = self._redmine.engine
        return engine

    def _url(self, path: str) -> str:
        return f"{self._redmine.url}{path}"


def _made(rows: Sequence[Row], of: Callable[[Row], V], path: str) -> tuple[V, ...]:
    with faults.understanding("GET", path):
        return tuple(of(row) for row in rows)


def rows_of(answer: Answer, key: str, path: str) -> Sequence[Row]:
    """The list of objects under `key`.

    Raises:
        TemporaryError: there is none.
    """
    rows = answer.payload.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise faults.nonsense(faults.Sent("GET", path, ""), f"JSON without a list of {key}")
    return rows


def total_of(answer: Answer, path: str) -> int:
    """How many rows a list has in all; 0 where Redmine does not tell.

    Raises:
        TemporaryError: it tells no number.
    """
    with faults.understanding("GET", path):
        return int(answer.payload.get("total_count") or 0)


def row_of(answer: Answer, key: str, path: str) -> Row:
    """The object under `key`.

    Raises:
        TemporaryError: there is none.
    """
    row = answer.payload.get(key)
    if not isinstance(row, dict):
        raise faults.nonsense(faults.Sent("GET", path, ""), f"JSON without {key}")
    return row
