"""The contract of `bridge.mail_ports.Desk`, over the fake and over a real Redmine: what the mail channel writes and finds there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import requests

from bridge.adapters.redmine import Connection, RedmineTracker, connect
from bridge.adapters.redmine.desk import RedmineDesk
from bridge.adapters.redmine.impersonation import Impersonation
from bridge.adapters.redmine.online_history import check_history
from bridge.adapters.redmine.online_mail import check_mail
from bridge.core import mail_marks
from bridge.core.inbound import Content
from bridge.core.model import Channel, Language, Origin, Role
from bridge.core.policy import Redmine
from bridge.demo.server import RedmineServer
from bridge.errors import InvalidError, PermanentError
from bridge.mail import writing
from bridge.mail_ports import Desk, File, NewTicket
from bridge.ports import Tracker
from tests.contract.test_tracker import DEPARTMENTS, RULES
from tests.fakes.cabinet import PRESALE, demo_cabinet
from tests.fakes.desk import FakeDesk
from tests.fakes.tracker import FakeTracker
from tests.unit.making import policy
from tests.unit.test_mail_intake import MAIL

NAME, ADDRESS, SYSTEM = "Имя отправителя", "Адрес отправителя", "Сведения о системе"
NASTY = (
    '{{toc}} [[Wiki]] !http://evil.example/a.png! @admin #1 <script>alert(1)</script> *b* "t":http://evil.example\n'
    "# не заголовок\n    отступ\n-----\nuname -a: 5.10 #1 SMP; x@y.ru"
)


@dataclass
class Place:
    """A desk and a tracker over one cabinet, and the project for mails in it."""

    desk: Desk
    tracker: Tracker
    project: str
    actor: Callable[[str], Any]

    def new(self, text: str = "Какая система?", **more: Any) -> tuple[NewTicket, Origin]:
        """A ticket of a mail."""
        arrived = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)  # noqa: TID251 - Redmine has its own clock
        origin = Origin("ivan@example.org", arrived, uuid.uuid4().hex[:24], ("petr@example.org",))
        words = writing.words(Content("Вопрос", text, cut=False), origin, None)
        return NewTicket(self.project, PRESALE, "Вопрос", words, **more), origin


def fake_place() -> Place:
    """In memory."""
    cabinet = demo_cabinet(datetime.now(UTC))  # noqa: TID251 - as the real one
    cabinet.fields = (*cabinet.fields, NAME, ADDRESS)
    tracker = FakeTracker(cabinet, RULES, DEPARTMENTS)
    return Place(FakeDesk(cabinet), tracker, "clients", cabinet.actor)


def real_place(server: RedmineServer, rules: Redmine = RULES) -> Place:
    """The real Redmine, with the bridge's own account."""
    from bridge.demo.actors import Actor  # noqa: PLC0415 - not for the fake

    key = server.bridge_key_file.read_text(encoding="utf-8").strip()
    tracker = RedmineTracker(
        connect(Connection(server.url, key)), rules, DEPARTMENTS, lambda: datetime(2026, 11, 16, tzinfo=UTC)
    )
    return Place(
        RedmineDesk(tracker.client, tracker.names), tracker, "presale-mail", lambda login: Actor(server, login)
    )


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.redmine)])
def place(request: pytest.FixtureRequest) -> Place:
    """The fake and the real one."""
    return fake_place() if request.param == "fake" else real_place(request.getfixturevalue("no_mails"))


def test_p3_an_opened_ticket_is_read_as_the_senders(place: Place) -> None:
    """Author, channel, receipt and words are the mail's, though the bridge's account has written them; the fields are filled."""
    new, origin = place.new(NASTY, fields={NAME: "Иван", ADDRESS: "ivan@example.org", SYSTEM: "Альт 10.2"})
    number = place.desk.open(new)
    ticket = place.tracker.read(number)
    assert ticket is not None
    assert (ticket.channel, ticket.author.role, ticket.author.mail) == (Channel.MAIL, Role.CUSTOMER, "ivan@example.org")
    assert (ticket.created_on, ticket.origin) == (origin.at, origin)
    assert ticket.created.description == NASTY
    fields = ticket.current.fields
    assert (fields[NAME], fields[ADDRESS], fields[SYSTEM]) == ("Иван", "ivan@example.org", "Альт 10.2")


def test_a_ticket_is_found_by_its_key_also_when_it_is_closed(place: Place) -> None:
    """How a repeat is recognised; another key finds nothing."""
    new, origin = place.new()
    number = place.desk.open(new)
    assert place.desk.find(origin.key) == number
    place.actor("ivanov").note(number, "Ответ", status="Закрыта")
    assert place.desk.find(origin.key) == number
    assert place.desk.find("0" * 24) is None


def test_p3_a_note_by_mail_is_the_senders_with_its_files(place: Place) -> None:
    """Words, speaker and attachments of a reply."""
    number = place.desk.open(place.new()[0])
    origin = replace(place.new()[1], sender="petr@example.org")
    words = writing.words(Content("Re", NASTY, cut=False), origin, number)
    place.desk.note(number, words, files=(File("лог 1.txt", "text/plain", "да\n".encode()),))
    ticket = place.tracker.read(number)
    assert ticket is not None
    (note,) = ticket.journals
    assert (note.notes, note.by.mail, note.attachments) == (NASTY, "petr@example.org", ("лог 1.txt",))
    (file,) = place.desk.files(number, note.id, 1000)
    assert file.content == "да\n".encode()
    assert place.desk.files(number, note.id, 3)[0].content == b""


def test_the_files_of_a_note_are_its_own(place: Place) -> None:
    """Not those of the same name that came later, with a private note at that."""
    number = place.desk.open(place.new()[0])
    place.desk.note(number, "Вот план.", files=(File("план.txt", "text/plain", b"for the customer"),))
    place.desk.note(number, "Между нами.", private=True, files=(File("план.txt", "text/plain", b"for us"),))
    ticket = place.tracker.read(number)
    assert ticket is not None
    assert [one.content for one in place.desk.files(number, ticket.journals[0].id, 1000)] == [b"for the customer"]


def test_a_private_note_stays_private(place: Place) -> None:
    """What staff are told of the mail."""
    number = place.desk.open(place.new()[0])
    place.desk.note(number, "Публичные примечания отправляются…", private=True)
    ticket = place.tracker.read(number)
    assert ticket is not None
    assert [one.private for one in ticket.journals] == [True]


@pytest.mark.redmine
def test_p6_redmine_shows_a_mails_words_as_they_were_written(redmine: RedmineServer) -> None:
    """The page has the text itself: no macro ran, nothing is a link, an image or bold, nobody is mentioned."""
    place = real_place(redmine)
    number = place.desk.open(place.new(NASTY)[0])
    shown = description_of(redmine, number)
    for tag in ("<a", "<img", "<script", "<strong", "<h1", "<hr", "<ol", "<ul class"):
        assert tag not in shown.rpartition("Получено письмом")[0], tag
    text = unescape(re.sub(r"<[^>]+>", "", shown))
    for line in NASTY.splitlines():
        assert line.strip() in text


def description_of(server: RedmineServer, number: int) -> str:
    """The description of a ticket's page, as Redmine renders it."""
    page = browse(server, number)
    found = re.search(r'<div class="description">.*?<div class="wiki">(.*?)</div>\s*</div>', page.text, re.DOTALL)
    assert found is not None
    return found[1]


def browse(server: RedmineServer, number: int) -> requests.Response:
    """The page of a ticket, for a person who has logged in."""
    session = requests.Session()
    token = re.search(r'name="authenticity_token" value="([^"]+)"', session.get(f"{server.url}/login", timeout=30).text)
    assert token is not None
    login = {"username": "admin", "password": server.password, "authenticity_token": unescape(token[1])}
    session.post(f"{server.url}/login", data=login, timeout=30)
    return session.get(f"{server.url}/issues/{number}", timeout=30)


@pytest.mark.redmine
def test_a_place_that_is_not_there_is_named(redmine: RedmineServer) -> None:
    """A project or a tracker that Redmine does not have."""
    place = real_place(redmine)
    with pytest.raises(PermanentError, match="no project «nowhere»"):
        place.desk.open(replace(place.new()[0], project="nowhere"))
    with pytest.raises(PermanentError, match="no tracker «Нет такого»"):
        place.desk.open(replace(place.new()[0], tracker="Нет такого"))
    with pytest.raises(InvalidError):
        place.desk.open(replace(place.new()[0], subject=""))


@pytest.mark.redmine
def test_trap_12_a_field_that_redmine_insists_on_keeps_no_mail_out(redmine: RedmineServer) -> None:
    """Redmine's own mail handler drops such a mail; here the field gets a placeholder, which is no answer (F2)."""
    real_place(redmine).actor("ivanov").open_issue("presale-mail", "A ticket that shows its fields")
    redmine.database.script(
        [("UPDATE custom_fields SET is_required = :yes WHERE name = :name", {"yes": True, "name": SYSTEM})]
    )
    try:
        place = real_place(redmine)
        new, _ = place.new(placeholders={SYSTEM: "-"})
        ticket = place.tracker.read(place.desk.open(new))
    finally:
        redmine.database.script(
            [("UPDATE custom_fields SET is_required = :no WHERE name = :name", {"no": False, "name": SYSTEM})]
        )
    assert ticket is not None
    assert ticket.created.fields[SYSTEM] == "-"


@pytest.mark.redmine
def test_a_verified_sender_with_an_account_opens_it_in_his_own_name(redmine: RedmineServer) -> None:
    """By an administrator's key of its own; an address that nobody has is the bridge's to open."""
    place = real_place(redmine)
    admin = Impersonation(Connection(redmine.url, redmine.users["admin"].key))
    assert isinstance(place.tracker, RedmineTracker)
    desk = RedmineDesk(place.tracker.client, place.tracker.names, admin)
    known = redmine.users["ivanov"]
    own = place.tracker.read(desk.open(place.new()[0], known.mail))
    other = place.tracker.read(desk.open(place.new()[0], "nobody@example.org"))
    assert own is not None
    assert other is not None
    assert (own.channel, own.author.name) == (Channel.CABINET, known.name)
    assert other.channel is Channel.MAIL


def test_a_mark_is_told_in_the_mails_language() -> None:
    """An English mail has an English mark."""
    origin = Origin("ivan@example.org", datetime(2026, 11, 23, tzinfo=UTC), "0" * 24)
    words = writing.words(Content("Question", "What is the difference between the editions?", cut=False), origin, None)
    assert words.endswith(mail_marks.line(origin, None, Language.EN))


@pytest.mark.redmine
def test_check_online_knows_people_who_write_by_mail(redmine: RedmineServer) -> None:
    """They have no account whose roles could be asked for; the project for mails and its rights are looked at."""
    place = real_place(redmine)
    place.desk.open(place.new()[0])
    assert isinstance(place.tracker, RedmineTracker)
    rules = replace(policy(), redmine=RULES, mail=replace(MAIL, project="presale-mail", tracker=PRESALE))
    assert [one for one in check_history(place.tracker, rules) if "ivan@example.org" in one.message] == []
    assert list(check_mail(place.tracker, rules)) == []
    lost = list(check_mail(place.tracker, replace(rules, mail=replace(MAIL, project="clients", tracker=PRESALE))))
    assert any("add_issues" in one.message for one in lost)
