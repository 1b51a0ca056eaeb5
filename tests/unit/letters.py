"""Mails for the tests, as bytes: small ones written by hand, and what reads them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from bridge.adapters.mail.parsing import read_letter
from bridge.core.letter import Letter
from bridge.core.policy import MailLimits

ARRIVED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
HEAD = {
    "From": "Ivan <ivan@example.com>",
    "To": "presale@example.org",
    "Subject": "Question",
    "Date": "Mon, 23 Nov 2026 13:15:00 +0300",
    "Message-ID": "<one@example.com>",
}


def raw(body: bytes | str = b"Hello", content_type: str = "text/plain; charset=utf-8", **headers: str) -> bytes:
    """A mail; underscores in the names of headers stand for hyphens, an empty value leaves a header out."""
    given = HEAD | {"Content-Type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in given.items() if value]
    data = body if isinstance(body, bytes) else body.encode()
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + data


def multipart(*parts: bytes, kind: str = "mixed", **headers: str) -> bytes:
    """A mail of parts, each made by `part`."""
    return raw(joined(*parts), f'multipart/{kind}; boundary="=_b"', **headers)


def joined(*parts: bytes, boundary: bytes = b"=_b") -> bytes:
    """The body of a multipart."""
    return b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + boundary + b"--\r\n"


def part(body: bytes | str, content_type: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    """One part, with more headers as whole lines."""
    data = body if isinstance(body, bytes) else body.encode()
    return "\r\n".join((f"Content-Type: {content_type}", *headers)).encode() + b"\r\n\r\n" + data


def attachment(name: str, content: bytes = b"data", kind: str = "application/octet-stream") -> bytes:
    """A part that is a file."""
    return part(
        base64.encodebytes(content),
        kind,
        f'Content-Disposition: attachment; filename="{name}"',
        "Content-Transfer-Encoding: base64",
    )


def read(mail: bytes, authserv: str = "", **limits: Any) -> Letter:
    """The mail as the bridge sees it."""
    return read_letter(mail, ARRIVED, MailLimits(**limits), authserv)


def letter(body: str = "Hello", **headers: str) -> Letter:
    """A plain mail, read."""
    return read(raw(body, **headers))
