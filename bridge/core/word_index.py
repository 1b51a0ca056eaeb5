"""All word patterns of all rules, looked up in one reading of a text.

Every word of a text is looked up in dictionaries (by lemma, form, beginning, and neighbourhood of one typing mistake) and drives one tree of
all phrases at once, so the cost does not grow with the number of patterns. Regular expressions are the exception: each costs a scan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import regex

from bridge.core.patterns import MIN_TYPO, Element, How, PatternParser, Slot, Variant, regex_source
from bridge.core.text import MAX_CHARS, Token, tokenize
from bridge.core.typos import deletions, one_mistake
from bridge.core.words import LONGEST_WORD, is_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

REGEX_SECONDS: Final = 0.1
"""How long one regular expression may search one text."""

MAX_HITS: Final = 20
"""How many hits of one pattern in one text are kept."""

REMEMBERED: Final = 64
"""In how many texts `RememberingIndex` knows its way."""

_RANK: Final[Mapping[How, int]] = MappingProxyType(
    {"exact": 0, "lemma": 1, "phrase": 2, "prefix": 3, "regex": 4, "typo": 5}
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text where a pattern matches.

    `found` is what is written there, `how` the reason; `term` is the member of the family that matched, else the pattern itself.
    """

    pattern: str
    found: str
    start: int
    end: int
    how: How
    term: str


@dataclass(frozen=True)
class Matches:
    """What an index found in one text, and the words of the text themselves (`tokens`).

    `timeouts` are the regular expressions that took too long and so count as not matching; `cut` says that the text was longer than
    `MAX_CHARS`, and its rest was not read.
    """

    found: Mapping[str, tuple[Hit, ...]]
    timeouts: tuple[str, ...] = ()
    cut: bool = False
    tokens: tuple[Token, ...] = ()

    def hits(self, pattern: str) -> tuple[Hit, ...]:
        """The hits of one pattern in order of their places, at most `MAX_HITS`; none for a pattern that the index does not know."""
        return self.found.get(pattern, ())

    def __contains__(self, pattern: object) -> bool:
        """Does the pattern match at all?"""
        return pattern in self.found


@dataclass(slots=True)
class _Node:
    """A state of the tree of phrases: what may follow at once, what after a gap (by the gap's size), and the patterns that end here."""

    next: dict[int, _Node] = field(default_factory=dict)
    later: dict[int, dict[int, _Node]] = field(default_factory=dict)
    ends: list[tuple[str, Variant]] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """May another word follow?"""
        return bool(self.next or self.later)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a phrase that is being read began, how its latest word was recognised, and whether a word of it has a typing mistake."""

    at: int
    how: How
    typo: bool


_Reached = dict[int, tuple[_Node, _Start]]


class WordIndex:
    """An index over word patterns (`bridge.core.patterns` has their language); build it once and search many texts."""

    def __init__(self) -> None:
        """An empty index; use `build`."""
        self._root = _Node()
        self._slots: dict[Slot, int] = {}
        self._by_key: dict[str, list[tuple[int, How]]] = defaultdict(list)
        self._by_prefix: dict[str, list[int]] = defaultdict(list)
        self._by_typo: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._prefix_lengths: tuple[int, ...] = ()
        self._regexes: list[tuple[str, regex.Pattern[str]]] = []
        self._max_gap = 0

    @classmethod
    def build(cls, patterns: Iterable[str], families: Mapping[str, Sequence[str]] | None = None) -> WordIndex:
        """An index over the patterns; the same pattern twice is one.

        Raises:
            ValueError: a pattern or a family cannot be used; the message is a sentence for the person who wrote it.
        """
        index = cls()
        parser = PatternParser(families or {})
        for pattern in dict.fromkeys(patterns):
            source = regex_source(pattern)
            if source is None:
                for variant in parser.parse(pattern):
                    index._add(pattern, variant)
            else:
                index._regexes.append((pattern, _compiled(source, pattern)))
        index._prefix_lengths = tuple(sorted({len(prefix) for prefix in index._by_prefix}))
        return index

    def _add(self, pattern: str, variant: Variant) -> None:
        node = self._root
        for step in variant.steps:
            slot = self._slot(step.slot)
            edges = node.later.setdefault(step.gap, {}) if step.gap else node.next
            if slot not in edges:
                edges[slot] = _Node()
            node = edges[slot]
            self._max_gap = max(self._max_gap, step.gap)
        if not node.ends or node.ends[-1][0] != pattern:
            node.ends.append((pattern, variant))

    def _slot(self, slot: Slot) -> int:
        number = self._slots.get(slot)
        if number is None:
            number = self._slots[slot] = len(self._slots)
            for element in slot:
                self._file(element, number)
        return number

    def _file(self, element: Element, slot: int) -> None:
        how: How = "lemma" if element.how == "typo" else element.how
        for key in element.keys:
            if how == "prefix":
                self._by_prefix[key].append(slot)
            else:
                self._by_key[key].append((slot, how))
        for form in element.forms:
            for shorter in deletions(form):
                self._by_typo[shorter].append((slot, form))

    def search(self, text: str) -> Matches:
        """Every hit of every pattern in a text.

        Join a ticket's subject and description with an empty line between them, so that no phrase reaches across. Never raises.
        """
        found: dict[str, dict[tuple[int, int], Hit]] = defaultdict(dict)
        timeouts: list[str] = []
        tokens = tokenize(text)
        for hit in self._hits(text, tokens, timeouts):
            known = found[hit.pattern]
            place = (hit.start, hit.end)
            if place in known:
                known[place] = min(known[place], hit, key=lambda h: _RANK[h.how])
            elif len(known) < MAX_HITS:
                known[place] = hit
        ordered = {pattern: tuple(hits[place] for place in sorted(hits)) for pattern, hits in found.items()}
        return Matches(MappingProxyType(ordered), tuple(timeouts), len(text) > MAX_CHARS, tokens)

    def covered(self, text: str, patterns: frozenset[str] | None = None) -> list[tuple[int, int]]:
        """All places (start, end) where one of the patterns (all, if not given) matches, however many."""
        return [
            (hit.start, hit.end)
            for hit in self._hits(text, tokenize(text), [])
            if patterns is None or hit.pattern in patterns
        ]

    def _hits(self, text: str, tokens: tuple[Token, ...], timeouts: list[str]) -> Iterator[Hit]:
        yield from self._phrases(text, tokens)
        flat = text[:MAX_CHARS].replace("ё", "е").replace("Ё", "Е").replace("\u00a0", " ")
        for pattern, compiled in self._regexes:
            try:
                hits = [match.span() for match in _first(compiled, flat)]
            except TimeoutError:
                timeouts.append(pattern)
                continue
            yield from (Hit(pattern, text[start:end], start, end, "regex", pattern) for start, end in hits)

    def _phrases(self, text: str, tokens: tuple[Token, ...]) -> Iterator[Hit]:
        """Walk the tree of phrases over the words of the text; `behind` has the unfinished phrases at each of the last words."""
        behind: list[list[tuple[_Node, _Start]]] = []
        for token in tokens:
            if token.breaks:
                behind = []
            reached: _Reached = {}
            if slots := self._slots_of(token):
                _follow(self._root.next, slots, _Start(token.start, "lemma", typo=False), reached)
                for skipped, states in enumerate(reversed(behind)):
                    for node, start in states:
                        _advance(node, skipped, slots, start, reached)
            for node, start in reached.values():
                yield from _ended(node, text, start, token.end)
            behind = [
                *behind[max(0, len(behind) - self._max_gap) :],
                [state for state in reached.values() if state[0].goes_on],
            ]

    def _slots_of(self, token: Token) -> dict[int, How]:
        """The slots that one word fills, with the best reason for each."""
        slots: dict[int, How] = {}
        for slot, how in self._found(token):
            if slot not in slots or _RANK[how] < _RANK[slots[slot]]:
                slots[slot] = how
        return slots

    def _found(self, token: Token) -> Iterator[tuple[int, How]]:
        for key in token.keys:
            for slot, how in self._by_key.get(key, ()):
                if how != "exact" or key == token.word:
                    yield slot, how
            for length in self._prefix_lengths:
                if length > len(key):
                    break
                yield from ((slot, "prefix") for slot in self._by_prefix.get(key[:length], ()))
        if self._by_typo and MIN_TYPO <= len(token.word) + 1 <= LONGEST_WORD and not is_known(token.word):
            yield from ((slot, "typo") for slot in self._mistyped(token.word))

    def _mistyped(self, word: str) -> Iterator[int]:
        for shorter in deletions(word):
            for slot, form in self._by_typo.get(shorter, ()):
                if one_mistake(word, form):
                    yield slot


class RememberingIndex(WordIndex):
    """The same index, which remembers what it found in the last few texts: for replays, which look at a ticket over and over."""

    def __init__(self, index: WordIndex) -> None:
        """Over an index that is built."""
        self._search = lru_cache(maxsize=REMEMBERED)(index.search)
        self._covered = lru_cache(maxsize=REMEMBERED)(index.covered)

    def search(self, text: str) -> Matches:
        """See `WordIndex.search`."""
        return self._search(text)

    def covered(self, text: str, patterns: frozenset[str] | None = None) -> list[tuple[int, int]]:
        """See `WordIndex.covered`."""
        return list(self._covered(text, patterns))


def _advance(node: _Node, skipped: int, slots: Mapping[int, How], start: _Start, reached: _Reached) -> None:
    if not skipped:
        _follow(node.next, slots, start, reached)
    for gap, edges in node.later.items():
        if skipped <= gap:
            _follow(edges, slots, start, reached)


def _follow(edges: Mapping[int, _Node], slots: Mapping[int, How], start: _Start, reached: _Reached) -> None:
    """Go on along every edge that the word allows; where a state is reached twice, the one without a mistake, then the shorter, is kept."""
    for slot in slots.keys() & edges.keys():
        node, how = edges[slot], slots[slot]
        begun = _Start(start.at, how, start.typo or how == "typo")
        known = reached.get(id(node))
        if known is None or (begun.typo, -begun.at) < (known[1].typo, -known[1].at):
            reached[id(node)] = (node, begun)


def _ended(node: _Node, text: str, start: _Start, end: int) -> Iterator[Hit]:
    for pattern, variant in node.ends:
        how = start.how if len(variant.steps) == 1 else variant.how
        yield Hit(pattern, text[start.at : end], start.at, end, "typo" if start.typo else how, variant.term)


def _first(compiled: regex.Pattern[str], text: str) -> Iterator[regex.Match[str]]:
    """The first few matches with something in them, within the time allowed."""
    count = 0
    for match in compiled.finditer(text, timeout=REGEX_SECONDS):
        if match.end() > match.start():
            yield match
            count += 1
        if count == MAX_HITS:
            return


def _compiled(source: str, pattern: str) -> regex.Pattern[str]:
    if not source:
        raise ValueError(f"pattern {pattern!r}: there is no regular expression after 're:'")
    try:
        return regex.compile(source.replace("ё", "е").replace("Ё", "Е"), regex.IGNORECASE | regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"pattern {pattern!r}: the regular expression is broken: {error}") from error
