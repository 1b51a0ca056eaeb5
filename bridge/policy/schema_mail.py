"""The form of the section `mail`: the mailbox and what the bridge may do with it. Servers and passwords are the operator's, not the rules'."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bridge.policy.schema_base import BothLanguages, Spec
from bridge.policy.values import Count, Moment, Name, SomeNames, WallTime, YesNo

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\\[\]]+")
_SIZE = re.compile(r"(\d+)\s*(KB|MB|КБ|МБ)", re.IGNORECASE)
_UNITS = {"KB": 1024, "КБ": 1024, "MB": 1024 * 1024, "МБ": 1024 * 1024}


def _address(value: Any) -> Any:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError(f"{value!r} is no mail address; write it as presale@example.com")
    return value


def _size(value: Any) -> Any:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not int(found[1]):
        raise ValueError(f"{value!r} is no size; write it as 5 MB")
    return int(found[1]) * _UNITS[found[2].upper()]


Address = Annotated[str, BeforeValidator(_address)]
Size = Annotated[int, BeforeValidator(_size, json_schema_input_type=str)]


class MailFieldsSpec(Spec):
    """Fields that take who wrote (P3)."""

    name: str = ""
    """The field for the sender's name."""
    address: str = ""
    """The field for the sender's address."""


class MailLimitsSpec(Spec):
    """Bounds of what one mail and one address may do."""

    message: Size = Field(default="30 MB", validate_default=True)
    """What is beyond that of a message is not read."""
    attachment: Size = Field(default="5 MB", validate_default=True)
    """Larger files are left in the mailbox; not more than Redmine takes."""
    attachments: Count = 20
    """More files of one mail are left in the mailbox."""
    per_address: Count = 20
    """How many mails of one address and day are handled, and how many are sent to it: stops loops."""
    per_hour: Count = 5
    """How many tickets of one address are opened within an hour: stops what answers our answers in new mails. Answers in a thread do not count."""


class MailSpec(Spec):
    """The mailbox that becomes tickets."""

    address: Address
    """The mailbox's address; answers come from it."""
    aliases: Annotated[tuple[Address, ...], Field()] = ()
    """Other addresses of the mailbox."""
    name: BothLanguages | None = None
    """What stands before the address in answers; «Пресейл» / "Presale support", if left out."""
    project: Name
    """Identifier or name of the project in which tickets are opened."""
    tracker: Name
    """Their tracker; one of `redmine.trackers`."""
    not_before: Moment
    """Mails that arrived earlier are left alone."""
    folders: SomeNames = ("INBOX",)
    """Folders that are read."""
    fields: MailFieldsSpec = MailFieldsSpec()
    """Fields that take who wrote."""
    hold: WallTime = Field(default="5 minutes", validate_default=True)
    """How long a person's note can still be taken back before it is mailed."""
    send: Annotated[str, Field(min_length=1)] = "all"
    """`all` public notes are mailed, or only those with this mark in a line of its own."""
    closed: Literal["reopen", "new"] = "reopen"
    """A reply to a closed ticket opens it again, or opens a new one beside it."""
    trust: str = ""
    """The server (authserv-id) whose Authentication-Results header is believed."""
    own_name: YesNo = False
    """Open tickets in the name of a verified sender who has an account; takes a key of its own in the settings."""
    copy_to_mailbox: YesNo = True
    """Send each answer to the mailbox as well: people see it there, and after a crash it shows what has gone out."""
    mark_seen: YesNo = False
    """Mark handled mails as read."""
    move_to: str = ""
    """Move handled mails to this folder."""
    keep: WallTime = Field(default="90 calendar days", validate_default=True)
    """How long personal data stay in the bridge's store."""
    limits: MailLimitsSpec = MailLimitsSpec()
    """Bounds of what one mail and one address may do."""
