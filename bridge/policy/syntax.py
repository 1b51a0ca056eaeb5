"""What a YAML parser complains about, in the words of somebody who writes rules."""

from __future__ import annotations

import re
from typing import Final

import yaml

from bridge.errors import Mistake

MAX_DEPTH: Final = 40
"""Brackets and indents inside each other, at most."""
_QUOTE_IT: Final = "put the whole text in quotes"

# What pyyaml or libyaml say (they differ) → what it means, and what to do.
_PLAIN: Final[tuple[tuple[str, str, str], ...]] = (
    (r"while increasing flow level", f"nested more than {MAX_DEPTH} levels deep", "check the brackets"),
    (
        r"mapping values are not allowed",
        "a ':' is not expected here",
        "check the indent; if the ':' belongs to a text, put the text in quotes",
    ),
    (r"could not find expected ':'", "a key without ':'", "write `key: value`; check the indent"),
    (
        r"expected ',' or '[\]}]'|flow (?:sequence|mapping)",
        "a bracket is not closed, or a comma is missing",
        "check the brackets and commas; a text with , [ ] { } goes in quotes",
    ),
    (
        r"expected <block end>|expected '-' indicator|did not find expected key|block end",
        "this line does not fit the lines above it",
        "check the indent: what belongs together begins in the same column",
    ),
    (r"mapping keys are not allowed", "a '? ' cannot stand here", _QUOTE_IT),
    (
        r"flow node",
        "a value is missing before this, or this cannot stand inside brackets",
        "put a text with special characters in quotes",
    ),
    (r"plain scalar", "a ':' or '?' is not expected here", "put a text with special characters in quotes"),
    (r"undefined alias", "there is no anchor of this name", "a text that begins with '*' goes in quotes"),
    (r"duplicate anchor", "an anchor of this name is there already", "choose another name"),
    (
        r"unknown escape character|hexdecimal|hexadecimal",
        "a backslash in double quotes begins an escape that YAML does not know",
        "use single quotes: 're:код\\s+\\d+'",
    ),
    (r"end of stream|quoted scalar", "a quote is not closed", "check the quotes from here on"),
    (
        r"block sequence entries are not allowed",
        "a '- ' cannot stand here",
        "begin the list in the next line, or put the text in quotes",
    ),
    (
        r"single document|document start",
        "a second document begins here",
        "remove the line `---`; a file has one document",
    ),
    (r"while scanning a tag|tag handle", "a text cannot begin with '!' here", _QUOTE_IT),
    (r"while scanning an? (?:alias|anchor)", "a text cannot begin with '*' or '&' here", _QUOTE_IT),
    (r"block scalar", "the line of `|` or `>` has something behind it", "begin the text in the next line"),
    (
        r"special characters are not allowed|control characters",
        "a control character",
        "remove it; a text editor may show it as a box",
    ),
)


def syntax_mistake(error: yaml.YAMLError, text: str, name: str) -> Mistake:
    """The mistake behind what a parser raised."""
    line, column = _position(error, text)
    message, remedy = _by_character(error, text, line, column) or _by_message(str(error))
    return Mistake(name, line, column, message, remedy)


def _position(error: yaml.YAMLError, text: str) -> tuple[int, int]:
    """Line and column from 1. A quote or bracket that is not closed is shown where it was opened, the rest where it was noticed."""
    if isinstance(error, yaml.MarkedYAMLError):
        opened = error.context_mark if re.search(r"end of stream", str(error)) else None
        mark = opened or error.problem_mark or error.context_mark
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)
    before = text[: getattr(error, "position", 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _by_character(error: yaml.YAMLError, text: str, line: int, column: int) -> tuple[str, str] | None:
    if "cannot start any token" not in str(error):
        return None
    lines = text.split("\n")
    character = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    if character == "\t":
        return "a tab is used for the indent", "indent with spaces"
    return f"a text cannot begin with {character!r}", _QUOTE_IT


def _by_message(said: str) -> tuple[str, str]:
    for pattern, message, remedy in _PLAIN:
        if re.search(pattern, said):
            return message, remedy
    return f"this is no YAML: {said.splitlines()[0] if said else 'unreadable'}", "check this line and the one above it"
