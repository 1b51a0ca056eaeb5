"""YAML as it is read here: no guessed types, every place known, nothing that could exhaust the memory."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.errors import PolicyError
from bridge.policy import positions
from bridge.policy.positions import MAX_CHARS, read_document
from bridge.policy.syntax import MAX_DEPTH


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("no", "no", id="no is a word"),
        pytest.param("on", "on", id="on is a word"),
        pytest.param("Yes", "Yes", id="Yes is a word"),
        pytest.param("off", "off", id="off is a word"),
        pytest.param("true", True, id="true is true"),
        pytest.param("False", False, id="False is false"),
        pytest.param("12:30", "12:30", id="12:30 is not 750"),
        pytest.param("010", "010", id="010 is not 8"),
        pytest.param("0x1f", "0x1f", id="0x1f is not 31"),
        pytest.param("1_000", "1_000", id="1_000 is not 1000"),
        pytest.param("2026-12-31", "2026-12-31", id="A date is text"),
        pytest.param("2026-12-31T10:00:00+03:00", "2026-12-31T10:00:00+03:00", id="A moment is text"),
        pytest.param("10.2", "10.2", id="A version is text"),
        pytest.param("1e3", "1e3", id="1e3 is text"),
        pytest.param(".inf", ".inf", id="Infinity is text"),
        pytest.param("50", 50, id="A whole number"),
        pytest.param("-3", -3, id="A negative number"),
        pytest.param("'50'", "50", id="A number in quotes is text"),
        pytest.param("'true'", "true", id="true in quotes is text"),
        pytest.param("", None, id="Nothing"),
        pytest.param("~", None, id="A tilde is nothing"),
        pytest.param("~криптопро", "~криптопро", id="A tilde before a word"),
        pytest.param("''", "", id="An empty text"),
        pytest.param("=", "=", id="An equals sign is text"),
        pytest.param("<<", "<<", id="Two arrows as a value are text"),
        pytest.param("[да, нет]", ["да", "нет"], id="A list"),
    ],
)
def test_a_value_is_what_is_written(written: str, value: Any) -> None:
    """The traps of YAML 1.1 are disarmed."""
    assert read_document(f"key: {written}\n", "x").data == {"key": value}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("a: &x {k: 1}\nb: *x\n", {"a": {"k": 1}, "b": {"k": 1}}, id="An anchor"),
        pytest.param(
            "a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", {"a": {"k": 1, "l": 2}, "b": {"k": 3, "l": 2}}, id="A merge"
        ),
        pytest.param(
            "a: &x {k: 1}\nc: &y {k: 2, l: 3}\nb: {<<: [*x, *y]}\n",
            {"a": {"k": 1}, "c": {"k": 2, "l": 3}, "b": {"k": 1, "l": 3}},
            id="Two merged: the first wins",
        ),
        pytest.param(
            "a: &x {k: 1}\nc: &y {<<: *x, l: 2}\nb: {<<: *y}\n",
            {"a": {"k": 1}, "c": {"k": 1, "l": 2}, "b": {"k": 1, "l": 2}},
            id="A merge of a merge",
        ),
        pytest.param("2028: {1: x}\nno: y\n", {"2028": {"1": "x"}, "no": "y"}, id="Keys are text"),
        pytest.param("\ufeffa: 1\n", {"a": 1}, id="A byte order mark"),
    ],
)
def test_anchors_merges_and_keys(text: str, data: Any) -> None:
    """What YAML offers for not repeating oneself works."""
    assert read_document(text, "x").data == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "x:1:1: the file is empty", id="Nothing at all"),
        pytest.param("# only\n", "x:1:1: the file is empty", id="Only a comment"),
        pytest.param("a:\n\tb: 1\n", "x:2:1: a tab is used for the indent", id="A tab"),
        pytest.param("a: @x\n", "x:1:4: a text cannot begin with '@' (put the whole text in quotes)", id="A family without quotes"),
        pytest.param("a: [`x`]\n", "x:1:5: a text cannot begin with '`'", id="A backtick"),
        pytest.param("a: *x\n", "x:1:4: there is no anchor of this name", id="An asterisk"),
        pytest.param("a: b: c\n", "x:1:5: a ':' is not expected here", id="Two colons"),
        pytest.param("a: [1, 2\nb: 3\n", "x:2:2: a bracket is not closed", id="A bracket that is not closed"),
        pytest.param('a: "x\nb: 1\n', "x:1:4: a quote is not closed", id="A quote that is not closed, by its beginning"),
        pytest.param('a: "\\d"\n', "x:1:5: a backslash in double quotes", id="A regular expression in double quotes"),
        pytest.param("a: 1\nkey\nb: 2\n", "x:3:1: a key without ':'", id="A key without a colon"),
        pytest.param("- a\nb: 1\n", "x:2:1: this line does not fit", id="A list that becomes a mapping"),
        pytest.param("a: - b\n", "x:1:4: a '- ' cannot stand here", id="A list in the same line"),
        pytest.param("a: 1\n---\nb: 2\n", "x:2:1: a second document", id="Two documents"),
        pytest.param("a: \x07\n", "x:1:4: a control character", id="A bell"),
        pytest.param("a: &x [*x]\n", "x:1:4: an anchor contains itself", id="An anchor in a circle"),
        pytest.param("[" * 5000, f"nested more than {MAX_DEPTH} levels deep", id="Five thousand brackets"),
        pytest.param("a: 1\n" * 2 + "b: !!python/object/apply:os.system [x]\n", "the tag", id="A tag that runs code"),
        pytest.param("? [a]\n: 1\n", "x:1:3: a key must be plain text", id="A list as a key"),
        pytest.param("a: {<<: 1}\n", "`<<` takes a mapping", id="A merge of a number"),
        pytest.param("x" * (MAX_CHARS + 1), "the file is larger than", id="A huge file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_plain_words(text: str, said: str) -> None:
    """Line and column from 1, what is wrong and what to do, without a parser's jargon."""
    try:
        mistakes = read_document(text, "x").mistakes
    except PolicyError as error:
        mistakes = error.mistakes
    assert said in "\n".join(str(mistake) for mistake in mistakes)


def test_aliases_that_multiply_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines that unfold to ten million values do not exhaust the memory; a limit far below the real one saves the time."""
    monkeypatch.setattr(positions, "MAX_NODES", 10_000)
    rows = ["a: &a [" + ", ".join("x" * 10) + "]"]
    rows += [
        f"{name}: &{name} [" + ", ".join([f"*{before}"] * 10) + "]"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(PolicyError, match="anchors unfold to more than"):
        read_document("\n".join(rows), "x")


def test_both_places_of_a_duplicate_key_are_named() -> None:
    """The first one counts; the second is the mistake."""
    document = read_document("a:\n  b: 1\n  c: 2\n  b: 3\n", "x")
    assert [str(mistake) for mistake in document.mistakes] == ["x:4:3: duplicate key 'b' (it is already at line 2)"]
    assert document.data == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        pytest.param(("a",), (1, 1), (2, 3), id="A section"),
        pytest.param(("a", "б"), (2, 3), (2, 6), id="A value"),
        pytest.param(("a", "c", 1), (3, 10), (3, 10), id="An item of a list"),
        pytest.param(("a", "nothing"), (2, 3), (2, 3), id="What is not there: around it"),
    ],
)
def test_places_count_characters_from_one(
    path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]
) -> None:
    """Columns are characters, also where letters are Russian."""
    document = read_document("a:\n  б: да\n  c: [я, ты]\n", "x")
    found = (document.key_place(path), document.value_place(path))
    assert [(place.line, place.column) for place in found] == [key, value]
