"""What example tickets have taught: how much each word speaks for each kind, in points, and how far one kind is ahead of the others.

A linear classifier (multinomial logistic regression). `bridge.report.learning` finds the points, a file beside the rules has them, and here they are
only looked up and added: 10 points are a factor of e in the odds of one kind against another, so that 7 ahead is about 2 to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bridge.core.model import TRIAGE

if TYPE_CHECKING:
    from bridge.core.word_index import Matches

PLACES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"text": ("subject", "description", "answers"), "subject": ("subject",), "asks": ("asks",)}
)
"""Where a sign stands, by the name of the condition that looks there, and the parts of the ticket that it is made of."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A word or a family that stands somewhere in a ticket: `name` as the file has it, `found` as it was written."""

    name: str
    found: str

    @property
    def family(self) -> str:
        """The family that it is of; empty for a word."""
        return family_of(self.name)


def family_of(name: str) -> str:
    """The family of a sign's name: «install» of «asks @install»; empty for a word."""
    _, _, what = name.partition(" ")
    return what[1:] if what.startswith("@") else ""


def signs_in(matches: Mapping[str, Matches]) -> tuple[Sign, ...]:
    """All signs in a ticket, by what was found in each of its parts; each once."""
    found: dict[str, str] = {}
    for place, parts in PLACES.items():
        for one in (matches[part] for part in parts if part in matches):
            for what, written in _signs(one):
                found.setdefault(f"{place} {what}", written)
    return tuple(Sign(name, written) for name, written in found.items())


def _signs(matches: Matches) -> Iterator[tuple[str, str]]:
    yield from ((token.lemma, token.text) for token in matches.tokens)
    for pattern, hits in matches.found.items():
        if pattern.startswith("@") and " " not in pattern:
            yield pattern, hits[0].found


@dataclass(frozen=True, slots=True)
class Share:
    """What one sign adds to the lead of one kind over another, in points."""

    sign: Sign
    points: int

    def __str__(self) -> str:
        """As reasons name it: the word as written, and the family that it is of."""
        family = f" (@{self.sign.family})" if self.sign.family else ""
        return f"«{self.sign.found}»{family} {self.points:+d}"


@dataclass(frozen=True)
class Learned:
    """Points by sign and kind. `at_rest` has those of a ticket without any sign that is known; `tickets` were learned from."""

    kinds: tuple[str, ...]
    at_rest: Mapping[str, int]
    points: Mapping[str, Mapping[str, int]]
    tickets: int = 0

    @property
    def families(self) -> frozenset[str]:
        """The families that points are given to."""
        return frozenset(filter(None, map(family_of, self.points)))

    def weigh(self, matches: Mapping[str, Matches]) -> Likeness:
        """Add up the points of a ticket. One in which no sign is known is like nothing."""
        known = tuple(sign for sign in signs_in(matches) if sign.name in self.points)
        totals = Counter(self.at_rest if known else {})
        for sign in known:
            totals.update(self.points[sign.name])
        return Likeness(self, known, {kind: totals[kind] for kind in self.kinds})


@dataclass(frozen=True)
class Likeness:
    """How like each kind one ticket is: `totals` in points, `signs` those that points are known of."""

    learned: Learned
    signs: tuple[Sign, ...]
    totals: Mapping[str, int]

    def lead(self, kind: str) -> tuple[int, str]:
        """How many points a kind is ahead of the nearest other one but `triage`, and which that is; below 0 where that one is ahead."""
        others = ((points, other) for other, points in self.totals.items() if other not in {kind, TRIAGE})
        points, nearest = max(others, default=(0, TRIAGE))
        return self.totals.get(kind, 0) - points, nearest

    def is_unclear(self, kind: str) -> bool:
        """Whether tickets that a person had to decide on are at least as like this one: short ones, or about something else altogether."""
        return kind != TRIAGE and TRIAGE in self.totals and self.totals[TRIAGE] >= self.totals.get(kind, 0)

    def shares(self, kind: str, other: str) -> tuple[Share, ...]:
        """What makes the lead of one kind over another, without what a ticket has at rest; the largest first."""
        points = ((sign, self.learned.points[sign.name]) for sign in self.signs)
        shares = (Share(sign, by_kind.get(kind, 0) - by_kind.get(other, 0)) for sign, by_kind in points)
        return tuple(sorted((one for one in shares if one.points), key=lambda one: -abs(one.points)))

    def words(self, kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The customer's own words that speak for a kind and those that speak for the nearest other one, the strongest first."""
        shares = self.shares(kind, self.lead(kind)[1])
        speak_for = dict.fromkeys(one.sign.found for one in shares if one.points > 0)
        return tuple(speak_for), tuple(dict.fromkeys(one.sign.found for one in shares if one.points < 0))


NOTHING: Final = Learned((), {}, {})
"""Where no examples were learned from."""
