"""Data of rules.yaml → `RulesFile`, with every mistake of its form.

What cannot be read is left out, so that the rest can still be read and checked: all mistakes come at once. What cannot be left out is
replaced by a stand-in and named in `absent`, so that nothing is said about the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bridge.errors import Mistake, PolicyError
from bridge.policy.form_words import say
from bridge.policy.positions import Document, Items, Map, Path
from bridge.policy.schema import FieldSpec, RouteSpec, RulesFile
from bridge.policy.schema_base import Spec

UNKNOWN: Final = "?"
"""A name that stands in for one that is missing or cannot be read."""

_STAND_INS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "redmine": {
            "trackers": [UNKNOWN],
            "staff": {"roles": [UNKNOWN]},
            "bridge_users": [UNKNOWN],
            "markup": "textile",
            "statuses": {"waiting": "?", "resumed": "!", "reopened": "!", "pauses": ["?"], "closed": ["."]},
        },
        "calendar": {"zone": "Europe/Moscow", "week": {"mon-fri": "09:00-18:00"}},
        "departments": {UNKNOWN: {"first_line": True}},
        "routes": [{"name": UNKNOWN, "kind": "triage", "department": UNKNOWN}],
        "terms": {"answer": "2 working days"},
        "limits": {"not_before": "2000-01-01T00:00:00+00:00"},
        "lead": UNKNOWN,
    }
)
_PARTS: Final[Mapping[type[Spec], Mapping[str, Any]]] = MappingProxyType(
    {
        RouteSpec: {"name": UNKNOWN, "kind": "triage", "department": UNKNOWN},
        FieldSpec: {"question": UNKNOWN, "hint": UNKNOWN},
    }
)


@dataclass(frozen=True)
class Draft:
    """The rules as far as they could be read; `absent` are the paths of what could not, and has a stand-in."""

    rules: RulesFile
    document: Document
    absent: frozenset[Path]
    departments: frozenset[str]
    """Names of all departments of the file, also of those with mistakes in them."""
    mistakes: tuple[Mistake, ...]
    dropped: frozenset[Path] = frozenset()

    def lacks(self, *path: str) -> bool:
        """Whether there is a stand-in at a path, or around it, or in it."""
        return any(one[: len(path)] == path or path[: len(one)] == one for one in self.absent)

    def is_whole(self, section: str) -> bool:
        """Whether all of a section could be read, so that what is not there is really missing."""
        return not self.lacks(section) and not any(path[0] == section for path in self.dropped)


def read_form(document: Document) -> Draft:
    """The rules of a document, with all mistakes of their form.

    Raises:
        PolicyError: the document is not a mapping.
    """
    if not isinstance(document.data, Map):
        raise PolicyError.of(
            [*document.mistakes, document.at_value((), "sections are needed: `redmine:`, `routes:`, …")]
        )
    departments = document.data.get("departments")
    names = frozenset({*departments, UNKNOWN}) if isinstance(departments, dict) else frozenset()
    form = _Form(document, document.data)
    rules = form.read()
    return Draft(rules, document, frozenset(form.absent), names, tuple(form.mistakes), frozenset(form.dropped))


@dataclass
class _Form:
    document: Document
    data: Map
    mistakes: list[Mistake] = field(default_factory=list)
    dropped: set[Path] = field(default_factory=set)
    absent: set[Path] = field(default_factory=set)

    def read(self) -> RulesFile:
        """Read, drop what is wrong, and read again, until the rest is right. Each round drops something, so it ends."""
        while True:
            try:
                return RulesFile.model_validate(self.data)
            except ValidationError as error:
                self._round(error.errors(include_url=False))

    def _round(self, errors: Iterable[ErrorDetails]) -> None:
        found = [(self._path(error["loc"]), error) for error in errors]
        for path, error in found:
            if not self._follows(path, error):
                self.mistakes.append(say(self.document, path, error, self._fields(path, error)))
        for path, error in found:
            self._drop(path, error)

    def _path(self, loc: tuple[str | int, ...]) -> Path:
        """Where in the document pydantic means; parts that only its models have are skipped."""
        data: Any = self.data
        path: Path = ()
        for part in loc:
            if isinstance(data, Items) and isinstance(part, int) and part < len(data):
                path, data = data.paths[part], data[part]
            elif isinstance(data, dict) and part in data:
                path, data = (*path, part), data[str(part)]
        return path

    def _fields(self, path: Path, error: ErrorDetails) -> Mapping[str, FieldInfo]:
        """The keys that the mapping knows in which one is missing or unknown."""
        holder = self._at(path[:-1] if error["type"] == "extra_forbidden" else path)
        fields: Mapping[str, FieldInfo] = (
            holder.reader.model_fields if isinstance(holder, Map) and holder.reader else {}
        )
        return fields

    def _at(self, path: Path) -> Any:
        data: Any = self.data
        for depth in range(1, len(path) + 1):
            data = data[data.paths.index(path[:depth])] if isinstance(data, Items) else data[path[depth - 1]]
        return data

    def _follows(self, path: Path, error: ErrorDetails) -> bool:
        """Whether it is only a consequence of what was dropped before."""
        wanted = (*path, error["loc"][-1]) if error["type"] == "missing" else path
        return any(dropped[: len(wanted)] == wanted for dropped in self.dropped)

    def _drop(self, path: Path, error: ErrorDetails) -> None:
        """Leave out what is wrong; for what is missing put a stand-in, or leave out what it is missing in."""
        try:
            if error["type"] == "missing" and self._stand_in(path, str(error["loc"][-1])):
                return
            self.dropped.add(path)
            container = self._at(path[:-1])
        except (KeyError, ValueError):  # went with something around it
            return
        if isinstance(container, Items) and path in container.paths:
            container.drop(path)
        elif isinstance(container, dict):
            container.pop(path[-1], None)

    def _stand_in(self, path: Path, name: str) -> bool:
        holder = self._at(path)
        value: Any = _PARTS.get(getattr(holder, "reader", Spec), {}).get(name) or _STAND_INS
        for part in (*path, name) if value is _STAND_INS else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None:
            return False
        self.absent.add((*path, name))
        holder[name] = f"{value}{path[-1]}" if holder.reader is RouteSpec and name == "name" else value
        return True
