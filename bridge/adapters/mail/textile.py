"""Redmine's Textile, as much of it as people use in notes; everything else stays as it was typed.

Macros, mentions, ticket numbers and `attachment:` are not Textile but Redmine's own, and mean nothing in a mail: they stay text too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import groupby
from typing import Final

from bridge.adapters.mail.nodes import Node, Part, link, linked, paragraph

_DEEPEST: Final = 6
_PRE: Final = re.compile(
    r"<pre>(?:\s*<code[^>\n]{0,100}>)?\n?(?P<code>.*?)(?:</code>\s*)?(?:</pre>|\Z)", re.IGNORECASE | re.DOTALL
)
_LIST: Final = re.compile(r"(?P<marks>\*+|\#+)\s+(?P<text>.*)")
_ROW: Final = re.compile(r"\s*\|.*\|\s*")
_CELL: Final = re.compile(r"(?:[_<>=^~]|\\\d|/\d){1,4}\.\s?")
_HEADING: Final = re.compile(r"h[1-6](?:\([^)\n]{0,50}\))?\.\s+(?P<text>.*)")
_PREFIX: Final = re.compile(r"(?P<kind>p|bq)(?:\([^)\n]{0,50}\)|[<>=]{1,2})?\.\s+")
_KINDS: Final = (
    ("blank", re.compile(r"\s*")),
    ("quote", re.compile(r">.*")),
    ("list", _LIST),
    ("table", _ROW),
    ("heading", _HEADING),
    ("rule", re.compile(r"-{3,}\s*")),
)
# Each alternative runs to the next mark of its kind and no further, so that no text makes it slow.
_MARKS: Final = re.compile(
    r"""
    (?<![\w@])@(?P<code>[^\s@](?:[^@\n]*[^\s@])?)@(?![\w@])
    | "(?P<label>[^"\n]+)":(?P<href>(?:https?://|mailto:)[^\s<>"]*[^\s<>".,;:!?)'])
    | (?<![\w!])!(?:[<>=]?(?:\{[^{}\n]*\})?)(?P<image>[^\s!()|"{}<>=]+\.(?:png|jpe?g|gif|svg|webp|bmp))(?:\([^()\n]*\))?!
    | (?P<url>\bhttps?://[^\s<>"«»]+)
    | (?<![\w*])(?P<stars>\*{1,2})(?P<strong>[^\s*](?:[^*\n]*[^\s*])?)(?P=stars)(?![\w*])
    | (?<![\w])(?P<bars>_{1,2})(?P<em>[^\s_](?:[^_\n]*[^\s_])?)(?P=bars)(?![\w])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|\w{2,32});", re.IGNORECASE)


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a note in Textile."""
    nodes: list[Node] = []
    done = 0
    for found in _PRE.finditer(text):
        nodes += _blocks(text[done : found.start()].split("\n"))
        nodes.append(Node("pre", (found["code"].rstrip(),)))
        done = found.end()
    return (*nodes, *_blocks(text[done:].split("\n")))


def _blocks(lines: Sequence[str], depth: int = 0) -> Iterator[Node]:
    """Lines of one kind in a row make a block."""
    for kind, group in groupby(lines, key=_kind):
        block = list(group)
        match kind:
            case "blank":
                continue
            case "quote" if depth < _DEEPEST:
                inside = [line[1:].removeprefix(" ") for line in block]
                yield Node("blockquote", tuple(_blocks(inside, depth + 1)))
            case "list":
                yield from _lists([found for line in block if (found := _LIST.fullmatch(line))])
            case "table":
                yield Node("table", tuple(_row(line) for line in block))
            case "heading":
                yield from (Node("h3", _inline(line.split(".", 1)[1].strip())) for line in block)
            case "rule":
                yield Node("hr")
            case _:
                yield _paragraph(block)


def _kind(line: str) -> str:
    return next((name for name, form in _KINDS if form.fullmatch(line)), "")


def _paragraph(lines: list[str]) -> Node:
    found = _PREFIX.match(lines[0])
    if found is None:
        return paragraph(_inline(line) for line in lines)
    inside = paragraph(_inline(line) for line in (lines[0][found.end() :], *lines[1:]))
    return Node("blockquote", (inside,)) if found["kind"] == "bq" else inside


def _lists(items: Sequence[re.Match[str]]) -> Iterator[Node]:
    """Where dots and numbers change on the first level, another list begins."""
    start = 0
    for n, item in enumerate(items[1:], 1):
        if len(item["marks"]) == 1 and item["marks"] != items[start]["marks"][0]:
            yield _list(items[start:n])
            start = n
    yield _list(items[start:])


def _list(items: Sequence[re.Match[str]], level: int = 1) -> Node:
    """Items of one level, each with those below it."""
    starts = [n for n, item in enumerate(items) if n == 0 or _level(item) <= level]
    ordered = items[0]["marks"][0] == "#"
    nodes: list[Node] = []
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(items)], strict=True), 1):
        below = items[start + 1 : end]
        nested = (_list(below, min(level + 1, _DEEPEST)),) if below else ()
        marker = f"{number}." if ordered else "*"
        nodes.append(Node("li", (*_inline(items[start]["text"]), *nested), marker=marker))
    return Node("ol" if ordered else "ul", tuple(nodes))


def _level(item: re.Match[str]) -> int:
    return min(len(item["marks"]), _DEEPEST)


def _row(line: str) -> Node:
    cells = line.strip()[1:-1].split("|")
    return Node("tr", tuple(Node("td", _inline(_CELL.sub("", cell, count=1).strip())) for cell in cells))


def _inline(text: str) -> tuple[Part, ...]:
    """One line's emphasis, code and links."""
    parts: list[Part] = []
    done = 0
    for found in _MARKS.finditer(text):
        parts += [*_words(text[done : found.start()]), *_marked(found)]
        done = found.end()
    return (*parts, *_words(text[done:]))


def _marked(found: re.Match[str]) -> tuple[Part, ...]:
    if found["code"]:
        return (Node("code", (found["code"],)),)
    if found["label"]:
        return link(found["href"], _words(found["label"]))
    if found["image"]:
        return linked(found["image"])
    if found["url"]:
        return linked(found["url"])
    if found["strong"]:
        return (Node("strong", _inline(found["strong"])),)
    return (Node("em", _inline(found["em"])),)


def _words(text: str) -> tuple[Part, ...]:
    """Text with its entities read, which is how the bridge keeps customers' words from being markup."""
    return (_ENTITY.sub(lambda found: unescape(found[0]), text),) if text else ()
