"""`bridge.mail_ports.Postman` over SMTP: one connection for each mail.

The outcome is unknown only from the moment the final dot leaves until its answer is read; what fails before was certainly not taken.
"""

from __future__ import annotations

import re
import smtplib
from base64 import b64encode
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from bridge.adapters.mail import faults
from bridge.adapters.mail.accounts import MailAccount, Patience, Security
from bridge.adapters.mail.submission import Submission
from bridge.errors import BridgeError, OutOfReachError, PermanentError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS: Final = re.compile(r"[^\s<>@\"(),:;\\\[\]\x00-\x20\x7f-\x9f]+@[^\s<>@\"(),;\\\x00-\x20\x7f-\x9f]+")
LINE_END: Final = re.compile(rb"\r\n|\r|\n")
LONGEST_ADDRESS: Final = 320
FAREWELL: Final = 3.0  # seconds


class SmtpPostman:
    """Hands mails to the server of an account."""

    def __init__(self, account: MailAccount, patience: Patience | None = None) -> None:
        self._account = account
        self._patience = patience or Patience()

    def send(self, mail: bytes, sender: str, recipients: tuple[str, ...]) -> Mapping[str, str]:
        """See `Postman.send`. An empty sender is the null return path; bare line ends become CRLF, so that no second mail can hide in one."""
        check_envelope(sender, recipients)
        lines = LINE_END.sub(b"\r\n", mail)
        with self._connected() as smtp:
            submission = Submission(self._account, smtp)
            submission.begin(lines, sender, recipients)
            refused = submission.name_all(recipients)
            self._data(smtp, lines)
            return refused

    def check(self) -> None:
        """See `Postman.check`."""
        with self._connected():
            return

    def _data(self, smtp: smtplib.SMTP, lines: bytes) -> None:
        code, said = smtp.docmd("DATA")
        if code != 354:
            raise faults.of_smtp(self._account, "DATA", code, said)
        quoted = re.sub(rb"(?m)^\.", b"..", lines)
        smtp.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
        code, said = self._verdict(smtp)
        if not 200 <= code < 300:
            raise faults.of_smtp(self._account, "the mail", code, said)

    def _verdict(self, smtp: smtplib.SMTP) -> tuple[int, bytes]:
        """Send the final dot and read what the server says to the whole mail."""
        try:
            if smtp.sock:
                smtp.sock.settimeout(self._patience.verdict.total_seconds())
            smtp.send(b".\r\n")
            code, said = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise self._unknown(type(error).__name__) from error
        if not 200 <= code < 600:
            raise self._unknown(f"an answer that is none: {faults.in_words(said)}")
        return code, said

    def _unknown(self, why: str) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"{self._account}: the mail was sent, but no answer came ({why}); it may have been taken"
        )

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is protected and logged in; what goes wrong on it comes out as one of the bridge's errors."""
        smtp = None
        try:
            smtp = self._connect()
            self._prepare(smtp)
            yield smtp
        except BridgeError:
            raise
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise self._fault(error) from error
        finally:
            _quit(smtp)

    def _connect(self) -> smtplib.SMTP:
        account, wait = self._account, self._patience.connect.total_seconds()
        name = _own_name(account)
        if account.security is Security.TLS:
            return smtplib.SMTP_SSL(account.host, account.port, name, timeout=wait, context=account.tls())
        return smtplib.SMTP(account.host, account.port, name, timeout=wait)

    def _prepare(self, smtp: smtplib.SMTP) -> None:
        if smtp.sock:
            smtp.sock.settimeout(self._patience.read.total_seconds())
        if self._account.security is Security.STARTTLS:
            smtp.ehlo_or_helo_if_needed()
            if not smtp.has_extn("starttls"):
                raise PermanentError(f"{self._account}: it offers no TLS; nothing was sent there")
            self._check("STARTTLS", smtp.starttls(context=self._account.tls()))
        smtp.ehlo_or_helo_if_needed()
        if self._account.user:
            self._log_in(smtp)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        account = self._account
        offered = str(smtp.esmtp_features.get("auth", "")).upper().split()
        if not offered:
            raise PermanentError(f"{account}: it lets nobody log in there; correct the port, or leave the user out")
        smtp.user, smtp.password = account.user, account.password
        if "PLAIN" in offered:
            self._check("the login", smtp.docmd("AUTH PLAIN", _plain_secret(account)))
        else:
            smtp.login(account.user, account.password)

    def _check(self, step: str, answer: tuple[int, bytes]) -> None:
        if not 200 <= answer[0] < 300:
            raise faults.of_smtp(self._account, step, *answer)

    def _fault(self, error: Exception) -> BridgeError:
        match error:
            case smtplib.SMTPServerDisconnected():
                return OutOfReachError(f"{self._account}: the connection was lost before the mail was taken")
            case smtplib.SMTPResponseException():
                step = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the connection"
                return faults.of_smtp(self._account, step, error.smtp_code, error.smtp_error)
            case smtplib.SMTPException():
                return PermanentError(f"{self._account}: it cannot be used ({faults.in_words(str(error))})")
            case UnicodeError():
                return PermanentError(f"{self._account}: it takes no user or password with letters outside ASCII")
        return faults.of_connection(self._account, error)


def _plain_secret(account: MailAccount) -> str:
    """The answer of SASL PLAIN in UTF-8 (RFC 4616); the library's own takes ASCII only."""
    return b64encode(f"\0{account.user}\0{account.password}".encode()).decode("ascii")


def _own_name(account: MailAccount) -> str | None:
    """What to say in EHLO: the user's domain; None: what this machine is called."""
    domain = account.user.rpartition("@")[2]
    return domain if "." in domain and domain.isascii() else None


def _quit(smtp: smtplib.SMTP | None) -> None:
    if smtp:
        with suppress(OSError, smtplib.SMTPException):
            if smtp.sock:
                smtp.sock.settimeout(FAREWELL)
            smtp.quit()
        smtp.close()


def check_envelope(sender: str, recipients: tuple[str, ...]) -> None:
    """Refuse what is not exactly an address: a line end in one would be a command of its own."""
    if not recipients:
        raise PermanentError("The mail has no recipients")
    for address in filter(None, (sender, *recipients)) if all(recipients) else ("",):
        if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address):
            raise PermanentError(f"{address[:100]!r} is no address that mail can be sent from or to")
