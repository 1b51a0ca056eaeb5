"""Stories on a real Redmine in which something comes in between: refusals, people, brakes, and tickets that go and come (W3-W6, T3, T13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bridge.core.model import Step
from bridge.core.terms import Clock
from bridge.jobs import Exit, adopt
from tests.acceptance.stage import (
    ALT,
    APT,
    ASKED,
    BOUGHT,
    INSTALL,
    OTHER_PROJECT,
    PROJECT,
    QUESTION,
    SYSTEM,
    TOLD,
    UPDATES,
    Between,
    Stage,
    asked,
    limited,
    once,
    writes,
)

pytestmark = [pytest.mark.redmine, pytest.mark.usefixtures("no_mails")]


# --- what Redmine does not take, and people in between ----------------------------------------------------------------


def test_w3_trap_14_a_204_that_changed_nothing_is_reported_once(stage: Stage) -> None:
    """The workflow keeps the bridge from the waiting status: the note stands, the refusal is reported in words and not tried again."""
    with stage.without_transition("Ожидание ответа"):
        number = asked(stage)
        assert stage.status(number) == "Новая"
        assert stage.said(number) == ASKED
        for _ in range(3):
            stage.later(minutes=30)
            assert writes(stage) == []
        stage.customer.note(number, f"1. {ALT}")
        stage.later(minutes=11)
        assert writes(stage) == [number]
    assert stage.value(number, SYSTEM) == ALT
    assert [line for line in stage.reports if "did not take" in line] == [
        f"ticket {number}: Redmine did not take the status «Ожидание ответа»; it is not tried again"
    ]


def test_w3_trap_14_a_note_that_redmine_dropped_is_reported_once(stage: Stage) -> None:
    """Without the right to add notes Redmine answers 204 and keeps nothing: reported in words, not repeated."""
    with stage.without_right("add_issue_notes"):
        number = stage.ticket()
        stage.run()
        for _ in range(3):
            stage.later(minutes=30)
            assert writes(stage) == []
    assert stage.said(number) == []
    assert len([line for line in stage.reports if "did not keep it" in line]) == 1


@pytest.mark.parametrize(
    ("words", "what", "value"),
    [(INSTALL, "status", "В работе"), (QUESTION, "due_date", "2026-12-01")],
    ids=["status", "due date"],
)
def test_w4_a_persons_change_between_reading_and_writing_is_put_back(
    stage: Stage, words: tuple[str, str], what: str, value: str
) -> None:
    """What a person set after the bridge had read stands in the end, is reported, and is not overwritten again."""
    number = stage.ticket(words)
    stage.wrap = Between
    stage.later(minutes=11)
    stage.app.tracker.before["write"] = lambda *_: stage.engineer.note(number, **{what: value})
    assert writes(stage) == [number]
    for _ in range(2):
        found = stage.issue(number)
        assert value == (found["status"]["name"] if what == "status" else found[what])
        stage.later(minutes=30)
        assert writes(stage) == []
    assert len([line for line in stage.reports if "was put back" in line]) == 1
    once(stage.said(number))


def test_w4_a_private_note_and_a_public_one_leave_a_persons_assignee(stage: Stage) -> None:
    """A person assigns the ticket between the private and the public note of one pass: their choice stands."""
    number = stage.ticket(BOUGHT)
    stage.wrap = Between
    tracker = stage.app.tracker

    def person(*_: object) -> None:
        stage.engineer.note(number, assigned_to="Иван Иванов")

    tracker.before["write"] = lambda *_: tracker.before.update(write=person)
    stage.run()
    assert stage.issue(number)["assigned_to"]["name"] == "Иван Иванов"
    stage.later(minutes=30)
    assert writes(stage) == []
    once(stage.said(number))


def test_w4_a_field_that_a_person_filled_in_between_is_put_back(stage: Stage) -> None:
    """Staff filled the field while the bridge was about to: their value stands."""
    number = asked(stage)
    stage.customer.note(number, f"1. {ALT}\n2. {APT}")
    stage.wrap = Between
    stage.restart()
    stage.later(minutes=11)
    stage.app.tracker.before["write"] = lambda *_: stage.engineer.note(
        number, fields={SYSTEM: "Альт СП 10, по телефону"}
    )
    stage.run()
    assert (stage.value(number, SYSTEM), stage.value(number, UPDATES)) == ("Альт СП 10, по телефону", APT)
    stage.later(minutes=30)
    assert writes(stage) == []
    assert stage.value(number, SYSTEM) == "Альт СП 10, по телефону"


def test_p5_a_persons_decision_is_never_overruled(stage: Stage) -> None:
    """Assignee and due date that staff have set stay, also when the route says otherwise; the due date is the term."""
    number = stage.ticket(BOUGHT)
    stage.engineer.note(number, assigned_to="Отдел разработки", due_date="2026-11-25")
    stage.later(minutes=11)
    stage.run()
    stage.customer.note(number, "Ещё вопрос: купили лицензии, нужна техподдержка.")
    stage.later(minutes=11)
    stage.run()
    found = stage.issue(number)
    assert (found["assigned_to"]["name"], found["due_date"]) == ("Отдел разработки", "2026-11-25")
    a = stage.app.engine().assess(number, stage.now)
    assert a is not None
    assert stage.policy.calendar.date_of(a.standing.due).isoformat() == "2026-11-25"


def test_r4_a_hand_over_is_told_once_with_the_longer_term(stage: Stage) -> None:
    """Staff pass the ticket on: the customer is told once, with a day more."""
    number = stage.ticket()
    stage.run()
    stage.later(minutes=60)
    stage.engineer.note(number, assigned_to="Отдел разработки")
    stage.later(minutes=1)
    assert writes(stage) == [number]
    assert [one.step for one in stage.said(number)[2:]] == [Step.HAND_OVER, Step.SET_TERM, Step.EXTEND]
    assert stage.issue(number)["due_date"] == "2026-11-19"
    stage.later(minutes=30)
    assert writes(stage) == []


# --- brakes -----------------------------------------------------------------------------------------------------------


def test_w5_trap_17_old_tickets_are_left_alone_until_adopted(stage: Stage) -> None:
    """A ticket received before the start is never written to, whatever changes, until an operator adopts it."""
    number = stage.ticket(INSTALL, at=datetime(2026, 10, 29, 9, tzinfo=UTC))
    stage.later(minutes=11)
    assert writes(stage) == []
    stage.customer.note(number, "Ответьте же наконец!")
    stage.later(minutes=11)
    assert writes(stage) == []
    adopt(stage.app.store, number, stage.now)
    stage.later(minutes=1)
    assert writes(stage) == [number]


def test_w5_the_brake_stops_all_writing_until_resume(stage: Stage) -> None:
    """One change more than allowed stops the pass and the later ones, with an exit code of its own; resume goes on where it stopped."""
    stage.policy = limited(stage.policy, PROJECT, changes_per_pass=2)
    numbers = [stage.ticket() for _ in range(4)]
    first = stage.run()
    assert (first.exit, len(first.written)) == (Exit.HELD, 2)
    late = stage.ticket()
    stage.later(minutes=5)
    second = stage.run()
    assert (second.exit, second.looked_at, "resume" in second.why) == (Exit.HELD, 0, True)
    assert stage.said(late) == []
    assert stage.app.resume()
    stage.policy = limited(stage.policy, PROJECT, changes_per_pass=50)
    stage.restart()
    stage.later(minutes=1)
    third = stage.run()
    assert (third.exit, len(third.written)) == (Exit.DONE, 3)
    assert [stage.said(number) for number in (*numbers, late)] == [TOLD] * 5


@pytest.mark.parametrize("route_only", [False, True], ids=["everywhere", "one route"])
def test_w5_shadow_decides_and_writes_nothing(stage: Stage, route_only: bool) -> None:
    """In shadow mode decisions are logged and Redmine stays untouched; the other routes are written."""
    policy = limited(stage.policy, PROJECT, shadow=not route_only)
    shadowed = tuple(replace(route, shadow=route.kind == "product-info") for route in policy.routes)
    stage.policy = replace(policy, routes=shadowed) if route_only else policy
    question, install = stage.ticket(), stage.ticket(INSTALL)
    stage.later(minutes=11)
    before = stage.issue(question)
    assert writes(stage) == ([install] if route_only else [])
    assert stage.issue(question) == before
    assert [steps[0].step for row in stage.app.store.logged(question) if (steps := row.steps)] == [
        Step.ACKNOWLEDGE,
        Step.SET_TERM,
    ]


def test_w6_one_bad_ticket_is_put_aside_and_the_rest_done(stage: Stage) -> None:
    """A ticket that Redmine refuses to change backs off longer each time and stops nobody; it is done when it is well again."""
    stage.policy = limited(stage.policy, PROJECT, OTHER_PROJECT)
    bad = stage.actor("customer-02-1").open_issue(OTHER_PROJECT, *QUESTION)
    good = stage.ticket()
    admin = stage.actor("admin")
    admin.request("PUT", f"/projects/{OTHER_PROJECT}/close.json")
    try:
        first = stage.run()
        assert (first.exit, list(first.failed)) == (Exit.TICKETS_FAILED, [bad])
        assert stage.said(good) == TOLD
        stage.later(minutes=1)
        assert stage.run().failed == {}, "it is put aside"
        stage.later(minutes=2)
        assert list(stage.run().failed) == [bad], "and tried again"
        stage.later(minutes=3)
        assert stage.run().failed == {}, "and put aside for longer"
    finally:
        admin.request("PUT", f"/projects/{OTHER_PROJECT}/reopen.json")
    stage.later(minutes=5)
    assert writes(stage) == [bad]
    assert stage.said(bad) == TOLD


# --- tickets that go and come -----------------------------------------------------------------------------------------


def test_w6_a_ticket_deleted_between_passes_is_forgotten(stage: Stage) -> None:
    """A ticket that is gone when its next moment comes is no failure and is not asked for again."""
    number = stage.ticket()
    stage.run()
    stage.lead.delete_issue(number)
    stage.at("2026-11-18 14:01")
    summary = stage.run()
    assert (summary.exit, [look.result for look in summary.looks]) == (Exit.DONE, ["gone"])
    stage.at("2026-11-18 17:01")
    assert stage.run().looked_at == 0


def test_w6_a_ticket_deleted_between_reading_and_writing_stops_nobody(stage: Stage) -> None:
    """The write meets no ticket: it is put aside, the others are done, and it is forgotten when it is looked at again."""
    stage.wrap = Between
    gone, good = stage.ticket(), stage.ticket()
    stage.app.tracker.before["write"] = lambda *_: stage.lead.delete_issue(gone)
    assert list(stage.run().failed) == [gone]
    assert stage.said(good) == TOLD
    stage.later(minutes=10)
    assert [look.result for look in stage.run().looks if look.ticket_id == gone] == ["gone"]


@pytest.mark.parametrize("away", [{"project": "internal"}, {"tracker": "Ошибка"}], ids=["project", "tracker"])
def test_t3_a_ticket_that_leaves_is_left_and_one_that_comes_back_goes_on(stage: Stage, away: dict[str, str]) -> None:
    """Out of scope nothing is written, whatever comes due; back again nothing is repeated."""
    number = stage.ticket()
    stage.run()
    stage.later(minutes=30)
    stage.engineer.note(number, **away)
    stage.later(minutes=1)
    assert [look.result for look in stage.run().looks] == ["gone"]
    stage.at("2026-11-18 17:01")
    assert writes(stage) == []
    back = {"project": PROJECT} if "project" in away else {"tracker": "ТехП Пресейл"}
    stage.engineer.note(number, **back)
    stage.later(minutes=1)
    stage.run()
    assert [one for one in once(stage.said(number)) if not one.private] == TOLD


def test_t3_a_ticket_moved_into_the_tracker_is_received_then(stage: Stage) -> None:
    """Its term counts from the move, not from the day it was opened."""
    number = stage.customer.open_issue(PROJECT, *QUESTION, tracker="Ошибка")
    assert stage.run().looked_at == 0
    stage.at("2026-11-18 11:00")
    stage.engineer.note(number, tracker="ТехП Пресейл")
    stage.later(minutes=1)
    assert writes(stage) == [number]
    assert stage.issue(number)["due_date"] == "2026-11-20"
    assert "пятница, 20 ноября, 18:00 МСК" in stage.notes(number)[0]


def test_t13_a_deleted_answer_is_noticed_by_the_daily_re_read(stage: Stage) -> None:
    """Deleting a note does not touch the ticket's update time: the next working day's re-read finds the term running again."""
    number = stage.ticket()
    answer = stage.engineer.note(number, "Ответили")
    stage.later(minutes=1)
    assert writes(stage) == []
    stage.later(minutes=30)
    stage.lead.edit_note(answer, "")
    stage.later(minutes=30)
    assert stage.run().looked_at == 0
    stage.at("2026-11-17 09:05")
    assert writes(stage) == [number]
    assert stage.said(number) == TOLD
    assert stage.run().looked_at <= 1, "once a working day"


def test_t13_an_edited_note_is_noticed_by_the_daily_re_read(stage: Stage) -> None:
    """A customer's note that a lead has made an answer is read anew the next working day."""
    number = asked(stage)
    journal = stage.customer.note(number, "Всё как обычно, вы же знаете", at=stage.now)
    stage.later(minutes=11)
    stage.run()
    stage.lead.edit_note(journal, f"1. {ALT}\n2. {APT}")
    stage.later(minutes=11)
    stage.run()
    stage.later(minutes=11)
    assert stage.run().looked_at == 0
    stage.at("2026-11-17 09:05")
    assert stage.run().looked_at == 1
    a = stage.app.engine().assess(number, stage.now)
    assert a is not None
    assert a.missing == ()


def test_p1_a_note_keeps_the_role_its_author_had(stage: Stage) -> None:
    """An engineer who leaves the project does not turn an earlier answer into a customer's note."""
    admin, names = stage.actor("admin"), stage.server.names
    guest = stage.actor("customer-03-1")
    rights = {"user_id": names.id("principal", "customer-03-1"), "role_ids": [names.id("role", "Инженер отдела")]}
    made = admin.request("POST", f"/projects/{PROJECT}/memberships.json", {"membership": rights})
    number = stage.ticket()
    guest.note(number, "Отвечаю как инженер")
    stage.run()
    admin.request("DELETE", f"/memberships/{made['membership']['id']}.json")
    stage.later(minutes=30)
    stage.restart()
    a = stage.app.engine().assess(number, stage.now)
    assert a is not None
    assert a.standing.clock is Clock.ANSWERED
