"""The two halves of the mail channel together, as a pass uses them: what comes in before the tickets are looked at, what goes out after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.engine import BrakeError, Budget, RateError
from bridge.errors import BridgeError
from bridge.mail.dispatch import Dispatch, Sent
from bridge.mail.intake import Haul, Intake

log: Final = logging.getLogger("bridge.mail")

PURGED: Final = "last purge"
DAY: Final = timedelta(days=1)


@dataclass
class MailSummary:
    """What the mail channel did in one pass; `out_of_reach` says what kept it from doing all."""

    haul: Haul = field(default_factory=Haul)
    sent: Sent = field(default_factory=Sent)
    out_of_reach: str = ""

    @property
    def failed(self) -> list[str]:
        """What did not work, a sentence each."""
        return [*self.haul.failed, *self.sent.failed, *([self.out_of_reach] if self.out_of_reach else [])]

    @property
    def troubles(self) -> list[str]:
        """What a person should look at, a sentence each."""
        return [*self.haul.troubles, *self.sent.troubles]

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "taken": [
                {"mail": one.key, "fate": one.fate, "ticket": one.ticket_id, "why": one.reason}
                for one in self.haul.taken
            ],
            "posted": len(self.sent.posted),
            "sent": len(self.sent.sent),
            "troubles": self.troubles,
            "failed": self.failed,
        }

    def __str__(self) -> str:
        """One line."""
        return f"mail: took in {len(self.haul.taken)}, sent {len(self.sent.sent)}, failed {len(self.failed)}"


@dataclass(frozen=True)
class MailOffice:
    """The mail channel. A mail server that is out of reach keeps no ticket waiting."""

    intake: Intake
    dispatch: Dispatch
    report: Callable[[str], None] = log.warning

    def take_in(self, now: datetime, budget: Budget, summary: MailSummary, stopping: Callable[[], bool]) -> None:
        """Make tickets and notes of what has come.

        Raises:
            BrakeError, RateError: the pass or the minute has no writes left (W5).
        """
        try:
            self.intake.run(now, budget, summary.haul, stopping)
        except (BrakeError, RateError):
            raise
        except BridgeError as error:
            summary.out_of_reach = str(error)
            self.report(str(error))

    def send_out(
        self,
        tickets: Iterable[int],
        now: datetime,
        summary: MailSummary,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Mail what these tickets have to say, and what waits in the outbox."""
        try:
            self.dispatch.run([*summary.haul.tickets, *tickets], now, summary.sent, stopping)
        except BridgeError as error:
            summary.out_of_reach = str(error)
        for sentence in (*summary.troubles, *summary.failed):
            self.report(sentence)

    def purge(self, now: datetime) -> None:
        """Remove personal data that are older than the rules keep them, once a day; also while the brake holds."""
        store, last = self.dispatch.store, self.dispatch.store.get(PURGED)
        if last and now < datetime.fromisoformat(last) + DAY:
            return
        removed = self.dispatch.post.purge(now - self.dispatch.mail.keep)
        store.set(PURGED, now.isoformat())
        if removed:
            log.info("personal data of %s mails are removed from the store, as they are older than mail.keep", removed)
