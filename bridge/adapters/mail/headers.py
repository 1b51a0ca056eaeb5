"""The header of a mail: found, unfolded and decoded, however broken it is."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from itertools import islice
from typing import Final

from bridge.adapters.mail.charsets import decode
from bridge.adapters.mail.clean import one_line

HEADER_AT_MOST: Final = 1024 * 1024
"""Bytes of a header block that are looked at; what lies beyond is neither header nor text."""
LINES_AT_MOST: Final = 2_000
VALUE_AT_MOST: Final = 64 * 1024
_TYPE_LINES: Final = 10
_END: Final = re.compile(rb"\r?\n\r?\n|\r\r(?!\n)")
_BLANK: Final = re.compile(rb"[\r\n]+")
_LINE: Final = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_OF_PART: Final = re.compile(rb"[\r\n]+content-[!-9;-~]{1,80}[ \t]*:", re.IGNORECASE)
_NAME: Final = re.compile(rb"([!-9;-~]{1,100})[ \t]*:[ \t]*")
_KNOWN: Final = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type|content-transfer-encoding|reply-to)[ \t]*:",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"=\?([^?\s]{1,70})\?([bBqQ])\?")
_CHARSET: Final = re.compile(rb"charset\s{0,5}=\s{0,5}\"?([\w.:+-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """A header block: names in lower case with their values in order, raw but for unfolding and charset, and what was wrong."""

    fields: tuple[tuple[str, str], ...]
    troubles: tuple[str, ...] = ()
    charset: str = field(default="", compare=False)

    def get(self, name: str) -> str:
        """The first value of that name, empty where there is none."""
        return next((value for one, value in self.fields if one == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """All values of that name."""
        return tuple(value for one, value in self.fields if one == name)

    def bare(self) -> Header:
        """A header that says nothing but the charset."""
        kind = f"text/plain; charset={self.charset}" if self.charset else "text/plain"
        return Header((("content-type", kind),))

    def message(self) -> Message:
        """The fields that describe the content, for the standard library to take apart."""
        made = Message()
        for name, value in self.fields:
            if name in {"content-type", "content-disposition", "content-transfer-encoding"} and name not in made:
                made[name] = value[:VALUE_AT_MOST]
        return made

    def decoded(self) -> Mapping[str, tuple[str, ...]]:
        """All values as people read them, by name."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields:
            found.setdefault(name, []).append(one_line(unencoded(value)))
        return {name: tuple(values) for name, values in found.items()}


def split(data: bytes, start: int = 0, stop: int | None = None) -> tuple[Header, int]:
    """The header of the message or part at `data[start:stop]`, and where its body begins; what does not look like a header is body."""
    stop = len(data) if stop is None else stop
    start += len(BOM_UTF8) if data.startswith(BOM_UTF8, start, stop) else 0
    begins = _BLANK.match(data, start, stop)
    if begins is not None:  # empty lines before the header, or no header at all
        if _NAME.match(data, begins.end(), stop) is None:
            return Header(()), _first_line_end(data, start, stop)
        start = begins.end()
    found = _END.search(data, start, stop)
    end = found.start() if found else stop
    lines = list(islice(_LINE.finditer(data, start, min(end, start + HEADER_AT_MOST)), LINES_AT_MOST))
    return _read(lines, found.end() if found else stop)


def split_part(data: bytes, start: int, stop: int, *, strictly: bool) -> tuple[Header, int]:
    """The header of one part of a multipart, and where its body begins.

    A part that begins with an empty line, or with words, has no header (RFC 2046 5.1). Unless `strictly`, an empty line before fields
    that only parts have is forgiven.
    """
    begins = _LINE_END.match(data, start, stop)
    if begins is not None and (strictly or _OF_PART.match(data, start, stop) is None):
        return Header(()), begins.end()
    if begins is None and _NAME.match(data, start, stop) is None:
        return Header(()), start
    return split(data, start, stop)


def _first_line_end(data: bytes, start: int, stop: int) -> int:
    found = _LINE_END.match(data, start, stop)
    return found.end() if found else start


def _read(lines: list[re.Match[bytes]], body: int) -> tuple[Header, int]:
    fields: list[tuple[bytes, list[bytes]]] = []
    troubles: list[str] = []
    last_known = max((i for i, line in enumerate(lines) if _KNOWN.match(line[1])), default=-1)
    for i, found in enumerate(lines):
        line = found[1]
        name = _NAME.match(line)
        if fields and line[:1] in {b" ", b"\t"}:
            fields[-1][1].append(line)
        elif name is not None:
            fields.append((name[1].lower(), [line[name.end() :]]))
        elif fields and _begins_body(lines[i - 1][1], line, fields):
            return _made(fields, troubles), found.start()
        elif i < last_known:  # a line broken on the way, an mbox line, or rubbish: the header goes on below
            if fields:
                fields[-1][1].append(b" " + line)
                troubles.append("a line in the middle of the header is none")
        elif line:
            return _made(fields, troubles), found.start()
    return _made(fields, troubles), body


def _begins_body(before: bytes, line: bytes, fields: list[tuple[bytes, list[bytes]]]) -> bool:
    """Whether the empty line above the body was spoilt: it has spaces in it, or is missing before the first delimiter of a multipart."""
    if line.startswith(b"--"):
        return any(
            name == b"content-type" and len(line) > 2 and any(line[2:].rstrip() in one for one in values[:_TYPE_LINES])
            for name, values in fields
        )
    return bool(before) and not before.strip()


def _made(fields: list[tuple[bytes, list[bytes]]], troubles: list[str]) -> Header:
    declared = next(
        (
            found[1].decode("ascii")
            for name, lines in fields
            if name == b"content-type" and (found := _CHARSET.search(b"".join(lines)[:2_000]))
        ),
        "",
    )
    values = [(name.decode("ascii"), b"".join(lines)) for name, lines in fields]
    texts = tuple((name, _text(value, declared)) for name, value in values)
    if any(not value.isascii() for _, value in values):
        troubles = [*troubles, "the header has characters beyond ASCII that are not encoded"]
    return Header(texts, tuple(dict.fromkeys(troubles)), declared)


def _text(value: bytes, declared: str) -> str:
    return value.decode("ascii") if value.isascii() else decode(value, declared).text


def unencoded(value: str) -> str:
    """A value with its encoded words (RFC 2047) decoded; characters that were split between two words are whole again."""
    parts = list(_parts(value[:VALUE_AT_MOST]))
    return "".join(_joined(parts))


def _parts(value: str) -> Iterator[tuple[str, bytes] | str]:
    """Plain text and encoded words, as bytes with their charset."""
    at = 0
    while (start := _WORD.search(value, at)) is not None:
        end = value.find("?=", start.end())
        if end < 0:
            break
        data = _bytes(start[2].lower(), value[start.end() : end])
        nested = value.find("=?", start.end(), end)
        if data is None or nested >= 0:
            stop = nested if nested >= 0 else start.end()
            yield value[at:stop]
            at = stop
            continue
        if start.start() > at:
            yield value[at : start.start()]
        yield start[1].partition("*")[0], data
        at = end + 2
    yield value[at:]


def _bytes(encoding: str, text: str) -> bytes | None:
    raw = text.encode("utf-8", "replace")
    if encoding == "q":
        return quopri.decodestring(raw.replace(b"_", b"=20").replace(b" ", b"=20"), header=False)
    packed = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    try:
        return base64.b64decode(packed[: len(packed) - (len(packed) % 4 == 1)] + b"=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return None


def _joined(parts: Iterable[tuple[str, bytes] | str]) -> Iterator[str]:
    charset, pending, gap = "", b"", ""
    for part in parts:
        if isinstance(part, str):
            if pending and not part.strip():
                gap = part
                continue
            yield from (decode(pending, charset).text, part) if pending else (part,)
            charset, pending, gap = "", b"", ""
        elif pending and part[0].lower() == charset.lower():
            pending, gap = pending + part[1], ""
        else:
            yield decode(pending, charset).text if pending else ""
            (charset, pending), gap = part, ""
    yield decode(pending, charset).text if pending else ""
    yield gap
