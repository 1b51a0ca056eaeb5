"""Reading a request's body: never more of it than is allowed, and never for longer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import ClientDisconnect, Request

from bridge.web.hooks import JSON, Fate


@dataclass(frozen=True, slots=True)
class Bounds:
    """How big a body may be, in bytes, and how long it may take to come."""

    size: int = 1024 * 1024
    within: timedelta = timedelta(seconds=10)


class BodyError(Exception):
    """The body is not taken; the text is for the sender."""

    def __init__(self, fate: Fate, sentence: str) -> None:
        super().__init__(sentence)
        self.fate = fate


async def whole(request: Request, bounds: Bounds) -> bytes:
    """The body.

    Raises:
        BodyError: of another type, too big, too slow, or cut off.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise BodyError(Fate.WRONG_TYPE, f"the body has to be {JSON}")
    told = request.headers.get("content-length", "0")
    if not told.isascii() or not told.isdigit() or int(told) > bounds.size:
        raise _too_big(bounds)
    try:
        async with asyncio.timeout(bounds.within.total_seconds()):
            return await _pieces(request, bounds)
    except TimeoutError:
        raise BodyError(Fate.SLOW, f"the body did not come within {bounds.within.total_seconds():g} seconds") from None
    except ClientDisconnect:
        raise BodyError(Fate.CUT_OFF, "the body was cut off") from None


async def _pieces(request: Request, bounds: Bounds) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > bounds.size:
            raise _too_big(bounds)
    return bytes(body)


def _too_big(bounds: Bounds) -> BodyError:
    return BodyError(Fate.OVERSIZED, f"the body has more than {bounds.size} bytes; the ticket is found by polling")
