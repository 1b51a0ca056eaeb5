"""A note's text as a small tree, and the two forms that a mail has of it. Only the few tags below can come out, so that nothing else can go in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

_INLINE: Final = frozenset({"strong", "em", "code", "a", "br"})
_VOID: Final = frozenset({"br", "hr"})
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SAFE: Final = re.compile(r"(?:https?://|mailto:)[^\s<>\"]{1,2000}", re.IGNORECASE)
_URL: Final = re.compile(r"\bhttps?://[^\s<>\"«»]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Node:
    """An element by its HTML name; strings among `children` are text. `href` is a link's target, `marker` stands before a list's item."""

    tag: str
    children: tuple[Node | str, ...] = ()
    href: str = ""
    marker: str = ""


Part = Node | str


def clean(text: str) -> str:
    """Text with plain line ends and without what no mail may carry: control characters and half characters."""
    return _UNPRINTABLE.sub("", _LINE_END.sub("\n", text))


def link(href: str, children: tuple[Part, ...]) -> tuple[Part, ...]:
    """A link, if it leads where a customer may be sent (http, https, mailto), else what it shows."""
    return (Node("a", children, href),) if _SAFE.fullmatch(href) else children


def linked(text: str) -> tuple[Part, ...]:
    """Text with its URLs as links."""
    parts: list[Part] = []
    done = 0
    for found in _URL.finditer(text):
        url = _without_punctuation(found[0])
        parts += [text[done : found.start()], *link(url, (url,))]
        done = found.start() + len(url)
    return tuple(part for part in (*parts, text[done:]) if part)


def _without_punctuation(url: str) -> str:
    """A URL without the full stop or bracket of the sentence around it."""
    url = url.rstrip(".,;:!?'*_")
    return url.rstrip(").,;:!?") if url.endswith(")") and "(" not in url else url


def paragraph(lines: Iterable[tuple[Part, ...]]) -> Node:
    """Lines that stay lines."""
    children = [part for line in lines for part in (*line, Node("br"))]
    return Node("p", tuple(children[:-1]))


def plain(text: str) -> tuple[Node, ...]:
    """Text without any markup: paragraphs of lines."""
    blocks = re.split(r"\n[^\S\n]*\n\s*", text.strip("\n"))
    return tuple(paragraph((line,) for line in block.split("\n")) for block in blocks if block.strip())


# --- HTML ---------------------------------------------------------------------------------------------------------------------------------


def as_html(nodes: Iterable[Part]) -> str:
    """The tree as HTML: every text escaped, no attributes but a safe link's and a number's."""
    return "".join(map(_html, nodes))


def _html(part: Part) -> str:
    if isinstance(part, str):
        return escape(clean(part))
    if part.tag in _VOID:
        return f"<{part.tag}>\n"
    inside = as_html(part.children)
    end = "" if part.tag in _INLINE else "\n"
    return f"<{part.tag}{_attribute(part)}>{inside}</{part.tag}>{end}"


def _attribute(node: Node) -> str:
    if node.tag == "a":
        return f' href="{escape(clean(node.href))}"'
    number = node.marker.rstrip(".)")
    return f' value="{number}"' if node.tag == "li" and number.isdecimal() else ""


# --- plain text ---------------------------------------------------------------------------------------------------------------------------


def as_text(nodes: Iterable[Part]) -> str:
    """The tree as people write mails: lists with dashes and numbers, quotes with >, links with their targets in brackets."""
    lines = "\n\n".join(_flow(nodes)).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _flow(parts: Iterable[Part]) -> Iterator[str]:
    """The text of each block; inline parts in a row make one."""
    for inline, group in groupby(parts, key=lambda part: isinstance(part, str) or part.tag in _INLINE):
        some = list(group)
        yield from ["".join(map(_words, some))] if inline else [_block(node) for node in some if isinstance(node, Node)]


def _block(node: Node) -> str:
    match node.tag:
        case "blockquote":
            return _indented("\n\n".join(_flow(node.children)), "> ", "> ")
        case "ul" | "ol":
            return "\n".join(_block(item) for item in node.children if isinstance(item, Node))
        case "li":
            return _indented("\n".join(_flow(node.children)), f"{node.marker} ", " " * (len(node.marker) + 1))
        case "table":
            return "\n".join(_block(row) for row in node.children if isinstance(row, Node))
        case "tr":
            return " | ".join("".join(_flow(cell.children)) for cell in node.children if isinstance(cell, Node))
        case "hr":
            return "* * *"
        case _:
            return "".join(map(_words, node.children))


def _indented(text: str, first: str, others: str) -> str:
    return first + text.replace("\n", f"\n{others}")


def _words(part: Part) -> str:
    if isinstance(part, str):
        return clean(part)
    if part.tag == "br":
        return "\n"
    inside = "".join(map(_words, part.children))
    target = part.href.removeprefix("mailto:")
    return f"{inside} ({target})" if part.href and target != inside else inside
