"""What of a ticket that came by mail has to be mailed now: public notes of staff and of the bridge, each once, to those who wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bridge.core import footer, mail_marks
from bridge.core.model import Journal, Language, Role, Ticket
from bridge.core.policy import Mail
from bridge.core.rules import language_of

TOO_OLD: Final = timedelta(days=7)
"""A note of that age is not mailed any more: switching the channel on floods nobody (trap 17), and an answer that late needs a person."""
PEOPLE_AT_MOST: Final = 10
"""So many people of a thread are written to: whoever joins it later has to be put in copy by a person."""
_NOBODY: Final = ("mailer-daemon@", "postmaster@")


@dataclass(frozen=True, slots=True)
class Parcel:
    """One note on its way to the customer.

    `subject` is the ticket's as it came, so that a thread keeps together when staff rename the ticket. `text` is in the project's markup,
    without the mark that lets a note out; `attachments` are names of files that came with the note and are still there. `auto` says
    that the bridge speaks, not a person.
    """

    ticket_id: int
    journal_id: int
    recipients: tuple[str, ...]
    language: Language
    subject: str
    text: str
    attachments: tuple[str, ...] = ()
    auto: bool = False


def to_mail(ticket: Ticket, mail: Mail, posted: frozenset[int], now: datetime) -> tuple[Parcel, ...]:
    """The notes to be mailed now, in order; `posted` are journals for which that has been done.

    A person's note waits until `mail.hold` has passed since it was written (wall time): the caller reads the ticket right before, so that
    one deleted, blanked or made private by then is not there any more.
    """
    recipients = _recipients(ticket, mail)
    if not recipients:
        return ()
    ripe = (one for one in _candidates(ticket, mail, posted, now) if _ripe_at(one, mail) <= now)
    return tuple(_parcel(ticket, mail, journal, recipients) for journal in ripe)


def next_moment(ticket: Ticket, mail: Mail, posted: frozenset[int], now: datetime) -> datetime | None:
    """When to look at the ticket again since a note will have been held long enough; None when there is none."""
    if not _recipients(ticket, mail):
        return None
    moments = (_ripe_at(one, mail) for one in _candidates(ticket, mail, posted, now))
    return min((at for at in moments if at > now), default=None)


def unmailed_since(ticket: Ticket, mail: Mail, posted: frozenset[int], now: datetime) -> datetime | None:
    """From when on there is something to mail, in the past too; None when there is nothing."""
    if not _recipients(ticket, mail):
        return None
    return min((_ripe_at(one, mail) for one in _candidates(ticket, mail, posted, now)), default=None)


def _candidates(ticket: Ticket, mail: Mail, posted: frozenset[int], now: datetime) -> Iterator[Journal]:
    """Notes that are to be mailed now or later."""
    for journal in ticket.journals:
        is_new = journal.id not in posted and journal.at > now - TOO_OLD
        if is_new and not journal.private and _is_for_customer(ticket, journal, mail):
            yield journal


def _is_for_customer(ticket: Ticket, journal: Journal, mail: Mail) -> bool:
    match footer.speaker_role(journal):
        case Role.BRIDGE:
            return footer.ticket_of(journal.notes) == ticket.id
        case Role.STAFF if journal.author.role is Role.BRIDGE and mail_marks.is_mark(journal.notes):
            return False  # a customer's words on another ticket, which Redmine has copied here
        case Role.STAFF:
            said = bool(_text(journal, mail) or _attachments(ticket, journal))
            return said and (not mail.mark or _is_marked(journal, mail))
        case _:
            return False


def _ripe_at(journal: Journal, mail: Mail) -> datetime:
    """When a note may go: the bridge's own at once."""
    return journal.at if _is_own(journal) else journal.at + mail.hold


def _is_own(journal: Journal) -> bool:
    return footer.speaker_role(journal) is Role.BRIDGE


def _parcel(ticket: Ticket, mail: Mail, journal: Journal, recipients: tuple[str, ...]) -> Parcel:
    return Parcel(
        ticket.id,
        journal.id,
        recipients,
        language_of(ticket.created),
        ticket.created.subject,
        _text(journal, mail),
        _attachments(ticket, journal),
        auto=_is_own(journal),
    )


def _text(journal: Journal, mail: Mail) -> str:
    """The note without the mark."""
    if not mail.mark or _is_own(journal):
        return journal.notes.strip()
    return "\n".join(line for line in journal.notes.splitlines() if not _is_mark(line, mail)).strip()


def _is_marked(journal: Journal, mail: Mail) -> bool:
    return any(_is_mark(line, mail) for line in journal.notes.splitlines())


def _is_mark(line: str, mail: Mail) -> bool:
    return line.strip().casefold() == mail.mark.strip().casefold()


def _attachments(ticket: Ticket, journal: Journal) -> tuple[str, ...]:
    """Files that came with the note, but for those deleted since."""
    return tuple(name for name in journal.attachments if name in ticket.current.attachments)


def _recipients(ticket: Ticket, mail: Mail) -> tuple[str, ...]:
    """Who sent the ticket, then who else has written into its thread by mail; none for a ticket that did not come by mail."""
    if ticket.origin is None:
        return ()
    origins = [
        ticket.origin,
        *(journal.origin for journal in ticket.journals if journal.origin and not journal.private),
    ]
    people: dict[str, str] = {}
    for origin in origins:
        people.setdefault(origin.sender.casefold(), origin.sender)
    reachable = (who for key, who in people.items() if key not in mail.own and not key.startswith(_NOBODY))
    return tuple(reachable)[:PEOPLE_AT_MOST]
