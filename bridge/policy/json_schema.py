"""The form of rules.yaml for editors: rules.schema.json, written by `python -m bridge.policy.json_schema > rules.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from bridge.core import conditions
from bridge.policy.schema import RulesFile
from bridge.policy.texts import VARIABLES, shipped_texts
from bridge.policy.when import GROUPS

_CONDITION: Final = {"$ref": "#/$defs/Condition"}
_VALUE: Final = {"type": ["string", "number"]}
_VALUES: Final = {"anyOf": [_VALUE, {"type": "array", "items": _VALUE, "minItems": 1}]}
_GROUPS: Final = {"all": "All of these hold.", "any": "At least one of these holds.", "none": "None of these holds."}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of rules.yaml."""
    schema = _without_titles(RulesFile.model_json_schema())
    schema["$defs"]["Condition"] = _condition()
    when = schema["$defs"]["RouteSpec"]["properties"]["when"]
    schema["$defs"]["RouteSpec"]["properties"]["when"] = {**_CONDITION, "description": when["description"]}
    texts = schema["properties"]["texts"]
    texts["propertyNames"] = {"enum": sorted(shipped_texts())}
    texts["description"] += f" Variables: {', '.join(f'{name} ({what})' for name, what in VARIABLES.items())}."
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Rules of presale-bridge", **schema}


def as_text() -> str:
    """The schema as it stands in rules.schema.json."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


def _condition() -> dict[str, Any]:
    """Built-in conditions by name; others may come from `extensions`."""
    kinds = [kind for kind in conditions.REGISTRY.values() if kind.check.__module__ == conditions.__name__]
    properties = {kind.name: _of(kind) for kind in sorted(kinds, key=lambda kind: kind.name)}
    some = {"anyOf": [{"type": "array", "items": _CONDITION, "minItems": 1}, _CONDITION]}
    groups = {how: {**some, "description": _GROUPS[how]} for how in GROUPS}
    return {
        "type": "object",
        "description": "A condition; several keys must all hold.",
        "minProperties": 1,
        "properties": {**groups, **properties},
        "additionalProperties": {"anyOf": [_VALUES, {"type": "object"}]},
    }


def _of(kind: conditions.Kind) -> dict[str, Any]:
    values = {"type": "object", "additionalProperties": _VALUES} if kind.argument else dict(_VALUES)
    return {**values, "description": kind.summary}


def _without_titles(schema: Any) -> Any:
    """Titles that pydantic makes of names tell nothing."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    generated = isinstance(schema.get("title"), str)
    return {key: _without_titles(value) for key, value in schema.items() if not (key == "title" and generated)}


if __name__ == "__main__":
    sys.stdout.write(as_text())
