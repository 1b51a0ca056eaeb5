"""`explain`: every line of a term counted by hand, the nearest misses with what they lacked, and the shape of its JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import pytest

from bridge.cli.main import run
from bridge.core.learned import Learned
from bridge.core.model import Step
from bridge.core.policy import Policy
from bridge.policy.load import parse
from bridge.report.explain import Explanation, as_text, explain
from tests.unit.making import (
    CLIENT,
    DEV,
    ENGINEER,
    FEEDBACK,
    INSTALL,
    PRODUCT,
    ROOT,
    RULES,
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

# The calendar of these days: Friday 30 October; the weekend; Monday 2 November; Tuesday the 3rd is short and closes at 17:00;
# Wednesday the 4th is a holiday; Thursday the 5th; Friday the 6th.
#
# Received on Friday at 10:00, 2 working days: Monday and Tuesday. Passed to another department on Monday: one day more, so Thursday.
# The pause begins on Tuesday at 17:30, when the short day has closed already (on a usual day it would cost the day), goes over the
# holiday and over the closing of Thursday, and ends on Friday at 10:00: Thursday does not count, Friday does.
SEEN = ticket(
    PRODUCT,
    did("10-30 10:01", Step.ACKNOWLEDGE, Step.SET_TERM, due_date=("", "2026-11-03")),
    journal("11-02 15:00", STAFF, assigned_to=("", DEV)),
    did("11-02 15:01", Step.HAND_OVER, Step.EXTEND, due_date=("2026-11-03", "2026-11-05")),
    journal("11-03 17:30", ENGINEER, "Уточните, пожалуйста.", status=("Новая", FEEDBACK)),
    journal("11-06 10:00", CLIENT, "Уточняю: нужен сервер.", status=(FEEDBACK, WORKING)),
    created="10-30 10:00",
)
CALENDAR = policy().calendar
PAUSE = "«Обратная связь» (journal 4) until Friday, 6 November, 10:00 MSK (journal 5)"
TERM = [
    (moment("10-30 10:00"), "", "term 1 begins: receipt"),
    (moment("11-02 15:00"), "+", "extended by 1 working day: passed to Отдел разработки (journal 2)"),
    (moment("11-03 17:30"), "pause", PAUSE),
    (date(2026, 10, 30), "no", "the day of receipt is not counted"),
    (date(2026, 10, 31), "no", "a day off"),
    (date(2026, 11, 1), "no", "a day off"),
    (date(2026, 11, 2), "1 of 3", "closes at 18:00"),
    (date(2026, 11, 3), "2 of 3", "closes at 17:00 (a short day)"),
    (date(2026, 11, 4), "no", "a day off"),
    (date(2026, 11, 5), "no", "closes at 18:00; paused then: «Обратная связь»"),
    (date(2026, 11, 6), "3 of 3", "closes at 18:00"),
]


def explained(now: str = "11-06 12:00") -> Explanation:
    """The ticket of these tests, explained."""
    return explain(look(SEEN, now))


def test_t4_t6_t9_r4_a_pause_over_a_holiday_a_hand_over_and_a_short_day_line_by_line() -> None:
    """What a lead would count with a calendar in hand."""
    e = explained()
    assert [(line.when, line.counts, line.why) for line in e.term] == TERM
    assert (e.clock, e.due, e.late_by) == ("running", moment("11-06 18:00"), "")
    # 9 hours on Monday, 8 on the short Tuesday; the pause from Tuesday 17:30 to Friday 10:00; 2 hours on Friday until noon.
    assert e.used == "19 hours"


def test_t6_while_paused_the_term_is_counted_as_if_it_resumed_now() -> None:
    """On Thursday at noon, before that day has closed, Thursday could still be the last day."""
    e = explained("11-05 12:00")
    days = {line.when: line.counts for line in e.term}
    assert e.clock == "paused"
    assert e.due == moment("11-05 18:00")
    assert (days[date(2026, 11, 3)], days[date(2026, 11, 5)]) == ("2 of 3", "3 of 3")
    assert e.term[2].why == "«Обратная связь» (journal 4) and it lasts"
    assert e.used == "17 hours"


def test_t1_m1_the_reminders_of_both_terms() -> None:
    """The department's own day ended on the short Tuesday at 17:00; the customer's reminders moved with the term."""
    assert [(line.at, line.step) for line in explained().reminders] == [
        (moment("11-03 15:00"), "Отдел"),
        (moment("11-03 17:00"), "Срок отдела"),
        (moment("11-06 14:00"), "Подходит"),
        (moment("11-06 17:00"), "Остался час"),
        (moment("11-06 18:00"), "Наступил"),
        (moment("11-09 18:00"), "День"),
    ]
    assert [line.state for line in explained().reminders][2:] == ["to come"] * 4


def test_t12_late_and_by_how_much() -> None:
    """An hour into Monday after the end on Friday."""
    e = explained("11-09 10:00")
    assert (e.clock, e.late_by) == ("late", "1 hour")


def test_t7_an_answered_term_says_by_which_note_it_ended() -> None:
    """The last line of the term."""
    answered = ticket(PRODUCT, journal("11-24 11:00", STAFF, "Ответ."))
    e = explain(look(answered, "11-24 12:00"))
    assert (e.term[-1].when, e.term[-1].why) == (
        moment("11-24 11:00"),
        "term 1 ended: answered (journal 1)",
    )


def test_p5_a_due_date_of_a_person_is_the_term() -> None:
    """No days are counted then."""
    fixed = ticket(PRODUCT, journal("11-23 11:00", STAFF, due_date=("", "2026-11-27")))
    e = explain(look(fixed, "11-23 12:00"))
    assert [line.why for line in e.term][1:] == ["a person has set the due date; it is the term from then on"]
    assert e.due == moment("11-27 18:00")


IN_HOURS = parse(
    RULES.replace("answer: 2 working days", "answer: 6 working hours").replace(
        "1 working day, at", "2 working hours, at"
    )
).policy


def test_t5_a_term_in_hours_is_told_day_by_day() -> None:
    """Which working time of each day counts, and how much that makes: a pause over noon, one from closing to opening, a weekend."""
    seen = ticket(
        PRODUCT,
        journal("11-20 14:00", STAFF, "Уточните", status=("Новая", WAITING)),
        journal("11-20 16:00", STAFF, status=(WAITING, WORKING)),
        journal("11-20 18:00", STAFF, "Ещё уточните", status=(WORKING, WAITING)),
        journal("11-23 09:00", STAFF, status=(WAITING, WORKING)),
        created="11-20 13:00",
    )
    e = explain(look(seen, "11-23 10:00", IN_HOURS))
    assert [(line.when, line.counts, line.why) for line in e.term][-5:] == [
        (date(2026, 11, 20), "3h of 6h", "13:00–14:00, 16:00–18:00"),
        (date(2026, 11, 21), "no", "a day off"),
        (date(2026, 11, 22), "no", "a day off"),
        (date(2026, 11, 23), "6h of 6h", "09:00–12:00"),
        (moment("11-23 12:00"), "", "6 working hours of working time, pauses excluded, end here"),
    ]


def test_t5_t10_each_term_in_hours_has_its_own_end() -> None:
    """An earlier term is not told with the end of the later one; a night's receipt counts nothing on its day."""
    seen = ticket(
        PRODUCT,
        journal("11-23 12:00", STAFF, "Ответ"),
        journal("11-24 20:00", CLIENT, "А как настроить прокси?"),
        created="11-23 10:00",
    )
    e = explain(look(seen, "11-25 10:00", IN_HOURS))
    assert [line.when for line in e.term if line.why.endswith("end here")] == [
        moment("11-23 16:00"),
        moment("11-25 15:00"),
    ]
    assert (date(2026, 11, 24), "no", "no working time on the clock") in [
        (line.when, line.counts, line.why) for line in e.term
    ]


NEAR = """\
  - name: Два слова
    kind: demo-stand
    department: Пресейл
    when:
      all:
        - text: [стенд]
        - text: [демонстрация]
        - none: [{text: [экзамен]}]
  - name: Кроме
    kind: bug-report
    department: Пресейл
    when:
      all:
        - text: [стенд]
        - none:
            - text: [сломать]
  - name: Примеры
    kind: vm-workstation
    department: Пресейл
    when:
      looks_like: {vm-workstation: 6}
"""
LEARNED = Learned(
    ("bug-report", "triage", "vm-workstation"),
    {},
    {
        "text стенд": {"vm-workstation": 2},
        "text образ": {"vm-workstation": 5},
        "text студент": {"triage": 1, "vm-workstation": -1},
    },
)


def with_routes(routes: str) -> Policy:
    """The rules with these routes on top, and what was learned."""
    text = RULES.replace("routes:\n", f"routes:\n{routes}", 1)
    return parse(f"{text}learned: learned.json\n", learned=LEARNED).policy


def test_the_nearest_misses_say_what_held_and_what_failed() -> None:
    """The routes with the most conditions that held come first; those of which nothing held are not shown."""
    e = explain(look(ticket("Стенд сломан"), "11-23 10:20", with_routes(NEAR)))
    nearest = {miss.route: (miss.held, miss.failed) for miss in e.nearest}
    assert (e.kind, e.because) == ("triage", "no other route matched")
    assert nearest == {
        "Два слова": (("the text has «Стенд» (стенд)",), ("the text has none of: демонстрация",)),
        "Кроме": (("the text has «Стенд» (стенд)",), ("must not be: the text has «сломан» (сломать)",)),
        "Примеры": ((), ("looks like vm-workstation, 2 points ahead of bug-report: «Стенд» +2; 6 are wanted",)),
    }


def test_f1_f4_each_field_has_its_verdict_and_its_source() -> None:
    """Read from the description; missing, and how often it was asked for."""
    seen = ticket(
        INSTALL, did("11-23 10:11", Step.ACKNOWLEDGE, Step.ASK), description="Система: Альт Рабочая станция 10.2"
    )
    lines = {line.field: line for line in explain(look(seen, "11-23 11:00")).fields}
    assert (lines[SYSTEM].verdict, lines[SYSTEM].source) == ("filled", "read from the description")
    assert (lines[UPDATE].verdict, lines[UPDATE].demand) == ("missing", "needed for os-install")
    assert lines[UPDATE].source == "the field is empty, asked for 1 time(s)"


def test_f2_a_field_that_says_nothing_tells_why() -> None:
    """Too short, a placeholder, nothing attached: the lead sees what the rule lacked."""
    values = {SYSTEM: "Альт 10", UPDATE: "не знаю"}
    lines = {line.field: line for line in explain(look(ticket(INSTALL, fields=values), "11-23 10:05")).fields}
    assert (lines[SYSTEM].verdict, lines[SYSTEM].source) == (
        "missing",
        "in the field, but too short, 7 characters of 10",
    )
    assert (lines[UPDATE].verdict, lines[UPDATE].source) == ("missing", "in the field, but a placeholder")
    attached = explain(look(ticket(INSTALL, fields={SYSTEM: "см. вложение"}), "11-23 10:05")).fields[0]
    assert attached.source == "in the field, but nothing is attached"


def test_what_people_read_has_all_that_the_json_has() -> None:
    """One explanation, two forms."""
    e = explained()
    text = as_text(e, CALENDAR)
    for line in e.term:
        assert line.why in text
    for word in (e.kind, e.route, e.because, e.department, e.used, *e.would_do):
        assert word in text
    assert "due Friday, 6 November, 18:00 MSK, used" in text
    assert "Next look: Friday, 6 November, 14:00 MSK" in text
    assert "  Tuesday, 3 November, 17:30 MSK         pause    «Обратная связь»" in text
    assert "  Fri 30 Oct 2026                        no       the day of receipt" in text


def test_m1_a_step_that_a_later_one_has_overtaken_is_not_due() -> None:
    """After a downtime only the last step that has come is said; the department's own steps are counted apart."""
    e = explained("11-06 17:30")
    assert [(line.step, line.state) for line in e.reminders] == [
        ("Отдел", "overtaken"),
        ("Срок отдела", "due"),
        ("Подходит", "overtaken"),
        ("Остался час", "due"),
        ("Наступил", "to come"),
        ("День", "to come"),
    ]
    said = [one for one in e.would_do if one.startswith(("remind", "escalate"))]
    assert len(said) == 2


POINTS = """\
  - name: Примеры
    kind: vm-workstation
    department: Пресейл
    when:
      all:
        - looks_like: {vm-workstation: 5}
        - none: [{all: [{text: [показать]}, {text: [экзамен]}]}]
"""


def test_words_against_a_route_are_listed_apart() -> None:
    """What counted against it, or must not be there together with something else, is no word that the route was found by."""
    rules = with_routes(POINTS)
    e = explain(look(ticket("Стенд для студентов, показать образ и экзамен"), "11-23 10:20", rules))
    assert e.kind == "triage"
    e = explain(look(ticket("Стенд для студентов с образом: показать"), "11-23 10:20", rules))
    assert (e.kind, e.words, e.against) == ("vm-workstation", ("образом", "Стенд"), ("показать", "студентов"))
    assert (
        e.because == "looks like vm-workstation, 6 points ahead of bug-report: «образом» +5, «Стенд» +2, «студентов» -1"
    )


FILE = """\
cases:
  - name: случай
    ticket: {subject: Добрый день, created_on: 2026-11-23T10:00:00+03:00}
    now: 2026-11-23T10:15:00+03:00
"""


def test_the_shape_of_the_json(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A list for a file, one object a ticket; the same keys always."""
    file = tmp_path / "t.yaml"
    file.write_text(FILE, encoding="utf-8")
    assert run(["explain", "--ticket", str(file), "--json", "--rules", str(ROOT / "rules.yaml")], {}) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert list(told) == [one.name for one in fields(Explanation)]
    assert {
        "ticket",
        "kind",
        "route",
        "because",
        "nearest",
        "fields",
        "clock",
        "due",
        "term",
        "reminders",
        "would_do",
    } <= told.keys()
    assert told["kind"] == "triage"
    assert (told["now"], told["due"]) == ("2026-11-23T10:15:00+03:00", "2026-11-25T18:00:00+03:00")
    assert told["term"][0]["when"] == "2026-11-23T10:00:00+03:00"
    assert told["term"][1]["when"] == "2026-11-23"
    for at in (told["next_look"], *(one["at"] for one in told["reminders"])):
        assert datetime.fromisoformat(at).tzinfo
    assert set(told["term"][0]) == {"when", "counts", "why"}
    assert set(told["fields"][0]) == {"field", "demand", "verdict", "source"}
    assert set(told["reminders"][0]) == {"at", "to", "step", "state"}
