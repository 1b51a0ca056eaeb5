"""Signed mails in one piece (S/MIME, RFC 8551 3.5.2): their content, without a judgement about the signature."""

from __future__ import annotations

from typing import Final

_SIGNED: Final = bytes.fromhex("2a864886f70d010702")
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_OID, _SEQUENCE, _FIRST, _OCTETS, _CONSTRUCTED_OCTETS, _SET, _INTEGER = 0x06, 0x30, 0xA0, 0x04, 0x24, 0x31, 0x02
_INDEFINITE: Final = -1
_DEPTH_AT_MOST: Final = 8
_PIECES_AT_MOST: Final = 100_000


class _BrokenError(ValueError):
    """These bytes are no such structure."""


def signed_content(data: bytes) -> bytes | None:
    """What was signed; None where this is something else (enciphered, only certificates, broken)."""
    try:
        return _content(_Cursor(data))
    except (_BrokenError, IndexError):
        return None


class _Cursor:
    """Walks over BER values, those of indefinite length too."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def open(self, expected: int) -> int:
        """Go into a value of this tag; its length, or `_INDEFINITE`."""
        tag, length = self.data[self.at], self.data[self.at + 1]
        if tag != expected:
            raise _BrokenError
        self.at += 2
        if length < 0x80:
            return length
        if length == 0x80:
            return _INDEFINITE
        count = length & 0x7F
        if count > 4:
            raise _BrokenError
        size = int.from_bytes(self.data[self.at : self.at + count], "big")
        self.at += count
        return size

    def take(self, expected: int) -> bytes:
        """A primitive value's bytes."""
        length = self.open(expected)
        if length < 0 or self.at + length > len(self.data):
            raise _BrokenError
        self.at += length
        return self.data[self.at - length : self.at]

    def skip(self, expected: int) -> None:
        """Go past a value of known length."""
        self.take(expected)

    def tag(self) -> int:
        """The tag of the next value."""
        return self.data[self.at]


def _content(cursor: _Cursor) -> bytes:
    cursor.open(_SEQUENCE)
    if cursor.take(_OID) != _SIGNED:
        raise _BrokenError
    cursor.open(_FIRST)
    cursor.open(_SEQUENCE)
    cursor.skip(_INTEGER)
    cursor.skip(_SET)
    cursor.open(_SEQUENCE)
    if cursor.take(_OID) != _DATA:
        raise _BrokenError
    cursor.open(_FIRST)
    return _octets(cursor, 0)


def _octets(cursor: _Cursor, depth: int) -> bytes:
    """An octet string, in one piece or in many."""
    if cursor.tag() == _OCTETS:
        return cursor.take(_OCTETS)
    if depth > _DEPTH_AT_MOST:
        raise _BrokenError
    length = cursor.open(_CONSTRUCTED_OCTETS)
    end = len(cursor.data) if length < 0 else cursor.at + length
    pieces: list[bytes] = []
    while cursor.at < end and cursor.data[cursor.at : cursor.at + 2] != b"\x00\x00" and len(pieces) < _PIECES_AT_MOST:
        pieces.append(_octets(cursor, depth + 1))
    cursor.at += 2 if length < 0 else 0
    return b"".join(pieces)
