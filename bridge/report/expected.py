"""What a check may expect: each key of `expect` with the values that it can have, so that a typing mistake is told with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bridge.core.approval import Verdict
from bridge.core.model import Audience, Step
from bridge.core.spans import Span
from bridge.core.terms import Clock
from bridge.policy.vocabulary import did_you_mean

_MOMENT: Final = "write it like 2026-11-23T10:15:00+03:00, or null"


def nearest(word: str, known: Iterable[str]) -> str:
    """The remedy for a word that there is not: the one that was meant, else all that there are."""
    names = tuple(str(one) for one in known)
    found = did_you_mean(word, names)
    return found if found.startswith("did you mean") else f"one of: {', '.join(names)}"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "a word is expected here"


def _texts(value: Any) -> str:
    return "" if value is None or _all_text(value) else "a list of words is expected here"


def _text_or_texts(value: Any) -> str:
    return "" if isinstance(value, str) or _all_text(value) else "a word or a list of words is expected here"


def _all_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _moment(value: Any) -> str:
    if value is None:
        return ""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return f"'{value}' is no moment; {_MOMENT}"
    return "" if at.tzinfo else f"'{value}' has no time zone; {_MOMENT}"


def _span(value: Any) -> str:
    if value is None:
        return ""
    try:
        span = Span.parse(str(value))
    except ValueError as error:
        return str(error)
    return "working time is counted in hours and minutes here, like 5h30m" if span.in_days else ""


def _one_of(words: type[StrEnum]) -> Callable[[Any], str]:
    known = tuple(words)
    return lambda value: "" if value in known else f"unknown word '{value}'; {nearest(str(value), known)}"


def _some_of(words: type[StrEnum]) -> Callable[[Any], str]:
    one = _one_of(words)
    return lambda value: _texts(value) or _first(map(one, value or ()))


def _first(flaws: Iterable[str]) -> str:
    return next(filter(None, flaws), "")


EXPECT: Final[Mapping[str, Callable[[Any], str]]] = {
    "kind": _text_or_texts,
    "department": _text,
    "missing": _texts,
    "clock": _one_of(Clock),
    "due": _moment,
    "department_due": _moment,
    "used": _span,
    "late_by": _span,
    "approval": _one_of(Verdict),
    "do": _some_of(Step),
    "told": _some_of(Audience),
    "note_contains": _text_or_texts,
}
"""For each key: what is wrong with a value, empty where nothing is."""
