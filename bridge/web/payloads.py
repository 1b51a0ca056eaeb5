"""Which ticket a webhook is about: Redmine 7's own, the `redmine_webhook` plugin's, and that of the bridge's plugin.

Only the ticket's number, and where it is told the tracker's name, are taken from it: what happened is read from Redmine itself.
"""

from __future__ import annotations

import json
from typing import Any, Final

from bridge.watch.hints import Hint

BIGGEST: Final = 2**63 - 1


class NonsenseError(ValueError):
    """The body is none of the payloads that the bridge knows; the text says what is wrong."""


def read(body: bytes, at: float) -> Hint | None:
    """The ticket that is named; None where a webhook is about something else (a wiki page, a version).

    Raises:
        NonsenseError: it is not JSON, or JSON of another shape.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise NonsenseError("the body is not JSON, or not all of it") from None
    if not isinstance(payload, dict):
        raise NonsenseError("the body is JSON, but no object")
    if (
        "payload" in payload
    ):  # redmine_webhook: {"payload": {"action": "updated", "issue": {…}, "journal": {…}, "url": …}}
        return _of_issue(_part(_part(payload, "payload"), "issue"), at)
    if (
        "data" in payload
    ):  # Redmine 7: {"type": "issue.updated", "timestamp": …, "data": {"issue": {…}, "journal": {…}}}
        is_issue = str(payload.get("type")).startswith("issue.")
        return _of_issue(_part(_part(payload, "data"), "issue"), at) if is_issue else None
    return Hint(_number(payload), at=at)  # ours: {"event": "issue", "id": 7, "at": …, "delivery": …}


def _of_issue(issue: dict[str, Any], at: float) -> Hint:
    tracker = issue.get("tracker")
    name = tracker.get("name") if isinstance(tracker, dict) else ""
    return Hint(_number(issue), name if isinstance(name, str) else "", at)


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    if not isinstance(part, dict):
        raise NonsenseError(f"the JSON has no object «{name}»")
    return part


def _number(issue: dict[str, Any]) -> int:
    number = issue.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= BIGGEST:
        raise NonsenseError("the JSON names no ticket: a positive number «id» is missing")
    return number
