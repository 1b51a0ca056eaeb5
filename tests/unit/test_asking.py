"""What a text asks, without its background."""

from __future__ import annotations

import pytest

from bridge.core.asking import asking


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("У нас 1С. Чем отличается Сервер?", "Чем отличается Сервер?", id="A question"),
        pytest.param("We run Oracle. Please explain the editions.", "Please explain the editions.", id="A request"),
        pytest.param("Альт 10.2 уже стоит. Можно ли до 11.0?", "Можно ли до 11.0?", id="The dot of a version ends no sentence"),
        pytest.param(
            "Есть принтеры.\nПросим подтвердить совместимость:\n- Касперский;\n- Гарант.\n\nС уважением",
            "Просим подтвердить совместимость:\n- Касперский;\n- Гарант.",
            id="A list belongs to the request before it",
        ),
        pytest.param("Не печатает принтер", "Не печатает принтер", id="All of it where nothing asks"),
        pytest.param("", "", id="Nothing"),
    ],
)  # fmt: skip
def test_what_is_asked(text: str, expected: str) -> None:
    """Sentences that end in "?" or hold a word of request, with the list that follows."""
    assert asking(text) == expected


def test_a_long_text_without_an_end_takes_no_long_time() -> None:
    """A hostile text is read in one go, whatever it repeats."""
    text = "a." * 10_000
    assert asking(text) == text
