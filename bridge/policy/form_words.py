"""What is wrong with the form of a value, in the words of somebody who writes rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bridge.errors import Mistake
from bridge.policy.positions import Document, Path
from bridge.policy.vocabulary import did_you_mean

SECRET_KEY: Final = re.compile(r"(?i)(?:^|[_-])(?:password|passwd|secret|token|(?:api|access)[_-]?key)s?$|пароль")
NO_SECRETS: Final = "secrets do not belong in this file: put the key in a file of its own and name that in the settings"

_SIMPLE: Final = {
    "bool_type": ("write `true` or `false`", ""),
    "int_type": ("a whole number is needed", ""),
    "tuple_type": ("a list is needed", "write [one, two], or a line with '- ' for each"),
    "list_type": ("a list is needed", "write [one, two], or a line with '- ' for each"),
    "string_too_short": ("this is empty", ""),
    "string_too_long": ("this is too long", ""),
    "too_short": ("at least one is needed", ""),
}
_KEYS_NEEDED: Final = frozenset({"model_type", "model_attributes_type", "dict_type", "mapping_type"})


def say(document: Document, path: Path, error: ErrorDetails, fields: Mapping[str, FieldInfo]) -> Mistake:
    """The mistake behind one of pydantic's errors; `fields` are the keys that could stand there."""
    kind, given = error["type"], error["input"]
    if kind == "missing":
        return _missing(document, path, str(error["loc"][-1]), fields)
    if kind == "extra_forbidden":
        return _unknown_key(document, path, fields)
    if error["loc"][-1] == "[key]":
        return document.at_key(path, "this key is empty or too long")
    if kind in _KEYS_NEEDED:
        return document.at_value(path, f"keys with values are needed here{_not(given)}", "write `key: value`")
    return document.at_value(path, *_value(kind, given, error.get("ctx", {})))


def _missing(document: Document, path: Path, name: str, fields: Mapping[str, FieldInfo]) -> Mistake:
    description = fields[name].description if name in fields else ""
    meaning = f": {description.rstrip('.')}" if description else ""
    what = repr(name) if path else f"the section {name!r}"
    return document.at_key(path, f"{what} is missing", f"add `{name}:`{meaning}")


def _unknown_key(document: Document, path: Path, fields: Mapping[str, FieldInfo]) -> Mistake:
    key = str(path[-1])
    remedy = NO_SECRETS if SECRET_KEY.search(key) else did_you_mean(key, fields)
    return document.at_key(path, f"unknown key {key!r}", remedy)


def _value(kind: str, given: Any, context: dict[str, Any]) -> tuple[str, str]:
    if kind in _SIMPLE:
        message, remedy = _SIMPLE[kind]
        return f"{message}{_not(given)}", remedy
    if kind == "string_type":
        quoted = isinstance(given, bool)
        return f"a text is needed{_not(given)}", "put it in quotes" if quoted else ""
    if kind in {"literal_error", "enum"}:
        return f"{given!r} is not possible here", f"use {context.get('expected', '')}"
    if kind == "value_error":
        return str(context["error"]), ""
    limits = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
    if kind in limits:
        words, key = limits[kind]
        return f"{given} is not possible here", f"{words} {context[key]}"
    return f"this value is not possible here{_not(given)}", ""


def _not(given: Any) -> str:
    if given is None:
        return ", and there is nothing"
    if isinstance(given, dict):
        return ", not keys with values"
    if isinstance(given, list | tuple):
        return ", not a list" if given else ", and the list is empty"
    if isinstance(given, bool):
        return f", not {str(given).lower()}"
    return f", not {given!r}" if given != "" else ", and there is nothing"
