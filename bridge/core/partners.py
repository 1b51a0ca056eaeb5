"""Which partners suit what a ticket asks for (policy, `partner-advice`, `project-work`): by the region and the kind of work found in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridge.core.conditions import Facts
from bridge.core.policy import EVERYTHING, Directory, Partner, Topic

_SHOWN_WORDS: Final = 3
_FAR: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A topic that a ticket speaks of, and the words of the ticket that show it."""

    topic: Topic
    words: tuple[str, ...]

    def __str__(self) -> str:
        """As reasons name it."""
        return f"{self.topic.name} ({', '.join(f'«{word}»' for word in self.words)})"


@dataclass(frozen=True, slots=True)
class Choice:
    """The partners for one ticket, the closest first, and why these.

    All of them suit `regions` and `works`, which are empty where the ticket names none, or names some that nobody suits.
    `left_out` is how many more there are; `found_regions` and `found_works` are all that the ticket names.
    """

    partners: tuple[Partner, ...] = ()
    regions: tuple[Topic, ...] = ()
    works: tuple[Topic, ...] = ()
    left_out: int = 0
    reason: str = ""
    found_regions: tuple[Found, ...] = ()
    found_works: tuple[Found, ...] = ()


def choose(facts: Facts, directory: Directory) -> Choice:
    """Who does that work in that region; if nobody, who does it elsewhere; else who does other work there; else all."""
    if not directory.partners:
        return Choice()
    named = _Named(tuple(_found(facts, directory.regions)), tuple(_found(facts, directory.works)))
    listed = next(one for one in named.wider() if one.suiting(directory.partners))
    suiting = listed.suiting(directory.partners)
    shown = suiting[: directory.at_most]
    reason = f"{named}; {'' if listed == named else f'nobody for that, so {listed.by}: '}{len(shown)} of {len(directory.partners)} partners"
    return Choice(
        shown,
        tuple(one.topic for one in listed.regions),
        tuple(one.topic for one in listed.works),
        len(suiting) - len(shown),
        reason,
        named.regions,
        named.works,
    )


def _found(facts: Facts, topics: tuple[Topic, ...]) -> Iterator[Found]:
    """Topics whose words stand anywhere in the ticket, its fields included."""
    parts = tuple(facts.matches)
    for topic in topics:
        words = dict.fromkeys(hit.found for pattern in topic.words for _, hit in facts.hits(pattern, parts))
        if words:
            yield Found(topic, tuple(words)[:_SHOWN_WORDS])


@dataclass(frozen=True, slots=True)
class _Named:
    """What partners are looked for by."""

    regions: tuple[Found, ...]
    works: tuple[Found, ...]

    def __str__(self) -> str:
        regions, works = (", ".join(map(str, found)) for found in (self.regions, self.works))
        return f"region: {regions or 'none named'}; work: {works or 'none named'}"

    @property
    def by(self) -> str:
        """What is left to look by, in words."""
        return "by the work alone" if self.works else "by the region alone" if self.regions else "all"

    def wider(self) -> tuple[_Named, ...]:
        """Itself, then with less and less to look by; the last suits everybody."""
        return self, _Named((), self.works), _Named(self.regions, ()), _Named((), ())

    def suiting(self, partners: tuple[Partner, ...]) -> tuple[Partner, ...]:
        """Who suits, first those who do most of it, and before others those who name it."""
        some = (one for one in partners if _covers(one.regions, self.regions) and _covers(one.works, self.works))
        return tuple(sorted(some, key=self._distance))

    def _distance(self, partner: Partner) -> int:
        return sum(_distance(one, partner.regions) for one in self.regions) + sum(
            _distance(one, partner.works) for one in self.works
        )


def _distance(wanted: Found, offered: tuple[str, ...]) -> int:
    if wanted.topic.name in offered:
        return 0
    return 1 if EVERYTHING in offered else _FAR


def _covers(offered: tuple[str, ...], wanted: tuple[Found, ...]) -> bool:
    return not wanted or EVERYTHING in offered or any(one.topic.name in offered for one in wanted)
