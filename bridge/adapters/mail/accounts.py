"""Addresses of mail servers, and what is needed to log in there; refuses what would give the password away."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from bridge.adapters.hosts import is_loopback
from bridge.adapters.trust import trusting
from bridge.errors import PermanentError


class Security(StrEnum):
    """How a connection is kept from being read: TLS from the first byte, TLS before anything else is said, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


PORTS: Final = {
    "imaps": (Security.TLS, 993),
    "imap+starttls": (Security.STARTTLS, 143),
    "imap": (Security.PLAIN, 143),
    "smtps": (Security.TLS, 465),
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtp": (Security.PLAIN, 25),
}
EXAMPLES: Final = {
    "imap": "imaps://presale%40example.com@mail.example.com or imap+starttls://presale@mail.example.com:143",
    "smtp": "smtps://presale%40example.com@mail.example.com or smtp+starttls://presale@mail.example.com:587",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a connection, for an answer, and for the answer to a whole mail (wall time)."""

    connect: timedelta = timedelta(seconds=10)
    read: timedelta = timedelta(seconds=60)
    verdict: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class MailAccount:
    """A server and the account there; without `user` nobody logs in (an SMTP server that takes mail from this machine).

    `ca` is a file with certificates to trust beside the system's. The password shows in no text made of this.
    """

    protocol: str
    security: Security
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    @staticmethod
    def imap(url: str, password: str, *, ca: str = "", plain: frozenset[str] = frozenset()) -> MailAccount:
        """A mailbox's server: `imaps://`, `imap+starttls://`, or `imap://` for a loopback host that `plain` names.

        Raises:
            PermanentError: the address is none of these or has no user, there is no password, or it would go over the wire readable.
        """
        account = _account("imap", url, password, ca)
        if not account.user:
            raise PermanentError(f"The address of the IMAP server lacks the user. {_how('imap')}")
        return _allowed(account, plain)

    @staticmethod
    def smtp(url: str, password: str, *, ca: str = "", plain: frozenset[str] = frozenset()) -> MailAccount:
        """A server that takes mail: `smtps://`, `smtp+starttls://`, or `smtp://` for a loopback host that `plain` names.

        Raises:
            PermanentError: as `imap` does; the user may be missing.
        """
        return _allowed(_account("smtp", url, password, ca), plain)

    def tls(self) -> ssl.SSLContext:
        """Certificates and host names are always verified.

        Raises:
            PermanentError: the file of certificates cannot be used.
        """
        return trusting(self.ca)

    def __str__(self) -> str:
        """As messages name it."""
        return f"{self.protocol.upper()} server {self.host}:{self.port}"


def _account(protocol: str, url: str, password: str, ca: str) -> MailAccount:
    parts = _split(protocol, url)
    security, port = PORTS[parts.scheme]
    user = unquote(parts.username or "")
    if not (user + password).isprintable():
        raise PermanentError(f"The user or the password of the {protocol.upper()} server has control characters in it")
    if user and not password:
        raise PermanentError(f"The password of {user} on the {protocol.upper()} server {parts.hostname} is not set")
    return MailAccount(protocol, security, parts.hostname or "", parts.port or port, user, password if user else "", ca)


def _split(protocol: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in PORTS and parts.scheme.startswith(protocol) and bool(parts.hostname)
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise PermanentError(f"The address of the {protocol.upper()} server is not one. {_how(protocol)}")
    if parts.password is not None:
        raise PermanentError(f"The address of the {protocol.upper()} server has a password in it. {_how(protocol)}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise PermanentError(f"The address of the {protocol.upper()} server goes on after the port. {_how(protocol)}")
    return parts


def _allowed(account: MailAccount, plain: frozenset[str]) -> MailAccount:
    if account.security is Security.PLAIN and not (is_loopback(account.host) and account.host in plain):
        raise PermanentError(
            f"{account.protocol}:// to {account.host} would send mails and the password in the clear; use "
            f"{account.protocol}s:// or {account.protocol}+starttls:// (without TLS only a host of this machine, allowed by name)"
        )
    return account


def _how(protocol: str) -> str:
    return f"Set it to something like {EXAMPLES[protocol]}; the password is given beside it"
