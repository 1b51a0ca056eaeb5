"""One story's surroundings: a real Redmine whose clock is set, people who act in it, and the bridge as the command line builds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple
from zoneinfo import ZoneInfo

from bridge.adapters.redmine.connection import Connection
from bridge.adapters.redmine.engine import Patience
from bridge.app import App
from bridge.core import footer
from bridge.core.model import Journal, Person, Role, Step
from bridge.core.policy import Limits, Policy
from bridge.demo.actors import Actor, new_customer
from bridge.demo.database import is_true
from bridge.demo.server import RedmineServer
from bridge.demo.sink import Mail
from bridge.engine import Engine
from bridge.jobs import Summary
from bridge.policy.load import load
from bridge.ports import Store, Tracker
from bridge.settings import Settings

RULES = Path(__file__).parents[2] / "rules.yaml"
PROJECT = "customer-01"
CUSTOMER = "customer-01-1"
OTHER_PROJECT = "customer-02"
LEAD = "orlova"
LEADS_NAME = "Ольга Орлова"
SYSTEM = "Сведения о системе"
UPDATES = "Информация об обновлении"
INSTALL = ("Не ставится Альт Рабочая станция", "Установщик останавливается на разметке диска. Как установить?")
QUESTION = ("Чем отличается Альт Сервер от Альт Рабочей станции?", "Подскажите, пожалуйста.")
BOUGHT = ("Купили лицензии, нужна поддержка", "Мы купили лицензии, обновление не работает. Нужна техподдержка.")
"""Needs the two fields; needs nothing; is proposed to staff as out of scope."""


VALUES: Final = {
    "status": "SELECT s.name FROM issues i JOIN issue_statuses s ON s.id = i.status_id WHERE i.id = :id",
    "priority": "SELECT e.name FROM issues i JOIN enumerations e ON e.id = i.priority_id WHERE i.id = :id",
    "category": "SELECT c.name FROM issues i LEFT JOIN issue_categories c ON c.id = i.category_id WHERE i.id = :id",
    "due_date": "SELECT due_date FROM issues WHERE id = :id",
    "assigned_to": (
        "SELECT CASE u.type WHEN 'User' THEN u.firstname || ' ' || u.lastname ELSE u.lastname END "
        "FROM issues i LEFT JOIN users u ON u.id = i.assigned_to_id WHERE i.id = :id"
    ),
}
FIELD: Final = "SELECT value FROM custom_values WHERE customized_type = 'Issue' AND customized_id = :id AND custom_field_id = :field"
OWN_NOTES: Final = (
    "SELECT id, notes, private_notes FROM journals "
    "WHERE journalized_id = :id AND user_id = :user AND notes <> '' ORDER BY id"
)
"""What stands in a ticket, past REST: it is looked at often."""


class Said(NamedTuple):
    """One step that a note of the bridge shows."""

    step: Step
    ordinal: int
    private: bool


class OwnNote(NamedTuple):
    """A note of the bridge's account."""

    journal: int
    text: str
    private: bool

    def steps(self, number: int) -> list[tuple[Step, int]]:
        """The steps with their ordinals that its footer shows, in this ticket."""
        bridge = Person("", "", Role.BRIDGE)
        journal = Journal(0, datetime(2026, 11, 16, tzinfo=UTC), bridge, self.text.replace("\r\n", "\n"))
        return [(own.step, own.ordinal) for own in footer.parse(number, journal)]


def own_notes(server: RedmineServer, number: int) -> list[OwnNote]:
    """The notes of the bridge's account in a ticket, in order; past REST, since they are looked at often."""
    rows = server.database.rows(OWN_NOTES, {"id": number, "user": server.users["presale-bridge"].id})
    return [OwnNote(int(key), text, is_true(private)) for key, text, private in rows]


@dataclass
class StageApp(App):
    """The composition root with a clock that is set, and rules for the demo's names."""

    moment: datetime = datetime(2026, 11, 16, 9, tzinfo=UTC)
    rules_of_stage: Policy | None = None
    patience: Patience = field(default_factory=Patience)
    wrap: Callable[[Tracker], Tracker] = lambda tracker: tracker
    wrap_store: Callable[[Store], Store] = lambda store: store
    reports: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """The moment that the story has reached."""
        return self.moment

    @property
    def policy(self) -> Policy:
        """The stage's rules."""
        assert self.rules_of_stage is not None
        return self.rules_of_stage

    @cached_property
    def connection(self) -> Connection:
        """As the settings say, with a patience of its own."""
        return replace(super().connection, patience=self.patience)

    @cached_property
    def tracker(self) -> Tracker:
        """The cabinet, with what the story puts in between."""
        return self.wrap(super().tracker)

    @cached_property
    def store(self) -> Store:
        """The store, with what the story puts in between."""
        return self.wrap_store(super().store)

    def engine(self, run: str = "") -> Engine:
        """An engine that reports to the story."""
        return replace(super().engine(run), report=self.reports.append)


def demo_policy() -> Policy:
    """The shipped rules with the demo's lead and closing statuses, for one project of the demo."""
    policy = load(RULES).policy
    statuses = replace(policy.redmine.statuses, closed=frozenset({"Закрыта", "Отказ"}))
    redmine = replace(policy.redmine, statuses=statuses)
    return limited(replace(policy, lead=LEADS_NAME, redmine=redmine), PROJECT)


def limited(policy: Policy, *projects: str, **limits: Any) -> Policy:
    """The rules for those projects only, with other limits where given."""
    scope = replace(policy.redmine.scope, projects=frozenset(projects), below="")
    brakes: Limits = replace(policy.limits, **limits)
    return replace(policy, redmine=replace(policy.redmine, scope=scope), limits=brakes)


def moscow(text: str) -> datetime:
    """A moment of office time: «2026-11-16 10:00»."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).astimezone(UTC)


@dataclass
class Stage:
    """Where a story plays. `wrap` puts something between the engine and Redmine in every app that is made from then on."""

    kind: ClassVar[type[StageApp]] = StageApp

    server: RedmineServer
    folder: Path
    policy: Policy
    now: datetime = field(default_factory=lambda: moscow("2026-11-16 10:00"))
    url: str = ""
    patience: Patience = field(default_factory=Patience)
    wrap: Callable[[Tracker], Tracker] = lambda tracker: tracker
    reports: list[str] = field(default_factory=list)
    stores: int = 0

    # --- time -----------------------------------------------------------------------------------------------------------

    def at(self, moment: datetime | str) -> None:
        """Go to a moment, Redmine and the bridge alike; text is office time."""
        self.now = moscow(moment) if isinstance(moment, str) else moment
        self.server.set_time(self.now)
        if "app" in self.__dict__:
            self.app.moment = self.now

    def later(self, **span: int) -> None:
        """Go on by a span of wall time."""
        self.at(self.now + timedelta(**span))

    # --- the bridge -----------------------------------------------------------------------------------------------------

    @cached_property
    def app(self) -> StageApp:
        """The bridge; `restart` makes a new one."""
        return self.new_app()

    @property
    def settings(self) -> Settings:
        """What the operator has set."""
        key = self.server.bridge_key_file.read_text(encoding="utf-8").strip()
        return Settings(self.url or self.server.url, key, f"sqlite:///{self.folder}/state-{self.stores}.db")

    def new_app(self) -> StageApp:
        """A bridge as a new process has it, over the present store."""
        more = {"patience": self.patience, "wrap": self.wrap, "reports": self.reports}
        return self.kind(self.settings, str(RULES), Path, moment=self.now, rules_of_stage=self.policy, **more)

    def restart(self) -> None:
        """A new process over the same store, with the policy and wrapping of now."""
        self.close()

    def lose_the_store(self) -> None:
        """A new process with an empty store (P4)."""
        self.close()
        self.stores += 1

    def close(self) -> None:
        """Let go of the store."""
        if "app" in self.__dict__:
            self.app.store.close()
            del self.__dict__["app"]

    def run(self) -> Summary:
        """One pass as the command does it; what it reports for people goes to `reports`."""
        return self.app.run_pass()

    def run_until_quiet(self, *, minutes: int = 16, at_most: int = 8) -> list[Summary]:
        """Passes, each some minutes after the last, until one writes nothing and leaves nothing open."""
        done: list[Summary] = []
        for _ in range(at_most):
            self.later(minutes=minutes)
            done.append(self.run())
            if is_quiet(done[-1]):
                return done
        raise AssertionError(f"never quiet: {[str(one) for one in done]}")

    # --- people ---------------------------------------------------------------------------------------------------------

    def actor(self, login: str) -> Actor:
        """Somebody."""
        return Actor(self.server, login)

    @cached_property
    def customer(self) -> Actor:
        """The customer."""
        return self.actor(CUSTOMER)

    @cached_property
    def engineer(self) -> Actor:
        """An engineer of the first line."""
        return self.actor("ivanov")

    @cached_property
    def lead(self) -> Actor:
        """The lead, who may also edit notes and delete tickets."""
        return self.actor(LEAD)

    def ticket(self, words: tuple[str, str] = QUESTION, **more: Any) -> int:
        """A ticket of the customer."""
        return self.customer.open_issue(PROJECT, *words, **more)

    # --- what can be seen -----------------------------------------------------------------------------------------------

    def issue(self, number: int) -> dict[str, Any]:
        """A ticket as the administrator sees it."""
        return self.actor("admin").issue(number)

    def value(self, number: int, name: str) -> str:
        """An attribute of a ticket as it is shown ("status", "assigned_to", "due_date"…), or a field by its name."""
        sql = VALUES.get(name, FIELD)
        values = {"id": number} | ({} if name in VALUES else {"field": self.server.names.id("field", name)})
        return next((row[0] for row in self.server.database.rows(sql, values)), "")

    def status(self, number: int) -> str:
        """A ticket's status."""
        return self.value(number, "status")

    def notes(self, number: int, *, private: bool | None = None) -> list[str]:
        """The notes of the bridge's account, in order; only private or only public ones where that is asked."""
        return [note.text for note in own_notes(self.server, number) if private is None or note.private is private]

    def said(self, number: int) -> list[Said]:
        """Every step that the bridge's notes show, in order: the record of what was written how often."""
        return [Said(*step, note.private) for note in own_notes(self.server, number) for step in note.steps(number)]

    def mails(self, number: int) -> list[Mail]:
        """Redmine's mails about a ticket, in order."""
        return self.server.mails.of(number)

    @contextmanager
    def mailed(self, number: int) -> Iterator[list[tuple[str, ...]]]:
        """Who is mailed about a ticket inside: the logins or addresses, one entry a mail, filled at the end."""
        before, found = len(self.mails(number)), list[tuple[str, ...]]()
        yield found
        logins = {user.mail: user.login for user in self.server.users.values()}
        found.extend(tuple(logins.get(to, to) for to in mail.recipients) for mail in self.mails(number)[before:])

    # --- Redmine's settings ---------------------------------------------------------------------------------------------

    @contextmanager
    def without_right(self, *rights: str) -> Iterator[None]:
        """The bridge's role without some rights, inside."""
        database = self.server.database
        before = database.rows("SELECT permissions FROM roles WHERE name = 'Мост'")[0][0]
        kept = "\n".join(line for line in before.splitlines() if line.removeprefix("- :") not in rights) + "\n"
        assert kept != before
        self.set_rights(kept)
        try:
            yield
        finally:
            self.set_rights(before)

    def set_rights(self, permissions: str) -> None:
        """Give the bridge's role rights, as Redmine keeps them."""
        sql = "UPDATE roles SET permissions = :rights WHERE name = 'Мост'"
        self.server.database.script([(sql, {"rights": permissions})])

    @contextmanager
    def without_transition(self, status: str) -> Iterator[None]:
        """The workflow without the bridge's way to a status, inside: Redmine answers 204 and does nothing."""
        values = {"status": self.server.names.id("status", status), "role": self.server.names.id("role", "Мост")}
        where = "WHERE role_id = :role AND new_status_id = :status"
        self.server.database.script([(f"UPDATE workflows SET type = 'Off' {where}", values)])
        try:
            yield
        finally:
            self.server.database.script([(f"UPDATE workflows SET type = 'WorkflowTransition' {where}", values)])

    def new_customer(self, code: str) -> Actor:
        """A customer with a project of the same name."""
        return new_customer(self.server, code).actor


def is_quiet(summary: Summary) -> bool:
    """Whether a pass found nothing to do and left nothing open."""
    told = summary.as_json()
    return not (summary.exit or summary.written or told["unknown"] or summary.failed)


def once(said: Iterable[Said]) -> list[Said]:
    """The steps, each checked to be there once only."""
    found = list(said)
    assert len(found) == len(set(found)), f"said more than once: {found}"
    return found


@dataclass
class Between:
    """A tracker that lets something happen right before a call to the one that it wraps; each happening once.

    `before` maps a method's name to what happens before its next call, with the call's arguments; `calls` are the names of all calls.
    """

    inner: Tracker
    before: dict[str, Callable[..., object]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            self.before.pop(name, lambda *_: None)(*given)
            return found(*given, **named)

        return call


ALT = "Альт Рабочая станция 10.2, x86_64"
APT = "обновляли вчера через apt-get dist-upgrade"
ASKED = [Said(Step.ACKNOWLEDGE, 1, False), Said(Step.ASK, 1, False)]
TOLD = [Said(Step.ACKNOWLEDGE, 1, False), Said(Step.SET_TERM, 1, False)]


def asked(stage: Stage, words: tuple[str, str] = INSTALL, **more: Any) -> int:
    """A ticket that needs fields and has been asked for them."""
    number = stage.ticket(words, **more)
    stage.later(minutes=11)
    stage.run()
    stage.later(minutes=30)
    return number


def writes(stage: Stage) -> list[int]:
    """The tickets that one more pass writes to."""
    return [look.ticket_id for look in stage.run().written]
