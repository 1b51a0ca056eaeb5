"""Public notes of mail tickets are mailed once each: hold, order, retries, the cap, what is told to staff."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from bridge.adapters.mail.building import Builder
from bridge.adapters.store import SqlStore
from bridge.core.policy import MailLimits, Markup
from bridge.engine import BRAKE
from bridge.errors import BridgeError, OutOfReachError, PermanentError, TemporaryError, UnknownOutcomeError
from bridge.jobs import Exit, Pass, Summary
from bridge.mail.dispatch import Dispatch, Sent
from bridge.mail.office import MailOffice
from bridge.mail_ports import Outgoing, Quarantined
from tests.fakes.desk import FakeDesk
from tests.unit.test_mail_intake import IVAN, MAIL, PETR, THREADS, MemoryMailbox, Office, letter
from tests.unit.worlds import MINUTE, TEN, World, limited

HOUR = timedelta(hours=1)


@dataclass
class MemoryPostman:
    """An SMTP server in memory; errors in `fails` are raised by the next sendings, after the mail was taken where `taken` says so."""

    sent: list[tuple[bytes, tuple[str, ...]]] = field(default_factory=list)
    fails: deque[BridgeError | None] = field(default_factory=deque)
    refused: dict[str, str] = field(default_factory=dict)
    closed: BridgeError | None = None
    taken: bool = False
    mailbox: MemoryMailbox | None = None

    def send(self, mail: bytes, sender: str, recipients: tuple[str, ...]) -> Mapping[str, str]:
        """See `Postman.send`; a copy to the mailbox arrives there at once."""
        self.check()
        error = self.fails.popleft() if self.fails else None
        if error is None or self.taken:
            self.sent.append((mail, recipients))
            if self.mailbox and MAIL.address in recipients:
                own = message_from_bytes(mail, policy=default)["Message-ID"].strip("<>")
                self.mailbox.put(letter(message_id=own, arrived_at=MAIL.not_before - HOUR))
        if error is not None:
            raise error
        return self.refused

    def check(self) -> None:
        """See `Postman.check`; `closed` says why nobody is let in."""
        if self.closed:
            raise self.closed

    def texts(self) -> list[str]:
        """The plain texts of what was sent."""
        parsed = (message_from_bytes(mail, policy=default) for mail, _ in self.sent)
        return [body.get_content() for one in parsed if (body := one.get_body(("plain",))) is not None]


@dataclass
class Channel:
    """Both directions over a world."""

    office: Office
    postman: MemoryPostman

    @property
    def dispatch(self) -> Dispatch:
        """With the present rules."""
        intake, store = self.office.intake, self.office.world.store
        builder = Builder(self.office.mail, Markup.TEXTILE, THREADS)
        return Dispatch(
            mailbox=self.office.mailbox,
            postman=self.postman,
            tracker=intake.tracker,
            desk=self.office.desk,
            store=store,
            post=store.post,
            policy=intake.policy,
            mail=self.office.mail,
            threads=THREADS,
            build=builder.build,
        )

    def run(self, now: datetime, *, tickets: bool = True, **more: Any) -> Summary:
        """A whole pass: mail in, tickets, mail out."""
        world = self.office.world
        world.cabinet.now = now
        mail = MailOffice(self.office.intake, self.dispatch, world.said.append)
        engine = replace(world.engine, policy=self.office.intake.policy)
        return Pass(engine, now, mail=mail, **more).run(tickets=tickets)

    def send(self, *tickets: int, now: datetime) -> Sent:
        """Only the way out."""
        self.office.world.cabinet.now = now
        sent = Sent()
        self.dispatch.run(tickets, now, sent)
        return sent


@pytest.fixture
def channel(world: World) -> Channel:
    """A channel over a fresh world, with one mail that has become a ticket and been acknowledged."""
    mailbox = MemoryMailbox()
    return Channel(Office(world, mailbox, FakeDesk(world.cabinet)), MemoryPostman(mailbox=mailbox))


@pytest.fixture
def number(channel: Channel) -> int:
    """The ticket of Ivan's mail."""
    channel.office.mailbox.put(letter(cc=(PETR,)))
    summary = channel.run(TEN + MINUTE)
    assert summary.exit is Exit.DONE
    assert summary.mail is not None
    return summary.mail.haul.tickets[0]


def test_a_mail_is_acknowledged_by_mail_in_the_same_pass(channel: Channel, number: int) -> None:
    """In comes a mail, out goes the acknowledgement with number and term, in its thread, with a copy to the mailbox."""
    ((raw, recipients),) = channel.postman.sent
    mail = message_from_bytes(raw, policy=default)
    assert recipients == (IVAN.mail, MAIL.address)
    assert mail["In-Reply-To"] == "<one@example.org>"
    assert f"№{number}" in mail["Subject"]
    assert "под номером" in channel.postman.texts()[0]
    channel.run(TEN + 3 * MINUTE)
    assert len(channel.postman.sent) == 1


def test_a_persons_note_is_mailed_when_it_was_held(channel: Channel, number: int) -> None:
    """Five minutes after it was written; the pass wakes for it although nothing has changed."""
    channel.office.world.staff().note(number, "Рабочая станция подойдёт.", at=TEN + HOUR)
    channel.run(TEN + HOUR + MINUTE)
    assert len(channel.postman.sent) == 1
    channel.run(TEN + HOUR + 6 * MINUTE)
    assert "Рабочая станция подойдёт." in channel.postman.texts()[1]
    channel.run(TEN + HOUR + 12 * MINUTE)
    assert len(channel.postman.sent) == 2


def test_a_note_taken_back_within_the_hold_is_not_mailed(channel: Channel, number: int) -> None:
    """Blanked within five minutes: nobody reads it."""
    journal = channel.office.world.staff().note(number, "Ой, не туда", at=TEN + HOUR)
    channel.run(TEN + HOUR + MINUTE)
    channel.office.world.cabinet.edit_note(journal, "")
    channel.run(TEN + HOUR + 6 * MINUTE)
    assert len(channel.postman.sent) == 1


def test_private_notes_are_never_mailed(channel: Channel, number: int) -> None:
    """Also not after the hold."""
    channel.office.world.staff().note(number, "Между нами", private=True, at=TEN + HOUR)
    channel.run(TEN + 2 * HOUR)
    assert len(channel.postman.sent) == 1


def test_a_mail_that_was_not_taken_is_tried_again(channel: Channel, number: int) -> None:
    """With growing waits; once it is taken there is one mail."""
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    channel.postman.fails.extend([TemporaryError("451 later"), TemporaryError("out of reach")])
    now = TEN + HOUR + 6 * MINUTE
    assert channel.run(now).exit is Exit.TICKETS_FAILED
    for minutes in (1, 2, 3, 4, 10):
        channel.run(now + minutes * MINUTE)
    assert len(channel.postman.sent) == 2


@pytest.mark.parametrize("taken", [True, False])
def test_w3_a_mail_of_unknown_outcome_is_looked_for_before_it_is_sent_again(
    channel: Channel, number: int, taken: bool
) -> None:
    """The copy in the mailbox shows that it went out; without one it is sent, so that there is one mail either way."""
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    channel.postman.taken = taken
    channel.postman.fails.append(UnknownOutcomeError("no answer after DATA"))
    now = TEN + HOUR + 6 * MINUTE
    channel.run(now)
    channel.run(now + 2 * MINUTE)
    channel.run(now + 10 * MINUTE)
    channel.run(now + 20 * MINUTE)
    assert len(channel.postman.sent) == 2


def test_an_answer_is_in_the_thread_of_a_mail_whose_handling_was_cut_off(channel: Channel) -> None:
    """No answer came when the ticket was opened: it is acknowledged before its mail is settled, and refers to it all the same."""
    channel.office.mailbox.put(letter())
    channel.office.desk.after.append(UnknownOutcomeError("no answer"))
    channel.run(TEN + MINUTE)
    ((raw, _),) = channel.postman.sent
    assert message_from_bytes(raw, policy=default)["In-Reply-To"] == "<one@example.org>"


def test_a_store_that_is_lost_mails_nothing_again(channel: Channel, number: int) -> None:
    """The copies in the mailbox show what has gone; what has not gone goes."""
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    with SqlStore("sqlite://") as empty:
        channel.office.world.store = empty
        channel.run(TEN + HOUR + 6 * MINUTE)
        channel.run(TEN + HOUR + 12 * MINUTE)
    assert ["под номером" in text for text in channel.postman.texts()] == [True, False]


def test_a_refused_mail_is_told_to_staff_in_private(channel: Channel, number: int) -> None:
    """Once, with the server's words; nothing is tried again."""
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    channel.postman.fails.append(PermanentError("550 no such user"))
    channel.run(TEN + HOUR + 6 * MINUTE)
    channel.run(TEN + 3 * HOUR)
    notes = [one for one in channel.office.ticket(number).journals if "550 no such user" in one.notes]
    assert [one.private for one in notes] == [True]


def test_a_changed_password_costs_no_mail(channel: Channel, number: int) -> None:
    """Nothing is given up, staff are told nothing, and all go out when somebody has mended it."""
    for n in range(3):
        channel.office.world.staff().note(number, f"Ответ {n}", at=TEN + HOUR)
    channel.postman.closed = PermanentError("the login was refused: 535")
    summary = channel.run(TEN + 2 * HOUR)
    assert summary.exit is Exit.TICKETS_FAILED
    channel.postman.closed = None
    channel.run(TEN + 3 * HOUR)
    assert sum("Ответ" in text for text in channel.postman.texts()) == 3
    assert not [one for one in channel.office.ticket(number).journals if "535" in one.notes]


def test_a_loop_of_answers_ends_at_the_cap(channel: Channel, number: int) -> None:
    """So many mails a day to one address, then staff are told."""
    channel.office.mail = replace(MAIL, limits=MailLimits(per_address=3))
    for n in range(6):
        channel.office.world.staff().note(number, f"Ответ {n}", at=TEN + HOUR)
    channel.run(TEN + 2 * HOUR)
    assert len(channel.postman.sent) == 3
    assert any("a loop is suspected" in one.notes for one in channel.office.ticket(number).journals)


def test_a_mail_server_out_of_reach_keeps_no_ticket_waiting(channel: Channel, number: int) -> None:
    """The pass goes on and is a whole one; its exit code and its words say that something was wrong."""
    channel.office.mailbox.waiting = _unreachable  # type: ignore[method-assign]
    cabinet_ticket = channel.office.world.open(at=TEN + HOUR)
    summary = channel.run(TEN + HOUR + 15 * MINUTE)
    assert (summary.exit, summary.why) == (Exit.TICKETS_FAILED, "the mailbox is out of reach")
    assert "the mailbox is out of reach" in channel.office.world.said
    assert cabinet_ticket in [look.ticket_id for look in summary.written]


def test_a_mail_server_out_of_reach_is_all_that_the_mails_job_needs(channel: Channel) -> None:
    """Its exit code is that of a server that is away."""
    channel.office.mailbox.waiting = _unreachable  # type: ignore[method-assign]
    assert channel.run(TEN, tickets=False).exit is Exit.OUT_OF_REACH


def _unreachable(since: datetime) -> object:
    raise TemporaryError("the mailbox is out of reach")


AWAY = OutOfReachError("no answer in time")


@pytest.mark.parametrize(
    ("error", "waiting"),
    [
        pytest.param(AWAY, 3, id="the server cannot be reached"),
        pytest.param(UnknownOutcomeError("no answer"), 3, id="it took the mail and said nothing"),
        pytest.param(TemporaryError("451 later"), 1, id="it defers one mail"),
        pytest.param(PermanentError("550 no such user"), 0, id="it refuses one mail"),
    ],
)
def test_a_server_out_of_reach_is_tried_with_one_mail_a_pass(
    channel: Channel, number: int, error: BridgeError, waiting: int
) -> None:
    """Each mail more would wait for it in vain; those that it does not take alone keep no others waiting."""
    for n in range(3):
        channel.office.world.staff().note(number, f"Ответ {n}", at=TEN + HOUR)
    channel.postman.fails.append(error)
    channel.run(TEN + 2 * HOUR)
    later = TEN + 3 * HOUR
    assert len(channel.office.world.store.post.outbox(later)) == waiting
    channel.run(later)
    assert channel.office.world.store.post.outbox(later) == ()


def test_mails_wait_when_the_pass_is_told_to_stop(channel: Channel, number: int) -> None:
    """Between two mails it looks, and renews what keeps other passes out; the rest goes in the next pass."""
    for n in range(3):
        channel.office.world.staff().note(number, f"Ответ {n}", at=TEN + HOUR)
    renewed: list[int] = []
    summary = channel.run(
        TEN + 2 * HOUR, stopping=lambda: len(channel.postman.sent) > 2, renew=lambda: renewed.append(1)
    )
    assert summary.mail is not None
    assert (len(summary.mail.sent.sent), len(renewed) > 3) == (2, True)
    channel.run(TEN + 2 * HOUR + MINUTE)
    assert len(channel.postman.sent) == 4


def test_a_server_may_be_away_for_three_days(channel: Channel, number: int) -> None:
    """As docs/mail.md says; then staff are told, once."""
    start = now = TEN + 2 * HOUR
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    while not (told := [one for one in channel.office.ticket(number).journals if AWAY.args[0] in one.notes]):
        channel.postman.fails.append(AWAY)
        channel.send(number, now=now)
        now = next((one.next_at for one in _all_waiting(channel)), None) or now
    assert timedelta(days=3) <= now - start <= timedelta(days=3, hours=4)
    assert len(told) == 1


def _all_waiting(channel: Channel) -> tuple[Outgoing, ...]:
    return channel.office.world.store.post.outbox(TEN + timedelta(days=30))


def test_one_over_the_cap_keeps_no_mail_from_the_others(channel: Channel, number: int) -> None:
    """Staff are told whom the mail did not go to."""
    channel.office.mail = replace(MAIL, limits=MailLimits(per_address=2))
    channel.office.world.staff().note(number, "Раз", at=TEN + HOUR)
    channel.run(TEN + 2 * HOUR)
    channel.office.mailbox.put(channel.office.reply("Я коллега Ивана", number, sender=PETR))
    channel.run(TEN + 3 * HOUR)
    channel.office.world.staff().note(number, "Два", at=TEN + 4 * HOUR)
    channel.run(TEN + 5 * HOUR)
    assert channel.postman.sent[-1][1] == (PETR.mail, MAIL.address)
    (told,) = [one.notes for one in channel.office.ticket(number).journals if "a loop is suspected" in one.notes]
    assert (IVAN.mail in told, PETR.mail in told) == (True, False)


def test_w5_shadow_mode_mails_nothing(channel: Channel, number: int) -> None:
    """Neither new notes nor what waits."""
    channel.office.world.staff().note(number, "Ответ", at=TEN + HOUR)
    channel.office.world.rules = limited(channel.office.world.rules, shadow=True)
    channel.run(TEN + 2 * HOUR)
    assert len(channel.postman.sent) == 1


def test_w5_nothing_is_mailed_of_a_route_in_shadow(channel: Channel, number: int) -> None:
    """As nothing is written."""
    world = channel.office.world
    world.staff().note(number, "Ответ", at=TEN + HOUR)
    routes = world.rules.routes
    world.rules = replace(world.rules, routes=tuple(replace(one, shadow=True) for one in routes))
    channel.run(TEN + 2 * HOUR)
    assert len(channel.postman.sent) == 1
    world.rules = replace(world.rules, routes=routes)
    channel.send(number, now=TEN + 3 * HOUR)
    assert len(channel.postman.sent) == 2


def test_the_mails_job_alone_looks_at_no_tickets(channel: Channel) -> None:
    """It takes in and sends; the acknowledgement comes with the next pass over tickets."""
    channel.office.mailbox.put(letter())
    summary = channel.run(TEN + MINUTE, tickets=False)
    assert summary.mail is not None
    assert (len(summary.mail.haul.taken), summary.looked_at, channel.postman.sent) == (1, 0, [])


def test_personal_data_go_when_their_term_is_over_also_while_the_brake_holds(channel: Channel, number: int) -> None:
    """Once a day, what is older than `mail.keep`; the rest stays."""
    post, store = channel.office.world.store.post, channel.office.world.store
    for key, age in (("9f2c", MAIL.keep + HOUR), ("77aa", HOUR)):
        post.quarantine(Quarantined(key, TEN - age, "no From", IVAN.mail, "", b"raw"))
    store.set(BRAKE, "pulled by hand")
    channel.run(TEN + 2 * HOUR)
    assert len(post.quarantined()) == 2
    channel.run(TEN + timedelta(days=2))
    assert [one.key for one in post.quarantined()] == ["77aa"]
