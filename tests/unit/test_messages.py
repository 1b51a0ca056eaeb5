"""The notes: one for the customer and one for staff, in two languages, of limited size, honest, and without anybody's free text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core import footer
from bridge.core.assess import Assessment
from bridge.core.decide import wants
from bridge.core.messages import MAX_TEXT, compose, render
from bridge.core.model import Journal, Language, Person, Role, Step, Ticket, Write
from bridge.core.policy import Policy, Silence, Text
from tests.unit.making import (
    CLIENT,
    CLOSED,
    COMPLETE,
    DEV,
    SALES,
    SALES_GROUP,
    STAFF,
    WAITING,
    did,
    journal,
    look,
    policy,
    shipped,
    ticket,
)

SILENT = replace(policy(), silence=Silence(nudge_after=5, close_after=10, status=CLOSED))
ASKED = did("11-23 10:15", Step.ACKNOWLEDGE, Step.ASK, status=("Новая", WAITING))
GREETED = did("11-23 10:01", Step.ACKNOWLEDGE, Step.SET_TERM, due_date=("", "2026-11-25"))
MOVED = journal("11-24 11:00", STAFF, assigned_to=("", DEV))
AGREED = did("11-23 10:15", Step.ACKNOWLEDGE, Step.REQUEST_APPROVAL, status=("Новая", "Согласование"))
GRANTED = journal("11-23 12:00", SALES, status=("Согласование", "Согласовано"))
REFUSED = journal("11-23 12:00", SALES, status=("Согласование", "Не согласовано"))
WRONG = journal("11-23 12:00", STAFF, status=("Согласование", "Согласовано"))
SHUT = journal("11-24 10:00", STAFF, status=("Новая", CLOSED))
QUESTION = journal("11-25 10:00", CLIENT, "What next? Что дальше?")
SUBJECTS = {
    "install": {Language.RU: "Не могу установить", Language.EN: "Please help us to install the system"},
    "product": {Language.RU: "Чем отличаются продукты?", Language.EN: "How do your products differ?"},
    "printer": {Language.RU: "Проверьте наш принтер", Language.EN: "Please test our printer for us"},
    "license": {Language.RU: "Вопрос про лицензию", Language.EN: "I have a question about the license"},
    "project": {Language.RU: "Нужно внедрение", Language.EN: "We need help with our migration"},
    "other": {Language.RU: "Добрый день", Language.EN: "Hello to you all"},
}
# step → subject, journals, now; what it says is looked at in both languages
STORIES: dict[str, tuple[str, tuple[Journal, ...], str]] = {
    "acknowledge": ("product", (), "11-23 10:15"),
    "ask": ("install", (), "11-23 10:15"),
    "ask again": ("install", (ASKED, journal("11-23 12:00", CLIENT, "1. ALT Server 10.2, x86_64")), "11-23 12:15"),
    "thank": (
        "install",
        (ASKED, journal("11-23 12:00", CLIENT, "1. ALT Server 10.2, x86_64\n2. yesterday, by apt-get")),
        "11-23 12:15",
    ),
    "thank, not understood": ("install", (ASKED, journal("11-23 12:00", CLIENT, "-")), "11-23 12:15"),
    "route": ("other", (GREETED, journal("11-23 12:00", CLIENT, "Нужна функция, a feature")), "11-23 12:15"),
    "hand_over": ("product", (GREETED, MOVED), "11-24 11:05"),
    "hand_over, granted": ("printer", (AGREED, GRANTED), "11-23 12:05"),
    "request_approval": ("printer", (), "11-23 10:15"),
    "propose": ("license", (), "11-23 10:15"),
    "propose, wrong approver": ("printer", (AGREED, WRONG), "11-23 12:05"),
    "out_of_scope": ("project", (), "11-23 10:15"),
    "out_of_scope, refused": ("printer", (AGREED, REFUSED), "11-23 12:05"),
    "extend": ("product", (GREETED, MOVED), "11-24 11:05"),
    "set_term": ("product", (), "11-23 10:15"),
    "remind": ("product", (GREETED,), "11-25 14:00"),
    "remind, lead": ("product", (GREETED,), "11-25 17:00"),
    "escalate": ("product", (GREETED,), "11-26 12:00"),
    "escalate, closed": ("product", (GREETED, SHUT), "11-24 10:05"),
    "nudge": ("install", (ASKED,), "11-30 18:00"),
    "close": ("install", (ASKED, did("11-30 18:05", Step.NUDGE)), "12-14 18:00"),
    "reopen": ("product", (GREETED, SHUT, QUESTION), "11-25 10:15"),
}
EVERY = [pytest.param(name, language, id=f"{name}, {language}") for name in STORIES for language in Language]


def step_of(name: str) -> Step:
    """The step that a story is about."""
    return Step(name.partition(",")[0].removesuffix(" again"))


def told(name: str, language: Language, rules: Policy = SILENT) -> tuple[Assessment, tuple[Write, ...]]:
    """What a story ends in: the ticket and the notes."""
    subject, journals, now = STORIES[name]
    fields = {} if subject == "install" else COMPLETE if subject == "printer" else {}
    a = look(ticket(SUBJECTS[subject][language], *journals, fields=fields), now, rules)
    assert a.language is language
    return a, compose(wants(a), a)


def test_every_step_has_a_story() -> None:
    """The stories below say all that the bridge can say."""
    assert {step_of(name) for name in STORIES} == set(Step)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_each_decision_is_said_in_both_languages(name: str, language: Language) -> None:
    """Every text renders; the customer's note is in the customer's language, that of staff in Russian."""
    _, writes = told(name, language)
    assert step_of(name) in {own.step for write in writes for own in write.steps}
    for write in (one for one in writes if one.notes):
        russian = write.private or language is Language.RU
        body = write.notes.rpartition("\n\n")[0]
        assert footer.last_line(write.notes).startswith("Автоматическое" if russian else "Automatic")
        assert body.strip()
        assert "{{" not in body
        assert "None" not in body
        if not write.private:
            assert body.startswith("Здравствуйте!" if russian else "Hello!")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_p4_the_footer_of_each_note_is_read_back(name: str, language: Language) -> None:
    """What was said is what the bridge finds in the note when it reads it again."""
    a, writes = told(name, language)
    for write in (one for one in writes if one.notes):
        note = Journal(1, a.now, Person("b", "b", Role.BRIDGE), write.notes, write.private)
        shown = [(own.step, own.ordinal) for own in footer.parse(a.ticket.id, note)]
        assert shown == [(own.step, own.ordinal) for own in write.steps]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_t14_nothing_is_guaranteed(name: str, language: Language) -> None:
    """No note promises a moment."""
    for write in told(name, language)[1]:
        assert not forbidden(write.notes)


def forbidden(text: str) -> bool:
    """Whether a text promises."""
    return any(
        word in text.casefold() for word in ("guarant", "гарантир", "гаранти", "обязуемся", "promise", "обещаем")
    )


def test_t14_no_shipped_text_guarantees() -> None:
    """Neither the texts nor the answers of the shipped rules promise; the acknowledgement says "usually"."""
    rules = shipped()
    texts = [*rules.texts.values(), *(route.out_of_scope.answer for route in rules.routes if route.out_of_scope)]
    assert not [text for text in texts if forbidden(text.ru) or forbidden(text.en)]
    assert "бычно" in rules.texts["acknowledge"].ru
    assert "usually" in rules.texts["acknowledge"].en


def test_t2_the_customer_is_told_the_moment_with_its_zone() -> None:
    """The acknowledgement names the end of the term in the customer's language."""
    assert "среда, 25 ноября, 18:00 МСК" in told("acknowledge", Language.RU)[1][0].notes
    assert "Wednesday, 25 November, 18:00 MSK" in told("acknowledge", Language.EN)[1][0].notes


def test_f3_no_term_is_named_where_the_clock_stops() -> None:
    """Who is asked for something is told no moment: the term stands still."""
    for language in Language:
        assert ":00 М" not in told("ask", language)[1][0].notes
        assert ":00 M" not in told("ask", language)[1][0].notes


def test_f3_a_request_is_numbered_with_hints() -> None:
    """Questions come with their numbers and with how to find out."""
    notes = told("ask", Language.RU)[1][0].notes
    assert "1. Какая система?\nВыполните «uname -a»." in notes
    assert "2. Когда обновляли?" in notes


def test_m2_the_lead_is_made_a_watcher_before_being_told() -> None:
    """Whoever is told becomes a watcher with that write."""
    (write,) = told("escalate", Language.RU)[1]
    assert write.watchers == ("orlova",)
    (write,) = told("remind", Language.RU)[1]
    assert write.watchers == ("Пресейл",)


def test_w1_greeting_and_footer_once() -> None:
    """A note made of several texts greets once and is signed once."""
    notes = told("request_approval", Language.RU)[1][0].notes
    assert notes.count("Здравствуйте!") == 1
    assert notes.count("Автоматическое сообщение") == 1
    assert len([line for line in notes.splitlines() if line.strip()]) > 4


# --- size -----------------------------------------------------------------------------------------------------------------------------


def test_a_text_is_cut_and_the_footer_stays() -> None:
    """A template that makes too much is cut off; the note is still recognised as the bridge's."""
    endless = Text("{% for a in range(99999) %}слово {% endfor %}", "x")
    rules = replace(policy(), texts={**policy().texts, "acknowledge": endless})
    a = look(ticket("Чем отличаются продукты?"), "11-23 10:15", rules)
    (write,) = compose(wants(a), a)
    assert len(render(endless, Language.RU, {})) == MAX_TEXT
    assert footer.is_footer(write.notes)
    assert len(write.notes) < 3 * MAX_TEXT


def test_a_template_cannot_reach_out() -> None:
    """Texts of the rules run in a sandbox: nothing of Python can be reached."""
    for source in ("{{ ''.__class__.__mro__ }}", "{{ fields.append(1) }}", "{{ cycler.__init__.__globals__ }}"):
        with pytest.raises(Exception, match=r"unsafe|not safe|access"):
            render(Text(source, source), Language.RU, {"fields": []})


# --- P6 -------------------------------------------------------------------------------------------------------------------------------

TOKEN = "zqxjkv"
hostile = st.lists(
    st.sampled_from(
        ("{{include(x)}}", "[[W]]", "!http://e/x.png!", "@admin", "\n", '"x":http://e', "{% x %}", "<b>", " ")
    )
    | st.text(max_size=8),
    max_size=6,
).map(lambda parts: f"{TOKEN} {''.join(parts)} {TOKEN}")


def stuffed(name: str, text: str) -> tuple[Ticket, str]:
    """A story whose customer has a hostile name and writes hostile words wherever customers can."""
    subject, journals, now = STORIES[name]
    author = replace(CLIENT, name=text, login=text)
    said = [
        replace(one, notes=f"{one.notes}\n{text}" if one.notes else "", author=author) if one.author is CLIENT else one
        for one in journals
    ]
    fields = {**COMPLETE, "Продукт": text} if subject == "printer" else {"Продукт": text}
    seen = ticket(
        f"{SUBJECTS[subject][Language.RU]} {text}",
        *said,
        fields=fields,
        description=text,
        attachments=(text,),
        author=author,
        category=text,
    )
    return seen, now


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(STORIES)), hostile)
def test_p6_a_customers_free_text_is_never_in_a_public_note(name: str, text: str) -> None:
    """Whatever a customer writes as subject, words, fields, file names or name: no public note repeats it."""
    seen, now = stuffed(name, text)
    a = look(seen, now, SILENT)
    for write in compose(wants(a), a):
        if not write.private:
            assert TOKEN not in write.notes
            assert "{{" not in write.notes


@pytest.mark.parametrize("name", sorted(STORIES))
def test_p6_hostile_words_do_not_keep_a_story_from_being_told(name: str) -> None:
    """With a hostile text in every place each story still decides, and no public note repeats it."""
    seen, now = stuffed(name, f"{TOKEN} {{{{include(x)}}}} {{% raise %}} @admin !x.png! {TOKEN}")
    a = look(seen, now, SILENT)
    public = [write for write in compose(wants(a), a) if not write.private]
    assert not [write for write in public if TOKEN in write.notes]


def test_p6_names_of_departments_and_statuses_are_made_inert() -> None:
    """A department's title with markup in it is shown as it is."""
    title = Text("{{{macro}}} @all", "x")
    department = replace(policy().departments[DEV], title=title)
    rules = replace(policy(), departments={**policy().departments, DEV: department})
    a = look(ticket("Чем отличаются продукты?", GREETED, MOVED), "11-24 11:05", rules)
    (write,) = compose(wants(a), a)
    assert "{ { {macro}}} @ all" in write.notes


def test_what_was_read_is_named_with_its_source_and_not_repeated() -> None:
    """Thanks name the field and the moment of the note it was read from, not the value."""
    notes = told("thank", Language.RU)[1][0].notes
    assert "Сведения о системе (понедельник, 23 ноября, 12:00 МСК)" in notes
    assert "ALT Server" not in notes


def test_r5_both_the_customer_and_sales_hear_of_the_request() -> None:
    """The assignment tells sales, the note the customer; one write."""
    (write,) = told("request_approval", Language.RU)[1]
    assert SALES_GROUP in {change.new for change in write.changes}


def value(write: Write) -> dict[str, Any]:
    """Changes by name."""
    return {change.name or change.attribute.value: change.new for change in write.changes}


def test_w1_the_last_decision_on_an_attribute_wins() -> None:
    """Routing and asking for an approval both assign: the ticket goes to sales, in one change."""
    a = look(ticket("Проверьте наш принтер", fields=COMPLETE, assigned_to=DEV), "11-23 10:15")
    (write,) = compose(wants(a), a)
    assert value(write)["assigned_to"] == SALES_GROUP
    assert len(value(write)) == len(write.changes)
