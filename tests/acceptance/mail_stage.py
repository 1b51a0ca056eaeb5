"""What a story about mail needs: the presale mailbox and people who write to it, on the real servers, and their auto-responders."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from email.message import EmailMessage

from bridge.adapters.mail.accounts import MailAccount
from bridge.adapters.mail.mailbox import ImapMailbox
from bridge.adapters.mail.postman import SmtpPostman
from bridge.core.policy import Mail
from bridge.demo.mail_people import MailPerson
from bridge.demo.mailserver import MailServer
from tests.mail_fixtures import imap_account, smtp_account

VACATION = """require ["vacation", "vacation-seconds"];
vacation :seconds 0 :subject "Меня нет на месте" "Буду в понедельник.";
"""


def _tag() -> str:
    return uuid.uuid4().hex[:10]


@dataclass
class MailStage:
    """A presale mailbox of this story alone, its customer, a colleague of theirs, and a stranger.

    `customer.write(stage.address, subject, text)` sends, `customer.inbox(1)` waits for an answer, `customer.reply(mail, text)` answers it in
    its thread.
    """

    server: MailServer
    tag: str = field(default_factory=_tag)

    @property
    def presale(self) -> MailPerson:
        """The mailbox that the bridge looks after, as staff see it in their mail programs."""
        return MailPerson(self.server, f"presale-{self.tag}@vendor.test", "Пресейл")

    @property
    def address(self) -> str:
        """Where customers write."""
        return self.presale.address

    @property
    def customer(self) -> MailPerson:
        """Who asks."""
        return MailPerson(self.server, f"anna-{self.tag}@customer.test", "Анна Петрова")

    @property
    def colleague(self) -> MailPerson:
        """Somebody of the customer's who is put into Cc."""
        return MailPerson(self.server, f"boris-{self.tag}@customer.test", "Борис Иванов")

    @property
    def stranger(self) -> MailPerson:
        """Somebody of another company."""
        return MailPerson(self.server, f"mallory-{self.tag}@partner.test", "Mallory")

    @property
    def imap(self) -> MailAccount:
        """How the bridge reads."""
        return imap_account(self.presale)

    @property
    def smtp(self) -> MailAccount:
        """How the bridge sends."""
        return smtp_account(self.presale)

    def environment(self) -> dict[str, str]:
        """The addresses by what they are for: `imap`, `smtp`, `password`, `ca`."""
        urls = {"imap": self.server.imap_url(self.address), "smtp": self.server.smtp_url(self.address)}
        return urls | {"password": self.server.password, "ca": str(self.server.ca)}

    def mailbox(self, rules: Mail) -> ImapMailbox:
        """The bridge's mailbox under these rules."""
        return ImapMailbox(self.imap, rules)

    def postman(self) -> SmtpPostman:
        """The bridge's postman."""
        return SmtpPostman(self.smtp)


def go_on_vacation(person: MailPerson) -> None:
    """From now on the server answers each mail to this person: a real responder, with all the headers of RFC 3834 and a null return path."""
    person.server.run_sieve(person.address, VACATION)


def come_back(person: MailPerson) -> None:
    """Nothing is answered any more."""
    person.server.run_sieve(person.address, "keep;\n")


@dataclass
class RudeResponder:
    """The worst case: a script that answers every mail in the person's inbox once, by the From header, and with nothing that tells it from a person."""

    person: MailPerson
    text: str = "Спасибо за письмо! Мы получили его и ответим в ближайшее время."
    answered: set[str] = field(default_factory=set)

    def answer_new(self) -> int:
        """Answer what has come since the last time; how many that were."""
        new = [stored for stored in self.person.stored() if stored.uid not in self.answered]
        for stored in new:
            self._answer(stored.message)
            self.answered.add(stored.uid)
        return len(new)

    def _answer(self, mail: EmailMessage) -> None:
        subject = str(mail["Subject"]).removeprefix("Re: ")
        self.person.write(str(mail.get("Reply-To") or mail["From"]), f"Re: {subject}", self.text)
