"""Data of rules.yaml → `RulesFile`, with every mistake of its form.

What cannot be read is left out, so that the rest can still be read and checked: all mistakes come at once. A section that is missing as a
whole is replaced by a stand-in, and named in `absent`, so that nothing is said about what the stand-in lacks.
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
from bridge.policy.schema import RulesFile

_STAND_INS: Final = MappingProxyType(
    {
        "redmine": {
            "trackers": ["?"],
            "staff": {"roles": ["?"]},
            "bridge_users": ["?"],
            "markup": "textile",
            "statuses": {"waiting": "?", "resumed": "!", "reopened": "!", "pauses": ["?"], "closed": ["."]},
        },
        "calendar": {"zone": "Europe/Moscow", "week": {"mon-fri": "09:00-18:00"}},
        "departments": {"?": {"first_line": True}},
        "routes": [{"name": "?", "kind": "triage", "department": "?"}],
        "terms": {"answer": "2 working days"},
        "limits": {"not_before": "2000-01-01T00:00:00+00:00"},
        "lead": "?",
    }
)


@dataclass(frozen=True)
class Draft:
    """The rules as far as they could be read; `absent` are sections that could not."""

    rules: RulesFile
    document: Document
    absent: frozenset[str]
    departments: frozenset[str]
    """Names of all departments of the file, also of those with mistakes in them."""
    mistakes: tuple[Mistake, ...]


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
    names = frozenset(departments) if isinstance(departments, dict) else frozenset()
    form = _Form(document, document.data)
    rules = form.read()
    return Draft(rules, document, frozenset(form.absent), names, tuple(form.mistakes))


@dataclass
class _Form:
    document: Document
    data: Map
    mistakes: list[Mistake] = field(default_factory=list)
    dropped: set[Path] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)

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
        if not path:
            self._stand_in(str(error["loc"][0]))
            return
        self.dropped.add(path)
        parent = path[:-1]
        try:
            container = self._at(parent)
        except (KeyError, ValueError):  # went with something around it
            return
        if isinstance(container, Items) and path in container.paths:
            container.drop(path)
        elif isinstance(container, dict):
            container.pop(path[-1], None)

    def _stand_in(self, section: str) -> None:
        assert section in _STAND_INS, section
        self.absent.add(section)
        self.data[section] = _STAND_INS[section]
