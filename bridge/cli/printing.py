"""Printing for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """As JSON, readable, in the letters people use."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned columns."""
    lines = [tuple(map(str, head)), *(tuple(map(str, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
