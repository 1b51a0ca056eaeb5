"""`bridge.mail_ports.Postman` in memory, with the real one's behaviour and hooks for what goes wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from bridge.adapters.mail.postman import check_envelope
from bridge.errors import BridgeError, PermanentError, TemporaryError


@dataclass(frozen=True)
class Sent:
    """A mail that was taken."""

    mail: bytes
    sender: str
    recipients: tuple[str, ...]

    @property
    def message(self) -> EmailMessage:
        """It, parsed."""
        return message_from_bytes(self.mail, policy=policy.default)


@dataclass
class FakePostman:
    """Keeps what it takes in `sent`, and shows it to `deliver`.

    Hooks: `before` and `after` are errors for the next mails, raised before or after they were taken (None: that one goes well); `refuses`
    has the server's words by recipient («550 no such person», «451 come again later»); `limit` is the biggest mail in bytes.
    """

    sent: list[Sent] = field(default_factory=list)
    before: deque[BridgeError | None] = field(default_factory=deque)
    after: deque[BridgeError | None] = field(default_factory=deque)
    refuses: dict[str, str] = field(default_factory=dict)
    limit: int = 80 * 1024 * 1024
    deliver: Callable[[Sent], object] = lambda sent: None

    def send(self, mail: bytes, sender: str, recipients: tuple[str, ...]) -> Mapping[str, str]:
        """See `Postman.send`."""
        check_envelope(sender, recipients)
        self._fail(self.before)
        if len(mail) > self.limit:
            raise PermanentError(f"takes mails up to {self.limit} bytes; this one has {len(mail)}")
        refused = {address: self.refuses[address] for address in recipients if address in self.refuses}
        taken = tuple(address for address in recipients if address not in refused)
        if any(words.startswith("4") for words in refused.values()):
            raise TemporaryError(f"not all recipients are taken now ({refused})")
        if not taken:
            raise PermanentError(f"no recipient was taken ({refused})")
        self._keep(Sent(mail, sender, taken))
        self._fail(self.after)
        return refused

    def check(self) -> None:
        """It lets everybody in."""

    def _keep(self, sent: Sent) -> None:
        self.sent.append(sent)
        self.deliver(sent)

    @staticmethod
    def _fail(errors: deque[BridgeError | None]) -> None:
        error = errors.popleft() if errors else None
        if error:
            raise error
