"""The contract of `bridge.ports.Tracker`, over the fake and over a real Redmine. Each test has a customer's project of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.adapters.redmine import Connection, RedmineTracker, connect
from bridge.core.model import Attribute, Change, Role, State, Write
from bridge.core.policy import Department, Markup, Redmine, Scope, Staff, Statuses, Text
from bridge.demo.actors import Actor, new_customer
from bridge.demo.server import RedmineServer
from bridge.errors import NotFoundError, PermanentError
from bridge.ports import Tracker
from tests.fakes.cabinet import PRESALE, add_customer, demo_cabinet
from tests.fakes.tracker import FakeTracker

TITLE = Text("отдел", "department")
DEPARTMENTS = (
    Department("presale", "Пресейл", TITLE, first_line=True),
    Department("sales", "Отдел продаж", TITLE, roles=frozenset({"Менеджер продаж"})),
)
RULES = Redmine(
    scope=Scope(frozenset({PRESALE})),
    staff=Staff(frozenset({"Инженер пресейла", "Инженер отдела", "Менеджер продаж", "Руководитель"})),
    statuses=Statuses("Ожидание ответа", "В работе", "В работе", frozenset(), frozenset(), frozenset({"Закрыта"})),
    markup=Markup.TEXTILE,
    bridge_users=frozenset({"presale-bridge"}),
)
SYSTEM = "Сведения о системе"


@dataclass
class World:
    """A cabinet with one customer, and trackers over it."""

    customer: Any
    code: str
    actor: Callable[[str], Any]
    make: Callable[[Redmine], Tracker]

    def tracker(self, *, staff: Staff = RULES.staff, **scope: Any) -> Tracker:
        """A tracker that looks after this customer's project only, unless told otherwise."""
        wide = {"trackers": RULES.scope.trackers, "projects": frozenset({self.code})} | scope
        return self.make(replace(RULES, scope=Scope(**wide), staff=staff))

    def ticket(self, **more: Any) -> int:
        """A ticket of the customer."""
        return int(self.customer.open_issue(self.code, "Не ставится", "Помогите", **more))


def fake_world() -> World:
    """In memory."""
    cabinet = demo_cabinet()
    code = f"t{uuid.uuid4().hex[:12]}"
    customer = add_customer(cabinet, code)
    return World(customer, code, cabinet.actor, lambda rules: FakeTracker(cabinet, rules, DEPARTMENTS))


def real_world(server: RedmineServer) -> World:
    """The real Redmine."""
    customer = new_customer(server, f"t{uuid.uuid4().hex[:12]}")
    for name in ("Установка", "Совместимость", "Оборудование"):
        path = f"/projects/{customer.project}/issue_categories.json"
        Actor(server, "admin").request("POST", path, {"issue_category": {"name": name}})
    key = server.bridge_key_file.read_text(encoding="utf-8").strip()
    redmine = connect(Connection(server.url, key))
    return World(
        customer.actor,
        customer.project,
        lambda login: Actor(server, login),
        lambda rules: RedmineTracker(redmine, rules, DEPARTMENTS, lambda: datetime(2026, 11, 16, tzinfo=UTC)),
    )


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.redmine)])
def world(request: pytest.FixtureRequest) -> World:
    """The fake and the real one."""
    return fake_world() if request.param == "fake" else real_world(request.getfixturevalue("no_mails"))


def ids(tracker: Tracker, since: datetime | None) -> list[int]:
    """Numbers of the changed tickets in scope."""
    return [head.id for head in tracker.changed(since).heads]


def change(attribute: Attribute, new: str, name: str = "") -> Change:
    """A change to be written; what was read before does not matter here."""
    return Change(attribute, "", new, name)


# --- what changed -----------------------------------------------------------------------------------------------------


def test_the_first_look_finds_open_tickets_only(world: World) -> None:
    """Without a moment to start from, all open tickets come, closed ones not."""
    first, second = world.ticket(), world.ticket()
    world.actor("ivanov").note(second, status="Закрыта")
    batch = world.tracker().changed(None)
    assert [(head.id, head.closed) for head in batch.heads] == [(first, False)]


def test_a_later_look_finds_what_changed_since(world: World) -> None:
    """From the cursor on, new, changed and closed tickets come, each with its state."""
    quiet = world.ticket(at=datetime(2026, 11, 2, 9, tzinfo=UTC))
    tracker = world.tracker()
    cursor = datetime(2026, 11, 2, 10, tzinfo=UTC)
    noted, closed = world.ticket(), world.ticket()
    world.customer.note(noted, "Ещё вопрос")
    world.actor("ivanov").note(closed, status="Закрыта")
    batch = tracker.changed(cursor)
    assert [(head.id, head.closed) for head in batch.heads] == [(noted, False), (closed, True)]
    assert quiet not in batch.outside


def test_the_cursor_overlaps(world: World) -> None:
    """What changed just before a look is shown again by the next one: nothing is lost on the edge of a second."""
    number = world.ticket()
    tracker = world.tracker()
    batch = tracker.changed(None)
    assert batch.cursor <= batch.heads[0].updated_on
    assert number in ids(tracker, batch.cursor)


def test_other_trackers_are_out_of_scope(world: World) -> None:
    """Tickets of other trackers are neither listed nor read."""
    number = world.ticket(tracker="Ошибка")
    tracker = world.tracker()
    assert ids(tracker, None) == []
    assert tracker.read(number) is None


def test_a_ticket_that_leaves_or_enters_the_tracker_is_noticed(world: World) -> None:
    """After a change of tracker the ticket is listed as outside, and again as inside when it comes back."""
    number = world.ticket()
    tracker = world.tracker()
    cursor = tracker.changed(None).cursor
    world.actor("ivanov").note(number, tracker="Ошибка")
    batch = tracker.changed(cursor)
    assert number in batch.outside
    assert number not in [head.id for head in batch.heads]
    world.actor("ivanov").note(number, tracker=PRESALE)
    assert number in ids(tracker, cursor)


def test_a_ticket_that_leaves_the_projects_is_noticed(world: World) -> None:
    """After a move to another project the ticket is outside, and reading it gives nothing."""
    number = world.ticket()
    tracker = world.tracker()
    cursor = tracker.changed(None).cursor
    world.actor("ivanov").note(number, project="internal")
    assert number in tracker.changed(cursor).outside
    assert tracker.read(number) is None


@pytest.mark.parametrize("parent", ["clients", "Клиенты"])
def test_everything_below_a_parent_is_in_scope(world: World, parent: str) -> None:
    """A parent project, by identifier or name, stands for all below it, new ones too."""
    tracker = world.tracker(projects=frozenset(), below=parent)
    number = world.ticket()
    assert number in ids(tracker, None)
    assert tracker.read(number) is not None
    world.actor("ivanov").note(number, project="internal")
    assert number not in ids(tracker, None)
    assert tracker.read(number) is None


def test_no_projects_means_all(world: World) -> None:
    """Without projects in the scope, every project counts."""
    tracker = world.tracker(projects=frozenset())
    number = world.ticket()
    assert number in ids(tracker, None)
    assert tracker.read(number) is not None


# --- reading ----------------------------------------------------------------------------------------------------------


def test_t3_a_ticket_as_it_was_created(world: World) -> None:
    """The state at creation has the values and files of then, whatever was changed since."""
    number = world.ticket(fields={SYSTEM: "x86_64"}, attachments={"журнал.txt": b"1"})
    world.actor("ivanov").note(
        number,
        status="В работе",
        assigned_to="Отдел продаж",
        category="Установка",
        due_date="2030-12-02",
        fields={SYSTEM: "aarch64", "Отдел": "продажи"},
        attachments={"ответ.txt": b"2"},
    )
    ticket = world.tracker().read(number)
    assert ticket is not None
    assert essence(ticket.created) == ("Новая", "", "", "", "x86_64", "", ("журнал.txt",))
    now = ("В работе", "Отдел продаж", "Установка", "2030-12-02", "aarch64", "продажи", ("журнал.txt", "ответ.txt"))
    assert essence(ticket.current) == now


def essence(state: State) -> tuple[object, ...]:
    """The values that the tests change."""
    fields = (state.fields[SYSTEM], state.fields["Отдел"])
    return (state.status, state.assigned_to, state.category, state.due_date, *fields, state.attachments)


def test_a_moved_ticket_is_followed_back(world: World) -> None:
    """Project, tracker, subject and priority are taken back to what they were."""
    number = world.ticket()
    world.actor("ivanov").note(number, subject="Другое", priority="Высокий", project="internal")
    ticket = world.tracker(projects=frozenset()).read(number)
    assert ticket is not None
    assert (ticket.created.subject, ticket.created.project) == ("Не ставится", world.code)
    assert (ticket.current.subject, ticket.current.project) == ("Другое", "Внутренние заявки")
    assert ticket.created.priority != ticket.current.priority == "Высокий"


def test_notes_come_in_order_with_authors_and_privacy(world: World) -> None:
    """Journals are in order of time, with notes, privacy, files and who wrote them (P1, P2)."""
    number = world.ticket()
    world.customer.note(number, "Есть кто?", attachments={"снимок.png": b"1"})
    world.actor("ivanov").note(number, "Смотрим")
    world.actor("volkov").note(number, "Дорого", private=True)
    ticket = world.tracker().read(number)
    assert ticket is not None
    told = [(j.notes, j.private, j.attachments, j.author.role) for j in ticket.journals]
    assert told == [
        ("Есть кто?", False, ("снимок.png",), Role.CUSTOMER),
        ("Смотрим", False, (), Role.STAFF),
        ("Дорого", True, (), Role.STAFF),
    ]
    assert ticket.author.role is Role.CUSTOMER


def test_p1_staff_by_group_or_role_belong_to_departments(world: World) -> None:
    """Members of a department's group, or with its role, are known to belong to it; customers to none."""
    number = world.ticket()
    for login in ("ivanov", "volkov"):
        world.actor(login).note(number, f"от {login}")
    ticket = world.tracker().read(number)
    assert ticket is not None
    assert [j.author.groups for j in ticket.journals] == [{"Пресейл"}, {"Отдел продаж"}]
    assert ticket.author.groups == frozenset()


@pytest.mark.parametrize("word", ["ivanov", "Иван Иванов", "IVANOV"])
def test_p1_never_makes_a_robot_by_login_or_name(world: World, word: str) -> None:
    """Who is in `never` is a robot although the role says staff."""
    number = world.ticket()
    world.actor("ivanov").note(number, "сборка прошла")
    ticket = world.tracker(staff=replace(RULES.staff, never=frozenset({word}))).read(number)
    assert ticket is not None
    assert ticket.journals[0].author.role is Role.ROBOT


def test_p1_always_makes_staff_of_a_customer(world: World) -> None:
    """Who is in `always` is staff without a staff role."""
    number = world.ticket()
    ticket = world.tracker(staff=replace(RULES.staff, always=frozenset({world.code}))).read(number)
    assert ticket is not None
    assert (ticket.author.role, ticket.author.login) == (Role.STAFF, world.code)


def test_a_ticket_that_is_gone_raises(world: World) -> None:
    """A deleted ticket is not found."""
    number = world.ticket()
    tracker = world.tracker()
    assert tracker.read(number) is not None
    world.actor("orlova").delete_issue(number)
    with pytest.raises(NotFoundError):
        tracker.read(number)


def test_t13_an_edited_note_is_read_anew_but_not_listed(world: World) -> None:
    """Editing a note does not touch the ticket's update time, which is why open tickets are re-read daily."""
    number = world.ticket(at=datetime(2026, 11, 2, 9, tzinfo=UTC))
    journal = world.actor("ivanov").note(number, "Ошибка", at=datetime(2026, 11, 2, 10, tzinfo=UTC))
    world.actor("ivanov").edit_note(journal, "Поправка", at=datetime(2026, 11, 3, 10, tzinfo=UTC))
    tracker = world.tracker()
    assert ids(tracker, datetime(2026, 11, 3, tzinfo=UTC)) == []
    ticket = tracker.read(number)
    assert ticket is not None
    assert [j.notes for j in ticket.journals] == ["Поправка"]


# --- writing ----------------------------------------------------------------------------------------------------------


def test_w1_a_note_and_its_attributes_are_one_journal(world: World) -> None:
    """Everything that travels with a public note arrives in one journal of the bridge."""
    number = world.ticket()
    tracker = world.tracker()
    tracker.read(number)
    changes = (
        change(Attribute.STATUS, "Ожидание ответа"),
        change(Attribute.ASSIGNEE, "Отдел продаж"),
        change(Attribute.CATEGORY, "Оборудование"),
        change(Attribute.PRIORITY, "Высокий"),
        change(Attribute.DUE_DATE, "2030-12-02"),
        change(Attribute.FIELD, "продажи", name="Отдел"),
    )
    assert tracker.write(number, Write((), notes="Уточните", changes=changes)) == ()
    ticket = tracker.read(number)
    assert ticket is not None
    (journal,) = ticket.journals
    assert (journal.notes, journal.private, journal.author.role) == ("Уточните", False, Role.BRIDGE)
    told = {(c.attribute, c.new) for c in journal.changes}
    assert told == {(c.attribute, c.new) for c in changes}


def test_a_ticket_can_be_written_to_without_having_been_read(world: World) -> None:
    """After a restart a write finds out by itself what it has to know."""
    number = world.ticket()
    world.tracker().write(number, Write((), notes="Да", changes=(change(Attribute.CATEGORY, "Установка"),)))
    ticket = world.tracker().read(number)
    assert ticket is not None
    assert ticket.current.category == "Установка"


def test_values_can_be_taken_away(world: World) -> None:
    """Assignee, category and due date can be emptied, which puts a person's value back (W4)."""
    number = world.ticket()
    world.actor("ivanov").note(number, assigned_to="Пресейл", category="Установка", due_date="2030-12-02")
    tracker = world.tracker()
    emptied = tuple(change(a, "") for a in (Attribute.ASSIGNEE, Attribute.CATEGORY, Attribute.DUE_DATE))
    tracker.write(number, Write((), changes=emptied))
    ticket = tracker.read(number)
    assert ticket is not None
    assert (ticket.current.assigned_to, ticket.current.category, ticket.current.due_date) == ("", "", "")


def test_trap_15_only_the_fields_that_change_are_written(world: World) -> None:
    """A field that a person changed meanwhile keeps the person's value."""
    number = world.ticket(fields={SYSTEM: "старое"})
    tracker = world.tracker()
    tracker.read(number)
    world.actor("ivanov").note(number, fields={SYSTEM: "новое"})
    tracker.write(number, Write((), notes="Да", changes=(change(Attribute.FIELD, "продажи", name="Отдел"),)))
    ticket = tracker.read(number)
    assert ticket is not None
    assert (ticket.current.fields[SYSTEM], ticket.current.fields["Отдел"]) == ("новое", "продажи")


def test_w4_the_journal_tells_what_was_there_before(world: World) -> None:
    """The old value in the journal is what a person had set meanwhile, not what had been read."""
    number = world.ticket()
    tracker = world.tracker()
    tracker.read(number)
    world.actor("ivanov").note(number, category="Совместимость")
    tracker.write(number, Write((), notes="Да", changes=(change(Attribute.CATEGORY, "Установка"),)))
    ticket = tracker.read(number)
    assert ticket is not None
    made = ticket.journals[-1].change(Attribute.CATEGORY)
    assert made is not None
    assert (made.old, made.new) == ("Совместимость", "Установка")


def test_trap_14_a_value_that_is_there_already_makes_no_journal(world: World) -> None:
    """A write that changes nothing succeeds and leaves no trace."""
    number = world.ticket()
    tracker = world.tracker()
    assert tracker.write(number, Write((), changes=(change(Attribute.STATUS, "Новая"),))) == ()
    ticket = tracker.read(number)
    assert ticket is not None
    assert ticket.journals == ()


def test_m2_a_watcher_is_added_with_the_note(world: World) -> None:
    """A lead, by login or name, watches the ticket when the note is written."""
    number = world.ticket()
    tracker = world.tracker()
    assert tracker.write(number, Write((), notes="Срок вышел", private=True, watchers=("orlova",))) == ()
    assert tracker.write(number, Write((), notes="Ещё раз", private=True, watchers=("Ольга Орлова",))) == ()
    ticket = tracker.read(number)
    assert ticket is not None
    assert "Ольга Орлова" in ticket.watchers
    assert [j.private for j in ticket.journals] == [True, True]


def test_m2_the_note_goes_although_a_watcher_cannot_be_added(world: World) -> None:
    """Somebody unknown is reported, and the note is written all the same."""
    number = world.ticket()
    tracker = world.tracker()
    (trouble,) = tracker.write(number, Write((), notes="Срок вышел", private=True, watchers=("nobody",)))
    assert "nobody" in trouble
    ticket = tracker.read(number)
    assert ticket is not None
    assert [j.notes for j in ticket.journals] == ["Срок вышел"]


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(change(Attribute.STATUS, "Нет такого"), id="a status that does not exist"),
        pytest.param(change(Attribute.CATEGORY, "Нет такого"), id="a category that the project does not have"),
        pytest.param(change(Attribute.PRIORITY, "Нет такого"), id="a priority that does not exist"),
        pytest.param(change(Attribute.ASSIGNEE, "Нет такого"), id="an assignee who is no member"),
        pytest.param(change(Attribute.FIELD, "x", name="Нет такого"), id="a field that the ticket does not have"),
        pytest.param(change(Attribute.PROJECT, "Внутренние заявки"), id="a project, which the bridge does not change"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_before_anything_is_written(world: World, unknown: Change) -> None:
    """The error names what is missing and the ticket, and neither note nor watcher has been written."""
    number = world.ticket()
    tracker = world.tracker()
    with pytest.raises(PermanentError, match=f"ticket {number}"):
        tracker.write(number, Write((), notes="Да", changes=(unknown,), watchers=("orlova",)))
    ticket = tracker.read(number)
    assert ticket is not None
    assert (ticket.journals, ticket.watchers) == ((), ())


def test_writing_to_a_ticket_that_is_gone_raises(world: World) -> None:
    """A deleted ticket is not found when it is written to either."""
    number = world.ticket()
    tracker = world.tracker()
    tracker.read(number)
    world.actor("orlova").delete_issue(number)
    with pytest.raises(NotFoundError):
        tracker.write(number, Write((), notes="Да"))


def test_w2_an_own_note_can_be_blanked(world: World) -> None:
    """After blanking, the words of the bridge's note are gone."""
    number = world.ticket()
    tracker = world.tracker()
    tracker.write(number, Write((), notes="Внутреннее", changes=(change(Attribute.STATUS, "В работе"),)))
    ticket = tracker.read(number)
    assert ticket is not None
    tracker.blank(ticket.journals[-1].id)
    ticket = tracker.read(number)
    assert ticket is not None
    assert [j.notes for j in ticket.journals] == [""]


def test_w2_somebody_elses_note_cannot_be_blanked(world: World) -> None:
    """The bridge has no right to touch other people's notes."""
    number = world.ticket()
    journal = world.actor("ivanov").note(number, "Моё")
    with pytest.raises(PermanentError):
        world.tracker().blank(journal)


def test_w2_the_right_to_write_private_notes_is_known_per_project(world: World) -> None:
    """The account has the right in the customer's project; a project that it does not see is not found."""
    tracker = world.tracker()
    assert tracker.may_write_private(world.code)
    with pytest.raises(NotFoundError):
        tracker.may_write_private("Нет такого проекта")


def test_a_second_look_after_own_writes_shows_them(world: World) -> None:
    """The bridge's own write makes the ticket changed, which is how it is read back."""
    number = world.ticket()
    tracker = world.tracker()
    cursor = tracker.changed(None).cursor + timedelta(seconds=1)
    tracker.write(number, Write((), notes="Да"))
    assert number in ids(tracker, cursor)
