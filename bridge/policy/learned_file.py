"""The file beside the rules that has what `presale-bridge learn` has found: JSON, one sign a line, so that a change of it can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from bridge.core.learned import Learned
from bridge.errors import PolicyError

FORMAT: Final = 1


def write(learned: Learned) -> str:
    """The text of the file."""
    head = {
        "made by": "presale-bridge learn",
        "format": FORMAT,
        "tickets": learned.tickets,
        "kinds": list(learned.kinds),
        "at rest": dict(learned.at_rest),
    }
    lines = [f"{_json(name)}: {_json(value)}" for name, value in head.items()]
    signs = ",\n".join(f"{_json(sign)}: {_json(points)}" for sign, points in sorted(learned.points.items()))
    return "{\n" + ",\n".join([*lines, f'"points": {{\n{signs}\n}}']) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(text: str, name: str) -> Learned:
    """What a file says.

    Raises:
        PolicyError: it is not such a file, or of another format.
    """
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise PolicyError(f"{name}: has format {data['format']!r}, this program reads {FORMAT}; {_AGAIN}")
        points = {str(sign): _numbers(by_kind) for sign, by_kind in data["points"].items()}
        return Learned(tuple(map(str, data["kinds"])), _numbers(data["at rest"]), points, int(data["tickets"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"
        raise PolicyError(f"{name}: is not what `presale-bridge learn` has written ({why}); {_AGAIN}") from None


_AGAIN: Final = "make it anew with `presale-bridge learn`"


def _numbers(by_kind: Mapping[str, Any]) -> dict[str, int]:
    return {str(kind): int(points) for kind, points in by_kind.items()}
