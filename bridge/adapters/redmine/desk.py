"""`bridge.mail_ports.Desk` over a real Redmine: what the mail channel writes there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bridge.adapters.redmine.client import Client, row_of
from bridge.adapters.redmine.names import Names
from bridge.core import mail_marks
from bridge.core.model import Attribute
from bridge.errors import InvalidError, NotFoundError, PermanentError, TemporaryError
from bridge.mail_ports import File, NewTicket

if TYPE_CHECKING:
    from bridge.adapters.redmine.impersonation import Impersonation

log: Final = logging.getLogger("bridge.mail")

_LIST: Final = "/issues.json"
_SUBJECT_AT_MOST: Final = 255


class RedmineDesk:
    """The cabinet as the mail channel uses it, over the client and the names of a tracker. For one thread.

    `impersonation` opens tickets in the name of verified senders, where that is wanted.
    """

    def __init__(self, client: Client, names: Names, impersonation: Impersonation | None = None) -> None:
        self._client = client
        self._names = names
        self._impersonation = impersonation

    def find(self, key: str) -> int | None:
        """See `Desk.find`."""
        answer = self._client.rows(_LIST, "issues", status_id="*", description=f"~{key}", sort="id", limit=2)
        marks = {int(row["id"]): mail_marks.parse(str(row.get("description") or ""), None) for row in answer}
        if any(key not in str(row.get("description") or "") for row in answer):
            raise TemporaryError(
                f"GET {_LIST}: Redmine ignored the filter `description`; does a plugin change the list?"
            )
        return next((ticket for ticket, mark in marks.items() if mark is not None and mark.key == key), None)

    def open(self, new: NewTicket, on_behalf_of: str = "") -> int:
        """See `Desk.open`; where Redmine insists on fields, what is missing in them is filled with a placeholder, which is no answer (F2)."""
        own = self._impersonation.client(on_behalf_of) if self._impersonation and on_behalf_of else None
        if own is not None:
            try:
                return self._open(own, new)
            except PermanentError as error:  # somebody who may not open tickets there is served all the same
                log.warning("a ticket could not be opened in its sender's own name: %s", error)
        return self._open(self._client, new)

    def _open(self, client: Client, new: NewTicket) -> int:
        try:
            return self._post(client, new, new.fields)
        except InvalidError:
            if not new.placeholders:
                raise
            return self._post(client, new, {**new.placeholders, **new.fields})

    def _post(self, client: Client, new: NewTicket, fields: Mapping[str, str]) -> int:
        project, tracker = self._project(new.project), self._tracker(new.tracker)
        known = self._fields(project, tracker, fields)
        body = {
            "project_id": project,
            "tracker_id": tracker,
            "subject": new.subject[:_SUBJECT_AT_MOST],
            "description": new.description,
            "custom_fields": _values(known, fields),
            "uploads": _uploads(client, new.files),
        }
        issue = row_of(client.post(_LIST, {"issue": body}), "issue", _LIST)
        self._fill_the_rest(project, issue, {name: value for name, value in fields.items() if name not in known})
        return int(issue["id"])

    def _fill_the_rest(self, project: int, issue: Mapping[str, Any], fields: Mapping[str, str]) -> None:
        """The first ticket of all shows fields that nothing has shown before."""
        self._names.see_fields(issue.get("custom_fields"))
        values = _values(self._names.field_ids(project), fields)
        if values:
            self._client.put(f"/issues/{int(issue['id'])}.json", {"issue": {"custom_fields": values}})

    def _project(self, word: str) -> int:
        found = self._names.called(word)
        if len(found) != 1:
            how = "no project" if not found else f"{len(found)} projects"
            raise PermanentError(f"mail: Redmine shows the bridge's account {how} «{word}»; name it by its identifier")
        return found[0].id

    def _tracker(self, name: str) -> int:
        found = self._names.id_of(Attribute.TRACKER, name)
        if found is None:
            raise PermanentError(f"mail: Redmine has no tracker «{name}»")
        return found

    def _fields(self, project: int, tracker: int, wanted: Mapping[str, str]) -> Mapping[str, int]:
        """Ids of fields, which a member's account sees on tickets only: one of the tracker is looked at for those not seen yet."""
        ids = self._names.field_ids(project)
        if not set(wanted) <= set(ids):
            for row in self._client.rows(_LIST, "issues", status_id="*", tracker_id=tracker, limit=1):
                self._names.see_fields(row.get("custom_fields"))
            ids = self._names.field_ids(project)
        return ids

    def note(self, ticket_id: int, text: str, *, private: bool = False, files: tuple[File, ...] = ()) -> None:
        """See `Desk.note`."""
        issue: dict[str, Any] = {"notes": text, "private_notes": private}
        if files:
            issue["uploads"] = _uploads(self._client, files)
        self._client.put(f"/issues/{ticket_id}.json", {"issue": issue})

    def files(self, ticket_id: int, journal_id: int, at_most: int) -> tuple[File, ...]:
        """See `Desk.files`."""
        path = f"/issues/{ticket_id}.json"
        issue = row_of(self._client.get(path, include="attachments,journals"), "issue", path)
        came = _came_with(issue, journal_id)
        return tuple(self._file(row, at_most) for row in issue.get("attachments") or () if str(row["id"]) in came)

    def _file(self, row: Mapping[str, Any], at_most: int) -> File:
        name, size = str(row["filename"]), int(row.get("filesize") or 0)
        kind = str(row.get("content_type") or "application/octet-stream")
        if size > at_most:
            return File(name, kind, b"")
        try:
            return File(
                name, kind, self._client.fetch(f"/attachments/download/{int(row['id'])}/{quote(name, safe='')}")
            )
        except NotFoundError:
            return File(name, kind, b"")


def _came_with(issue: Mapping[str, Any], journal_id: int) -> frozenset[str]:
    """Ids of the files that a journal added: their names may be those of others, of a private note's too."""
    rows = (row for row in issue.get("journals") or () if int(row["id"]) == journal_id)
    details = (detail for row in rows for detail in row.get("details") or ())
    return frozenset(
        str(one["name"]) for one in details if one.get("property") == "attachment" and one.get("new_value")
    )


def _values(ids: Mapping[str, int], values: Mapping[str, str]) -> list[Mapping[str, Any]]:
    return [{"id": ids[name], "value": value} for name, value in values.items() if name in ids]


def _uploads(client: Client, files: tuple[File, ...]) -> list[Mapping[str, str]]:
    return [
        {
            "token": client.upload(file.name, file.content),
            "filename": file.name,
            "content_type": file.type,
        }
        for file in files
    ]
