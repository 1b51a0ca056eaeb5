"""The values that everything else speaks in: a ticket, its journals, the people, and what the bridge has done.

All of them are frozen, compare by value and refuse nonsense. Every moment is an aware datetime. Names (of statuses,
trackers, groups, fields…) are what people see in Redmine; the adapter turns ids into names on the way in and names into ids on the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Final

TRIAGE: Final = "triage"
"""The kind of a ticket that no rule recognises: a person decides (policy)."""


class Role(StrEnum):
    """What a person is to one ticket (P1, P2, P4)."""

    CUSTOMER = "customer"
    STAFF = "staff"
    BRIDGE = "bridge"
    ROBOT = "robot"


class Channel(StrEnum):
    """How the request came (policy, "Channels")."""

    CABINET = "cabinet"
    MAIL = "mail"


class Attribute(StrEnum):
    """What of a ticket can change in a journal."""

    SUBJECT = "subject"
    DESCRIPTION = "description"
    PROJECT = "project"
    TRACKER = "tracker"
    STATUS = "status"
    CATEGORY = "category"
    PRIORITY = "priority"
    ASSIGNEE = "assigned_to"
    DUE_DATE = "due_date"
    FIELD = "field"
    ATTACHMENT = "attachment"


class Step(StrEnum):
    """What the bridge can do to a ticket, in the order in which `decide` names it."""

    ACKNOWLEDGE = "acknowledge"
    ASK = "ask"
    THANK = "thank"
    ROUTE = "route"
    HAND_OVER = "hand_over"
    REQUEST_APPROVAL = "request_approval"
    PROPOSE = "propose"
    OUT_OF_SCOPE = "out_of_scope"
    SET_TERM = "set_term"
    EXTEND = "extend"
    REMIND = "remind"
    ESCALATE = "escalate"
    NUDGE = "nudge"
    CLOSE = "close"
    REOPEN = "reopen"


class Audience(StrEnum):
    """Who is written to, in the order in which checks name them."""

    CLIENT = "client"
    ASSIGNEE = "assignee"
    DEPARTMENT = "department"
    LEAD = "lead"


class Language(StrEnum):
    """Languages of the texts that customers read."""

    RU = "ru"
    EN = "en"


def require_aware(at: datetime, what: str) -> None:
    """Refuse a naive moment.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        msg = f"{what} has no time zone: {at.isoformat()}"
        raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something.

    `key` is unique within the tracker (a Redmine user id as text); `groups` are the names of the departments' groups that the person is
    known to belong to; `mail` is empty where Redmine hides it.
    """

    key: str
    name: str
    role: Role
    groups: frozenset[str] = frozenset()
    login: str = ""
    mail: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute's change in a journal; `name` is the field's or the attachment's name, an empty value is an empty string."""

    attribute: Attribute
    old: str
    new: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The mail that a text came by: who sent it, who was in copy, when the mailbox got it, and its keyed digest."""

    sender: str
    at: datetime
    key: str
    copies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a naive moment."""
        require_aware(self.at, "a mail's arrival")


@dataclass(frozen=True, slots=True)
class Journal:
    """One entry of a ticket's history.

    `author` is the account; `speaker` is whose words they are, where that is somebody else (P3), and `origin` the mail that they came by.
    `auto_reply` marks what a machine sent on somebody's behalf (out of office).
    """

    id: int
    at: datetime
    author: Person
    notes: str = ""
    private: bool = False
    changes: tuple[Change, ...] = ()
    auto_reply: bool = False
    speaker: Person | None = None
    origin: Origin | None = None

    def __post_init__(self) -> None:
        """Refuse a naive moment."""
        require_aware(self.at, f"journal {self.id}")

    @property
    def by(self) -> Person:
        """Whose words these are: the speaker, else the account."""
        return self.speaker or self.author

    def change(self, attribute: Attribute) -> Change | None:
        """The change of one attribute, if this journal made one."""
        return next((change for change in self.changes if change.attribute is attribute), None)

    @property
    def attachments(self) -> tuple[str, ...]:
        """Names of the files that came with this journal."""
        return tuple(c.new for c in self.changes if c.attribute is Attribute.ATTACHMENT and c.new)


def _frozen(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(values))


@dataclass(frozen=True, slots=True)
class State:
    """What a ticket's attributes are at one moment; `assigned_to` is the name of a user or a group, `due_date` an ISO date or empty."""

    subject: str = ""
    description: str = ""
    project: str = ""
    tracker: str = ""
    status: str = ""
    category: str = ""
    priority: str = ""
    assigned_to: str = ""
    due_date: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep the fields from being changed from outside."""
        object.__setattr__(self, "fields", _frozen(self.fields))

    def get(self, attribute: Attribute) -> str:
        """The value of a single-valued attribute."""
        return str(getattr(self, attribute.value))

    def value_of(self, change: Change) -> str:
        """What stands here of the attribute or field that a change is about."""
        return self.fields.get(change.name, "") if change.attribute is Attribute.FIELD else self.get(change.attribute)

    def after(self, journal: Journal) -> State:
        """This state with a journal's changes applied."""
        return self._apply((change, change.new, change.old) for change in journal.changes)

    def before(self, journal: Journal) -> State:
        """This state with a journal's changes taken back."""
        return self._apply((change, change.old, change.new) for change in reversed(journal.changes))

    def _apply(self, steps: object) -> State:
        plain: dict[str, str] = {}
        fields = dict(self.fields)
        attachments = list(self.attachments)
        for change, to, away in steps:  # type: ignore[attr-defined]
            match change.attribute:
                case Attribute.FIELD:
                    fields[change.name] = to
                case Attribute.ATTACHMENT:
                    if away in attachments:
                        attachments.remove(away)
                    if to:
                        attachments.append(to)
                case attribute:
                    plain[attribute.value] = to
        return replace(self, **plain, fields=fields, attachments=tuple(attachments))


@dataclass(frozen=True)
class Ticket:
    """A ticket with its whole history: the state as it was created, and the journals in order.

    `watchers` are names as they are now (Redmine keeps no history of them). `created_on` is the receipt (T3): for a mail, its arrival;
    `origin` is that mail.
    """

    id: int
    author: Person
    created_on: datetime
    created: State
    journals: tuple[Journal, ...] = ()
    channel: Channel = Channel.CABINET
    watchers: tuple[str, ...] = ()
    updated_on: datetime | None = None
    origin: Origin | None = None

    def __post_init__(self) -> None:
        """Refuse naive moments and unordered journals."""
        require_aware(self.created_on, f"ticket {self.id}")
        moments = [journal.at for journal in self.journals]
        if moments != sorted(moments):
            msg = f"ticket {self.id}: journals are not in order of time"
            raise ValueError(msg)

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The state after each journal, the state at creation first."""
        states = [self.created]
        for journal in self.journals:
            states.append(states[-1].after(journal))
        return tuple(states)

    @property
    def current(self) -> State:
        """The state now."""
        return self.states[-1]

    def as_considered(self, saw: Mapping[int, int]) -> Ticket:
        """The history in the order in which it was considered.

        What a person wrote between the bridge's reading and its writing stands before the bridge's note in Redmine, but the note knew
        nothing of it: so the note is put right behind the last journal that had been read (`saw`, own journal to that one).
        """
        if not any(saw.get(journal.id, before.id) < before.id for before, journal in pairwise(self.journals)):
            return self
        order = sorted(
            self.journals, key=lambda journal: (saw.get(journal.id, journal.id), journal.id in saw, journal.id)
        )
        latest = order[-1].at
        placed: list[Journal] = []
        for journal in reversed(order):
            latest = min(latest, journal.at)
            placed.append(replace(journal, at=latest) if latest != journal.at else journal)
        return replace(self, journals=tuple(reversed(placed)))

    def seen_at(self, now: datetime) -> Ticket:
        """The ticket as it was known at `now`: later journals are left out."""
        kept = tuple(journal for journal in self.journals if journal.at <= now)
        return self if len(kept) == len(self.journals) else replace(self, journals=kept)


ANY_ORDINAL: Final = 0
PRIVATE: Final = "private"


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step that the bridge is known to have done, with its ordinal (`ANY_ORDINAL` where it is not known) and the moment.

    `anchor` tells steps of one name and ordinal apart in the ledger: the due moment of a reminder, `PRIVATE` for what staff are told.
    """

    step: Step
    ordinal: int
    at: datetime
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A value that Redmine answered 204 for and did not take (W3)."""

    attribute: Attribute
    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What the store remembers and Redmine cannot tell (T13).

    `done` are steps confirmed earlier, also where their note has been deleted since; `refused` are values that are not tried again;
    `saw` tells for a note of the bridge which journal was the last that had been read when it was decided.
    """

    done: tuple[OwnStep, ...] = ()
    refused: frozenset[Refusal] = frozenset()
    saw: Mapping[int, int] = field(default_factory=dict)

    def as_considered(self, written: Ticket, considered: Ticket) -> History:
        """The steps at the moments to which `Ticket.as_considered` has moved their notes, so that both tell of one order."""
        if considered is written:
            return self
        moments = {journal.id: journal.at for journal in considered.journals}
        moved = {journal.at: moments[journal.id] for journal in written.journals if journal.id in self.saw}
        return replace(self, done=tuple(replace(own, at=moved.get(own.at, own.at)) for own in self.done))


EMPTY_HISTORY: Final = History()


@dataclass(frozen=True, slots=True)
class Write:
    """One request to Redmine (W1): a note for one audience, and the attributes that travel with it.

    `changes` carry as `old` what had been read, so that a person's change in between is noticed (W4). `watchers` are added before (M2).
    """

    steps: tuple[OwnStep, ...]
    notes: str = ""
    private: bool = False
    changes: tuple[Change, ...] = ()
    watchers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what Redmine would split in two journals (W1)."""
        if self.private and self.changes:
            msg = "a private note goes without attributes (W1)"
            raise ValueError(msg)
