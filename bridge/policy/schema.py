"""The form of rules.yaml, section by section. The descriptions are what an editor shows; `docs/semantics.md` has the numbered rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic import model_validator as validator

from bridge.core.model import Audience
from bridge.core.policy import DueOf
from bridge.policy.schema_base import BothLanguages, Spec, TextOverride, TextSpec
from bridge.policy.schema_beside import PartnersSpec, ProductSpec
from bridge.policy.schema_cabinet import CalendarSpec, RedmineSpec
from bridge.policy.schema_mail import MailSpec
from bridge.policy.values import (
    Count,
    Kind,
    Moment,
    Name,
    Names,
    Offset,
    Pattern,
    SomeNames,
    Term,
    WallTime,
    WorkingDays,
    YesNo,
)
from bridge.policy.vocabulary import OFF, OTHERS


def _nothing_is_empty(value: Any) -> Any:
    return {} if value is None else value


class DepartmentSpec(Spec):
    """Whom a ticket can be passed to."""

    title: BothLanguages | None = None
    """What customers read; the name, if left out."""
    group: str = ""
    """The Redmine group; the name, if left out."""
    first_line: YesNo = False
    """Gets every ticket first; exactly one department."""
    assign: YesNo = True
    """Whether tickets are assigned to the group."""
    term: Term | None = None
    """The department's own term after a hand-over (T1)."""
    lead: str = ""
    """Login or name of who is told when the department is late; the common `lead`, if left out."""
    category: str = ""
    """The category that stands for the department."""
    field_value: str = ""
    """The value of `redmine.department_field` that stands for the department."""
    watchers: Names = ()
    """Logins or names that watch the department's tickets."""
    members: Names = ()
    """Logins or names of its people, where Redmine does not show the group's members."""
    roles: Names = ()
    """Roles of its people, where Redmine does not show the group's members."""


class FieldSpec(Spec):
    """A field that a ticket needs or that is wanted (F1, F2)."""

    question: BothLanguages
    """What is asked."""
    hint: BothLanguages
    """How to get it."""
    needed_for: Names = ()
    """Kinds that cannot be worked on without it, or `all`."""
    wanted_for: Names = (OTHERS,)
    """Kinds for which it is asked once without waiting; `others` are all for which it is not needed."""
    labels: Names = ()
    """Words before a colon by which an answer in a note is recognised (F4)."""
    min_length: Count = 1
    """Fewer characters are no answer."""
    pattern: Pattern | None = None
    """A regular expression that the answer has to match."""
    attachment: YesNo = False
    """Whether a file can be the answer."""


class RequiredSpec(Spec):
    """What a ticket has to say (F1-F5)."""

    fields: Mapping[Name, FieldSpec] = {}
    """The fields by name."""
    placeholders: Names = ()
    """Values that are no answer: "-", "n/a"."""
    at_most: Count = 2
    """How often the same thing is asked for (F5)."""


class MarkSpec(Spec):
    """How people show a decision: a status, or a field's value."""

    status: str = ""
    """A status."""
    field: str = ""
    """A field..."""
    value: str = ""
    """...and its value."""

    @validator(mode="after")
    def _one(self) -> Self:
        if bool(self.status) == bool(self.field) or bool(self.field) != bool(self.value):
            msg = "a decision is shown by `status: NAME`, or by `field: NAME` with `value: VALUE`"
            raise ValueError(msg)
        return self


def _mark(value: Any) -> Any:
    """`Согласовано` is a status, `Решение=да` a field's value."""
    if not isinstance(value, str):
        return value
    field, equals, wanted = value.partition("=")
    return {"field": field.strip(), "value": wanted.strip()} if equals else {"status": value}


Mark = Annotated[MarkSpec, BeforeValidator(_mark, json_schema_input_type=str | MarkSpec)]


class ApprovalSpec(Spec):
    """A gate: work goes on only when a department agrees (R5)."""

    by: Name
    """The department that decides."""
    waiting: Mark
    """Waits for the decision: a status, or field=value."""
    granted: Mark
    """Agreed: a status, or field=value."""
    refused: Mark
    """Not agreed: a status, or field=value."""
    then: str = ""
    """The department that goes on with it once agreed."""


class OutOfScopeSpec(Spec):
    """A request that is not presale support (R6)."""

    answer: TextSpec
    """The answer for the customer, as it stands."""
    auto: YesNo = False
    """Whether the answer goes out by itself; else it is proposed to staff."""


class RouteSpec(Spec):
    """One row of the routing table; the first that matches wins (R1, R2)."""

    name: Name
    """Shown in `explain` and in reasons."""
    kind: Kind
    """The kind of request, by its fixed name."""
    department: Name
    """The department that gets it."""
    when: Any = None
    """The condition; left out in the last route, which catches all."""
    category: str = ""
    """The category to set."""
    priority: str = ""
    """The priority to set."""
    watchers: Names = ()
    """Logins or names to add as watchers."""
    term: Term | None = None
    """A term of its own."""
    approval: ApprovalSpec | None = None
    """Only by agreement of a department (R5)."""
    out_of_scope: OutOfScopeSpec | None = None
    """Not presale support (R6)."""
    propose: TextSpec | None = None
    """An answer to a request in scope that is proposed to staff; one with {{ partner_list }} needs `partners`."""
    unless_compatible: Kind | None = None
    """The kind that a ticket gets instead where it names no product of `compatible`; nothing without that list."""
    shadow: YesNo = False
    """Decide and log, write nothing (W5)."""
    mail: Literal["ticket", "leave"] = "ticket"
    """What becomes of a mail that takes this route: a ticket, or it is left to people, without a ticket and without an answer."""


class HandOverSpec(Spec):
    """What a hand-over adds to the term (R4)."""

    extend: Term
    """By how much; in the unit of the term."""
    at_most: Count
    """How often within one term."""


class TermsSpec(Spec):
    """The term of answer (T4-T6)."""

    answer: Term
    """The usual term."""
    by_kind: Mapping[Name, Term] = {}
    """Other terms for some kinds."""
    hand_over: HandOverSpec | None = None
    """What a hand-over adds (R4)."""
    attributes_alone: YesNo = False
    """Whether attributes may be written without a note (W1)."""


class ReminderSpec(Spec):
    """One step before or after a due moment (M1)."""

    name: str = ""
    """What the step is called."""
    at: Offset
    """When, in working time: `-4 working hours` is before, `0h` at, `+9 working hours` after."""
    of: DueOf = DueOf.DUE
    """Which moment: the customer's term, or the department's own."""
    to: Literal[Audience.ASSIGNEE, Audience.DEPARTMENT, Audience.LEAD]
    """Who is told."""


class FollowUpSpec(Spec):
    """What a customer's further note does (T10)."""

    no_term: Names = ()
    """Word patterns of thanks and confirmations, which start no term."""


class SilenceSpec(Spec):
    """Nudging and closing when a customer stays silent (F6)."""

    nudge_after: WorkingDays
    """Working days after the last request until the customer is reminded."""
    close_after: WorkingDays
    """Working days after the last request until the ticket is closed."""
    status: Name
    """The status to close with."""


def _silence(value: Any) -> Any:
    return None if value == OFF else value


def _same(value: Any) -> Any:
    """A file's name has been replaced by what is in the file (`bridge.policy.beside`)."""
    return value


class LimitsSpec(Spec):
    """The brakes (W3, W5) and quiet times (F3)."""

    not_before: Moment
    """Tickets received earlier are never written to."""
    changes_per_pass: Count = 50
    """A pass that would change more tickets stops."""
    writes_per_minute: Count = 120
    """So many notes and changes are written to Redmine in a minute, by all replicas together; the rest comes in a later pass."""
    settle: WallTime = Field(default="10 minutes", validate_default=True)
    """How long a customer must have been quiet before the first request (F3)."""
    settle_unknown: WallTime = Field(default="5 minutes", validate_default=True)
    """How long a ticket is left alone after a write without an answer (W3)."""
    shadow: YesNo = False
    """Decide and log, write nothing."""


class RulesFile(Spec):
    """The rules of presale-bridge."""

    version: Literal[1] = 1
    """The version of this format."""
    extensions: Names = ()
    """Python modules with conditions of one's own."""
    redmine: RedmineSpec
    """What the bridge has to know about the cabinet."""
    calendar: CalendarSpec
    """When people work (T2)."""
    departments: Mapping[Name, Annotated[DepartmentSpec, BeforeValidator(_nothing_is_empty)]]
    """Whom a ticket can be passed to, by name."""
    families: Annotated[
        Mapping[Name, SomeNames], BeforeValidator(_same, json_schema_input_type=str | Mapping[Name, SomeNames])
    ] = {}
    """Families of words, used in patterns as "@name", or the name of a file beside this one that has them."""
    learned: str = ""
    """The file beside this one that has what `presale-bridge learn` has found in example tickets; `looks_like` asks it."""
    required: RequiredSpec = RequiredSpec()
    """What a ticket has to say (F1-F5)."""
    routes: tuple[RouteSpec, ...] = Field(min_length=1)
    """The routing table: the first that matches wins, the last catches all (R1)."""
    terms: TermsSpec
    """The term of answer (T4-T6)."""
    reminders: tuple[ReminderSpec, ...] = ()
    """Steps before and after due moments (M1)."""
    follow_up: FollowUpSpec = FollowUpSpec()
    """What a customer's further note does (T10)."""
    silence: Annotated[
        SilenceSpec | None, BeforeValidator(_silence, json_schema_input_type=Literal["off"] | SilenceSpec)
    ] = None
    """Nudging and closing for silence (F6); off unless set."""
    limits: LimitsSpec
    """The brakes (W3, W5)."""
    lead: Name
    """Login or name of who is told when a term is missed."""
    partners: Annotated[PartnersSpec | None, BeforeValidator(_same, json_schema_input_type=str | PartnersSpec)] = None
    """The directory of partners, or the name of a file beside this one that has it."""
    compatible: Annotated[
        Mapping[Name, ProductSpec], BeforeValidator(_same, json_schema_input_type=str | Mapping[Name, ProductSpec])
    ] = {}
    """Third-party products known to be compatible, by name, or the name of a file beside this one that has them."""
    mail: MailSpec | None = None
    """The mailbox that becomes tickets; without it there is no mail channel."""
    texts: Mapping[Name, TextOverride] = {}
    """Texts of one's own instead of the shipped ones, by name."""
