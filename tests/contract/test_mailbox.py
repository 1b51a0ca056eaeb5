"""The contract of `bridge.mail_ports.Mailbox`, over the fake and over a real Dovecot. Each test has a mailbox of its own."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest

from bridge.adapters.mail.mailbox import KEYWORD, ImapMailbox
from bridge.core.policy import Mail, Text
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer
from bridge.errors import PermanentError
from bridge.mail_ports import Mailbox, Waiting
from tests.fakes.mailbox import FakeMailbox, FakeMailStore
from tests.mail_fixtures import imap_account, somebody

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
RULES = Mail("presale@vendor.test", "mail", "Поддержка", START, Text("Пресейл", "Presale"))
RUSSIAN = "Входящие/Пресейл & «новое»"
PLENTY = 10**9


class Keeper(Protocol):
    """What people and servers do to the mailbox beside the bridge."""

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """A message arrives."""

    def make_folder(self, folder: str) -> None:
        """A new folder."""

    def make_anew(self, folder: str) -> None:
        """The folder gets another UIDVALIDITY and other UIDs."""

    def expunge(self, folder: str = "INBOX") -> None:
        """A person deletes everything for good."""

    def flag(self, flag: str, folder: str = "INBOX") -> None:
        """A person sets a flag on everything."""

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """The flags of each message."""


@dataclass
class FakeKeeper:
    """Over the store in memory."""

    store: FakeMailStore

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        self.store.deliver(raw, at, folder)

    def make_folder(self, folder: str) -> None:
        """See `Keeper`."""
        self.store.make_folder(folder)

    def make_anew(self, folder: str) -> None:
        """See `Keeper`."""
        self.store.make_anew(folder)

    def expunge(self, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        self.store.expunge(folder)

    def flag(self, flag: str, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        for mail in self.store.folders[folder].mails:
            mail.flags.add(flag)

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """See `Keeper`."""
        return [set(mail.flags) for mail in self.store.folders[folder].mails]


@dataclass
class RealKeeper:
    """Over IMAP, as a mail program."""

    person: MailPerson

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        self.person.put([(raw, at)], folder)

    def make_folder(self, folder: str) -> None:
        """See `Keeper`."""
        with self.person.opened() as box:
            box.folder.create(folder)

    def make_anew(self, folder: str) -> None:
        """See `Keeper`."""
        with self.person.opened(folder) as box:
            box.folder.create("copy")
            box.copy(box.uids(), "copy")
            box.folder.set("INBOX")
            box.folder.delete(folder)
            box.folder.rename("copy", folder)

    def expunge(self, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        with self.person.opened(folder) as box:
            box.delete(box.uids())

    def flag(self, flag: str, folder: str = "INBOX") -> None:
        """See `Keeper`."""
        with self.person.opened(folder) as box:
            box.client.uid("STORE", "1:*", "+FLAGS", f"({flag})")

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """See `Keeper`."""
        with self.person.opened(folder) as box:
            said = box.client.fetch("1:*", "(FLAGS)")[1] if box.uids() else []
        return [{flag.decode() for flag in imaplib.ParseFlags(line)} - {"\\Recent"} for line in said]


@dataclass
class World:
    """A mailbox, and sessions of the bridge in it."""

    keeper: Keeper
    make: Callable[[Mail], Mailbox]

    def mailbox(self, **more: Any) -> Mailbox:
        """A session under rules that differ in this."""
        return self.make(replace(RULES, **more))


def real_world(server: MailServer) -> World:
    """A new mailbox on the real server."""
    person = somebody(server, "vendor.test")
    return World(RealKeeper(person), lambda rules: ImapMailbox(imap_account(person), rules))


def fake_world() -> World:
    """A new one in memory."""
    store = FakeMailStore()
    return World(FakeKeeper(store), lambda rules: FakeMailbox(store, rules))


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.mail)])
def world(request: pytest.FixtureRequest) -> World:
    """The fake and the real one."""
    return fake_world() if request.param == "fake" else real_world(request.getfixturevalue("mail_server"))


def letter(name: str = "first", text: str = "Помогите") -> bytes:
    """A message with that subject and Message-ID."""
    head = f"From: a@customer.test\r\nSubject: {name}\r\nMessage-ID: <{name}@customer.test>\r\n\r\n{text}\r\n"
    return head.encode()


def listed(mailbox: Mailbox, since: datetime = START) -> list[Waiting]:
    """What waits."""
    return list(mailbox.waiting(since))


# --- what waits -------------------------------------------------------------------------------------------------------


def test_the_oldest_waits_first(world: World) -> None:
    """Messages come in the order of their arrival, whatever the order in which they lie, with size and the moment."""
    late, early = letter("late"), letter("early")
    world.keeper.deliver(late, START + timedelta(hours=2))
    world.keeper.deliver(early, START + timedelta(hours=1))
    found = listed(world.mailbox())
    assert [one.arrived_at for one in found] == [START + timedelta(hours=1), START + timedelta(hours=2)]
    assert [(one.folder, one.size) for one in found] == [("INBOX", len(early)), ("INBOX", len(late))]


@pytest.mark.parametrize(
    ("before", "waits"),
    [
        pytest.param(timedelta(0), True, id="at the very second"),
        pytest.param(timedelta(seconds=1), False, id="a second earlier, on the same day"),
        pytest.param(timedelta(days=1), False, id="the day before"),
    ],
)
def test_the_moment_of_arrival_counts_to_the_second(world: World, before: timedelta, waits: bool) -> None:
    """IMAP's search knows days only; the bridge's own bound is exact."""
    world.keeper.deliver(letter(), START - before)
    assert bool(listed(world.mailbox())) is waits


def test_a_zone_moves_no_bound(world: World) -> None:
    """What arrived on another day of the server's or the sender's zone is compared as a moment."""
    world.keeper.deliver(letter(), START.astimezone(ZoneInfo("Pacific/Kiritimati")))
    assert [one.arrived_at for one in listed(world.mailbox())] == [START]
    assert listed(world.mailbox(), START + timedelta(seconds=1)) == []


def test_what_people_deleted_is_left_to_them(world: World) -> None:
    """A message that a person has marked as deleted is not handled, and nothing removes it."""
    world.keeper.deliver(letter("one"), START)
    world.keeper.flag("\\Deleted")
    world.keeper.deliver(letter("two"), START)
    mailbox = world.mailbox()
    (two,) = listed(mailbox)
    mailbox.mark(two)
    assert world.keeper.flags() == [{"\\Deleted"}, {KEYWORD}]


def test_several_folders_one_with_a_russian_name(world: World) -> None:
    """All folders of the rules are looked at; their names may have any letters."""
    world.keeper.make_folder(RUSSIAN)
    world.keeper.deliver(letter("two"), START + timedelta(seconds=1))
    world.keeper.deliver(letter("one"), START, RUSSIAN)
    mailbox = world.mailbox(folders=("INBOX", RUSSIAN))
    found = listed(mailbox)
    assert [one.folder for one in found] == [RUSSIAN, "INBOX"]
    assert mailbox.fetch(found[0], PLENTY) == letter("one")


def test_a_folder_that_is_not_there(world: World) -> None:
    """It is said which folders there are."""
    world.keeper.make_folder(RUSSIAN)
    with pytest.raises(PermanentError, match=r"no folder «Пресейл»; there are: .*INBOX.*Пресейл & «новое»"):
        listed(world.mailbox(folders=("Пресейл",)))


def test_a_target_that_is_not_there(world: World) -> None:
    """A folder to move to is looked for before anything is handled."""
    world.keeper.deliver(letter(), START)
    with pytest.raises(PermanentError, match="no folder «Готово»"):
        listed(world.mailbox(move_to="Готово"))


def test_five_thousand_old_messages(world: World) -> None:
    """A mailbox with a past: nothing waits, and nothing has changed in it."""
    old = [(letter(f"old-{number}"), START - timedelta(minutes=number + 1)) for number in range(5000)]
    match world.keeper:
        case RealKeeper(person):
            person.put(old)
        case keeper:
            for raw, at in old:
                keeper.deliver(raw, at)
    mailbox = world.mailbox()
    assert listed(mailbox) == []
    assert len(listed(mailbox, START - timedelta(days=30))) == 5000
    assert not any(world.keeper.flags())


# --- reading ----------------------------------------------------------------------------------------------------------


def test_reading_changes_nothing(world: World) -> None:
    """A message is read as it lies there, and stays unseen and unmarked."""
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox()
    (one,) = listed(mailbox)
    assert mailbox.fetch(one, PLENTY) == letter()
    assert world.keeper.flags() == [set()]
    assert listed(mailbox) == [one]


def test_a_big_message_is_read_as_far_as_wanted(world: World) -> None:
    """Of a message of 20 MB, only so much is fetched as the limits say."""
    big = letter(text="0123456789abcdef\r\n" * 1_200_000)
    world.keeper.deliver(big, START)
    mailbox = world.mailbox()
    (one,) = listed(mailbox)
    assert one.size == len(big)
    assert mailbox.fetch(one, 1000) == big[:1000]
    assert mailbox.fetch(one, PLENTY) == big


def test_a_message_that_was_deleted_meanwhile(world: World) -> None:
    """It is empty when read, and marking it does nothing."""
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox()
    (one,) = listed(mailbox)
    world.keeper.expunge()
    assert mailbox.fetch(one, PLENTY) == b""
    mailbox.mark(one)
    assert listed(mailbox) == []


# --- marking ----------------------------------------------------------------------------------------------------------


def test_only_the_keyword_is_set(world: World) -> None:
    """A marked message does not wait any more, in any session; nothing but the keyword tells it from others."""
    world.keeper.deliver(letter("one"), START)
    world.keeper.flag("\\Flagged")
    world.keeper.deliver(letter("two"), START)
    mailbox = world.mailbox()
    one = next(one for one in listed(mailbox) if mailbox.fetch(one, PLENTY) == letter("one"))
    mailbox.mark(one)
    assert sorted(map(sorted, world.keeper.flags())) == [[], [KEYWORD, "\\Flagged"]]
    assert len(listed(world.mailbox())) == len(listed(mailbox)) == 1


def test_marked_twice(world: World) -> None:
    """To mark a message again does no harm."""
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox()
    (one,) = listed(mailbox)
    mailbox.mark(one)
    mailbox.mark(one)
    assert world.keeper.flags() == [{KEYWORD}]


def test_seen_and_moved_when_the_rules_say_so(world: World) -> None:
    """With both switched on, the message goes read and marked into the other folder, and does not wait there either."""
    world.keeper.make_folder("Готово")
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox(mark_seen=True, move_to="Готово", folders=("INBOX", "Готово"))
    (one,) = listed(mailbox)
    mailbox.mark(one)
    assert (world.keeper.flags(), world.keeper.flags("Готово")) == ([], [{KEYWORD, "\\Seen"}])
    assert listed(mailbox) == []
    mailbox.mark(one)
    assert world.keeper.flags("Готово") == [{KEYWORD, "\\Seen"}]


def test_what_is_left_to_people_is_neither_read_nor_moved(world: World) -> None:
    """Whatever the rules say of handled mail: the others stay where people look for them."""
    world.keeper.make_folder("Готово")
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox(mark_seen=True, move_to="Готово")
    mailbox.mark(listed(mailbox)[0], handled=False)
    assert (world.keeper.flags(), world.keeper.flags("Готово"), listed(mailbox)) == ([{KEYWORD}], [], [])


def test_two_sessions_at_once(world: World) -> None:
    """What one session marks, the other one sees at its next look; both may mark the same message."""
    world.keeper.deliver(letter(), START)
    first, second = world.mailbox(), world.mailbox()
    (mine,), (theirs,) = listed(first), listed(second)
    first.mark(mine)
    assert second.fetch(theirs, PLENTY) == letter()
    second.mark(theirs)
    assert listed(first) == listed(second) == []
    assert world.keeper.flags() == [{KEYWORD}]


def test_a_message_that_arrives_between_two_looks(world: World) -> None:
    """A session that stays open sees new messages."""
    mailbox = world.mailbox()
    assert listed(mailbox) == []
    world.keeper.deliver(letter(), START)
    assert len(listed(mailbox)) == 1


def test_another_uidvalidity_makes_the_old_names_void(world: World) -> None:
    """After a folder was made anew, what was listed before counts as gone: no other message is taken for it; the keyword stays."""
    world.keeper.make_folder("Заявки")
    world.keeper.deliver(letter("done"), START, "Заявки")
    world.keeper.deliver(letter("new"), START, "Заявки")
    mailbox = world.mailbox(folders=("Заявки",))
    done, new = listed(mailbox)
    mailbox.mark(done)
    world.keeper.make_anew("Заявки")
    (again,) = listed(mailbox)
    assert mailbox.fetch(new, PLENTY) == mailbox.fetch(done, PLENTY) == b""
    mailbox.mark(new)
    assert listed(mailbox) == [again]
    assert mailbox.fetch(again, PLENTY) == letter("new")


# --- is it there ------------------------------------------------------------------------------------------------------


def test_has_looks_for_a_message_id(world: World) -> None:
    """A message is found by its Message-ID in the folders of the rules and among sent mail, marked or not; its beginning is not enough."""
    world.keeper.deliver(letter("in"), START - timedelta(days=400))
    world.keeper.deliver(letter("sent"), START, "Sent")
    mailbox = world.mailbox()
    assert mailbox.has("in@customer.test")
    assert mailbox.has("sent@customer.test")
    assert not mailbox.has("in@customer")
    assert not mailbox.has("n@customer.test")
    assert not mailbox.has("")


@pytest.mark.parametrize("odd", ['a"b@x', "a\\b@x", "a\r\nLOGOUT@x", "кот@x", "a*b%@x", "{5}@x"])
def test_an_odd_message_id_does_no_harm(world: World, odd: str) -> None:
    """Whatever stands in it, it is looked for as it is, or not at all."""
    mailbox = world.mailbox()
    assert not mailbox.has(odd)
    assert listed(mailbox) == []


def test_has_does_not_disturb_what_is_being_read(world: World) -> None:
    """Between two looks into a folder, another one may be searched."""
    world.keeper.deliver(letter(), START)
    mailbox = world.mailbox()
    (one,) = listed(mailbox)
    assert mailbox.has("first@customer.test")
    assert mailbox.fetch(one, PLENTY) == letter()
    mailbox.mark(one)
    assert world.keeper.flags() == [{KEYWORD}]
