"""`bridge.ports.Tracker` over a cabinet in memory, with the real one's behaviour and hooks for what goes wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.core.mail_marks import as_received
from bridge.core.model import Attribute, Change, Person, Role, Ticket, Write
from bridge.core.policy import Department, Redmine
from bridge.errors import BridgeError, NotFoundError, PermanentError
from bridge.ports import Batch, Head
from tests.fakes.cabinet import BRIDGE, FakeCabinet, Stored

OVERLAP = timedelta(seconds=10)
WRITABLE = frozenset(
    {
        Attribute.STATUS,
        Attribute.CATEGORY,
        Attribute.PRIORITY,
        Attribute.ASSIGNEE,
        Attribute.DUE_DATE,
        Attribute.FIELD,
    }
)


@dataclass
class FakeTracker:
    """A tracker over a `FakeCabinet`.

    Hooks: `before_write` and `after_write` are errors for the next writes, raised before or after the cabinet did them (None: that write
    goes well); `meanwhile` is called once between the request and its doing (a person changes something); `broken` are errors for reading
    a ticket, `changed_fails` for the next looks. `calls` lists what was asked for, `writes` what was done.
    """

    cabinet: FakeCabinet
    rules: Redmine
    departments: tuple[Department, ...] = ()
    before_write: deque[BridgeError | None] = field(default_factory=deque)
    after_write: deque[BridgeError | None] = field(default_factory=deque)
    changed_fails: deque[BridgeError] = field(default_factory=deque)
    broken: dict[int, BridgeError] = field(default_factory=dict)
    meanwhile: Callable[[], object] | None = None
    calls: list[str] = field(default_factory=list)
    writes: list[tuple[int, Write]] = field(default_factory=list)

    def changed(self, since: datetime | None) -> Batch:
        """See `Tracker.changed`."""
        self.calls.append("changed")
        if self.changed_fails:
            raise self.changed_fails.popleft()
        mine, outside = [], []
        for ticket in sorted(self.cabinet.tickets.values(), key=lambda ticket: ticket.id):
            if ticket.hidden or not self._is_new(ticket, since):
                continue
            (mine if self._covers(ticket) else outside).append(ticket)
        heads = tuple(Head(t.id, t.updated_on.replace(microsecond=0), self._closed(t)) for t in mine)
        cursor = self.cabinet.now.replace(microsecond=0) - OVERLAP
        return Batch(heads, cursor, () if since is None else tuple(ticket.id for ticket in outside))

    def _is_new(self, ticket: Stored, since: datetime | None) -> bool:
        return not self._closed(ticket) if since is None else ticket.updated_on >= since

    def _closed(self, ticket: Stored) -> bool:
        return self.cabinet.statuses[ticket.state.status]

    def read(self, ticket_id: int) -> Ticket | None:
        """See `Tracker.read`."""
        self.calls.append(f"read {ticket_id}")
        if ticket_id in self.broken:
            raise self.broken[ticket_id]
        stored = self.cabinet.ticket(ticket_id)
        return self._ticket(stored) if self._covers(stored) else None

    def _ticket(self, stored: Stored) -> Ticket:
        project = stored.state.project
        journals = tuple(replace(j, author=self.person(login, project)) for login, j in stored.journals)
        author = self.person(stored.author, project)
        watchers = tuple(stored.watchers)
        ticket = Ticket(
            stored.id,
            author,
            stored.created_on,
            stored.created,
            journals,
            watchers=watchers,
            updated_on=stored.updated_on,
        )
        return as_received(ticket)

    def _covers(self, ticket: Stored) -> bool:
        scope, project = self.rules.scope, self.cabinet.project_called(ticket.state.project)
        if ticket.state.tracker not in scope.trackers:
            return False
        listed = {project.name, project.identifier} & scope.projects
        return bool(listed) or self._is_below(project.identifier) or not (scope.projects or scope.below)

    def _is_below(self, identifier: str) -> bool:
        below = self.rules.scope.below
        while below and identifier:
            project = self.cabinet.projects[identifier]
            if below in {project.identifier, project.name}:
                return True
            identifier = project.parent
        return False

    def person(self, login: str, project: str) -> Person:
        """Somebody, as P1, P2 and P4 see them in a project (by name)."""
        account = self.cabinet.accounts[login]
        called = {account.name.casefold(), login.casefold()}
        roles = self.cabinet.roles(login, project)
        groups = (d.group for d in self.departments if self._belongs(d, account.groups, called, roles))
        role = self._role(login, called, roles)
        return Person(str(account.id), account.name, role, frozenset(groups), login, account.mail)

    def _role(self, login: str, called: set[str], roles: frozenset[str]) -> Role:
        staff = self.rules.staff
        if login == BRIDGE or called & _folded(self.rules.bridge_users):
            return Role.BRIDGE
        if called & _folded(staff.never):
            return Role.ROBOT
        return Role.STAFF if called & _folded(staff.always) or roles & staff.roles else Role.CUSTOMER

    @staticmethod
    def _belongs(department: Department, groups: tuple[str, ...], called: set[str], roles: frozenset[str]) -> bool:
        return department.group in groups or bool(called & _folded(department.members) or roles & department.roles)

    def write(self, ticket_id: int, write: Write) -> tuple[str, ...]:
        """See `Tracker.write`."""
        self.calls.append(f"write {ticket_id}")
        ticket = self.cabinet.ticket(ticket_id)
        changes = [self._resolved(ticket, change) for change in write.changes]
        _raise_next(self.before_write)
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        troubles = tuple(trouble for name in write.watchers if (trouble := self._watch(ticket, name)))
        now = [replace(c, old=self._now(ticket, c)) for c in changes]
        self.cabinet.apply(BRIDGE, ticket_id, write.notes, private=write.private, changes=now)
        self.writes.append((ticket_id, write))
        _raise_next(self.after_write)
        return troubles

    @staticmethod
    def _now(ticket: Stored, change: Change) -> str:
        if change.attribute is Attribute.FIELD:
            return ticket.state.fields.get(change.name, "")
        return ticket.state.get(change.attribute)

    def _resolved(self, ticket: Stored, change: Change) -> Change:
        if change.attribute not in WRITABLE:
            raise PermanentError(f"ticket {ticket.id}: the bridge does not change a ticket's {change.attribute.value}")
        known = self._known(ticket, change.attribute)
        word = change.name if change.attribute is Attribute.FIELD else change.new
        if known is not None and word not in known:
            raise PermanentError(f"ticket {ticket.id}: Redmine has no {change.attribute.value} «{word}»")
        return change

    def _known(self, ticket: Stored, attribute: Attribute) -> Iterable[str] | None:
        project = self.cabinet.project_called(ticket.state.project)
        match attribute:
            case Attribute.STATUS:
                return self.cabinet.statuses
            case Attribute.PRIORITY:
                return self.cabinet.priorities
            case Attribute.CATEGORY:
                return ("", *project.categories)
            case Attribute.ASSIGNEE:
                return {"", ticket.state.assigned_to, *project.members, *self._members(project.name)}
            case Attribute.FIELD:
                return ticket.state.fields
        return None

    def _members(self, project: str) -> set[str]:
        return {a.name for a in self.cabinet.accounts.values() if self.cabinet.roles(a.login, project)}

    def _watch(self, ticket: Stored, name: str) -> str:
        known = [a for a in self.cabinet.accounts.values() if name in {a.name, a.login}]
        members = [a.name for a in known if self.cabinet.roles(a.login, ticket.state.project)]
        groups = [name] if name in self.cabinet.project_called(ticket.state.project).members and not known else []
        found = [*members, *groups]
        if not found:
            return (
                f"«{name}» could not be made a watcher of ticket {ticket.id}: its project has no member called «{name}»"
            )
        if found[0] not in ticket.watchers:
            ticket.watchers.append(found[0])
        return ""

    def blank(self, journal_id: int) -> None:
        """See `Tracker.blank`."""
        self.calls.append(f"blank {journal_id}")
        authors = {journal.id: login for t in self.cabinet.tickets.values() for login, journal in t.journals}
        if authors.get(journal_id, BRIDGE) != BRIDGE:
            raise PermanentError(f"PUT /journals/{journal_id}.json: the bridge's account lacks the right (403)")
        self.cabinet.edit_note(journal_id, "")

    def may_write_private(self, project: str) -> bool:
        """See `Tracker.may_write_private`."""
        found = [p for p in self.cabinet.projects.values() if p.name == project]
        if not found:
            raise NotFoundError(f"Redmine shows the bridge's account no project «{project}»")
        return all(p.private_notes for p in found)


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def _raise_next(errors: deque[BridgeError | None]) -> None:
    error = errors.popleft() if errors else None
    if error is not None:
        raise error
