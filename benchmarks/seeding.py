"""Putting a history into the demo's Redmine by SQL, in one stroke: by REST, 2,000 tickets take most of an hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from benchmarks.history import Act, Past
from bridge.demo.actors import PRESALE
from bridge.demo.database import Statement
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer

ISSUE: Final = (
    "INSERT INTO issues (id, tracker_id, project_id, subject, description, status_id, assigned_to_id, priority_id, author_id, "
    "created_on, updated_on, closed_on, start_date, root_id, lft, rgt) VALUES (:id, :tracker, :project, :subject, :description, "
    ":status, :assigned_to, :priority, :author, :at, :updated, :closed, :day, :id, 1, 2)"
)
JOURNAL: Final = (
    "INSERT INTO journals (id, journalized_id, journalized_type, user_id, notes, created_on, private_notes) "
    "VALUES (:id, :issue, 'Issue', :user, :notes, :at, CAST(:private AS boolean))"
)
DETAIL: Final = (
    "INSERT INTO journal_details (journal_id, property, prop_key, old_value, value) "
    "VALUES (:journal, 'attr', :key, :old, :new)"
)
VALUE: Final = (
    "INSERT INTO custom_values (customized_type, customized_id, custom_field_id, value) "
    "VALUES ('Issue', :issue, :field, :value)"
)
FIELDS: Final = ("Сведения о системе", "Информация об обновлении", "Организация", "Продукт", "Отдел")
NEW, CLOSED, NORMAL = "Новая", "Закрыта", "Нормальный"


def seed(server: RedmineServer, history: Iterable[Past]) -> int:
    """Fill a Redmine with these tickets alone; how many."""
    clear(server.database)
    filled = _Filling(server)
    statements = [statement for number, past in enumerate(history, 1) for statement in filled.ticket(number, past)]
    server.database.script(statements)
    return sum(sql == ISSUE for sql, _ in statements)


@dataclass
class _Filling:
    """Rows under way; ids are counted here."""

    server: RedmineServer
    journals: int = 0
    state: dict[str, str] = field(default_factory=dict)

    def ticket(self, number: int, past: Past) -> Iterator[Statement]:
        self.state = {"status": NEW, "assigned_to": ""}
        rows = [row for act in past.acts for row in self._journal(number, act)]
        closed = [act.at for act in past.acts if act.values.get("status") == CLOSED]
        yield (
            ISSUE,
            {
                "id": number,
                "tracker": self._id("tracker", PRESALE),
                "project": self._id("project", past.by.rpartition("-")[0]),
                "subject": past.asked.subject[:255],
                "description": past.asked.description,
                "status": self._id("status", self.state["status"]),
                "assigned_to": self._id("assigned_to", self.state["assigned_to"]) or None,
                "priority": self._id("priority", NORMAL),
                "author": self._id("principal", past.by),
                "at": _stamp(past.received),
                "updated": _stamp(past.acts[-1].at if past.acts else past.received),
                "closed": _stamp(closed[-1]) if closed else None,
                "day": _stamp(past.received)[:10],
            },
        )
        for name in FIELDS:
            given = past.fields.get(name, "")
            yield VALUE, {"issue": number, "field": self._id("field", name), "value": given}
        yield from rows

    def _journal(self, number: int, act: Act) -> Iterator[Statement]:
        self.journals += 1
        told = {"id": self.journals, "issue": number, "user": self._id("principal", act.by), "notes": act.note}
        yield JOURNAL, {**told, "at": _stamp(act.at), "private": int(act.private)}
        for name, value in act.values.items():
            old, self.state[name] = self.state[name], value
            ids = {"old": str(self._id(name, old) or ""), "new": str(self._id(name, value) or "")}
            yield DETAIL, {"journal": self.journals, "key": f"{name}_id", **ids}

    def _id(self, kind: str, name: str) -> int:
        return self.server.names.id("principal" if kind == "assigned_to" else kind, name) if name else 0


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
