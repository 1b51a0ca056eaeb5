"""What strangers, spammers and jokers send: what becomes of it in Redmine and in people's mailboxes. All of it is handled in one pass."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
import requests

from bridge.core.model import Channel, Role
from bridge.core.policy import MailLimits, Policy
from bridge.demo.mail_people import WIRE, MailPerson
from bridge.demo.mailserver import MailServer
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from bridge.mail_ports import Quarantined
from tests.acceptance.mail_stage import MailStage
from tests.acceptance.mail_story import ATTACHMENT, MailStory, ids, mail_policy, plain

pytestmark = [
    pytest.mark.redmine,
    pytest.mark.mail,
    pytest.mark.xdist_group("mail-attacks"),
    pytest.mark.usefixtures("no_mails"),
]

WORDS = "Чем отличается Альт Сервер от Альт Рабочей станции?"
HTML = (
    '<html><head><script>alert("head")</script><style>p {color: red}</style></head><body onload="alert(1)"><p>Чем отличаются редакции?</p>'
    '<img src="http://evil.example/pixel.png" onerror="alert(2)"><a href="javascript:alert(3)">сюда</a><iframe src="http://evil.example"></iframe>'
    "<p>{{macro_list}} !http://evil.example/a.png! @admin &lt;script&gt;alert(4)&lt;/script&gt;</p></body></html>"
)
MEGABYTE = 1024 * 1024


def bomb() -> bytes:
    """A few kilobytes that unpack to 30 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb.txt", b"\0" * 30 * MEGABYTE)
    return packed.getvalue()


BOMB = bomb()


@dataclass
class Attacked:
    """A mailbox that was attacked: a ticket of Anna's that was there before, and what there is afterwards."""

    story: MailStory
    known: int
    acknowledged: EmailMessage
    before: dict[str, Any]
    troubles: list[str] = field(default_factory=list)

    @property
    def mallory(self) -> MailPerson:
        """Who attacks."""
        return self.story.mails.stranger

    def tickets(self, subject: str) -> list[dict[str, Any]]:
        """Tickets with this in their subject."""
        rows = self.story.server.database.rows("SELECT id, subject FROM issues ORDER BY id")
        return [self.story.issue(int(number)) for number, found in rows if subject in found]

    def the_ticket(self, subject: str) -> dict[str, Any]:
        """The one ticket with this in its subject."""
        (found,) = self.tickets(subject)
        return found

    def answer_to(self, subject: str) -> EmailMessage:
        """The one mail that answers a ticket."""
        number = self.the_ticket(subject)["id"]
        (found,) = [mail for mail in self.story.inbox(0, self.mallory) if mail["X-Presale-Bridge"] == str(number)]
        return found

    def aside(self, subject: str) -> list[Quarantined]:
        """What lies in the quarantine under this subject."""
        return [one for one in self.story.app.store.post.quarantined() if subject in one.subject]

    def staff_line(self, subject: str) -> str:
        """What staff are told of a ticket in private."""
        (note,) = [
            note for note in self.story.notes(self.the_ticket(subject)["id"], private=True) if "пришло письмом" in note
        ]
        return note

    def page(self, subject: str) -> str:
        """A ticket's page, as a browser gets it."""
        browser, server = requests.Session(), self.story.server
        login = browser.get(f"{server.url}/login", timeout=30).text
        token = re.search(r'name="authenticity_token" value="([^"]+)"', login)
        assert token is not None
        form = {"username": "admin", "password": server.password, "authenticity_token": unescape(token[1])}
        browser.post(f"{server.url}/login", data=form, timeout=30)
        return browser.get(f"{server.url}/issues/{self.the_ticket(subject)['id']}", timeout=30).text


# --- what is sent ---------------------------------------------------------------------------------------------------------------------------


def sent(attacked: Attacked, subject: str, text: str = WORDS, **headers: str) -> EmailMessage:
    """A mail of Mallory's."""
    return attacked.story.letter(subject, text, attacked.mallory, **headers)


def forged_thread(attacked: Attacked) -> EmailMessage:
    """One of our Message-IDs for another journal, with a hash of his own."""
    ours = str(attacked.acknowledged["Message-ID"])
    forged = re.sub(r"\.(\d+)\.[0-9a-f]{20}@", lambda found: f".{int(found[1]) + 1}.{'0' * 20}@", ours)
    return sent(attacked, "Forged thread", References=forged, In_Reply_To=forged)


def guessed_number(attacked: Attacked) -> EmailMessage:
    """A ticket's number in the subject."""
    return sent(attacked, f"Re: Guessed number [№{attacked.known}]", "Пришлите, пожалуйста, всю переписку.")


def stolen_thread(attacked: Attacked) -> EmailMessage:
    """A true Message-ID of ours, of a mail that somebody has forwarded to him."""
    ours = str(attacked.acknowledged["Message-ID"])
    return sent(attacked, "Re: Stolen thread", References=ours, In_Reply_To=ours)


def stolen_message_id(attacked: Attacked) -> EmailMessage:
    """A true Message-ID of ours as his own."""
    return sent(attacked, "Stolen Message-ID", Message_ID=str(attacked.acknowledged["Message-ID"]))


def repeated_message_id(attacked: Attacked) -> EmailMessage:
    """The Message-ID of the customer's mail as his own."""
    return sent(attacked, "Repeated Message-ID", Message_ID=ids(attacked.acknowledged["In-Reply-To"])[0])


def injected_headers(attacked: Attacked) -> bytes:
    """Line breaks and headers in an encoded subject and name."""
    victim = attacked.story.mails.colleague.address
    raw = sent(attacked, "PLACE").as_bytes()
    broken = f"=?utf-8?q?Injected=0D=0ABcc:_{victim}=0D=0A=0D=0ABuy!?="
    raw = raw.replace(b"Subject: PLACE", f"Subject: {broken}".encode())
    return raw.replace(b"From: Mallory ", f"From: =?utf-8?q?M=0ABcc:_{victim}=0A?= ".encode())


def zip_bomb(attacked: Attacked) -> EmailMessage:
    """A file that grows, with a path in its name."""
    mail = sent(attacked, "Zip bomb")
    mail.add_attachment(BOMB, maintype="application", subtype="zip", filename="../../отчёт.zip")
    return mail


def ten_thousand_recipients(attacked: Attacked) -> bytes:
    """As many people in copy."""
    many = ",\r\n ".join(f"p{n}@elsewhere.test" for n in range(9_999))
    return sent(attacked, "Ten thousand", Cc="PLACE").as_bytes(policy=WIRE).replace(b"PLACE", many.encode())


def fifty_megabytes(attacked: Attacked) -> EmailMessage:
    """A file of 37 MB, which is 50 MB in a mail, beside a small one."""
    mail = sent(attacked, "Fifty megabytes")
    mail.add_attachment(ATTACHMENT, maintype="text", subtype="plain", filename="small.txt")
    mail.add_attachment(b"\0" * 37 * MEGABYTE, maintype="application", subtype="octet-stream", filename="disk.img")
    return mail


def deep_nesting(attacked: Attacked) -> bytes:
    """Parts within parts within parts."""
    head = sent(attacked, "Deep nesting").as_bytes().split(b"Content-Type:")[0]
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(3_000))
    return head.replace(b"\n", b"\r\n") + parts + b"Content-Type: text/plain\r\n\r\nAt the bottom\r\n"


def script_in_html(attacked: Attacked) -> EmailMessage:
    """HTML with all that a browser would run, and Redmine's own markup."""
    mail = sent(attacked, "Script <script>alert(0)</script> in HTML")
    mail.set_content(HTML, subtype="html")
    return mail


def in_our_name(attacked: Attacked) -> EmailMessage:
    """The mailbox's own address in From."""
    mail = sent(attacked, "In our name")
    mail.replace_header("From", attacked.story.box.address)
    return mail


def answers_elsewhere(attacked: Attacked) -> EmailMessage:
    """Somebody else's address in Reply-To."""
    return sent(attacked, "Answers elsewhere", Reply_To=attacked.story.mails.colleague.address)


def forged_mark(attacked: Attacked) -> EmailMessage:
    """The last line of the customer's ticket at the end of his own words."""
    mark = re.search(r"Получено письмом.*", attacked.before["description"])
    assert mark is not None
    return sent(attacked, "Forged mark", f"{WORDS}\n\n{mark[0]}")


ATTACKS: tuple[Callable[[Attacked], EmailMessage | bytes], ...] = (
    forged_thread,
    guessed_number,
    stolen_thread,
    stolen_message_id,
    repeated_message_id,
    injected_headers,
    zip_bomb,
    ten_thousand_recipients,
    fifty_megabytes,
    deep_nesting,
    script_in_html,
    in_our_name,
    answers_elsewhere,
    forged_mark,
)


@pytest.fixture(scope="module")
def attacked(
    redmine: RedmineServer, mail_server: MailServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    """All attacks at once, and one pass over them."""
    clear(redmine.database)
    mails = MailStage(mail_server)
    story = MailStory(
        redmine,
        tmp_path_factory.mktemp("attacked"),
        mail_policy(policy, mails, limits=MailLimits(per_hour=100)),
        mails=mails,
    )
    story.at(story.now)
    known = story.asked("Мой вопрос", WORDS)
    found = Attacked(story, known, story.inbox(1)[0], story.issue(known))
    for attack in ATTACKS:
        story.put(attack(found))
    story.later(minutes=1)
    story.run_until_quiet()
    found.troubles = [*story.reports]
    yield found
    story.close()
    redmine.set_time(None)


# --- what becomes of it ---------------------------------------------------------------------------------------------------------------------


def test_nothing_is_left_over_and_one_pass_does_it(attacked: Attacked) -> None:
    """Every mail is marked, nobody's handling failed, and Anna has got nothing more than her acknowledgement."""
    assert attacked.story.unmarked() == []
    assert len(attacked.story.inbox()) == 1


@pytest.mark.parametrize(
    "subject", ["Forged thread", "Guessed number", "Stolen thread", "Repeated Message-ID", "Forged mark"]
)
def test_trap_13_a_stranger_gets_a_ticket_of_his_own(attacked: Attacked, subject: str) -> None:
    """Whatever he refers to: his mail is a ticket that is his, and Anna's stays as it was."""
    number = attacked.the_ticket(subject)["id"]
    ticket = attacked.story.read(number)
    assert (ticket.channel, ticket.author.role, ticket.author.mail) == (
        Channel.MAIL,
        Role.CUSTOMER,
        attacked.mallory.address,
    )
    assert attacked.story.issue(attacked.known) == attacked.before
    assert attacked.story.got(number, attacked.mallory) == attacked.story.to_be_mailed(number)


@pytest.mark.parametrize("subject", ["Guessed number", "Stolen thread"])
def test_trap_13_staff_are_told_of_the_ticket_that_a_stranger_refers_to(attacked: Attacked, subject: str) -> None:
    """In private, and without a relation that the other customer would see."""
    assert f"№{attacked.known}" in attacked.staff_line(subject)
    assert f"№{attacked.known}" not in plain(attacked.answer_to(subject))


def test_a_stolen_message_id_is_put_aside(attacked: Attacked) -> None:
    """Nobody else's mail can have an identifier that the bridge has signed: a person looks at it."""
    (aside,) = attacked.aside("Stolen Message-ID")
    assert "Message-ID of ours" in aside.reason
    assert attacked.tickets("Stolen Message-ID") == []


def test_injected_headers_are_words(attacked: Attacked) -> None:
    """Line breaks in a subject or a name end no header: nobody else is written to."""
    answer = attacked.answer_to("Injected")
    assert (answer["Bcc"], answer["To"]) == (None, attacked.mallory.address)
    assert "Injected Bcc:" in answer["Subject"]
    assert attacked.story.inbox(0, attacked.story.mails.colleague) == []


def test_a_zip_bomb_is_a_file_and_is_not_opened(attacked: Attacked) -> None:
    """It is attached byte by byte, under a name without a path."""
    (file,) = attacked.the_ticket("Zip bomb")["attachments"]
    assert (file["filesize"], "/" in file["filename"]) == (len(BOMB), False)


def test_ten_thousand_recipients_are_no_thread(attacked: Attacked) -> None:
    """At most ten of them are remembered, and the answer goes to who wrote."""
    number = attacked.the_ticket("Ten thousand")["id"]
    origin = attacked.story.read(number).origin
    assert origin is not None
    assert len(origin.copies) == 10
    assert attacked.answer_to("Ten thousand")["To"] == attacked.mallory.address


def test_fifty_megabytes_are_not_taken_and_the_sender_is_told(attacked: Attacked) -> None:
    """What fits is taken, the file that does not is named with its size; the mailbox keeps the message."""
    issue = attacked.the_ticket("Fifty megabytes")
    assert "small.txt" in [file["filename"] for file in issue["attachments"]]
    assert all(file["filesize"] <= 5 * MEGABYTE for file in issue["attachments"])
    told = [
        plain(mail)
        for mail in attacked.story.inbox(0, attacked.mallory)
        if mail["X-Presale-Bridge"] == str(issue["id"])
    ]
    assert any("disk.img" in text and "МБ" in text for text in told)


def test_deep_nesting_breaks_nothing(attacked: Attacked) -> None:
    """Three thousand parts within each other are a ticket all the same, and the whole is kept."""
    assert (
        attacked.the_ticket("Deep nesting")["attachments"]
        or "At the bottom" in attacked.the_ticket("Deep nesting")["description"]
    )


def test_scripts_in_html_never_run(attacked: Attacked) -> None:
    """The words are there, and the page has neither the script nor the picture, the frame, the macro or the link."""
    page = attacked.page("in HTML")
    assert "Чем отличаются редакции?" in page
    for danger in (
        "<script>alert",
        "evil.example/pixel",
        "<iframe",
        'href="javascript',
        "onerror=",
        'src="http://evil',
        "onload=",
    ):
        assert danger not in page, danger
    mailed = attacked.answer_to("in HTML").get_body(("html",))
    assert mailed is not None
    assert "<script" not in mailed.get_content()


def test_trap_14_a_mail_in_our_own_name_is_nothing(attacked: Attacked) -> None:
    """Our address in From: no ticket, no answer, or the bridge would talk with itself."""
    assert attacked.tickets("In our name") == []


def test_an_answer_goes_to_from_and_not_to_reply_to(attacked: Attacked) -> None:
    """Nobody can make the bridge write to somebody else."""
    assert attacked.answer_to("Answers elsewhere")["To"] == attacked.mallory.address
