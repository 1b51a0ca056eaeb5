"""The demo's mail servers: what the tests and the demo rely on."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.demo import daemons, mailserver, processes
from bridge.demo.mail_config import DEFERRED, DOMAINS, FULL, GONE, REFUSED
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer
from bridge.errors import PermanentError, TemporaryError
from tests.acceptance.mail_stage import MailStage, RudeResponder, come_back, go_on_vacation
from tests.mail_fixtures import VAR, somebody

pytestmark = pytest.mark.mail

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of this test alone."""
    path = VAR / f"test-mail-own-{os.getpid()}"
    yield path
    MailServer(path).destroy()
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


# --- starting and stopping --------------------------------------------------------------------------------------------


def test_two_servers_side_by_side(mail_server: MailServer, home: Path) -> None:
    """A second home has ports and a password of its own; what was started by one process is found by another."""
    own = MailServer(home).start()
    assert MailServer(home).running
    assert MailServer(home).start().ports == own.ports
    assert set(vars_of(own)).isdisjoint(vars_of(mail_server))
    assert own.password != mail_server.password


def test_mails_and_ports_outlive_a_stop(home: Path) -> None:
    """After a stop everything is there again: addresses, password, mails."""
    server = MailServer(home).start()
    person, before = somebody(server), (server.ports, server.password)
    person.write(person.address, "a", "b")
    person.inbox(1)
    server.stop()
    assert not server.running
    with MailServer(home):
        assert (server.ports, server.password) == before
        assert len(person.inbox()) == 1


def test_leftovers_of_a_killed_run_are_no_trouble(home: Path) -> None:
    """A master that was killed, half a home and a stale pid are all cleared away by the next start."""
    server = MailServer(home).start()
    for pid_file in (home / "run" / "master.pid", home / "queue" / "pid" / "master.pid"):
        os.kill(int(pid_file.read_text(encoding="ascii")), signal.SIGKILL)
    assert processes.wait_until(lambda: not server.running, 5)
    before = server.ports
    server.stop()
    assert daemons.all_free(before)
    assert server.start().ports == before
    shutil.rmtree(home / "tls")
    assert server.start().running
    somebody(server).inbox()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nothing of somebody else's is deleted."""
    home = VAR / f"test-mail-foreign-{os.getpid()}"
    home.mkdir(parents=True)
    (home / "thesis.txt").touch()
    with pytest.raises(PermanentError, match="has other things in it"):
        MailServer(home).start()
    assert (home / "thesis.txt").exists()
    shutil.rmtree(home)
    home.with_name(f"{home.name}.lock").unlink()


@pytest.mark.parametrize("home", ["/srv/with space", f"/srv/{'x' * 80}"])
def test_a_home_that_cannot_be_used(home: str) -> None:
    """Sockets need short and plain paths; said before anything is made."""
    with pytest.raises(PermanentError, match="take a plain path"):
        mailserver.require_home(Path(home))


def test_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Up, status and down by hand."""
    assert mailserver.main(["status", "--home", str(home)]) == 1
    assert mailserver.main(["up", "--home", str(home)]) == 0
    assert mailserver.main(["status", "--home", str(home)]) == 0
    assert mailserver.main(["down", "--home", str(home)]) == 0
    assert "imaps=" in capsys.readouterr().out


def vars_of(server: MailServer) -> list[int]:
    """All ports."""
    return list(daemons.numbers(server.ports))


# --- what happens to mails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", DOMAINS)
def test_mail_arrives_in_each_domain(mail_server: MailServer, domain: str) -> None:
    """Every address has a mailbox, and staff and customers read it in the same way."""
    person = somebody(mail_server, domain, "Пётр")
    somebody(mail_server).write(person.address, "Вопрос", "Как установить?", attachments={"журнал.txt": b"1"})
    (mail,) = person.inbox(1)
    assert mail["Subject"] == "Вопрос"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["журнал.txt"]


@pytest.mark.parametrize("address", [REFUSED, DEFERRED, "somebody@example.com"])
def test_turned_away_at_once(mail_server: MailServer, address: str) -> None:
    """Some addresses are refused or deferred while the sender is there; nothing leaves this machine."""
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        somebody(mail_server).write(address, "a", "b")


@pytest.mark.parametrize("address", [GONE, FULL])
def test_taken_and_bounced(mail_server: MailServer, address: str) -> None:
    """Others bounce afterwards, as a delivery status notification (RFC 3464)."""
    sender = somebody(mail_server)
    sender.write(address, "a", "b")
    (bounce,) = sender.inbox(1)
    assert bounce.get_content_type() == "multipart/report"
    assert bounce["Auto-Submitted"] == "auto-replied"


def test_the_outside_world_may_not_relay(mail_server: MailServer) -> None:
    """Without a login mail is taken for the servers' own domains only."""
    sender, person = somebody(mail_server), somebody(mail_server)
    sender.send_raw_outside(b"Subject: a\r\n\r\nb\r\n", person.address)
    assert len(person.inbox(1)) == 1
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        sender.send_raw_outside(b"Subject: a\r\n\r\nb\r\n", "somebody@example.com")


def test_messages_are_laid_down_with_a_moment_of_arrival(mail_server: MailServer) -> None:
    """Thousands of messages, each with its own INTERNALDATE, in one command."""
    person = somebody(mail_server)
    person.put([(b"Subject: %d\r\n\r\n" % number, JANUARY + timedelta(hours=number)) for number in range(5000)])
    with person.opened() as box:
        assert len(box.uids("ALL")) == 5000
        assert len(box.uids("SINCE 3-Jan-2026 BEFORE 4-Jan-2026")) == 24


def test_waiting_in_vain(mail_server: MailServer) -> None:
    """What never comes is said in a sentence."""
    person = MailPerson(mail_server, somebody(mail_server).address, patience=0.2)
    with pytest.raises(TemporaryError, match="has 0 mails after"):
        person.inbox(1)


# --- people and their machines ----------------------------------------------------------------------------------------


def test_a_reply_stands_in_its_thread(mail_server: MailServer) -> None:
    """A reply has the References of all mails before it, and quotes the last one."""
    stage = MailStage(mail_server)
    first = stage.customer.write(stage.address, "Вопрос", "Как установить?", cc=(stage.colleague.address,))
    (asked,) = stage.presale.inbox(1)
    second = stage.presale.reply(asked, "Какая версия?")
    (answer,) = stage.customer.inbox(1)
    third = stage.customer.reply(answer, "Десятая")
    assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]
    assert (third["In-Reply-To"], third["Subject"]) == (second["Message-ID"], "Re: Вопрос")
    assert "> Какая версия?" in third.get_content()
    assert len(stage.colleague.inbox(1)) == 1


def test_a_vacation(mail_server: MailServer) -> None:
    """A real responder answers people and says that it is a machine; two of them do not answer each other."""
    stage = MailStage(mail_server)
    go_on_vacation(stage.customer)
    go_on_vacation(stage.colleague)
    stage.presale.write(stage.customer.address, "Вопрос", "Как дела?")
    (answer,) = stage.presale.inbox(1)
    assert answer["Auto-Submitted"].startswith("auto-replied")
    stage.colleague.write(stage.customer.address, "Вопрос", "Как дела?")
    assert len(stage.colleague.inbox(1)) == 1
    assert len(stage.customer.inbox(2)) == 2
    come_back(stage.customer)
    stage.presale.write(stage.customer.address, "Вопрос", "Как дела?")
    assert len(stage.customer.inbox(3)) == 3
    assert len(stage.presale.inbox()) == 1


def test_a_rude_responder(mail_server: MailServer) -> None:
    """A bad one answers everything, machines as well, with nothing that tells."""
    stage = MailStage(mail_server)
    responder = RudeResponder(stage.customer)
    stage.presale.write(stage.customer.address, "Вопрос", "Как дела?", headers={"Auto-Submitted": "auto-replied"})
    stage.customer.inbox(1)
    assert responder.answer_new() == 1
    assert responder.answer_new() == 0
    (answer,) = stage.presale.inbox(1)
    assert {name.lower() for name in answer}.isdisjoint({"auto-submitted", "precedence", "references", "in-reply-to"})
