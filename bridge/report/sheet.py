"""A YAML text that is changed by path and keeps all the rest as it stands: its comments, its order, its layout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any, Final

import yaml

from bridge.policy.positions import Path, read_document

DECIDE: Final = "РЕШИТЕ"
"""What marks a place where a person has to decide."""
WIDTH: Final = 140
_LOADER: Final[type[Any]] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # as in positions.py: the slower one is stricter
_PLAIN: Final = re.compile(r"[^\W\d][\w.+/№«»() -]*")
_SPECIAL: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_ANCHOR: Final = re.compile(r"&([\w-]+) (\[[^\]]*\])")
_ALIAS: Final = re.compile(r"\*[\w-]+")


def quoted(name: str) -> str:
    """A name as a YAML value that means the same in a flow list and in a block."""
    plain = _PLAIN.fullmatch(name) and not name.endswith(" ") and name.casefold() not in _SPECIAL
    return name if plain else json.dumps(name, ensure_ascii=False)


def listed(names: Iterable[str]) -> str:
    """Names as a YAML list on one line."""
    return f"[{', '.join(map(quoted, names))}]"


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines and columns from 0: where the key (or the item) begins, and from where to where its value goes."""

    line: int
    start: tuple[int, int]
    end: tuple[int, int]

    @property
    def last(self) -> int:
        """The last line of the value."""
        return self.end[0] if self.end[1] else self.end[0] - 1


class Sheet:
    """The text, what is in it, and what is to be changed; nothing is changed before `text` is called.

    Anchors of lists on one line are written out first, so that each part stands for itself. Other aliases stay, and can only be changed as a whole.
    """

    def __init__(self, text: str) -> None:
        for name, value in _ANCHOR.findall(text):
            text = re.sub(rf"&{name} (?=\[)", "", text)
            text = re.sub(rf"\*{name}(?![\w-])", value.replace("\\", r"\\"), text)
        self.data: Any = read_document(text, "rules.yaml").data
        self._lines = text.split("\n")
        self._places: dict[Path, _Place] = {}
        self._seen: set[int] = set()
        root = yaml.compose(text, Loader=_LOADER)
        assert root is not None, "read_document has refused an empty text"
        self._walk(root, (), 0)
        self._changes = _Changes()

    def _walk(self, node: yaml.Node, path: Path, line: int) -> tuple[int, int]:
        """Note where everything stands; the end of the node."""
        end = (node.end_mark.line, node.end_mark.column)
        if isinstance(node, yaml.CollectionNode):
            ends = list(self._children(node, path))
            end = max(ends) if ends and not node.flow_style else end
        elif isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
            end = (self._last_words(node), WIDTH)
        self._places[path] = _Place(line, (node.start_mark.line, node.start_mark.column), end)
        return end

    def _children(self, node: yaml.CollectionNode, path: Path) -> Iterable[tuple[int, int]]:
        for index, child in enumerate(node.value):
            if not isinstance(node, yaml.MappingNode):
                yield self._walk(child, (*path, index), child.start_mark.line)
                continue
            key, value = child
            alias = id(value) in self._seen
            self._seen.add(id(value))
            yield (self._alias if alias else self._walk)(value, (*path, key.value), key.start_mark.line)

    def _alias(self, _: yaml.Node, path: Path, line: int) -> tuple[int, int]:
        """What stands for something above: a word on the line of its key; what is in it has no place of its own here."""
        found = _ALIAS.search(self._lines[line])
        start, end = found.span() if found else (0, len(self._lines[line]))
        self._places[path] = _Place(line, (line, start), (line, end))
        return line, end

    def _last_words(self, node: yaml.Node) -> int:
        """The last line of a block of text; its own mark stands behind the empty lines and comments that follow."""
        indent = _indent(self._lines[node.start_mark.line]) + 1
        last = node.start_mark.line
        for number in range(last + 1, node.end_mark.line + 1):
            line = self._lines[number] if number < len(self._lines) else ""
            if line.strip() and _indent(line) >= indent:
                last = number
        return last

    # --- what is there ------------------------------------------------------------------------------------------------------------------

    def get(self, *path: str | int) -> Any:
        """The value at a path; None where there is none."""
        data = self.data
        for part in path:
            try:
                data = data[part]
            except (KeyError, IndexError, TypeError):
                return None
        return data

    def has(self, path: Path) -> bool:
        """Whether something stands at a path itself, and not only where an alias points to."""
        return path in self._places

    # --- what is to be changed ----------------------------------------------------------------------------------------------------------

    def put(self, path: Path, value: str, mark: str = "") -> None:
        """Write another value, on one line, or the key with its value where there is none; a mark goes above."""
        if path not in self._places:
            self.add(path[:-1], f"{path[-1]}: {value}")
            self.mark(path[:-1], mark)
            return
        place = self._places[path]
        self._changes.values[place.start] = (place.end, value)
        self.mark(path, mark)

    def value_on_key_line(self, path: Path, value: str, mark: str = "") -> None:
        """Write a value behind the key of a mapping whose lines have all been dropped."""
        line = self._places[path].line
        end = (line, self._lines[line].index(":", _indent(self._lines[line])) + 1)
        self._changes.values[end] = (end, f" {value}")
        self.mark(path, mark)

    def mark(self, path: Path, text: str) -> None:
        """Ask a person to decide on what stands at the path."""
        if text:
            line = self._places[path].line
            self._changes.above.setdefault(line, []).extend(comment(f"{DECIDE}: {text}", _indent(self._lines[line])))

    def add(self, path: Path, line: str) -> None:
        """One more line at the top of the mapping at a path, or one more entry where that stands on one line in braces."""
        place = self._places[path]
        inside = (place.start[0], place.start[1] + 1)
        if self._lines[place.start[0]][place.start[1]] == "{":
            self._changes.values[inside] = (inside, f"{line}, ")
            return
        self._changes.below.setdefault(place.line, []).append(" " * place.start[1] + line)

    def above(self, path: Path, lines: Iterable[str]) -> None:
        """Lines of their own above what stands at a path."""
        self._changes.above.setdefault(self._places[path].line, []).extend(lines)

    def drop(self, path: Path, mark: str = "") -> None:
        """Make a comment of it: the key and all below it, or the item of a list."""
        place = self._places[path]
        self.mark(path, mark)
        self._changes.comments.update(
            dict.fromkeys(range(place.line, place.last + 1), _indent(self._lines[place.line]))
        )

    def text(self) -> str:
        """The text with all changes."""
        return "\n".join(self._changes.applied(self._lines))


@dataclass
class _Changes:
    """Changes by the lines of the text as it was."""

    values: dict[tuple[int, int], tuple[tuple[int, int], str]] = field(default_factory=dict)
    above: dict[int, list[str]] = field(default_factory=dict)
    below: dict[int, list[str]] = field(default_factory=dict)
    comments: dict[int, int] = field(default_factory=dict)

    def applied(self, before: list[str]) -> Iterable[str]:
        lines: list[str | None] = list(before)
        for start, (end, value) in sorted(self.values.items(), reverse=True):
            _replace(lines, start, end, value)
        for number, line in enumerate(lines):
            dropped = number in self.comments
            yield from self.above.get(number, ())
            if line is not None:
                yield _as_comment(line, self.comments[number]) if dropped else line
            yield from () if dropped else self.below.get(number, ())


def _replace(lines: list[str | None], start: tuple[int, int], end: tuple[int, int], value: str) -> None:
    first, last = lines[start[0]] or "", lines[end[0]] or ""
    rest = last[end[1] :]
    if rest.lstrip().startswith("#"):  # comments that stand below each other go on doing so
        rest = "  " + " " * max(0, end[1] + _indent(rest) - start[1] - len(value) - 2) + rest.lstrip()
    lines[start[0]] = first[: start[1]] + value + rest
    for number in range(start[0] + 1, end[0] + 1):
        lines[number] = None


def _as_comment(line: str, indent: int) -> str:
    if not line.strip() or line.lstrip().startswith("#"):
        return line
    indent = min(indent, _indent(line))
    return f"{line[:indent]}# {line[indent:]}"


def comment(text: str, indent: int = 0) -> list[str]:
    """A sentence as lines of comment."""
    head = " " * indent + "# "
    return wrap(text, WIDTH, initial_indent=head, subsequent_indent=f"{head}  ", break_long_words=False)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
