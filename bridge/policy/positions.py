"""The text of a YAML file → plain data that knows where each part of it stands.

YAML 1.1 guesses types: `no` is false, `12:30` is 750, `010` is 8, `2026-12-31` a date. Here only `true`, `false`, whole numbers and nothing
(`null`, `~`) are more than text. Tags and duplicate keys are mistakes; anchors and `<<` work. Depth and size are bounded, so that no file
can exhaust the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from bridge.errors import Mistake, PolicyError
from bridge.policy.syntax import MAX_DEPTH, syntax_mistake

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # pyyaml was built without libyaml: the same, slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MAX_CHARS: Final = 8_000_000
MAX_NODES: Final = 1_000_000

Path = tuple[str | int, ...]

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset({f"{_TAG}{name}" for name in ("str", "map", "seq", "int", "bool", "null", "float")})


class _Loader(_Base):
    """Guesses no types: what is not tagged is text."""


_Loader.yaml_implicit_resolvers = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins, from 1; `block` is a text that begins in the line below (`|`, `>`).

    `file` is empty in the document's own file, else the file beside it that has the place (`bridge.policy.beside`).
    """

    line: int
    column: int
    block: bool = False
    file: str = ""


class Map(dict[str, Any]):
    """A mapping that knows its path in the document, and what reads it (a model of `bridge.policy.schema`)."""

    path: Path = ()
    reader: Any = None


class Items(list[Any]):
    """A list that knows the path of each item, also after some were dropped."""

    def __init__(self, items: Iterable[tuple[Path, Any]] = ()) -> None:
        pairs = list(items)
        super().__init__(item for _, item in pairs)
        self.paths = [path for path, _ in pairs]

    def drop(self, path: Path) -> None:
        """Leave out the item that stood at a path."""
        index = self.paths.index(path)
        del self.paths[index]
        del self[index]


@dataclass(frozen=True)
class Document:
    """What a file says, with the places of its keys and values by path."""

    name: str
    data: Any
    values: Mapping[Path, Place]
    keys: Mapping[Path, Place]
    mistakes: tuple[Mistake, ...] = ()
    text: str = ""

    def value_place(self, path: Path) -> Place:
        """Where the value at a path begins; for one that is not there, its nearest known parent."""
        return self._nearest(self.values, path)

    def key_place(self, path: Path) -> Place:
        """Where the key at a path stands; for an item of a list, where the item begins."""
        return self.keys.get(path) or self.value_place(path)

    def at_value(self, path: Path, message: str, remedy: str = "") -> Mistake:
        """A mistake in a value."""
        return self._mistake(self.value_place(path), message, remedy)

    def at_key(self, path: Path, message: str, remedy: str = "") -> Mistake:
        """A mistake in a key, or in all that stands under it."""
        return self._mistake(self.key_place(path), message, remedy)

    def at_line(self, path: Path, line: int, message: str, remedy: str = "") -> Mistake:
        """A mistake in one line (from 1) of a text of several lines."""
        place = self.value_place(path)
        if not place.block or place.file:
            return self._mistake(place, message, remedy)
        shown = self.text.split("\n")[place.line + line - 1 :][:1]
        indent = len(shown[0]) - len(shown[0].lstrip()) if shown else 0
        return self._mistake(Place(place.line + line, indent + 1), message, remedy)

    def line_of(self, path: Path) -> int:
        """The line of a key."""
        return self.key_place(path).line

    def _mistake(self, place: Place, message: str, remedy: str) -> Mistake:
        return Mistake(place.file or self.name, place.line, place.column, message, remedy)

    @staticmethod
    def _nearest(places: Mapping[Path, Place], path: Path) -> Place:
        while path not in places and path:
            path = path[:-1]
        return places.get(path, Place(1, 1))


def read_document(text: str, name: str, at: Path = ()) -> Document:
    """The data of a YAML text with positions; duplicate keys and tags are in its `mistakes`. `at` is what its paths begin with.

    Raises:
        PolicyError: the text is no YAML, is empty, too large or too deep.
    """
    if len(text) > MAX_CHARS:
        raise PolicyError.of([Mistake(name, 1, 1, f"the file is larger than {MAX_CHARS} characters")])
    try:
        _refuse_depth(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise PolicyError.of([syntax_mistake(error, text, name)]) from None
    if node is None:
        raise PolicyError.of([Mistake(name, 1, 1, "the file is empty")])
    builder = _Builder(name, name if at else "")
    data = builder.build(node, at)
    return Document(name, data, builder.values, builder.keys, tuple(builder.mistakes), text)


def _refuse_depth(text: str, name: str) -> None:
    """Look through the events first: composing is recursive, and a thousand brackets would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line, column = (event.start_mark.line, event.start_mark.column) if event.start_mark else (0, 0)
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise PolicyError.of([Mistake(name, line + 1, column + 1, message)])


@dataclass
class _Builder:
    """Makes data out of nodes; an alias is built anew at each place, so that every part has one path."""

    name: str
    file: str = ""
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    nodes: int = 0
    open: set[int] = field(default_factory=set)

    def build(self, node: yaml.Node, path: Path) -> Any:
        """The data of one node, noted under its path."""
        self._count(node)
        self.values[path] = _place(node, self.file)
        if node.tag not in _PLAIN_TAGS:
            self._note(node, f"the tag {node.tag.replace(_TAG, '!!')!r} is not allowed here", "remove it")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        self.open.add(id(node))
        data = self._sequence(node, path) if isinstance(node, yaml.SequenceNode) else self._mapping(node, path)
        self.open.discard(id(node))
        return data

    def _count(self, node: yaml.Node) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or id(node) in self.open:
            why = (
                "an anchor contains itself"
                if id(node) in self.open
                else f"anchors unfold to more than {MAX_NODES} values"
            )
            raise PolicyError.of([*self.mistakes, self._mistake(node, why)])

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> Items:
        paths: list[Path] = [(*path, index) for index in range(len(node.value))]
        return Items((where, self.build(item, where)) for where, item in zip(paths, node.value, strict=True))

    def _mapping(self, node: yaml.Node, path: Path) -> Map:
        made = Map()
        made.path = path
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "a key must be plain text")
            elif key.value == "<<" and not key.style:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            else:
                self._entry(made, key, value)
        for other in merged:
            self._merge(made, other)
        return made

    def _entry(self, made: Map, key: yaml.ScalarNode, value: yaml.Node) -> None:
        path = (*made.path, key.value)
        if key.value in made:
            self._note(key, f"duplicate key {key.value!r}", f"it is already at line {self.keys[path].line}")
            return
        self.keys[path] = _place(key, self.file)
        made[key.value] = self.build(value, path)

    def _merge(self, made: Map, other: yaml.Node) -> None:
        """Take over what is not there yet: a mapping's own keys win over merged ones, earlier merged ones over later."""
        if not isinstance(other, yaml.MappingNode):
            self._note(other, "`<<` takes a mapping: `<<: *name`")
            return
        self._count(other)
        self.open.add(id(other))
        extra = Map()
        extra.path = made.path
        nested = [(key, value) for key, value in other.value if isinstance(key, yaml.ScalarNode)]
        for key, value in nested:
            if key.value != "<<" and key.value not in made and key.value not in extra:
                self._entry(extra, key, value)
        made.update(extra)
        for value in (value for key, value in nested if key.value == "<<"):
            self._merge(made, value)
        self.open.discard(id(other))

    def _note(self, node: yaml.Node, message: str, remedy: str = "") -> None:
        self.mistakes.append(self._mistake(node, message, remedy))

    def _mistake(self, node: yaml.Node, message: str, remedy: str = "") -> Mistake:
        place = _place(node)
        return Mistake(self.name, place.line, place.column, message, remedy)


def _place(node: yaml.Node, file: str = "") -> Place:
    block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
    return Place(node.start_mark.line + 1, node.start_mark.column + 1, block=block, file=file)


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    return int(text) if _INT.fullmatch(text) else text
