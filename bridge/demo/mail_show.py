"""The demonstration's mails: one goes in, the answer comes out, on real IMAP and SMTP servers and in the demo's Redmine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bridge.core.model import Channel
from bridge.core.threads import Threads
from bridge.demo import processes
from bridge.demo.actors import Actor
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer
from bridge.demo.show import ShownApp
from bridge.settings import Settings, find_rules

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from bridge.core.model import Ticket
    from bridge.demo.show import Show

ADDRESS: Final = "presale@vendor.test"
CUSTOMER: Final = "maria.sokolova@customer.test"
ENGINEER: Final = "ivanov"
SYSTEM, UPDATES = "Сведения о системе", "Информация об обновлении системы"
SECTION: Final = """
mail:
  address: {address}
  project: presale-mail
  tracker: ТехП Пресейл
  not_before: {since}
  fields: {{name: Имя отправителя, address: Адрес отправителя}}
  hold: 0 minutes
"""
QUESTION: Final = """Добрый день!

Хотим попробовать Альт Рабочая станция 11 в бухгалтерии, но установщик зависает на разметке диска. Подскажите, что делать?

С уважением,
Мария Соколова
"""
DETAILS: Final = f"""Здравствуйте! Вот что просят обычно:

{SYSTEM}: образ Альт Рабочая станция 11.0, x86_64, диск NVMe 512 ГБ

{UPDATES}: система ещё не установлена, образ скачан сегодня
"""
ANSWER: Final = (
    "Выберите в установщике «Подготовить разделы вручную» и удалите старую таблицу разделов: на ней остался RAID."
)


@dataclass(frozen=True)
class Exchanged:
    """One mail of the correspondence, as its reader sees it."""

    who: str
    subject: str
    text: str


@dataclass(frozen=True)
class Correspondence:
    """The mails in order, the ticket that they made, and what did not come out as it should."""

    ticket: int
    mails: tuple[Exchanged, ...]
    problems: tuple[str, ...]


class MailShow:
    """A customer without an account writes, gets a number, tells what is needed, and is answered by an engineer in Redmine."""

    def __init__(self, show: Show, server: MailServer) -> None:
        self._show = show
        self._server = server
        self._customer = MailPerson(server, CUSTOMER, "Мария Соколова")
        self._mails: list[Exchanged] = []
        self._seen = 0

    @staticmethod
    def is_possible() -> bool:
        """Postfix wants root."""
        return os.geteuid() == 0

    @cached_property
    def _app(self) -> ShownApp:
        return ShownApp(self._settings(), str(self._rules()), find_rules, clock=self._show.clock)

    def _rules(self) -> Path:
        since = (self._show.clock() - timedelta(hours=1)).isoformat(timespec="seconds")
        file = self._show.rules.with_name("rules-with-mail.yaml")
        text = self._show.rules.read_text(encoding="utf-8")
        processes.write(file, text + SECTION.format(address=ADDRESS, since=since))
        return file

    def _settings(self) -> Settings:
        server, shown = self._server, self._show.app.settings
        return replace(
            shown,
            ca=str(server.ca),
            imap_url=server.imap_url(ADDRESS),
            imap_password=server.password,
            smtp_url=server.smtp_url(ADDRESS, starttls=True),
            smtp_password=server.password,
            mail_secrets=(secrets.token_hex(16).encode(),),
        )

    def perform(self) -> Correspondence:
        """The whole correspondence."""
        try:
            return self._perform()
        finally:
            self._app.store.close()

    def _perform(self) -> Correspondence:
        for person in (self._customer, MailPerson(self._server, ADDRESS)):
            person.clear()  # of the last demonstration
        self._write(self._customer.write(ADDRESS, "Не ставится Альт Рабочая станция 11", QUESTION))
        acknowledged = self._answer()
        self._write(self._customer.reply(acknowledged, DETAILS))
        self._answer()
        ticket = self._ticket()
        Actor(self._show.server, ENGINEER).note(ticket.id, ANSWER)
        last = self._answer()
        return Correspondence(ticket.id, tuple(self._mails), tuple(self._problems(ticket.id, last)))

    def _write(self, sent: EmailMessage) -> None:
        """A mail of the customer's; it is in the mailbox before the bridge looks."""
        self._keep("Мария Соколова", sent)
        MailPerson(self._server, ADDRESS).inbox(len(self._mails))

    def _answer(self) -> EmailMessage:
        """One pass, and the mail that the customer gets of it."""
        self._app.run_pass()
        self._seen += 1
        answer = self._customer.inbox(self._seen)[-1]
        self._keep("Пресейл", answer)
        return answer

    def _keep(self, who: str, mail: EmailMessage) -> None:
        body = mail.get_body(("plain",))
        own = (body.get_content() if body else "").split("\n> ")[0].strip()
        self._mails.append(Exchanged(who, str(mail["Subject"]), own))

    def _ticket(self) -> Ticket:
        number = Threads(self._app.settings.mail_secrets, ADDRESS.partition("@")[2]).read(self._own_id())
        assert number is not None
        ticket = self._app.tracker.read(number[0])
        assert ticket is not None
        return ticket

    def _own_id(self) -> str:
        return str(self._customer.inbox()[0]["Message-ID"]).strip("<>")

    def _problems(self, number: int, last: EmailMessage) -> Iterator[str]:
        ticket, inbox = self._app.tracker.read(number), self._customer.inbox()
        assert ticket is not None
        if ticket.channel is not Channel.MAIL or ticket.author.mail != CUSTOMER:
            yield f"ticket {number} is {ticket.author.name}'s, and not the customer's who wrote"
        for name in (SYSTEM, UPDATES):
            if not ticket.current.fields.get(name):
                yield f"ticket {number}: the field «{name}» is empty, though the customer's answer has it"
        if len(inbox) != self._seen:
            yield f"the customer got {len(inbox)} mails instead of {self._seen}"
        if ANSWER not in "".join(self._mails[-1].text.splitlines()).replace("  ", " "):
            yield "the last mail is not the engineer's answer"
        if str(inbox[0]["References"]).split()[0] not in str(last["References"]):
            yield "the answer does not refer to the customer's first mail"
