"""The mail channel over real servers. Imported only where there is one: its libraries are an extra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bridge.adapters.mail.accounts import MailAccount
from bridge.adapters.mail.building import Builder
from bridge.adapters.mail.mailbox import ImapMailbox
from bridge.adapters.mail.parsing import read_letter
from bridge.adapters.mail.postman import SmtpPostman
from bridge.core.threads import Threads
from bridge.errors import BridgeError, PermanentError
from bridge.mail.dispatch import Dispatch
from bridge.mail.intake import Intake
from bridge.mail.office import MailOffice

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.adapters.store import SqlStore
    from bridge.core.policy import Mail, Policy
    from bridge.mail_ports import Desk
    from bridge.ports import Tracker
    from bridge.settings import Settings


@dataclass(frozen=True)
class Cabinet:
    """The Redmine that mails go into, and the store."""

    tracker: Tracker
    desk: Desk
    store: SqlStore


def open_office(settings: Settings, policy: Policy, mail: Mail, cabinet: Cabinet) -> MailOffice:
    """The channel over the servers of the settings; nothing is connected yet.

    Raises:
        PermanentError: a server, a password or the secret is missing or cannot be used.
    """
    settings.require_mail()
    mailbox, threads, post = open_mailbox(settings, mail), threads_of(settings, mail), cabinet.store.post
    intake = Intake(
        mailbox=mailbox,
        tracker=cabinet.tracker,
        desk=cabinet.desk,
        post=post,
        policy=policy,
        mail=mail,
        threads=threads,
        read=partial(read_letter, limits=mail.limits, authserv=mail.authserv),
    )
    dispatch = Dispatch(
        mailbox=mailbox,
        postman=open_postman(settings),
        tracker=cabinet.tracker,
        desk=cabinet.desk,
        store=cabinet.store,
        post=post,
        policy=policy,
        mail=mail,
        threads=threads,
        build=Builder(mail, policy.redmine.markup, threads).build,
    )
    return MailOffice(intake, dispatch)


def check_servers(settings: Settings, mail: Mail, now: datetime) -> tuple[str, ...]:
    """What keeps the mail servers of the settings from being used, a sentence each; logs in to both, reads and sends nothing."""
    found: list[str] = []
    for attempt in (
        lambda: list(open_mailbox(settings, mail).waiting(now)),
        lambda: open_postman(settings).check(),
        lambda: threads_of(settings, mail),
    ):
        try:
            attempt()
        except BridgeError as error:
            found.append(str(error))
    return tuple(found)


def open_postman(settings: Settings) -> SmtpPostman:
    """The server for answers; nothing is connected yet."""
    account = MailAccount.smtp(settings.smtp_url, settings.smtp_password, ca=settings.ca, plain=settings.plain_http)
    return SmtpPostman(account)


def open_mailbox(settings: Settings, mail: Mail) -> ImapMailbox:
    """The mailbox; nothing is connected yet."""
    account = MailAccount.imap(settings.imap_url, settings.imap_password, ca=settings.ca, plain=settings.plain_http)
    return ImapMailbox(account, mail)


def threads_of(settings: Settings, mail: Mail) -> Threads:
    """Who signs Message-IDs.

    Raises:
        PermanentError: a secret is too short.
    """
    try:
        return Threads(settings.mail_secrets, mail.address.rpartition("@")[2])
    except ValueError as error:
        raise PermanentError(f"PRESALE_BRIDGE_MAIL_SECRET_FILE: {error}") from None
