"""Who is told of each request to Redmine: how it ended and how long it took is measured there, so that nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from bridge.errors import BridgeError, InvalidError, NotFoundError, TemporaryError, UnknownOutcomeError


class Outcome(StrEnum):
    """How a request ended, its retries included."""

    DONE = "done"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"

    @staticmethod
    def of(error: BridgeError | None) -> Outcome:
        """What an error stands for."""
        match error:
            case None:
                return Outcome.DONE
            case NotFoundError() | InvalidError():
                return Outcome.NOT_FOUND if isinstance(error, NotFoundError) else Outcome.REFUSED
            case UnknownOutcomeError():
                return Outcome.UNKNOWN
            case TemporaryError():
                return Outcome.TEMPORARY
        return Outcome.REFUSED


class Meter(Protocol):
    """What a service counts."""

    def asks(self, method: str) -> Callable[[Outcome], None]:
        """A request begins; what is returned is called when it has ended."""

    def repeats(self, method: str, why: str) -> None:
        """Reading is tried again: `why` is the status that was answered, or "no answer"."""


class Unmeasured:
    """Counts nothing."""

    def asks(self, method: str) -> Callable[[Outcome], None]:  # noqa: ARG002
        """See `Meter.asks`."""
        return _ignore

    def repeats(self, method: str, why: str) -> None:
        """See `Meter.repeats`."""


def _ignore(outcome: Outcome) -> None:
    del outcome


UNMEASURED: Final = Unmeasured()
