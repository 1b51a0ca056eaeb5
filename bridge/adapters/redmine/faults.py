"""What can go wrong between the bridge and Redmine, and which of the bridge's errors it is: the only place that decides this.

Reading: time-outs, lost connections, 429 and 5xx are temporary. Writing: what was certainly not done is told so (no connection, 429, 409),
everything else that leaves it open is an unknown outcome (W3). The texts name the request's path and Redmine's own sentence, never
a header: the key is in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from requests import ConnectTimeout, Response, Timeout, TooManyRedirects
from requests.exceptions import ChunkedEncodingError, InvalidHeader, InvalidSchema, InvalidURL, SSLError
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from bridge.adapters.redmine.bounded import TooBigError
from bridge.errors import (
    BridgeError,
    InvalidError,
    NotDoneError,
    NotFoundError,
    PermanentError,
    TemporaryError,
    UnknownOutcomeError,
)

NOT_SENT: Final = (ConnectTimeoutError, NewConnectionError, NameResolutionError)
NO_TUNNEL: Final = "Tunnel connection failed"
"""What `http.client` says when the proxy did not connect us."""
GONE: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, as far as an error may show it."""

    method: str
    path: str
    host: str

    @staticmethod
    def of(method: str, url: str) -> Sent:
        """Without query, user and password."""
        parts = urlsplit(url)
        return Sent(method.upper(), parts.path, parts.hostname or "")

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method not in {"GET", "HEAD"}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def of_failure(sent: Sent, error: Exception) -> BridgeError:
    """The error for a request that got no (whole) answer."""
    if isinstance(error, TooManyRedirects):
        return PermanentError(f"{sent}: {_redirect(error.response)}; redirects are not followed: correct REDMINE_URL")
    if isinstance(error, InvalidSchema):
        return PermanentError(f"{sent}: {sent.host} is not Redmine's address; nothing was sent there")
    if isinstance(error, (InvalidURL, InvalidHeader)):
        return PermanentError(f"{sent}: the request cannot be made; correct REDMINE_URL and the key")
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return PermanentError(f"{sent}: the certificate of {sent.host} is not trusted; give the bridge your CA's file")
    if was_not_sent(error):
        return _not_done(sent, f"no connection to {sent.host} ({_kind(error)})")
    if sent.writes:
        return UnknownOutcomeError(f"{sent}: sent, but no whole answer came ({_kind(error)}); it may have been done")
    return TemporaryError(f"{sent}: no whole answer from {sent.host} ({_kind(error)})")


def was_not_sent(error: Exception) -> bool:
    """Whether no connection was made, so that nothing can have been done. A proxy's error may also be a connection lost after the request."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, ProxyError):
        return isinstance(reason.original_error, NOT_SENT) or NO_TUNNEL in str(reason.original_error)
    return isinstance(error, ConnectTimeout) or isinstance(reason, NOT_SENT)


def of_status(sent: Sent, response: Response) -> BridgeError | None:
    """The error for an answer that is none of success."""
    status = response.status_code
    if status in {200, 201, 204}:
        return None
    if status in GONE:
        return NotFoundError(f"{sent}: not there, or hidden from the bridge's account ({status})")
    if status in {409, 429}:
        return _not_done(sent, f"Redmine answered {status}, nothing was done; it may work later")
    if status >= 500 or status == 408:
        return _server(sent, status)
    return _refused(sent, status, response)


def _not_done(sent: Sent, why: str) -> BridgeError:
    return NotDoneError(f"{sent}: {why}") if sent.writes else TemporaryError(f"{sent}: {why}")


def _server(sent: Sent, status: int) -> BridgeError:
    if sent.writes:
        return UnknownOutcomeError(f"{sent}: Redmine answered {status}; it may have been done all the same")
    return TemporaryError(f"{sent}: Redmine answered {status}")


def _refused(sent: Sent, status: int, response: Response) -> BridgeError:
    match status:
        case 401:
            return PermanentError(
                f"{sent}: Redmine does not accept the API key (401); is REST switched on, and the account active?"
            )
        case 403 if sent.writes:
            return PermanentError(f"{sent}: the bridge's account lacks the right (403), or the project is closed")
        case 403:
            return NotFoundError(f"{sent}: hidden from the bridge's account (403)")
        case 413:
            return InvalidError(f"{sent}: too big for Redmine (413)")
        case 422:
            return InvalidError(f"{sent}: Redmine refused: {_sentence(response)}")
        case _ if 300 <= status < 400:
            return PermanentError(f"{sent}: {_redirect(response)}; correct REDMINE_URL")
    return PermanentError(f"{sent}: Redmine answered {status}")


def nonsense(sent: Sent, what: str) -> BridgeError:
    """The error for an answer that says success and cannot be understood."""
    if sent.writes:
        return UnknownOutcomeError(f"{sent}: the answer is {what}; it may have been done")
    return TemporaryError(f"{sent}: the answer is {what}")


@contextmanager
def understanding(method: str, path: str) -> Iterator[None]:
    """Where an answer is made into values of ours: JSON that is not what Redmine writes is nonsense. Nothing of it is quoted but keys.

    Raises:
        BridgeError: see `nonsense`.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        lacks = f"without {error}" if isinstance(error, KeyError) else f"with something else in it ({_kind(error)})"
        raise nonsense(Sent(method, path, ""), f"not what Redmine writes: JSON {lacks}") from error


def _sentence(response: Response) -> str:
    """Redmine's own words; a list of sentences, each maybe a pair of attribute and sentence."""
    try:
        errors = response.json()["errors"]
    except (ValueError, KeyError, TypeError):
        return "without saying why"
    words = (": ".join(map(str, error)) if isinstance(error, list) else str(error) for error in errors)
    return "; ".join(words) or "without saying why"


def _redirect(response: Response | None) -> str:
    target = urlsplit(response.headers.get("Location", "") if response is not None else "")
    return f"the address redirects to {target.scheme or 'the same scheme'}://{target.hostname or 'the same host'}"


def _kind(error: Exception) -> str:
    if isinstance(error, ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, TooBigError):
        return str(error)
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None) or inner
    if isinstance(error, Timeout) or isinstance(reason, (TimeoutError, ReadTimeoutError)):
        return "time-out"
    return type(reason if isinstance(reason, Exception) else error).__name__
