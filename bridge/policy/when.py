"""`when:` of a route → a condition, with every mistake in it.

A condition is a mapping: `text: [word, …]`, `field: {name: [word, …]}`, `all: [condition, …]` and so on; several keys in one mapping must all
hold. A single value stands for a list of one. `any` and `none` take a list, where several keys would be read in two ways.
`looks_like: {bug-report: 6}` asks what example tickets have taught.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.core.conditions import LOOKS_LIKE, REGISTRY, Condition, Group, Leaf
from bridge.core.model import Channel, Language
from bridge.errors import Mistake
from bridge.policy.positions import Document, Path
from bridge.policy.vocabulary import did_you_mean

GROUPS: Final = ("all", "any", "none")
_POINTS: Final = re.compile(r"[1-9]?\d")
_FIXED: Final = {"language": tuple(Language), "channel": tuple(Channel)}


@dataclass
class ConditionReader:
    """Reads conditions of one document and collects what is wrong with them."""

    document: Document
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, value: Any, path: Path) -> Condition | None:
        """The condition at a path; None where nothing of it can be used."""
        if not isinstance(value, dict):
            self._note(
                path, "a condition is needed", "write `text: [word, word]`, or `all:`, `any:`, `none:` with a list"
            )
            return None
        members = [self._entry(name, inner, (*path, name)) for name, inner in value.items()]
        known = tuple(member for member in members if member is not None)
        if not value:
            self._note(path, "the condition is empty", "leave `when` out in the last route")
        return known[0] if len(known) == 1 else Group("all", known) if known else None

    def _entry(self, name: str, value: Any, path: Path) -> Condition | None:
        if name in GROUPS:
            return self._group(name, value, path)
        if name not in REGISTRY:
            remedy = did_you_mean(name, [*GROUPS, *REGISTRY])
            self.mistakes.append(self.document.at_key(path, f"unknown condition {name!r}", remedy))
            return None
        return self._with_argument(name, value, path) if REGISTRY[name].argument else self._leaf(name, value, path)

    def _group(self, how: str, value: Any, path: Path) -> Condition | None:
        if isinstance(value, dict) and (how == "all" or len(value) == 1):
            value, paths = [value], [path]
        elif isinstance(value, list) and value:
            paths = [(*path, index) for index in range(len(value))]
        else:
            self._note(path, f"`{how}` needs a list of conditions", "write each in a line of its own with '- '")
            return None
        members = [self.read(item, where) for item, where in zip(value, paths, strict=True)]
        known = tuple(member for member in members if member is not None)
        return Group(how, known) if known else None

    def _with_argument(self, name: str, value: Any, path: Path) -> Condition | None:
        if not isinstance(value, dict) or not value:
            example = "{bug-report: 6}" if name == LOOKS_LIKE else "{Продукт: [сервер]}"
            self._note(path, f"`{name}` needs a name and values", f"write `{name}: {example}`")
            return None
        leaves = [self._leaf(name, inner, (*path, argument), argument) for argument, inner in value.items()]
        known = tuple(leaf for leaf in leaves if leaf is not None)
        return known[0] if len(known) == 1 else Group("all", known) if known else None

    def _leaf(self, name: str, value: Any, path: Path, argument: str = "") -> Leaf | None:
        items = value if isinstance(value, list) else [value]
        paths = [(*path, index) for index in range(len(items))] if isinstance(value, list) else [path]
        values = [self._value(name, item, where) for item, where in zip(items, paths, strict=True)]
        known = tuple(dict.fromkeys(text for text in values if text))
        if not items:
            self._note(path, f"`{name}` needs at least one value")
        return Leaf(name, known, argument) if known else None

    def _value(self, name: str, value: Any, path: Path) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            shown = str(value).lower() if isinstance(value, bool) else "this"
            remedy = f"write '{shown}' in quotes" if isinstance(value, bool) else "write one word or text for each item"
            self._note(path, f"`{name}` takes texts", remedy)
            return ""
        text = str(value)
        if name == LOOKS_LIKE and not _POINTS.fullmatch(text):
            self._note(path, f"{text!r} is no number of points to be ahead by", "write 0 to 99; 6 is usual")
            return ""
        allowed = _FIXED.get(name, ())
        if allowed and text not in allowed:
            self._note(path, f"`{name}` cannot be {text!r}", f"use {' or '.join(allowed)}")
            return ""
        return text

    def _note(self, path: Path, message: str, remedy: str = "") -> None:
        self.mistakes.append(self.document.at_value(path, message, remedy))


def patterns_with_places(value: Any, path: Path) -> list[tuple[str, Path]]:
    """All word patterns of a condition as it is written, each with its place."""
    if not isinstance(value, dict):
        return []
    found: list[tuple[str, Path]] = []
    for name, inner in value.items():
        where = (*path, name)
        if name in GROUPS:
            items = enumerate(inner) if isinstance(inner, list) else [(None, inner)]
            for index, item in items:
                found += patterns_with_places(item, where if index is None else (*where, index))
        elif name in REGISTRY and REGISTRY[name].words:
            entries = inner.items() if REGISTRY[name].argument and isinstance(inner, dict) else [(None, inner)]
            for argument, words in entries:
                found += _texts(words, where if argument is None else (*where, argument))
    return found


def _texts(value: Any, path: Path) -> list[tuple[str, Path]]:
    if isinstance(value, list):
        return [(str(item), (*path, index)) for index, item in enumerate(value) if isinstance(item, str | int)]
    return [(str(value), path)] if isinstance(value, str | int) else []
