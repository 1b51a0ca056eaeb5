"""Reports of mails that could not be delivered: by the standard (RFC 3464), and as servers write that know no standard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bridge.adapters.mail.clean import one_line
from bridge.adapters.mail.headers import Header, split
from bridge.adapters.mail.identifiers import message_id
from bridge.adapters.mail.mime import Part
from bridge.core.letter import Bounce

FAILED_AT_MOST: Final = 50
_LOOKED_AT: Final = 100_000
_FIELD: Final = re.compile(r"^([A-Za-z-]{1,40}):[ \t]{0,5}(.{0,2000}(?:\n[ \t].{0,2000}){0,20})", re.MULTILINE)
_ADDRESS: Final = re.compile(r"<?([^\s<>;:,\"()]{1,64}@[^\s<>;:,\"()]{1,255})>?")
_FREE: Final = re.compile(
    r"this is the (?:qmail-send|mail system at host|mail delivery|postfix)|a message that you sent could not be delivered|delivery has failed|"
    r"undeliver(?:able|ed)|delivery (?:to the following|status notification|failure)|could not be delivered|returned to sender|"
    r"сообщение (?:не доставлено|не было доставлено|не может быть доставлено)|не удалось доставить|доставка .{0,60}(?:не удалась|невозможна)|"
    r"недоставленн|это письмо сформировано автоматически сервером|письмо не (?:было )?доставлено|ваше сообщение .{0,60}не (?:было )?доставлено",
    re.IGNORECASE,
)
_DAEMON: Final = re.compile(
    r"mailer-daemon|mail-daemon|maildaemon|postmaster|mailerdaemon|mail delivery|mdaemon", re.IGNORECASE
)
_BELOW: Final = re.compile(
    r"^(?:-{3,80} ?(?:below this line is a copy of the message|this is a copy of (?:the|your) message|original message|копия|the header of).{0,100}"
    r"|-{4,80} ?.{0,60}(?:copy|копия|original|header|исходно).{0,80})$",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL_ID: Final = re.compile(
    r"^[> ]{0,4}message-id:[ \t]{0,5}\n?[ \t]{0,5}<([^<>\s]{1,998})>", re.IGNORECASE | re.MULTILINE
)
_FAILED_LINE: Final = re.compile(
    r"^[ \t]{0,8}<?([^\s<>;:,\"()]{1,64}@[^\s<>;:,\"()]{1,255}?)>?(?:\s{0,3}:|\s{0,3}$|[\s(])", re.MULTILINE
)


def report_in(root: Part, header: Header, text: str) -> Bounce | None:
    """What a delivery report says; None where the mail is none, or says that all went well."""
    parts = list(_all(root))
    statuses = [part for part in parts if part.type in {"message/delivery-status", "message/global-delivery-status"}]
    if statuses:
        return _standard(statuses, parts, text)
    return _free(header, text, parts) if _is_from_daemon(header) else None


def _all(part: Part) -> Iterator[Part]:
    yield part
    for child in part.children:
        yield from _all(child)


def _standard(statuses: list[Part], parts: list[Part], text: str) -> Bounce | None:
    failed: list[tuple[str, str]] = []
    actions: set[str] = set()
    for part in statuses:
        for block in re.split(r"\n[ \t]*\n", _plain(part.content))[:FAILED_AT_MOST]:
            fields = {name.lower(): one_line(value) for name, value in _FIELD.findall(block)}
            recipient = _recipient(fields)
            if not recipient:
                continue
            action = fields.get("action", "failed").lower()
            actions.add(action)
            if action in {"failed", "delayed"}:
                failed.append((recipient, _words(fields)))
    if actions and not actions & {"failed", "delayed"}:
        return None
    return Bounce(tuple(failed[:FAILED_AT_MOST]), _original(parts, text), final=not actions or "failed" in actions)


def _plain(content: bytes) -> str:
    return content[:_LOOKED_AT].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _recipient(fields: dict[str, str]) -> str:
    value = fields.get("final-recipient") or fields.get("original-recipient") or ""
    found = _ADDRESS.search(value.rpartition(";")[2])
    return found[1] if found else ""


def _words(fields: dict[str, str]) -> str:
    told = fields.get("diagnostic-code", "").partition(";")
    return one_line(told[2] or told[0] or f"status {fields.get('status', '?')}")[:500]


def _original(parts: list[Part], text: str) -> str:
    """The Message-ID of the mail that came back."""
    for part in parts:
        if part.type in {
            "message/rfc822",
            "message/global",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global-headers",
        }:
            found = message_id(split(part.content[:_LOOKED_AT])[0])
            if found:
                return found
    below = _ORIGINAL_ID.search(text[:_LOOKED_AT])
    return below[1] if below else ""


def _is_from_daemon(header: Header) -> bool:
    return (
        header.get("return-path").strip() == "<>"
        or _DAEMON.search(header.get("from")[:1_000]) is not None
        or bool(header.get("x-failed-recipients"))
    )


def _free(header: Header, text: str, parts: list[Part]) -> Bounce | None:
    """qmail, Exim, and others in their own words."""
    named = [found[1] for found in _ADDRESS.finditer(header.get("x-failed-recipients")[:10_000])]
    own = _BELOW.split(text[:_LOOKED_AT], maxsplit=1)[0]
    if not named and _FREE.search(f"{header.get('subject')[:500]}\n{own[:5_000]}") is None:
        return None
    listed = named or [found[1].rstrip(".") for found in _FAILED_LINE.finditer(own)]
    words = _said(own)
    failed = tuple((one, words.get(one, "")) for one in dict.fromkeys(listed))
    return Bounce(failed[:FAILED_AT_MOST], _original(parts, text))


def _said(text: str) -> dict[str, str]:
    """The line after a failed address, which is what the server said."""
    said: dict[str, str] = {}
    lines = text.split("\n")
    for line, following in pairwise(lines):
        found = _FAILED_LINE.match(line[:400])
        if found:
            rest = line[:400][found.end() :].strip()
            said.setdefault(found[1].rstrip("."), one_line(rest or following)[:500])
    return said
