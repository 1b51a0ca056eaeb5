"""A ticket's payload made into a `Ticket`: the journals with names for ids, and the state at creation by taking all changes back.

Pure: what it has to look up it asks of `Lookup`. Tolerant of what differs between Redmine 5.0 and 7.0: absent keys count as empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from bridge.core.model import Attribute, Change, Journal, Person, State, Ticket

PLAIN: Final = {
    "subject": Attribute.SUBJECT,
    "description": Attribute.DESCRIPTION,
    "project_id": Attribute.PROJECT,
    "tracker_id": Attribute.TRACKER,
    "status_id": Attribute.STATUS,
    "category_id": Attribute.CATEGORY,
    "priority_id": Attribute.PRIORITY,
    "assigned_to_id": Attribute.ASSIGNEE,
    "due_date": Attribute.DUE_DATE,
}
TEXTS: Final = frozenset({Attribute.SUBJECT, Attribute.DESCRIPTION, Attribute.DUE_DATE})
Payload = Mapping[str, Any]


class Lookup(Protocol):
    """Names and people that a payload shows as ids."""

    def name(self, attribute: Attribute, key: str, project: int) -> str:
        """The name for an id, a stand-in like "#17" for an unknown one."""

    def field(self, key: int, project: int) -> str:
        """The name of a custom field that the ticket itself does not show."""

    def person(self, who: Payload | None, project: int) -> Person:
        """Who that is to a ticket of that project."""


@dataclass
class _Rewind:
    """The ticket's values while its journals are taken back, the last one first."""

    issue: Payload
    lookup: Lookup
    plain: dict[Attribute, str]
    fields: dict[int, list[str]]
    files: dict[str, str]
    titles: dict[int, str]
    many: frozenset[int]
    touched: set[object] = field(default_factory=set)

    @staticmethod
    def of(issue: Payload, lookup: Lookup) -> _Rewind:
        """At the end: the state that the payload shows."""
        rows = [row for row in issue.get("custom_fields") or () if "id" in row]
        return _Rewind(
            issue=issue,
            lookup=lookup,
            plain={attribute: _current(issue, key, attribute) for key, attribute in PLAIN.items()},
            fields={int(row["id"]): values(row.get("value")) for row in rows},
            files={str(row["id"]): str(row["filename"]) for row in issue.get("attachments") or ()},
            titles={int(row["id"]): str(row["name"]) for row in rows},
            many=frozenset(int(row["id"]) for row in rows if row.get("multiple")),
        )

    @property
    def project(self) -> int:
        return int(self.issue["project"]["id"])

    @property
    def state(self) -> State:
        """The state at this point."""
        plain: dict[str, Any] = {attribute.value: value for attribute, value in self.plain.items()}
        fields = {self.titles[key]: joined(value) for key, value in self.fields.items()}
        return State(**plain, fields=fields, attachments=tuple(self.files.values()))

    def back(self, details: Iterable[Payload]) -> tuple[Change, ...]:
        """Take one journal's details back; the changes it made."""
        changes: list[Change] = []
        many: dict[int, list[Payload]] = {}
        for detail in details:
            match detail.get("property"):
                case "attr" if detail.get("name") in PLAIN:
                    changes.append(self._plain(PLAIN[detail["name"]], detail))
                case "attachment":
                    changes.append(self._file(detail))
                case "cf" if str(detail.get("name")).isdigit():
                    many.setdefault(int(detail["name"]), []).append(detail)
        return (*changes, *(self._field(key, rows) for key, rows in many.items()))

    def _plain(self, attribute: Attribute, detail: Payload) -> Change:
        old, new = self._shown(attribute, detail.get("old_value")), self._shown(attribute, detail.get("new_value"))
        if (
            attribute not in self.touched
        ):  # Redmine changes some values without a journal: the last change ends at the present
            new = self.plain[attribute]
        self.touched.add(attribute)
        self.plain[attribute] = old
        return Change(attribute, old, new)

    def _shown(self, attribute: Attribute, value: Any) -> str:
        return text(value) if attribute in TEXTS else self.lookup.name(attribute, text(value), self.project)

    def _file(self, detail: Payload) -> Change:
        old, new, key = text(detail.get("old_value")), text(detail.get("new_value")), str(detail.get("name"))
        if new:
            self.files.pop(key, None)
        elif old:
            self.files[key] = old
        return Change(Attribute.ATTACHMENT, old, new, name=new or old)

    def _field(self, key: int, details: list[Payload]) -> Change:
        """One change for all details of a field: a field with several values has a detail for each that came or went."""
        came = [value for row in details for value in values(row.get("new_value"))]
        went = [value for row in details for value in values(row.get("old_value"))]
        self._meet(key, came)
        after = self.fields[key]
        if key in self.many or len(details) > 1:
            before = [value for value in after if value not in came] + went
        else:
            before, after = went, came if key in self.touched else after
        self.touched.add(key)
        self.fields[key] = before
        return Change(Attribute.FIELD, joined(before), joined(after), name=self.titles[key])

    def _meet(self, key: int, last: list[str]) -> None:
        """A field that the ticket does not show any more, as its tracker has it no longer."""
        if key not in self.titles:
            self.titles[key] = self.lookup.field(key, self.project)
            self.fields[key] = last


def ticket(issue: Payload, lookup: Lookup) -> Ticket:
    """The ticket of one `/issues/ID.json` with journals, attachments and watchers."""
    rewind = _Rewind.of(issue, lookup)
    rows = sorted(issue.get("journals") or (), key=lambda row: (moment(row["created_on"]), int(row["id"])))
    journals = [_journal(row, rewind) for row in reversed(rows)]
    return Ticket(
        id=int(issue["id"]),
        author=lookup.person(issue.get("author"), rewind.project),
        created_on=moment(issue["created_on"]),
        created=rewind.state,
        journals=tuple(reversed(journals)),
        watchers=tuple(str(row["name"]) for row in issue.get("watchers") or ()),
        updated_on=moment(issue["updated_on"]) if issue.get("updated_on") else None,
    )


def _journal(row: Payload, rewind: _Rewind) -> Journal:
    return Journal(
        id=int(row["id"]),
        at=moment(row["created_on"]),
        author=rewind.lookup.person(row.get("user"), rewind.project),
        notes=text(row.get("notes")),
        private=bool(row.get("private_notes")),
        changes=rewind.back(row.get("details") or ()),
    )


def _current(issue: Payload, key: str, attribute: Attribute) -> str:
    if attribute in TEXTS:
        return text(issue.get(key))
    return text((issue.get(key.removesuffix("_id")) or {}).get("name"))


def moment(value: str) -> datetime:
    """A moment as REST writes it, aware and in UTC (library trap 18)."""
    at = datetime.fromisoformat(value)
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def text(value: Any) -> str:
    """A value as text, with plain line ends; None is empty."""
    return "" if value is None else str(value).replace("\r\n", "\n")


def values(value: Any) -> list[str]:
    """The values of a field, empty ones left out."""
    found = value if isinstance(value, list) else [value]
    return [text(one) for one in found if one not in (None, "")]


def joined(several: Iterable[str]) -> str:
    """The values of a field as one text, in an order that does not depend on Redmine's."""
    return ", ".join(sorted(several))
