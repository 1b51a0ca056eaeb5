"""How much may be written: by one pass (W5), and by everybody in one minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.errors import PermanentError, TemporaryError
from bridge.ports import Store

BRAKE: Final = "brake"
"""Name of the setting that holds all writing until an operator says `resume` (W5)."""
WRITES: Final = "writes of "
"""How the counter of a minute's writes is called; each minute has one, so that clocks a little apart do not take each other's."""
KEPT: Final = timedelta(hours=1)


class BrakeError(PermanentError):
    """The pass would have written more than `limits.changes_per_pass`, notes and mails taken in together; nothing is until `resume` (W5)."""


class RateError(TemporaryError):
    """All writes of this minute are done (`limits.writes_per_minute`); nothing is wrong with the ticket, it has its turn in a later pass."""


@dataclass(frozen=True)
class Rate:
    """`limits.writes_per_minute`: counted in the store, by the clock's minutes, together by all who share it. `now` is the present moment."""

    store: Store
    per_minute: int
    now: Callable[[], datetime]

    def is_used_up(self) -> bool:
        """Whether nothing more can be written in this minute."""
        name = _counter(self.now())
        return self.store.counted(name, name) >= self.per_minute

    def take(self, count: int) -> None:
        """Use up some of this minute's.

        Raises:
            RateError: there are not that many left.
        """
        now = self.now()
        name = _counter(now)
        if not self.store.count(name, name, count, self.per_minute):
            raise RateError(f"limits.writes_per_minute ({self.per_minute}) is reached; the rest comes in a later pass")
        if self.store.counted(name, name) == count:  # the first of its minute tidies up
            self.store.drop_counts(WRITES, _counter(now - KEPT))


def _counter(moment: datetime) -> str:
    return f"{WRITES}{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"


@dataclass
class Budget:
    """How many writes a pass may do (W5), at most two notes to a ticket, one for a mail taken in; where there is a rate, the minute's share."""

    at_most: int
    rate: Rate | None = None
    spent: int = 0

    def take(self, count: int) -> None:
        """Use up some. The brake is asked first: what a minute allows must not keep a flood from pulling it.

        Raises:
            BrakeError: there are not that many left.
            RateError: the minute has not that many left.
        """
        self.require(count)
        if self.rate is not None and count:
            self.rate.take(count)
        self.spend(count)

    def require(self, count: int) -> None:
        """Raise BrakeError where there are not that many left."""
        if self.spent + count > self.at_most:
            raise BrakeError(f"the pass would write more than limits.changes_per_pass ({self.at_most})")

    def spend(self, count: int) -> None:
        """Count them as used."""
        self.spent += count


def held(why: str) -> str:
    """What a person is told while the brake holds."""
    return f"held by the brake: {why}; look at `presale-bridge plan`, then say `presale-bridge resume`"
