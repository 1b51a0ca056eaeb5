"""Printing for people and for scripts, and reading the files that they name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from bridge.errors import PermanentError

WIDTH: Final = 40


def print_json(value: Any) -> None:
    """As JSON, readable, in the letters people use, or in ASCII where the output has not all of them."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, default=str)
    print(text)


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


def tell(line: str) -> None:
    """A line on standard error: it is not part of what came out."""
    print(line, file=sys.stderr)


class Progress:
    """A bar on standard error, only where a person looks at it; it ends its line when all is done."""

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what, self._total, self._done = what, 0, 0
        self._stream = stream or sys.stderr

    def start(self, total: int) -> Callable[[], None]:
        """Draw it empty; what is returned is called when one more is done."""
        self._total, self._done = total, 0
        self._draw()
        return self._step

    def _step(self) -> None:
        self._done += 1
        self._draw()

    def _draw(self) -> None:
        if not self._total or not self._stream.isatty():
            return
        filled = WIDTH * self._done // self._total
        end = "\n" if self._done == self._total else ""
        bar = f"\r{self._what:<10} [{'#' * filled:<{WIDTH}}] {self._done}/{self._total}"
        print(bar, end=end, file=self._stream, flush=True)
