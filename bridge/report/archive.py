"""Tickets as JSON, for the cache of a back-test: what was read once is not read again until the ticket changes.

The cache has what the tickets have, personal data too: it is a directory of the operator's, readable by nobody else, and may be deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from bridge.core.model import Attribute, Change, Channel, Journal, Origin, Person, Role, State, Ticket
from bridge.core.policy import Policy


def to_json(ticket: Ticket) -> str:
    """One ticket as JSON."""
    data = {
        "id": ticket.id,
        "author": asdict(ticket.author),
        "created_on": ticket.created_on.isoformat(),
        "created": {
            **{name: getattr(ticket.created, name) for name in State.__slots__},
            "fields": dict(ticket.created.fields),
        },
        "journals": [asdict(journal) for journal in ticket.journals],
        "channel": ticket.channel,
        "watchers": ticket.watchers,
        "updated_on": ticket.updated_on.isoformat() if ticket.updated_on else None,
        "origin": asdict(ticket.origin) if ticket.origin else None,
    }
    return json.dumps(data, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()


def from_json(text: str) -> Ticket:
    """The ticket of a JSON text.

    Raises:
        ValueError, KeyError, TypeError: the text is no such ticket.
    """
    data = json.loads(text)
    created = data["created"]
    return Ticket(
        id=data["id"],
        author=_person(data["author"]),
        created_on=datetime.fromisoformat(data["created_on"]),
        created=State(**{**created, "attachments": tuple(created["attachments"])}),
        journals=tuple(_journal(journal) for journal in data["journals"]),
        channel=Channel(data["channel"]),
        watchers=tuple(data["watchers"]),
        updated_on=datetime.fromisoformat(data["updated_on"]) if data["updated_on"] else None,
        origin=_origin(data["origin"]),
    )


def _person(data: Mapping[str, Any]) -> Person:
    return Person(**{**data, "role": Role(data["role"]), "groups": frozenset(data["groups"])})


def _origin(data: Mapping[str, Any] | None) -> Origin | None:
    if data is None:
        return None
    return Origin(**{**data, "at": datetime.fromisoformat(data["at"]), "copies": tuple(data["copies"])})


def _journal(data: Mapping[str, Any]) -> Journal:
    changes = tuple(Change(**{**change, "attribute": Attribute(change["attribute"])}) for change in data["changes"])
    speaker = _person(data["speaker"]) if data["speaker"] else None
    at = datetime.fromisoformat(data["at"])
    read = {"at": at, "author": _person(data["author"]), "changes": changes, "speaker": speaker}
    return Journal(**{**data, **read, "origin": _origin(data["origin"])})


def made_by(policy: Policy) -> str:
    """Stands for all in the rules that reading depends on (who is staff, what fields are called): with others, tickets are read anew."""
    read = {"redmine": asdict(policy.redmine), "departments": [asdict(one) for one in policy.departments.values()]}
    return sha256(json.dumps(read, default=_stable, sort_keys=True).encode()).hexdigest()[:16]


def _stable(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else str(value)


class Archive:
    """A directory with a file a ticket, named by its number and the moment of its last change."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._kept: dict[str, list[Path]] = {}
        for file in folder.glob("*-*.json"):
            self._kept.setdefault(file.name.partition("-")[0], []).append(file)

    def get(self, ticket_id: int, updated_on: datetime, read: Callable[[int], Ticket | None]) -> Ticket | None:
        """The ticket, from the cache or else read now; None when it is not in scope."""
        file = self._folder / f"{ticket_id}-{updated_on:%Y%m%dT%H%M%S}.json"
        try:
            return from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            ticket = read(ticket_id)
        if ticket is not None:
            self._keep(ticket, file)
        return ticket

    def _keep(self, ticket: Ticket, file: Path) -> None:
        """In place of what was kept of it before; whole or not at all, also when the command is stopped here."""
        for old in self._kept.pop(str(ticket.id), ()):
            old.unlink(missing_ok=True)
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(to_json(ticket), encoding="utf-8")
        draft.replace(file)
