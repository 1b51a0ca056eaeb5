"""What a ticket wants: order, notes per audience, what is asked, told and set, and what a person has decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.decide import decide, next_moment, wants
from bridge.core.decisions import (
    Acknowledge,
    Ask,
    Close,
    HandOver,
    Nudge,
    PleaseCheck,
    Propose,
    Reopen,
    RouteTo,
    SetTerm,
    Thank,
    told,
)
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Attribute, Audience, History, Journal, OwnStep, Refusal, Step, Write
from bridge.core.policy import Policy, Silence
from tests.unit.making import (
    CLIENT,
    CLOSED,
    COMPLETE,
    DEV,
    ENGINEER,
    FEATURE,
    INSTALL,
    LICENSE,
    PRESALE,
    PRODUCT,
    PROJECT,
    SALES_GROUP,
    STAFF,
    SYSTEM,
    UPDATE,
    WAITING,
    WORKING,
    did,
    journal,
    look,
    moment,
    policy,
    ticket,
)

GREETED = did("11-23 10:01", Step.ACKNOWLEDGE, Step.SET_TERM, due_date=("", "2026-11-25"))
ASKED = did("11-23 10:15", Step.ACKNOWLEDGE, Step.ASK, status=("Новая", WAITING))


def steps(*journals: Journal, now: str, subject: str = PRODUCT, rules: Policy | None = None, **more: Any) -> list[str]:
    """Names of what is wanted, in order."""
    return [one.step.value for one in wants(look(ticket(subject, *journals, **more), now, rules))]


def writes(
    *journals: Journal, now: str, subject: str = PRODUCT, rules: Policy | None = None, **more: Any
) -> list[Write]:
    """What would be written."""
    a = look(ticket(subject, *journals, **more), now, rules)
    return list(compose(wants(a), a))


@pytest.mark.parametrize(
    ("subject", "now", "wanted"),
    [
        pytest.param(PRODUCT, "11-23 10:00", ["acknowledge", "set_term"], id="A question"),
        pytest.param(INSTALL, "11-23 10:03", ["acknowledge", "set_term"], id="Asked only after settle"),
        pytest.param(INSTALL, "11-23 10:10", ["acknowledge", "ask"], id="Asked, so the term is not set"),
        pytest.param(FEATURE, "11-23 10:15", ["acknowledge", "route", "set_term"], id="Routed"),
        pytest.param(
            LICENSE, "11-23 10:15", ["acknowledge", "route", "propose", "set_term"], id="Out of scope, proposed"
        ),
        pytest.param(PROJECT, "11-23 10:15", ["route", "out_of_scope"], id="Out of scope, answered"),
        pytest.param(
            FEATURE, "11-26 12:00", ["acknowledge", "route", "set_term", "escalate"], id="Late on first sight"
        ),
    ],
)
def test_w1_a_first_pass_in_the_order_of_steps(subject: str, now: str, wanted: list[str]) -> None:
    """What is wanted comes in the order in which the specification lists it."""
    assert steps(now=now, subject=subject) == wanted


def test_w1_one_note_per_audience_and_attributes_with_the_public_one() -> None:
    """A late licence question wants four things: one private note without attributes first, then one public with them."""
    private, public = writes(now="11-26 12:00", subject=LICENSE)
    assert (private.private, public.private) == (True, False)
    assert private.changes == ()
    assert [own.step for own in private.steps] == [Step.PROPOSE, Step.ESCALATE]
    assert {change.attribute for change in public.changes} == {Attribute.ASSIGNEE, Attribute.DUE_DATE}


def test_w1_attributes_alone_are_not_written() -> None:
    """Staff answered before the bridge looked: a new question is not an occasion to set attributes without words."""
    answered = journal("11-23 10:05", STAFF, "Ответ")
    more = journal("11-23 12:00", CLIENT, "А ещё вопрос?")
    assert steps(answered, more, now="11-23 12:30", subject=FEATURE) == []


def test_w1_attributes_alone_are_written_where_the_rules_ask_for_it() -> None:
    """With `attributes_alone` the due date is kept in step without a note."""
    rules = replace(policy(), terms=replace(policy().terms, attributes_alone=True))
    longer = journal("11-24 12:00", STAFF, "Уточните?", status=("Новая", "Обратная связь"))
    back = journal("11-25 19:00", STAFF, status=("Обратная связь", "Новая"))
    (one,) = writes(GREETED, longer, back, now="11-26 10:00", rules=rules)
    assert (one.notes, one.private) == ("", False)
    assert [(change.attribute, change.new) for change in one.changes] == [(Attribute.DUE_DATE, "2026-11-27")]


def test_w1_a_private_note_with_attributes_is_refused() -> None:
    """Redmine would split it in two journals."""
    (change,) = writes(now="11-23 10:15")[0].changes
    with pytest.raises(ValueError, match="W1"):
        Write((), "слова", private=True, changes=(change,))


def test_w1_told_names_each_audience_once() -> None:
    """Who is written to, in the order of the specification."""
    assert told(wants(look(ticket(LICENSE), "11-26 12:00"))) == (Audience.CLIENT, Audience.DEPARTMENT, Audience.LEAD)


# --- F: asking and thanking -----------------------------------------------------------------------------------------------------------


def one(kind: type, *journals: Journal, now: str, subject: str = INSTALL, **more: Any) -> Any:
    """The only decision of a kind; None where there is none."""
    found = [it for it in wants(look(ticket(subject, *journals, **more), now)) if isinstance(it, kind)]
    assert len(found) <= 1
    return found[0] if found else None


def test_f1_wanted_fields_are_asked_for_in_the_acknowledgement_only() -> None:
    """A question about products names both fields once and waits for neither."""
    assert [rule.name for rule in one(Acknowledge, now="11-23 10:15", subject=PRODUCT).wanted] == [SYSTEM, UPDATE]
    assert one(Ask, now="11-23 10:15", subject=PRODUCT) is None
    assert steps(GREETED, now="11-23 15:00") == []


@pytest.mark.parametrize(
    ("journals", "now", "asked"),
    [
        pytest.param((), "11-23 10:09", None, id="Not before the customer was quiet for ten minutes"),
        pytest.param((), "11-23 10:10", [SYSTEM, UPDATE], id="Exactly ten minutes"),
        pytest.param((journal("11-23 10:08", CLIENT, "Ещё"),), "11-23 10:15", None, id="Another note starts them anew"),
        pytest.param((journal("11-23 10:08", CLIENT, "Ещё"),), "11-23 10:18", [SYSTEM, UPDATE], id="Then again"),
        pytest.param(
            (journal("11-23 10:08", STAFF, "Коллеги", private=True),),
            "11-23 10:10",
            [SYSTEM, UPDATE],
            id="Staff are not waited for",
        ),
        pytest.param((journal("11-23 10:05", STAFF, "Ответ"),), "11-23 10:30", None, id="Staff have it in hand"),
        pytest.param((ASKED,), "11-24 10:30", None, id="trap 5: asked already"),
        pytest.param(
            (ASKED, journal("11-23 12:00", CLIENT, f"{SYSTEM}: Альт Сервер 10.2, x86_64")),
            "11-23 12:10",
            [UPDATE],
            id="The rest",
        ),
        pytest.param(
            (ASKED, journal("11-23 12:00", CLIENT, "не знаю")),
            "11-23 12:30",
            None,
            id="trap 6: not asked again after a reply",
        ),
    ],
)
def test_f3_when_what_is_asked(journals: tuple[Journal, ...], now: str, asked: list[str] | None) -> None:
    """Needed fields are asked for once the customer is quiet, and never what was answered or asked."""
    found = one(Ask, *journals, now=now)
    assert (found and [rule.name for rule in found.fields]) == asked


def test_f3_the_first_look_wakes_up_when_the_customer_has_settled() -> None:
    """A ticket seen at once is looked at again ten minutes after its receipt."""
    early = did("11-23 10:01", Step.ACKNOWLEDGE, Step.SET_TERM, due_date=("", "2026-11-25"))
    assert next_moment(look(ticket(INSTALL, early), "11-23 10:02")) == moment("11-23 10:10")


def test_f4_a_complete_answer_is_thanked_written_and_the_status_put_back() -> None:
    """One note: thanks, both fields filled, the status back, the new term."""
    reply = journal("11-23 14:00", CLIENT, "1. Альт Сервер 10.2, x86_64\n2. вчера вечером")
    (write,) = writes(ASKED, reply, now="11-23 14:15", subject=INSTALL)
    assert [own.step for own in write.steps] == [Step.THANK, Step.SET_TERM]
    assert {(change.name or change.attribute.value): change.new for change in write.changes} == {
        SYSTEM: "Альт Сервер 10.2, x86_64",
        UPDATE: "вчера вечером",
        "status": WORKING,
        "due_date": "2026-11-25",
    }


def test_f5_a_reply_that_was_not_understood() -> None:
    """The customer gets a short word, staff a private "please check"; each only once."""
    reply = journal("11-23 14:00", CLIENT, "не знаю, где смотреть")
    assert one(Thank, ASKED, journal("11-23 14:00", CLIENT, "-"), now="11-23 14:15") is not None
    assert steps(ASKED, reply, now="11-23 14:15", subject=INSTALL) != []
    unclear = journal("11-23 14:00", CLIENT, "А зачем это вам?")
    assert not one(Thank, ASKED, unclear, now="11-23 14:15").understood
    assert one(PleaseCheck, ASKED, unclear, now="11-23 14:15").told == (Audience.DEPARTMENT,)
    private = did("11-23 14:15", Step.THANK, private=True)
    public = did("11-23 14:15", Step.THANK, Step.SET_TERM, status=(WAITING, WORKING))
    assert one(PleaseCheck, ASKED, unclear, private, now="11-23 14:20") is None
    assert one(Thank, ASKED, unclear, private, now="11-23 14:20") is not None
    assert steps(ASKED, unclear, private, public, now="11-23 14:20", subject=INSTALL) == []


def test_t9_the_status_goes_back_also_when_staff_asked_first() -> None:
    """Staff asked before the bridge had said a word; the reply is received and the status put back, once."""
    question = journal("11-23 10:00", STAFF, "Сколько мест?", status=("Новая", WAITING))
    reply = journal("11-23 12:00", CLIENT, "Около трёхсот")
    (write,) = writes(question, reply, now="11-23 12:15")
    assert [change.new for change in write.changes if change.attribute is Attribute.STATUS] == [WORKING]
    thanked = did("11-23 12:15", Step.THANK, Step.SET_TERM, status=(WAITING, WORKING))
    assert steps(question, reply, thanked, now="11-23 12:30") == []


def test_f3_who_is_asked_and_thanked_at_once_stays_waiting() -> None:
    """Staff were waiting for a call; the customer's note ends that pause and leaves fields missing: the ticket goes on waiting."""
    waiting = journal("11-23 10:05", STAFF, status=("Новая", WAITING))
    reply = journal("11-23 12:00", CLIENT, "Перезвоните, пожалуйста")
    (write,) = writes(GREETED, waiting, reply, now="11-23 12:15", subject=INSTALL)
    assert [own.step for own in write.steps] == [Step.ASK]
    assert WORKING not in [change.new for change in write.changes]


@pytest.mark.parametrize("step", [Step.ASK, Step.REOPEN, Step.OUT_OF_SCOPE, Step.ACKNOWLEDGE])
def test_p4_who_was_written_to_is_not_greeted_afterwards(step: Step) -> None:
    """A ticket that has had a note of the bridge is not acknowledged any more, also with an empty store."""
    assert one(Acknowledge, did("11-23 10:15", step), now="11-23 10:30") is None


# --- P5, R: what a person has decided -------------------------------------------------------------------------------------------------


def test_p5_an_assignee_set_by_staff_stays() -> None:
    """What a person set by a journal is not set by the bridge; what stood at creation is."""
    by_hand = journal("11-23 10:05", STAFF, assigned_to=("", "Иван Иванов"))
    routed = one(RouteTo, by_hand, now="11-23 10:15", subject=FEATURE)
    assert [change.attribute for change in routed.changes] == [Attribute.PRIORITY]
    at_creation = one(RouteTo, now="11-23 10:15", subject=FEATURE, assigned_to=PRESALE)
    assert [change.attribute for change in at_creation.changes] == [Attribute.ASSIGNEE, Attribute.PRIORITY]


def test_p5_a_due_date_set_by_staff_is_not_overwritten() -> None:
    """The bridge sets no other date in that term."""
    by_hand = journal("11-23 10:05", STAFF, due_date=("", "2026-12-01"))
    assert one(SetTerm, by_hand, now="11-23 10:15", subject=PRODUCT) is None


def test_w3_what_redmine_did_not_take_is_not_tried_again() -> None:
    """A refused value is left out, the note goes all the same."""
    history = History(refused=frozenset({Refusal(Attribute.DUE_DATE, "2026-11-25"), Refusal(Attribute.ASSIGNEE, DEV)}))
    found = decide(ticket(FEATURE), history, policy(), moment("11-23 10:15"))
    assert [it.step for it in found] == [Step.ACKNOWLEDGE, Step.ROUTE]
    (routed,) = (it for it in found if isinstance(it, RouteTo))
    assert [change.attribute for change in routed.changes] == [Attribute.PRIORITY]


def test_r2_nobody_stays_assigned_to_the_wrong_department() -> None:
    """The first line is assigned to nobody, but a ticket that stands at another department is put right."""
    assert one(RouteTo, now="11-23 10:15", subject=PRODUCT) is None
    astray = one(RouteTo, now="11-23 10:15", subject=PRODUCT, assigned_to=SALES_GROUP)
    assert [change.new for change in astray.changes] == [PRESALE]


def test_r3_a_changed_kind_is_routed_anew_with_the_reason() -> None:
    """The customer's words change the kind: one public note tells the customer and carries the attributes (W1)."""
    words = journal("11-23 12:00", CLIENT, "На самом деле нужна новая функция")
    routed = one(RouteTo, GREETED, words, now="11-23 12:15", subject="Добрый день")
    assert routed.anew
    assert routed.told == (Audience.CLIENT,)
    assert "функция" in routed.reason


def test_r3_what_was_passed_to_sales_is_not_taken_back() -> None:
    """Asking for an approval after the kind changed counts as routed: the next pass leaves the ticket with sales."""
    words = journal("11-23 12:00", CLIENT, "Это принтер")
    asked = did(
        "11-23 12:15",
        Step.REQUEST_APPROVAL,
        Step.SET_TERM,
        Step.EXTEND,
        status=("Новая", "Согласование"),
        assigned_to=("", SALES_GROUP),
        due_date=("2026-11-25", "2026-11-26"),
    )
    assert one(RouteTo, GREETED, words, asked, now="11-23 12:30", subject="Добрый день", fields=COMPLETE) is None


def test_r4_a_hand_over_is_told_once() -> None:
    """The customer is told of the department and of the longer term in one note."""
    moved = journal("11-24 11:00", STAFF, assigned_to=("", DEV))
    assert steps(GREETED, moved, now="11-24 11:05") == ["hand_over", "set_term", "extend"]
    told_it = did("11-24 11:05", Step.HAND_OVER, Step.SET_TERM, Step.EXTEND, due_date=("2026-11-25", "2026-11-26"))
    assert steps(GREETED, moved, told_it, now="11-24 12:00") == []
    assert isinstance(one(HandOver, GREETED, moved, now="11-24 11:05", subject=PRODUCT), HandOver)


def test_r6_a_proposal_is_made_once_and_never_after_staff_spoke() -> None:
    """The answer is proposed in a private note, to the addressee."""
    assert one(Propose, now="11-23 10:15", subject=LICENSE).told == (Audience.DEPARTMENT,)
    proposed = did("11-23 10:15", Step.PROPOSE, private=True)
    assert one(Propose, proposed, now="11-23 11:00", subject=LICENSE) is None
    assert one(Propose, journal("11-23 10:05", ENGINEER, "Ответ"), now="11-23 11:00", subject=LICENSE) is None


def test_t11_thanks_on_a_closed_ticket_do_not_reopen_it() -> None:
    """A question does, once; thanks, a machine's reply and a file without words do not."""
    closed = journal("11-24 10:00", STAFF, "Готово", status=("Новая", CLOSED))
    for words in ("Спасибо!", "", "👍"):
        assert one(Reopen, closed, journal("11-25 10:00", CLIENT, words, files=("a.log",)), now="11-25 10:15") is None
    assert one(Reopen, closed, journal("11-25 10:00", CLIENT, "В отпуске", auto_reply=True), now="11-25 10:15") is None
    question = journal("11-25 10:00", CLIENT, "Проблема осталась, что делать?")
    (write,) = writes(closed, question, now="11-25 10:15")
    assert [(change.attribute.value, change.new) for change in write.changes] == [
        ("due_date", "2026-11-27"),
        ("status", WORKING),
    ]


def test_w1_a_ticket_of_another_tracker_wants_nothing() -> None:
    """What was moved out of scope is nobody's."""
    moved = journal("11-23 11:00", STAFF, tracker=("ТехП Пресейл", "Ошибка"))
    assert steps(moved, now="11-27 12:00") == []


# --- F6: silence ----------------------------------------------------------------------------------------------------------------------


SILENT = replace(policy(), silence=Silence(nudge_after=5, close_after=10, status=CLOSED))
NUDGED = did("11-30 18:05", Step.NUDGE)
NUDGED_LATE = did("12-14 12:00", Step.NUDGE)


@pytest.mark.parametrize(
    ("journals", "now", "wanted"),
    [
        pytest.param((ASKED,), "11-30 17:59", [], id="Before five working days"),
        pytest.param((ASKED,), "11-30 18:00", ["nudge"], id="After five working days a warning"),
        pytest.param((ASKED, NUDGED), "12-07 17:59", [], id="Warned once"),
        pytest.param((ASKED, NUDGED), "12-07 18:00", ["close"], id="Ten working days after the request it is closed"),
        pytest.param((ASKED,), "12-14 12:00", ["nudge"], id="Never closed without a warning, however late"),
        pytest.param((ASKED, NUDGED_LATE), "12-18 17:59", [], id="A late warning leaves as much time"),
        pytest.param((ASKED, NUDGED_LATE), "12-21 18:00", ["close"], id="Five working days after a late warning"),
        pytest.param(
            (ASKED, journal("11-25 12:00", STAFF, "Звонил", private=True)), "11-30 18:00", [], id="Somebody is at it"
        ),
        pytest.param(
            (ASKED, NUDGED, journal("12-07 12:00", STAFF, "Звонил", private=True)),
            "12-07 18:00",
            [],
            id="Then nobody is closed",
        ),
    ],
)
def test_f6_silence(journals: tuple[Journal, ...], now: str, wanted: list[str]) -> None:
    """Only where nobody but the bridge did anything is a silent customer warned, and closed later."""
    assert steps(*journals, now=now, subject=INSTALL, rules=SILENT) == wanted


def test_f6_silence_is_off_as_shipped() -> None:
    """Without the rule nobody is warned or closed, ever."""
    assert steps(ASKED, now="2027-03-01 12:00", subject=INSTALL) == []


def test_f6_the_warning_names_the_day_of_the_closing() -> None:
    """A customer is told by when to write; a close sets the status of the rules."""
    (write,) = writes(ASKED, now="11-30 18:00", subject=INSTALL, rules=SILENT)
    assert "7 декабря" in write.notes
    (closing,) = writes(ASKED, NUDGED, now="12-07 18:00", subject=INSTALL, rules=SILENT)
    assert [change.new for change in closing.changes] == [CLOSED]
    assert {Nudge.step, Close.step} == {write.steps[0].step, closing.steps[0].step}


def test_p4_a_ledger_alone_is_enough() -> None:
    """Where the note was deleted in Redmine the ledger still knows: nothing is said twice (T13)."""
    own = OwnStep(Step.ACKNOWLEDGE, 1, moment("11-23 10:01"))
    assert decide(ticket(PRODUCT), History(done=(own,)), policy(), moment("11-23 11:00")) == ()
    assert decide(ticket(PRODUCT), EMPTY_HISTORY, policy(), moment("11-23 11:00")) != ()


def test_t13_journals_after_now_are_not_seen() -> None:
    """What happens later does not change what was wanted before; a journal of that very moment is seen."""
    answer = journal("11-23 12:00", STAFF, "Ответ")
    seen = ticket(PRODUCT, answer)
    before = moment("11-23 12:00") - timedelta(seconds=1)
    assert decide(seen, EMPTY_HISTORY, policy(), before) == decide(ticket(PRODUCT), EMPTY_HISTORY, policy(), before)
    assert decide(seen, EMPTY_HISTORY, policy(), moment("11-23 12:00")) == ()
