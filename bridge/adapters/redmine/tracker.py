"""`bridge.ports.Tracker` over a real Redmine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bridge.adapters.redmine.changes import Changes
from bridge.adapters.redmine.client import Client, Row
from bridge.adapters.redmine.names import Keep, Names
from bridge.adapters.redmine.people import People
from bridge.adapters.redmine.reading import ticket
from bridge.adapters.redmine.scope import ScopeFilter
from bridge.adapters.redmine.writing import Composer, Place
from bridge.core.mail_marks import as_received
from bridge.core.model import Attribute, Person, Ticket, Write
from bridge.errors import NotDoneError, NotFoundError, PermanentError, TemporaryError
from bridge.ports import Batch

if TYPE_CHECKING:
    from redminelib import Redmine  # type: ignore[import-untyped]

    from bridge.adapters.redmine.aging import Clock
    from bridge.core.policy import Department
    from bridge.core.policy import Redmine as Rules

OVERLAP: Final = timedelta(seconds=10)
PLACES: Final = 1000
"""Of so many tickets it is remembered what is written by; of others it is read again."""
INCLUDE: Final = "journals,attachments,watchers"
V = TypeVar("V")
WRITES_PRIVATE: Final = frozenset({"add_issue_notes", "set_notes_private"})


class RedmineTracker:
    """The cabinet as the bridge's account sees it. For one thread.

    `clock` says by what time names and memberships grow old; `overlap` is taken off the server's time, for writes that were
    committed later than the moment they carry; `mail_name_field` is the field with the name of a customer who writes by mail.
    """

    def __init__(  # noqa: PLR0913 - the last ones have defaults that nobody but tests changes
        self,
        redmine: Redmine,
        rules: Rules,
        departments: Iterable[Department],
        clock: Clock,
        *,
        keep: Keep | None = None,
        overlap: timedelta = OVERLAP,
        mail_name_field: str = "",
    ) -> None:
        self.client = Client(redmine)
        self.clock = clock
        self._mail_name_field = mail_name_field
        self._called = {there: here for here, there in rules.field_names.items()}
        self.names = Names(self.client, clock, keep, self._called)
        self.people = People(self.names, rules, departments)
        self.scope = ScopeFilter(rules.scope, self.names)
        self._changes = Changes(self.client, self.names, self.scope, overlap)
        self._composer = Composer(self.names)
        self._places: dict[int, Place] = {}

    def changed(self, since: datetime | None) -> Batch:
        """See `Tracker.changed`."""
        return self._changes.since(since)

    def read(self, ticket_id: int) -> Ticket | None:
        """See `Tracker.read`; one request, and what names and people are not known yet."""
        return self._read(ticket_id, self._ticket)

    def _ticket(self, row: Row) -> Ticket | None:
        issue = self._seen(row)
        if not self.scope.covers(issue):
            self._places.pop(int(issue["id"]), None)
            return None
        return as_received(ticket(issue, _Lookup(self.names, self.people)), self._mail_name_field)

    def _read(self, ticket_id: int, of: Callable[[Row], V]) -> V:
        def of_it(row: Row) -> V:
            if int(row["id"]) != ticket_id:
                raise ValueError(f"ticket {row['id']} instead of {ticket_id}")
            return of(row)

        return self.client.one(f"/issues/{ticket_id}.json", "issue", of_it, include=INCLUDE)

    def _seen(self, row: Row) -> Row:
        """The payload as the rules call things, when what it shows is remembered."""
        issue = self._with_our_names(row)
        for who in (issue.get("author"), issue.get("assigned_to")):
            self.names.learn(who)
        self.names.see(issue.get("project"))
        self.names.see_fields(issue.get("custom_fields"))
        if len(self._places) >= PLACES:
            self._places.clear()
        self._places[int(issue["id"])] = Place.of(issue)
        return issue

    def project_of(self, ticket_id: int) -> int:
        """The id of a ticket's project, as it was last read."""
        return self._place(ticket_id).project

    def _place(self, ticket_id: int) -> Place:
        if ticket_id not in self._places:
            self._read(ticket_id, self._seen)
        return self._places[ticket_id]

    def _with_our_names(self, issue: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payload with its fields called as the rules call them."""
        rows = [{**row, "name": self._called.get(row["name"], row["name"])} for row in issue.get("custom_fields") or ()]
        return {**issue, "custom_fields": rows}

    def write(self, ticket_id: int, write: Write) -> tuple[str, ...]:
        """See `Tracker.write`."""
        try:
            place = self._place(ticket_id)
            body = self._composer.body(place, write)
        except TemporaryError as error:  # while names were looked up
            raise NotDoneError(str(error)) from error
        troubles = [trouble for name in write.watchers if (trouble := self._watch(place, name))]
        self.client.put(f"/issues/{ticket_id}.json", body)
        return tuple(troubles)

    def _watch(self, place: Place, name: str) -> str:
        """Add a watcher (M2); what went wrong, as the note goes all the same."""
        try:
            key = self._composer.principal(place, name)
            if key not in place.watchers:
                self.client.post(f"/issues/{place.ticket}/watchers.json", {"user_id": key})
        except (PermanentError, TemporaryError) as error:
            return f"«{name}» could not be made a watcher of ticket {place.ticket}: {error}"
        return ""

    def blank(self, journal_id: int) -> None:
        """See `Tracker.blank`."""
        self.client.put(f"/journals/{journal_id}.json", {"journal": {"notes": ""}})

    def may_write_private(self, project: str) -> bool:
        """See `Tracker.may_write_private`; where projects share a name, in all of them."""
        keys = self.names.projects_named(project)
        if not keys:
            raise NotFoundError(f"Redmine shows the bridge's account no project «{project}»")
        return all(self._has(key, WRITES_PRIVATE) for key in keys)

    def _has(self, project: int, rights: frozenset[str]) -> bool:
        granted = (role.permissions for role in self.names.roles_in(project))
        return rights <= frozenset().union(*granted)


class _Lookup:
    """What `reading` asks for, of names and people."""

    def __init__(self, names: Names, people: People) -> None:
        self._names = names
        self._people = people

    def name(self, attribute: Attribute, key: str, project: int) -> str:
        return self._names.name(attribute, key, project)

    def field(self, key: int, project: int) -> str:
        return self._names.field(key, project)

    def person(self, who: Mapping[str, Any] | None, project: int) -> Person:
        self._names.learn(who)
        return self._people.person(who, project)
