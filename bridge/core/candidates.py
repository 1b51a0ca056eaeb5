"""Which routes can match a ticket at all, by the words found in it: the cost of deciding does not grow with the number of rules.

Of each condition it is derived which words it cannot hold without. Only what is certain is used: a condition that may hold without any
word (`none`, `attachment`, one of an extension) makes its route a candidate for every ticket.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bridge.core.conditions import Condition, Group, Leaf


@dataclass(frozen=True, slots=True)
class Candidates:
    """Conditions by their place in a list: those under each word pattern, and those that may hold without any."""

    always: tuple[int, ...]
    by_pattern: Mapping[str, tuple[int, ...]]

    @classmethod
    def among(cls, conditions: Sequence[Condition | None]) -> Candidates:
        """Of these; None stands for one that always holds."""
        used = Counter(pattern for one in conditions if one is not None for pattern in set(one.patterns))
        always: list[int] = []
        by_pattern: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(conditions):
            wanted = needed(one, used) if one is not None else None
            if wanted is None:
                always.append(index)
            for pattern in wanted or ():
                by_pattern[pattern].append(index)
        return cls(tuple(always), MappingProxyType({pattern: tuple(where) for pattern, where in by_pattern.items()}))

    def given(self, found: Iterable[str]) -> list[int]:
        """Those that can hold where exactly these patterns were found, in order."""
        return sorted({*self.always, *(index for pattern in found for index in self.by_pattern.get(pattern, ()))})


def needed(condition: Condition, used: Mapping[str, int]) -> frozenset[str] | None:
    """Patterns of which at least one has to be found for the condition to hold; None where it may hold without.

    `used` says how many conditions have each pattern: of several sets that are all needed, the rarest tells most.
    """
    if isinstance(condition, Leaf):
        return frozenset(condition.patterns) if condition.only_by_words else None
    return _of_group(condition, used)


def _of_group(group: Group, used: Mapping[str, int]) -> frozenset[str] | None:
    if group.how == "none":
        return None
    members = [needed(member, used) for member in group.members]
    known = [patterns for patterns in members if patterns is not None]
    if group.how == "any":
        return frozenset[str]().union(*known) if len(known) == len(members) else None
    return min(known, key=lambda patterns: sum(used.get(pattern, 0) for pattern in patterns), default=None)
