"""Text that Redmine's markup cannot make anything of (P6): no macros, links, images, mentions."""

from __future__ import annotations

import re
from typing import Final

_INERT: Final = (
    (re.compile(r"\{(?=\{)"), "{ "),
    (re.compile(r"\[(?=\[)"), "[ "),
    (re.compile(r"\]\("), "] ("),
    (re.compile(r"!(?=\S)"), "! "),
    (re.compile(r"(?<!\w)@(?=\w)"), "@ "),
    (re.compile(r"(?<=\"):(?=\S)"), ": "),
    (re.compile(r"#(?=\w)"), "№ "),
    (re.compile(r"<(?=[\w/!])"), "‹ "),
    (re.compile(r"\b(https?|ftp|attachment|source|user|commit|document|version|issue):(?=\S)", re.IGNORECASE), r"\1: "),
    (re.compile(r"[\r\n]+"), " "),
)


def inert(text: str) -> str:
    """One line of text with everything defused that Textile or CommonMark in Redmine would turn into something else."""
    for pattern, instead in _INERT:
        text = pattern.sub(instead, text)
    return text.strip()
