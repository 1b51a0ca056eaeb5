"""Characters that no text of ours may have: controls, halves of characters, and what turns the direction of reading around."""

from __future__ import annotations

import re
from typing import Final

_LINE_ENDS: Final = re.compile("[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_SPACE: Final = re.compile(r"\s+")


def clean(text: str) -> str:
    """A text of lines that end in one newline, without control characters."""
    return _CONTROLS.sub("", _HALVES.sub("\ufffd", _LINE_ENDS.sub("\n", text.replace("\r\n", "\n"))))


def one_line(text: str) -> str:
    """A text on one line: nothing in it can begin a header of its own."""
    return _SPACE.sub(" ", clean(text)).strip()


def plain_name(text: str) -> str:
    """A name on one line, read in one direction."""
    return one_line(_TURNING.sub("", text))
