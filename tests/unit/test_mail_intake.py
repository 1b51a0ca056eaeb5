"""Mails become tickets and notes, each once, whatever fails in between; over a cabinet, a mailbox and a store in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import pytest

from bridge.adapters.mail.parsing import read_letter
from bridge.adapters.store import SqlStore
from bridge.core.inbound import Content
from bridge.core.letter import Address, Bounce, Enclosure, Letter
from bridge.core.model import Channel, Language, Role
from bridge.core.policy import Mail, MailLimits, ReplyToClosed, Text
from bridge.core.threads import Threads
from bridge.engine import BrakeError, Budget
from bridge.errors import InvalidError, PermanentError, TemporaryError, UnknownOutcomeError
from bridge.mail import writing
from bridge.mail.intake import Haul, Intake
from bridge.mail_ports import Fate, Waiting
from tests.fakes.desk import FakeDesk
from tests.fakes.mailbox import FakeMailbox, FakeMailStore
from tests.unit import letters
from tests.unit.making import PRODUCT, moment
from tests.unit.worlds import MINUTE, TEN, World, limited

IVAN = Address("ivan@example.org", "Иван Петров")
PETR = Address("petr@example.org", "Пётр")
EVE = Address("eve@evil.example", "Eve")
THREADS = Threads((b"a secret of the tests",), "vendor.test")
MAIL = Mail(
    address="presale@vendor.test",
    project="clients",
    tracker="ТехП Пресейл",
    not_before=moment("11-20 00:00"),
    name=Text("Пресейл", "Presale support"),
)


def letter(text: str = "Какая разница между редакциями?", **more: object) -> Letter:
    """A mail of Ivan's, arrived at ten."""
    values = {"message_id": "one@example.org", "sender": IVAN, "subject": "Вопрос", "arrived_at": TEN} | more
    digest = sha256(repr((text, sorted(values.items(), key=str))).encode()).hexdigest()
    return Letter(text=text, digest=digest, **values)  # type: ignore[arg-type]


@dataclass
class MemoryMailbox:
    """A mailbox of finished letters; `raw` of a letter is its name here. Errors in `fails` are raised by the next marks."""

    letters: dict[str, Letter] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)
    fails: deque[Exception | None] = field(default_factory=deque)

    def put(self, one: Letter) -> str:
        """A mail arrives; its uid."""
        uid = str(len(self.letters) + 1)
        self.letters[uid] = one
        return uid

    def waiting(self, since: datetime) -> Iterator[Waiting]:
        """See `Mailbox.waiting`."""
        for uid, one in list(self.letters.items()):
            if uid not in self.marked and one.arrived_at >= since:
                yield Waiting("INBOX", uid, one.arrived_at, 100)

    def fetch(self, waiting: Waiting, at_most: int) -> bytes:
        """See `Mailbox.fetch`."""
        return waiting.uid.encode()

    def mark(self, waiting: Waiting, *, handled: bool = True) -> None:
        """See `Mailbox.mark`."""
        error = self.fails.popleft() if self.fails else None
        if error is not None:
            raise error
        self.marked.append(waiting.uid)

    def has(self, message_id: str) -> bool:
        """See `Mailbox.has`."""
        return any(one.message_id == message_id for one in self.letters.values())

    def read(self, raw: bytes, arrived_at: datetime) -> Letter:
        """What the parser would make of a message."""
        return self.letters[raw.decode()]


@dataclass
class Office:
    """The intake over a world."""

    world: World
    mailbox: MemoryMailbox
    desk: FakeDesk
    mail: Mail = MAIL

    @property
    def intake(self) -> Intake:
        """With the present rules."""
        return Intake(
            mailbox=self.mailbox,
            tracker=self.world.tracker,
            desk=self.desk,
            post=self.world.store.post,
            policy=replace(self.world.rules, mail=self.mail),
            mail=self.mail,
            threads=THREADS,
            read=self.mailbox.read,
        )

    def run(self, now: datetime = TEN + MINUTE, left: int = 50) -> Haul:
        """One look into the mailbox."""
        self.world.cabinet.now = now
        haul = Haul()
        self.intake.run(now, Budget(left), haul)
        return haul

    def ticket(self, number: int):  # noqa: ANN201
        """A ticket as the engine reads it."""
        return self.world.tracker.read(number)

    def reply(self, text: str, number: int, **more: object) -> Letter:
        """An answer in the thread of a ticket."""
        ours = THREADS.message_id(number, 7)
        return letter(text, message_id=f"{len(text)}@example.org", references=(ours,), subject="Re: Вопрос", **more)


@pytest.fixture
def office(world: World) -> Office:
    """An office over a fresh world."""
    return Office(world, MemoryMailbox(), FakeDesk(world.cabinet))


def test_a_mail_becomes_a_ticket_with_its_sender_as_customer(office: Office) -> None:
    """The words, the fields, the receipt and the private line for staff; the message is marked."""
    uid = office.mailbox.put(letter("Сведения о системе: Альт 10.2, x86_64\n\nНе ставится"))
    haul = office.run()
    (taken,) = haul.taken
    assert (taken.fate, haul.failed, office.mailbox.marked) == (Fate.TICKET, [], [uid])
    ticket = office.ticket(taken.ticket_id)
    assert (ticket.channel, ticket.author.mail, ticket.created_on) == (Channel.MAIL, IVAN.mail, TEN)
    assert ticket.created.fields["Сведения о системе"] == "Альт 10.2, x86_64"
    (line,) = ticket.journals
    assert line.private
    assert "отправляются на ivan@example.org" in line.notes
    assert line.by.role is Role.BRIDGE


def test_the_engine_looks_after_a_mail_ticket_as_after_any_other(office: Office) -> None:
    """The term runs from the mail's arrival (T3), and the acknowledgement is written."""
    office.mailbox.put(letter())
    (taken,) = office.run().taken
    look = office.world.look(taken.ticket_id or 0)
    assert [one.step.value for one in look.decisions][:1] == ["acknowledge"]
    assert office.world.look(taken.ticket_id or 0, TEN + 30 * MINUTE).decisions == ()


def test_an_answer_becomes_a_note_of_the_customer(office: Office) -> None:
    """A reply with one of our Message-IDs among its references goes to its ticket."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    office.mailbox.put(office.reply("Альт 10.2", number))
    (taken,) = office.run(TEN + 5 * MINUTE).taken
    assert (taken.fate, taken.ticket_id) == (Fate.NOTE, number)
    note = office.ticket(number).journals[-1]
    assert (note.notes, note.by.role, note.by.mail) == ("Альт 10.2", Role.CUSTOMER, IVAN.mail)


def test_trap_13_a_stranger_with_the_number_gets_a_ticket_of_his_own(office: Office) -> None:
    """The number in a subject proves nothing; staff are told of the other ticket."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    office.mailbox.put(letter("Что там?", sender=EVE, message_id="eve", subject=f"Re: [№{number}] Вопрос"))
    (taken,) = office.run().taken
    assert taken.fate is Fate.TICKET
    assert taken.ticket_id != number
    assert f"№{number}" in office.ticket(taken.ticket_id).journals[0].notes
    assert len(office.ticket(number).journals) == 1


def test_a_stolen_message_id_opens_nothing_of_anybody_else(office: Office) -> None:
    """Somebody who was forwarded our mail and answers it is a stranger to the ticket; a colleague in copy is not."""
    office.mailbox.put(letter(cc=(PETR,)))
    number = office.run().taken[0].ticket_id or 0
    office.mailbox.put(office.reply("Можно и мне?", number, sender=EVE))
    office.mailbox.put(office.reply("Я коллега Ивана", number, sender=PETR))
    stranger, colleague = office.run().taken
    assert (stranger.fate, stranger.ticket_id == number) == (Fate.TICKET, False)
    assert (colleague.fate, colleague.ticket_id) == (Fate.NOTE, number)


def test_a_forged_thread_is_no_thread(office: Office) -> None:
    """A Message-ID of our form with another hash stands for nothing."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    forged = THREADS.message_id(number, 7).replace(".7.", ".8.")
    office.mailbox.put(letter("Впустите", references=(forged,), message_id="x"))
    assert office.run().taken[0].ticket_id != number


def test_a_web_form_is_answered_where_its_person_reads(office: Office) -> None:
    """It sends from an address that nobody reads, and names the person in Reply-To."""
    office.mailbox.put(letter(sender=Address("noreply@forms.example"), reply_to=IVAN))
    (taken,) = office.run().taken
    assert office.ticket(taken.ticket_id or 0).author.mail == IVAN.mail


# --- once, whatever happens -----------------------------------------------------------------------------------------------------------------


def test_trap_12_a_crash_between_writing_and_marking_makes_no_duplicate(office: Office) -> None:
    """The ticket stands in Redmine, the mark did not get to the mailbox: next time it is only marked."""
    uid = office.mailbox.put(letter())
    office.mailbox.fails.append(TemporaryError("gone"))
    office.run()
    assert office.mailbox.marked == []
    assert office.run().taken == []
    assert (office.mailbox.marked, len(office.world.cabinet.tickets)) == ([uid], 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_w3_an_unknown_outcome_is_looked_for_in_redmine(office: Office, when: str) -> None:
    """The request was sent and no answer came: after `settle_unknown` the ticket is found, or opened."""
    office.mailbox.put(letter())
    getattr(office.desk, when).append(UnknownOutcomeError("no answer"))
    assert office.run().failed
    assert office.run(TEN + 2 * MINUTE).taken == []
    (taken,) = office.run(TEN + 10 * MINUTE).taken
    assert (taken.fate, len(office.world.cabinet.tickets)) == (Fate.TICKET, 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_w3_a_note_of_unknown_outcome_is_written_once(office: Office, when: str) -> None:
    """The same for an answer: it is looked for among the ticket's notes."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    office.mailbox.put(office.reply("Альт 10.2", number))
    getattr(office.desk, when).append(UnknownOutcomeError("no answer"))
    office.run(TEN + MINUTE)
    office.run(TEN + 20 * MINUTE)
    office.run(TEN + 40 * MINUTE)
    assert [one.notes for one in office.ticket(number).journals].count("Альт 10.2") == 1


def test_an_empty_store_and_an_unmarked_mailbox_make_no_duplicates(office: Office) -> None:
    """What stands in Redmine is recognised by its key alone (UIDVALIDITY changed, the state was lost)."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    office.mailbox.put(office.reply("Альт 10.2", number))
    office.run()
    office.mailbox.marked.clear()
    with SqlStore("sqlite://") as empty:
        office.world.store = empty
        office.run(TEN + 30 * MINUTE)
    assert len(office.world.cabinet.tickets) == 1
    assert len(office.ticket(number).journals) == 2


def test_two_fetchers_share_the_work(office: Office) -> None:
    """What one has claimed the other leaves alone."""
    one = letter()
    office.mailbox.put(one)
    assert office.world.store.post.claim_letter(THREADS.keys(one.digest)[0], TEN, IVAN.mail, one.message_id)
    assert office.run(TEN + MINUTE).taken == []
    assert office.run(TEN + 10 * MINUTE).taken[0].fate is Fate.TICKET


def test_a_repeated_message_id_of_another_sender_is_another_mail(office: Office) -> None:
    """Message-IDs are the sender's to choose."""
    office.mailbox.put(letter())
    office.mailbox.put(letter("Другое", sender=EVE))
    assert [one.fate for one in office.run().taken] == [Fate.TICKET, Fate.TICKET]


# --- what is not taken ----------------------------------------------------------------------------------------------------------------------


def test_trap_17_mails_from_before_are_left_alone(office: Office) -> None:
    """`mail.not_before` is a moment, not a day."""
    office.mailbox.put(letter(arrived_at=MAIL.not_before - timedelta(seconds=1)))
    assert office.run().taken == []
    assert office.mailbox.marked == []


def test_the_mailboxs_own_mail_is_nobodys_request(office: Office) -> None:
    """Copies of our answers come back into the mailbox."""
    office.mailbox.put(letter(sender=Address(MAIL.address), message_id=THREADS.message_id(5, 7)))
    assert office.run().taken[0].fate is Fate.MACHINE
    assert office.world.cabinet.tickets == {}


@pytest.mark.parametrize(
    ("final", "told"),
    [pytest.param(True, "не доставлено", id="given up"), pytest.param(False, "ещё пытается", id="delayed")],
)
def test_a_bounce_tells_staff_once(office: Office, final: bool, told: str) -> None:
    """The ticket gets a private note with what the server said; no second one over a crash."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    bounce = Bounce(((IVAN.mail, "550 no such user"),), THREADS.message_id(number, 7), final=final)
    headers = {"auto-submitted": ("auto-replied",), "return-path": ("<>",)}
    office.mailbox.put(letter("", sender=Address("MAILER-DAEMON@x"), bounce=bounce, headers=headers))
    office.mailbox.fails.append(TemporaryError("gone"))
    office.run()
    office.run()
    notes = [one for one in office.ticket(number).journals if told in one.notes]
    assert [one.private for one in notes] == [True]
    assert "550 no such user" in notes[0].notes


def test_a_value_that_redmine_refuses_puts_the_mail_aside(office: Office) -> None:
    """A person looks at it; nothing is lost."""
    office.mailbox.put(letter())
    office.desk.before.append(InvalidError("Redmine refused: Организация cannot be blank"))
    (taken,) = office.run().taken
    assert taken.fate is Fate.QUARANTINE
    (aside,) = office.world.store.post.quarantined()
    assert "cannot be blank" in aside.reason
    office.world.store.post.release_quarantined(aside.key, None, TEN)
    assert office.run(TEN + 2 * MINUTE).taken[0].fate is Fate.TICKET
    assert office.world.store.post.quarantined() == ()


def test_a_loop_ends_at_the_cap(office: Office) -> None:
    """Machines that hide what they are get so many tickets a day and no more."""
    office.mail = replace(MAIL, limits=MailLimits(per_address=3))
    for number in range(10):
        office.mailbox.put(letter(f"Auto {number}"))
    fates = [one.fate for one in office.run().taken]
    assert fates == [Fate.TICKET] * 3 + [Fate.QUARANTINE] * 7


def test_trap_14_a_burst_of_new_requests_ends_at_the_hours_cap(office: Office) -> None:
    """Answers in a thread do not count: a customer who sends six logs is heard."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    for n in range(8):
        office.mailbox.put(office.reply(f"Журнал {n} {'.' * n}", number))
    for n in range(6):
        office.mailbox.put(letter(f"Новый вопрос {n}", message_id=f"new{n}"))
    fates = [one.fate for one in office.run().taken]
    assert fates == [Fate.NOTE] * 8 + [Fate.TICKET] * 4 + [Fate.QUARANTINE] * 2


def test_files_that_are_too_big_are_named_to_the_customer(office: Office) -> None:
    """Once, in public, and the others are kept."""
    files = (Enclosure("a.log", "text/plain", 3, b"abc"), Enclosure("disk.iso", "x/y", 60_000_000, left_out="too big"))
    office.mailbox.put(letter(enclosures=files))
    number = office.run().taken[0].ticket_id or 0
    ticket = office.ticket(number)
    assert ticket.created.attachments == ("a.log",)
    (public,) = [one for one in ticket.journals if not one.private]
    assert "disk.iso: 57,2 МБ, а мы принимаем файлы до 5 МБ" in public.notes


FILE = Enclosure("a.log", "text/plain", 3, b"abc")
LEFT = Enclosure("b.log", "text/plain", 4, left_out="for a reason")


@pytest.mark.parametrize(
    ("limits", "one", "expected"),
    [
        pytest.param(MailLimits(attachment=3), LEFT, ["0 MB, and we take files of up to 0 MB"], id="it is too big"),
        pytest.param(MailLimits(attachments=1), LEFT, ["the mail has more than 1 files"], id="there are too many"),
        pytest.param(MailLimits(message=1024 * 1024), LEFT, ["the mail is bigger than 1 MB"], id="all are too big"),
        pytest.param(MailLimits(), FILE, [], id="it was taken"),
    ],
)
def test_a_file_that_was_not_taken_has_its_reason(limits: MailLimits, one: Enclosure, expected: list[str]) -> None:
    """A customer is told what to do differently."""
    found = writing.left_out(letter(enclosures=(FILE, one)), limits, Language.EN)
    assert [row["reason"] for row in found] == expected


@pytest.mark.parametrize(
    ("spare", "kept", "told"),
    [
        pytest.param(-20_000, 7, ["f7.bin", "всё, что в письме дальше"], id="its last file is cut off"),
        pytest.param(-1, 7, ["f7.bin", "всё, что в письме дальше"], id="one byte too long"),
        pytest.param(0, 8, [], id="just as long as it may be"),
    ],
)
def test_a_mail_beyond_the_limit_loses_nothing_in_silence(
    office: Office, spare: int, kept: int, told: list[str]
) -> None:
    """Its whole files are kept, the one that is cut off is not, and the customer is told of that and of the rest."""
    files = [letters.attachment(f"f{n}.bin", bytes([n]) * 20_000) for n in range(8)]
    raw = letters.multipart(letters.part("Файлы во вложении"), *files)
    limits = MailLimits(message=len(raw) + spare)
    box = FakeMailbox(FakeMailStore(), MAIL)
    box.store.deliver(raw, TEN)
    mail, read = replace(MAIL, limits=limits), partial(read_letter, limits=limits)
    haul = Haul()
    replace(office.intake, mailbox=box, mail=mail, read=read).run(TEN + MINUTE, Budget(50), haul)
    ticket = office.ticket(haul.tickets[0])
    assert ticket.created.attachments == tuple(f"f{n}.bin" for n in range(kept))
    public = "\n".join(one.notes for one in ticket.journals if not one.private)
    assert [line[2:].partition(": письмо больше 0,2 МБ")[0] for line in public.splitlines() if line[:1] == "-"] == told


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"x" * 100, ("original.eml", b"x" * 100), id="as it came"),
        pytest.param(b"x" * 101, ("original.txt", "Ответ\n> вопрос".encode()), id="its text, where it is too big"),
    ],
)
def test_what_was_cut_from_a_mail_is_attached(raw: bytes, expected: tuple[str, bytes]) -> None:
    """The original where it is a file like any other, else all of its words."""
    (file,) = writing.files_of(letter("Ответ\n> вопрос"), Content("Вопрос", "Ответ", cut=True), raw, 100)
    assert (file.name, file.content) == expected


def test_one_bad_mail_does_not_stop_the_others(office: Office) -> None:
    """W6 for mails: a refusal of one is reported, the next is handled."""
    office.mailbox.put(letter("Первое"))
    office.mailbox.put(letter("Второе"))
    office.desk.before.append(PermanentError("403"))
    haul = office.run()
    assert (len(haul.failed), [one.fate for one in haul.taken]) == (1, [Fate.TICKET])


def test_w5_the_brake_holds_the_intake(office: Office) -> None:
    """A flood of mails stops at `changes_per_pass`; what is left stays in the mailbox, unmarked."""
    for number in range(5):
        office.mailbox.put(letter(f"Вопрос {number}"))
    with pytest.raises(BrakeError):
        office.run(left=3)
    assert (len(office.world.cabinet.tickets), len(office.mailbox.marked)) == (3, 3)


def test_w5_shadow_mode_touches_nothing(office: Office) -> None:
    """It judges and says so; neither Redmine nor the mailbox nor the store change."""
    office.world.rules = limited(office.world.rules, shadow=True)
    office.mailbox.put(letter())
    haul = office.run()
    assert "shadow" in haul.taken[0].reason
    assert (office.world.cabinet.tickets, office.mailbox.marked) == ({}, [])
    office.world.rules = limited(office.world.rules, shadow=False)
    assert office.run().taken[0].fate is Fate.TICKET


def test_w5_a_route_in_shadow_is_touched_by_no_mail(office: Office) -> None:
    """Neither a new ticket nor a note on one that is there; what takes another route is handled."""
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    routes = office.world.rules.routes
    shadowed = tuple(replace(one, shadow=one is routes[-1]) for one in routes)
    office.world.rules = replace(office.world.rules, routes=shadowed)
    uids = [
        office.mailbox.put(office.reply("И ещё?", number)),
        office.mailbox.put(letter("Что взять?", message_id="2")),
    ]
    other = office.mailbox.put(letter(subject=PRODUCT, message_id="3"))
    taken = office.run(TEN + 2 * MINUTE).taken
    assert [one.fate for one in taken] == [None, None, Fate.TICKET]
    assert (set(uids) & set(office.mailbox.marked), other in office.mailbox.marked) == (set(), True)


def test_own_names_are_for_verified_senders_only(office: Office) -> None:
    """With DMARC the ticket is the customer's own; without it, or for who is in Reply-To alone, the bridge's account speaks for a stranger."""
    office.mail = replace(MAIL, own_name=True, authserv="mx.vendor.test")
    office.world.cabinet.add_account("ivan", "Иван Петров", mail=IVAN.mail)
    for project in office.world.cabinet.projects.values():
        project.members["ivan"] = frozenset({"Клиент"})
    office.mailbox.put(letter("Раз", verified=frozenset({"example.org"})))
    office.mailbox.put(letter("Два", verified=frozenset({"evil.example"})))
    named = {"sender": Address("noreply@example.org"), "reply_to": IVAN}
    office.mailbox.put(letter("Три", verified=frozenset({"example.org"}), **named))
    own, other, of_a_form = office.run().taken
    assert office.ticket(own.ticket_id or 0).channel is Channel.CABINET
    assert office.ticket(other.ticket_id or 0).channel is Channel.MAIL
    assert office.ticket(of_a_form.ticket_id or 0).channel is Channel.MAIL


@pytest.mark.parametrize(("closed", "same"), [(ReplyToClosed.REOPEN, True), (ReplyToClosed.NEW, False)])
def test_a_reply_to_a_closed_ticket_does_what_the_rules_say(office: Office, closed: ReplyToClosed, same: bool) -> None:
    """It opens the ticket again (the engine does that), or a new one beside it."""
    office.mail = replace(MAIL, closed=closed)
    office.mailbox.put(letter())
    number = office.run().taken[0].ticket_id or 0
    office.world.staff().note(number, "Готово.", status="Закрыта")
    office.mailbox.put(office.reply("Опять не работает, посмотрите ещё раз", number))
    (taken,) = office.run(TEN + 30 * MINUTE).taken
    assert (taken.ticket_id == number) is same
    if same:
        look = office.world.look(number, TEN + 40 * MINUTE)
        assert "reopen" in [one.step.value for one in look.decisions]
