"""A `Write` made into Redmine's request: names become ids, and only what changes is sent (library trap 15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.adapters.redmine.names import Names
from bridge.adapters.redmine.records import Member
from bridge.core.model import Attribute, Change, Write
from bridge.errors import PermanentError

KEYS: Final = {
    Attribute.STATUS: "status_id",
    Attribute.CATEGORY: "category_id",
    Attribute.PRIORITY: "priority_id",
    Attribute.ASSIGNEE: "assigned_to_id",
    Attribute.DUE_DATE: "due_date",
}
CAN_BE_EMPTY: Final = frozenset({Attribute.CATEGORY, Attribute.ASSIGNEE, Attribute.DUE_DATE})


@dataclass(frozen=True, slots=True)
class Place:
    """What has to be known of a ticket to write to it, as it was last read."""

    ticket: int
    project: int
    fields: Mapping[str, int] = field(default_factory=dict)
    many: frozenset[str] = frozenset()
    people: Mapping[str, int] = field(default_factory=dict)
    watchers: frozenset[int] = frozenset()

    @staticmethod
    def of(issue: Mapping[str, Any]) -> Place:
        """From a ticket's payload."""
        fields = issue.get("custom_fields") or ()
        shown = [
            issue.get("author"),
            issue.get("assigned_to"),
            *(row.get("user") for row in issue.get("journals") or ()),
        ]
        return Place(
            ticket=int(issue["id"]),
            project=int(issue["project"]["id"]),
            fields={str(row["name"]): int(row["id"]) for row in fields},
            many=frozenset(str(row["name"]) for row in fields if row.get("multiple")),
            people={str(who["name"]): int(who["id"]) for who in shown if who and who.get("name")},
            watchers=frozenset(int(row["id"]) for row in issue.get("watchers") or ()),
        )


class Composer:
    """Makes requests of writes.

    Every method raises `PermanentError` for a name that does not exist, saying which and where.
    """

    def __init__(self, names: Names) -> None:
        self._names = names

    def body(self, place: Place, write: Write) -> Mapping[str, Any]:
        """The body of `PUT /issues/ID.json`."""
        issue: dict[str, Any] = {}
        if write.notes:
            issue |= {"notes": write.notes, "private_notes": write.private}
        for change in write.changes:
            if change.attribute is not Attribute.FIELD:
                issue |= self._plain(place, change)
        fields = [self._field(place, change) for change in write.changes if change.attribute is Attribute.FIELD]
        return {"issue": issue | ({"custom_fields": fields} if fields else {})}

    def _plain(self, place: Place, change: Change) -> Mapping[str, Any]:
        attribute, value = change.attribute, change.new
        if attribute not in KEYS:
            raise PermanentError(f"ticket {place.ticket}: the bridge does not change a ticket's {attribute.value}")
        if not value and attribute not in CAN_BE_EMPTY:
            raise PermanentError(f"ticket {place.ticket}: a ticket cannot be without {attribute.value}")
        return {KEYS[attribute]: self._id(place, attribute, value) if value else ""}

    def _id(self, place: Place, attribute: Attribute, value: str) -> int | str:
        match attribute:
            case Attribute.DUE_DATE:
                return value
            case Attribute.ASSIGNEE:
                return self.principal(place, value)
            case Attribute.CATEGORY:
                return self._category(place, value)
        found = self._names.id_of(attribute, value)
        if found is None:
            raise PermanentError(f"ticket {place.ticket}: Redmine has no {attribute.value} «{value}»")
        return found

    def _category(self, place: Place, name: str) -> int:
        project = self._names.project_with(place.project, name)
        found = next((key for key, title in project.categories.items() if title == name), None)
        if found is None:
            raise PermanentError(f"ticket {place.ticket}: project «{project.outline.name}» has no category «{name}»")
        return found

    def _field(self, place: Place, change: Change) -> Mapping[str, Any]:
        if change.name not in place.fields:
            raise PermanentError(
                f"ticket {place.ticket}: it has no field «{change.name}» that the bridge's account may see"
            )
        several = [value for value in change.new.split(", ") if value]
        return {"id": place.fields[change.name], "value": several if change.name in place.many else change.new}

    def principal(self, place: Place, name: str) -> int:
        """The id of a group or user of the ticket's project by name, or by login; a group goes before a user of the same name."""
        members = self._names.members(place.project, name)
        called = [member for member in members.values() if member.name == name]
        found = [member for member in called if member.group] or called or self._by_login(members, name)
        if len(found) == 1:
            return found[0].id
        if not found and name in place.people:
            return place.people[name]
        how = f"{len(found)} members" if found else "no member"
        raise PermanentError(f"ticket {place.ticket}: its project has {how} called «{name}»")

    def _by_login(self, members: Mapping[int, Member], login: str) -> list[Member]:
        people = [member for member in members.values() if not member.group]
        wanted = login.casefold()
        return [member for member in people if self._names.user(member.id).login.casefold() == wanted][:1]
