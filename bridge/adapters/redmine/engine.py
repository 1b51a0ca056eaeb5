"""The transport under python-redmine: time-outs that apply, retries for reading only, no redirects, no cookies, one kind of error.

Each point mends a trap of python-redmine 2.5.0: time-outs given in `requests=` are ignored (3), nothing is retried (4), errors of five
kinds come out (5), headers are shared between objects and lose gzip (6, 7), and the key follows a redirect to another host (8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

from redminelib.engines import SyncEngine  # type: ignore[import-untyped]
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError, InvalidHeader

from bridge.adapters.redmine import bounded, faults
from bridge.adapters.redmine.meter import UNMEASURED, Meter, Outcome
from bridge.adapters.trust import trusting
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Self

READING: Final = frozenset({"GET", "HEAD"})
PASSING: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long Redmine is waited for (wall time), and how often reading is tried again; writing never is (W3).

    A whole answer takes at most four times `read` (see `bounded`), and has at most so many bytes, unpacked.
    """

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=30)
    retries: int = 3
    backoff: timedelta = timedelta(seconds=0.5)
    retry_after_at_most: timedelta = timedelta(seconds=30)
    at_most: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Answer:
    """What Redmine answered: the JSON (empty for 204), and its clock where the answer has a Date header."""

    payload: Mapping[str, Any]
    at: datetime | None


class PoliteRetry(Retry):
    """Retries of reading; waits as long as Redmine asks, up to a cap."""

    cap: float = 30.0
    meter: Meter = UNMEASURED

    def new(self, **changes: Any) -> Self:
        """The next state; urllib3 knows neither of the cap nor of the meter."""
        fresh = super().new(**changes)
        fresh.cap, fresh.meter = self.cap, self.meter
        return fresh

    def increment(
        self, method: str | None = None, url: str | None = None, response: Any = None, *args: Any, **options: Any
    ) -> Self:
        """One try more, which is counted; raises when there are none left, or the method must not be tried again.

        urllib3 asks for the method after time-outs and lost connections only: not after an error of TLS, nor of a proxy's, although the
        request may have been sent then.
        """
        error = options.get("error")
        if error is not None and method not in READING and not self._is_connection_error(error):
            raise error
        fresh = super().increment(method, url, response, *args, **options)
        self.meter.repeats(method or "", str(response.status) if response is not None else "no answer")
        return fresh

    def parse_retry_after(self, retry_after: str) -> float:
        """Seconds to wait; nonsense counts as none."""
        try:
            return min(super().parse_retry_after(retry_after), self.cap)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0


class TimedAdapter(HTTPAdapter):
    """Gives every request the time-outs and the bounds, also those of python-redmine itself; `tls` says whose certificates are believed."""

    def __init__(self, patience: Patience, meter: Meter = UNMEASURED, tls: SSLContext | None = None) -> None:
        self._tls = tls
        self._at_most = patience.at_most
        self._timeout = (patience.connect.total_seconds(), patience.read.total_seconds())
        super().__init__(max_retries=_retry(patience, meter))

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send one request, and read the whole answer."""
        options["timeout"] = options.get("timeout") or self._timeout
        return bounded.take(super().send(request, *args, **options), self._at_most)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **options, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = dict(bounded.POOLS)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options, ssl_context=self._tls)
        manager.pool_classes_by_scheme = dict(bounded.POOLS)
        return manager

    def cert_verify(self, *args: Any) -> None:
        """Nothing to add: requests would trust its own list of authorities beside those of `tls`."""


def _retry(patience: Patience, meter: Meter) -> Retry:
    retry = PoliteRetry(
        total=patience.retries,
        allowed_methods=READING,
        status_forcelist=PASSING,
        backoff_factor=patience.backoff.total_seconds(),
        backoff_jitter=patience.backoff.total_seconds(),
        raise_on_status=False,
        redirect=False,
    )
    retry.cap, retry.meter = patience.retry_after_at_most.total_seconds(), meter
    return retry


class BridgeEngine(SyncEngine):  # type: ignore[misc]  # python-redmine has no types
    """python-redmine's engine with the bridge's manners. For one thread."""

    @staticmethod
    def create_session(**params: Any) -> Session:
        """A session of its own; `params` are the `requests=` options of python-redmine."""
        session = Session()
        session.headers.update({"User-Agent": "presale-bridge", **params.get("headers", {})})
        session.params = dict(params.get("params", {}))
        session.stream = params.get("stream", False)
        session.trust_env = not params.get(
            "loopback", False
        )  # a company's proxy is used, but not to reach this machine
        session.auth = _no_auth  # and nothing of ~/.netrc is sent
        session.max_redirects = 0
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.adapters.clear()  # nothing but Redmine is spoken to: the key goes to no other host (trap 8)
        session.mount(
            params["origin"],
            TimedAdapter(
                params.get("patience", Patience()), params.get("meter", UNMEASURED), trusting(params.get("ca", ""))
            ),
        )
        return session

    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        data: Any = None,
    ) -> Any:
        """Send one request; what python-redmine expects back.

        Raises:
            BridgeError: see `faults`.
        """
        with self._measured(method):
            response = self._respond(method, url, headers, params, data)
            if self.ignore_response or not self.return_response:
                return None
            if self.return_raw_response:
                return response
            return _payload(method, url, response) or True

    def ask(self, method: str, url: str, params: dict[str, Any] | None = None, data: Any = None) -> Answer:
        """Send one request; the JSON and the server's time.

        Raises:
            BridgeError: see `faults`.
        """
        with self._measured(method):
            response = self._respond(method, url, None, params, data)
            return Answer(_payload(method, url, response), _date(response))

    def fetch(self, url: str) -> bytes:
        """The bytes of a file.

        Raises:
            BridgeError: see `faults`.
        """
        with self._measured("get"):
            return self._respond("get", url, None, None, None).content

    @contextmanager
    def _measured(self, method: str) -> Iterator[None]:
        meter: Meter = self.requests.get("meter", UNMEASURED)
        ended = meter.asks(method.upper())
        try:
            yield
        except BridgeError as error:
            ended(Outcome.of(error))
            raise
        ended(Outcome.DONE)

    def _respond(
        self, method: str, url: str, headers: dict[str, str] | None, params: dict[str, Any] | None, data: Any
    ) -> Response:
        options = self.construct_request_kwargs(method.lower(), headers, params, data)
        outcome = self._send(method, url, options)
        if isinstance(outcome, BridgeError):
            raise outcome  # outside of `except`: no trace of the request, which has the key
        if (fault := faults.of_status(faults.Sent.of(method, url), outcome)) is not None:
            raise fault
        return outcome

    def _send(self, method: str, url: str, options: dict[str, Any]) -> Response | BridgeError:
        try:
            return self.session.request(method.upper(), url, **options)  # type: ignore[no-any-return]
        except (RequestException, HTTPError, OSError) as error:
            return faults.of_failure(faults.Sent.of(method, url), error)


def _no_auth(request: PreparedRequest) -> PreparedRequest:
    return request


def _payload(method: str, url: str, response: Response) -> Mapping[str, Any]:
    if not response.content.strip():
        return {}
    sent = faults.Sent.of(method, url)
    try:
        payload = response.json()
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise faults.nonsense(sent, f"no JSON object, but {response.headers.get('Content-Type', 'something else')}")
    return payload


def _date(response: Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
