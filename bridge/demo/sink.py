"""Where Redmine's outgoing mail ends: a server on loopback that keeps every message and sends none on."""

from __future__ import annotations

import argparse
import signal
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from aiosmtpd.controller import Controller

from bridge.demo import processes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the sink stands beside the bridge, as a mail server does


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it arrived; `arrived` is real time, the message's own Date follows Redmine's clock."""

    recipients: tuple[str, ...]
    arrived: datetime
    message: EmailMessage = field(repr=False)

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message.get("Subject", ""))

    @property
    def issue(self) -> int:
        """The ticket that it is about, by Redmine's header; 0 where there is none."""
        return int(self.message.get("X-Redmine-Issue-Id", "0"))

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()) if body else ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The messages that a sink keeps in a folder; any process may read them while they arrive."""

    folder: Path

    def all(self) -> list[Mail]:
        """All messages in the order of arrival."""
        return [_load(path) for path in sorted(self.folder.glob("*.eml"))]

    def of(self, issue: int) -> list[Mail]:
        """The messages about one ticket in the order of arrival."""
        return [_load(path) for path in sorted(self.folder.glob(f"*-{issue}.eml"))]

    def to(self, address: str) -> list[Mail]:
        """The messages to one address in the order of arrival."""
        return [mail for mail in self.all() if address in mail.recipients]

    def clear(self) -> None:
        """Forget all of them."""
        for path in self.folder.glob("*.eml"):
            path.unlink(missing_ok=True)

    def keep(self, mail: Mail, number: int) -> None:
        """Write a message down; it appears whole or not at all."""
        envelope = f"X-Demo-To: {', '.join(mail.recipients)}\nX-Demo-Arrived: {mail.arrived.isoformat()}\n"
        draft = self.folder / f".{number}"
        draft.write_bytes(envelope.encode() + mail.message.as_bytes())
        draft.replace(self.folder / f"{number:08d}-{mail.issue}.eml")


def _load(path: Path) -> Mail:
    message = _parsed(path.read_bytes())
    arrived = datetime.fromisoformat(str(message["X-Demo-Arrived"]))
    return Mail(tuple(str(message["X-Demo-To"]).split(", ")), arrived, message)


def _parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


class MailSink:
    """An SMTP server on loopback, in a thread; a message is kept before the sender is told that it was taken.

    Use it as a context manager. With `folder`, messages are kept there too, for a `Mailbox` to read.
    """

    def __init__(self, port: int = 0, folder: Path | None = None, clock: Callable[[], datetime] = _now) -> None:
        self.mails: list[Mail] = []
        self.port = port
        self._clock = clock
        self._box = Mailbox(folder) if folder else None
        self._count = 0
        self._controller: _Controller | None = None

    def start(self) -> Self:
        """Listen."""
        if self._box:
            self._box.folder.mkdir(parents=True, exist_ok=True)
            self._count = max((int(path.name[:8]) for path in self._box.folder.glob("*.eml")), default=0)
        self._controller = _Controller(self, self.port)
        self.port = self._controller.port
        self._controller.start()
        return self

    def stop(self) -> None:
        """Stop listening; what was kept stays."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def of(self, issue: int) -> list[Mail]:
        """The messages about one ticket in the order of arrival."""
        return [mail for mail in self.mails if mail.issue == issue]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        """Keep one message."""
        message = _parsed(cast("bytes", envelope.content))
        mail = Mail(tuple(envelope.rcpt_tos), self._clock(), message)
        self._count += 1
        self.mails.append(mail)
        if self._box:
            self._box.keep(mail, self._count)
        return "250 kept"


class _Controller(Controller):
    """Listens on a socket that was bound beforehand, so that the port is known and ours."""

    def __init__(self, sink: MailSink, port: int) -> None:
        self._socket = socket.create_server((processes.LOOPBACK, port))
        super().__init__(
            sink, hostname=processes.LOOPBACK, port=self._socket.getsockname()[1], server_hostname="localhost"
        )

    def _create_server(self) -> asyncio.Future[asyncio.Server]:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)  # type: ignore[return-value]


def main() -> None:
    """Run a sink until told to stop; its port is written into the folder when it listens."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with MailSink(given.port, given.folder) as sink:
        sink.mails = _Forgetful()
        processes.write(given.folder / "port", str(sink.port))
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


class _Forgetful(list[Mail]):
    """Keeps nothing in memory: a long run has many messages, and they are in the folder."""

    def append(self, mail: Mail, /) -> None:
        """Do nothing."""


if __name__ == "__main__":
    main()
