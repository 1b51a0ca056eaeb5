"""The plugin for Redmine 5 and 6 that tells at once which ticket has changed, on the real Redmine."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bridge.demo import hook, processes
from bridge.demo.actors import PRESALE, Actor
from bridge.demo.hook import Browser
from bridge.demo.receiver import Receiver
from bridge.demo.server import RedmineServer
from bridge.demo.template import Layout

pytestmark = pytest.mark.redmine

PROJECT = "customer-03"
AUTHOR = "customer-03-1"
MAIL = """From: user1@customer-03.example
To: support@vendor.example
Subject: {subject}
Content-Type: text/plain; charset=utf-8

Вопрос
"""


@dataclass
class Stage:
    """A Redmine whose plugin tells a receiver."""

    server: RedmineServer
    browser: Browser
    receiver: Receiver
    secret: str
    began: int
    """Length of Redmine's log before the test."""

    @property
    def author(self) -> Actor:
        """The customer."""
        return Actor(self.server, AUTHOR)

    @property
    def engineer(self) -> Actor:
        """An engineer."""
        return Actor(self.server, "ivanov")

    def ticket(self, tracker: str = PRESALE) -> int:
        """A ticket that Redmine may or may not tell of."""
        return self.author.open_issue(PROJECT, "Вопрос", tracker=tracker)

    def told(self) -> int:
        """A ticket that has been told once."""
        number = self.ticket()
        self.receiver.of(number)
        return number

    def settled(self, number: int) -> int:
        """How many hints of that ticket there are when all that is under way has come: hints come in order."""
        self.told()
        return self.receiver.known(number)

    def put(self, number: int, **values: object) -> None:
        """Change a ticket without looking whether it was changed."""
        self.engineer.request("PUT", f"/issues/{number}.json", {"issue": values})

    def log(self) -> str:
        """What Redmine has logged since the test began."""
        return self.server.log.read_bytes()[self.began :].decode(errors="replace")

    def logged(self, words: str) -> bool:
        """Whether these words come into Redmine's log."""
        return processes.wait_until(lambda: words in self.log(), 30)


@pytest.fixture(scope="module")
def browser(redmine: RedmineServer) -> Iterator[Browser]:
    """The administrator's browser; the plugin is off afterwards."""
    opened = redmine.browser()
    yield opened
    opened.set_hook("")


@pytest.fixture
def stage(redmine: RedmineServer, browser: Browser) -> Iterator[Stage]:
    """A receiver of this test's own, with a secret of its own."""
    secret = uuid.uuid4().hex
    began = redmine.log.stat().st_size
    with Receiver() as receiver:
        browser.set_hook(receiver.url, secret)
        yield Stage(redmine, browser, receiver, secret, began)


def test_a_new_ticket_is_told_with_its_number_alone_signed(stage: Stage) -> None:
    """The body has the number, the moment and the delivery's name, the header the body's HMAC."""
    number = stage.ticket()
    (hint,) = stage.receiver.of(number)
    assert hint.signed_with(stage.secret)
    assert sorted(hint.told) == ["at", "delivery", "event", "id"]
    assert datetime.fromisoformat(hint.told["at"]).utcoffset() is not None
    assert (hint.path, hint.told["event"]) == ("/hook?from=redmine", "issue")
    assert hint.headers["X-Redmine-Delivery"] == hint.told["delivery"]
    assert (hint.headers["X-Redmine-Event"], hint.headers["Content-Type"]) == ("issue", "application/json")


def test_all_changes_of_a_ticket_that_waits_are_one_hint(stage: Stage) -> None:
    """A save with a note, a status and a file, and another save after it."""
    number = stage.told()
    stage.receiver.gate.clear()
    stage.told()
    stage.engineer.note(number, "Смотрю", status="В работе", attachments={"журнал.txt": b"1"})
    stage.put(number, notes="И ещё")
    stage.receiver.gate.set()
    assert stage.settled(number) == 2


def test_a_note_and_its_editing_and_its_blanking_are_told(stage: Stage) -> None:
    """Editing a note does not even touch the ticket."""
    number = stage.told()
    journal = stage.engineer.note(number, "Смотру")
    known = [stage.settled(number)]
    for text in ("Смотрю", ""):
        stage.engineer.edit_note(journal, text)
        known.append(stage.settled(number))
    assert 1 < known[0] < known[1] < known[2]


def test_a_file_that_is_attached_described_anew_and_taken_away_is_told(stage: Stage) -> None:
    """Redmine writes no journal about a description."""
    number = stage.told()
    stage.engineer.note(number, "Файл", attachments={"a.txt": b"1"})
    file = f"/attachments/{stage.engineer.issue(number)['attachments'][0]['id']}.json"
    known = [stage.settled(number)]
    admin = Actor(stage.server, "admin")
    admin.request("PUT", file, {"attachment": {"description": "журнал"}})
    known.append(stage.settled(number))
    admin.request("DELETE", file)
    known.append(stage.settled(number))
    assert 1 < known[0] < known[1] < known[2]


def test_a_bulk_edit_tells_every_ticket(stage: Stage) -> None:
    """A change of three tickets on the page of bulk editing is three hints."""
    numbers = [stage.told() for _ in range(3)]
    form = "/issues/bulk_edit?" + "&".join(f"ids[]={number}" for number in numbers)
    status = str(stage.server.names.id("status", "В работе"))
    chosen = [("ids[]", str(number)) for number in numbers]
    stage.browser.send("/issues/bulk_update", [*chosen, ("issue[status_id]", status)], seen_at=form)
    assert all(stage.receiver.of(number, 2) for number in numbers)


def test_a_mail_that_a_short_process_reads_is_told_before_it_ends(stage: Stage) -> None:
    """Redmine's task for mail ends as soon as the ticket is saved."""
    layout = Layout(stage.server.home, stage.server.database_kind)
    subject = uuid.uuid4().hex
    task = ["bundle", "exec", "rake", "redmine:email:read", f"project={PROJECT}", f"tracker={PRESALE}"]
    processes.run(task, env=layout.environment(), cwd=layout.app, text=MAIL.format(subject=subject))
    found = stage.server.database.rows("SELECT id FROM issues WHERE subject = :subject", {"subject": subject})
    assert stage.receiver.known(int(found[0][0]))


def test_a_deleted_ticket_is_not_told(stage: Stage) -> None:
    """There is nothing to look at any more, its notes and files included."""
    number = stage.told()
    stage.engineer.note(number, "Файл", attachments={"a.txt": b"1"})
    known = stage.settled(number)
    Actor(stage.server, "admin").delete_issue(number)
    assert stage.settled(number) == known


def test_only_chosen_trackers_are_told_and_a_ticket_that_leaves_them_once_more(stage: Stage) -> None:
    """The bridge has to see that a ticket is none of its business any more."""
    stage.server.set_hook(stage.receiver.url, stage.secret, trackers=[PRESALE])
    other = stage.ticket("Ошибка")
    number = stage.told()
    stage.put(number, tracker_id=stage.server.names.id("tracker", "Ошибка"))
    stage.receiver.of(number, 2)
    stage.put(number, notes="Не наша")
    assert (stage.settled(number), stage.receiver.known(other)) == (2, 0)


def test_saves_are_answered_while_the_receiver_hangs(stage: Stage) -> None:
    """All of them come as soon as it answers again."""
    stage.receiver.gate.clear()
    stage.told()
    numbers = [stage.ticket() for _ in range(5)]
    assert stage.receiver.answered == 0
    stage.receiver.gate.set()
    assert all(stage.receiver.of(number) for number in numbers)


def test_what_failed_is_repeated_under_its_name(stage: Stage) -> None:
    """The body and the delivery stay the same, so that a receiver can know it again."""
    stage.receiver.status = lambda _: 500 if len(stage.receiver.hints) < 2 else 204
    first, second = stage.receiver.of(stage.ticket(), 2)
    assert (first.body, first.headers) == (second.body, second.headers)


def test_a_receiver_that_was_away_is_told_when_it_is_back(stage: Stage) -> None:
    """Redmine answers meanwhile."""
    with Receiver() as away:
        stage.browser.set_hook(away.url, stage.secret)
    numbers = [stage.ticket() for _ in range(3)]
    assert stage.logged(f"127.0.0.1:{away.port} does not take ticket {numbers[0]} (Errno::ECONNREFUSED")
    with Receiver(away.port) as back:
        assert all(back.of(number) for number in numbers)


@pytest.mark.parametrize("status", [302, 401])
def test_a_refusal_and_a_redirect_are_not_tried_again(stage: Stage, status: int) -> None:
    """Asking again would not help; nobody is followed to another address."""
    stage.receiver.status = lambda _: status
    number = stage.told()
    assert stage.settled(number) == 1
    assert {hint.path for hint in stage.receiver.hints} == {"/hook?from=redmine"}
    assert stage.logged(f"refuses ticket {number} with HTTP {status}")


def test_the_secret_is_neither_logged_nor_shown_and_stays_when_the_field_is_empty(stage: Stage) -> None:
    """An administrator who changes something else does not have to know it."""
    page = stage.browser.page(hook.PAGE)
    assert stage.receiver.url in page.replace("&amp;", "&")
    assert stage.secret not in page
    stage.browser.set_hook(stage.receiver.url)
    assert stage.receiver.of(stage.ticket())[0].signed_with(stage.secret)
    assert stage.secret not in stage.log()
    assert '"secret"=>"[FILTERED]"' in stage.log()


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"url": ""}, id="no address"),
        pytest.param({"secret": "", "forget": "1"}, id="no secret"),
        pytest.param({"url": "ftp://127.0.0.1/"}, id="another scheme"),
        pytest.param({"url": "http://me:word@127.0.0.1/"}, id="a password in the address"),
        pytest.param({"url": "http:// nonsense"}, id="no address at all"),
    ],
)
def test_the_plugin_is_off_until_it_is_configured(stage: Stage, settings: dict[str, str]) -> None:
    """Saves go on, nothing is told, and the page says so."""
    given = {"url": stage.receiver.url, "secret": ""} | settings
    values = [(f"settings[{name}]", value) for name, value in given.items()]
    page = stage.browser.send(hook.PAGE, values, seen_at=hook.PAGE)
    number = stage.ticket()
    stage.browser.set_hook(stage.receiver.url, stage.secret)
    assert stage.settled(number) == 0
    assert "icon-warning" in page


@pytest.mark.parametrize(("language", "words"), [("ru", "Адрес моста"), ("en", "Address of the bridge")])
def test_the_settings_page_speaks_the_administrators_language(stage: Stage, language: str, words: str) -> None:
    """Every text of it."""
    admin = Actor(stage.server, "admin")
    own = f"/users/{stage.server.names.id('principal', 'admin')}.json"
    before = admin.request("GET", own)["user"].get("language", "")
    admin.request("PUT", own, {"user": {"language": language}})
    page = stage.browser.page(hook.PAGE)
    admin.request("PUT", own, {"user": {"language": before}})
    assert words in page
    assert not re.search(r"translation.missing|presale_hook_", page)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of loopback that no authority knows, with its key."""
    file = tmp_path / "own.pem"
    asked = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=own",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    processes.run(["openssl", "req", "-x509", *asked, "-keyout", str(file), "-out", str(tmp_path / "certificate")])
    file.write_text(file.read_text("utf-8") + (tmp_path / "certificate").read_text("utf-8"), encoding="utf-8")
    return file


def test_certificates_are_checked_against_the_file_of_authorities(stage: Stage, certificate: Path) -> None:
    """An unknown one is told nothing; once the file is named, what waits is told."""
    with Receiver(certificate=certificate) as receiver:
        stage.browser.set_hook(receiver.url)
        number = stage.ticket()
        assert stage.logged("certificate verify failed")
        assert receiver.known(number) == 0
        stage.browser.set_hook(receiver.url, ca_file=str(certificate.with_name("certificate")))
        other = stage.ticket()
        assert receiver.of(other)
        assert receiver.of(number)


@pytest.mark.parametrize("file", sorted(hook.plugin().rglob("*.rb")), ids=lambda file: file.name)
def test_ruby_has_nothing_to_say_against_a_file(file: Path) -> None:
    """Its syntax is right and it gives no warnings."""
    done = subprocess.run(["ruby", "-wc", file], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("Syntax OK\n", "")


@pytest.mark.skipif(not shutil.which("ruby"), reason="there is no Ruby")
@pytest.mark.parametrize("file", sorted(hook.plugin().rglob("*_test.rb")), ids=lambda file: file.name)
def test_the_plugins_own_tests_pass(file: Path) -> None:
    """The outbox and the courier, without Redmine."""
    done = subprocess.run(["ruby", "-w", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
