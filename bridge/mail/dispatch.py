"""What goes out: public notes of mail tickets are put into the outbox, and the outbox is sent; one mail a note, also over a crash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bridge.core.model import Channel, Ticket
from bridge.core.outbound import Parcel, next_moment, to_mail
from bridge.core.policy import Mail, Policy
from bridge.core.rules import is_in_shadow
from bridge.core.threads import Threads
from bridge.errors import (
    BridgeError,
    NotFoundError,
    OutOfReachError,
    PermanentError,
    TemporaryError,
    UnknownOutcomeError,
)
from bridge.mail.writing import Notice, Teller
from bridge.mail_ports import Desk, File, Mailbox, Outgoing, Post, Postman, Sending
from bridge.ports import Store, Tracker

log: Final = logging.getLogger("bridge.mail")

DAY: Final = timedelta(days=1)
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=4)
IN_TIME: Final = timedelta(minutes=15)
"""A note that is mailed later than that after its hold was held up: the program was off, or has another memory than then."""
GIVE_UP_AFTER: Final = 26
"""With these waits a server may be away for three days before staff are told that a mail did not go out."""

Build = Callable[[Parcel, tuple[str, ...], tuple[File, ...], datetime], bytes]


@dataclass
class Sent:
    """What a look at the outbox has done."""

    posted: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Dispatch:
    """Mails public notes. `build` makes a message of a parcel: with the customers' Message-IDs, the files and the moment."""

    mailbox: Mailbox
    postman: Postman
    tracker: Tracker
    desk: Desk
    store: Store
    post: Post
    policy: Policy
    mail: Mail
    threads: Threads
    build: Build

    def run(
        self, tickets: Iterable[int], now: datetime, sent: Sent, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Post what these tickets have to mail, then send what is due; a ticket or mail that fails never stops the others (W6).

        A server that is out of reach ends the sending: what else is due stays so.
        """
        if self.policy.limits.shadow:
            return
        self._post_all(tickets, now, sent, stopping)
        for outgoing in self.post.outbox(now):
            if stopping() or not self._deliver(outgoing, now, sent):
                return

    # --- into the outbox ------------------------------------------------------------------------------------------------------------------

    def _post_all(self, tickets: Iterable[int], now: datetime, sent: Sent, stopping: Callable[[], bool]) -> None:
        for ticket_id in dict.fromkeys(tickets):
            if stopping():
                return
            try:
                self._post(ticket_id, now, sent)
            except NotFoundError:
                continue
            except BridgeError as error:
                sent.failed.append(f"ticket {ticket_id}: its notes are not mailed yet: {error}")
                self._wake(ticket_id, now + FIRST_WAIT)

    def _post(self, ticket_id: int, now: datetime, sent: Sent) -> None:
        """The ticket is read again: a note that was deleted, blanked or made private during `hold` is not there any more.

        What stands in it has happened, also by a clock of Redmine's that is ahead, or later in this pass.
        """
        ticket = self.tracker.read(ticket_id)
        if ticket is None or ticket.channel is not Channel.MAIL or is_in_shadow(ticket, self.policy):
            return
        posted, seen_at = self.post.posted(ticket_id), max([now, *(journal.at for journal in ticket.journals)])
        for parcel in to_mail(ticket, self.mail, posted, seen_at):
            self._post_one(parcel, ticket, posted, now, sent)
        wake = next_moment(ticket, self.mail, posted, seen_at)
        if wake is not None:
            self._wake(ticket_id, wake)

    def _post_one(self, parcel: Parcel, ticket: Ticket, posted: frozenset[int], now: datetime, sent: Sent) -> None:
        files = self.desk.files(ticket.id, parcel.journal_id, self.mail.limits.attachment) if parcel.attachments else ()
        outgoing = Outgoing(
            message_id=self.threads.message_id(ticket.id, parcel.journal_id),
            ticket_id=ticket.id,
            journal_id=parcel.journal_id,
            sender=self.mail.address,
            recipients=parcel.recipients,
            mail=self.build(parcel, self._thread(ticket), files, now),
            next_at=now,
        )
        if self._is_doubtful(ticket, parcel, posted, now) and self.mailbox.has(outgoing.message_id):
            self.post.post(replace(outgoing, state=Sending.SENT, mail=b""))
        elif self.post.post(outgoing):
            sent.posted.append(outgoing.message_id)

    def _thread(self, ticket: Ticket) -> tuple[str, ...]:
        """Message-IDs of the mails that stand in a ticket, also of one whose handling was cut off right after it was written."""
        origins = (ticket.origin, *(journal.origin for journal in ticket.journals))
        received = [self.post.received(origin.key) for origin in origins if origin is not None]
        fresh = [one.message_id for one in received if one is not None and one.message_id]
        return tuple(dict.fromkeys((*self.post.thread(ticket.id), *fresh)))

    def _is_doubtful(self, ticket: Ticket, parcel: Parcel, posted: frozenset[int], now: datetime) -> bool:
        """Whether the note may have been mailed by a store that is lost, or restored: this one knows no mail of the ticket, or the note is old.

        Then the copy in the mailbox shows it, where there are copies.
        """
        written = next(journal.at for journal in ticket.journals if journal.id == parcel.journal_id)
        return self.mail.copy and (not posted or written + self.mail.hold + IN_TIME < now)

    def _wake(self, ticket_id: int, at: datetime) -> None:
        """Have the pass look at the ticket again, when a note's `hold` is over."""
        known = self.store.known(ticket_id)
        if known is not None and (known.next_at is None or at < known.next_at):
            self.store.keep(known.waking(at))

    # --- out of the outbox ----------------------------------------------------------------------------------------------------------------

    def _deliver(self, outgoing: Outgoing, now: datetime, sent: Sent) -> bool:
        """Send it unless it is another process's; False where the server is out of reach."""
        try:
            return not self._is_ours(outgoing, now, sent) or self._send(outgoing, now, sent)
        except BridgeError as error:
            sent.failed.append(f"ticket {outgoing.ticket_id}: a mail waits: {error}")
            return True

    def _is_ours(self, outgoing: Outgoing, now: datetime, sent: Sent) -> bool:
        """Whether this process sends it now: of several that want to, one; a mail whose sending was cut off not while it may be under way."""
        if outgoing.state is not Sending.CLAIMED:
            return self.post.claim_sending(outgoing.message_id, now)
        if outgoing.next_at is not None and now < outgoing.next_at + self.policy.limits.settle_unknown:
            return False
        if self.mail.copy and self.mailbox.has(outgoing.message_id):
            self.post.settle_sending(outgoing.message_id, Sending.SENT, now)
            sent.sent.append(outgoing.message_id)
            return False
        return self.post.reclaim_sending(outgoing, now)

    def _send(self, outgoing: Outgoing, now: datetime, sent: Sent) -> bool:
        """Send it to all but those over the cap; False where the server is out of reach."""
        capped = self._over_the_cap(outgoing, now)
        recipients = tuple(one for one in outgoing.recipients if one not in capped)
        if not recipients:
            self._give_up(outgoing, now, next(iter(capped.values())), sent)
            return True
        try:
            refused = self.postman.send(
                outgoing.mail, outgoing.sender, (*recipients, self.mail.address) if self.mail.copy else recipients
            )
        except UnknownOutcomeError as error:
            sent.failed.append(
                f"ticket {outgoing.ticket_id}: {error}; looked for in the mailbox before it is sent again"
            )
            return False
        except TemporaryError as error:
            self._later(outgoing, now, str(error), sent)
            return not isinstance(error, OutOfReachError)
        except PermanentError as error:
            return self._refused(outgoing, now, str(error), sent)
        self._settle_sent(outgoing, now, {**capped, **refused}, sent)
        return True

    def _refused(self, outgoing: Outgoing, now: datetime, reason: str, sent: Sent) -> bool:
        """Give it up where it is this mail that was refused; where the server lets nobody in (a changed password, an old certificate), all mails wait."""
        try:
            self.postman.check()
        except BridgeError as error:
            self._later(outgoing, now, str(error), sent)
            return False
        self._give_up(outgoing, now, reason, sent)
        return True

    def _settle_sent(self, outgoing: Outgoing, now: datetime, refused: Mapping[str, str], sent: Sent) -> None:
        """Remember that it went out; of a copy to the mailbox that was refused nobody is told."""
        lost = {one: why for one, why in refused.items() if one in outgoing.recipients}
        self.post.settle_sending(outgoing.message_id, Sending.SENT, now)
        sent.sent.append(outgoing.message_id)
        if lost:
            self._tell(outgoing, ", ".join(lost), "; ".join(dict.fromkeys(lost.values())), sent)

    def _over_the_cap(self, outgoing: Outgoing, now: datetime) -> Mapping[str, str]:
        """Who has got so many mails already, and why that ends it."""
        most = self.mail.limits.per_address
        reason = f"{most} mails have gone there within a day; a loop is suspected"
        return {one: reason for one in outgoing.recipients if self.post.sent_since(one, now - DAY) > most}

    def _later(self, outgoing: Outgoing, now: datetime, reason: str, sent: Sent) -> None:
        if outgoing.tries + 1 >= GIVE_UP_AFTER:
            self._give_up(outgoing, now, reason, sent)
            return
        wait = min(FIRST_WAIT * 2 ** min(outgoing.tries, 10), LONGEST_WAIT)
        self.post.settle_sending(outgoing.message_id, Sending.READY, now + wait, reason)
        sent.failed.append(f"ticket {outgoing.ticket_id}: a mail waits {wait}: {reason}")

    def _give_up(self, outgoing: Outgoing, now: datetime, reason: str, sent: Sent) -> None:
        """Staff are told first: a crash in between tells them twice rather than never."""
        self._tell(outgoing, ", ".join(outgoing.recipients), reason, sent)
        self.post.settle_sending(outgoing.message_id, Sending.FAILED, now, reason)

    def _tell(self, outgoing: Outgoing, addresses: str, reason: str, sent: Sent) -> None:
        sent.troubles.append(f"ticket {outgoing.ticket_id}: a note is not mailed to {addresses}: {reason}")
        values = {"addresses": addresses, "reason": reason[:500]}
        notice = Notice("mail_not_sent", f"письмо не отправлено {outgoing.journal_id}", values)
        ticket = self.tracker.read(outgoing.ticket_id)
        if ticket is not None:
            Teller(self.tracker, self.desk, self.policy).tell(ticket, notice)
