"""What the mail channel writes into Redmine: the sender's words with their mark (P3), and notes of its own to staff and customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.core import footer, mail_marks
from bridge.core.inbound import Content
from bridge.core.letter import Enclosure, Letter
from bridge.core.machines import writer_of
from bridge.core.markup import faithful, inert
from bridge.core.messages import render
from bridge.core.model import Language, Origin, Role, Ticket
from bridge.core.policy import MailLimits, Policy, Text
from bridge.core.text import language
from bridge.mail_ports import Desk, File
from bridge.ports import Tracker

TEXT_AT_MOST: Final = 50_000
"""Characters of a mail that are written into Redmine; the whole of a longer one is attached."""
ORIGINAL: Final = "original.eml"
ORIGINAL_TEXT: Final = "original.txt"
_TOO_BIG: Final = Text(
    "{size} МБ, а мы принимаем файлы до {most} МБ", "{size} MB, and we take files of up to {most} MB"
)
_TOO_MANY: Final = Text("файлов в письме больше {most}", "the mail has more than {most} files")
_TOO_LONG: Final = Text("письмо больше {most} МБ", "the mail is bigger than {most} MB")
_THE_REST: Final = Text("всё, что в письме дальше", "whatever follows in the mail")


def language_of(content: Content) -> Language:
    """The language that a mail is written in."""
    return language(f"{content.subject}\n{content.text}")


def origin_of(letter: Letter, key: str, policy: Policy) -> Origin:
    """Who sent it, when it arrived in the calendar's zone, and who else is in the thread: nobody of our own."""
    own = policy.mail.own if policy.mail else frozenset()
    writer = writer_of(letter)
    sender = writer.mail if writer else ""
    others = [one.mail for one in (*letter.to, *letter.cc) if one.key not in own and one.key != sender.casefold()]
    copies = tuple(dict.fromkeys(others))[: mail_marks.COPIES_AT_MOST]
    return Origin(sender, letter.arrived_at.astimezone(policy.calendar.zone), key, copies)


def words(content: Content, origin: Origin, ticket_id: int | None) -> str:
    """The sender's words as they stand in Redmine, whatever its markup makes of them, with the mark as last line."""
    tongue = language_of(content)
    return f"{faithful(content.text[:TEXT_AT_MOST])}\n\n{mail_marks.line(origin, ticket_id, tongue)}"


def is_shortened(content: Content) -> bool:
    """Whether something of the mail does not stand in Redmine, so that the original has to be attached."""
    return content.cut or len(content.text) > TEXT_AT_MOST


def files_of(letter: Letter, content: Content, raw: bytes, at_most: int) -> tuple[File, ...]:
    """The files that came along, and the original where not all of it is shown: its text where the whole is more than a file may have."""
    files = [File(one.name, one.type, one.content) for one in letter.enclosures if not one.left_out]
    if is_shortened(content):
        whole = len(raw) <= at_most and not letter.cut
        files.append(
            File(ORIGINAL, "message/rfc822", raw) if whole else File(ORIGINAL_TEXT, "text/plain", letter.text.encode())
        )
    return tuple(files)


@dataclass(frozen=True, slots=True)
class Notice:
    """A note of the mail channel's own: the name of its text, its values, and what its footer says, by which it is found after a crash."""

    text: str
    what: str
    values: Mapping[str, Any]

    def written(self, policy: Policy, tongue: Language, ticket_id: int) -> str:
        """The whole note."""
        body = render(policy.texts[self.text], tongue, self.values)
        return f"{body}\n\n{footer.notice(ticket_id, self.what, tongue)}"


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes notices, each once."""

    tracker: Tracker
    desk: Desk
    policy: Policy

    def tell(self, ticket: Ticket, notice: Notice, tongue: Language | None = None) -> bool:
        """Write a notice unless it stands there: in public in a customer's language, else in private and in Russian.

        False where staff cannot be told in private (W2).
        """
        note = notice.written(self.policy, tongue or Language.RU, ticket.id)
        if _stands_in(ticket, note):
            return True
        if tongue is None and not self.tracker.may_write_private(ticket.current.project):
            return False
        self.desk.note(ticket.id, note, private=tongue is None)
        return True


def _stands_in(ticket: Ticket, note: str) -> bool:
    """Whether a note with this footer has been written already."""
    last = footer.last_line(note)
    return any(
        footer.last_line(journal.notes) == last for journal in ticket.journals if journal.author.role is Role.BRIDGE
    )


def left_out(letter: Letter, limits: MailLimits, tongue: Language) -> list[Mapping[str, str]]:
    """The files that were not taken, as texts name them, and why."""
    files: list[Mapping[str, str]] = [
        {"name": inert(one.name), "reason": _why(one, letter, limits, tongue)}
        for one in letter.enclosures
        if one.left_out
    ]
    if letter.cut:
        reason = _TOO_LONG.get(tongue).format(most=_mb(limits.message, tongue))
        files.append({"name": _THE_REST.get(tongue), "reason": reason})
    return files


def _why(one: Enclosure, letter: Letter, limits: MailLimits, tongue: Language) -> str:
    if one.size > limits.attachment:
        most = _mb(limits.attachment, tongue)
        return _TOO_BIG.get(tongue).format(size=_mb(one.size, tongue), most=most)
    if sum(not other.left_out for other in letter.enclosures) >= limits.attachments:
        return _TOO_MANY.get(tongue).format(most=limits.attachments)
    return _TOO_LONG.get(tongue).format(most=_mb(limits.message, tongue))


def _mb(size: int, tongue: Language) -> str:
    """Megabytes, with a decimal where it is not a whole number of them."""
    shown = f"{size / 1024 / 1024:.1f}".removesuffix(".0")
    return shown.replace(".", ",") if tongue is Language.RU else shown
