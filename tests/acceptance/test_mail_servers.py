"""Mail servers that are stopped, started and cut off, and two bridges at once on one store: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from bridge.demo.mailserver import MailServer
from bridge.engine import Budget
from bridge.jobs import Exit
from bridge.mail.office import MailSummary
from tests.acceptance.mail_proxy import MailProxy
from tests.acceptance.mail_story import HOLD, MailApp, MailStory
from tests.contract.conftest import cluster
from tests.contract.databases import in_processes

__all__ = ["cluster"]
pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

QUESTION = "Чем отличается Альт Сервер от Альт Рабочей станции?"
MANY = 4


@pytest.fixture
def shaky(story: MailStory, running_mail_server: MailServer) -> MailStory:
    """A story in which servers are stopped; they run again afterwards."""
    return story


def through(story: MailStory, proxy: MailProxy, name: str) -> None:
    """Let the bridge reach a server through a proxy."""
    url = urlsplit(getattr(story.settings, name))
    story.more_settings[name] = f"{url.scheme}://{url.username}@{url.hostname}:{proxy.port}"
    story.restart()


@pytest.fixture
def smtp(story: MailStory, mail_server: MailServer) -> Iterator[MailProxy]:
    """A proxy before Postfix."""
    with MailProxy(mail_server, mail_server.ports.smtps).running() as proxy:
        through(story, proxy, "smtp_url")
        yield proxy


def noted(story: MailStory) -> int:
    """A ticket with an engineer's note that is to be mailed now."""
    number = story.asked("Вопрос", QUESTION)
    story.engineer.note(number, "Рабочая станция подойдёт.")
    story.at(story.now + HOLD)
    return number


@pytest.mark.parametrize("cut", ["before", "after"])
def test_w3_a_connection_cut_at_the_final_dot_makes_one_mail(story: MailStory, smtp: MailProxy, cut: str) -> None:
    """Whether Postfix took the mail or not, nobody was told: the copy in the mailbox shows it, and the customer gets it once."""
    number = noted(story)
    smtp.cut.append(cut)
    assert story.run().exit is Exit.TICKETS_FAILED
    assert not smtp.cut
    assert len(story.got(number)) == (2 if cut == "after" else 1)
    story.run_until_quiet()
    assert story.got(number) == story.to_be_mailed(number)


def test_the_smtp_server_away_and_back(shaky: MailStory) -> None:
    """Tickets are opened and answered in Redmine all the same; the mails go when the server is there again, each once."""
    shaky.put(shaky.letter("Вопрос", QUESTION))
    shaky.mails.server.stop_smtp()
    summary = shaky.run()
    (number,) = shaky.tickets()
    assert (summary.exit, shaky.got(number)) == (Exit.TICKETS_FAILED, [])
    assert shaky.to_be_mailed(number)
    shaky.mails.server.start_smtp()
    shaky.run_until_quiet()
    assert shaky.got(number) == shaky.to_be_mailed(number)


def test_the_imap_server_away_and_back(shaky: MailStory) -> None:
    """The pass goes on over the tickets and counts as a whole one, and says that the mailbox is out of reach; what waited is taken in later, once."""
    shaky.asked("Вопрос", QUESTION)
    shaky.put(shaky.letter("Ещё вопрос", QUESTION))
    shaky.mails.server.stop_imap()
    shaky.later(minutes=2)
    assert shaky.run().exit is Exit.TICKETS_FAILED
    assert shaky.app.run_pass(tickets=False).exit is Exit.OUT_OF_REACH
    shaky.mails.server.start_imap()
    shaky.run_until_quiet()
    assert [shaky.got(number) for number in shaky.tickets()] == [
        shaky.to_be_mailed(number) for number in shaky.tickets()
    ]
    assert len(shaky.tickets()) == 2


def test_an_imap_server_that_dies_in_the_middle_of_a_pass(shaky: MailStory) -> None:
    """Between fetching a mail and marking it: the ticket is there, the mark comes with the next pass, and there is no second ticket."""
    server, calls = shaky.mails.server, list[str]()

    class Dying:
        """A mailbox whose server stops right before the first mark."""

        def __init__(self, inner: object) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> object:
            if name == "mark" and not calls:
                calls.append(name)
                server.stop_imap()
            return getattr(self.inner, name)

    shaky.put(shaky.letter("Вопрос", QUESTION))
    shaky.wrap_port = Dying
    shaky.run()
    server.start_imap()
    assert shaky.unmarked() == ["Вопрос"]
    shaky.run_until_quiet()
    (number,) = shaky.tickets()
    assert (shaky.unmarked(), shaky.got(number)) == ([], shaky.to_be_mailed(number))


# --- two at once ----------------------------------------------------------------------------------------------------------------------------


def a_pass(story: MailStory) -> Callable[[], object]:
    """A whole pass in a process of its own."""
    return lambda: int(story.new_app().run_pass().exit)


def a_fetcher(story: MailStory) -> Callable[[], object]:
    """The way in alone, in a process of its own, without the lease that keeps passes apart: how many mails it took."""

    def work() -> object:
        app, summary = story.new_app(), MailSummary()
        assert isinstance(app, MailApp)
        assert app.mail_office is not None
        app.mail_office.take_in(app.now(), Budget(50), summary, lambda: False)
        return len(summary.haul.tickets), summary.failed

    return work


@pytest.fixture(params=["sqlite", "postgresql"])
def one_store(story: MailStory, request: pytest.FixtureRequest) -> MailStory:
    """A story over a store of either kind."""
    if request.param == "postgresql":
        story.store_url = request.getfixturevalue("cluster").database()
    return story


def test_trap_12_two_fetchers_on_one_store_share_the_mails(one_store: MailStory) -> None:
    """Both look at all mails at the same moment: each becomes one ticket, whoever is first, and neither fails."""
    one_store.app.store.get("")
    one_store.close()
    one_store.put(*(one_store.letter(f"Вопрос {n}", QUESTION) for n in range(MANY)))
    answers = in_processes(a_fetcher(one_store), a_fetcher(one_store))
    assert [failed for _, failed in answers] == [[], []], answers
    assert sum(count for count, _ in answers) == MANY
    one_store.run_until_quiet()
    assert sorted(one_store.subjects().values()) == [f"Вопрос {n}" for n in range(MANY)]
    assert all(one_store.got(number) == one_store.to_be_mailed(number) for number in one_store.tickets())


def test_two_passes_at_once_are_one_pass(story: MailStory) -> None:
    """The second finds the store taken and says so."""
    story.app.store.get("")
    story.close()
    story.put(*(story.letter(f"Вопрос {n}", QUESTION) for n in range(2)))
    assert sorted(in_processes(a_pass(story), a_pass(story))) == [Exit.DONE, Exit.BUSY]
    story.run_until_quiet()
    assert len(story.tickets()) == 2
