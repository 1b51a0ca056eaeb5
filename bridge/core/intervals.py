"""A sorted run of intervals with prefix sums: how much lies before a moment, and which moment lies behind how much."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ZERO: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals in UTC, sorted and apart (they may touch); `worked[i]` is their length together up to the end of interval `i`."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    worked: tuple[timedelta, ...]

    @classmethod
    def of(cls, intervals: Iterable[tuple[datetime, datetime]]) -> Intervals:
        """Intervals that come in order; none is empty."""
        pairs = list(intervals)
        starts, ends = tuple(start for start, _ in pairs), tuple(end for _, end in pairs)
        return cls(starts, ends, tuple(accumulate(end - start for start, end in pairs)))

    @property
    def total(self) -> timedelta:
        """All of it."""
        return self.worked[-1] if self.worked else _ZERO

    def until(self, at: datetime) -> timedelta:
        """How much lies before a moment."""
        began = bisect_right(self.starts, at)
        return self.worked[began - 1] - max(self.ends[began - 1] - at, _ZERO) if began else _ZERO

    def first_with(self, worked: timedelta) -> datetime:
        """The earliest moment with so much before it: an end, never the start after it. Needs 0 < `worked` <= `total`."""
        return self._moment(bisect_left(self.worked, worked), worked)

    def last_with(self, worked: timedelta) -> datetime:
        """The latest moment with only so much before it: a start, never the end before it. Needs 0 <= `worked` < `total`."""
        return self._moment(bisect_right(self.worked, worked), worked)

    def opening(self, at: datetime) -> datetime | None:
        """The first moment inside an interval not before `at`; ends are outside. None after the last one."""
        index = bisect_right(self.ends, at)
        return max(self.starts[index], at) if index < len(self.starts) else None

    def _moment(self, index: int, worked: timedelta) -> datetime:
        return self.ends[index] - (self.worked[index] - worked)
