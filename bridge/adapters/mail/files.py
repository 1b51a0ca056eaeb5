"""Files that came with a mail: names that can do no harm, and no more of them than the rules allow."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from bridge.adapters.mail.charsets import decode
from bridge.adapters.mail.clean import plain_name
from bridge.adapters.mail.headers import unencoded
from bridge.adapters.mail.mime import Part
from bridge.core.letter import Enclosure
from bridge.core.policy import MailLimits

NAME_AT_MOST: Final = 100
"""Characters of a file's name."""
LISTED_AT_MOST: Final = 1_000
_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f%]')
_PERCENT: Final = re.compile(r"[^']{0,40}'[^']{0,20}'(.+)", re.DOTALL)
_URL_ENCODED: Final = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})+")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_BY_TYPE: Final = {
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/partial": ".txt",
    "text/rfc822-headers": ".txt",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "application/ms-tnef": ".dat",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".txt",
    "application/octet-stream": ".bin",
}
_CALLED: Final = {
    "application/ms-tnef": "winmail",
    "application/pkcs7-mime": "smime",
    "application/x-pkcs7-mime": "smime",
    "application/pkcs7-signature": "smime",
    "application/x-pkcs7-signature": "smime",
    "application/pgp-signature": "signature",
    "message/delivery-status": "delivery-status",
    "text/rfc822-headers": "headers",
    "text/calendar": "invite",
    "message/rfc822": "message",
}


def given_name(part: Part) -> str:
    """The name that the sender gave a file, decoded by whatever of the usual ways it was encoded; empty where there is none."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        name = _parameter(part, parameter, header)
        if name:
            return name
    return ""


def _parameter(part: Part, name: str, header: str) -> str:
    try:
        found = [value for key, value in part.message.get_params([], header) if key.lower() == name]
    except Exception:  # noqa: BLE001 - the library raises a dozen kinds of error for parameters that are broken
        return ""
    value = next((one for one in found if isinstance(one, tuple)), found[0] if found else "")
    if isinstance(value, tuple):  # RFC 2231: charset, language, and the bytes as Latin-1
        return decode(value[2].encode("latin-1", "replace"), value[0] or "").text
    text = unencoded(str(value or ""))
    percent = _PERCENT.fullmatch(text) if "%" in text else None
    return percent[1] if percent else _from_url(text)


def _from_url(name: str) -> str:
    """A name as in a URL, where all of it is UTF-8; another one as it is."""
    if "%" not in name or _URL_ENCODED.fullmatch(name) is None:
        return name
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name


def safe_name(name: str) -> str:
    """A name without path, control characters, and letters that turn the direction of reading; its extension stays."""
    bare = plain_name(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    bare = _FORBIDDEN.sub("_", bare).strip(" .")
    if len(bare) <= NAME_AT_MOST:
        return bare
    extension = found[0] if (found := _EXTENSION.search(bare)) else ""
    return bare[: NAME_AT_MOST - len(extension)].rstrip(" .") + extension


class Files:
    """Collects a mail's files; those beyond the limits are named, without their content."""

    def __init__(self, limits: MailLimits) -> None:
        self.limits = limits
        self.found: list[Enclosure] = []
        self.names: set[str] = set()
        self.counts: dict[str, int] = {}
        self.kept = 0
        self.bytes = 0
        self.unlisted = 0

    def add(self, part: Part, *, inline: bool = False, called: str = "") -> None:
        """Take a part as a file."""
        self.put(part.content, part.type, given_name(part) or called, inline=inline)

    def put(self, content: bytes, kind: str, name: str, *, inline: bool = False) -> None:
        """Take a file."""
        if len(self.found) >= LISTED_AT_MOST:
            self.unlisted += 1
            return
        reason = self._too_much(len(content))
        unique = self._unique(safe_name(name) or _name_of_type(kind))
        self.found.append(Enclosure(unique, kind, len(content), b"" if reason else content, inline, reason))
        self.kept += not reason
        self.bytes += 0 if reason else len(content)

    def _too_much(self, size: int) -> str:
        if size > self.limits.attachment:
            return f"it has {size} bytes, more than the {self.limits.attachment} that a file may have"
        if self.kept >= self.limits.attachments:
            return f"the mail has more than {self.limits.attachments} files"
        if self.bytes + size > self.limits.message:
            return f"the mail's files have more than {self.limits.message} bytes together"
        return ""

    def _unique(self, name: str) -> str:
        """The name, numbered where there is one like it already."""
        stem, extension = _halves(name)
        unique, count = name, self.counts.get(name.casefold(), 1)
        while unique.casefold() in self.names:
            count += 1
            unique = f"{stem} ({count}){extension}"
        self.counts[name.casefold()] = count
        self.names.add(unique.casefold())
        return unique

    def troubles(self) -> Iterable[str]:
        """What was left out, in sentences."""
        left = [one for one in self.found if one.left_out]
        yield from (f"the file {one.name} is left out: {one.left_out}" for one in left[:20])
        if len(left) > 20:
            yield f"{len(left) - 20} more files are left out"
        if self.unlisted:
            yield f"{self.unlisted} more files are not even listed"


def _halves(name: str) -> tuple[str, str]:
    found = _EXTENSION.search(name)
    return (name[: found.start()], found[0]) if found and found.start() else (name, "")


def _name_of_type(kind: str) -> str:
    extension = (
        _BY_TYPE.get(kind) or mimetypes.guess_extension(kind) or (".txt" if kind.startswith("text/") else ".bin")
    )
    return (
        _CALLED.get(
            kind, {"image": "image", "audio": "audio", "video": "video"}.get(kind.partition("/")[0], "attachment")
        )
        + extension
    )
