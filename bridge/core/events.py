"""A ticket's history read once: who spoke in each journal, what the bridge has done, where the departments changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from bridge.core import footer
from bridge.core.model import PRIVATE, Attribute, History, Journal, OwnStep, Role, State, Step, Ticket
from bridge.core.policy import Department, Mark, Policy

SAME_ACT: Final = timedelta(minutes=10)
"""Two journals of one person within this time are one act (T7)."""


@dataclass(frozen=True)
class Event:
    """One journal with what it means: the state before and after, whose words it is, and the bridge's steps that it shows."""

    index: int
    journal: Journal
    role: Role
    before: State
    after: State
    steps: tuple[OwnStep, ...]

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.journal.at

    @property
    def words(self) -> str:
        """The public note's text, empty for a private one."""
        return "" if self.journal.private else self.journal.notes.strip()

    @property
    def is_customer(self) -> bool:
        """The customer did it, not a machine on their behalf (T9: an automatic reply never counts)."""
        return self.role is Role.CUSTOMER and not self.journal.auto_reply

    @property
    def is_reply(self) -> bool:
        """The customer wrote or attached something, where anybody reads it."""
        return self.is_customer and bool(self.words or self.journal.attachments)

    @property
    def is_activity(self) -> bool:
        """The customer wrote, attached or filled a field (T9)."""
        filled = any(change.attribute is Attribute.FIELD for change in self.journal.changes)
        return self.is_reply or (self.is_customer and filled)

    @property
    def status(self) -> str | None:
        """The status that this journal moved the ticket to."""
        change = self.journal.change(Attribute.STATUS)
        return change.new if change else None

    def did(self, *steps: Step) -> bool:
        """Whether the bridge did one of these steps here."""
        return any(own.step in steps for own in self.steps)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of department: by staff it is a hand-over (R4), by the bridge a routing."""

    event: Event
    to: Department
    by_staff: bool


@dataclass(frozen=True)
class Chronicle:
    """A ticket seen at `now`, with its history and the rules that give it meaning."""

    ticket: Ticket
    history: History
    policy: Policy

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every journal as an event, in order."""
        states = self.ticket.states
        return tuple(
            Event(
                i,
                journal,
                self._role(journal),
                states[i],
                states[i + 1],
                footer.parse(self.ticket.id, journal),
            )
            for i, journal in enumerate(self.ticket.journals)
        )

    def _role(self, journal: Journal) -> Role:
        """Who spoke; a note that the ledger knows is the bridge's, also when somebody has cut its footer off (P4)."""
        return Role.BRIDGE if journal.id in self.history.saw else footer.speaker_role(journal)

    @cached_property
    def done(self) -> tuple[OwnStep, ...]:
        """All that the bridge has done, from the notes and from the ledger, in order of time."""
        noted = [own for event in self.events for own in event.steps]
        seen = {(own.step, own.ordinal) for own in noted}
        return tuple(
            sorted(
                [*noted, *(own for own in self.history.done if (own.step, own.ordinal) not in seen)],
                key=lambda own: own.at,
            )
        )

    def count(self, step: Step, *, private: bool | None = None) -> int:
        """How often a step was done; only in private notes, or only in public ones, where that is asked."""
        return sum(own.step is step and private in (None, own.anchor == PRIVATE) for own in self.done)

    def last(self, *steps: Step) -> datetime | None:
        """When one of these steps was done last."""
        return max((own.at for own in self.done if own.step in steps), default=None)

    def done_after(self, event: Event, *steps: Step, private: bool | None = None) -> bool:
        """Whether one of these steps was done in a later journal, or later by the ledger; in a private note or not where that is asked."""
        later = [own for after in self.events[event.index + 1 :] for own in after.steps]
        later += [own for own in self.history.done if own.at > event.at]
        return any(own.step in steps and private in (None, own.anchor == PRIVATE) for own in later)

    def by(self, role: Role) -> Iterator[Event]:
        """Events of one kind of people."""
        return (event for event in self.events if event.role is role)

    @cached_property
    def activities(self) -> tuple[Event, ...]:
        """Everything the customer did that counts."""
        return tuple(event for event in self.events if event.is_activity)

    @property
    def quiet_since(self) -> datetime:
        """When the customer last did anything (F3)."""
        return self.activities[-1].at if self.activities else self.ticket.created_on

    @cached_property
    def first_customer_words(self) -> int:
        """Index of the customer's first note; behind the end when there is none (P2)."""
        author = self.ticket.author.key
        return next(
            (e.index for e in self.events if e.is_customer and e.words and e.journal.by.key != author), len(self.events)
        )

    def is_contact(self, event: Event) -> bool:
        """Whether staff who opened the ticket on a customer's behalf speaks here as the customer's contact (P2)."""
        return event.journal.by.key == self.ticket.author.key and event.index < self.first_customer_words

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Changes of department by staff and by the bridge; the first line is where every ticket starts."""
        moves: list[Move] = []
        for event in self.events:
            target = self._department_set_by(event)
            if target and event.role in (Role.STAFF, Role.BRIDGE):
                moves.append(Move(event, target, by_staff=event.role is Role.STAFF))
        return tuple(moves)

    def _department_set_by(self, event: Event) -> Department | None:
        for change in event.journal.changes:
            for department in self.policy.departments.values():
                if self._names(change.attribute, change.name, change.new, department):
                    return department
        return None

    def _names(self, attribute: Attribute, name: str, value: str, department: Department) -> bool:
        match attribute:
            case Attribute.ASSIGNEE:
                return value == department.group
            case Attribute.CATEGORY:
                return bool(department.category) and value == department.category
            case Attribute.FIELD:
                return (
                    name == self.policy.redmine.department_field
                    and bool(value)
                    and value in (department.field_value, department.name)
                )
            case _:
                return False

    def sets(self, event: Event, mark: Mark) -> bool:
        """Whether a journal sets a mark: its status, or its field to the value."""
        if mark.status:
            return event.status == mark.status
        return any(
            change.attribute is Attribute.FIELD and change.name == mark.field and change.new == mark.value
            for change in event.journal.changes
        )

    def decided(self, attribute: Attribute, name: str = "", since: datetime | None = None) -> bool:
        """Whether a person on the staff's side has decided an attribute by a journal (P5), since a moment where one is given."""
        return any(
            change.attribute is attribute and change.name == name
            for event in self.by(Role.STAFF)
            if since is None or event.at >= since
            for change in event.journal.changes
        )

    def same_act(self, event: Event) -> Iterator[Event]:
        """The journal itself and those of the same person within ten minutes of it (T7)."""
        key = event.journal.by.key
        return (other for other in self.events if other.journal.by.key == key and abs(other.at - event.at) <= SAME_ACT)
