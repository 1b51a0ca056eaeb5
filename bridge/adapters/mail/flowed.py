"""Text that a mail program broke into lines, to be put together again (RFC 3676, format=flowed)."""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(">+")


def unflow(text: str, *, delete_space: bool) -> str:
    """The paragraphs of a flowed text on one line each; the depth of quotation and the line "-- " stay."""
    done: list[str] = []
    depth_before, open_line = -1, False
    for line in text.split("\n"):
        found = _QUOTED.match(line)
        depth = found.end() if found else 0
        own = line[depth:].removeprefix(" ") if depth else line.removeprefix(" ")
        goes_on = own.endswith(" ") and own != "-- "
        body = own[:-1] if goes_on and delete_space else own
        if open_line and depth == depth_before and own != "-- ":
            done[-1] += body
        else:
            done.append(f"{'>' * depth} {body}" if depth else body)
        depth_before, open_line = depth, goes_on
    return "\n".join(done)
