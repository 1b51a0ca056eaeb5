"""What `ImapMailbox` says when the server, the network or the account is not as it should be: a real Dovecot, and scripts for what it can't do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.mail.accounts import MailAccount, Patience
from bridge.adapters.mail.mailbox import KEYWORD, ImapMailbox
from bridge.core.policy import Mail, Text
from bridge.demo.mail_ca import OwnCa
from bridge.demo.mailserver import MailServer
from bridge.errors import PermanentError, TemporaryError
from bridge.mail_ports import Waiting
from tests.fakes import bad_servers
from tests.fakes.bad_servers import BadServer, serving
from tests.mail_fixtures import imap_account, somebody

START = datetime(2026, 11, 16, 7, tzinfo=UTC)
RULES = Mail("presale@vendor.test", "mail", "Поддержка", START, Text("Пресейл", "Presale"))
SHORT = Patience(*[timedelta(seconds=0.3)] * 3)
LETTER = b"Subject: a\r\n\r\nb\r\n"
real = pytest.mark.mail


def plain(server: BadServer, **more: Any) -> ImapMailbox:
    """A mailbox on a scripted server."""
    url = f"imap://me@{bad_servers.LOOPBACK}:{server.port}"
    account = MailAccount.imap(url, "secret", plain=frozenset({bad_servers.LOOPBACK}))
    return ImapMailbox(account, replace(RULES, **more), SHORT)


def look(mailbox: ImapMailbox) -> list[Waiting]:
    """What waits."""
    return list(mailbox.waiting(START))


# --- who is there, and may we come in ---------------------------------------------------------------------------------


@real
@pytest.mark.parametrize("starttls", [False, True], ids=["imaps", "STARTTLS"])
def test_both_ways_of_tls(mail_server: MailServer, starttls: bool) -> None:
    """TLS from the first byte, and TLS asked for, both lead into the mailbox."""
    person = somebody(mail_server)
    person.put([(LETTER, START)])
    assert len(look(ImapMailbox(imap_account(person, starttls=starttls), RULES))) == 1


@real
@pytest.mark.parametrize("password", ["wrong-one", "пароль", 'a"b\\c'])
def test_a_wrong_password(mail_server: MailServer, password: str) -> None:
    """A person has to correct it; the message names server and user, and not the password."""
    person = somebody(mail_server)
    mailbox = ImapMailbox(imap_account(person, password=password), RULES)
    with pytest.raises(PermanentError, match=f"does not let {person.address} in: .*Correct the user") as caught:
        look(mailbox)
    assert password not in str(caught.value)
    assert "AUTHENTICATIONFAILED" in str(caught.value)


@real
@pytest.mark.parametrize("starttls", [False, True], ids=["imaps", "STARTTLS"])
def test_a_certificate_of_another_ca(mail_server: MailServer, tmp_path: Path, starttls: bool) -> None:
    """A server whose certificate was signed by somebody else is not spoken to."""
    other = OwnCa(tmp_path).make("localhost")
    account = imap_account(somebody(mail_server), ca=str(other.ca), starttls=starttls)
    with pytest.raises(PermanentError, match=r"its certificate is not trusted .*CA's file"):
        look(ImapMailbox(account, RULES))


@real
def test_a_certificate_for_another_name(mail_server: MailServer) -> None:
    """Neither is one whose certificate is for another host."""
    account = replace(imap_account(somebody(mail_server)), host="127.0.0.1")
    with pytest.raises(PermanentError, match="IP address mismatch"):
        look(ImapMailbox(account, RULES))


@real
def test_tls_on_a_port_without_it(mail_server: MailServer) -> None:
    """TLS from the first byte on a port that wants STARTTLS: the message says what to change."""
    account = replace(imap_account(somebody(mail_server)), port=mail_server.ports.imap)
    with pytest.raises(PermanentError, match="does not speak TLS there; correct the port"):
        look(ImapMailbox(account, RULES))


def test_no_tls_no_password(tmp_path: Path) -> None:
    """A server that offers no STARTTLS is told nothing."""
    with serving(bad_servers.imap()) as server:
        account = MailAccount.imap(f"imap+starttls://me@127.0.0.1:{server.port}", "secret")
        with pytest.raises(PermanentError, match="offers no TLS; nothing was sent"):
            look(ImapMailbox(account, RULES, SHORT))
    assert not re.search("secret|LOGIN|AUTH", " ".join(server.lines))


def test_plain_is_readable_on_loopback_only_when_allowed() -> None:
    """On loopback, and allowed by name, it goes without TLS."""
    with serving(bad_servers.imap()) as server:
        assert [one.uid for one in look(plain(server))] == ["7:5"]


def test_a_server_that_cannot_log_in_anybody_now() -> None:
    """A server with trouble of its own is no wrong password."""
    with serving(bad_servers.imap(LOGIN="{tag} NO [UNAVAILABLE] try later\r\n")) as server:  # noqa: SIM117
        with pytest.raises(TemporaryError, match=r"nobody can log in now.*try later"):
            look(plain(server))


@pytest.mark.parametrize("ca", ["missing.pem", "empty.pem"])
def test_a_ca_file_that_is_none(tmp_path: Path, ca: str) -> None:
    """The message names the file."""
    (tmp_path / "empty.pem").touch()
    account = MailAccount.imap("imaps://me@127.0.0.1:1", "secret", ca=str(tmp_path / ca))
    with pytest.raises(PermanentError, match=ca):
        look(ImapMailbox(account, RULES, SHORT))


# --- the server goes away ---------------------------------------------------------------------------------------------


@real
def test_the_server_is_stopped_and_comes_back(running_mail_server: MailServer) -> None:
    """While it is away every call is a temporary error; afterwards the same object works, and what was listed before is still named rightly."""
    server = running_mail_server
    person = somebody(server)
    person.put([(LETTER, START)])
    mailbox = ImapMailbox(imap_account(person), RULES, SHORT)
    (one,) = look(mailbox)
    server.stop_imap()
    for call in (
        lambda: mailbox.fetch(one, 10),
        lambda: mailbox.mark(one),
        lambda: mailbox.has("a"),
        lambda: look(mailbox),
    ):
        with pytest.raises(TemporaryError):
            call()
    server.start_imap()
    assert mailbox.fetch(one, 7) == LETTER[:7]
    mailbox.mark(one)
    assert [stored.flags - {"\\Recent"} for stored in person.stored()] == [{KEYWORD}]


@real
def test_a_restart_between_two_looks_is_not_noticed(running_mail_server: MailServer) -> None:
    """A connection that died while nobody used it is made again without a word."""
    mailbox = ImapMailbox(imap_account(somebody(running_mail_server)), RULES)
    assert look(mailbox) == []
    running_mail_server.stop_imap()
    running_mail_server.start_imap()
    assert look(mailbox) == []


@real
def test_mail_waits_while_imap_is_away(running_mail_server: MailServer) -> None:
    """What is sent meanwhile is delivered afterwards."""
    server = running_mail_server
    sender, person = somebody(server), somebody(server, "vendor.test")
    server.stop_imap()
    sender.send_raw_outside(LETTER, person.address)
    server.start_imap()
    server.flush()
    assert len(person.inbox(1)) == 1


@pytest.mark.parametrize("step", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize("how", ["cut", "silent", "nonsense"])
def test_trouble_at_each_step(step: str, how: str) -> None:
    """A connection that is cut, an answer that never comes, and an answer that is none are temporary at each step of a look."""
    server = bad_servers.imap(**{step.replace(" ", "_"): None if how == "cut" else "\x00\x01 what\r\n"})
    server.silent = frozenset({step}) if how == "silent" else frozenset()
    with serving(server), pytest.raises(TemporaryError) as caught:
        look(plain(server))
    assert "secret" not in str(caught.value)


def test_nobody_listens() -> None:
    """No connection is a temporary error that names the server."""
    account = MailAccount.imap("imaps://me@127.0.0.1:1", "secret")
    with pytest.raises(TemporaryError, match=r"IMAP server 127\.0\.0\.1:1: no connection"):
        look(ImapMailbox(account, RULES, SHORT))


# --- servers that can less --------------------------------------------------------------------------------------------


def test_a_folder_that_keeps_no_keywords() -> None:
    """Without a place for the keyword nothing is handled, and the message says so."""
    with serving(bad_servers.imap(flags="\\Seen \\Deleted")) as server, pytest.raises(PermanentError) as caught:
        look(plain(server))
    assert "folder «INBOX» keeps no keywords" in str(caught.value)
    assert not [line for line in server.lines if "SEARCH" in line]


def test_a_folder_that_knows_the_keyword_already() -> None:
    """A server without «any keyword» that has this one among its own is good enough."""
    with serving(bad_servers.imap(flags=f"\\Seen {KEYWORD.lower()}")) as server:
        assert len(look(plain(server))) == 1


def test_a_keyword_that_is_taken_and_dropped() -> None:
    """A server that answers «done» and shows flags without the keyword would bring the same mail again and again."""
    dropped = "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n{tag} OK done\r\n"
    with serving(bad_servers.imap(UID_STORE=dropped)) as server:
        mailbox = plain(server)
        (one,) = look(mailbox)
        with pytest.raises(PermanentError, match="does not keep the keyword PresaleBridge"):
            mailbox.mark(one)


@pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 UIDPLUS"])
def test_a_server_that_cannot_move(capabilities: str) -> None:
    """The message is copied and marked as deleted; only that one is expunged, and only where the server can do so."""
    done = dict.fromkeys(("UID_COPY", "UID_EXPUNGE"), "{tag} OK done\r\n")
    with serving(bad_servers.imap(capabilities, **done)) as server:
        mailbox = plain(server, move_to="Готово")
        mailbox.mark(look(mailbox)[0])
    said = [line.partition(" ")[2] for line in server.lines]
    assert [line for line in said if line.startswith("UID")][2:] == [
        f"UID STORE 5 +FLAGS ({KEYWORD})",
        'UID COPY 5 "&BBMEPgRCBD4EMgQ+-"',
        "UID STORE 5 +FLAGS.SILENT (\\Deleted)",
        *(["UID EXPUNGE 5"] if "UIDPLUS" in capabilities else []),
    ]
    assert "EXPUNGE" not in said


def test_a_folder_that_may_only_be_read() -> None:
    """The bridge has to be allowed to set its keyword."""
    answer = "* 1 EXISTS\r\n* OK [READ-ONLY] x\r\n{tag} OK [READ-ONLY] ok\r\n"
    with (
        serving(bad_servers.imap(SELECT=answer)) as server,
        pytest.raises(PermanentError, match=r"keeps no keywords|only be read"),
    ):
        look(plain(server))


def test_only_what_is_needed_is_said() -> None:
    """With nothing new, a look is one SELECT and one SEARCH; nothing is fetched."""
    with serving(bad_servers.imap(UID_SEARCH="* SEARCH\r\n{tag} OK done\r\n")) as server:
        assert look(plain(server)) == []
    said = [line.partition(" ")[2] for line in server.lines if "CAPABILITY" not in line]
    assert [line.partition(" ")[0] for line in said] == ["LOGIN", "SELECT", "UID"]
    assert said[-1] == f"UID SEARCH UNKEYWORD {KEYWORD} UNDELETED SINCE 15-Nov-2026"
