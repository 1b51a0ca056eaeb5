"""Redmine's CommonMark, read by markdown-it-py with raw HTML off. Line breaks stay, images become links, what is Redmine's own stays text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bridge.adapters.mail.nodes import Node, Part, link, linked

# Entities stay apart from the text around them (no `text_join`): a customer's URL that the bridge has escaped is no link.
_READER: Final = MarkdownIt("commonmark", {"html": False}).enable("table").disable("text_join")
_TAGS: Final = {
    "paragraph_open": "p",
    "heading_open": "h3",
    "bullet_list_open": "ul",
    "ordered_list_open": "ol",
    "list_item_open": "li",
    "blockquote_open": "blockquote",
    "table_open": "table",
    "tr_open": "tr",
    "th_open": "td",
    "td_open": "td",
    "strong_open": "strong",
    "em_open": "em",
    "link_open": "a",
}
_DEEPEST: Final = 40


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a note in CommonMark."""
    return tuple(part for part in _tree(_READER.parse(text)) if isinstance(part, Node))


def _tree(tokens: Iterable[Token]) -> tuple[Part, ...]:
    """What opens and closes becomes a node around what stands between."""
    levels: list[list[Part]] = [[]]
    opened: list[Token] = []
    for is_text, group in groupby(tokens, key=lambda token: token.type == "text"):
        if is_text:
            levels[-1] += linked("".join(token.content for token in group))
            continue
        for token in group:
            if token.nesting == 1:
                opened.append(token)
                levels.append([])
            elif token.nesting == -1:
                inside = tuple(levels.pop())
                levels[-1] += _around(opened.pop(), inside, len(levels))
            else:
                levels[-1] += _leaf(token)
    return tuple(levels[0])


def _around(token: Token, inside: tuple[Part, ...], depth: int) -> tuple[Part, ...]:
    tag = _TAGS.get(token.type)
    if tag is None or token.hidden or depth > _DEEPEST:
        return inside
    if tag == "a":
        return link(str(token.attrs.get("href", "")), inside)
    return (Node(tag, inside, marker=f"{token.info}{token.markup}" if tag == "li" else ""),)


def _leaf(token: Token) -> tuple[Part, ...]:
    match token.type:
        case "inline":
            return _tree(token.children or ())
        case "softbreak" | "hardbreak":
            return (Node("br"),)
        case "hr":
            return (Node("hr"),)
        case "code_inline":
            return (Node("code", (token.content,)),)
        case "fence" | "code_block":
            return (Node("pre", (token.content.rstrip("\n"),)),)
        case "image":
            source = str(token.attrs.get("src", ""))
            return link(source, (token.content or source,))
        case _:
            return (token.content,) if token.content else ()
