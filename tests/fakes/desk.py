"""`bridge.mail_ports.Desk` over a cabinet in memory, with hooks for what goes wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bridge.core import mail_marks
from bridge.core.model import Attribute, Change
from bridge.errors import BridgeError
from bridge.mail_ports import File, NewTicket
from tests.fakes.cabinet import BRIDGE, FakeCabinet


@dataclass
class FakeDesk:
    """A desk over a `FakeCabinet`.

    Hooks: `before` and `after` are errors for the next writes, raised before or after the cabinet did them (None: that write goes well).
    `opened` lists the tickets that were asked for, `calls` everything.
    """

    cabinet: FakeCabinet
    before: deque[BridgeError | None] = field(default_factory=deque)
    after: deque[BridgeError | None] = field(default_factory=deque)
    opened: list[NewTicket] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    stored: dict[int, tuple[File, ...]] = field(default_factory=dict)

    def find(self, key: str) -> int | None:
        """See `Desk.find`."""
        self.calls.append(f"find {key}")
        marks = {n: mail_marks.parse(t.created.description, None) for n, t in sorted(self.cabinet.tickets.items())}
        return next((number for number, mark in marks.items() if mark is not None and mark.key == key), None)

    def open(self, new: NewTicket, on_behalf_of: str = "") -> int:
        """See `Desk.open`."""
        self.calls.append(f"open {on_behalf_of}".strip())
        _raise_next(self.before)
        self.opened.append(new)
        fields = {name: value for name, value in new.fields.items() if name in self.cabinet.fields}
        number = self.cabinet.actor(self._author(on_behalf_of)).open_issue(
            new.project,
            new.subject,
            new.description,
            tracker=new.tracker,
            fields=fields,
            attachments={file.name: file.content for file in new.files},
        )
        _raise_next(self.after)
        return number

    def _author(self, address: str) -> str:
        known = (account for account in self.cabinet.accounts.values() if address and account.mail == address)
        return next((account.login for account in known), BRIDGE)

    def note(self, ticket_id: int, text: str, *, private: bool = False, files: tuple[File, ...] = ()) -> None:
        """See `Desk.note`."""
        self.calls.append(f"note {ticket_id}")
        _raise_next(self.before)
        changes = [Change(Attribute.ATTACHMENT, "", file.name, file.name) for file in files]
        journal = self.cabinet.apply(BRIDGE, ticket_id, text, private=private, changes=changes)
        self.stored[journal] = files
        _raise_next(self.after)

    def files(self, ticket_id: int, journal_id: int, at_most: int) -> tuple[File, ...]:
        """See `Desk.files`."""
        found = self.stored.get(journal_id, ())
        return tuple(file if len(file.content) <= at_most else File(file.name, file.type, b"") for file in found)


def _raise_next(errors: deque[BridgeError | None]) -> None:
    error = errors.popleft() if errors else None
    if error is not None:
        raise error
