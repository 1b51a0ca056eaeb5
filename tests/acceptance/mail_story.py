"""A stage on which customers write mail: the real Redmine, Dovecot and Postfix, one clock for all, and what came of it on either side."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from typing import Any, ClassVar

from bridge.core import mail_marks
from bridge.core.model import Ticket
from bridge.core.policy import Mail, Policy, Text
from bridge.core.threads import Threads
from bridge.demo import processes
from bridge.demo.mail_people import WIRE, MailPerson
from bridge.jobs import Summary
from bridge.mail.office import MailOffice, MailSummary
from bridge.settings import Settings
from tests.acceptance.mail_stage import MailStage
from tests.acceptance.stage import Stage, StageApp, is_quiet, limited, moscow

PROJECT = "presale-mail"
KEYWORD = "PresaleBridge"
ATTACHMENT = "Разметка: / 30 ГБ, /home остальное\n".encode()
SECRET = b"the secret of these stories"
OLDER_SECRET = b"the secret that was used before"
PATIENCE = 20.0
NAME, ADDRESS = "Имя отправителя", "Адрес отправителя"
ATTRIBUTION = "16.11.2026, 10:31, «Пресейл»:"


def as_it_is(port: Any) -> Any:
    """Nothing in between."""
    return port


@dataclass
class MailApp(StageApp):
    """The bridge with what a story puts between it and each of the mail channel's ports."""

    wrap_port: Callable[[Any], Any] = as_it_is

    @cached_property
    def mail_office(self) -> MailOffice | None:
        """The mail channel with these in between."""
        office = super().mail_office
        if office is None:
            return None
        intake, dispatch, wrap = office.intake, office.dispatch, self.wrap_port
        ports = {"mailbox": wrap(intake.mailbox), "desk": wrap(intake.desk), "post": wrap(intake.post)}
        intake = replace(intake, **ports)
        dispatch = replace(dispatch, **ports, postman=wrap(dispatch.postman))
        return replace(office, intake=intake, dispatch=dispatch, report=self.reports.append)


def mail_policy(policy: Policy, mails: MailStage, **more: Any) -> Policy:
    """Rules for tickets that come by mail to this story's mailbox."""
    mail = Mail(
        address=mails.address,
        project=PROJECT,
        tracker="ТехП Пресейл",
        not_before=moscow("2026-11-16 00:00"),
        name=Text("Пресейл", "Presale support"),
        name_field=NAME,
        address_field=ADDRESS,
    )
    return replace(limited(policy, PROJECT), mail=replace(mail, **more))


@dataclass
class MailStory(Stage):
    """A stage with a mailbox; `mails` are its people. Redmine, the bridge and the arrival of mails have the story's clock."""

    kind: ClassVar[type[StageApp]] = MailApp

    mails: MailStage = field(kw_only=True)
    wrap_port: Callable[[Any], Any] = as_it_is
    store_url: str = ""
    more_settings: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """With the mail servers."""
        mail = self.mails.environment()
        urls = {"imap_url": mail["imap"], "smtp_url": mail["smtp"], "ca": mail["ca"]}
        secrets = {"imap_password": mail["password"], "smtp_password": mail["password"], "mail_secrets": (SECRET,)}
        found = replace(super().settings, **urls | secrets | self.more_settings)
        return replace(found, store_url=self.store_url) if self.store_url else found

    def new_app(self) -> StageApp:
        """A bridge as a new process has it."""
        app = super().new_app()
        assert isinstance(app, MailApp)
        app.wrap_port = self.wrap_port
        return app

    def rules(self, **more: Any) -> None:
        """Change the rules about mail; the bridge is started anew."""
        assert self.policy.mail is not None
        self.policy = replace(self.policy, mail=replace(self.policy.mail, **more))
        self.restart()

    def brakes(self, **limits: Any) -> None:
        """Change the brakes; the bridge is started anew."""
        self.policy = limited(self.policy, PROJECT, **limits)
        self.restart()

    @property
    def threads(self) -> Threads:
        """Who signs Message-IDs."""
        return Threads((SECRET,), "vendor.test")

    @property
    def box(self) -> MailPerson:
        """The presale mailbox."""
        return self.mails.presale

    def run_until_quiet(self, *, minutes: int = 6, at_most: int = 8) -> list[Summary]:
        """Passes, each some minutes after the last, until one does nothing on either side."""
        done: list[Summary] = []
        for _ in range(at_most):
            self.later(minutes=minutes)
            done.append(self.run())
            if is_quiet(done[-1]) and is_mail_quiet(done[-1].mail):
                return done
        raise AssertionError(f"never quiet: {[str(one) for one in done]}")

    # --- people -----------------------------------------------------------------------------------------------------------------------------

    @property
    def anna(self) -> MailPerson:
        """The customer who writes mail."""
        return self.mails.customer

    def write(self, subject: str, text: str, by: MailPerson | None = None, **more: Any) -> EmailMessage:
        """A mail to the mailbox, brought by the real servers; it arrives now by the story's clock."""
        headers = {"Date": format_datetime(self.now)} | more.pop("headers", {})
        sent = (by or self.anna).write(self.box.address, subject, text, headers=headers, **more)
        self.date(sent)
        return sent

    def reply(self, mail: EmailMessage, text: str, by: MailPerson | None = None, **more: Any) -> EmailMessage:
        """An answer to a mail as Russian webmail makes it: in its thread, the words above, then a signature, then all of it quoted."""
        who, subject = by or self.anna, str(mail["Subject"])
        thread = f"{mail.get('References', '')} {mail['Message-ID']}".split()
        headers = {"In-Reply-To": str(mail["Message-ID"]), "References": " ".join(thread)} | more.pop("headers", {})
        titled = subject if subject.casefold().startswith("re:") else f"Re: {subject}"
        return self.write(titled, f"{text}\n\n{webmail_tail(mail, who)}", who, headers=headers, **more)

    def date(self, mail: EmailMessage) -> None:
        """Wait for a mail, and let it have arrived at the story's present: servers know real time only."""
        self.date_raw(str(mail["Message-ID"]))

    def date_raw(self, message_id: str) -> None:
        """The same, by its Message-ID."""
        uids: list[str] = []

        def there() -> bool:
            with self.box.opened() as box:
                uids[:] = box.uids(f'HEADER Message-ID "{message_id}"')
            return bool(uids)

        assert processes.wait_until(there, PATIENCE), f"{message_id} did not arrive"
        with self.box.opened() as box:
            raw = [one.obj.as_bytes(policy=WIRE) for one in box.fetch(f"UID {','.join(uids)}", mark_seen=False)]
            self.box.put([(one, self.now) for one in raw])
            box.delete(uids)

    def put(self, *messages: EmailMessage | bytes, at: datetime | None = None) -> None:
        """Lay messages into the mailbox, without the servers that bring mail."""
        raw = [one if isinstance(one, bytes) else one.as_bytes(policy=WIRE) for one in messages]
        self.box.put([(one, at or self.now) for one in raw])

    def letter(self, subject: str, text: str, by: MailPerson | None = None, **headers: str) -> EmailMessage:
        """A message that is not sent yet; names of headers have `_` for `-`."""
        who, message = by or self.anna, EmailMessage()
        message["From"], message["To"], message["Subject"] = f"{who.name} <{who.address}>", self.box.address, subject
        message["Date"] = format_datetime(self.now)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Message-ID": fresh_id()} | named).items():
            message[name] = value
        message.set_content(text)
        return message

    def answer(self, mail: EmailMessage, text: str, by: MailPerson | None = None, **headers: str) -> EmailMessage:
        """A message in a mail's thread that is not sent yet."""
        thread = f"{mail.get('References', '')} {mail['Message-ID']}"
        more = {"In_Reply_To": str(mail["Message-ID"]), "References": thread} | headers
        return self.letter(f"Re: {mail['Subject']}", text, by, **more)

    def asked(
        self,
        subject: str = "Не ставится Альт Рабочая станция",
        text: str = "Установщик останавливается. Как установить?",
    ) -> int:
        """A mail that has become a ticket in one pass; its number."""
        self.put(self.letter(subject, text))
        before = set(self.tickets())
        self.run()
        (number,) = set(self.tickets()) - before
        return number

    # --- what can be seen -------------------------------------------------------------------------------------------------------------------

    def tickets(self) -> list[int]:
        """All tickets, oldest first."""
        return [*self.subjects()]

    def subjects(self) -> dict[int, str]:
        """All tickets by number, oldest first, with their subjects."""
        rows = self.server.database.rows("SELECT id, subject FROM issues ORDER BY id")
        return {int(number): subject for number, subject in rows}

    def read(self, number: int) -> Ticket:
        """A ticket as the bridge reads it."""
        ticket = self.app.tracker.read(number)
        assert ticket is not None
        return ticket

    def inbox(self, at_least: int = 0, who: MailPerson | None = None) -> list[EmailMessage]:
        """What the customer has got, when nothing is on its way any more."""
        assert processes.wait_until(lambda: not self.mails.server.queued(), PATIENCE), "mails are stuck in Postfix"
        return (who or self.anna).inbox(at_least)

    def got(self, number: int, who: MailPerson | None = None) -> list[tuple[int, int]]:
        """Ticket and journal of every mail of a ticket that somebody has got."""
        found = [self.threads.read(str(mail["Message-ID"]).strip("<>")) for mail in self.inbox(0, who)]
        return [one for one in found if one is not None and one[0] == number]

    def to_be_mailed(self, number: int) -> list[tuple[int, int]]:
        """Ticket and journal of every public note of staff and of the bridge; a customer's own words are not among them."""
        rows = [row for row in self.issue(number)["journals"] if row["notes"] and not row["private_notes"]]
        return [(number, row["id"]) for row in rows if not mail_marks.is_mark(row["notes"].replace("\r\n", "\n"))]

    def words_of_customers(self, number: int) -> list[str]:
        """What stands in a ticket as somebody's mail, in order."""
        return [journal.notes for journal in self.read(number).journals if journal.origin]

    def flags(self, folder: str = "INBOX") -> dict[str, frozenset[str]]:
        """All messages of the mailbox with their flags, by UID; what a server tells of a session alone is left out."""
        with self.box.opened(folder) as box:
            rows = box.fetch(mark_seen=False, headers_only=True, bulk=500)
            return {str(one.uid): frozenset(one.flags) - {"\\Recent"} for one in rows}

    def unmarked(self) -> list[str]:
        """Subjects of the mails in the mailbox that the bridge has not marked; its own copies are left out."""
        with self.box.opened() as box:
            rows = [*box.fetch(f"UNKEYWORD {KEYWORD} NOT FROM {self.box.address}", mark_seen=False, headers_only=True)]
        return [one.subject for one in rows]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Nothing changes in Redmine, inside."""
        before = self.traces()
        yield
        assert self.traces() == before

    def traces(self) -> tuple[object, ...]:
        """What any writing in Redmine would change."""
        rows = self.server.database.rows
        return tuple(rows("SELECT COUNT(*), MAX(id), MAX(updated_on) FROM issues")[0]) + tuple(
            rows("SELECT COUNT(*), MAX(id) FROM journals")[0]
        )


def is_mail_quiet(mail: MailSummary | None) -> bool:
    """Whether a pass has taken in nothing but its own copies, and has sent nothing."""
    assert mail is not None
    return not (mail.haul.tickets or mail.haul.troubles or mail.sent.posted or mail.sent.sent)


def fresh_id() -> str:
    """A Message-ID of somebody else's."""
    return f"<{uuid.uuid4().hex}@customer.test>"


BOUNCE = """From: MAILER-DAEMON@mail.customer.test
To: {box}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: {id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system. Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.customer.test

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; {why}

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--
"""


def bounce_of(story: MailStory, mail: EmailMessage, why: str) -> bytes:
    """A delivery report as Postfix makes it, for a mail of ours."""
    who = {"box": story.box.address, "to": story.anna.address, "ours": mail["Message-ID"]}
    text = BOUNCE.format(**who, why=why, date=format_datetime(story.now), id=fresh_id())
    return text.replace("\n", "\r\n").encode()


def webmail_tail(mail: EmailMessage, who: MailPerson) -> str:
    """What Russian webmail puts below an answer: a signature, then the mail, quoted under a line that says whose it is."""
    body = mail.get_body(("plain",))
    quoted = [f"> {line}" for line in str(body.get_content()).splitlines()] if body else []
    return "\n".join(["-- ", "С уважением,", who.name, "", f"16.11.2026, 10:31, {mail['From']}:", *quoted])


def plain(mail: EmailMessage) -> str:
    """A mail's plain text."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def ids(value: object) -> list[str]:
    """The Message-IDs in a header."""
    return re.findall(r"<[^<>\s]+>", str(value or ""))


def one_thread(mails: Iterable[EmailMessage]) -> bool:
    """Whether a mail program shows these as one conversation: each is linked to the others by References or In-Reply-To (RFC 5256)."""
    groups: list[set[str]] = []
    for mail in mails:
        mine = {*ids(mail["Message-ID"]), *ids(mail["References"]), *ids(mail["In-Reply-To"])}
        linked = [group for group in groups if group & mine]
        groups = [group for group in groups if not group & mine] + [mine.union(*linked)]
    return len(groups) == 1


HOLD = timedelta(minutes=6)
