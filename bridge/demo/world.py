"""The world of the demo: tickets with their histories, and what their author expects the bridge to make of each (`world.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from bridge.core.model import Step
from bridge.core.terms import Clock
from bridge.demo.moments import Moments

KINDS: Final = (
    *("product-info", "compatibility", "os-install", "third-party-install", "software-selection", "vm-workstation"),
    *("feature-question", "solution-advice", "hardware-test", "demo-stand", "bug-report", "partner-advice"),
    *("licensed-support", "project-work", "triage"),
)
"""Each kind of request (policy, "What is included", "What is not included")."""

STATES: Final = (
    *("just arrived", "received while the bridge was off", "term running", "nearly due", "late"),
    *("paused after the bridge asked", "half answered", "fully answered", "answer not understood"),
    *("customer has answered an engineer", "answered by staff", "answered late", "follow-up question", "thanks only"),
    *("closed", "closed without a word", "customer wrote on the closed ticket", "thanks on the closed ticket"),
    *("handed over", "handed over and told", "approval to be asked", "approval asked", "approval given"),
    *("approval refused", "approval by somebody who may not", "out of scope", "near miss", "due date set by staff"),
    *("opened by staff", "older than not_before"),
)
"""Each state that the world shows."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Act(_Told):
    """Something that somebody did: `by` a login, or the bridge, which at that moment did these `steps`.

    `set` are attributes as `Actor.note` takes them; a due date there is a moment of the world.
    """

    at: str
    by: str = ""
    note: str = ""
    private: bool = False
    set: dict[str, str] = {}
    attach: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


class Expected(_Told):
    """What is expected of the pass.

    Attributes:
        steps: what the pass does whatever the hour.
        reminders: what it does besides in working time; outside of it, this waits for the next opening.
        clock: where the clock stands after the pass.
        due: when the answer is due after the pass; empty: not told.
        status: Redmine's status after the pass.
    """

    clock: Clock
    status: str
    steps: tuple[Step, ...] = ()
    reminders: tuple[Step, ...] = ()
    due: str = ""


class Story(_Told):
    """One ticket: what it is about, its history, and what is expected.

    `shown` is why the demo shows its notes as they read in Redmine; empty for most.
    """

    name: str
    kind: str
    state: str
    by: str
    project: str = ""
    received: str
    subject: str
    description: str
    fields: dict[str, str] = {}
    attach: tuple[str, ...] = ()
    history: tuple[Act, ...] = ()
    expect: Expected
    shown: str = ""

    @property
    def home(self) -> str:
        """The customer's project."""
        return self.project or self.by.rpartition("-")[0]


@dataclass(frozen=True)
class Placed:
    """A story at its moments."""

    story: Story
    received: datetime
    acts: tuple[tuple[datetime, Act], ...]
    due: datetime | None

    @property
    def last(self) -> datetime:
        """When something happened last."""
        return self.acts[-1][0] if self.acts else self.received


@dataclass(frozen=True)
class World:
    """All stories at their moments, in order of receipt."""

    moments: Moments
    stories: tuple[Story, ...]

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The stories at their moments, in order of receipt."""
        return tuple(sorted((self._place(story) for story in self.stories), key=lambda one: one.received))

    @property
    def not_before(self) -> datetime:
        """The day the bridge was switched on, in this world."""
        return self.moments.on(-20, timedelta())

    def _place(self, story: Story) -> Placed:
        received = before = self.moments.read(story.received)
        acts: list[tuple[datetime, Act]] = []
        for act in story.history:
            before = self.moments.read(act.at, before)
            acts.append((before, act))
        due = self.moments.due(story.expect.due, received) if story.expect.due else None
        return Placed(story, received, tuple(acts), due)


@cache
def read_stories() -> tuple[Story, ...]:
    """The stories that are shipped."""
    text = files("bridge.demo").joinpath("world.yaml").read_text(encoding="utf-8")
    told: list[dict[str, Any]] = yaml.safe_load(text)["tickets"]
    return tuple(Story.model_validate(one) for one in told)


def world_at(moments: Moments) -> World:
    """The shipped world at a moment."""
    return World(moments, read_stories())
