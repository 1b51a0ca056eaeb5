"""Puts back what one run changed, where nobody has touched it since; says what it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bridge.core.model import Attribute, Change, Journal, Ticket, Write
from bridge.errors import BridgeError
from bridge.ports import Store, Tracker


class Fate(StrEnum):
    """What became of one thing that the run had changed."""

    PUT_BACK = "put back"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Undone:
    """One thing that a run had changed in a ticket, and what became of it."""

    ticket_id: int
    what: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True)
class Undo:
    """Undoes a run; a dry one only says what it would do."""

    tracker: Tracker
    store: Store
    dry: bool = False

    def run(self, name: str) -> Iterator[Undone]:
        """Undo one run, ticket by ticket; one ticket that fails never stops the rest."""
        for ticket_id, journal_ids in self.store.journals_of(name).items():
            try:
                ticket = self.tracker.read(ticket_id)
            except BridgeError as error:
                yield Undone(ticket_id, "everything", Fate.LEFT, str(error))
                continue
            if ticket is None:
                yield Undone(ticket_id, "everything", Fate.LEFT, "the ticket is not in scope any more")
                continue
            yield from self._ticket(ticket, journal_ids)

    def _ticket(self, ticket: Ticket, journal_ids: frozenset[int]) -> Iterator[Undone]:
        back: list[Change] = []
        for journal in ticket.journals:
            if journal.id not in journal_ids:
                continue
            if journal.notes:
                yield Undone(
                    ticket.id,
                    f"note {journal.id}",
                    Fate.LEFT,
                    "it has been read and mailed; answer it or edit it in Redmine",
                )
            for change in journal.changes:
                why = _touched(ticket, journal, change)
                if why:
                    yield Undone(ticket.id, _named(change), Fate.LEFT, why)
                else:
                    back.append(Change(change.attribute, change.new, change.old, change.name))
        yield from self._put_back(ticket, tuple(back))

    def _put_back(self, ticket: Ticket, back: tuple[Change, ...]) -> Iterator[Undone]:
        if not back:
            return
        try:
            if not self.dry:
                self.tracker.write(ticket.id, Write((), changes=back))
        except BridgeError as error:
            yield from (Undone(ticket.id, _named(change), Fate.LEFT, str(error)) for change in back)
            return
        after = ticket if self.dry else self.tracker.read(ticket.id)
        for change in back:
            taken = self.dry or (after is not None and after.current.value_of(change) == change.new)
            fate = Fate.PUT_BACK if taken else Fate.LEFT
            yield Undone(
                ticket.id, f"{_named(change)} to «{change.new}»", fate, "" if taken else "Redmine did not take it"
            )


def _touched(ticket: Ticket, journal: Journal, change: Change) -> str:
    """Why a change is left alone: somebody has changed the same thing since, or it is no attribute with a value."""
    if change.attribute in (Attribute.ATTACHMENT, Attribute.PROJECT, Attribute.TRACKER):
        return "such a change is not undone"
    later = [one for one in ticket.journals if one.id > journal.id]
    touched = next(
        (one for one in later for c in one.changes if (c.attribute, c.name) == (change.attribute, change.name)), None
    )
    if touched:
        return f"it was changed again since, in journal {touched.id}"
    return "" if ticket.current.value_of(change) == change.new else f"it is «{ticket.current.value_of(change)}» now"


def _named(change: Change) -> str:
    return (
        f"the field «{change.name}»"
        if change.attribute is Attribute.FIELD
        else change.attribute.value.replace("_", " ")
    )
