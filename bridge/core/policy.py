"""What the leads' rules say, as values: `bridge.policy` makes a `Policy` of the text of rules.yaml, `decide` reads it.

Spans of working days and hours are `bridge.core.spans.Span`; names are those that people see in Redmine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bridge.core.candidates import Candidates
from bridge.core.learned import NOTHING, Learned
from bridge.core.model import Audience, Language, Step

if TYPE_CHECKING:
    import re

    from bridge.core.conditions import Condition
    from bridge.core.spans import Span
    from bridge.core.word_index import WordIndex
    from bridge.core.worktime import WorkCalendar

EVERY_KIND: Final = "*"
EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the languages that customers read."""

    ru: str
    en: str

    def get(self, language: Language) -> str:
        """The text in one language."""
        return self.ru if language is Language.RU else self.en


@dataclass(frozen=True, slots=True)
class Staff:
    """Who counts as staff (P1): roles in the ticket's project, and people by name or login."""

    roles: frozenset[str]
    always: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


class Markup(StrEnum):
    """The project's markup; the API does not reveal it (P6)."""

    TEXTILE = "textile"
    COMMON_MARK = "common_mark"


@dataclass(frozen=True, slots=True)
class Statuses:
    """Names of statuses that have a meaning to the bridge.

    `waiting` is set when something is asked; `resumed` when the customer has answered; `reopened` when a closed ticket goes on;
    `pauses` stop the clock (T9); `ends` end a follow-up term without words (T10); `closed` are closed in Redmine.
    """

    waiting: str
    resumed: str
    reopened: str
    pauses: frozenset[str]
    ends: frozenset[str]
    closed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tickets the bridge looks after: `projects` empty means all; `below` is a parent project's identifier or name."""

    trackers: frozenset[str]
    projects: frozenset[str] = frozenset()
    below: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """Whom a ticket can be passed to: a group, and where set a category or the value of the department field.

    `term` is the department's own term after a hand-over (T1); `lead` is the login or name of who is told when a term is missed;
    `assign` is off for the first line, which gets every ticket as it comes. `members` and `roles` say who belongs to it where Redmine
    does not show a group's members to the bridge's account.
    """

    name: str
    group: str
    title: Text
    first_line: bool = False
    assign: bool = True
    term: Span | None = None
    lead: str = ""
    category: str = ""
    field_value: str = ""
    watchers: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field that a ticket needs or that is wanted (F1, F2)."""

    name: str
    question: Text
    hint: Text
    needed_for: frozenset[str]
    wanted_for: frozenset[str] = frozenset({EVERY_KIND})
    labels: tuple[str, ...] = ()
    min_length: int = 1
    pattern: re.Pattern[str] | None = None
    attachment: bool = False

    def is_needed(self, kind: str) -> bool:
        """Whether work on this kind cannot start without it."""
        return kind in self.needed_for or EVERY_KIND in self.needed_for

    def is_wanted(self, kind: str) -> bool:
        """Whether it is asked for once, without waiting for it."""
        return not self.is_needed(kind) and (kind in self.wanted_for or EVERY_KIND in self.wanted_for)


@dataclass(frozen=True, slots=True)
class Required:
    """All required fields, the placeholders that are no answers (F2), and how often the same thing is asked for (F5)."""

    fields: tuple[FieldRule, ...]
    placeholders: frozenset[str]
    at_most: int = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """How people show a decision: a status, or a field's value."""

    status: str = ""
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A gate (R5): `by` is the department that decides, `then` the one that goes on with it once granted."""

    by: str
    waiting: Mark
    granted: Mark
    refused: Mark
    then: str = ""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """What becomes of a request that is not presale (R6): `auto` answers the customer, else the answer is proposed to staff."""

    answer: Text
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """A region or a kind of work that partners are chosen by, and the word patterns that show it in a ticket."""

    name: str
    title: Text
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """Who does service and project work (policy, `partner-advice`): names of topics, or `EVERYTHING`."""

    name: str
    regions: tuple[str, ...]
    works: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The partners, and the regions and kinds of work to choose them by; an answer names `at_most` so many."""

    regions: tuple[Topic, ...] = ()
    works: tuple[Topic, ...] = ()
    partners: tuple[Partner, ...] = ()
    at_most: int = 5


@dataclass(frozen=True, slots=True)
class Product:
    """A third-party product known to work with some of our products; `words` are the patterns that show it in a ticket."""

    name: str
    words: tuple[str, ...]
    products: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the routing table (R1, R2); `when` is None for the last one, which catches all.

    `propose` is an answer for staff to look at and send, to a request that is in scope. `unless_compatible` is the kind that a ticket
    gets instead where it names none of `Policy.compatible` (policy, `third-party-install`); empty where that does not matter.
    `names_partners` says that its answer has partners from `Policy.directory` in it. `leave_mail`: a mail that takes this route is left to
    people, without a ticket and without an answer.
    """

    name: str
    kind: str
    department: str
    when: Condition | None = None
    category: str = ""
    priority: str = ""
    watchers: tuple[str, ...] = ()
    term: Span | None = None
    approval: Approval | None = None
    out_of_scope: OutOfScope | None = None
    propose: Text | None = None
    unless_compatible: str = ""
    names_partners: bool = False
    shadow: bool = False
    leave_mail: bool = False


@dataclass(frozen=True, slots=True)
class Extension:
    """What a hand-over adds to the term, and how often within one term (R4)."""

    by: Span
    at_most: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The term of answer: `answer` for all kinds but those in `by_kind`."""

    answer: Span
    by_kind: Mapping[str, Span] = field(default_factory=dict)
    hand_over: Extension | None = None
    attributes_alone: bool = False

    def of(self, kind: str) -> Span:
        """The term of one kind."""
        return self.by_kind.get(kind, self.answer)


class DueOf(StrEnum):
    """Which moment a reminder's step is measured from (M1)."""

    DUE = "due"
    DEPARTMENT_DUE = "department_due"


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """One step before (negative `at`) or after a due moment, in working time; `ordinal` is its place in the list, from 1."""

    ordinal: int
    at: timedelta
    of: DueOf
    to: Audience
    name: str = ""

    @property
    def step(self) -> Step:
        """Telling a lead of a missed term is an escalation, anything else a reminder."""
        return Step.ESCALATE if self.to is Audience.LEAD and self.at >= timedelta(0) else Step.REMIND


@dataclass(frozen=True, slots=True)
class Silence:
    """Nudging and closing when a customer stays silent (F6), in working days since the last request; off as shipped."""

    nudge_after: int
    close_after: int
    status: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The brakes (W3, W5) and the quiet time before asking (F3); `settle` and `settle_unknown` are wall time."""

    not_before: datetime
    changes_per_pass: int = 50
    writes_per_minute: int = 120
    settle: timedelta = timedelta(minutes=10)
    settle_unknown: timedelta = timedelta(minutes=5)
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Redmine:
    """What the bridge has to know about the cabinet; `field_names` are the rules' names of fields to Redmine's, where they differ."""

    scope: Scope
    staff: Staff
    statuses: Statuses
    markup: Markup
    bridge_users: frozenset[str]
    department_field: str = ""
    field_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Bounds of one mail and of one address; sizes in bytes, `per_address` in mails of a day, each way, `per_hour` in tickets opened."""

    message: int = 30 * 1024 * 1024
    attachment: int = 5 * 1024 * 1024
    attachments: int = 20
    per_address: int = 20
    per_hour: int = 5


class ReplyToClosed(StrEnum):
    """What a reply to a closed ticket does."""

    REOPEN = "reopen"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail channel. `address` is the mailbox's, `aliases` are its other ones; `project` and `tracker` are where a mail's ticket is opened.

    `not_before`: mails that arrived earlier are left alone. `hold` is wall time from a person's note to its mail. `mark` empty: all public
    notes are mailed, else only those that have it in a line of its own. `authserv` names the server whose Authentication-Results header
    is believed; `own_name` opens tickets in the name of a verified sender who has an account. `keep` is how long personal data stay in the
    store. `copy` sends each mail to the mailbox as well, which is how it is known to have gone out after a crash.
    """

    address: str
    project: str
    tracker: str
    not_before: datetime
    name: Text
    aliases: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ("INBOX",)
    name_field: str = ""
    address_field: str = ""
    hold: timedelta = timedelta(minutes=5)
    mark: str = ""
    closed: ReplyToClosed = ReplyToClosed.REOPEN
    authserv: str = ""
    own_name: bool = False
    copy: bool = True
    mark_seen: bool = False
    move_to: str = ""
    keep: timedelta = timedelta(days=90)
    limits: MailLimits = field(default_factory=MailLimits)

    @property
    def own(self) -> frozenset[str]:
        """All addresses of the mailbox, as addresses are compared."""
        return frozenset(one.casefold() for one in (self.address, *self.aliases))


@dataclass(frozen=True)
class Policy:
    """All of rules.yaml.

    `no_term` are word patterns of thanks and confirmations (T10), `words` the index over all patterns, `learned` what example tickets have
    taught. `compatible` is empty where nobody keeps such a list, and then nothing depends on it.
    """

    redmine: Redmine
    calendar: WorkCalendar
    departments: Mapping[str, Department]
    required: Required
    routes: tuple[Route, ...]
    terms: Terms
    reminders: tuple[ReminderStep, ...]
    no_term: tuple[str, ...]
    words: WordIndex
    limits: Limits
    lead: str
    texts: Mapping[str, Text]
    silence: Silence | None = None
    directory: Directory = field(default_factory=Directory)
    compatible: tuple[Product, ...] = ()
    mail: Mail | None = None
    learned: Learned = NOTHING

    @cached_property
    def candidates(self) -> Candidates:
        """Which routes can match, by the words found in a ticket (R1)."""
        return Candidates.among([route.when for route in self.routes])

    @property
    def groups(self) -> frozenset[str]:
        """The groups of all departments: an assignee that is none of them is a person."""
        return frozenset(department.group for department in self.departments.values())

    @property
    def first_line(self) -> Department:
        """The department that gets every ticket first."""
        return next(department for department in self.departments.values() if department.first_line)
