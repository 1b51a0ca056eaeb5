"""A cabinet in memory: what of Redmine the tests need, with its habits — attributes that are silently not taken, notes that come out public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from bridge.core.model import Attribute, Change, Journal, Person, Role, State
from bridge.errors import NotFoundError

PRESALE = "ТехП Пресейл"
NOON = datetime(2026, 11, 16, 9, tzinfo=UTC)
BRIDGE = "presale-bridge"
ATTRIBUTES = (
    "subject",
    "description",
    "project",
    "tracker",
    "status",
    "category",
    "priority",
    "assigned_to",
    "due_date",
)
FIELDS = ("Сведения о системе", "Информация об обновлении", "Организация", "Продукт", "Отдел")


@dataclass
class Account:
    """Somebody with an account."""

    login: str
    name: str
    id: int = 0
    mail: str = ""
    groups: tuple[str, ...] = ()
    admin: bool = False


@dataclass
class Project:
    """A project; `members` are roles by login or group, `private_notes` is whether the bridge's role there has the right to write them."""

    identifier: str
    name: str
    parent: str = ""
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    categories: tuple[str, ...] = ("Установка", "Совместимость", "Оборудование")
    private_notes: bool = True


@dataclass
class Stored:
    """A ticket as it is kept: journals with keys of their authors instead of persons."""

    id: int
    author: str
    created_on: datetime
    updated_on: datetime
    created: State
    state: State
    journals: list[tuple[str, Journal]] = field(default_factory=list)
    watchers: list[str] = field(default_factory=list)
    hidden: bool = False


@dataclass
class FakeCabinet:
    """Redmine in memory. `now` is its clock; `not_taken` are values that are answered with 204 and dropped (library trap 14)."""

    now: datetime = NOON
    statuses: dict[str, bool] = field(default_factory=dict)
    priorities: tuple[str, ...] = ("Низкий", "Нормальный", "Высокий")
    trackers: tuple[str, ...] = (PRESALE, "Ошибка")
    fields: tuple[str, ...] = FIELDS
    projects: dict[str, Project] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    tickets: dict[int, Stored] = field(default_factory=dict)
    not_taken: set[tuple[Attribute, str]] = field(default_factory=set)
    numbers: count[int] = field(default_factory=lambda: count(1))
    journal_numbers: count[int] = field(default_factory=lambda: count(1))

    def add_account(self, login: str, name: str, *groups: str, mail: str = "") -> Account:
        """Somebody new."""
        account = self.accounts[login] = Account(login, name, len(self.accounts) + 5, mail, groups)
        return account

    def add_project(self, identifier: str, name: str, parent: str = "", **members: str) -> Project:
        """A project; members by login or group's name, each with one role. Those of the parent are inherited."""
        roles = {who: frozenset({role}) for who, role in members.items()}
        inherited = self.projects[parent].members if parent else {}
        project = self.projects[identifier] = Project(identifier, name, parent, {**inherited, **roles})
        return project

    def actor(self, login: str) -> FakeActor:
        """Somebody who uses the cabinet; has the methods of the demo's `Actor`."""
        return FakeActor(self, self.accounts[login])

    def project_called(self, name: str) -> Project:
        """By name."""
        return next(project for project in self.projects.values() if project.name == name)

    def roles(self, login: str, project: str) -> frozenset[str]:
        """Roles of somebody in a project (by name), those of groups too."""
        members, account = self.project_called(project).members, self.accounts[login]
        return frozenset().union(*(members.get(who, frozenset()) for who in (login, *account.groups)))

    def ticket(self, number: int) -> Stored:
        """A ticket that is there and visible."""
        found = self.tickets.get(number)
        if found is None or found.hidden:
            raise NotFoundError(f"GET /issues/{number}.json: not there, or hidden from the bridge's account (404)")
        return found

    def apply(
        self,
        login: str,
        number: int,
        notes: str,
        *,
        private: bool,
        changes: list[Change],
        at: datetime | None = None,
    ) -> int:
        """What `PUT /issues/ID` does; the id of the last journal made, 0 when nothing was."""
        ticket = self.ticket(number)
        made = tuple(c for c in changes if c.old != c.new and (c.attribute, c.new) not in self.not_taken)
        if private and login == BRIDGE:
            private = self.project_called(ticket.state.project).private_notes
        whole = self._journal(login, at, notes, made)
        split = [replace(whole, notes=""), replace(whole, private=True, changes=())]
        parts = split if private and notes else [whole]
        return max((self._add(ticket, login, part) for part in parts if part.notes or part.changes), default=0)

    def _journal(self, login: str, at: datetime | None, notes: str, changes: tuple[Change, ...]) -> Journal:
        return Journal(0, at or self.now, Person(login, "", Role.CUSTOMER), notes, changes=changes)

    def _add(self, ticket: Stored, login: str, journal: Journal) -> int:
        number = next(self.journal_numbers)
        ticket.journals.append((login, replace(journal, id=number)))
        ticket.state = ticket.state.after(journal)
        ticket.updated_on = journal.at
        return number

    def edit_note(self, journal_id: int, text: str) -> str:
        """Change a note without touching the ticket's update time (T13); a journal with nothing in it goes. Returns its author's login."""
        for ticket in self.tickets.values():
            for at, (login, journal) in enumerate(ticket.journals):
                if journal.id == journal_id:
                    ticket.journals[at] = (login, replace(journal, notes=text))
                    if not text and not journal.changes:
                        del ticket.journals[at]
                    return login
        raise NotFoundError(f"PUT /journals/{journal_id}.json: not there, or hidden from the bridge's account (404)")


@dataclass
class FakeActor:
    """A person who uses the fake cabinet, like `bridge.demo.actors.Actor`."""

    cabinet: FakeCabinet
    account: Account

    def open_issue(
        self,
        project: str,
        subject: str,
        description: str = "",
        *,
        tracker: str = PRESALE,
        at: datetime | None = None,
        attachments: Mapping[str, bytes] | None = None,
        fields: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> int:
        """Open a ticket; its number."""
        number = next(self.cabinet.numbers)
        given = {"status": "Новая", "priority": "Нормальный"} | attributes
        state = State(
            subject=subject,
            description=description,
            project=self.cabinet.projects[project].name,
            tracker=tracker,
            fields=dict.fromkeys(self.cabinet.fields, "") | dict(fields or {}),
            attachments=tuple(attachments or ()),
            **given,  # type: ignore[arg-type]
        )
        now = at or self.cabinet.now
        self.cabinet.tickets[number] = Stored(number, self.account.login, now, now, state, state)
        return number

    def note(
        self,
        number: int,
        text: str = "",
        *,
        private: bool = False,
        at: datetime | None = None,
        attachments: Mapping[str, bytes] | None = None,
        fields: Mapping[str, str] | None = None,
        **attributes: str,
    ) -> int:
        """Add a note, change attributes, or both; the journal's id."""
        state = self.cabinet.ticket(number).state
        changes = [Change(Attribute.ATTACHMENT, "", name, name) for name in attachments or ()]
        if "project" in attributes:
            attributes["project"] = self.cabinet.projects[attributes["project"]].name
        changes += [Change(Attribute(key), state.get(Attribute(key)), new) for key, new in attributes.items()]
        changes += [Change(Attribute.FIELD, state.fields.get(k, ""), v, k) for k, v in (fields or {}).items()]
        return self.cabinet.apply(self.account.login, number, text, private=private, changes=changes, at=at)

    def edit_note(self, journal: int, text: str, *, at: datetime | None = None) -> None:
        """Change the words of a note."""
        self.cabinet.edit_note(journal, text)

    def delete_issue(self, number: int) -> None:
        """Delete a ticket."""
        del self.cabinet.tickets[number]

    def watch(self, number: int, whom: str) -> None:
        """Make somebody a watcher."""
        self.cabinet.ticket(number).watchers.append(whom)


STATUSES = {"Новая": False, "В работе": False, "Решена": False, "Обратная связь": False, "Закрыта": True, "Отказ": True}
MORE_STATUSES = {"Ожидание ответа": False, "Согласование": False, "Согласовано": False, "Не согласовано": False}


def demo_cabinet(now: datetime = NOON) -> FakeCabinet:
    """A cabinet like the demo's: departments as groups, a customers' parent project with one customer in it, an internal project."""
    cabinet = FakeCabinet(now=now, statuses=STATUSES | MORE_STATUSES)
    for login, name, *groups in (
        (BRIDGE, "Пресейл Мост"),
        ("ivanov", "Иван Иванов", "Пресейл"),
        ("petrova", "Полина Петрова", "Пресейл"),
        ("orlova", "Ольга Орлова", "Пресейл"),
        ("volkov", "Виктор Волков", "Отдел продаж"),
        ("kuznetsov", "Кирилл Кузнецов", "Отдел продаж"),
    ):
        cabinet.add_account(login, name, *groups)
    roots = {"Пресейл": "Инженер пресейла", "Отдел продаж": "Менеджер продаж", "orlova": "Руководитель", BRIDGE: "Мост"}
    cabinet.add_project("clients", "Клиенты", **roots)
    cabinet.add_project("internal", "Внутренние заявки", **roots)
    add_customer(cabinet, "customer-01")
    return cabinet


def add_customer(cabinet: FakeCabinet, code: str) -> FakeActor:
    """A customer's project of that identifier and name, and a person of that login in it."""
    cabinet.add_account(code, f"Клиент {code}")
    cabinet.add_project(code, code, parent="clients", **{code: "Клиент"})
    return cabinet.actor(code)
