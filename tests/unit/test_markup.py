"""Text that must be echoed: nothing in it may become a macro, a link, an image or a mention."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.markup import inert

PARTS = (
    "{{",
    "}}",
    "[[",
    "]]",
    "](",
    "!",
    "@",
    "#",
    '":',
    "<",
    ">",
    "http://",
    "x",
    " ",
    "\n",
    "attachment:",
    "user:",
    "é",
)
ALIVE = (
    re.compile(r"\{\{"),
    re.compile(r"\[\["),
    re.compile(r"\]\("),
    re.compile(r"!\S+!"),
    re.compile(r"(?<!\w)@\w"),
    re.compile(r'":\S'),
    re.compile(r"#\d"),
    re.compile(r"<[\w/!]"),
    re.compile(r"\bhttps?://\S", re.IGNORECASE),
    re.compile(r"[\r\n]"),
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Сведения о системе", "Сведения о системе", id="A plain name stays"),
        pytest.param("{{include(Wiki)}}", "{ {include(Wiki)}}", id="A macro"),
        pytest.param("{{{include(Wiki)}}}", "{ { {include(Wiki)}}}", id="A macro in one brace more"),
        pytest.param("[[Wiki]]", "[ [Wiki]]", id="A wiki link"),
        pytest.param("[x](http://evil)", "[x] (http: //evil)", id="A link in Markdown"),
        pytest.param('"x":http://evil', '"x": http: //evil', id="A link in Textile"),
        pytest.param("!http://evil/x.png!", "! http: //evil/x.png!", id="An image in Textile"),
        pytest.param("@admin", "@ admin", id="A mention"),
        pytest.param("a@example.org", "a@example.org", id="A mail address is no mention"),
        pytest.param("#1234", "№ 1234", id="A ticket"),
        pytest.param("<script>", "‹ script>", id="HTML"),
        pytest.param("attachment:x.log", "attachment: x.log", id="An attachment"),
        pytest.param("a\r\nb\nc", "a b c", id="Several lines become one"),
    ],
)
def test_p6_nothing_is_left_alive(text: str, shown: str) -> None:
    """What Redmine's markup would turn into something else is shown as it is."""
    assert inert(text) == shown


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join) | st.text(max_size=60))
def test_p6_no_text_comes_through_alive(text: str) -> None:
    """However the pieces are put together, none of the dangerous forms is left, and defusing twice changes nothing."""
    shown = inert(text)
    assert not [form.pattern for form in ALIVE if form.search(shown)]
    assert inert(shown) == shown
