"""An answer of bounded time and size: a read time-out is for each piece, so that a server which drips or never ends would hold its reader."""

from __future__ import annotations

import io
from http.client import HTTPResponse
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from requests import RequestException, Response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from _typeshed import WriteableBuffer

TIME_OUTS: Final = 4
"""So many read time-outs may an answer take from its first byte to its last, headers included."""
CHUNK: Final = 64 * 2**10


class TooBigError(RequestException):
    """The answer has more bytes than are taken, as sent or when unpacked."""


def take(response: Response, at_most: int) -> Response:
    """The answer with its body read, like one that requests has read itself; bytes are counted as unpacked.

    Raises:
        RequestException: it was not whole, or TooBigError.
    """
    parts: list[bytes] = []
    taken = 0
    with response:
        for part in response.iter_content(CHUNK):
            taken += len(part)
            if taken > at_most:
                raise TooBigError(f"more than {at_most} bytes", response=response)
            parts.append(part)
    response._content = b"".join(parts)  # noqa: SLF001 - there is no other way to hand it over
    return response


class _Timely(io.RawIOBase):
    """A socket's bytes, until the time is up."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw = raw
        self._until = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if monotonic() > self._until:
            raise TimeoutError("the answer takes too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose time counts from when the request was sent."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Timely(self.fp.detach(), TIME_OUTS * seconds))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS: Final[Mapping[str, type[HTTPConnectionPool]]] = {"http": _Pool, "https": _SecurePool}
"""What connections are made by, for urllib3."""
