"""Required fields: what says nothing, how an answer is read, how often one thing is asked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.answers import read_answer, without_answers
from bridge.core.fields import Fields, is_missing, unwritten
from bridge.core.model import Journal, Step
from bridge.core.policy import FieldRule
from tests.unit.making import (
    CLIENT,
    COMPLETE,
    INSTALL,
    PRODUCT,
    STAFF,
    SYSTEM,
    UPDATE,
    WAITING,
    did,
    journal,
    look,
    policy,
    ticket,
)

REQUIRED = policy().required
SYSTEM_RULE, UPDATE_RULE = REQUIRED.fields
BOTH = REQUIRED.fields


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="Empty"),
        pytest.param("  \n\t ", id="Only space"),
        pytest.param("нет", id="«нет»"),
        pytest.param("НЕТ!", id="«нет», shouted"),
        pytest.param(" Не знаю. ", id="«не знаю» with a full stop"),
        pytest.param("-", id="A dash"),
        pytest.param("…", id="Dots of one character are no words"),
        pytest.param("N/A", id="n/a in capitals"),
        pytest.param("I don't know", id="In English"),
        pytest.param("i don’t know", id="With a typographer's apostrophe"),
        pytest.param("тест", id="A trial entry"),
        pytest.param("???", id="Question marks"),
        pytest.param("👍", id="An emoji"),
        pytest.param("Альт", id="Shorter than min_length"),
        pytest.param("> Альт Рабочая станция 10.2", id="A quotation says nothing of one's own"),
        pytest.param("1234567890123", id="Digits only"),
    ],
)
def test_f2_says_nothing(value: str) -> None:
    """A value that says nothing is missing, however it is written."""
    assert is_missing(SYSTEM_RULE, value, REQUIRED, ())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Альт 10.2, x86_64", id="A system"),
        pytest.param("Нет данных об обновлении, система новая", id="A sentence that begins like a placeholder"),
        pytest.param("Linux host 6.1.0 x86_64 GNU/Linux", id="In English"),
        pytest.param("Во вложении два файла с полным описанием системы", id="A sentence that mentions an attachment"),
        pytest.param("\n\nАльт Сервер 10.2\nx86_64", id="Several lines"),
    ],
)
def test_f2_says_something(value: str) -> None:
    """A value with words of its own is an answer."""
    assert not is_missing(SYSTEM_RULE, value, REQUIRED, ())


@pytest.mark.parametrize("value", ["См. вложение", "см. во вложении", "See attachment", "Прикрепил", "Файл приложен."])
def test_f2_see_attachment_counts_only_with_one(value: str) -> None:
    """«См. вложение» is an answer where something is attached, else a placeholder."""
    assert is_missing(SYSTEM_RULE, value, REQUIRED, ())
    assert not is_missing(SYSTEM_RULE, value, REQUIRED, ("log.txt",))


@pytest.mark.parametrize(
    ("rule", "value", "files", "missing"),
    [
        pytest.param(replace(UPDATE_RULE, attachment=True), "", ("a.log",), False, id="An attachment can be the field"),
        pytest.param(replace(UPDATE_RULE, attachment=True), "", (), True, id="Without one it is not"),
        pytest.param(replace(UPDATE_RULE, pattern=re.compile(r"\d{4}")), "вчера", (), True, id="Not of the pattern"),
        pytest.param(replace(UPDATE_RULE, pattern=re.compile(r"\d{4}")), "в мае 2026", (), False, id="Of the pattern"),
        pytest.param(replace(UPDATE_RULE, min_length=6), "вчера", (), True, id="One letter too short"),
        pytest.param(replace(UPDATE_RULE, min_length=5), "вчера", (), False, id="Just long enough"),
        pytest.param(replace(UPDATE_RULE, min_length=10), "13.11.2026", (), False, id="A date says when"),
        pytest.param(replace(UPDATE_RULE, min_length=10), "2026-11-13", (), False, id="A date as machines write it"),
        pytest.param(replace(UPDATE_RULE, min_length=10), "> 13.11.2026", (), True, id="A date that is quoted"),
    ],
)
def test_f2_what_the_rules_ask_of_a_value(rule: FieldRule, value: str, files: tuple[str, ...], missing: bool) -> None:
    """Length, pattern and attachment are asked for as the rules say."""
    assert is_missing(rule, value, REQUIRED, files) is missing


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("Сведения о системе: Альт 10.2", {SYSTEM: "Альт 10.2"}, id="By label"),
        pytest.param("сведения О СИСТЕМЕ - Альт 10.2", {SYSTEM: "Альт 10.2"}, id="Case and dash"),
        pytest.param("Система = Альт 10.2", {SYSTEM: "Альт 10.2"}, id="By another label"),
        pytest.param("System: ALT 10.2\nUpdates: yesterday", {SYSTEM: "ALT 10.2", UPDATE: "yesterday"}, id="English"),
        pytest.param("*Система*: Альт 10.2", {SYSTEM: "Альт 10.2"}, id="In bold"),
        pytest.param("- Система: Альт 10.2", {SYSTEM: "Альт 10.2"}, id="In a list"),
        pytest.param("1. Система: Альт 10.2", {SYSTEM: "Альт 10.2"}, id="Number and label"),
        pytest.param("Обновление (дата): вчера", {UPDATE: "вчера"}, id="A remark between label and colon"),
        pytest.param("1. Альт 10.2\n2. вчера", {SYSTEM: "Альт 10.2", UPDATE: "вчера"}, id="By the questions' numbers"),
        pytest.param("2) вчера\n1) Альт 10.2", {SYSTEM: "Альт 10.2", UPDATE: "вчера"}, id="Numbers in any order"),
        pytest.param("1: Альт 10.2", {SYSTEM: "Альт 10.2"}, id="Number and colon"),
        pytest.param("3. что-то", {}, id="A number that was not asked for"),
        pytest.param("0. что-то", {}, id="There is no question 0"),
        pytest.param("10.2 стоит на всех", {}, id="A version is no number of a question"),
        pytest.param(
            "Система:\nАльт 10.2\nx86_64\n\nСпасибо!", {SYSTEM: "Альт 10.2\nx86_64"}, id="Several lines, up to the gap"
        ),
        pytest.param(
            "Система: Альт 10.2\nОбновление: вчера\nвечером",
            {SYSTEM: "Альт 10.2", UPDATE: "вчера\nвечером"},
            id="Several lines of the second",
        ),
        pytest.param("> Система: чужая\nОбновление: вчера", {UPDATE: "вчера"}, id="Quoted labels are not answers"),
        pytest.param("Система:", {}, id="A label without an answer"),
        pytest.param("Наша система: как её обновить?", {}, id="A sentence with the label in its middle"),
        pytest.param("Системный блок: новый", {}, id="A longer word than the label"),
        pytest.param("", {}, id="Nothing"),
        pytest.param("Просто текст", {}, id="Two were asked: which would it be?"),
        pytest.param(
            "> Здравствуйте!\n> 1. Сведения о системе: какая?\nАльт 10.2\nx86_64\n> 2. Когда обновляли?\nвчера\n\nИван",
            {SYSTEM: "Альт 10.2\nx86_64", UPDATE: "вчера"},
            id="Below each question that is quoted, as in a mail",
        ),
        pytest.param("> 2. Когда?\n> Как узнать: rpm -qa\n\nвчера", {UPDATE: "вчера"}, id="Below one of the questions"),
        pytest.param("> 1. Какая?\n> 2. Когда?\nАльт 10.2, вчера", {}, id="Below two questions: which would it be?"),
        pytest.param("Ответим позже.\n> 1. Какая?\n> 2. Когда?", {}, id="Above what is quoted"),
        pytest.param("> 1. Какая?\nА зачем вам это?", {}, id="A question below a question is no answer"),
        pytest.param("> Мы спросили:\nнечего сказать", {}, id="Below a quotation without a question"),
    ],
)
def test_f4_an_answer_is_read(text: str, read: dict[str, str]) -> None:
    """Words are read by label or by the question's number; what is neither is left alone."""
    assert read_answer(text, BOTH, BOTH) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("Альт 10.2 на x86_64", {SYSTEM: "Альт 10.2 на x86_64"}, id="The whole note"),
        pytest.param("> Какая система?\nАльт 10.2", {SYSTEM: "Альт 10.2"}, id="Without what is quoted"),
        pytest.param("А зачем вам это?", {}, id="A question back is no answer"),
        pytest.param("Обновление: вчера", {UPDATE: "вчера"}, id="A label goes before the whole"),
    ],
)
def test_f4_the_whole_answers_one_question(text: str, read: dict[str, str]) -> None:
    """When one thing only was asked, the note as a whole is its answer, unless it asks back."""
    assert read_answer(text, BOTH, (SYSTEM_RULE,)) == read


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(("Система", ":", "\n", "> ", "1. ", "Ё", "İ", "ß", "=")), max_size=40).map("".join)
)
def test_f4_hostile_words_are_read_without_failing(text: str) -> None:
    """No text makes the reader fail, and it never reads what was not written."""
    for value in read_answer(text, BOTH, BOTH).values():
        assert value.strip() == value != ""


def test_f4_long_hostile_words_are_read_at_all() -> None:
    """Megabytes of labels, stars and spaces end in an answer, not in a hang."""
    for text in ("*" * 200_000, " " * 200_000 + ":", "Система " * 50_000, "Система: " + "а" * 300_000, "\n" * 200_000):
        assert len(read_answer(text, BOTH, BOTH)) <= 2


# --- through a history ----------------------------------------------------------------------------------------------------------------


ASKED = did("11-23 10:15", Step.ACKNOWLEDGE, Step.ASK, status=("Новая", WAITING))


def fields(*journals: Journal, subject: str = INSTALL, **more: object) -> Fields:
    """What is known after these journals."""
    return look(ticket(subject, *journals, **more), "11-27 12:00").fields  # type: ignore[arg-type]


def test_f1_needed_and_wanted_differ_by_kind() -> None:
    """An installation needs both fields; a question about products has them wanted only."""
    assert [rule.name for rule in fields().needed("os-install")] == [SYSTEM, UPDATE]
    assert fields(subject=PRODUCT).needed("product-info") == ()
    assert [rule.name for rule in fields(subject=PRODUCT).wanted("product-info")] == [SYSTEM, UPDATE]
    assert fields(subject=PRODUCT).missing("triage") == (SYSTEM,)


def test_f4_the_description_is_read_too() -> None:
    """A label in the first message fills the field, noted as number 0."""
    known = fields(description="Не ставится.\nСистема: Альт Рабочая станция 10.2")
    assert known.missing("os-install") == (UPDATE,)
    assert [(one.name, one.value, one.note) for one in known.filled] == [(SYSTEM, "Альт Рабочая станция 10.2", 0)]


def test_f4_a_partial_answer_keeps_the_request_open() -> None:
    """One of two answered: the rest is still asked for, and may be asked once more."""
    known = fields(ASKED, journal("11-23 12:00", CLIENT, "1. Альт Сервер 10.2, x86_64"))
    assert known.now.is_partial
    assert [rule.name for rule in known.askable("os-install")] == [UPDATE]
    assert [(one.name, one.note) for one in known.filled] == [(SYSTEM, 2)]


def test_f4_numbers_count_what_was_asked_last() -> None:
    """In the answer to the second request "1." is the one thing that was still asked for."""
    half = journal("11-23 12:00", CLIENT, "1. Альт Сервер 10.2, x86_64")
    again = did("11-23 12:15", Step.ASK, ordinals={Step.ASK: 2})
    known = fields(ASKED, half, again, journal("11-23 13:00", CLIENT, "1. вчера"))
    assert known.now.values[UPDATE] == "вчера"
    assert known.missing("os-install") == ()


def test_f4_what_stands_in_a_field_is_not_overwritten() -> None:
    """A field that says something already keeps it, whatever a note says."""
    known = fields(journal("11-23 12:00", CLIENT, "Система: Другая система 9.0"), fields=COMPLETE)
    assert known.filled == ()
    assert known.now.values[SYSTEM] == COMPLETE[SYSTEM]


def test_f4_what_was_read_is_written_until_it_stands() -> None:
    """Read values wait to be written; a value that a person has put there since is not overwritten."""
    answered = journal("11-23 12:00", CLIENT, "1. Альт Сервер 10.2, x86_64\n2. вчера вечером")
    seen = look(ticket(INSTALL, ASKED, answered), "11-23 12:30")
    assert {one.name for one in unwritten(seen.fields, seen.state.fields)} == {SYSTEM, UPDATE}
    mended = journal("11-23 12:20", STAFF, fields={SYSTEM: ("", "Альт Сервер 10.4, aarch64")})
    seen = look(ticket(INSTALL, ASKED, answered, mended), "11-23 12:30")
    assert {one.name for one in unwritten(seen.fields, seen.state.fields)} == {UPDATE}


@pytest.mark.parametrize(
    ("text", "numbered", "kept"),
    [
        pytest.param("Сведения о системе: Альт 10.2\nx86_64\n\nГорит!", False, "\nГорит!", id="Up to the empty line"),
        pytest.param("1. Альт 10.2\n2. вчера", True, "", id="By the questions' numbers"),
        pytest.param(
            "1. Не ставится\n2. Не печатает", False, "1. Не ставится\n2. Не печатает", id="A list of one's own"
        ),
        pytest.param("Система не ставится", True, "Система не ставится", id="A sentence"),
    ],
)
def test_r3_answers_to_the_form_are_no_request(text: str, numbered: bool, kept: str) -> None:
    """Labels are our words, and the system's name says nothing of what is wanted."""
    assert without_answers(text, BOTH, numbered=numbered) == kept


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(journal("11-23 12:00", CLIENT, "не знаю"), id="A placeholder"),
        pytest.param(journal("11-23 12:00", CLIENT, "Система: -"), id="A label with a placeholder"),
        pytest.param(journal("11-23 12:00", CLIENT, "А зачем?"), id="A question back"),
        pytest.param(journal("11-23 12:00", CLIENT, files=("a.log",)), id="A file without words"),
    ],
)
def test_f5_what_was_not_understood_is_not_asked_again(reply: Journal) -> None:
    """The request is closed and nothing may be asked any more, though the fields stay missing."""
    known = fields(ASKED, reply)
    assert known.now.not_understood
    assert known.now.asked == ()
    assert known.askable("os-install") == ()
    assert known.missing("os-install") == (SYSTEM, UPDATE)


def test_f5_an_automatic_reply_is_no_reply() -> None:
    """Somebody's out-of-office note leaves the request open."""
    known = fields(ASKED, journal("11-23 12:00", CLIENT, "Я в отпуске", auto_reply=True))
    assert len(known.now.asked) == 2
    assert not known.now.not_understood


def test_f5_at_most_two_requests() -> None:
    """After the second request nothing is asked a third time, even if its answer was partial."""
    half = journal("11-23 12:00", CLIENT, "1. Альт Сервер 10.2, x86_64")
    again = did("11-23 12:15", Step.ASK, ordinals={Step.ASK: 2})
    known = fields(ASKED, half, again, journal("11-23 13:00", CLIENT, "не знаю"))
    assert known.askable("os-install") == ()
    assert known.now.not_understood


def test_trap_6_what_the_customer_filled_meanwhile_is_not_asked() -> None:
    """A field that was filled in Redmine's form before the bridge asked counts as answered."""
    by_hand = journal("11-23 10:05", CLIENT, fields={SYSTEM: ("", COMPLETE[SYSTEM])})
    assert [rule.name for rule in fields(by_hand).askable("os-install")] == [UPDATE]
