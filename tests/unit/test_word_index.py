"""Word patterns: what they match, what they refuse, and what a hostile text cannot do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.patterns import MAX_VARIANTS
from bridge.core.text import MAX_CHARS
from bridge.core.typos import deletions, one_mistake
from bridge.core.word_index import MAX_HITS, WordIndex

FAMILIES = {
    "install": ["установка", "установить", "install*", "поставить на"],
    "os": ["ос", "операционная система", "альт", "«Alt Linux»"],
    "any": ["@install", "настройка"],
    "crypto": ["~криптопро"],
}


def found(pattern: str, text: str) -> list[tuple[str, str]]:
    """What a single pattern finds, and how."""
    return [(hit.found, hit.how) for hit in WordIndex.build([pattern], FAMILIES).search(text).hits(pattern)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param(
            "ошибка", "Много ошибок, и ещё ОШИБКА", [("ошибок", "lemma"), ("ОШИБКА", "lemma")], id="a word in its forms"
        ),
        pytest.param("решён", "Вопрос решен", [("решен", "lemma")], id="ё is е"),
        pytest.param(
            "рабочая станция", "на рабочей станции", [("рабочей станции", "phrase")], id="a phrase in its forms"
        ),
        pytest.param("рабочая станция", "станция рабочая", [], id="a phrase keeps its order"),
        pytest.param("рабочая станция", "рабочая наша станция", [], id="a phrase is adjacent"),
        pytest.param("рабочая станция", "Она рабочая. Станция есть", [], id="a phrase stays in its sentence"),
        pytest.param(
            "рабочая станция",
            "рабочая\nстанция",
            [("рабочая\nстанция", "phrase")],
            id="a phrase goes on over a wrapped line",
        ),
        pytest.param("рабочая станция", "рабочая\n\nстанция", [], id="a phrase stays in its paragraph"),
        pytest.param(
            "рабочая, станция",
            "рабочей станции",
            [("рабочей станции", "phrase")],
            id="a comma in a pattern says nothing",
        ),
        pytest.param(
            "не ... работать",
            "не очень хорошо работает",
            [("не очень хорошо работает", "phrase")],
            id="a gap of three at most",
        ),
        pytest.param("не ... работать", "не работает", [("не работает", "phrase")], id="a gap may be empty"),
        pytest.param("не … работать", "не всё работает", [("не всё работает", "phrase")], id="a gap as one character"),
        pytest.param("не .. работать", "не всё работает", [("не всё работает", "phrase")], id="a gap as two points"),
        pytest.param("не ... работать", "не так уж и хорошо работает", [], id="a gap of four is too wide"),
        pytest.param(
            "не ...4 работать",
            "не так уж и хорошо работает",
            [("не так уж и хорошо работает", "phrase")],
            id="a gap as wide as asked",
        ),
        pytest.param("не ...1 работать", "не очень хорошо работает", [], id="a gap as narrow as asked"),
        pytest.param(
            "не ... работать", "не не работает", [("не работает", "phrase")], id="the shortest stretch is the hit"
        ),
        pytest.param("а ...1 б ...1 в", "а x б y в", [("а x б y в", "phrase")], id="two gaps"),
        pytest.param(
            "вирту*", "Виртуалка и виртуальный", [("Виртуалка", "prefix"), ("виртуальный", "prefix")], id="a beginning"
        ),
        pytest.param("решить*", "решено", [("решено", "prefix")], id="a beginning of the dictionary form"),
        pytest.param(
            "альт серв*", "Альт-Серверы", [("Альт-Серверы", "phrase")], id="a phrase that ends in a beginning"
        ),
        pytest.param("«базы данных»", "Базы данных, базу данных", [("Базы данных", "exact")], id="exact forms"),
        pytest.param(
            '"закройте"', "закройте, закрыть", [("закройте", "exact")], id="one exact form in straight quotes"
        ),
        pytest.param(
            "«закройте» заявка",
            "закройте заявку",
            [("закройте заявку", "phrase")],
            id="exact and any form in one phrase",
        ),
        pytest.param(
            r"re:код\s+\d+",
            "Код\u00a015, код х",
            [("Код\u00a015", "regex")],
            id="a regular expression; case does not matter",
        ),
        pytest.param(
            "re:ещё", "ЕЩЕ ещё", [("ЕЩЕ", "regex"), ("ещё", "regex")], id="ё is е in a regular expression too"
        ),
        pytest.param("re:x*", "aaa", [], id="an empty match is none"),
        pytest.param(
            "~криптопро", "крипторпо Криптопро", [("крипторпо", "typo"), ("Криптопро", "lemma")], id="a typing mistake"
        ),
        pytest.param(
            "~установка",
            "устновки и остановка",
            [("устновки", "typo")],
            id="another word of the dictionary is no mistake",
        ),
        pytest.param("~лицензия ос", "лецензии ОС", [("лецензии ОС", "typo")], id="a typing mistake inside a phrase"),
        pytest.param(
            "@install", "Установил, installation", [("Установил", "lemma"), ("installation", "prefix")], id="a family"
        ),
        pytest.param("@install", "поставили на диск", [("поставили на", "phrase")], id="a family's phrase"),
        pytest.param(
            "@any", "настройки, установки", [("настройки", "lemma"), ("установки", "lemma")], id="a family in a family"
        ),
        pytest.param(
            "@install @os",
            "установить операционную систему",
            [("установить операционную систему", "phrase")],
            id="families in a phrase",
        ),
        pytest.param(
            "@install @os", "поставил на Альт", [("поставил на Альт", "phrase")], id="phrases of families in a phrase"
        ),
        pytest.param(
            "@install ... @os", "установка этой ОС", [("установка этой ОС", "phrase")], id="families with a gap"
        ),
        pytest.param("@crypto", "криптпро", [("криптпро", "typo")], id="a family's member with a typing mistake"),
        pytest.param("@os", "alt linux; alt linuxes", [("alt linux", "exact")], id="a family's exact member"),
        pytest.param("wi-fi", "Wi-Fi, wi fi", [("Wi-Fi", "phrase"), ("wi fi", "phrase")], id="a hyphen is a space"),
        pytest.param("x86_64", "х86_64", [("х86_64", "lemma")], id="a Cyrillic х in x86_64"),
        pytest.param("1С", "1C и 1с", [("1C", "lemma"), ("1с", "lemma")], id="1С in either alphabet"),
        pytest.param("1С:Предприятие", "в 1C: Предприятии", [("1C: Предприятии", "phrase")], id="1С with its product"),
        pytest.param("C++", "C и C++", [("C++", "lemma")], id="C++ is not C"),
        pytest.param("10.2", "Альт 10.2, 10.21", [("10.2", "lemma")], id="a version"),
        pytest.param(
            "10*", "Альт 10.2 и 10", [("10.2", "prefix"), ("10", "prefix")], id="a version and what is below it"
        ),
        pytest.param(
            "not work",
            "It doesn't work, dont work",
            [("n't work", "phrase"), ("nt work", "phrase")],
            id="not, also when shortened",
        ),
    ],
)
def test_patterns(pattern: str, text: str, expected: list[tuple[str, str]]) -> None:
    """Each kind of pattern finds what its description promises, and says how."""
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("", "there is no word in it"),
        ("  ", "there is no word in it"),
        ("!!", "there is no word in '!!'"),
        ("...", "a gap stands between two words"),
        ("... слово", "a gap stands between two words"),
        ("а ... ... б", "a gap stands between two words"),
        ("слово ...", "a gap needs a word after it"),
        ("а ...99 б", "a gap is of 1 to 10 words, not 99"),
        ("@nobody", "there is no family 'nobody' (known: any, crypto, install, os)"),
        ("@", "is not a family's name"),
        ("re:(", "the regular expression is broken: missing )"),
        ("re:", "there is no regular expression after 're:'"),
        ("~кот", "typing mistakes are looked for in one word of 6 letters or more"),
        ("~установ*", "a tilde stands before one whole word"),
        ("сло~во", "a tilde stands before one whole word"),
        ("сл*во", "the asterisk stands at the end of a word"),
        ("а*", "would match too much"),
        ("слово?", "'?' means nothing here; a regular expression begins with 're:'"),
        ('"слово', "a quotation mark is not closed"),
        ("«»", "there is no word between the quotation marks"),
    ],
)
def test_bad_patterns_are_refused_with_a_sentence(pattern: str, sentence: str) -> None:
    """Whoever wrote a pattern that means nothing is told why."""
    with pytest.raises(ValueError) as refusal:
        WordIndex.build([pattern], FAMILIES)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("families", "sentence"),
    [
        ({"a": ["@b"], "b": ["слово @a"]}, "family 'a' contains itself: a → b → a"),
        ({"a": ["@a"]}, "family 'a' contains itself: a → a"),
        ({"a": []}, "family 'a' is empty"),
        ({"a": ["re:x"]}, "family 'a': 're:x' is a regular expression; it can only stand on its own"),
        ({"a": [""]}, "there is no word in it"),
    ],
)
def test_bad_families_are_refused_with_a_sentence(families: dict[str, list[str]], sentence: str) -> None:
    """A family that contains itself, nothing or a regular expression cannot be used."""
    with pytest.raises(ValueError) as refusal:
        WordIndex.build(["@a"], families)
    assert sentence in str(refusal.value)


def test_too_many_phrases_are_refused() -> None:
    """Families of phrases multiplied with one another are refused before they fill the memory."""
    families = {"a": [f"слово номер{'а' * i}" for i in range(1, 40)]}
    with pytest.raises(ValueError, match=f"more than {MAX_VARIANTS}"):
        WordIndex.build(["@a @a @a"], families)


def test_one_index_serves_all_patterns() -> None:
    """Patterns that share words, beginnings and families do not disturb one another."""
    patterns = ["установить", "установить драйвер", "@install", "устан*", "«установил»", "не ... установить"]
    matches = WordIndex.build(patterns, FAMILIES).search("Не смог: установил драйвер")
    assert {p: [(h.found, h.how) for h in matches.hits(p)] for p in patterns} == {
        "установить": [("установил", "lemma")],
        "установить драйвер": [("установил драйвер", "phrase")],
        "@install": [("установил", "lemma")],
        "устан*": [("установил", "prefix")],
        "«установил»": [("установил", "exact")],
        "не ... установить": [("Не смог: установил", "phrase")],
    }
    assert "установить" in matches
    assert "нет такого" not in matches
    assert matches.hits("нет такого") == ()


def test_a_family_names_the_member_that_matched() -> None:
    """`explain` can say which word of a family it was."""
    index = WordIndex.build(["@any"], FAMILIES)
    assert [hit.term for hit in index.search("installing на рабочее место, установки").hits("@any")] == [
        "install*",
        "установка",
    ]


def test_hostile_text_cannot_hang_a_regular_expression() -> None:
    """A regular expression that would run for ages is stopped, counts as no match and is named; the others go on."""
    evil = WordIndex.build(["re:(а+)+$", "слово"])
    stopped = evil.search("слово " + "а" * 5_000 + "!")
    assert stopped.timeouts == ("re:(а+)+$",)
    assert stopped.hits("re:(а+)+$") == ()
    assert stopped.hits("слово")


def test_text_beyond_the_limit_is_not_read() -> None:
    """A long text is read up to the limit, and that is said."""
    index = WordIndex.build(["слово", "re:слово"])
    matches = index.search(" " * MAX_CHARS + "слово")
    assert matches.cut
    assert not matches.found
    assert not index.search("слово").cut


def test_hits_are_few_but_coverage_is_complete() -> None:
    """A word repeated a thousand times does not fill an explanation."""
    index = WordIndex.build(["слово"])
    text = "слово " * 1_000
    assert len(index.search(text).hits("слово")) == MAX_HITS
    assert len(index.covered(text)) == 1_000


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("установка", "установка", True),
        ("установка", "устновка", True),
        ("установка", "устаановка", True),
        ("установка", "усьановка", True),
        ("установка", "утсановка", True),
        ("установка", "устновк", False),
        ("установка", "тсуановка", False),
        ("установка", "аустановк", False),
        ("", "а", True),
        ("", "аб", False),
        ("аб", "ба", True),
        ("абв", "вба", False),
    ],
)
def test_one_typing_mistake(left: str, right: str, expected: bool) -> None:
    """A letter left out, added or replaced, or two neighbours swapped, and nothing more."""
    assert one_mistake(left, right) is expected
    assert one_mistake(right, left) is expected


@given(st.text("абв", max_size=6), st.text("абв", max_size=6))
def test_deletions_find_every_mistake(left: str, right: str) -> None:
    """Words one mistake apart always share a deletion."""
    if one_mistake(left, right):
        assert deletions(left) & deletions(right)


EVERYTHING = WordIndex.build(
    [
        "слово",
        "не ... работать",
        "@install ... @os",
        "аб*",
        "«да»",
        "~криптопро",
        r"re:\w\d",
        "no ...2 way",
        "C++",
        "ёж*",
    ],
    FAMILIES,
)
PIECES = "слово|не|работает|Установить|ОС.|абв|да|криптпро|а1|no|way!|C++|it's|\n|\n\n|-|ё|Ё|ﬀ|ß"
WORDS = st.lists(st.sampled_from(PIECES.split("|")), max_size=30).map(" ".join)


@given(st.one_of(st.text(), WORDS))
def test_search_never_raises_and_hits_lie_within_the_text(text: str) -> None:
    """Whatever a customer writes, it is searched, and each hit is a stretch of it."""
    matches = EVERYTHING.search(text)
    for pattern, hits in matches.found.items():
        assert hits == tuple(sorted(hits, key=lambda hit: (hit.start, hit.end)))
        for hit in hits:
            assert hit.pattern == pattern
            assert 0 <= hit.start < hit.end <= len(text)
            assert text[hit.start : hit.end] == hit.found


@given(WORDS, st.sampled_from(["слово", "@install ... @os", "~криптопро", "не ... работать"]))
def test_an_index_of_many_agrees_with_an_index_of_one(text: str, pattern: str) -> None:
    """What a pattern finds does not depend on the patterns beside it."""
    alone = WordIndex.build([pattern], FAMILIES).search(text).hits(pattern)
    together = EVERYTHING.search(text).hits(pattern)
    assert alone == together
