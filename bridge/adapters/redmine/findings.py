"""What `check --online` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SHOWN = 5


class Level(StrEnum):
    """How bad it is: an error keeps the bridge from working as the rules say, a warning may, a note is to be known."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, and what to do about it."""

    level: Level
    message: str
    remedy: str = ""


def some(names: Sequence[str]) -> str:
    """A list of names, shortened."""
    listed = ", ".join(f"«{name}»" for name in sorted(names)[:SHOWN])
    more = len(names) - SHOWN
    return f"{listed} and {more} more" if more > 0 else listed
