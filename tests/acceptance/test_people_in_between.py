"""People who act between two passes of the bridge, and between its reading and its writing: each row of docs/people-in-between.md.

The rows and the tests are held together by the last test here. All rows are played together in one day (`between.py`), each on a ticket
of its own; a row's test tells what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bridge.core.model import Role, Step
from bridge.core.policy import Policy
from bridge.core.terms import Clock, Outcome
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from tests.acceptance.between import ACT, MORNING, PASS, Case, Play, Script, Story, Timing
from tests.acceptance.stage import BOUGHT, INSTALL, PROJECT, QUESTION, SYSTEM, UPDATES, Stage, limited

pytestmark = [pytest.mark.redmine, pytest.mark.xdist_group("people in between")]

TABLE: Final = Path(__file__).parents[2] / "docs" / "people-in-between.md"
SEMANTICS: Final = TABLE.with_name("semantics.md")
COLLEAGUE, ROBOT, GUESTS = "customer-01-2", "komarov", ("customer-03-1", "customer-03-2")
SUPPORT, DEVELOPERS, LABORATORY, SALES = (
    "Базовая техническая поддержка",
    "Отдел разработки",
    "Лаборатория совместимости",
    "Отдел продаж",
)
ALT, APT = "Альт Рабочая станция 10.2, x86_64", "обновляли вчера через apt-get dist-upgrade"
BY_LABEL = f"Сведения о системе: {ALT}\nИнформация об обновлении: {APT}"
FIELDS = {SYSTEM: ALT, UPDATES: APT}
HARDWARE = ("Проверка ноутбука на совместимость", "Просим протестировать наш ноутбук с Альт Рабочая станция 10.")
TOLD = [Step.ACKNOWLEDGE, Step.SET_TERM]
ASKED = [Step.ACKNOWLEDGE, Step.ASK, Step.ROUTE]
ROUTED = [Step.ACKNOWLEDGE, Step.ROUTE, Step.SET_TERM]
PASSED_ON = [Step.HAND_OVER, Step.SET_TERM, Step.EXTEND]
STORIES: dict[str, Story] = {}


def row(story: Story) -> Callable[..., None]:
    """A row's test: its story is played with all the others, and told here for both timings."""
    STORIES[story.__name__] = story

    @pytest.mark.parametrize("timing", list(Timing), ids=lambda timing: timing.value)
    def test(played: Play, timing: Timing) -> None:
        played.cases[story.__name__, timing].tell()

    test.__name__, test.__doc__ = story.__name__, story.__doc__
    return test


def policy_of_the_rows(policy: Policy) -> Policy:
    """The demo's rules with a robot, and with a category and a priority to differ about."""
    routes = tuple(
        replace(route, category="Установка", priority="Высокий") if route.kind == "os-install" else route
        for route in policy.routes
    )
    laboratory = replace(policy.departments[LABORATORY], category="Оборудование")
    departments = {**policy.departments, LABORATORY: laboratory}
    redmine = replace(policy.redmine, staff=replace(policy.redmine.staff, never=frozenset({ROBOT})))
    more = replace(policy, routes=routes, departments=departments, redmine=redmine)
    return limited(more, PROJECT, changes_per_pass=1000)


@contextmanager
def open_minded_cabinet(server: RedmineServer) -> Iterator[None]:
    """A cabinet where colleagues see one another's tickets, and customers may edit and close their own; two guests may come and go."""
    database, names = server.database, server.names
    role = {"name": "Клиент", "role": names.id("role", "Клиент"), "tracker": names.id("tracker", "ТехП Пресейл")}
    before = database.rows("SELECT permissions, issues_visibility FROM roles WHERE name = :name", role)[0]
    statuses = [row[0] for row in database.rows("SELECT id FROM issue_statuses")]
    closed = names.id("status", "Закрыта")
    allow = (
        "INSERT INTO workflows (tracker_id, old_status_id, new_status_id, role_id, assignee, author, type) "
        f"VALUES (:tracker, :old, {closed}, :role, :no, :no, 'WorkflowTransition')"
    )
    set_role = "UPDATE roles SET permissions = :rights, issues_visibility = :sees WHERE name = :name"
    wider = {"rights": f"{before[0].rstrip()}\n- :edit_own_issues\n", "sees": "all", **role}
    ways = [(allow, {"old": int(old), "no": False, **role}) for old in statuses if int(old) != closed]
    database.script([(set_role, wider), *ways])
    try:
        yield
    finally:
        former = {"rights": before[0], "sees": before[1], **role}
        database.script([(set_role, former), ("DELETE FROM workflows WHERE role_id = :role", role)])


@pytest.fixture(scope="module")
def played(
    no_mails: None, redmine: RedmineServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Play]:
    """All rows, played."""
    clear(redmine.database)
    redmine.mails.clear()
    stage = Stage(redmine, tmp_path_factory.mktemp("people"), policy_of_the_rows(policy))
    play = Play(stage)
    for story in STORIES.values():
        for timing in Timing:
            play.add(story, timing)
    with open_minded_cabinet(redmine):
        play.play()
        yield play
    stage.close()
    redmine.set_time(None)


# --- staff take the ticket, or pass it on ----------------------------------------------------------------------------


@row
def test_p5_assigned_to_a_person(case: Case) -> Script:
    """An engineer takes the ticket that the route sends to a department: it stays with the engineer, whatever the customer adds."""
    case.open(BOUGHT)
    yield ACT
    case.engineer(assigned_to="Иван Иванов")
    yield PASS
    assert case.value("assigned_to") == "Иван Иванов"
    case.customer("Ещё раз: купили лицензии, нужна техподдержка.")
    yield PASS
    assert case.value("assigned_to") == "Иван Иванов"
    assert case.said() == ROUTED


@row
def test_p5_assigned_to_nobody(case: Case) -> Script:
    """Staff take the assignee away: the bridge assigns nobody again."""
    case.open(BOUGHT, assigned_to=SALES)
    yield ACT
    case.engineer(assigned_to="")
    yield PASS
    assert case.value("assigned_to") == ""
    assert case.said() == ROUTED


@row
def test_r4_assigned_to_another_department(case: Case) -> Script:
    """A hand-over: told once, with a day more."""
    case.open(QUESTION)
    yield ACT
    case.engineer(assigned_to=DEVELOPERS)
    yield PASS
    assert case.said() == [*TOLD, *PASSED_ON]
    assert case.value("due_date") == "2026-11-19"
    assert case.assess().standing.department.name == DEVELOPERS


@row
def test_r4_category_of_another_department(case: Case) -> Script:
    """The department's category hands over as its group does."""
    case.open(QUESTION)
    yield ACT
    case.engineer(category="Оборудование")
    yield PASS
    assert case.said() == [*TOLD, *PASSED_ON]
    assert case.assess().standing.department.name == LABORATORY


@row
def test_r4_handed_back(case: Case) -> Script:
    """Sent on, back, and on again: each is told, the term grows twice at most."""
    case.open(QUESTION)
    yield ACT
    case.engineer(assigned_to=DEVELOPERS)
    yield PASS
    case.by("gusev", assigned_to="Пресейл")
    yield PASS
    assert case.value("due_date") == "2026-11-20"
    case.engineer(assigned_to=SALES)
    yield PASS
    assert case.said().count(Step.HAND_OVER) == 3
    assert case.said().count(Step.EXTEND) == 2
    assert case.value("due_date") == "2026-11-20"


@row
def test_r4_handed_over_and_back_at_once(case: Case) -> Script:
    """Sent on and back before the bridge looks: the customer is told one thing, and that the ticket is where it was."""
    case.open(QUESTION)
    yield ACT
    case.engineer(assigned_to=DEVELOPERS)
    case.by("gusev", assigned_to="Пресейл")
    yield PASS
    assert case.said() == [*TOLD, *PASSED_ON]
    words = "\n".join(case.notes())
    assert "инженеры пресейла" in words
    assert "отдел разработки" not in words


@row
def test_r4_handed_over_while_paused(case: Case) -> Script:
    """A hand-over while the customer is being asked: told, and the clock goes on standing still."""
    case.open(INSTALL)
    yield ACT
    case.engineer(assigned_to=DEVELOPERS)
    yield PASS
    assert case.said() == [*ASKED, Step.HAND_OVER, Step.EXTEND]
    assert case.value("status") == "Ожидание ответа"
    assert case.clock() is Clock.PAUSED
    case.customer(BY_LABEL)
    yield PASS
    assert case.value("due_date") == "2026-11-19"


# --- staff answer, write, close --------------------------------------------------------------------------------------


@row
def test_t7_answered(case: Case) -> Script:
    """An answer ends the term: nothing is said after it that was not under way already."""
    case.open(QUESTION)
    yield ACT
    case.engineer("Сервер — для серверов, рабочая станция — для рабочих мест.")
    yield PASS
    assert case.said() == TOLD
    assert case.clock() is Clock.ANSWERED


@row
def test_t7_answered_while_asked(case: Case) -> Script:
    """Staff answer what the bridge asks more about: answered; the customer's information is still put into its fields."""
    case.open(INSTALL)
    yield ACT
    case.engineer("Выберите ручную разметку диска.")
    yield PASS
    assert case.clock() is Clock.ANSWERED
    assert case.said() == ASKED
    case.customer(BY_LABEL)
    yield PASS
    assert case.value(SYSTEM) == ALT
    assert case.value("status") == "В работе"


@row
def test_t7_written_privately(case: Case) -> Script:
    """What staff say among themselves is no answer."""
    case.open(QUESTION)
    yield ACT
    case.engineer("Коллеги, кто возьмёт?", private=True)
    yield PASS
    assert case.said() == TOLD
    assert case.clock() is Clock.RUNNING


@row
def test_p4_written_with_the_bridges_account(case: Case) -> Script:
    """A person who uses the bridge's account and leaves no footer is a person: it is an answer."""
    case.open(QUESTION)
    yield ACT
    case.by("presale-bridge", "Отвечаю сам: сервер — для серверов.")
    yield PASS
    assert case.said() == TOLD
    assert case.clock() is Clock.ANSWERED


@row
def test_t8_closed_without_an_answer(case: Case) -> Script:
    """Closed without a word: it stays closed, also under a request that was under way, and the lead is told once."""
    case.open(INSTALL)
    yield ACT
    case.engineer(status="Закрыта")
    yield PASS
    assert case.value("status") == "Закрыта"
    assert case.said(private=True) == [Step.ESCALATE]
    assert case.said() == ASKED


@row
def test_t7_closed_with_an_answer(case: Case) -> Script:
    """Answered and closed in one act: nobody is told anything."""
    case.open(QUESTION)
    yield ACT
    case.engineer("Сервер — для серверов.", status="Закрыта")
    yield PASS
    assert (case.said(), case.said(private=True)) == (TOLD, [])
    assert case.value("status") == "Закрыта"
    assert case.clock() is Clock.STOPPED


@row
def test_t8_closed_by_the_customer(case: Case) -> Script:
    """The customer closes it: it stops, and no lead is told."""
    case.open(INSTALL)
    yield ACT
    case.customer("", status="Закрыта")
    yield PASS
    assert case.value("status") == "Закрыта"
    assert case.said(private=True) == []
    assert case.assess().standing.term.outcome is Outcome.CLOSED_BY_CUSTOMER


@row
def test_t11_reopened(case: Case) -> Script:
    """Staff reopen what was closed: a new term starts then, and what the lead is told of the closing is told once."""
    case.open(QUESTION)
    yield PASS
    case.engineer(status="Закрыта")
    yield ACT
    case.engineer(status="В работе")
    yield PASS
    standing = case.assess().standing
    assert (standing.clock, standing.term.reason) == (Clock.RUNNING, "reopened")
    assert case.value("status") == "В работе"
    assert case.said(private=True) == [Step.ESCALATE]


@row
def test_t11_asked_again_on_the_closed_ticket(case: Case) -> Script:
    """The customer asks on a ticket that was closed without a word: it is reopened once, with a new term."""
    case.open(QUESTION)
    yield PASS
    case.engineer(status="Закрыта")
    yield ACT
    case.customer("А как поставить его рядом с Windows?")
    yield PASS
    assert case.said() == [*TOLD, Step.REOPEN] or case.said() == [*TOLD, Step.SET_TERM, Step.REOPEN]
    assert case.value("status") == "В работе"
    assert case.clock() is Clock.RUNNING


@row
def test_t9_status_taken_back(case: Case) -> Script:
    """Staff take the ticket out of waiting: the clock runs, nothing is asked again, the status stays."""
    case.open(INSTALL)
    yield ACT
    case.engineer(status="В работе")
    yield PASS
    assert case.value("status") == "В работе"
    assert case.said() == ASKED
    assert case.clock() is Clock.RUNNING


@row
def test_t9_paused_by_staff(case: Case) -> Script:
    """Staff put it into a status that pauses: the clock stands still, until the customer writes."""
    case.open(QUESTION)
    yield ACT
    case.engineer("Пришлите, пожалуйста, схему сети.", status="Обратная связь")
    yield PASS
    assert case.clock() is Clock.PAUSED
    assert case.said() == TOLD
    case.customer("Схема такая: два сервера и коммутатор.")
    yield PASS
    assert case.clock() is Clock.RUNNING
    assert case.value("status") == "В работе"


# --- merging, moving, deleting ---------------------------------------------------------------------------------------


@row
def test_p4_merged_as_a_duplicate(case: Case) -> Script:
    """The original is answered and closed: Redmine closes the duplicate with a copy of the answer, which answers it too."""
    original = case.stage.ticket(QUESTION)
    case.open(QUESTION)
    yield ACT
    relation = {"issue_to_id": original, "relation_type": "duplicates"}
    case.admin.request("POST", f"/issues/{case.number}/relations.json", {"relation": relation})
    case.stage.engineer.note(original, "Сервер — для серверов.", status="Закрыта")
    yield PASS
    assert case.value("status") == "Закрыта"
    assert (case.said(), case.said(private=True)) == (TOLD, [])
    assert case.assess().standing.term.outcome is Outcome.ANSWERED


@row
def test_t8_merged_without_a_word(case: Case) -> Script:
    """The original is closed without a word, and the duplicate with it: the lead is told, as no customer's ticket may go unanswered."""
    original = case.stage.ticket(QUESTION)
    case.open(QUESTION)
    yield ACT
    relation = {"issue_to_id": original, "relation_type": "duplicates"}
    case.admin.request("POST", f"/issues/{case.number}/relations.json", {"relation": relation})
    case.stage.engineer.note(original, status="Закрыта")
    yield PASS
    assert case.value("status") == "Закрыта"
    assert case.said(private=True) == [Step.ESCALATE]


@row
def test_p4_the_bridges_note_copied(case: Case) -> Script:
    """A note with another ticket's footer, as Redmine copies it to a duplicate, is no step of this ticket."""
    case.open(QUESTION)
    yield ACT
    case.by(
        "presale-bridge", "Закрываем.\n\nАвтоматическое сообщение · №1 · подтверждение 1, эскалация 4, благодарность 1"
    )
    yield PASS
    assert case.said() == TOLD
    assert case.clock() is Clock.RUNNING


@row
def test_w6_deleted(case: Case) -> Script:
    """A deleted ticket is forgotten and stops nobody."""
    case.open(QUESTION)
    yield ACT
    case.lead.delete_issue(case.number)
    yield PASS
    yield MORNING
    assert case.stage.app.store.known(case.number) is None
    assert case.number not in case.stage.app.store.open_ids()


@row
def test_r2_moved_to_another_project(case: Case) -> Script:
    """Out of the bridge's projects it is left alone; back again nothing is repeated."""
    case.open(INSTALL)
    yield ACT
    case.engineer(project="internal")
    case.engineer("Смотрим у себя.", private=True)
    yield PASS
    before = len(case.notes())
    assert case.stage.app.engine().assess(case.number, case.stage.now) is None
    yield PASS
    assert len(case.notes()) == before
    case.engineer(project=PROJECT)
    yield PASS
    assert case.said() == ASKED


@row
def test_t3_moved_out_of_the_tracker(case: Case) -> Script:
    """In another tracker it is left alone; back again it is received anew, and nothing is repeated."""
    case.open(QUESTION)
    yield ACT
    case.engineer(tracker="Ошибка")
    yield PASS
    assert case.stage.app.engine().assess(case.number, case.stage.now) is None
    case.engineer(tracker="ТехП Пресейл")
    yield PASS
    assert case.said() == TOLD
    assert case.assess().standing.term.reason == "moved into the tracker"


@row
def test_t3_moved_into_the_tracker(case: Case) -> Script:
    """Its term counts from the move; who moves it out and in while the bridge is about to write has received it anew."""
    case.open(QUESTION, tracker="ТехП Пресейл" if case.in_between else "Ошибка")
    yield ACT
    if case.in_between:
        case.engineer(tracker="Ошибка")
    else:
        assert case.said() == []
    case.engineer(tracker="ТехП Пресейл")
    yield PASS
    assert case.said() == TOLD
    standing = case.assess().standing
    assert (standing.clock, standing.term.reason) == (Clock.RUNNING, "moved into the tracker")


# --- staff change values ---------------------------------------------------------------------------------------------


@row
def test_p5_due_date_changed(case: Case) -> Script:
    """A due date of staff's is the term from then on, and is not overwritten."""
    case.open(QUESTION)
    yield ACT
    case.engineer(due_date="2026-11-25")
    yield PASS
    assert case.value("due_date") == "2026-11-25"
    assert case.assess().standing.due.date().isoformat() == "2026-11-25"
    case.engineer(assigned_to=DEVELOPERS)
    yield PASS
    assert case.value("due_date") == "2026-11-25"


@row
def test_p5_due_date_taken_away(case: Case) -> Script:
    """Staff take the due date away: the rules' term holds, and the date is not set again."""
    case.open(QUESTION, due_date="2026-12-01")
    yield ACT
    case.engineer(due_date="")
    yield PASS
    assert case.value("due_date") == ""
    assert case.assess().standing.due.date().isoformat() == "2026-11-18"


@row
def test_p5_priority_changed(case: Case) -> Script:
    """The priority that staff set stays, also where the route has one of its own."""
    case.open(INSTALL)
    yield ACT
    case.engineer(priority="Срочный")
    yield PASS
    assert case.value("priority") == "Срочный"
    case.customer(BY_LABEL)
    yield PASS
    assert case.value("priority") == "Срочный"


@row
def test_p5_category_changed(case: Case) -> Script:
    """The category that staff set stays, also where the route has one of its own."""
    case.open(INSTALL)
    yield ACT
    case.engineer(category="Совместимость")
    yield PASS
    assert case.value("category") == "Совместимость"
    assert case.said() == ASKED


@row
def test_f1_field_filled_by_staff(case: Case) -> Script:
    """Staff fill what the customer is asked for: it counts, is not overwritten and not asked for again; staff resume the ticket."""
    case.open(INSTALL)
    yield ACT
    case.engineer(fields=FIELDS)
    yield PASS
    assert case.assess().missing == ()
    assert case.said() == ASKED
    case.engineer(status="В работе")
    yield PASS
    assert (case.value(SYSTEM), case.clock()) == (ALT, Clock.RUNNING)
    assert case.said() == ASKED


@row
def test_f4_field_filled_by_the_customer(case: Case) -> Script:
    """The customer fills the form: that is an answer, thanked for, and the ticket goes on."""
    case.open(INSTALL)
    yield ACT
    case.customer("", fields=FIELDS)
    yield PASS
    assert case.value("status") == "В работе"
    assert case.said() == [*ASKED, Step.THANK, Step.SET_TERM]


@row
def test_w4_field_corrected_by_staff(case: Case) -> Script:
    """Staff correct what is read out of the customer's answer: their value stands."""
    case.open(INSTALL)
    yield PASS
    case.customer(BY_LABEL)
    yield ACT
    case.engineer(fields={SYSTEM: "Альт СП 10, уточнили по телефону"})
    yield PASS
    assert case.value(SYSTEM) == "Альт СП 10, уточнили по телефону"
    assert case.value(UPDATES) == APT
    assert case.said() == [*ASKED, Step.THANK, Step.SET_TERM]


@row
def test_r3_subject_rewritten(case: Case) -> Script:
    """Staff rewrite the subject so that another route matches: routed anew once, with the reason for staff."""
    case.open(QUESTION)
    yield ACT
    case.engineer(subject="Купили лицензии, нужна техподдержка", description="Мы купили лицензии, нужна техподдержка.")
    yield PASS
    assert case.value("assigned_to") == SUPPORT
    assert case.assess().kind == "licensed-support"


# --- notes are edited and deleted ------------------------------------------------------------------------------------


@row
def test_t13_customers_note_edited(case: Case) -> Script:
    """A customer's note edited in Redmine touches no update time: read anew the next working day, and what it says then counts."""
    case.open(INSTALL)
    yield PASS
    journal = case.customer("Всё как обычно, вы же знаете")
    yield ACT
    case.lead.edit_note(journal, BY_LABEL)
    yield MORNING
    assert case.assess().missing == ()
    assert case.said() == [*ASKED, Step.THANK, Step.SET_TERM]
    assert case.value("status") == "В работе"


@row
def test_t13_customers_note_deleted(case: Case) -> Script:
    """A customer's note deleted: what it had started is taken back the next working day, what was said stays said."""
    case.open(QUESTION)
    yield PASS
    case.engineer("Сервер — для серверов.")
    journal = case.customer("А рабочая станция?")
    yield PASS
    assert case.clock() is Clock.RUNNING
    case.engineer(assigned_to=DEVELOPERS)
    yield ACT
    case.lead.edit_note(journal, "")
    yield MORNING
    assert case.clock() is Clock.ANSWERED
    assert case.said() == [*TOLD, *PASSED_ON]


@row
def test_t13_answer_edited(case: Case) -> Script:
    """An answer that is edited stays an answer."""
    case.open(QUESTION)
    journal = case.engineer("Сервер — для серверов.")
    case.customer("А рабочая станция?")
    case.by("petrova", assigned_to=DEVELOPERS)
    yield ACT
    case.lead.edit_note(journal, "Сервер — для серверов и служб.")
    yield MORNING
    assert case.assess().standing.terms[0].outcome is Outcome.ANSWERED


@row
def test_t13_answer_deleted(case: Case) -> Script:
    """An answer that is deleted never was: its term runs again from the next working day's reading."""
    case.open(QUESTION)
    yield PASS
    journal = case.engineer("Сервер — для серверов.")
    yield PASS
    assert case.clock() is Clock.ANSWERED
    if case.in_between:
        case.customer("А рабочая станция?")
        case.by("petrova", assigned_to=DEVELOPERS)
    yield ACT
    case.lead.edit_note(journal, "")
    yield MORNING
    standing = case.assess().standing
    assert (standing.clock, standing.term.ordinal) == (Clock.RUNNING, 1)


@row
def test_p4_bridges_note_edited(case: Case) -> Script:
    """Somebody takes the footer off the bridge's note: the store still knows whose it is; nothing is repeated, and it answers nothing."""
    case.open(QUESTION)
    yield PASS
    own = case.last_own_note()
    case.engineer(assigned_to=DEVELOPERS)
    yield ACT
    case.lead.edit_note(own, "Здравствуйте! Обычно мы отвечаем за два дня.")
    yield MORNING
    assert case.said() == PASSED_ON
    assert case.clock() is Clock.RUNNING


@row
def test_p4_bridges_note_deleted(case: Case) -> Script:
    """Somebody blanks the bridge's note: the store still knows, and nothing is repeated."""
    case.open(QUESTION)
    yield PASS
    own = case.last_own_note()
    case.engineer(assigned_to=DEVELOPERS)
    yield ACT
    case.lead.edit_note(own, "")
    yield MORNING
    assert case.said() == PASSED_ON


# --- others write ----------------------------------------------------------------------------------------------------


@row
def test_f4_the_customer_answers(case: Case) -> Script:
    """The customer gives the information just when it is asked for: it is taken, thanked for once, and not asked for again."""
    case.open(INSTALL)
    yield ACT
    case.customer(BY_LABEL)
    yield PASS
    assert case.said() == [*ASKED, Step.THANK, Step.SET_TERM]
    assert (case.value(SYSTEM), case.value(UPDATES), case.value("status")) == (ALT, APT, "В работе")


@row
def test_p2_a_colleague_answers(case: Case) -> Script:
    """A colleague of the customer is a customer: the answer counts."""
    case.open(INSTALL)
    yield ACT
    case.by(COLLEAGUE, BY_LABEL)
    yield PASS
    assert case.said() == [*ASKED, Step.THANK, Step.SET_TERM]
    assert (case.value(SYSTEM), case.value("status")) == (ALT, "В работе")


@row
def test_t10_the_customer_adds_words(case: Case) -> Script:
    """A further note while the term runs starts nothing and is answered by nobody but staff."""
    case.open(QUESTION)
    yield ACT
    case.customer("Забыли сказать: речь о десяти рабочих местах.")
    yield PASS
    assert case.said() == TOLD
    assert case.assess().standing.term.ordinal == 1


@row
def test_p2_opened_by_staff_for_a_customer(case: Case) -> Script:
    """Who opens a ticket for a customer speaks as the customer's contact until the customer writes: no answer, the term runs."""
    case.open(QUESTION, by="ivanov")
    yield ACT
    case.engineer("Клиент просил ответить до среды.")
    yield PASS
    assert case.said() == TOLD
    assert case.clock() is Clock.RUNNING
    case.customer("Да, это наш вопрос.")
    case.engineer("Сервер — для серверов.")
    yield PASS
    assert case.clock() is Clock.ANSWERED


@row
def test_p1_a_robot_writes(case: Case) -> Script:
    """A robot's note neither answers nor ends a pause."""
    case.open(INSTALL)
    yield ACT
    case.by(ROBOT, f"CI: сборка прошла. {BY_LABEL}")
    yield PASS
    assert case.said() == ASKED
    assert (case.clock(), case.value(SYSTEM)) == (Clock.PAUSED, "")


@row
def test_p1_an_engineer_leaves(case: Case) -> Script:
    """An engineer whose role is taken away after answering has answered all the same."""
    login = GUESTS[case.in_between]
    rights = {"user_id": case.stage.server.names.id("principal", login)}
    rights["role_ids"] = [case.stage.server.names.id("role", "Инженер отдела")]  # type: ignore[assignment]
    made = case.admin.request("POST", f"/projects/{PROJECT}/memberships.json", {"membership": rights})
    case.open(QUESTION)
    yield PASS
    case.by(login, "Сервер — для серверов.")
    yield PASS
    if case.in_between:
        case.customer("А рабочая станция?")
        case.by("petrova", assigned_to=DEVELOPERS)
    yield ACT
    case.admin.request("DELETE", f"/memberships/{made['membership']['id']}.json")
    yield MORNING
    a = case.assess()
    assert a.standing.terms[0].outcome is Outcome.ANSWERED
    assert Role.STAFF in {event.role for event in a.chronicle.events if event.journal.author.login == login}


# --- an approval is decided ------------------------------------------------------------------------------------------


@row
def test_r5_approved(case: Case) -> Script:
    """The sales department agrees: on to the laboratory, told once, and the status stays as they set it."""
    case.open(HARDWARE, fields=FIELDS)
    yield ACT
    case.by("kuznetsov", status="Согласовано")
    yield PASS
    assert case.value("status") == "Согласовано"
    assert case.value("assigned_to") == LABORATORY
    assert case.said().count(Step.HAND_OVER) == 1
    assert case.said().count(Step.REQUEST_APPROVAL) == 1


@row
def test_r5_not_approved(case: Case) -> Script:
    """The sales department does not agree: the customer is told once; it changes its mind: on to the laboratory."""
    case.open(HARDWARE, fields=FIELDS)
    yield ACT
    case.by("kuznetsov", status="Не согласовано")
    yield PASS
    assert case.said()[-1] is Step.OUT_OF_SCOPE
    assert case.value("status") == "Не согласовано"
    case.by("kuznetsov", status="Согласовано")
    yield PASS
    assert case.said().count(Step.OUT_OF_SCOPE) == 1
    assert case.value("assigned_to") == LABORATORY


@row
def test_r5_approved_by_somebody_else(case: Case) -> Script:
    """Somebody who may not decides: told so privately, and the gate stays shut."""
    case.open(HARDWARE, fields=FIELDS)
    yield ACT
    case.engineer(status="Согласовано")
    yield PASS
    assert case.said(private=True) == [Step.PROPOSE]
    assert Step.HAND_OVER not in case.said()
    assert case.value("assigned_to") == SALES


# --- the table -------------------------------------------------------------------------------------------------------


def table() -> dict[str, list[str]]:
    """The rows of the table by their names."""
    rows = (line.strip("| ").split(" | ") for line in TABLE.read_text(encoding="utf-8").splitlines())
    return {found[0].strip("` "): found[1:] for found in rows if found[0].startswith("`")}


def test_every_row_of_the_table_has_its_test() -> None:
    """The table and the tests tell of the same cases."""
    assert {f"test_{name}" for name in table()} == set(STORIES)


def test_every_row_names_rules_that_exist() -> None:
    """What a row refers to is a rule of the semantics, and its name starts with one of them."""
    rules = set(re.findall(r"\*\*([A-Z]\d+)\b", SEMANTICS.read_text(encoding="utf-8")))
    for name, cells in table().items():
        named = re.findall(r"[A-Z]\d+", cells[-1])
        assert set(named) <= rules, name
        assert name.split("_")[0].upper() in named, name
