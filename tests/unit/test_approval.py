"""The gate of an approval: who may decide, minds that change, and what the bridge does about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.approval import Verdict, may_decide
from bridge.core.decide import wants
from bridge.core.decisions import HandOver, OutOfScope, Propose, RequestApproval
from bridge.core.model import Journal, Step
from bridge.core.policy import Approval, Mark
from tests.unit.making import (
    BRIDGE,
    CLIENT,
    COMPLETE,
    ENGINEER,
    LAB,
    PRINTER,
    PRODUCT,
    ROBOT,
    SALES,
    SALES_GROUP,
    STAFF,
    did,
    journal,
    look,
    moment,
    policy,
    ticket,
)

ASKED = did(
    "11-23 10:15",
    Step.ACKNOWLEDGE,
    Step.REQUEST_APPROVAL,
    Step.EXTEND,
    status=("Новая", "Согласование"),
    assigned_to=("", SALES_GROUP),
)


def granted(at: str, who: Any = SALES, old: str = "Согласование", **more: Any) -> Journal:
    """Somebody sets the mark of agreement."""
    return journal(at, who, status=(old, "Согласовано"), **more)


def refused(at: str, who: Any = SALES, old: str = "Согласование", **more: Any) -> Journal:
    """Somebody sets the mark of refusal."""
    return journal(at, who, status=(old, "Не согласовано"), **more)


@pytest.mark.parametrize(
    ("journals", "verdict"),
    [
        pytest.param((), Verdict.NONE, id="Not asked yet"),
        pytest.param((ASKED,), Verdict.WAITING, id="Asked by the bridge"),
        pytest.param(
            (journal("11-23 10:05", STAFF, status=("Новая", "Согласование")),), Verdict.WAITING, id="By staff"
        ),
        pytest.param(
            (journal("11-23 10:05", CLIENT, status=("Новая", "Согласование")),), Verdict.NONE, id="By a customer"
        ),
        pytest.param((ASKED, granted("11-23 12:00")), Verdict.GIVEN, id="Given by sales"),
        pytest.param((ASKED, refused("11-23 12:00")), Verdict.REFUSED, id="Refused by sales"),
        pytest.param((ASKED, granted("11-23 12:00", STAFF)), Verdict.WAITING, id="The first line may not"),
        pytest.param((ASKED, granted("11-23 12:00", ENGINEER)), Verdict.WAITING, id="Another department may not"),
        pytest.param((ASKED, granted("11-23 12:00", CLIENT)), Verdict.WAITING, id="The customer may not"),
        pytest.param((ASKED, granted("11-23 12:00", ROBOT)), Verdict.WAITING, id="A robot may not"),
        pytest.param((ASKED, granted("11-23 12:00", BRIDGE)), Verdict.WAITING, id="The bridge may not"),
        pytest.param(
            (ASKED, refused("11-23 12:00"), granted("11-24 12:00", old="Не согласовано")),
            Verdict.GIVEN,
            id="Given after all",
        ),
        pytest.param(
            (ASKED, granted("11-23 12:00"), refused("11-24 12:00", old="Согласовано")),
            Verdict.REFUSED,
            id="Taken back",
        ),
        pytest.param(
            (ASKED, refused("11-23 12:00"), granted("11-24 12:00", STAFF, "Не согласовано")),
            Verdict.REFUSED,
            id="Nobody else overrules it",
        ),
        pytest.param(
            (ASKED, refused("11-23 12:00"), journal("11-24 12:00", SALES, status=("Не согласовано", "Согласование"))),
            Verdict.WAITING,
            id="Asked anew",
        ),
        pytest.param((granted("11-23 10:05", old="Новая"),), Verdict.GIVEN, id="Given before it was asked for"),
    ],
)
def test_r5_where_an_approval_stands(journals: tuple[Journal, ...], verdict: Verdict) -> None:
    """The last mark of a member of the deciding department counts."""
    assert look(ticket(PRINTER, *journals, fields=COMPLETE), "11-25 12:00").approval.verdict is verdict


def test_r5_other_routes_have_no_gate() -> None:
    """The marks mean nothing on a route without an approval."""
    assert look(ticket(PRODUCT, granted("11-23 12:00")), "11-25 12:00").approval.verdict is Verdict.NONE


@pytest.mark.parametrize(
    ("person", "may"),
    [
        pytest.param(SALES, True, id="By the group"),
        pytest.param(STAFF, False, id="Another group"),
        pytest.param(replace(STAFF, login="volkova"), True, id="By the login among the members"),
        pytest.param(replace(STAFF, name="Анна Волкова"), True, id="By the name among the members"),
    ],
)
def test_r5_who_may_decide(person: Any, may: bool) -> None:
    """Members are known by the group, or by name where Redmine hides groups."""
    department = replace(policy().departments[SALES_GROUP], members=frozenset({"volkova", "Анна Волкова"}))
    assert may_decide(person, department) is may


def test_r5_a_field_can_be_the_mark() -> None:
    """Where the decision is a field's value, the field is looked at."""
    marks = {name: Mark(field="Решение", value=name) for name in ("ждём", "да", "нет")}
    gate = Approval(SALES_GROUP, marks["ждём"], marks["да"], marks["нет"], LAB)
    routes = tuple(replace(one, approval=gate) if one.approval else one for one in policy().routes)
    rules = replace(policy(), routes=routes)
    said = journal("11-23 12:00", SALES, fields={"Решение": ("", "да")})
    assert look(ticket(PRINTER, said), "11-24 12:00", rules).approval.verdict is Verdict.GIVEN


def of(kind: type, *journals: Journal, now: str = "11-25 12:00", **more: Any) -> list[Any]:
    """The decisions of one kind that a printer's ticket wants."""
    return [
        one for one in wants(look(ticket(PRINTER, *journals, fields=COMPLETE, **more), now)) if isinstance(one, kind)
    ]


def test_r5_sales_are_asked_once_the_fields_are_there() -> None:
    """The request sets the waiting mark and the department, and is not repeated."""
    (asked,) = of(RequestApproval, now="11-23 10:15")
    assert {(change.attribute.value, change.new) for change in asked.changes} == {
        ("status", "Согласование"),
        ("assigned_to", SALES_GROUP),
    }
    assert of(RequestApproval, ASKED) == []
    incomplete = wants(look(ticket(PRINTER), "11-23 10:15"))
    assert not any(isinstance(one, RequestApproval) for one in incomplete)


def test_r5_granted_goes_on_to_the_laboratory() -> None:
    """Agreement passes the ticket on, once; whoever assigned it with the decision is not overruled (P5)."""
    (passed,) = of(HandOver, ASKED, granted("11-23 12:00"))
    assert (passed.text, passed.department.name) == ("approval_granted", LAB)
    assert [change.new for change in passed.changes] == [LAB]
    by_hand = granted("11-23 12:00", assigned_to=(SALES_GROUP, "Иван Иванов"))
    (told,) = of(HandOver, ASKED, by_hand)
    assert told.changes == ()
    done = did("11-23 12:05", Step.HAND_OVER, assigned_to=(SALES_GROUP, LAB))
    assert of(HandOver, ASKED, granted("11-23 12:00"), done) == []


def test_r5_refused_has_a_text_of_its_own_once() -> None:
    """A refusal is told with its own text; after it nothing more, until a mind changes."""
    (told,) = of(OutOfScope, ASKED, refused("11-23 12:00"))
    assert told.answer == policy().texts["approval_refused"]
    done = did("11-23 12:05", Step.OUT_OF_SCOPE)
    assert of(OutOfScope, ASKED, refused("11-23 12:00"), done) == []


def test_r5_agreed_after_the_refusal_was_told_starts_a_fresh_term() -> None:
    """The refusal stopped the clock; whoever changes their mind sets it going again, and the laboratory has a term of its own."""
    told = did("11-23 12:05", Step.OUT_OF_SCOPE)
    stopped = look(ticket(PRINTER, ASKED, refused("11-23 12:00"), told, fields=COMPLETE), "11-24 11:00")
    assert stopped.standing.clock.value == "stopped"
    agreed = granted("11-24 12:00", old="Не согласовано")
    seen = look(ticket(PRINTER, ASKED, refused("11-23 12:00"), told, agreed, fields=COMPLETE), "11-24 12:10")
    assert (seen.standing.clock.value, seen.standing.due) == ("running", moment("11-26 18:00"))
    assert (seen.department.name, seen.standing.department_due) == (LAB, moment("11-25 18:00"))
    assert [one.step.value for one in wants(seen)] == ["hand_over", "set_term"]


def test_r5_who_may_not_decide_is_told_so_once() -> None:
    """Staff get a private hint when somebody else sets the mark."""
    (hint,) = of(Propose, ASKED, granted("11-23 12:00", STAFF))
    assert hint.text == "wrong_approver"
    assert of(Propose, ASKED, granted("11-23 12:00", STAFF), did("11-23 12:05", Step.PROPOSE, private=True)) == []


def test_r5_waiting_extends_and_does_not_pause() -> None:
    """Waiting for sales is a hand-over: one day more, the clock runs, silence never refuses."""
    seen = look(ticket(PRINTER, ASKED, fields=COMPLETE), "11-25 12:00")
    assert (seen.standing.clock.value, seen.standing.due) == ("running", moment("11-26 18:00"))
    late = look(ticket(PRINTER, ASKED, fields=COMPLETE), "12-15 12:00")
    assert late.approval.verdict is Verdict.WAITING
    assert not any(isinstance(one, OutOfScope) for one in wants(late))


def test_r5_t1_the_laboratorys_own_term_starts_with_the_agreement() -> None:
    """Granted, the ticket is the laboratory's, whose own term runs from then; the customer's grows by the one day of the waiting only."""
    got = look(ticket(PRINTER, ASKED, granted("11-24 12:00"), fields=COMPLETE), "11-24 13:00").standing
    assert (got.department.name, got.department_due) == (LAB, moment("11-25 18:00"))
    assert (got.due, len(got.term.extensions)) == (moment("11-26 18:00"), 1)
