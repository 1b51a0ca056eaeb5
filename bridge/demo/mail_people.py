"""People who write and read mail on the demo's mail servers, as a mail program does it for them."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formataddr, make_msgid
from typing import TYPE_CHECKING, Final

from imap_tools.mailbox import MailBox
from imap_tools.utils import encode_folder

from bridge.demo import processes
from bridge.demo.mailserver import HOST
from bridge.errors import TemporaryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bridge.demo.mailserver import MailServer

PATIENCE: Final = 20.0
WIRE: Final = policy.SMTP.clone(max_line_length=200)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it lies in a mailbox."""

    uid: str
    flags: frozenset[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """It, parsed."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass(frozen=True, slots=True)
class MailPerson:
    """Somebody with a mailbox on the servers: any address of theirs has one."""

    server: MailServer
    address: str
    name: str = ""
    patience: float = PATIENCE

    def write(  # noqa: PLR0913 - a mail has that many parts
        self,
        to: str,
        subject: str,
        text: str,
        *,
        cc: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        attachments: Mapping[str, bytes] | None = None,
    ) -> EmailMessage:
        """Write a mail and send it; as it was sent."""
        message = EmailMessage()
        message["From"] = formataddr((self.name, self.address))
        message["To"] = to
        if cc:
            message["Cc"] = ", ".join(cc)
        message["Subject"] = subject
        message["Message-ID"] = make_msgid(domain=self.address.rpartition("@")[2])
        for name, value in (headers or {}).items():
            message[name] = value
        message.set_content(text)
        for name, content in (attachments or {}).items():
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return self.send(message, to, *cc)

    def reply(self, mail: EmailMessage, text: str, attachments: Mapping[str, bytes] | None = None) -> EmailMessage:
        """Answer a mail as mail programs do: to its sender, in its thread, with the whole mail quoted below."""
        subject, to = str(mail["Subject"]), str(mail.get("Reply-To") or mail["From"])
        thread = f"{mail.get('References', '')} {mail['Message-ID']}".split()
        headers = {"In-Reply-To": str(mail["Message-ID"]), "References": " ".join(thread)}
        titled = subject if subject.lower().startswith("re:") else f"Re: {subject}"
        return self.write(to, titled, f"{text}\n\n{quoted(mail)}", headers=headers, attachments=attachments)

    def send(self, message: EmailMessage, *recipients: str) -> EmailMessage:
        """Send a message that was made elsewhere."""
        self.send_raw(message.as_bytes(policy=WIRE), *recipients)
        return message

    def send_raw(self, raw: bytes, *recipients: str, sender: str | None = None) -> None:
        """Hand in bytes as they are, over submission with TLS and login; `sender` is the envelope's, where it is another one."""
        with smtplib.SMTP_SSL(HOST, self.server.ports.smtps, context=_tls(self.server), timeout=PATIENCE) as smtp:
            smtp.login(self.address, self.server.password)
            smtp.sendmail(self.address if sender is None else sender, recipients, raw)

    def send_raw_outside(self, raw: bytes, *recipients: str) -> None:
        """Deliver bytes as another mail server does: without login and TLS, and only to addresses of these servers."""
        with smtplib.SMTP(processes.LOOPBACK, self.server.ports.smtp, timeout=PATIENCE) as smtp:
            smtp.sendmail(self.address, recipients, raw)

    def inbox(self, at_least: int = 0, folder: str = "INBOX") -> list[EmailMessage]:
        """What lies in the mailbox, oldest first; waits until as many have arrived.

        Raises:
            TemporaryError: they did not come.
        """
        return [stored.message for stored in self.stored(at_least, folder)]

    def stored(self, at_least: int = 0, folder: str = "INBOX") -> list[Stored]:
        """The same, with flags."""
        found: list[Stored] = []

        def enough() -> bool:
            found[:] = self._read(folder)
            return len(found) >= at_least

        if not processes.wait_until(enough, self.patience):
            raise TemporaryError(f"{self.address} has {len(found)} mails after {self.patience} s, not {at_least}")
        return found

    def _read(self, folder: str) -> list[Stored]:
        with self.opened(folder) as box:
            fetched = [(message.uid or "", message.flags, message.obj) for message in box.fetch(mark_seen=False)]
        return [Stored(uid, frozenset(flags), obj.as_bytes()) for uid, flags, obj in fetched]

    @contextmanager
    def opened(self, folder: str | None = "INBOX") -> Iterator[MailBox]:
        """The mailbox over IMAP, for everything else that people do there."""
        box = MailBox(HOST, self.server.ports.imaps, PATIENCE, ssl_context=_tls(self.server))
        with box.login(self.address, self.server.password, initial_folder=folder):
            yield box

    def clear(self) -> None:
        """Forget all mails of the inbox."""
        with self.opened() as box:
            box.delete(box.uids())

    def put(self, messages: Iterable[tuple[bytes, datetime]], folder: str = "INBOX") -> None:
        """Lay messages into a folder, each with the moment at which it is to have arrived; in one command (RFC 3502), so thousands are quick.

        Raises:
            TemporaryError: the server did not take them.
        """
        parts = [b' "%s" {%d+}\r\n%s' % (_internaldate(at), len(raw), raw) for raw, at in messages]
        login = f"1 LOGIN {self.address} {self.server.password}\r\n".encode()
        with _raw_imap(self.server) as wire:
            answer = _said(wire, login, b"1 ")
            answer = (
                _said(wire, b"2 APPEND %s%s\r\n" % (encode_folder(folder), b"".join(parts)), b"2 ") if parts else answer
            )
        if b" OK " not in answer:
            raise TemporaryError(f"{self.address}: {answer.decode('utf-8', 'replace').strip()}")


def quoted(mail: EmailMessage) -> str:
    """A mail's text as mail programs quote it."""
    body = mail.get_body(("plain",))
    lines = str(body.get_content()).splitlines() if body else []
    return "\n".join([f"{mail['Date'] or ''}, {mail['From']}:", *(f"> {line}" for line in lines)])


def _tls(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.ca))


def _internaldate(at: datetime) -> bytes:
    return imaplib.Time2Internaldate(at).strip('"').encode("ascii")


@contextmanager
def _raw_imap(server: MailServer) -> Iterator[ssl.SSLSocket]:
    plain = socket.create_connection((HOST, server.ports.imaps), PATIENCE)
    with _tls(server).wrap_socket(plain, server_hostname=HOST) as wire:
        yield wire


def _said(wire: ssl.SSLSocket, command: bytes, tag: bytes) -> bytes:
    """Send a command; the line that ends its answer."""
    wire.sendall(command)
    with wire.makefile("rb") as lines:
        return next((line for line in lines if line.startswith(tag)), b"no answer")
