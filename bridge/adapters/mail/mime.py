"""The tree of a mail's parts, found without recursion into what it holds: depth, number and work are bounded.

The standard library's parser goes into every nested message and compares each line with every open boundary: a few kilobytes of nested
parts exhaust its recursion, and a large mail with a hundred of them takes minutes. Here each level is searched once.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from typing import Final

from bridge.adapters.mail.headers import Header, split, split_part

DEPTH_AT_MOST: Final = 20
PARTS_AT_MOST: Final = 1_000
_GUESSED: Final = re.compile(rb"(?<![^\r\n])--([^\s-][^\r\n]{0,68}[^\s])[ \t]*\r?\n[A-Za-z-]{1,60}:")
_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,100}")
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_DELIMITED: Final = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_PADDING: Final = re.compile(rb"=[=\s]*")
_LINE: Final = re.compile(rb"([\r\n]*)([^\r\n]+)")
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}[ \t]*")


@dataclass(frozen=True)
class Part:
    """One part: its header, its content as it came, and the parts in it; `troubles` says what is wrong with its form."""

    header: Header
    raw: bytes = field(repr=False)
    default: str = "text/plain"
    children: tuple[Part, ...] = ()
    around: tuple[bytes, ...] = ()
    troubles: tuple[str, ...] = ()
    too_deep: bool = False

    @cached_property
    def message(self) -> Message:
        """The fields that describe the content."""
        return self.header.message()

    @cached_property
    def type(self) -> str:
        """The media type, `text/plain` where there is none or nonsense."""
        if self.too_deep:
            return "message/rfc822"
        given = self.header.get("content-type").split(";", 1)[0].strip().lower()
        return given if _TYPE.fullmatch(given) else self.default if not given else "text/plain"

    @property
    def main(self) -> str:
        """The first half of the media type."""
        return self.type.partition("/")[0]

    @cached_property
    def disposition(self) -> str:
        """`attachment`, `inline`, something else, or empty."""
        return self.header.get("content-disposition").split(";", 1)[0].strip().lower()[:40]

    def parameter(self, name: str, header: str = "content-type") -> str:
        """A parameter of a header field, empty where there is none or it cannot be read."""
        try:
            value = self.message.get_param(name, "", header)
        except Exception:  # noqa: BLE001 - the library raises a dozen kinds of error for parameters that are broken
            return ""
        return value[2] if isinstance(value, tuple) else str(value or "")

    @cached_property
    def content(self) -> bytes:
        """The content without its transfer encoding; as it came where that is broken."""
        encoding = self.header.get("content-transfer-encoding").split(";", 1)[0].strip(" \t\"'.").lower()
        if encoding == "base64":
            return _base64(self.raw, is_text=self.main == "text")
        if encoding in {"quoted-printable", "quotedprintable", "quoted_printable"}:
            return binascii.a2b_qp(self.raw)
        if encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
            return self._uudecoded()
        return self.raw

    def _uudecoded(self) -> bytes:
        holder = Message()
        holder["content-transfer-encoding"] = "x-uuencode"
        holder.set_payload(self.raw.decode("ascii", "surrogateescape"))
        try:
            found = holder.get_payload(decode=True)
        except Exception:  # noqa: BLE001 - broken lines raise errors of several modules
            return self.raw
        return found if isinstance(found, bytes) and found else self.raw


def _base64(raw: bytes, *, is_text: bool) -> bytes:
    """Decoded as far as it is Base64; plain text that is none at all stays, and so does what a list appended to a text."""
    packed, below = _above_footer(raw) if is_text else (raw, b"")
    chunks = _PADDING.split(packed)
    if not _is_base64(chunks[0]):
        return raw
    decoded: list[bytes] = []
    for i, chunk in enumerate(chunks):
        if not _is_base64(chunk):
            decoded.extend((b"\n", b"=".join(chunks[i:])) if is_text else ())
            break
        bare = chunk.translate(None, _NOT_BASE64)
        whole = bare[: len(bare) - (len(bare) % 4 == 1)]
        decoded.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join((*decoded, below))


def _above_footer(raw: bytes) -> tuple[bytes, bytes]:
    """Base64, and what stands below it where no padding shows its end: from the first line that is none, or is a word."""
    lines = list(_LINE.finditer(raw))
    usual = len(lines[0][2].rstrip()) if lines else 0
    for line in lines:
        at, size = line.start(), len(line[2].rstrip())
        if not _BASE64_LINE.fullmatch(line[2]):
            return (raw, b"") if _is_base64(raw[at:]) else (raw[:at], raw[at:])
        if b"=" in line[2]:
            break
        if size % 4 and size != usual and (line is not lines[-1] or len(line[1]) > len(b"\r\n")):
            return raw[:at], raw[at:]
    return raw, b""


def _is_base64(chunk: bytes) -> bool:
    """Whether nearly all of it belongs to the alphabet, without the spaces that prose has."""
    visible = len(chunk.translate(None, b" \t\r\n"))
    foreign = visible - len(chunk.translate(None, _NOT_BASE64))
    return 20 * foreign <= visible and 20 * chunk.strip().count(b" ") <= len(chunk)


def tree(data: bytes) -> Part:
    """The tree of a whole message."""
    return _Builder(data).part(0, len(data), "text/plain", 0)


class _Builder:
    """Splits one message; the parts share its budget."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = PARTS_AT_MOST

    def part(self, start: int, stop: int, default: str, depth: int) -> Part:
        self.left -= 1
        is_digest = default == "message/rfc822"
        header, body = (
            split_part(self.data, start, stop, strictly=is_digest) if depth else split(self.data, start, stop)
        )
        leaf = Part(header, b"", default)
        if leaf.main != "multipart":
            return Part(header, self.data[body:stop], default)
        if depth >= DEPTH_AT_MOST:
            return Part(
                header,
                self.data[start:stop],
                default,
                troubles=(f"parts nested deeper than {DEPTH_AT_MOST} are left together",),
                too_deep=True,
            )
        return self._multipart(leaf, body, stop, depth)

    def _multipart(self, leaf: Part, body: int, stop: int, depth: int) -> Part:
        found = next(
            filter(None, (self._delimiters(one, body, stop) for one in self._boundaries(leaf, body, stop))), []
        )
        if not found:
            return Part(leaf.header, self.data[body:stop], leaf.default, troubles=("its parts are not marked off",))
        default = "message/rfc822" if leaf.type == "multipart/digest" else "text/plain"
        children, troubles = [], []
        for i, (_, after, closing) in enumerate(found):
            if closing:
                break
            if self.left <= 0:
                troubles.append(f"it has more than {PARTS_AT_MOST} parts; the rest is left out")
                break
            end = found[i + 1][0] if i + 1 < len(found) else stop
            children.append(self.part(min(after, end), end, default, depth + 1))
        else:
            troubles.append("its end is missing")
        last = found[-1]
        around = (self.data[body : found[0][0]], self.data[last[1] : stop] if last[2] else b"")
        return Part(leaf.header, b"", leaf.default, tuple(children), around, tuple(troubles))

    def _boundaries(self, leaf: Part, body: int, stop: int) -> Iterator[bytes]:
        """The boundary that is given, else what looks like one."""
        given = leaf.parameter("boundary").rstrip()
        if given:
            yield given.encode("utf-8", "surrogateescape")
        guessed = _GUESSED.search(self.data, body, min(stop, body + 10_000))
        if guessed:
            yield guessed[1]

    def _delimiters(self, boundary: bytes, start: int, stop: int) -> list[tuple[int, int, bool]]:
        """Where each delimiter begins, with the line end before it, and ends, and whether it is the closing one."""
        mark = b"--" + boundary
        found: list[tuple[int, int, bool]] = []
        at = self.data.find(mark, start, stop)
        while at >= 0 and len(found) <= PARTS_AT_MOST:
            after = _DELIMITED.match(self.data, at + len(mark), stop)
            if after is not None and (at == start or self.data[at - 1] in b"\r\n"):
                found.append((_before_line_end(self.data, start, at), after.end(), after[1] is not None))
                if after[1] is not None:
                    break
            at = self.data.find(mark, at + len(mark), stop)
        return found


def _before_line_end(data: bytes, start: int, at: int) -> int:
    """Where the line end before a delimiter begins: it belongs to the delimiter."""
    if at - 2 >= start and data[at - 2 : at] == b"\r\n":
        return at - 2
    return max(at - 1, start)
