"""Printing for people and for scripts, and reading the files that they name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bridge.errors import PermanentError


def print_json(value: Any) -> None:
    """As JSON, readable, in the letters people use."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def read_text(file: str) -> str:
    """A file's text.

    Raises:
        PermanentError: it is not there, not readable, or no UTF-8.
    """
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file} cannot be read: {error}") from None


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned columns."""
    lines = [tuple(map(str, head)), *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


class Progress:
    """A bar on standard error, only where a person looks at it."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, max(total, 1), 0
        self._shown = sys.stderr.isatty()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._shown:
            filled = 40 * self._done // self._total
            print(
                f"\r{self._what} [{'#' * filled:<40}] {self._done}/{self._total}", end="", file=sys.stderr, flush=True
            )

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            print(file=sys.stderr)
