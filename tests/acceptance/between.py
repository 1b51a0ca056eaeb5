"""Many small stories of people who act in between, played together: one Redmine, one bridge, one day, a ticket or two each.

A story is a generator. It opens its ticket and yields: `ACT` where the person is about to act, `PASS` to go on after the bridge's next
pass, `MORNING` to go on after the first pass of the next working day, which reads every open ticket anew (T13). When the act comes is the
timing's business: some time after a pass, or after the bridge has read the ticket and right before it writes to it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Final, cast

from bridge.core.assess import Assessment
from bridge.core.model import Step
from bridge.core.terms import Clock
from bridge.demo.actors import Actor
from bridge.ports import Tracker
from tests.acceptance.stage import CUSTOMER, LEAD, PROJECT, Stage, moscow, own_notes


class Timing(StrEnum):
    """When the person acts."""

    BETWEEN_PASSES = "between two passes"
    IN_BETWEEN = "between reading and writing"


class Wait(Enum):
    """What a story waits for."""

    ACT = "the moment to act"
    PASS = "the next pass"
    MORNING = "the first pass of the next working day"


ACT, PASS, MORNING = Wait
Script = Iterator[Wait]
Story = Callable[["Case"], Script]

FIRST: Final = moscow("2026-11-16 10:00")
PASSES: Final = tuple(moscow(f"2026-11-16 {at}") for at in ("10:11", "10:41", "11:11", "11:41", "12:11", "12:41"))
NEXT_DAY: Final = (moscow("2026-11-17 09:05"), moscow("2026-11-17 09:20"), moscow("2026-11-17 09:35"))


@dataclass
class Case:
    """One story at one timing: its people, its ticket, and what it can ask."""

    stage: Stage
    timing: Timing
    number: int = 0
    waits: Wait | None = None
    error: BaseException | None = None
    script: Script = field(default_factory=lambda: iter(()))
    noisy: bool = False
    actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def in_between(self) -> bool:
        """Whether people act between reading and writing."""
        return self.timing is Timing.IN_BETWEEN

    def open(self, words: tuple[str, str], *, by: str = "", **more: Any) -> int:
        """The story's ticket, by its customer unless said otherwise."""
        who = self.stage.actor(by) if by else self.stage.customer
        self.number = who.open_issue(PROJECT, *words, **more)
        return self.number

    def by(self, login: str, text: str = "", *, private: bool = False, **attributes: Any) -> int:
        """Somebody writes a note, changes something, or both, in one request; the journal."""
        who, names = self._actor(login), self.stage.server.names
        said = {"notes": text, "private_notes": private} if text else {}
        asked = who._asked(current=names.id("project", PROJECT), **attributes)
        who.request("PUT", f"/issues/{self.number}.json", {"issue": asked | said})
        last = "SELECT MAX(id) FROM journals WHERE journalized_id = :id"
        return int(self.stage.server.database.rows(last, {"id": self.number})[0][0])

    def _actor(self, login: str) -> Actor:
        if login not in self.actors:
            self.actors[login] = self.stage.actor(login)
        return self.actors[login]

    def customer(self, text: str = "", **more: Any) -> int:
        """The customer writes or changes something."""
        return self.by(CUSTOMER, text, **more)

    def engineer(self, text: str = "", **more: Any) -> int:
        """An engineer of the first line writes or changes something."""
        return self.by("ivanov", text, **more)

    @property
    def lead(self) -> Actor:
        """The lead, who may also edit notes and delete tickets."""
        return self._actor(LEAD)

    @property
    def admin(self) -> Actor:
        """Somebody who may everything."""
        return self._actor("admin")

    # --- what can be seen ---------------------------------------------------------------------------------------------

    def notes(self, *, private: bool = False) -> list[str]:
        """The notes of the bridge's account, in order: the public ones, or the private ones."""
        return self.stage.notes(self.number, private=private)

    def said(self, *, private: bool = False) -> list[Step]:
        """What the bridge's notes show, in order: the public ones, or the private ones."""
        return [said.step for said in self.stage.said(self.number) if said.private is private]

    def last_own_note(self) -> int:
        """The journal of the last note of the bridge's account."""
        return own_notes(self.stage.server, self.number)[-1].journal

    def value(self, name: str) -> str:
        """An attribute as it is shown, or a field."""
        return self.stage.value(self.number, name)

    def assess(self) -> Assessment:
        """What the bridge makes of the ticket now."""
        found = self.stage.app.engine().assess(self.number, self.stage.now)
        assert found is not None, "out of scope"
        return found

    def clock(self) -> Clock:
        """Where its clock stands."""
        return self.assess().standing.clock

    def reports(self) -> list[str]:
        """What was reported of this ticket for people to read."""
        return [line for line in self.stage.reports if line.startswith(f"ticket {self.number}:")]

    # --- playing ------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Play to the next `yield`; what goes wrong is kept for the story's own test."""
        try:
            self.waits = next(self.script)
        except StopIteration:
            self.waits = None
        except BaseException as error:  # noqa: BLE001 - also what pytest raises; told by the story's own test
            self.waits, self.error = None, error

    def tell(self) -> None:
        """What became of it.

        Raises:
            AssertionError: it did not end, said something twice, or went on when all was done.
        """
        if self.error:
            raise self.error
        assert self.waits is None, f"still waits for {self.waits.value}: has the bridge not written?"
        assert not self.noisy, "the bridge wrote once more when there was nothing left to do"


@dataclass
class Acting:
    """A tracker that lets each armed case act right before the next write to its ticket."""

    inner: Tracker
    armed: dict[int, Case] = field(default_factory=dict)
    tick: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def write(self, ticket_id: int, *given: Any) -> Any:
        """Write, after whatever happens right before."""
        case = self.armed.pop(ticket_id, None)
        if case:
            case.step()
            self.tick()  # Redmine tells whole seconds: the bridge's note is of a later one
        return self.inner.write(ticket_id, *given)


@dataclass
class Play:
    """All cases of one day."""

    stage: Stage
    cases: dict[tuple[str, Timing], Case] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    since: float = 0.0

    def add(self, story: Story, timing: Timing) -> None:
        """One more story."""
        case = Case(self.stage, timing, actors=self.actors)
        case.script = story(case)
        self.cases[story.__name__, timing] = case

    def play(self) -> None:
        """Play all of them to their ends."""
        self.stage.wrap = Acting
        self.stage.at(FIRST)
        for case in self.cases.values():
            case.step()
        for moment in PASSES:
            self._pass(moment, {PASS, ACT})
        self._pass(NEXT_DAY[0], {PASS, ACT, MORNING})
        for moment in NEXT_DAY[1:]:
            self._pass(moment, {PASS, ACT})
        self._last()

    def _pass(self, moment: datetime, awaited: set[Wait]) -> None:
        waiting = [(case, case.waits) for case in self.cases.values() if case.waits in awaited]
        armed = {case.number: case for case, waits in waiting if waits is ACT and case.in_between}
        self._at(moment)
        tracker = cast("Acting", self.stage.app.tracker)
        tracker.armed, tracker.tick = armed, self._tick
        self.stage.run()
        self._at(moment + timedelta(minutes=15))
        for case, waits in waiting:
            if not (waits is ACT and case.in_between):
                case.step()

    def _at(self, moment: datetime) -> None:
        self.stage.at(moment)
        self.since = time.monotonic()

    def _tick(self) -> None:
        """Redmine's clock, which goes on by itself, two seconds ahead."""
        gone = time.monotonic() - self.since
        self._at(self.stage.now + timedelta(seconds=gone + 2))

    def _last(self) -> None:
        """When all is done the bridge has nothing more to say, and has said nothing twice."""
        self._at(self.stage.now + timedelta(minutes=11))
        late = {look.ticket_id for look in self.stage.run().written}
        for case in self.cases.values():
            case.noisy = case.number in late
            again = [one for one, count in Counter(self.stage.said(case.number)).items() if count > 1]
            if again and case.error is None:
                case.error = AssertionError(f"said more than once: {again}")
