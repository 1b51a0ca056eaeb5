r"""The language in which leads write word patterns, read into sequences of alternatives (see `parse`).

One pattern is one line:

| written | matches |
|---|---|
| ``установка`` | the word in any of its forms |
| ``рабочая станция`` | a phrase: these words in any form, in this order, side by side |
| ``не ... работать`` | a phrase with up to 3 words in between; ``...7`` for up to 7 |
| ``вирту*`` | words (or dictionary forms) that begin so; at least 2 letters |
| ``«базы данных»`` or ``"базы данных"`` | exactly these forms; case and ё do not matter |
| ``~криптопро`` | the word also with one typing mistake; 6 letters and more |
| ``@install`` | a family of words; also inside a phrase: ``@install @os`` |
| ``re:код\s+\d+`` | a regular expression over the text |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

from bridge.core.text import tokenize
from bridge.core.words import forms_of, pattern_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

How = Literal["lemma", "phrase", "prefix", "exact", "regex", "typo"]

MAX_GAP: Final = 10
USUAL_GAP: Final = 3
MIN_PREFIX: Final = 2
MIN_TYPO: Final = 6
MAX_VARIANTS: Final = 1_000
REGEX: Final = "re:"

_PART: Final = re.compile(
    r'"(?P<quoted>[^"]*)"|«(?P<angled>[^»]*)»|(?P<gap>(?:\.{2,}|…)\d*)(?=\s|$)|(?P<plain>[^\s"«]+)'
)
_FORGOTTEN_REGEX: Final = re.compile(r"[?|()\[\]{}\\^$]")
_FAMILY: Final = re.compile(r"@([\w-]+)")


@dataclass(frozen=True, slots=True)
class Element:
    """One way to recognise one word: by `how`, with any of these keys (folded words, lemmas or beginnings).

    `forms` are the spellings of which one may have a typing mistake.
    """

    how: How
    keys: tuple[str, ...]
    forms: tuple[str, ...] = ()


Slot = frozenset[Element]
"""Alternatives for one word of a phrase."""


@dataclass(frozen=True, slots=True)
class Step:
    """One word of a sequence: its alternatives, and how many other words may stand before it."""

    slot: Slot
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """One sequence of words that a pattern stands for; `term` is the pattern, or the member of the family that this is."""

    term: str
    steps: tuple[Step, ...]

    @property
    def how(self) -> How:
        """What a hit of it is called."""
        hows = {element.how for step in self.steps for element in step.slot}
        return "exact" if hows == {"exact"} else "phrase"


_Chain = tuple[Step, ...]


class PatternParser:
    """Reads patterns that may name families; each family is read once, and each word."""

    def __init__(self, families: Mapping[str, Sequence[str]]) -> None:
        self._families = families
        self._read: dict[str, tuple[Variant, ...]] = {}
        self._words: dict[str, _Chain] = {}
        self._reading: list[str] = []

    def parse(self, pattern: str) -> tuple[Variant, ...]:
        """All sequences that a pattern (not a regular expression) stands for.

        Raises:
            ValueError: the pattern is empty or broken, or names a family that is unknown, empty or contains itself.
        """
        if family := _FAMILY.fullmatch(pattern.strip()):
            return self._family(family[1], pattern)
        parts: list[tuple[_Chain, ...]] = []
        gap: int | None = None
        for match in _parts(pattern):
            if match["gap"]:
                gap = _gap(match["gap"], pattern, first=not parts or gap is not None)
                continue
            parts.append(_after_gap(self._part(match, pattern), gap or 0))
            gap = None
        if not parts or gap is not None:
            raise ValueError(
                f"pattern {pattern!r}: {'a gap needs a word after it' if parts else 'there is no word in it'}"
            )
        return _joined(parts, pattern)

    def _part(self, match: re.Match[str], pattern: str) -> tuple[_Chain, ...]:
        """The alternatives for one part of a phrase, each a chain of steps."""
        plain = match["plain"]
        if plain is None:
            return (_exact(match["quoted"] or match["angled"] or "", pattern),)
        if family := _FAMILY.fullmatch(plain.rstrip(",")):
            return _alternatives(self._family(family[1], pattern))
        if plain not in self._words:
            self._words[plain] = _words(plain, pattern)
        return (self._words[plain],)

    def _family(self, name: str, pattern: str) -> tuple[Variant, ...]:
        if name in self._reading:
            circle = " → ".join([*self._reading[self._reading.index(name) :], name])
            raise ValueError(f"family {name!r} contains itself: {circle}")
        if name not in self._families:
            known = ", ".join(sorted(self._families)) or "none"
            raise ValueError(f"pattern {pattern!r}: there is no family {name!r} (known: {known})")
        if name not in self._read:
            self._reading.append(name)
            try:
                self._read[name] = self._members(name)
            finally:
                self._reading.pop()
        return self._read[name]

    def _members(self, name: str) -> tuple[Variant, ...]:
        variants: dict[tuple[Step, ...], Variant] = {}
        for member in self._families[name]:
            if member.strip().startswith(REGEX):
                raise ValueError(f"family {name!r}: {member!r} is a regular expression; it can only stand on its own")
            for variant in self.parse(member):
                variants.setdefault(variant.steps, variant)
        if not variants:
            raise ValueError(f"family {name!r} is empty")
        return tuple(variants.values())


def regex_source(pattern: str) -> str | None:
    """The regular expression that a pattern is, if it is one."""
    stripped = pattern.strip()
    return stripped[len(REGEX) :].strip() if stripped.startswith(REGEX) else None


def _parts(pattern: str) -> list[re.Match[str]]:
    if pattern.count('"') % 2 or pattern.count("«") != pattern.count("»"):
        raise ValueError(f"pattern {pattern!r}: a quotation mark is not closed")
    return list(_PART.finditer(pattern))


def _gap(written: str, pattern: str, *, first: bool) -> int:
    digits = written.lstrip(".…")
    gap = int(digits) if digits else USUAL_GAP
    if first:
        raise ValueError(f"pattern {pattern!r}: a gap stands between two words")
    if not 1 <= gap <= MAX_GAP:
        raise ValueError(f"pattern {pattern!r}: a gap is of 1 to {MAX_GAP} words, not {gap}")
    return gap


def _after_gap(chains: tuple[_Chain, ...], gap: int) -> tuple[_Chain, ...]:
    return tuple((Step(chain[0].slot, gap), *chain[1:]) for chain in chains) if gap else chains


def _exact(quoted: str, pattern: str) -> _Chain:
    words = [token.word for token in tokenize(quoted)]
    if not words:
        raise ValueError(f"pattern {pattern!r}: there is no word between the quotation marks")
    return tuple(Step(frozenset([Element("exact", (word,))])) for word in words)


def _words(plain: str, pattern: str) -> _Chain:
    """The words of an unquoted part: mostly one, more where it has hyphens; the last may be a beginning, the only one approximate."""
    fuzzy, begins = plain.startswith("~"), plain.endswith("*")
    bare = plain.removeprefix("~").removesuffix("*")
    _refuse_strange(bare, plain, pattern, both=fuzzy and begins)
    tokens = tokenize(bare)
    if not tokens:
        raise ValueError(f"pattern {pattern!r}: there is no word in {plain!r}")
    if fuzzy:
        return (Step(frozenset([_typo(bare, [token.word for token in tokens], pattern)])),)
    steps = [Step(frozenset([Element("lemma", pattern_keys(token.text))])) for token in tokens]
    if begins:
        steps[-1] = Step(frozenset([_prefix(tokens[-1].word, pattern)]))
    return tuple(steps)


def _refuse_strange(bare: str, plain: str, pattern: str, *, both: bool) -> None:
    if found := _FORGOTTEN_REGEX.search(bare):
        raise ValueError(
            f"pattern {pattern!r}: {found[0]!r} means nothing here; a regular expression begins with {REGEX!r}"
        )
    if "*" in bare:
        raise ValueError(f"pattern {pattern!r}: the asterisk stands at the end of a word")
    if "~" in bare or both:
        raise ValueError(f"pattern {pattern!r}: a tilde stands before one whole word, not {plain!r}")
    if "@" in bare:
        raise ValueError(
            f"pattern {pattern!r}: {plain!r} is not a family's name (letters, digits, '_' and '-' after '@')"
        )


def _prefix(word: str, pattern: str) -> Element:
    if len(word) < MIN_PREFIX:
        raise ValueError(f"pattern {pattern!r}: {word}* would match too much; write at least {MIN_PREFIX} letters")
    return Element("prefix", (word,))


def _typo(bare: str, words: Sequence[str], pattern: str) -> Element:
    if len(words) != 1 or len(words[0]) < MIN_TYPO:
        raise ValueError(
            f"pattern {pattern!r}: typing mistakes are looked for in one word of {MIN_TYPO} letters or more, not {bare!r}"
        )
    return Element("typo", pattern_keys(bare), tuple(form for form in forms_of(words[0]) if len(form) >= MIN_TYPO))


def _alternatives(variants: Sequence[Variant]) -> tuple[_Chain, ...]:
    """A family inside a phrase: its single words are alternatives of one step, its phrases are chains of their own."""
    single = frozenset[Element]().union(*(v.steps[0].slot for v in variants if len(v.steps) == 1))
    chains = [variant.steps for variant in variants if len(variant.steps) > 1]
    return tuple(([(Step(single),)] if single else []) + chains)


def _joined(parts: Sequence[tuple[_Chain, ...]], pattern: str) -> tuple[Variant, ...]:
    count = 1
    for part in parts:
        count *= len(part)
    if count > MAX_VARIANTS:
        raise ValueError(
            f"pattern {pattern!r} stands for {count} phrases, more than {MAX_VARIANTS}; name fewer families of phrases"
        )
    return tuple(Variant(pattern, tuple(step for chain in chains for step in chain)) for chains in product(*parts))
