"""One word of Russian or English: folded, its dictionary form, and the keys by which an index finds it.

Russian forms come from pymorphy3's dictionary (first, that is likeliest, parse), English ones from inflection rules alone: *installs*,
*installed* and *installing* are one word, *installation* is another, as «установить» and «установка» are. Families of words link them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import pymorphy3  # type: ignore[import-untyped]

CACHED_WORDS: Final = 65_536
LONGEST_WORD: Final = 40

_MARKS: Final = re.compile("[\u0300-\u036f\u00ad\u200b-\u200d\u2060]")
_RUSSIAN: Final = re.compile("[а-я]+")
_ENGLISH: Final = re.compile("[a-z]+")
_CYRILLIC: Final = re.compile("[Ѐ-ӿ]")
_LATIN: Final = re.compile("[A-Za-z]")
_DIGIT: Final = re.compile("[0-9]")
_VOWEL: Final = re.compile("[aeiouy]")

# Letters that look the same in both alphabets, as they were typed (before case is folded).
_TO_CYRILLIC: Final = str.maketrans("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук")
_TO_LATIN: Final = str.maketrans("АВЕКМНОРСТУХІаеорсухкі", "ABEKMHOPCTYXIaeopcyxki")
_TO_LATIN_ANY_CASE: Final = str.maketrans("авекмнорстух", "abekmhopctyx")
_RUSSIAN_ENDING: Final = re.compile("([a-z][a-z0-9]{2,})(а|у|е|ы|и|ом|ем|ов|ам|ами|ах)")

_PARTICIPLES: Final = frozenset({"PRTF", "PRTS"})
_ADJECTIVES: Final = _PARTICIPLES | {"ADJF", "ADJS"}
_MASCULINE: Final = frozenset({"PRTF", "masc", "sing", "nomn"})

_IRREGULAR: Final = {
    form: base
    for base, forms in {
        "be": "am is are was were been being",
        "have": "has had having",
        "do": "does did done doing",
        "go": "goes went gone",
        "get": "got gotten",
        "buy": "bought",
        "break": "broke broken",
        "choose": "chose chosen choosing",
        "find": "found",
        "give": "gave given",
        "hang": "hung",
        "hold": "held",
        "keep": "kept",
        "know": "knew known",
        "leave": "left",
        "lose": "lost",
        "make": "made",
        "pay": "paid",
        "run": "ran",
        "see": "saw seen",
        "sell": "sold",
        "send": "sent",
        "show": "shown",
        "speak": "spoke spoken",
        "take": "took taken",
        "tell": "told",
        "think": "thought",
        "understand": "understood",
        "write": "wrote written",
        "child": "children",
        "person": "people",
        "vm": "vms",
        "pc": "pcs",
        "can": "could",
        "windows": "windows",
        "news": "news",
        "always": "always",
        "this": "this",
    }.items()
    for form in forms.split()
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word folded (`text`), its dictionary form (`lemma`), and everything a pattern may know it by (`keys`, the lemma first)."""

    text: str
    lemma: str
    keys: tuple[str, ...]


def fold(text: str) -> str:
    """The text without differences of case, of ё and е, of composed and decomposed letters, stress marks and soft hyphens."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).casefold().replace("ё", "е").replace("ë", "е")


def word_of(raw: str) -> Word:
    """What is known of one word, given as it was written."""
    if len(raw) > LONGEST_WORD:
        word = fold(raw) or raw
        return Word(word, word, (word,))
    return _word_of(raw)


@lru_cache(maxsize=CACHED_WORDS)
def _word_of(raw: str) -> Word:
    readings = _readings(raw)
    lemmas = [form for reading in readings for form in lemmas_of(reading)]
    return Word(readings[0], lemmas[0], tuple(dict.fromkeys([*lemmas, *readings])))


def lemmas_of(word: str) -> tuple[str, ...]:
    """The dictionary forms of a folded word, the likeliest first; a word of neither language, or a very long one, is its own."""
    if len(word) > LONGEST_WORD:
        return (word,)
    if _RUSSIAN.fullmatch(word):
        return _russian_lemmas(word)
    return (english_lemma(word) if _ENGLISH.fullmatch(word) else word,)


def pattern_keys(raw: str) -> tuple[str, ...]:
    """The keys under which a word *of a pattern* is filed.

    A lead writes dictionary forms: a word that is the dictionary form of one of its parses means that one, even where another parse is
    likelier («банка» is not «банк»).
    """
    word = word_of(raw)
    if _RUSSIAN.fullmatch(word.text) and len(word.text) <= LONGEST_WORD:
        forms = {fold(str(parse.normal_form)) for parse in _parses(word.text)}
        if word.text in forms:
            return (word.text,)
    return tuple(dict.fromkeys([word.lemma, word.text]))


def _russian_lemmas(word: str) -> tuple[str, ...]:
    """The lemma of the first parse; a participle is also its own masculine («куплена» is «купить» and «купленный»).

    Of equally likely parses the first is the one whose dictionary form is the word itself («данные» is no form of «дать»). Adjectives and
    participles that the dictionary cannot tell apart are taken both («закрыт» is «закрытый» and «закрыть»).
    """
    parses = _parses(word)
    equal = [parse for parse in parses if parse.score == parses[0].score]
    first = next((parse for parse in equal if fold(str(parse.normal_form)) == word), equal[0])
    adjectives = [parse for parse in equal if parse.tag.POS in _ADJECTIVES] if first.tag.POS in _ADJECTIVES else []
    equal = [first, *adjectives]
    forms = [str(parse.normal_form) for parse in equal]
    for parse in equal:
        full = parse.inflect(_MASCULINE) if parse.tag.POS in _PARTICIPLES else None
        forms += [full.word] if full else []
    return tuple(dict.fromkeys(fold(form) for form in forms))


def forms_of(word: str) -> tuple[str, ...]:
    """The forms of a folded Russian word (of a verb without its participles), itself among them; of any other word, itself."""
    if not _RUSSIAN.fullmatch(word) or len(word) > LONGEST_WORD:
        return (word,)
    parses = _parses(word)
    parse = next((p for p in parses if fold(str(p.normal_form)) == word), parses[0])
    kinds = {parse.tag.POS, *(("VERB", "INFN") if parse.tag.POS in {"VERB", "INFN"} else ())}
    return tuple(dict.fromkeys([word, *(fold(form.word) for form in parse.lexeme if form.tag.POS in kinds)]))


@lru_cache(maxsize=CACHED_WORDS)
def is_known(word: str) -> bool:
    """Is the folded Russian word in the dictionary? English words never are: there is no dictionary of them."""
    return bool(_RUSSIAN.fullmatch(word)) and len(word) <= LONGEST_WORD and bool(_morph().word_is_known(word))


@lru_cache(maxsize=CACHED_WORDS)
def is_name(word: str) -> bool:
    """Is the folded Russian word likeliest a person's name, patronymic or surname?"""
    if not _RUSSIAN.fullmatch(word) or len(word) > LONGEST_WORD:
        return False
    return any(mark in _parses(word)[0].tag for mark in ("Name", "Patr", "Surn"))


def english_lemma(word: str) -> str:
    """A folded English word without its inflection (not always a word: *release* and *releases* are both "releas")."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3:
        return word
    return _without_e(_without_suffix(_without_plural(word)))


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) or not word.endswith("s") else word[:-1]


def _without_suffix(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("eed"):
        return word
    stem = word.removesuffix("ing") if word.endswith("ing") else word.removesuffix("ed")
    if stem == word or len(stem) < 2 or not _VOWEL.search(stem):
        return word
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    short = len(stem) == 2 or (len(stem) == 3 and stem[-1] not in "aeiouwxy" and stem[-2] in "aeiouy")
    return stem + "e" if short and stem[-1] != stem[-2] else stem


def _without_e(word: str) -> str:
    stem = word[:-1] if word.endswith("e") and len(word) > 4 else word
    return stem[:-1] if len(stem) > 4 and stem[-1] == stem[-2] == "l" else stem


def _readings(raw: str) -> list[str]:
    """The folded word, likeliest reading first, where letters of one alphabet stand for those of the other («Аlt», «1C»)."""
    word = fold(raw) or raw
    if not _CYRILLIC.search(word):
        return [word]
    if _DIGIT.search(word):
        latin = word.translate(_TO_LATIN_ANY_CASE)
        return [word] if _CYRILLIC.search(latin) else [latin]
    if not _LATIN.search(word):
        return [word]
    return _mixed_readings(raw, word)


def _mixed_readings(raw: str, word: str) -> list[str]:
    latin, cyrillic = fold(raw.translate(_TO_LATIN)), fold(raw.translate(_TO_CYRILLIC))
    readings = [reading for reading, other in ((latin, _CYRILLIC), (cyrillic, _LATIN)) if not other.search(reading)]
    if len(_CYRILLIC.findall(raw)) > len(_LATIN.findall(raw)):
        readings.reverse()
    if ended := _RUSSIAN_ENDING.fullmatch(word):
        readings.append(ended[1])
    return readings or [word]


@lru_cache(maxsize=4_096)
def _parses(word: str) -> list[Any]:
    """The dictionary's readings of a folded Russian word, the likeliest first."""
    parses: list[Any] = _morph().parse(word)
    return parses


@cache
def _morph() -> Any:
    """pymorphy3's dictionaries: 0.1 s and 28 MB, so loaded with the first Russian word and once."""
    return pymorphy3.MorphAnalyzer()
