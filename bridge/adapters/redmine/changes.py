"""What changed since the last look: keyset pages by id, each row checked, and the server's time to start from next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.adapters.redmine import faults
from bridge.adapters.redmine.client import PAGE, Client, Row, rows_of, total_of
from bridge.adapters.redmine.names import Names
from bridge.adapters.redmine.reading import moment
from bridge.adapters.redmine.scope import ScopeFilter
from bridge.errors import TemporaryError
from bridge.ports import Batch, Head

PATH: Final = "/issues.json"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SLACK: Final = timedelta(seconds=2)  # Redmine takes a second off the lower bound, and REST cuts off fractions


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: its rows, how many rows are left from its start, and the server's time."""

    rows: Sequence[Row]
    left: int
    at: datetime | None

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after it."""
        return not self.rows or len(self.rows) >= self.left

    @property
    def latest(self) -> datetime | None:
        """A moment that the server's clock had reached when it answered."""
        return self.at or max((moment(row["updated_on"]) for row in self.rows), default=None)


class Changes:
    """Looks for changed tickets in scope. `overlap` covers writes that were committed after the moment they carry."""

    def __init__(self, client: Client, names: Names, scope: ScopeFilter, overlap: timedelta) -> None:
        self._client = client
        self._names = names
        self._scope = scope
        self._overlap = overlap

    @faults.understanding("GET", PATH)
    def since(self, since: datetime | None) -> Batch:
        """See `Tracker.changed`."""
        first, rows = self._open() if since is None else self._changed(since)
        covered = [self._scope.covers(row) for row in rows]
        heads = tuple(self._head(row) for row, mine in zip(rows, covered, strict=True) if mine)
        outside = tuple(int(row["id"]) for row, mine in zip(rows, covered, strict=True) if not mine)
        return Batch(heads, self._cursor(since, first), outside)

    def _open(self) -> tuple[Page, list[Row]]:
        return self._all({"status_id": "open", **self._narrow()})

    def _changed(self, since: datetime) -> tuple[Page, list[Row]]:
        """One page of all that changed, so that a ticket that left is noticed; narrowed to the scope only when that is too much."""
        floor = f">={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        wanted = {"status_id": "*", "updated_on": floor}
        page = self._page(wanted, 0)
        if any(moment(row["updated_on"]) < since - SLACK for row in page.rows):
            raise TemporaryError(f"GET {PATH}: Redmine ignored the filter updated_on; does a plugin change the list?")
        if page.is_last:
            return page, list(page.rows)
        return self._all({**wanted, **self._narrow()})

    def _narrow(self) -> dict[str, str]:
        self._scope.prepare()
        return {"tracker_id": self._scope.trackers(), **self._scope.place()}

    def _all(self, wanted: Mapping[str, str]) -> tuple[Page, list[Row]]:
        """All rows by keyset: nothing is lost or doubled while others write (library trap 9)."""
        page = first = self._page(wanted, 0)
        if first.at is None and not (first.rows and first.is_last):
            floor = self._newest(wanted)
            page = first = replace(self._page(wanted, 0), at=floor)
        rows = list(page.rows)
        while not page.is_last:
            page = self._page(wanted, int(rows[-1]["id"]))
            rows.extend(page.rows)
        return first, rows

    def _page(self, wanted: Mapping[str, str], after: int) -> Page:
        keyset = {"issue_id": f">={after + 1}"} if after else {}
        answer = self._client.get(PATH, **wanted, **keyset, sort="id", limit=PAGE)
        rows = rows_of(answer, "issues", PATH)
        ids = [int(row["id"]) for row in rows]
        if any(low >= high for low, high in zip([after, *ids], ids, strict=False)):
            raise TemporaryError(
                f"GET {PATH}: Redmine did not sort by id or ignored a filter; does a plugin change the list?"
            )
        return Page(rows, total_of(answer, PATH) or len(rows), answer.at)

    def _newest(self, wanted: Mapping[str, str]) -> datetime | None:
        """The latest change there is: the server's clock is not before it. Only for servers without a Date header."""
        more = {**wanted, "status_id": "*"}
        answer = self._client.get(PATH, **more, sort="updated_on:desc", limit=1)
        return max((moment(row["updated_on"]) for row in rows_of(answer, "issues", PATH)), default=None)

    def _head(self, row: Row) -> Head:
        status = row.get("status") or {}
        closed = status["is_closed"] if "is_closed" in status else self._names.is_closed(int(status.get("id") or 0))
        return Head(int(row["id"]), moment(row["updated_on"]), bool(closed))

    def _cursor(self, since: datetime | None, page: Page) -> datetime:
        """The server's time less the overlap; where it tells none, the latest change seen, and never back."""
        if page.at is not None:
            return page.at - self._overlap
        seen = [page.latest - self._overlap] if page.latest else []
        return max([*seen, since or EPOCH])
