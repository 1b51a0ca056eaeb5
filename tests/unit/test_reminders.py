"""Reminders: each step once per term, in working time, only the last one after downtime, moving with the term."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.core.decide import next_moment, wants
from bridge.core.decisions import Escalate, Remind
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Audience, History, Journal, OwnStep, Step
from bridge.core.reminders import planned
from tests.unit.making import (
    CLIENT,
    CLOSED,
    DEV,
    FEEDBACK,
    PRODUCT,
    STAFF,
    carried_out,
    did,
    hours,
    journal,
    look,
    moment,
    policy,
    ticket,
)

# Received on Monday 23 November: due on Wednesday 25 at 18:00, so steps at Wed 14:00, 17:00, 18:00 and Thu 18:00.
GREETED = did("11-23 10:01", Step.ACKNOWLEDGE, Step.SET_TERM, due_date=("", "2026-11-25"))


def said(*journals: Journal, now: str, history: History = EMPTY_HISTORY, **more: object) -> list[int]:
    """Ordinals of the steps that are said at a moment."""
    seen = look(ticket(PRODUCT, GREETED, *journals, **more), now, history=history)  # type: ignore[arg-type]
    return [one.ordinal for one in wants(seen) if isinstance(one, Remind | Escalate)]


def done(at: str, step: Step, ordinal: int) -> Journal:
    """A reminder that stands in the ticket."""
    return did(at, step, private=True, ordinals={step: ordinal})


@pytest.mark.parametrize(
    ("now", "steps"),
    [
        pytest.param("11-23 10:15", [], id="At the beginning nothing"),
        pytest.param("11-25 13:59", [], id="A minute before the first step"),
        pytest.param("11-25 14:00", [1], id="Four working hours before"),
        pytest.param("11-25 16:59", [1], id="Until the next step"),
        pytest.param("11-25 17:00", [2], id="An hour before: only the last due step"),
        pytest.param("11-25 18:00", [], id="At the end nobody works any more"),
        pytest.param("11-25 23:00", [], id="trap 3: not at night"),
        pytest.param("11-26 08:59", [], id="Not before opening"),
        pytest.param("11-26 09:00", [3], id="At the next opening the last due step"),
        pytest.param("11-26 18:30", [], id="Not after closing"),
        pytest.param("11-27 09:00", [4], id="A day late"),
        pytest.param("11-28 12:00", [], id="trap 3: not at a weekend"),
        pytest.param("12-07 12:00", [4], id="trap 11: after long downtime one step only, and it is not lost"),
    ],
)
def test_m1_trap_3_trap_11_which_step_is_said_when(now: str, steps: list[int]) -> None:
    """Of all steps that have come only the last is said, and only in working time."""
    assert said(now=now) == steps


@pytest.mark.parametrize(
    ("already", "now", "steps"),
    [
        pytest.param([("11-25 14:00", Step.REMIND, 1)], "11-25 15:00", [], id="Not the same step again"),
        pytest.param([("11-25 14:00", Step.REMIND, 1)], "11-25 17:00", [2], id="The next one in its time"),
        pytest.param([("11-25 17:00", Step.REMIND, 2)], "11-25 17:30", [], id="Those that were skipped stay skipped"),
        pytest.param([("11-25 14:00", Step.REMIND, 0)], "11-25 15:00", [], id="A step whose ordinal is not known"),
        pytest.param(
            [("11-25 13:00", Step.REMIND, 1)], "11-25 15:00", [1], id="One from before belongs to another due"
        ),
        pytest.param([("11-26 09:00", Step.REMIND, 3)], "11-26 10:00", [3], id="A reminder is no escalation"),
        pytest.param([("11-26 09:00", Step.ESCALATE, 3)], "11-26 10:00", [], id="Escalated once"),
    ],
)
def test_m1_trap_4_each_step_once(already: list[tuple[str, Step, int]], now: str, steps: list[int]) -> None:
    """What stands in the ticket is not said again for the same term."""
    assert said(*(done(*one) for one in already), now=now) == steps


def test_trap_4_the_ledger_does_not_expire() -> None:
    """A note that was deleted stays said for as long as the ledger knows it, however often and long passes run."""
    history = History(done=(OwnStep(Step.ESCALATE, 4, moment("11-27 09:00"), "due 2026-11-25T18:00:00+03:00"),))
    assert said(now="11-27 12:00", history=history) == []
    assert said(now="2027-06-15 12:00", history=history) == []


def test_trap_4_a_hundred_passes_say_four_things() -> None:
    """A pass every half hour through two weeks says each of the four steps exactly once."""
    seen, now, count = ticket(PRODUCT, GREETED), moment("11-23 10:30"), []
    while now < moment("12-07 00:00"):
        a = look(seen, now)
        found = [one for one in wants(a) if isinstance(one, Remind | Escalate)]
        count += [one.ordinal for one in found]
        seen = carried_out(seen, compose(wants(a), a), now)
        now += hours(0.5)
    assert count == [1, 2, 3, 4]


def test_m1_steps_re_arm_when_the_term_moves() -> None:
    """After a hand-over the term ends a day later and its steps are said again for the new end."""
    moved = journal("11-25 15:00", STAFF, assigned_to=("", DEV))
    told = did("11-25 15:05", Step.HAND_OVER, Step.SET_TERM, Step.EXTEND, due_date=("2026-11-25", "2026-11-26"))
    first = done("11-25 14:00", Step.REMIND, 1)
    assert said(first, moved, told, now="11-25 17:30") == []
    assert 1 in said(first, moved, told, now="11-26 14:30")


@pytest.mark.parametrize(
    ("journals", "now"),
    [
        pytest.param((journal("11-24 10:00", STAFF, "Ответ"),), "11-26 12:00", id="trap 8: answered"),
        pytest.param((journal("11-24 10:00", STAFF, "?", status=("Новая", FEEDBACK)),), "12-01 12:00", id="Paused"),
        pytest.param((journal("11-24 10:00", CLIENT, status=("Новая", CLOSED)),), "12-01 12:00", id="Closed"),
        pytest.param(
            (journal("11-24 10:00", STAFF, tracker=("ТехП Пресейл", "Ошибка")),), "12-01 12:00", id="Moved away"
        ),
    ],
)
def test_m1_trap_8_nobody_is_reminded_of_what_is_not_owed(journals: tuple[Journal, ...], now: str) -> None:
    """An answered, paused, closed or foreign ticket escalates nothing."""
    assert said(*journals, now=now) == []


def test_trap_3_an_hour_before_is_an_hour_of_working_time() -> None:
    """A step four hours before Tuesday 11:00 lies on Monday 16:00, not in the night."""
    terms = replace(policy().terms, answer=policy().terms.hand_over.by)  # type: ignore[union-attr]
    rules = replace(policy(), terms=terms)
    a = look(ticket(PRODUCT, created="11-20 10:00"), "11-20 10:15", rules)
    steps = {one.step.ordinal: one.at for one in planned(a, replace(a.standing, due=moment("11-24 11:00")))}
    assert steps[1] == moment("11-23 16:00")
    assert steps[2] == moment("11-24 10:00")
    assert steps[4] == moment("11-25 11:00")


@pytest.mark.parametrize(
    ("assigned", "now", "told", "lead"),
    [
        pytest.param("", "11-25 14:00", Audience.DEPARTMENT, "", id="Assigned to nobody: the department"),
        pytest.param("Пресейл", "11-25 14:00", Audience.DEPARTMENT, "", id="Assigned to a group: the department"),
        pytest.param("Иван Иванов", "11-25 14:00", Audience.ASSIGNEE, "", id="Assigned to a person"),
        pytest.param("Иван Иванов", "11-25 17:00", Audience.LEAD, "orlova", id="A step for the lead"),
    ],
)
def test_m1_who_is_reminded(assigned: str, now: str, told: Audience, lead: str) -> None:
    """Assignee, department or lead, as the rules and the ticket say."""
    (one,) = [
        one
        for one in wants(look(ticket(PRODUCT, GREETED, assigned_to=assigned), now))
        if isinstance(one, Remind | Escalate)
    ]
    assert (one.told, one.lead) == ((told,), lead)


def test_m1_a_departments_own_lead_is_told() -> None:
    """A department with a lead of its own escalates to that one."""
    moved = journal("11-23 11:00", STAFF, assigned_to=("", DEV))
    told = did("11-23 11:05", Step.HAND_OVER, Step.EXTEND)
    found = wants(look(ticket(PRODUCT, GREETED, moved, told), "11-27 09:30"))
    assert {one.lead for one in found if isinstance(one, Escalate)} == {"petrova"}


def test_m1_both_terms_have_steps_of_their_own() -> None:
    """Customer's and department's term are reminded of apart, in one pass."""
    moved = journal("11-24 11:00", STAFF, assigned_to=("", DEV))
    told = did("11-24 11:05", Step.HAND_OVER, Step.EXTEND)
    assert said(moved, told, now="11-25 16:30") == [5]
    assert said(moved, told, now="11-27 09:00") == [3, 6]


@pytest.mark.parametrize(
    ("now", "then"),
    [
        pytest.param("11-23 10:30", "11-25 14:00", id="To the first step"),
        pytest.param("11-25 14:00", "11-25 17:00", id="To the next one"),
        pytest.param("11-25 17:30", "11-26 09:00", id="A step at closing time wakes at the next opening"),
        pytest.param("11-25 20:00", "11-26 09:00", id="At night to the opening"),
        pytest.param("11-28 12:00", "11-30 09:00", id="At a weekend to Monday"),
        pytest.param("12-01 12:00", None, id="When all is said nothing wakes it"),
    ],
)
def test_m1_when_the_ticket_is_looked_at_next(now: str, then: str | None) -> None:
    """The next look is when the next step comes, in working time."""
    assert next_moment(look(ticket(PRODUCT, GREETED), now)) == (moment(then) if then else None)


def test_t8_the_lead_is_told_of_a_closing_without_an_answer_once() -> None:
    """Closed by staff without a word: one private note to the lead."""
    closed = journal("11-24 10:00", STAFF, status=("Новая", CLOSED))
    (one,) = wants(look(ticket(PRODUCT, GREETED, closed), "11-24 10:05"))
    assert isinstance(one, Escalate)
    assert (one.text, one.lead) == ("closed_unanswered", "orlova")
    assert (
        wants(look(ticket(PRODUCT, GREETED, closed, did("11-24 10:06", Step.ESCALATE, private=True)), "11-24 11:00"))
        == ()
    )
