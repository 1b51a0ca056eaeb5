"""What can go wrong between the bridge and the mail servers, and which of the bridge's errors it is: the only place that decides this.

The texts name the server and its own sentence, never a command: the password is in one.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from typing import TYPE_CHECKING, Final

from imap_tools.errors import UnexpectedCommandStatusError

from bridge.errors import BridgeError, OutOfReachError, PermanentError, TemporaryError

if TYPE_CHECKING:
    from bridge.adapters.mail.accounts import MailAccount

FOR_GOOD: Final = frozenset(
    {"NOPERM", "CANNOT", "NONEXISTENT", "PRIVACYREQUIRED", "CONTACTADMIN", "EXPIRED", "AUTHORIZATIONFAILED"}
)
FOR_NOW: Final = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA"})
LONGEST_QUOTE: Final = 200
Answer = tuple[str, list[object]]


class RefusedError(Exception):
    """A server said NO or BAD to a command; `words` are its own."""

    def __init__(self, command: str, answer: Answer) -> None:
        self.status, self.words = answer[0], in_words(answer[1])
        super().__init__(f"{command}: {self.status} {self.words}")
        self.command = command

    @property
    def code(self) -> str:
        """The response code (RFC 5530), as `NOPERM`; empty where there is none."""
        found = re.match(r"\[([A-Z-]+)", self.words)
        return found[1] if found else ""


def in_words(said: object) -> str:
    """A server's sentence, fit for a message and a log: one line, printable, not too long."""
    parts = said if isinstance(said, list) else [said]
    text = " ".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts if part)
    line = "".join(char if char.isprintable() else " " for char in text).strip()
    return line[:LONGEST_QUOTE] or "nothing"


def of_connection(account: MailAccount, error: Exception) -> BridgeError:
    """The error for a connection that could not be made, or was lost."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError(
            f"{account}: its certificate is not trusted ({error.verify_message}); correct the host's name or give the bridge your "
            "CA's file"
        )
    if isinstance(error, ssl.SSLError) and "WRONG_VERSION_NUMBER" in str(error):
        return PermanentError(f"{account}: it does not speak TLS there; correct the port, or use +starttls")
    if isinstance(error, TimeoutError):
        return OutOfReachError(f"{account}: no answer in time")
    if isinstance(error, socket.gaierror):
        return OutOfReachError(f"{account}: the name cannot be resolved")
    return OutOfReachError(f"{account}: no connection ({type(error).__name__})")


def of_imap(account: MailAccount, error: Exception) -> BridgeError:
    """The error for what an IMAP command raised."""
    if isinstance(error, BridgeError):
        return error
    if isinstance(error, UnexpectedCommandStatusError):
        status, said = error.command_result[0], list(error.command_result[1])
        return of_imap(
            account, RefusedError(type(error).__name__.removeprefix("Mailbox").removesuffix("Error"), (status, said))
        )
    if isinstance(error, RefusedError):
        kind = PermanentError if error.code in FOR_GOOD else TemporaryError
        return kind(f"{account}: {error.command} was refused: {error.words}")
    if isinstance(error, imaplib.IMAP4.readonly):
        return PermanentError(f"{account}: the folder may only be read; the bridge has to set its keyword there")
    if isinstance(error, imaplib.IMAP4.abort):
        return TemporaryError(f"{account}: the connection was lost in the middle")
    if isinstance(error, imaplib.IMAP4.error):
        return TemporaryError(f"{account}: an answer that is none ({in_words(str(error))})")
    return of_connection(account, error)


def of_login(account: MailAccount, words: str) -> BridgeError:
    """The error for a refused login to an IMAP server, in whose words."""
    code = re.search(r"\[([A-Z-]+)", words)
    if code and code[1] in FOR_NOW:
        return TemporaryError(f"{account}: nobody can log in now: {words}")
    return PermanentError(f"{account}: does not let {account.user} in: {words}. Correct the user or the password")


def of_smtp(account: MailAccount, step: str, code: int, said: object) -> BridgeError:
    """The error for an SMTP server's negative answer; with 421 it closes the connection (RFC 5321, 3.8)."""
    words = f"{account}: {step} was refused: {code} {in_words(said)}"
    if code == 421:
        return OutOfReachError(words)
    return TemporaryError(words) if 400 <= code < 500 else PermanentError(words)
