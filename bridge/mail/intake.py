"""One mail that came in: read, judge, claim, look whether it stands in Redmine already, write, settle, mark. Nothing is lost or done twice (W3)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

from bridge.core.inbound import (
    AsNote,
    AsTicket,
    FromMachine,
    LeaveAlone,
    PutAside,
    Thread,
    Verdict,
    as_ticket,
    fields_of,
    judge,
)
from bridge.core.letter import Address, Letter
from bridge.core.machines import writer_of
from bridge.core.model import Channel, Language, Ticket
from bridge.core.policy import Mail, Policy
from bridge.core.rules import is_in_shadow
from bridge.core.threads import Threads
from bridge.engine import BrakeError, Budget, RateError
from bridge.errors import BridgeError, InvalidError, NotFoundError, TemporaryError
from bridge.mail import writing
from bridge.mail.writing import Notice, Teller
from bridge.mail_ports import Desk, Fate, Mailbox, NewTicket, Post, Quarantined, Received, Waiting
from bridge.ports import Tracker

log: Final = logging.getLogger("bridge.mail")

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
HANDLED: Final = frozenset({Fate.TICKET, Fate.NOTE, Fate.MACHINE})
"""What people in the mailbox need to look at no more."""
PLACEHOLDER: Final = "-"
OUT_OF_REACH: Final = 3
"""So many mails in a row that fail for a temporary reason mean that a server is out of reach, not that the mails are bad."""


@dataclass(frozen=True)
class Taken:
    """What became of one mail."""

    key: str
    fate: Fate | None
    reason: str
    ticket_id: int | None = None


@dataclass
class Haul:
    """What a look into the mailbox has brought."""

    taken: list[Taken] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    in_a_row: int = 0

    @property
    def tickets(self) -> list[int]:
        """Tickets that were opened or written to."""
        return [one.ticket_id for one in self.taken if one.ticket_id is not None]


@dataclass(frozen=True)
class Intake:
    """Makes tickets and notes of mails. `read` decodes a message; `shadow` judges and logs, and touches neither Redmine nor the mailbox.

    Nor is anything touched for a mail whose ticket takes a route that is in shadow.
    """

    mailbox: Mailbox
    tracker: Tracker
    desk: Desk
    post: Post
    policy: Policy
    mail: Mail
    threads: Threads
    read: Callable[[bytes, datetime], Letter]

    @property
    def shadow(self) -> bool:
        """Decide and log only (W5)."""
        return self.policy.limits.shadow

    def run(self, now: datetime, budget: Budget, haul: Haul, stopping: Callable[[], bool] = lambda: False) -> None:
        """Handle every message that is new, and those that a person let out of the quarantine; one bad message never stops the others (W6).

        Raises:
            TemporaryError, PermanentError: the mailbox or Redmine is out of reach, or the mailbox refuses the account.
            BrakeError, RateError: the pass or the minute has no writes left (W5).
        """
        for released in self.post.released():
            self._guarded(released.key, haul, partial(self._handle, released.raw, released.at, now, budget, haul))
        for waiting in self.mailbox.waiting(self.mail.not_before):
            if stopping():
                break
            self._guarded(f"{waiting.folder}/{waiting.uid}", haul, partial(self._take, waiting, now, budget, haul))

    def _guarded(self, name: str, haul: Haul, work: Callable[[], object]) -> None:
        try:
            work()
        except (BrakeError, RateError):
            raise
        except BridgeError as error:
            haul.failed.append(f"mail {name}: {error}")
            haul.in_a_row = haul.in_a_row + 1 if isinstance(error, TemporaryError) else 0
            if haul.in_a_row >= OUT_OF_REACH:
                raise
        except Exception as error:  # a message that breaks the program must not keep the others waiting (W6)
            log.exception("mail %s", name)
            haul.failed.append(f"mail {name}: {type(error).__name__}; the log shows where")
        else:
            haul.in_a_row = 0

    def _take(self, waiting: Waiting, now: datetime, budget: Budget, haul: Haul) -> None:
        raw = self.mailbox.fetch(waiting, self.mail.limits.message + 1)  # one byte more shows that there is more
        fate = self._handle(raw, waiting.arrived_at, now, budget, haul) if raw else None
        if fate is not None and not self.shadow:
            self.mailbox.mark(waiting, handled=fate in HANDLED)

    def _handle(self, raw: bytes, arrived_at: datetime, now: datetime, budget: Budget, haul: Haul) -> Fate | None:
        """Handle one message; what became of it, None when it needs to be looked at again."""
        letter = self._read(raw, arrived_at)
        keys = self.threads.keys(letter.digest)
        known = next((received for key in keys if (received := self.post.received(key))), None)
        if known is not None and known.fate is not None:
            return known.fate
        if known is not None and known.fate is None and now < known.claimed_at + self.policy.limits.settle_unknown:
            return None
        return _Handling(self, letter, raw, keys, known, now, haul).run(budget)

    def _read(self, raw: bytes, arrived_at: datetime) -> Letter:
        most = self.mail.limits.message
        letter = self.read(raw[:most], arrived_at)
        return letter.cut_off() if len(raw) > most else letter


@dataclass(frozen=True)
class _Handling:
    """One message that has not been settled."""

    intake: Intake
    letter: Letter
    raw: bytes
    keys: tuple[str, ...]
    known: Received | None
    now: datetime
    haul: Haul

    @property
    def key(self) -> str:
        return self.known.key if self.known else self.keys[0]

    @property
    def _writer(self) -> Address | None:
        return writer_of(self.letter)

    @property
    def sender(self) -> str:
        return self._writer.mail if self._writer else ""

    def run(self, budget: Budget) -> Fate | None:
        ticket = self._thread_ticket()
        verdict = self._judge(ticket)
        log.info("mail %s: %s: %s", self.key[:8], type(verdict).__name__, verdict.reason)
        if self.intake.shadow or self._is_route_in_shadow(verdict, ticket):
            self.haul.taken.append(Taken(self.key, None, f"{verdict.reason} (shadow: not done)"))
            return None
        if isinstance(verdict, AsTicket | AsNote):
            budget.take(1)
        if not self._claim():
            return None
        self._do(verdict, ticket)
        return self.haul.taken[-1].fate

    def _is_route_in_shadow(self, verdict: Verdict, ticket: Ticket | None) -> bool:
        match verdict:
            case AsTicket():
                return is_in_shadow(as_ticket(self.letter, verdict.content, self.intake.policy), self.intake.policy)
            case AsNote():
                return ticket is not None and is_in_shadow(ticket, self.intake.policy)
        return False

    def _thread_ticket(self) -> Ticket | None:
        """The ticket that the letter's references stand for, if it came by mail and is in scope."""
        number = self.intake.threads.ticket_of(self.letter.references)
        try:
            ticket = self.intake.tracker.read(number) if number is not None else None
        except NotFoundError:
            return None
        return ticket if ticket is not None and ticket.channel is Channel.MAIL else None

    def _judge(self, ticket: Ticket | None) -> Verdict:
        thread = _thread_of(ticket, self.intake.policy) if ticket is not None else None
        post, sender = self.intake.post, self.sender
        today = post.letters_since(sender, self.now - DAY) if sender else 0
        lately = post.tickets_since(sender, self.now - HOUR) if sender else 0
        return judge(self.letter, self.intake.policy, self.intake.threads, thread, today, tickets_lately=lately)

    def _claim(self) -> bool:
        if self.known is None:
            return self.intake.post.claim_letter(self.key, self.now, self.sender, self.letter.message_id)
        if self.known.fate is None:
            return self.intake.post.reclaim_letter(self.known, self.now)
        return True

    # --- doing ----------------------------------------------------------------------------------------------------------------------------

    def _do(self, verdict: Verdict, ticket: Ticket | None) -> None:
        try:
            match verdict:
                case AsTicket():
                    self._ticket(verdict)
                case AsNote():
                    assert ticket is not None
                    self._note(verdict, ticket)
                case FromMachine():
                    self._machine(verdict)
                case LeaveAlone():
                    self._settle(Fate.LEAVE, verdict.reason)
                case PutAside():
                    self._put_aside(verdict.reason)
                case _:
                    assert_never(verdict)
        except InvalidError as error:
            self._put_aside(str(error))

    def _ticket(self, verdict: AsTicket) -> None:
        found = next((number for key in self.keys if (number := self.intake.desk.find(key)) is not None), None)
        number = found if found is not None else self._open(verdict)
        ticket = self._read(number)
        if ticket is not None and ticket.channel is Channel.MAIL:
            self._tell_staff(ticket, verdict)
            self._tell_left_out(ticket, writing.language_of(verdict.content))
        self._settle(Fate.TICKET, verdict.reason, number)

    def _open(self, verdict: AsTicket) -> int:
        content, policy, mail = verdict.content, self.intake.policy, self.intake.mail
        who = {mail.name_field: self._name(), mail.address_field: self.sender}
        fields = {**fields_of(content, policy), **{name: value for name, value in who.items() if name and value}}
        new = NewTicket(
            project=mail.project,
            tracker=mail.tracker,
            subject=content.subject,
            description=writing.words(content, writing.origin_of(self.letter, self.keys[0], policy), None),
            fields=fields,
            placeholders={rule.name: PLACEHOLDER for rule in policy.required.fields},
            files=writing.files_of(self.letter, content, self.raw, mail.limits.attachment),
        )
        return self.intake.desk.open(new, self.sender if self._is_verified() else "")

    def _is_verified(self) -> bool:
        """Whether the writer is From, and From is genuine: of whom Reply-To names nothing is proven."""
        is_from = self._writer is not None and self._writer == self.letter.sender
        return (
            self.intake.mail.own_name and is_from and self.sender.rpartition("@")[2].casefold() in self.letter.verified
        )

    def _name(self) -> str:
        return self._writer.name if self._writer else ""

    def _note(self, verdict: AsNote, ticket: Ticket) -> None:
        if not any(journal.origin and journal.origin.key in self.keys for journal in ticket.journals):
            origin = writing.origin_of(self.letter, self.keys[0], self.intake.policy)
            files = writing.files_of(self.letter, verdict.content, self.raw, self.intake.mail.limits.attachment)
            self.intake.desk.note(ticket.id, writing.words(verdict.content, origin, ticket.id), files=files)
        self._tell_left_out(ticket, writing.language_of(verdict.content))
        self._settle(Fate.NOTE, verdict.reason, ticket.id)

    def _machine(self, verdict: FromMachine) -> None:
        if verdict.bounce is not None and verdict.ticket_id is not None:
            ticket = self._read(verdict.ticket_id)
            if ticket is not None:
                failed = verdict.bounce.failed
                values = {
                    "addresses": ", ".join(address for address, _ in failed) or "?",
                    "reason": "; ".join(dict.fromkeys(why for _, why in failed if why))[:500],
                }
                text, what = ("mail_bounced", "возврат") if verdict.bounce.final else ("mail_delayed", "задержка")
                self._own(ticket, Notice(text, f"{what} письма {self.key[:8]}", values))
        self._settle(Fate.MACHINE, verdict.reason)

    def _put_aside(self, reason: str) -> None:
        subject = self.letter.subject
        aside = Quarantined(self.key, self.letter.arrived_at, reason, self.sender, subject, self.raw)
        self.intake.post.quarantine(aside)
        self.haul.troubles.append(
            f"mail {self.key[:8]} is in the quarantine: {reason}; see `presale-bridge mail quarantine`"
        )
        self.haul.taken.append(Taken(self.key, Fate.QUARANTINE, reason))

    def _settle(self, fate: Fate, reason: str, ticket_id: int | None = None) -> None:
        self.intake.post.settle_letter(self.key, fate, self.now, ticket_id)
        self.haul.taken.append(Taken(self.key, fate, reason, ticket_id))

    # --- notes of the channel's own -------------------------------------------------------------------------------------------------------

    def _read(self, ticket_id: int) -> Ticket | None:
        try:
            return self.intake.tracker.read(ticket_id)
        except NotFoundError:
            return None

    def _tell_staff(self, ticket: Ticket, verdict: AsTicket) -> None:
        """The private line that says what is mailed and to whom, and what to look at beside it."""
        values = {
            "addresses": self.sender,
            "mark": self.intake.mail.mark,
            "other": verdict.linked or "",
        }
        self._own(ticket, Notice("mail_staff", f"почта {self.key[:8]}", values))

    def _tell_left_out(self, ticket: Ticket, tongue: Language) -> None:
        files = writing.left_out(self.letter, self.intake.mail.limits, tongue)
        if files:
            self._own(ticket, Notice("mail_left_out", f"вложения {self.key[:8]}", {"files": files}), tongue)

    def _own(self, ticket: Ticket, notice: Notice, tongue: Language | None = None) -> None:
        """Write a note once; where staff cannot be told in private, say so."""
        intake = self.intake
        if not Teller(intake.tracker, intake.desk, intake.policy).tell(ticket, notice, tongue):
            self.haul.troubles.append(
                f"ticket {ticket.id}: staff cannot be told in private here; give the bridge's role that right"
            )


def _thread_of(ticket: Ticket, policy: Policy) -> Thread:
    """Who may write into a ticket by mail: whoever has, and whom they had in copy."""
    came = (ticket.origin, *(journal.origin for journal in ticket.journals))
    origins = [origin for origin in came if origin is not None]
    people = {address.casefold() for origin in origins for address in (origin.sender, *origin.copies)}
    closed = ticket.current.status in policy.redmine.statuses.closed
    return Thread(ticket.id, closed, frozenset(people), ticket.created.subject)
