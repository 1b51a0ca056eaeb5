"""Where Redmine is and how it is spoken to; refuses what would give the key away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit, urlunsplit

from redminelib import Redmine  # type: ignore[import-untyped]

from bridge.adapters.hosts import is_loopback
from bridge.adapters.redmine.engine import BridgeEngine, Patience
from bridge.adapters.redmine.meter import UNMEASURED, Meter
from bridge.errors import PermanentError

HOW = "Set REDMINE_URL to something like https://redmine.example.com"


@dataclass(frozen=True, slots=True)
class Connection:
    """Redmine's address and the account's key.

    `plain_http` names the hosts that may be spoken to without TLS; loopback always may. `ca` is a file with the certificates to trust
    beside the system's. `meter` is told of each request.
    """

    url: str
    key: str = field(repr=False)
    plain_http: frozenset[str] = frozenset()
    patience: Patience = field(default_factory=Patience)
    ca: str = ""
    meter: Meter = field(default=UNMEASURED, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an address or a key that cannot be used.

        Raises:
            PermanentError: the address is no URL, has a password in it, or is plain http; the key has characters that no key has.
        """
        parts = _split(self.url)
        if parts.scheme == "http" and not (is_loopback(parts.hostname or "") or parts.hostname in self.plain_http):
            raise PermanentError(
                f"Plain http to {parts.hostname} would send the API key in the clear; use https, or allow this host by name"
            )
        if not (self.key.isascii() and self.key.isalnum()):
            raise PermanentError(
                "The API key is empty or has characters that no key has; copy it from the account's page"
            )


def connect(connection: Connection, login: str = "") -> Redmine:
    """A python-redmine object over the bridge's engine; nothing is sent yet. For one thread (library trap 1).

    `login` is whose name an administrator's key acts in.

    Raises:
        PermanentError: the file with certificates cannot be used.
    """
    parts = _split(connection.url)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    requests = {
        "patience": connection.patience,
        "loopback": is_loopback(parts.hostname or ""),
        "origin": f"{url}/",
        "ca": connection.ca,
        "meter": connection.meter,
    }
    return Redmine(url, key=connection.key, engine=BridgeEngine, requests=requests, impersonate=login or None)


def impatient(connection: Connection) -> Connection:
    """The same without retries and with short time-outs, for a question a person waits for."""
    short = Patience(connect=timedelta(seconds=3), read=timedelta(seconds=10), retries=0)
    return replace(connection, patience=short)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise PermanentError(f"Redmine's address is not one. {HOW}")
    if parts.username is not None or parts.query or parts.fragment:
        raise PermanentError(f"Redmine's address has a password, a query or a fragment in it. {HOW}")
    return parts
