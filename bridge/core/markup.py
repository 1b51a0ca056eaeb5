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


_ACTIVE: Final = re.compile(
    r"""
    &(?=[#\w]+;)                                             # what would be read as an entity
    | <(?=[\w/!?])                                          # HTML
    | [{\[](?=[{\[])                                         # macros, links to wiki pages
    | \](?=\()                                              # CommonMark's links and images
    | !(?=\S) | (?<=\S)!(?=[({])                             # Textile's images
    | @                                                     # mentions, code, addresses
    | \#(?=\w)                                              # tickets
    | (?<=["\w]):(?=\S)                                     # URLs, Textile's links, attachment:, commit:
    | (?<=\bwww)\.
    | \\(?=[!-/:-@\[-`{-~]|$)                                # CommonMark's escapes
    | (?<!\w)[*_+^~%`-](?=\S) | (?<=[^\s-])[*_+^~%`](?!\w) | \?(?=\?) | =(?==)   # emphasis, code, citations
    | \|(?=.*\|)                                            # tables
    | ^[ \t](?=[ \t])                                       # code by indentation
    | ^(?:[#>|] | [-=_*~`](?=[-=_*~`]|[ \t]*$))              # headings, quotes, rules, fences
    | (?<=^h[1-6])\. | (?<=^bq)\. | (?<=^p)[.(<=>] | (?<=^pre)\. | (?<=^fn\d)\.       # Textile's blocks
    """,
    re.VERBOSE | re.MULTILINE,
)
_ENTITY: Final = re.compile(r"&#(\d{1,3});")


def faithful(text: str) -> str:
    """A text of several lines that Redmine shows as it was written, whatever its markup: what could mean something stands as an entity.

    `unescaped` gives the text back, exactly.
    """
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", text)


def unescaped(text: str) -> str:
    """What `faithful` was given."""
    return _ENTITY.sub(lambda found: chr(int(found[1])), text)
