"""A parcel becomes a message: headers written here, each on its own terms, around a body that the `email` package makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Final

from bridge.adapters.mail import common_mark, textile
from bridge.adapters.mail.nodes import Node, as_html, as_text, clean, plain
from bridge.core.model import Language
from bridge.core.outbound import Parcel
from bridge.core.policy import Mail, Markup
from bridge.core.subjects import topic, unnumbered
from bridge.core.threads import Threads
from bridge.mail_ports import File

LONGEST_MARKED: Final = 20_000
"""Characters of a note whose markup is read; a longer one (a log that somebody pasted) is mailed as it was typed."""
LONGEST_TOPIC: Final = 200
REFERENCES_AT_MOST: Final = 10
ROOT: Final = 0
"""The journal number that stands for the whole ticket in a Message-ID: all mails of a ticket refer to it."""
_READERS: Final[dict[Markup, Callable[[str], tuple[Node, ...]]]] = {
    Markup.TEXTILE: textile.parse,
    Markup.COMMON_MARK: common_mark.parse,
}
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,253}", re.ASCII)
_MESSAGE_ID: Final = re.compile(r"[!-;=?-~]{1,250}")
_TYPE: Final = re.compile(r"(?:application|audio|font|image|model|text|video)/[\w.+-]{1,100}", re.ASCII)
# The share of a message that files may take, as base64 makes them a third longer.
_FILES: Final = 0.7

_YOUR_REQUEST: Final = {Language.RU: "Ваше обращение", Language.EN: "Your request"}
_LEFT_OUT: Final = {
    Language.RU: "Не поместились в это письмо: {}. Эти файлы приложены к обращению №{} в личном кабинете; если у Вас нет к нему доступа, "
    "ответьте на это письмо, и мы передадим их иначе.",
    Language.EN: "Too big for this mail: {}. These files are attached to request No. {} in the support portal; if you have no access to it, "
    "please reply to this mail and we will find another way.",
}
_ENCLOSED: Final = {Language.RU: "Во вложении: {}.", Language.EN: "Attached: {}."}


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes messages: `mail` says from whom and how big, `markup` how notes are to be read, `threads` signs Message-IDs."""

    mail: Mail
    markup: Markup
    threads: Threads

    def build(self, parcel: Parcel, thread: tuple[str, ...], files: tuple[File, ...], at: datetime) -> bytes:
        """The message (RFC 5322, CRLF, 7 bit): the same for the same arguments.

        `thread` are the Message-IDs of the customers' mails, oldest first. A file of the parcel that is not among `files`, is empty there, or
        is beyond `mail.limits` is named in the text instead.
        """
        enclosed, left_out = self._sorted(parcel, files)
        body = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        nodes = self.nodes(parcel)
        nodes += tuple(_about_files(parcel, enclosed, left_out, alone=not as_text(nodes)))
        _fill(body, as_text(nodes), _page(nodes, parcel.language), enclosed)
        _set_boundaries(body, self.threads.message_id(parcel.ticket_id, parcel.journal_id))
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers(parcel, thread, at))
        return head.encode("ascii") + body.as_bytes()

    def nodes(self, parcel: Parcel) -> tuple[Node, ...]:
        """What the note says, its markup read."""
        text = clean(parcel.text)
        return _READERS[self.markup](text) if len(text) <= LONGEST_MARKED else plain(text)

    def _headers(self, parcel: Parcel, thread: tuple[str, ...], at: datetime) -> Iterator[tuple[str, str]]:
        yield "From", self._sender(parcel.language)
        yield (
            "To",
            ",\r\n ".join(filter(_ADDRESS.fullmatch, map(_ascii, parcel.recipients))) or "undisclosed-recipients:;",
        )
        yield "Subject", _encoded(_subject(parcel), "Subject")
        yield "Date", format_datetime(at)
        yield "Message-ID", f"<{self.threads.message_id(parcel.ticket_id, parcel.journal_id)}>"
        yield from self._threading(parcel, thread)
        yield "Content-Language", parcel.language.value
        if parcel.auto:  # RFC 3834, and what Microsoft's servers read
            yield "Auto-Submitted", "auto-generated"
            yield "X-Auto-Response-Suppress", "OOF, AutoReply"
        yield "X-Loop", _ascii(self.mail.address)
        yield "X-Presale-Bridge", str(parcel.ticket_id)

    def _threading(self, parcel: Parcel, thread: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """The latest mail is answered; the first one, the ticket's own root and the latest ones are what it belongs to."""
        known = [one for one in dict.fromkeys(thread) if _MESSAGE_ID.fullmatch(one)]
        root = self.threads.message_id(parcel.ticket_id, ROOT)
        references = [*known[:1], root, *known[1:][-(REFERENCES_AT_MOST - 2) :]]
        yield "In-Reply-To", f"<{[root, *known][-1]}>"
        yield "References", "\r\n ".join(f"<{one}>" for one in references)

    def _sender(self, language: Language) -> str:
        name = _line(self.mail.name.get(language))[:60].replace("\\", "").replace('"', "")
        address = f"<{_ascii(self.mail.address)}>"
        shown = f'"{name}"' if name.isascii() and "=?" not in name else _encoded(name, "From")
        return f"{shown} {address}" if name else address

    def _sorted(self, parcel: Parcel, files: Iterable[File]) -> tuple[list[File], list[str]]:
        """Files that go along, and the names (with sizes, where known) of those that cannot."""
        given = list(files)
        missing = dict.fromkeys(parcel.attachments).keys() - {one.name for one in given}
        left_out = [_line(name) for name in parcel.attachments if name in missing]
        enclosed: list[File] = []
        room = int(self.mail.limits.message * _FILES)
        for file in given:
            size = len(file.content)
            if size and size <= min(room, self.mail.limits.attachment) and len(enclosed) < self.mail.limits.attachments:
                enclosed.append(file)
                room -= size
            else:
                left_out.append(f"{_line(file.name)}{_megabytes(size, parcel.language)}")
        return enclosed, left_out


def _fill(body: EmailMessage, text: str, page: str, files: Iterable[File]) -> None:
    body.set_content(text, cte=_transfer(text))
    body.add_alternative(page, subtype="html", cte=_transfer(page))
    for file in files:
        kind = file.type if _TYPE.fullmatch(file.type) else "application/octet-stream"
        maintype, _, subtype = kind.partition("/")
        name, told = _file_name(file.name), _charset(maintype, file.content)
        body.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=name, params=told)


def _charset(maintype: str, content: bytes) -> dict[str, str] | None:
    """Redmine does not tell how a text is encoded, and mail programs that show it take it for ASCII, or for their own charset."""
    if maintype != "text" or content.isascii():
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return {"charset": "utf-8"}


def _transfer(text: str) -> str:
    """Readable in any text editor where most of it is Latin, short where most of it is not."""
    return "quoted-printable" if len(text.encode(errors="replace")) < 1.3 * len(text) else "base64"


def _set_boundaries(body: MIMEPart, message_id: str) -> None:
    """Boundaries that are always the same, and that no encoded text can hold: neither base64 nor quoted-printable has "=_"."""
    for number, part in enumerate(body.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{sha256(message_id.encode()).hexdigest()[:32]}")


def _about_files(parcel: Parcel, enclosed: list[File], left_out: list[str], *, alone: bool) -> Iterator[Node]:
    """What has to be said of the files: which are missing, and which came where nobody said a word (`alone`)."""
    if left_out:
        yield Node("p", (_LEFT_OUT[parcel.language].format(", ".join(left_out), parcel.ticket_id),))
    elif alone and enclosed:
        yield Node("p", (_ENCLOSED[parcel.language].format(", ".join(_line(one.name) for one in enclosed)),))


def _page(nodes: Iterable[Node], language: Language) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language.value)}">\n<head><meta charset="utf-8"></head>\n'
        f"<body>\n{as_html(nodes)}</body>\n</html>\n"
    )


def _subject(parcel: Parcel) -> str:
    """«Re: Чем отличаются продукты? [№1234]»: prefixes and numbers of earlier mails don't pile up."""
    words = topic(unnumbered(_line(parcel.subject))) or _YOUR_REQUEST[parcel.language]
    number = f"№{parcel.ticket_id}" if parcel.language is Language.RU else f"No. {parcel.ticket_id}"
    return f"Re: {words[:LONGEST_TOPIC].strip()} [{number}]"


def _line(text: str) -> str:
    """Text on one line: no header can be added by it."""
    return " ".join(clean(text).split())


def _encoded(text: str, name: str) -> str:
    """A header's value in ASCII, folded (RFC 2047)."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name=name).encode(linesep="\r\n")


def _ascii(address: str) -> str:
    """An address with its domain as mail servers know it; what cannot be written so stays, and is not let into a header."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _file_name(name: str) -> str:
    """A file's name without a path, of a length that every system takes, its ending kept."""
    short = _line(name.replace("\\", "/").rpartition("/")[2]).lstrip(".") or "file"
    stem, dot, ending = short.rpartition(".")
    return f"{stem[:80]}{dot}{ending[:20]}" if dot else short[:100]


def _megabytes(size: int, language: Language) -> str:
    """« (1.5 МБ)»; nothing where the size is not known."""
    return f" ({size / 1024 / 1024:.1f} {'МБ' if language is Language.RU else 'MB'})" if size else ""
