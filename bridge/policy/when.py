"""`when:` of a route → a condition, with every mistake in it.

A condition is a mapping: `text: [word, …]`, `field: {name: [word, …]}`, `all: [condition, …]` and so on; several keys in one mapping must all
hold. A single value stands for a list of one. `any` and `none` take a list, where several keys would be read in two ways.
`score: {at_least: 3, text: {2: [word, …], 1: [word, …], -2: [word, …]}, subject: {1: [word, …]}}` adds up points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bridge.core.conditions import REGISTRY, SCORED, Condition, Group, Leaf, Points, Score
from bridge.core.model import Channel, Language
from bridge.errors import Mistake
from bridge.policy.positions import Document, Path
from bridge.policy.vocabulary import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS: Final = ("all", "any", "none")
SCORE: Final = "score"
AT_LEAST: Final = "at_least"
LEADS_BY: Final = "leads_by"
_NUMBERS: Final = (AT_LEAST, LEADS_BY)
_POINTS: Final = re.compile(r"[+-]?[1-9]\d?")
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
        if name == SCORE:
            return self._score(value, path)
        if name not in REGISTRY:
            remedy = did_you_mean(name, [*GROUPS, SCORE, *REGISTRY])
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

    def _score(self, value: Any, path: Path) -> Score | None:
        if not isinstance(value, dict) or not value.keys() - {*_NUMBERS}:
            self._note(
                path, "`score` needs points for words", "write `score: {at_least: 3, text: {2: [word], 1: [word]}}`"
            )
            return None
        members = [one for place, lines in value.items() for one in self._points(place, lines, (*path, place))]
        at_least = value.get(AT_LEAST)
        if not isinstance(at_least, int) or isinstance(at_least, bool) or at_least < 1:
            self._note(
                (*path, AT_LEAST), "`score` needs `at_least`: how many points are enough", "write a number from 1"
            )
            return None
        leads_by = value.get(LEADS_BY)
        if leads_by is not None and (not isinstance(leads_by, int) or isinstance(leads_by, bool) or leads_by < 0):
            message = "`leads_by` is how many points ahead of every other kind the score must be"
            self._note((*path, LEADS_BY), message, "write a number from 0, or leave it out")
            return None
        if members and sum(one.each * len(one.leaf.values) for one in members if one.each > 0) < at_least:
            self._note(
                (*path, AT_LEAST), f"all words together are not worth {at_least} points", "write a smaller number"
            )
        return Score(at_least, tuple(members), leads_by) if members else None

    def _points(self, place: str, lines: Any, path: Path) -> Iterator[Points]:
        """The lines of one place of a `score`: points, and the words that are worth so many."""
        if place in _NUMBERS:
            return
        if place not in SCORED:
            remedy = did_you_mean(place, [*_NUMBERS, *SCORED])
            self.mistakes.append(self.document.at_key(path, f"`score` does not know {place!r}", remedy))
        elif not isinstance(lines, dict) or not lines:
            self._note(path, f"`{place}` needs words by their points", f"write `{place}: {{2: [word], 1: [word]}}`")
        else:
            for points, words in lines.items():
                where = (*path, points)
                if not _POINTS.fullmatch(points):
                    message = f"{points!r} is no number of points"
                    self.mistakes.append(self.document.at_key(where, message, "write -99 to 99, not 0"))
                elif leaf := self._leaf(place, words, where):
                    yield Points(int(points), leaf)

    def _with_argument(self, name: str, value: Any, path: Path) -> Condition | None:
        if not isinstance(value, dict) or not value:
            self._note(path, f"`{name}` needs a name and values", f"write `{name}: {{Продукт: [сервер]}}`")
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
        elif name == SCORE and isinstance(inner, dict):
            for place, lines in inner.items():
                for points, words in lines.items() if isinstance(lines, dict) else ():
                    found += _texts(words, (*where, place, points))
        elif name in REGISTRY and REGISTRY[name].words:
            entries = inner.items() if REGISTRY[name].argument and isinstance(inner, dict) else [(None, inner)]
            for argument, words in entries:
                found += _texts(words, where if argument is None else (*where, argument))
    return found


def _texts(value: Any, path: Path) -> list[tuple[str, Path]]:
    if isinstance(value, list):
        return [(str(item), (*path, index)) for index, item in enumerate(value) if isinstance(item, str | int)]
    return [(str(value), path)] if isinstance(value, str | int) else []
