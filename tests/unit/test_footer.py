"""The visible footer: how the bridge knows its own notes, with an empty store and after a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.core import footer
from bridge.core.model import ANY_ORDINAL, PRIVATE, Language, OwnStep, Role, Step
from tests.unit.making import BRIDGE, CLIENT, ROBOT, STAFF, journal, moment

AT = moment("11-23 10:00")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("ordinal", [ANY_ORDINAL, 1, 12])
def test_p4_every_step_is_read_back(step: Step, language: Language, ordinal: int) -> None:
    """What a footer names is found in the note again, in both languages."""
    line = footer.render(1234, [OwnStep(step, ordinal, AT)], language)
    note = journal(AT, BRIDGE, f"Здравствуйте!\n\n{line}")
    assert footer.parse(1234, note) == (OwnStep(step, ordinal, AT),)


@pytest.mark.parametrize("language", Language)
def test_p4_all_steps_of_one_note_are_read_back(language: Language) -> None:
    """A note made of many steps names them all, in order."""
    own = tuple(OwnStep(step, place, AT) for place, step in enumerate(Step, start=1))
    assert footer.parse(7, journal(AT, BRIDGE, footer.render(7, own, language))) == own


def test_p4_labels_are_different_and_without_a_comma() -> None:
    """No two steps share a label, none ends in a number: each reads back as itself."""
    labels = [label for both in footer.LABELS.values() for label in both]
    assert len(set(labels)) == len(labels) == 2 * len(Step)
    assert not any("," in label or label[-1].isdigit() for label in labels)


def test_p4_as_the_specification_writes_it() -> None:
    """The example of the specification is what is written."""
    line = footer.render(1234, [OwnStep(Step.ASK, 1, AT)], Language.RU)
    assert line == "Автоматическое сообщение · №1234 · запрос сведений 1"


def test_p4_nothing_is_hidden() -> None:
    """A footer consists of printable characters only."""
    for language in Language:
        line = footer.render(7, [OwnStep(step, 1, AT) for step in Step], language)
        assert line.isprintable()


LINE = "Автоматическое сообщение · №1234 · запрос сведений 1"


@pytest.mark.parametrize(
    ("notes", "found"),
    [
        pytest.param(LINE, 1, id="The footer alone"),
        pytest.param(f"Текст\n\n{LINE}\n\n  \n", 1, id="Space after it"),
        pytest.param(f"Текст\r\n\r\n{LINE}\r\n", 1, id="Windows line ends, as Redmine keeps them"),
        pytest.param(f"  {LINE}  ", 1, id="Indented"),
        pytest.param(f"{LINE}\nтекст после", 0, id="Not the last line"),
        pytest.param(f"> {LINE}", 0, id="Quoted"),
        pytest.param(f">{LINE}", 0, id="Quoted without a space"),
        pytest.param(f"bq. {LINE}", 0, id="Quoted in Textile"),
        pytest.param(f"Ответ\n> {LINE}", 0, id="A quotation as the last line"),
        pytest.param(f"Текст\n\n{LINE}\n\n> было\n> раньше", 1, id="A quotation below it"),
        pytest.param(f"{LINE}\nbq. было раньше", 1, id="A quotation in Textile below it"),
        pytest.param(f"{LINE}\n> было\nтекст после", 0, id="Words below the quotation"),
        pytest.param(LINE.replace("1234", "999"), 0, id="Another ticket's number (Redmine copies notes to duplicates)"),
        pytest.param(LINE.replace("1234", "12345"), 0, id="A number that begins like ours"),
        pytest.param(LINE.replace("№", "№ "), 0, id="A number that was retyped"),
        pytest.param(LINE.replace("сведений", "свёдений"), 0, id="A step that there is not"),
        pytest.param(f"{LINE}, срок 1", 2, id="Two steps"),
        pytest.param(f"{LINE}, чай 2", 1, id="An unknown step beside a known one"),
        pytest.param(LINE.replace("·", "-"), 0, id="Other dots"),
        pytest.param("", 0, id="No words"),
    ],
)
def test_p4_only_the_last_unquoted_line_counts(notes: str, found: int) -> None:
    """Quoted, foreign, displaced and tampered footers are nobody's steps."""
    assert len(footer.parse(1234, journal(AT, BRIDGE, notes))) == found


@pytest.mark.parametrize("who", [CLIENT, STAFF, ROBOT], ids=["A customer", "Staff", "A robot"])
def test_p4_only_the_bridges_account_has_steps(who: object) -> None:
    """Somebody who copies the footer has done nothing."""
    assert footer.parse(1234, journal(AT, who, LINE)) == ()  # type: ignore[arg-type]


def test_p4_a_private_note_says_so() -> None:
    """What staff were told is told apart from what the customer was told."""
    (own,) = footer.parse(1234, journal(AT, BRIDGE, LINE, private=True))
    assert own.anchor == PRIVATE


@pytest.mark.parametrize(
    ("notes", "role"),
    [
        pytest.param(LINE, Role.BRIDGE, id="With the footer it is the bridge's"),
        pytest.param(LINE.replace("1234", "999"), Role.BRIDGE, id="Another ticket's footer is no person's note either"),
        pytest.param("Отвечу сам.", Role.STAFF, id="Without it a person's"),
        pytest.param(f"{LINE}\nИ ещё от меня.", Role.STAFF, id="With words behind it a person's"),
        pytest.param("", Role.BRIDGE, id="Attributes without words are the bridge's"),
    ],
)
def test_p4_who_spoke_with_the_bridges_account(notes: str, role: Role) -> None:
    """A note of the account without the footer is a person's."""
    assert footer.speaker_role(journal(AT, BRIDGE, notes)) is role


def test_p3_the_speaker_counts_and_not_the_account() -> None:
    """A customer's mail that the account entered is the customer's note."""
    note = replace(journal(AT, BRIDGE, "Письмо"), speaker=CLIENT)
    assert footer.speaker_role(note) is Role.CUSTOMER
