"""Playing the world's histories in the demo's Redmine: people act by REST at their moments, and the bridge by its own rules at its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from bridge.app import clock
from bridge.core.assess import assess
from bridge.core.decide import wants
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Attribute, Write
from bridge.demo.actors import Actor
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.adapters.redmine.tracker import RedmineTracker
    from bridge.core.policy import Policy
    from bridge.demo.moments import Moments
    from bridge.demo.server import RedmineServer
    from bridge.demo.world import Act, Placed, World

BRIDGE: Final = "presale-bridge"
AHEAD: Final = timedelta(seconds=3)
NAMED: Final = {
    "status": ("status_id", "status"),
    "priority": ("priority_id", "priority"),
    "assigned_to": ("assigned_to_id", "principal"),
}
NO_MAIL: Final = "--- []\n"
MAIL: Final = "---\n- issue_added\n- issue_updated\n"
FORGET_EVENTS: Final = "DELETE FROM settings WHERE name = 'notified_events'"
SET_EVENTS: Final = "INSERT INTO settings (name, value, updated_on) VALUES ('notified_events', :value, :at)"


@dataclass
class Player:
    """Plays stories; `tickets` says which ticket became of each."""

    server: RedmineServer
    tracker: RedmineTracker
    policy: Policy
    moments: Moments
    clock: Callable[[], datetime]
    tickets: dict[str, int] = field(default_factory=dict)
    _actors: dict[str, Actor] = field(default_factory=dict)

    def play(self, world: World, told: Callable[[int], None] = lambda _: None) -> None:
        """Play all stories, in order of receipt, without Redmine's mails: they would tell of what is past."""
        with self._silence():
            for count, placed in enumerate(world.placed, 1):
                self.tickets[placed.story.name] = self._story(placed)
                told(count)

    @contextmanager
    def _silence(self) -> Iterator[None]:
        self._set_mail(NO_MAIL)
        try:
            yield
        finally:
            self._set_mail(MAIL)

    def _set_mail(self, events: str) -> None:
        """Redmine reads its settings again when the youngest is younger than its last reading, which may have been in real time, before the show's."""
        at = max(self.clock(), clock()).astimezone(UTC).replace(microsecond=0) + AHEAD
        stamp = at.strftime("%Y-%m-%d %H:%M:%S")
        self.server.database.script([(FORGET_EVENTS, {}), (SET_EVENTS, {"value": events, "at": stamp})])

    def _actor(self, login: str) -> Actor:
        if login not in self._actors:
            self._actors[login] = Actor(self.server, login)
        return self._actors[login]

    def _story(self, placed: Placed) -> int:
        story = placed.story
        number = self._actor(story.by).open_issue(
            story.home,
            story.subject,
            story.description,
            fields=story.fields or None,
            at=placed.received,
            attachments=_files(story.attach),
        )
        for at, act in placed.acts:
            if act.steps:
                self._bridge(number, at, act)
            else:
                self._person(number, at, act)
        return number

    def _person(self, number: int, at: datetime, act: Act) -> None:
        values: dict[str, Any] = dict(act.set)
        if "due_date" in values:
            values["due_date"] = self.moments.calendar.date_of(self.moments.read(values["due_date"]))
        if act.attach:
            self._actor(act.by).note(number, act.note, at=at, attachments=_files(act.attach), **values)
        else:
            self._put(act.by, number, at, self._asked(act.note, values, private=act.private))

    def _put(self, login: str, number: int, at: datetime, asked: dict[str, Any]) -> None:
        """Change a ticket without `Actor.note`'s looks before and after: they double the time, and the verdict looks in the end."""
        self._actor(login).request("PUT", f"/issues/{number}.json", {"issue": asked}, at=at)

    def _asked(self, note: str, values: dict[str, Any], *, private: bool) -> dict[str, Any]:
        unknown = set(values) - {*NAMED, "due_date"}
        if unknown:
            raise PermanentError(f"the demo's world cannot set {', '.join(sorted(unknown))}")
        ids = {key: self.server.names.id(kind, values[name]) for name, (key, kind) in NAMED.items() if name in values}
        plain = {name: str(value) for name, value in values.items() if name not in NAMED}
        return ids | plain | {"notes": note, "private_notes": private}

    def _bridge(self, number: int, at: datetime, act: Act) -> None:
        """What the bridge would have done then, decided and worded by itself.

        Raises:
            PermanentError: it would have done something else than the story says.
        """
        ticket = self.tracker.read(number)
        assert ticket is not None
        a = assess(ticket, EMPTY_HISTORY, self.policy, at)
        decisions = wants(a)
        did = tuple(one.step for one in decisions)
        if did != act.steps:
            raise PermanentError(
                f"ticket {number}: at {at.isoformat()} the bridge would {did}, the story says {act.steps}"
            )
        for write in compose(decisions, a):
            self._write(number, at, write)

    def _write(self, number: int, at: datetime, write: Write) -> None:
        actor = self._actor(BRIDGE)
        for whom in write.watchers:
            actor.watch(number, whom)
        self._put(BRIDGE, number, at, self._written(write))

    def _written(self, write: Write) -> dict[str, Any]:
        called, names = self.policy.redmine.field_names, self.server.names
        fields = [
            {"id": names.id("field", called.get(change.name, change.name)), "value": change.new}
            for change in write.changes
            if change.attribute is Attribute.FIELD
        ]
        values = {one.attribute.value: one.new for one in write.changes if one.attribute is not Attribute.FIELD}
        return self._asked(write.notes, values, private=write.private) | ({"custom_fields": fields} if fields else {})


def _files(names: tuple[str, ...]) -> dict[str, bytes]:
    return dict.fromkeys(names, b"An attachment of the demo.\n")
