"""SIGKILL at every call of a pass over mail: in the end every mail is one ticket or note, and every public note is one mail (W3, trap 12)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bridge.core import footer
from bridge.core.policy import MailLimits, Policy
from bridge.demo.mailserver import MailServer
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from tests.acceptance.mail_stage import MailStage
from tests.acceptance.mail_story import (
    ATTACHMENT,
    HOLD,
    MailStory,
    as_it_is,
    bounce_of,
    fresh_id,
    ids,
    mail_policy,
)
from tests.acceptance.test_kills import Fuse, pass_in_a_child, spread

pytestmark = [pytest.mark.redmine, pytest.mark.mail, pytest.mark.usefixtures("no_mails")]

IN_A_RUN, IN_A_SOAK = 15, 200
QUESTION = "Чем отличается Альт Сервер от Альт Рабочей станции?"


@dataclass
class Scene:
    """What a pass has to do: mails that become tickets (by subject), mails that become notes (by words), and a ticket that is known already."""

    known: int
    tickets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fresh(name: str) -> str:
    """Words that no other mail has."""
    return f"{name} {fresh_id()[1:9]}"


def a_question(series: Series) -> Scene:
    """A new mail with a file: opened, told to staff, acknowledged, mailed."""
    story, scene = series.story, Scene(series.known, [fresh("Вопрос")])
    message = story.letter(scene.tickets[0], QUESTION)
    message.add_attachment(ATTACHMENT, maintype="text", subtype="plain", filename="a.txt")
    story.put(message)
    return scene


def an_answer(series: Series) -> Scene:
    """A reply with a file that is kept and one that is too big, and an engineer's note with a file whose hold is over."""
    story, scene = series.story, Scene(series.known, notes=[fresh("Добавлю про школу")])
    story.engineer.note(series.known, fresh("Подойдёт"), attachments={"b.txt": ATTACHMENT})
    story.at(story.now + HOLD)
    message = story.answer(series.acknowledged, scene.notes[0])
    message.add_attachment(ATTACHMENT, maintype="text", subtype="plain", filename="a.txt")
    message.add_attachment(b"x" * 3000, maintype="application", subtype="x-iso9660-image", filename="disk.iso")
    story.put(message)
    return scene


def machines(series: Series) -> Scene:
    """A bounce of ours, somebody's absence, a list's mail, and a question in between."""
    story, scene = series.story, Scene(series.known, [fresh("Вопрос")])
    story.put(
        bounce_of(story, series.acknowledged, fresh("550 no such person")),
        story.answer(series.acknowledged, "Я в отпуске", Auto_Submitted="auto-replied"),
        story.letter(scene.tickets[0], QUESTION),
        story.letter("Новости", "Читайте", List_Id="<news.customer.test>"),
    )
    return scene


def a_note(series: Series) -> Scene:
    """An engineer's note and nothing else, seen while it is held."""
    series.story.engineer.note(series.known, fresh("Подойдёт"))
    series.story.later(minutes=1)
    return Scene(series.known)


def a_note_that_is_due(series: Series) -> Scene:
    """An engineer's note that was seen while it was held, and whose hold is over."""
    scene = a_note(series)
    series.story.run()
    series.story.at(series.story.now + HOLD)
    return scene


SCENES: tuple[Callable[[Series], Scene], ...] = (a_question, an_answer, machines)


@dataclass
class FuseAt(Fuse):
    """Kills before the first call of a name, or right after it."""

    name: str = ""
    after: bool = False

    def call(self, name: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One call."""
        if name == self.name and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = function(*given, **named)
        if name == self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return found


@dataclass
class Series:
    """One mailbox, one Redmine and one store for all kills of this worker; a ticket that was opened and acknowledged before the first one."""

    story: MailStory
    folder: Path

    @cached_property
    def acknowledged(self) -> EmailMessage:
        """The mail that answers what the known ticket came of."""
        number = self.story.asked("Школа", QUESTION)
        self.story.run_until_quiet()
        return next(mail for mail in self.story.inbox() if mail["X-Presale-Bridge"] == str(number))

    @property
    def known(self) -> int:
        """The ticket that was opened and acknowledged before; another one after the store was lost, with the Message-IDs of the customer's mails."""
        return int(self.acknowledged["X-Presale-Bridge"])

    @cached_property
    def points(self) -> list[tuple[int, int]]:
        """Scene and point, for every point from the first look into the mailbox on: the scenes are played once without a kill."""
        return [
            (number, point)
            for number, calls in enumerate(self.calls)
            for point in range(2 * calls.index("waiting"), 2 * len(calls))
        ]

    @cached_property
    def calls(self) -> list[list[str]]:
        """The names of each scene's calls."""
        return [self._rehearsed(number, make) for number, make in enumerate(SCENES)]

    def set(self, make: Callable[[Series], Scene]) -> Scene:
        """Set a scene when the copies of what was sent have come and are taken in: a pass then has the same to do in the rehearsal and in each kill."""
        assert self.acknowledged
        self.story.inbox()
        self.story.later(minutes=1)
        self.story.run()
        return make(self)

    def _rehearsed(self, number: int, make: Callable[[Series], Scene]) -> list[str]:
        scene, fuse = self.set(make), Fuse(self.folder / f"calls-{number}")
        assert self.pass_in_a_child(fuse) == 0
        assert len(self.story.run_until_quiet()) == 1, "a pass leaves nothing to the next"
        check(self.story, scene)
        return fuse.notes.read_text(encoding="utf-8").split()

    def pass_in_a_child(self, fuse: Fuse) -> int:
        """One pass in a process of its own; how it ended."""
        self.story.wrap_port = fuse.around
        try:
            return pass_in_a_child(self.story, fuse)
        finally:
            self.story.wrap_port = as_it_is

    def kill_and_recover(self, place: tuple[int, int], *, lose: bool = False) -> None:
        """Play a scene with a kill, go on until nothing is to be done, and look."""
        number, point = place
        name = f"{('before', 'after')[point % 2]} {self.calls[number][point // 2]}, call {point // 2} of {SCENES[number].__name__}"
        scene = self.set(SCENES[number])
        ended = self.pass_in_a_child(Fuse(self.folder / "calls", point))
        assert ended == -signal.SIGKILL, f"never came to {name}"
        self.recover(lose=lose)
        check(self.story, scene, threaded=not lose, why=f"killed {name}")

    def recover(self, *, lose: bool = False) -> None:
        """Go on when the dead pass keeps others out no more, and once again."""
        if lose:
            self.story.lose_the_store()
            del self.acknowledged
        for minutes in (16, 6):
            self.story.later(minutes=minutes)
            self.story.run()


def check(story: MailStory, scene: Scene, *, threaded: bool = True, why: str = "") -> None:
    """Every mail stands in Redmine once and is marked, every public note is in the customer's mailbox once and in its thread, staff are told once."""
    subjects = story.subjects()
    for subject in scene.tickets:
        assert [*subjects.values()].count(subject) == 1, why
    for words in scene.notes:
        assert story.words_of_customers(scene.known).count(words) == 1, why
    numbers = [scene.known, *(number for number, subject in subjects.items() if subject in scene.tickets)]
    for number in numbers:
        assert sorted(story.got(number)) == sorted(story.to_be_mailed(number)), why
        own = [footer.last_line(note) for note in story.notes(number, private=True)]
        assert len(own) == len(set(own)), why
    assert story.unmarked() == [], why
    if threaded:
        answers = [
            mail for mail in story.inbox() if mail["X-Presale-Bridge"] and int(mail["X-Presale-Bridge"]) in numbers
        ]
        assert all("@customer.test" in ids(mail["In-Reply-To"])[0] for mail in answers), why


@pytest.fixture(scope="module")
def series(
    redmine: RedmineServer, mail_server: MailServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Series]:
    """The surroundings of all kills."""
    clear(redmine.database)
    mails, folder = MailStage(mail_server), tmp_path_factory.mktemp("series")
    rules = mail_policy(policy, mails, limits=MailLimits(attachment=2000, per_address=10_000, per_hour=10_000))
    story = MailStory(redmine, folder, rules, mails=mails)
    story.at(story.now)
    yield Series(story, folder)
    story.close()
    redmine.set_time(None)


@pytest.mark.parametrize(
    ("make", "name", "after", "lose"),
    [
        pytest.param(a_question, "open", True, False, id="after the ticket was opened"),
        pytest.param(
            a_note, "posted", False, False, id="between a look at a held note and the outbox", marks=pytest.mark.soak
        ),
        pytest.param(a_note_that_is_due, "posted", False, False, id="between a look at a due note and the outbox"),
        pytest.param(an_answer, "send", True, False, id="after a mail was sent"),
        pytest.param(an_answer, "send", True, True, id="after a mail was sent, and the store is lost"),
        pytest.param(a_question, "claim_sending", True, True, id="before a mail was sent, and the store is lost"),
    ],
)
def test_w3_a_kill_at_the_worst_moment(
    series: Series, make: Callable[[Series], Scene], name: str, after: bool, lose: bool
) -> None:
    """Where the next pass has least to go by."""
    scene = series.set(make)
    assert series.pass_in_a_child(FuseAt(series.folder / "calls", name=name, after=after)) == -signal.SIGKILL
    series.recover(lose=lose)
    check(series.story, scene, threaded=not lose)


@pytest.mark.parametrize("share", range(IN_A_RUN))
def test_w3_trap_12_a_kill_at_any_point_loses_nothing_and_doubles_nothing(series: Series, share: int) -> None:
    """Killed between any two calls to mailbox, postman, Redmine and store, the bridge goes on with what was left."""
    series.kill_and_recover(spread(series.points, share, IN_A_RUN))


@pytest.mark.soak
@pytest.mark.parametrize("share", range(IN_A_SOAK))
def test_w3_trap_12_two_hundred_kills(series: Series, share: int) -> None:
    """Points that lie ten times as close."""
    series.kill_and_recover(spread(series.points, share, IN_A_SOAK))
