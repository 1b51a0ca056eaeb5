"""What operators and leads do with the mail channel on the real servers: shadow, brake, quarantine, purge, own names, the job by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.app import clock
from bridge.cli.main import run
from bridge.core.model import Channel
from bridge.demo.mail_people import MailPerson
from bridge.demo.rules import differences, write_copy
from bridge.engine import BRAKE
from bridge.jobs import Exit
from bridge.mail_ports import Fate
from tests.acceptance.mail_story import ADDRESS, KEYWORD, NAME, PROJECT, SECRET, MailStory
from tests.acceptance.stage import RULES

pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

QUESTION = "Чем отличается Альт Сервер от Альт Рабочей станции?"
TRUSTED = "mx.vendor.test"
SECTION = """
mail:
  address: {address}
  project: {project}
  tracker: ТехП Пресейл
  not_before: {since}
  fields: {{name: {name}, address: {field}}}
  keep: 1 calendar day
  limits: {{per_address: 2}}
"""


class Operator:
    """Somebody at the command line, with rules in a file; Redmine and the mailbox have real time."""

    def __init__(self, story: MailStory, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.story, self.folder, self.capsys = story, folder, capsys
        story.at(clock())
        self.rules, since = folder / "rules.yaml", clock() - timedelta(days=2)
        write_copy(RULES, self.rules, differences(RULES, clock(), [], lambda _: since))
        place = {"project": PROJECT, "name": NAME, "field": ADDRESS, "since": since.isoformat(timespec="seconds")}
        with self.rules.open("a", encoding="utf-8") as file:
            file.write(SECTION.format(address=story.box.address, **place))

    def says(self, *arguments: str, code: Exit = Exit.DONE) -> str:
        """A command and what it prints."""
        ended = run([*arguments, "--rules", str(self.rules)], self.environment)
        printed = self.capsys.readouterr()
        assert ended == code, printed.err + printed.out
        return printed.out

    def asks(self, *arguments: str) -> object:
        """The same as JSON."""
        return json.loads(self.says(*arguments, "--json"))

    @property
    def environment(self) -> dict[str, str]:
        """What an operator sets."""
        mail = self.story.mails.environment()
        for name, text in {"password": mail["password"], "secret": SECRET.decode()}.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return {
            "REDMINE_URL": self.story.server.url,
            "REDMINE_API_KEY_FILE": str(self.story.server.bridge_key_file),
            "PRESALE_BRIDGE_STORE": str(self.folder / "operator.db"),
            "PRESALE_BRIDGE_CA": mail["ca"],
            "PRESALE_BRIDGE_IMAP": mail["imap"],
            "PRESALE_BRIDGE_SMTP": mail["smtp"],
            "PRESALE_BRIDGE_IMAP_PASSWORD_FILE": str(self.folder / "password"),
            "PRESALE_BRIDGE_SMTP_PASSWORD_FILE": str(self.folder / "password"),
            "PRESALE_BRIDGE_MAIL_SECRET_FILE": str(self.folder / "secret"),
        }


@pytest.fixture
def operator(story: MailStory, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    """An operator with a fresh store."""
    return Operator(story, tmp_path, capsys)


def test_the_operators_commands_on_the_real_servers(operator: Operator) -> None:
    """The job takes mail in, the quarantine is listed, shown, replayed and discarded, personal data are purged; nothing is lost on the way."""
    story = operator.story
    story.put(*(story.letter(f"Вопрос {n}", QUESTION) for n in range(4)))
    told = operator.asks("mail")
    assert isinstance(told, dict)
    assert [one["fate"] for one in told["mail"]["taken"]] == ["ticket", "ticket", "quarantine", "quarantine"]
    assert story.unmarked() == []

    listed = operator.asks("mail", "quarantine", "list")
    assert isinstance(listed, list)
    keys = {one["subject"]: one["key"] for one in listed}
    assert sorted(keys) == ["Вопрос 2", "Вопрос 3"]
    first, second = keys["Вопрос 2"], keys["Вопрос 3"]
    shown = operator.says("mail", "quarantine", "show", first[:8])
    assert all(words in shown for words in (story.anna.address, "Вопрос 2", "limit 2", "  Чем отличается"))
    assert "Subject:" in operator.says("mail", "quarantine", "show", "--raw", first)

    operator.says("mail", "quarantine", "discard", second)
    operator.says("mail", "quarantine", "replay", first)
    assert operator.says("mail", "quarantine", "list") == "the quarantine is empty\n"
    operator.rules.write_text(
        operator.rules.read_text(encoding="utf-8").replace("per_address: 2", "per_address: 9"), encoding="utf-8"
    )
    again = operator.asks("mail")
    assert isinstance(again, dict)
    assert [one["fate"] for one in again["mail"]["taken"]] == ["ticket"]
    assert [*story.subjects().values()] == ["Вопрос 0", "Вопрос 1", "Вопрос 2"]

    assert len(story.inbox()) == 0, "the mail's job alone looks at no tickets"
    operator.says("run")
    assert len(story.inbox(3)) == 3
    assert "personal data of 0 mails" in operator.says("mail", "purge")


def whole_store(story: MailStory) -> bytes:
    """The store's files as bytes, as somebody who steals them reads them; the bridge is stopped for it."""
    story.close()
    return b"".join(path.read_bytes() for path in story.folder.glob(f"state-{story.stores}.db*"))


def test_purge_removes_what_is_personal_and_keeps_what_prevents_repeats(story: MailStory) -> None:
    """After `keep` no address is left in the store; the same mails are known all the same, and a reply is taken as one."""
    number = story.asked("Вопрос", QUESTION)
    acknowledged = story.inbox(1)[0]
    assert story.anna.address.encode() in whole_store(story)
    story.later(days=100)
    story.run()
    story.app.store.post.purge(story.now)
    assert story.anna.address.encode() not in whole_store(story)
    with story.box.opened() as box:
        box.flag(box.uids(), [KEYWORD], value=False)
    story.reply(acknowledged, "Ещё вопрос: подойдёт ли Сервер школе?")
    story.run_until_quiet()
    assert (story.tickets(), story.words_of_customers(number)) == ([number], ["Ещё вопрос: подойдёт ли Сервер школе?"])


def test_w5_shadow_mode_judges_and_touches_nothing(story: MailStory) -> None:
    """What would become of each mail is told; mailbox, Redmine and customers see nothing of it, and switching it off does it all."""
    story.brakes(shadow=True)
    story.put(story.letter("Вопрос", QUESTION))
    before = story.flags()
    with story.watched():
        summary = story.run()
    assert summary.mail is not None
    assert "shadow: not done" in summary.mail.haul.taken[0].reason
    assert (story.flags(), story.inbox()) == (before, [])
    story.brakes(shadow=False)
    story.run()
    assert (len(story.tickets()), len(story.inbox())) == (1, 1)


def test_w5_a_flood_of_mails_pulls_the_brake(story: MailStory) -> None:
    """At `changes_per_pass` everything stops; after `resume` what waited in the mailbox is handled, once."""
    story.put(*(story.letter(f"Вопрос {n}", QUESTION) for n in range(4)))
    story.brakes(changes_per_pass=3)
    assert story.run().exit is Exit.HELD
    assert (len(story.tickets()), story.unmarked(), story.inbox()) == (3, ["Вопрос 3"], [])
    with story.watched():
        assert story.run().exit is Exit.HELD
    assert story.app.store.get(BRAKE)
    story.brakes(changes_per_pass=50)
    story.app.resume()
    story.run_until_quiet()
    assert (len(story.tickets()), len(story.inbox())) == (4, 4)


# --- own names ------------------------------------------------------------------------------------------------------------------------------


def own_name(story: MailStory) -> None:
    """Switch it on, with the administrator's key."""
    story.more_settings["impersonation_key"] = story.server.users["admin"].key
    story.rules(own_name=True, authserv=TRUSTED)


@pytest.mark.parametrize(
    ("login", "result", "own"),
    [
        ("ivanov", f"{TRUSTED}; dmarc=pass header.from={{domain}}", True),
        ("ivanov", f"{TRUSTED}; dmarc=fail header.from={{domain}}", False),
        ("ivanov", "mx.evil.test; dmarc=pass header.from={domain}", False),
        ("ivanov", f"{TRUSTED}; dkim=pass header.d=evil.test", False),
        ("customer-01-1", f"{TRUSTED}; dmarc=pass header.from={{domain}}", False),
    ],
    ids=[
        "DMARC passed",
        "DMARC failed",
        "another server says so",
        "another domain's DKIM",
        "an account without a right there",
    ],
)
def test_own_names_are_for_senders_that_our_server_has_verified(
    story: MailStory, login: str, result: str, own: bool
) -> None:
    """Verified, the ticket is the account's own; otherwise the bridge's account speaks for the sender. No mail is lost over it."""
    own_name(story)
    user = story.server.users[login]
    header = result.format(domain=user.mail.rpartition("@")[2])
    story.put(
        story.letter(
            "Вопрос", QUESTION, MailPerson(story.mails.server, user.mail, user.name), Authentication_Results=header
        )
    )
    summary = story.run()
    assert summary.mail is not None
    assert [one.fate for one in summary.mail.haul.taken] == [Fate.TICKET], summary.mail.failed
    (number,) = story.tickets()
    ticket = story.read(number)
    assert (ticket.channel is Channel.CABINET, story.issue(number)["author"]["name"] == user.name) == (own, own)
