"""An SMTP transaction up to DATA: what the server can do, who sends, who receives, and whom it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.adapters.mail import faults
from bridge.errors import PermanentError, TemporaryError

if TYPE_CHECKING:
    import smtplib
    from collections.abc import Iterable, Mapping

    from bridge.adapters.mail.accounts import MailAccount


class Submission:
    """One mail on a connection that is logged in."""

    def __init__(self, account: MailAccount, smtp: smtplib.SMTP) -> None:
        self._account = account
        self._smtp = smtp

    def begin(self, mail: bytes, sender: str, recipients: Iterable[str]) -> None:
        """Say who sends how much, and what the server has to be capable of.

        Raises:
            TemporaryError: deferred.
            PermanentError: refused, too big, or a header or the sender needs SMTPUTF8 and the server has it not.
        """
        self._require_size(len(mail))
        code, said = self._smtp.docmd(f"MAIL FROM:<{to_ascii(sender)}>{self._options(mail, sender, recipients)}")
        if code != 250:
            raise faults.of_smtp(self._account, "the sender", code, said)

    def name_all(self, recipients: tuple[str, ...]) -> Mapping[str, str]:
        """Name the recipients; those who were refused for good, with the server's words.

        Raises:
            TemporaryError: one may be taken later: nobody gets the mail before, so that nobody gets it twice.
            PermanentError: all were refused for good.
        """
        answers = {address: self._name(address) for address in recipients}
        refused = {address: answer for address, answer in answers.items() if not 250 <= answer[0] < 252}
        words = {address: f"{code} {faults.in_words(said)}" for address, (code, said) in refused.items()}
        listed = "; ".join(f"{address}: {said}" for address, said in words.items())
        if any(400 <= code < 500 for code, _ in refused.values()):
            raise TemporaryError(f"{self._account}: not all recipients are taken now ({listed})")
        if len(refused) == len(answers):
            raise PermanentError(f"{self._account}: no recipient was taken ({listed})")
        return words

    def _name(self, address: str) -> tuple[int, bytes]:
        named = to_ascii(address)
        if not (named.isascii() or self._smtp.has_extn("smtputf8")):
            return 553, b"the server knows no addresses with letters outside ASCII (SMTPUTF8)"
        code, said = self._smtp.docmd(f"RCPT TO:<{named}>")
        if code == 421:
            raise faults.of_smtp(self._account, "the connection", code, said)
        return code, said

    def _require_size(self, size: int) -> None:
        told = str(self._smtp.esmtp_features.get("size", ""))
        limit = int(told) if told.isdigit() else 0
        if limit and size > limit:
            raise PermanentError(f"{self._account}: takes mails up to {limit} bytes; this one has {size}")

    def _options(self, mail: bytes, sender: str, recipients: Iterable[str]) -> str:
        has = self._smtp.has_extn
        wide = self._needs_utf8(mail, sender, recipients)
        if wide:
            self._smtp.command_encoding = "utf-8"
        options = {
            f"SIZE={len(mail)}": has("size"),
            "BODY=8BITMIME": has("8bitmime") and not mail.isascii(),
            "SMTPUTF8": wide,
        }
        return "".join(f" {option}" for option, wanted in options.items() if wanted)

    def _needs_utf8(self, mail: bytes, sender: str, recipients: Iterable[str]) -> bool:
        """Whether SMTPUTF8 has to be asked for; a recipient that needs it in vain is refused alone."""
        headers = mail.partition(b"\r\n\r\n")[0]
        must = not (headers.isascii() and to_ascii(sender).isascii())
        if must and not self._smtp.has_extn("smtputf8"):
            raise PermanentError(f"{self._account}: the sender or a header needs SMTPUTF8, which the server has not")
        wide = must or not all(to_ascii(address).isascii() for address in recipients)
        return wide and self._smtp.has_extn("smtputf8")


def to_ascii(address: str) -> str:
    """The address with its domain in ASCII (IDNA), as far as its local part is; any other one stays."""
    local, at, domain = address.rpartition("@")
    if address.isascii() or not local.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address
