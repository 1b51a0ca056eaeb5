"""The real mail servers that tests share: one pair for each worker, started by the first test that needs it and stopped at the end."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bridge.adapters.mail.accounts import MailAccount
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator

VAR = Path(__file__).parent.parent / "var"


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    """The mail servers of this worker: take addresses of your own, and start again what you stop."""
    with MailServer(VAR / f"test-mail-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}") as server:
        yield server


@pytest.fixture
def running_mail_server(mail_server: MailServer) -> Iterator[MailServer]:
    """The same, for tests that stop a part of it: both run again afterwards."""
    yield mail_server
    mail_server.start_imap()
    mail_server.start_smtp()


def somebody(server: MailServer, domain: str = "customer.test", name: str = "") -> MailPerson:
    """A person whom no other test knows."""
    return MailPerson(server, f"p{uuid.uuid4().hex[:12]}@{domain}", name)


def imap_account(person: MailPerson, **more: Any) -> MailAccount:
    """What a program needs to read somebody's mailbox."""
    server = person.server
    url = server.imap_url(person.address, starttls=more.pop("starttls", False))
    return MailAccount.imap(url, more.pop("password", server.password), **{"ca": str(server.ca)} | more)


def smtp_account(person: MailPerson, **more: Any) -> MailAccount:
    """What a program needs to send in somebody's name."""
    server = person.server
    url = server.smtp_url(person.address, starttls=more.pop("starttls", False))
    return MailAccount.smtp(url, more.pop("password", server.password), **{"ca": str(server.ca)} | more)
