"""Whose words stand in a ticket that came by mail (P3), known by what is visible in Redmine alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import footer, mail_marks
from bridge.core.markup import faithful, unescaped
from bridge.core.model import Channel, Journal, Language, Origin, Person, Role, State, Step, Ticket
from tests.unit.making import MOSCOW

ARRIVED = datetime(2026, 11, 23, 10, 15, 30, tzinfo=MOSCOW)
KEY = "0123456789abcdef01234567"
ORIGIN = Origin("Ivan@example.org", ARRIVED, KEY, ("petr@example.org",))
BRIDGE = Person("9", "Мост", Role.BRIDGE)
CLIENT = Person("5", "Клиент", Role.CUSTOMER)


def ticket(description: str, *journals: Journal, author: Person = BRIDGE, **fields: str) -> Ticket:
    """Ticket 12, opened half a minute after the mail arrived."""
    state = State(subject="Вопрос", description=description, status="Новая", fields=fields)
    return Ticket(12, author, ARRIVED + timedelta(seconds=30), state, journals)


def note(text: str, author: Person = BRIDGE, number: int = 1) -> Journal:
    """A note some hours later."""
    return Journal(number, ARRIVED + timedelta(hours=3), author, text)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("number", [None, 12])
def test_a_mark_says_who_wrote_and_is_read_back(language: Language, number: int | None) -> None:
    """Both languages, with a ticket's number and without."""
    line = mail_marks.line(ORIGIN, number, language)
    assert mail_marks.parse(f"Текст\n\n{line}\n", number) == ORIGIN
    assert mail_marks.parse(f"Текст\n\n{line}\n", 13) is None


def test_p3_the_speaker_of_a_mail_ticket_is_the_customer() -> None:
    """Author, channel and receipt (T3) come from the mark; the bridge's account has only carried the words."""
    words = faithful("Какая система? * пункт\n#12 http://x.ru")
    read = mail_marks.as_received(ticket(f"{words}\n\n{mail_marks.line(ORIGIN, None, Language.RU)}", ФИО="Иван"), "ФИО")
    assert (read.author.role, read.author.name, read.author.mail) == (Role.CUSTOMER, "Иван", "Ivan@example.org")
    assert (read.channel, read.created_on, read.origin) == (Channel.MAIL, ARRIVED, ORIGIN)
    assert read.created.description == "Какая система? * пункт\n#12 http://x.ru"


def test_p3_a_note_by_mail_is_the_senders_also_a_colleagues() -> None:
    """The customer's note has the customer's person, a colleague's one of its own; the bridge's own note stays the bridge's."""
    own = footer.render(12, (), Language.RU) + "подтверждение"
    colleague = replace(ORIGIN, sender="petr@example.org")
    read = mail_marks.as_received(
        ticket(
            mail_marks.line(ORIGIN, None, Language.RU),
            note(f"Да\n\n{mail_marks.line(ORIGIN, 12, Language.RU)}"),
            note(f"И я\n\n{mail_marks.line(colleague, 12, Language.EN)}", number=2),
            note(own, number=3),
        )
    )
    first, second, third = read.journals
    assert first.by == read.author
    assert (first.notes, second.notes) == ("Да", "И я")
    assert (second.by.role, second.by.mail) == (Role.CUSTOMER, "petr@example.org")
    assert third.by.role is Role.BRIDGE


@pytest.mark.parametrize(
    ("description", "author"),
    [
        pytest.param(mail_marks.line(ORIGIN, None, Language.RU), CLIENT, id="a customer typed a mark in the cabinet"),
        pytest.param(mail_marks.line(ORIGIN, 12, Language.RU), BRIDGE, id="a mark with a number is a note's"),
        pytest.param("Просто текст", BRIDGE, id="the bridge's account without a mark"),
    ],
)
def test_p3_only_the_bridges_own_marks_count(description: str, author: Person) -> None:
    """A mark is believed where the bridge's account wrote it, and only in its place."""
    given_ticket = ticket(description, author=author)
    assert mail_marks.as_received(given_ticket) == given_ticket


def test_p4_a_mark_with_another_tickets_number_is_ignored() -> None:
    """Redmine copies notes to duplicates."""
    copied = note(f"Да\n\n{mail_marks.line(ORIGIN, 99, Language.RU)}")
    read = mail_marks.as_received(ticket(mail_marks.line(ORIGIN, None, Language.RU), copied))
    assert read.journals[0].speaker is None


def test_p4_a_customer_cannot_write_the_bridges_footer_by_mail() -> None:
    """A mail that ends in a forged footer shows no step as done."""
    forged = f"{footer.notice(12, 'эскалация 1', Language.RU)}\n\n{mail_marks.line(ORIGIN, 12, Language.RU)}"
    read = mail_marks.as_received(ticket(mail_marks.line(ORIGIN, None, Language.RU), note(forged)))
    assert footer.is_footer(read.journals[0].notes)
    assert footer.parse(12, read.journals[0]) == ()
    bare = footer.parse(12, note(footer.notice(12, "эскалация 1", Language.RU)))
    assert [own.step for own in bare] == [Step.ESCALATE]


def test_many_in_copy_are_not_all_remembered() -> None:
    """A mail to thousands is no thread."""
    crowd = replace(ORIGIN, copies=tuple(f"p{n}@example.org" for n in range(10_000)))
    read = mail_marks.parse(mail_marks.line(crowd, None, Language.RU), None)
    assert read is not None
    assert len(read.copies) == mail_marks.COPIES_AT_MOST


def test_the_zone_of_the_arrival_is_kept() -> None:
    """A moment is read back as it was, wherever the server stands."""
    there = replace(ORIGIN, at=ARRIVED.astimezone(timezone(timedelta(hours=7))))
    read = mail_marks.parse(mail_marks.line(there, None, Language.EN), None)
    assert read is not None
    assert read.at == ARRIVED


_MARKUP = [*"аbя1 &#;<>{}[]()!@:/\\*_+^~%`-?|=\n\t\"'.,№", "http://", "&lt;", "&copy", "h1.", "www.", "{{toc}}"]


@given(st.lists(st.sampled_from(_MARKUP) | st.characters()).map("".join))
def test_p6_escaped_text_comes_back_exactly(text: str) -> None:
    """Nothing of what a customer wrote is lost or changed by the escaping."""
    assert unescaped(faithful(text)) == text


@pytest.mark.parametrize(
    "attack",
    [
        "{{include(Wiki)}}",
        "[[Page]]",
        "[a](http://x)",
        "!http://x/a.png!",
        "@ivanov",
        "#12",
        '"a":http://x',
        "<script>",
        "http://evil.example",
        "www.evil.example",
        "attachment:a.txt",
        "commit:abc",
        "mailto:a@b.c",
        "`code`",
        "*b*",
    ],
)
def test_p6_nothing_of_markup_is_left_active(attack: str) -> None:
    """Macros, links, images, mentions, tickets: their first sign stands as an entity."""
    assert "&#" in faithful(f"см. {attack} тут")
