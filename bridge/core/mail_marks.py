"""The visible last line of what the bridge writes on a mail's behalf: whose words these are, recognisable with an empty store (P3, P4).

«Получено письмом · №1234 · от ivan@example.org · копия petr@example.org · 2026-11-23 10:15:30+03:00 · ключ 9f2c…». A ticket's description has no
number, as it is written before there is one. Only texts of the bridge's own account are read so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from bridge.core.footer import last_line
from bridge.core.markup import unescaped
from bridge.core.model import Attribute, Change, Channel, Journal, Language, Origin, Person, Role, State, Ticket

_MARK: Final = re.compile(
    r"^(?:Получено письмом|Received by mail)(?: · (?:№|No\. )(?P<ticket>\d+))?"
    r" · (?:от|from) (?P<sender>[^\s·]+)(?: · (?:копия|copy) (?P<copies>[^·]+?))?"
    r" · (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d) · (?:ключ|key) (?P<key>[0-9a-f]{24})$"
)
COPIES_AT_MOST: Final = 10
"""So many people in copy are remembered: a mail to thousands is no thread."""


def line(origin: Origin, ticket_id: int | None, language: Language) -> str:
    """The mark as it stands in Redmine."""
    russian = language is Language.RU
    parts = ["Получено письмом" if russian else "Received by mail"]
    if ticket_id is not None:
        parts.append(f"№{ticket_id}" if russian else f"No. {ticket_id}")
    parts.append(f"{'от' if russian else 'from'} {origin.sender}")
    if origin.copies:
        parts.append(f"{'копия' if russian else 'copy'} {', '.join(origin.copies[:COPIES_AT_MOST])}")
    parts += [origin.at.isoformat(" ", "seconds"), f"{'ключ' if russian else 'key'} {origin.key}"]
    return " · ".join(parts)


def parse(text: str, ticket_id: int | None) -> Origin | None:
    """The mail that a text's last line names, if it names this ticket; None as `ticket_id`: a description, which names none."""
    found = _MARK.match(last_line(text))
    if found is None or found["ticket"] != (None if ticket_id is None else str(ticket_id)):
        return None
    copies = tuple(one.strip() for one in (found["copies"] or "").split(",") if one.strip())
    return Origin(found["sender"], datetime.fromisoformat(found["at"]), found["key"], copies)


def is_mark(text: str) -> bool:
    """Whether a text's last line is a mark, this ticket's or another's: Redmine copies notes to duplicates."""
    return _MARK.match(last_line(text)) is not None


def own_words(text: str) -> str:
    """The text without its mark, as the sender wrote it."""
    return unescaped(text.rstrip()[: -len(last_line(text))].rstrip())


def as_received(ticket: Ticket, name_field: str = "") -> Ticket:
    """The ticket with its mails' senders as those who speak: author, receipt (T3), and the speaker of each note (P3).

    `name_field` is the field with the customer's name. A ticket that did not come by mail has no such notes and stays as it is.
    """
    origin = parse(ticket.created.description, None) if ticket.author.role is Role.BRIDGE else None
    if origin is None:
        return ticket
    author = _customer(origin, ticket.current.fields.get(name_field, ""))
    return replace(
        ticket,
        author=author,
        created_on=min(origin.at, ticket.created_on),
        created=_spoken_state(ticket.created),
        journals=tuple(_spoken(journal, ticket.id, author) for journal in ticket.journals),
        channel=Channel.MAIL,
        origin=origin,
    )


def _spoken_state(state: State) -> State:
    return replace(state, description=own_words(state.description))


def _spoken(journal: Journal, ticket_id: int, author: Person) -> Journal:
    """A note that came by mail with its own words and speaker; and a change of the description without the mark in it."""
    changes = tuple(_spoken_change(change) for change in journal.changes)
    origin = parse(journal.notes, ticket_id) if journal.author.role is Role.BRIDGE else None
    if origin is None:
        return replace(journal, changes=changes)
    speaker = author if author.mail.casefold() == origin.sender.casefold() else _customer(origin, "")
    return replace(journal, changes=changes, notes=own_words(journal.notes), speaker=speaker, origin=origin)


def _spoken_change(change: Change) -> Change:
    if change.attribute is not Attribute.DESCRIPTION:
        return change
    return replace(change, old=_without_mark(change.old), new=_without_mark(change.new))


def _without_mark(text: str) -> str:
    return own_words(text) if parse(text, None) else text


def _customer(origin: Origin, name: str) -> Person:
    return Person(f"mail:{origin.sender.casefold()}", name or origin.sender, Role.CUSTOMER, mail=origin.sender)
