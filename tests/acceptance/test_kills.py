"""SIGKILL at every point of a pass: in the end every note stands exactly once, and nothing is forgotten (W3, trap 5)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bridge.core.policy import Policy
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from tests.acceptance.proxy import Exchange, Proxy
from tests.acceptance.stage import BOUGHT, INSTALL, QUESTION, SYSTEM, UPDATES, Said, Stage, moscow, once

pytestmark = [pytest.mark.redmine, pytest.mark.usefixtures("no_mails")]

IN_A_RUN, IN_A_SOAK = 20, 200


@dataclass
class Fuse:
    """Writes down every call to Redmine and to the store, and kills the process before (`2n`) or after (`2n + 1`) the n-th."""

    notes: Path
    point: int = -1
    calls: int = 0

    def around(self, inner: Any) -> Any:
        """The same object, burning the fuse."""
        return _Fused(inner, self)

    def call(self, name: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """One call."""
        number = self.calls
        self.calls += 1
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        self._burn(2 * number)
        found = function(*given, **named)
        self._burn(2 * number + 1)
        return found

    def _burn(self, point: int) -> None:
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class _Fused:
    inner: Any
    fuse: Fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found):
            return found
        return lambda *given, **named: self.fuse.call(name, found, *given, **named)


def pass_in_a_child(stage: Stage, fuse: Fuse, whoami: Callable[[int], object] = lambda _: None) -> int:
    """One pass in a process of its own; how it ended (`-SIGKILL` when it was killed). `whoami` is told its id before it begins."""
    stage.close()
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        try:
            os.read(ready, 1)
            app = stage.new_app()
            app.wrap, app.wrap_store = fuse.around, fuse.around
            os._exit(int(app.run_pass().exit))
        finally:
            os._exit(99)
    whoami(child)
    os.write(go, b"!")
    os.close(ready)
    os.close(go)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@dataclass
class Scene:
    """Tickets for a pass with much to do, and what is to be seen of them in the end."""

    stage: Stage
    tickets: list[int] = field(default_factory=list)

    def seen(self) -> list[object]:
        """Each ticket's steps, in order, status, assignee, due date and fields."""
        return [self._seen(number) for number in self.tickets]

    def _seen(self, number: int) -> tuple[list[Said], object]:
        issue = self.stage.issue(number)
        fields = {row["name"]: row.get("value") for row in issue["custom_fields"]}
        said = sorted(once(self.stage.said(number)))
        more = (issue["status"]["name"], (issue.get("assigned_to") or {}).get("name"), issue["due_date"])
        return said, (more, fields[SYSTEM], fields[UPDATES])


def first_look(stage: Stage) -> Scene:
    """A bridge that starts late: acknowledgements, a request, a routing, private notes, and a lead to be told."""
    opened = moscow("2026-11-16 10:00")
    scene = Scene(stage, [stage.ticket(words, at=opened) for words in (BOUGHT, INSTALL, QUESTION)])
    stage.at("2026-11-18 17:01")
    return scene


def answered(stage: Stage) -> Scene:
    """An answer that fills both fields, and one that cannot be understood."""
    scene = Scene(stage, [stage.ticket(INSTALL), stage.ticket(INSTALL)])
    stage.later(minutes=11)
    stage.run()
    stage.later(minutes=20)
    stage.customer.note(scene.tickets[0], "1. Альт Сервер 10.2, x86_64\n2. обновляли вчера через apt-get")
    stage.customer.note(scene.tickets[1], "Всё как обычно, вы же знаете")
    stage.later(minutes=11)
    return scene


def rerouted(stage: Stage) -> Scene:
    """The customer's further words make it another department's: staff are told why, and it is assigned."""
    scene = Scene(stage, [stage.ticket(QUESTION)])
    stage.run()
    stage.later(minutes=20)
    stage.customer.note(scene.tickets[0], " ".join(BOUGHT))
    stage.later(minutes=11)
    return scene


SCENES = (first_look, answered, rerouted)


@dataclass
class Rehearsal:
    """The scenes played without a kill, once a worker: what is to be seen in the end, and how many points a pass has."""

    redmine: RedmineServer
    policy: Policy
    folder: Path

    @cached_property
    def ends(self) -> list[tuple[list[object], list[str]]]:
        """What is seen at the end of each scene, and the names of its pass's calls."""
        return [self._play(number, make) for number, make in enumerate(SCENES)]

    def _play(self, number: int, make: Callable[[Stage], Scene]) -> tuple[list[object], list[str]]:
        clear(self.redmine.database)
        stage = Stage(self.redmine, self.folder, self.policy, stores=1000 + number)
        stage.at(stage.now)
        scene, fuse = make(stage), Fuse(self.folder / f"calls-{number}")
        assert pass_in_a_child(stage, fuse) == 0
        calls = fuse.notes.read_text(encoding="utf-8").split()
        assert len(stage.run_until_quiet()) == 1, "a pass leaves nothing to the next"
        stage.close()
        assert "write" in calls
        return scene.seen(), calls

    @property
    def points(self) -> list[tuple[int, int]]:
        """Scene and point, for every point from the first reading on."""
        return [
            (number, point)
            for number, (_, calls) in enumerate(self.ends)
            for point in range(2 * calls.index("read"), 2 * len(calls))
        ]


@pytest.fixture(scope="module")
def rehearsal(redmine: RedmineServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The scenes without a kill."""
    rehearsal = Rehearsal(redmine, policy, tmp_path_factory.mktemp("rehearsal"))
    assert rehearsal.points
    return rehearsal


def kill_and_recover(stage: Stage, rehearsal: Rehearsal, place: tuple[int, int], *, lose: bool) -> None:
    """Play a scene with a kill, go on until nothing is to be done, and compare."""
    number, point = place
    wanted, calls = rehearsal.ends[number]
    scene = SCENES[number](stage)
    ended = pass_in_a_child(stage, Fuse(stage.folder / "calls", point))
    assert ended == -signal.SIGKILL, f"{calls[point // 2]}, point {point}"
    if lose:
        stage.lose_the_store()
    stage.run_until_quiet()
    assert scene.seen() == wanted, f"killed {('before', 'after')[point % 2]} {calls[point // 2]}, call {point // 2}"


def spread(points: list[tuple[int, int]], share: int, of: int) -> tuple[int, int]:
    """The `share`-th of so many points that lie evenly over all."""
    return points[share * len(points) // of]


@pytest.mark.parametrize("share", range(IN_A_RUN))
def test_w3_trap_5_a_kill_at_any_point_repeats_and_forgets_nothing(
    stage: Stage, rehearsal: Rehearsal, share: int
) -> None:
    """Killed between any two calls of a pass, the bridge goes on with what was left, and every note stands once."""
    kill_and_recover(stage, rehearsal, spread(rehearsal.points, share, IN_A_RUN), lose=False)


@pytest.mark.parametrize("share", range(5))
def test_p4_a_kill_and_an_empty_store_repeat_and_forget_nothing(stage: Stage, rehearsal: Rehearsal, share: int) -> None:
    """The same with the store lost at the kill: what stands in Redmine is known by its footer."""
    points = [
        place for place in rehearsal.points if rehearsal.ends[place[0]][1][place[1] // 2] in {"write", "settle", "read"}
    ]
    kill_and_recover(stage, rehearsal, spread(points, share, 5), lose=True)


@pytest.mark.soak
@pytest.mark.parametrize("lose", [False, True], ids=["store kept", "store lost"])
@pytest.mark.parametrize("share", range(IN_A_SOAK))
def test_w3_trap_5_two_hundred_kills(stage: Stage, rehearsal: Rehearsal, share: int, lose: bool) -> None:
    """Every point of both scenes, with the store and without."""
    kill_and_recover(stage, rehearsal, spread(rehearsal.points, share, IN_A_SOAK), lose=lose)


@pytest.mark.parametrize(
    ("nth", "done"),
    [
        (0, True),
        (1, False),
        (2, True),
        *(pytest.param(nth, done, marks=pytest.mark.soak) for nth in range(3, 8) for done in (False, True)),
    ],
)
def test_w3_trap_5_a_kill_while_a_write_is_on_its_way(stage: Stage, rehearsal: Rehearsal, nth: int, done: bool) -> None:
    """Killed while Redmine works on the n-th request that writes, watchers and notes alike: done or not, it is there once."""
    scene, victim = first_look(stage), list[int]()

    def kill(exchange: Exchange) -> None:
        if done:
            exchange.forward()
        os.kill(victim[0], signal.SIGKILL)
        exchange.drop()

    with Proxy(stage.server.url).running() as proxy:
        proxy.do(kill, when=lambda request: request.writes, skip=nth)
        stage.url = proxy.url
        assert pass_in_a_child(stage, Fuse(stage.folder / "calls"), victim.append) == -signal.SIGKILL
    stage.url = ""
    stage.run_until_quiet()
    assert scene.seen() == rehearsal.ends[0][0]
