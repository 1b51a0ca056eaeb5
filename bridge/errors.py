"""The errors of the bridge: one short tree, each class one sentence for the person who reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong in a file: where (line and column count from 1), what, and what to do about it."""

    file: str
    line: int
    column: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """As editors and people expect it: `rules.yaml:14:7: unknown key 'asignee' (did you mean 'assignee'?)`."""
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{remedy}"


class BridgeError(Exception):
    """Something went wrong in the bridge."""


class PolicyError(BridgeError):
    """The rules cannot be used; the message lists every mistake with file, line and column."""

    def __init__(self, message: str, mistakes: Iterable[Mistake] = ()) -> None:
        super().__init__(message)
        self.mistakes = tuple(mistakes)

    @classmethod
    def of(cls, mistakes: Iterable[Mistake]) -> Self:
        """The error that lists these mistakes, in order of their places, each once."""
        listed = sorted(set(mistakes))
        return cls("\n".join(str(mistake) for mistake in listed), listed)


class CalendarDataError(PolicyError):
    """A date lies in a year for which the production calendar has no data."""


class TemporaryError(BridgeError):
    """It may work later: Redmine is out of reach, overloaded or answered nonsense."""


class OutOfReachError(TemporaryError):
    """A mail server cannot be reached, or is closing: whatever else is meant for it would fail the same way."""


class NotDoneError(TemporaryError):
    """A write that certainly did not happen: it was not sent, or Redmine took none of it. It may work later."""


class UnknownOutcomeError(TemporaryError):
    """A write was sent and no answer came: it may or may not have happened (W3)."""


class PermanentError(BridgeError):
    """It will not work again without a person: a right is missing, a name is wrong, a ticket is gone."""


class NotFoundError(PermanentError):
    """The ticket does not exist, or the bridge's account may not see it."""


class InvalidError(PermanentError):
    """Redmine refused a value: a field that it insists on is empty, or something in it is not possible."""


def with_extra(name: str) -> str:
    """What to do where packages are missing that not everybody needs."""
    return f"install the bridge with its extra `{name}` (docs/operating.md)"
