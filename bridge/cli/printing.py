"""Printing for people and for scripts, and reading the files that they name."""

from __future__ import annotations

import json
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
