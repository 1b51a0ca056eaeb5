"""Which routes, and which words of them, are never reached because a route above takes the ticket first.

Only what is certain is said: `implies` follows from how the conditions are written, not from what words mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.core.conditions import REGISTRY, Condition, Group, Leaf

_WITHIN: Final = {"subject": "text", "description": "text", "asks": "text"}
"""What the first condition finds, the second finds as well."""
_MAX_CANDIDATES: Final = 200
_Key = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One way in which a route can match, and the route above (by index) that takes all such tickets."""

    condition: Condition
    by: int | None


def hidden_parts(
    conditions: Mapping[int, Condition | None], families: Mapping[str, Sequence[str]]
) -> Iterator[tuple[int, tuple[Part, ...]]]:
    """For each route with a condition, by its index: every way in which it can match."""
    above: dict[int, Condition] = {}
    by_value: dict[_Key, list[int]] = defaultdict(list)
    for index, condition in sorted(conditions.items()):
        if condition is None:
            continue
        expanded = _expanded(condition, families)
        yield index, tuple(Part(part, _taker(_expanded(part, families), above, by_value)) for part in _parts(condition))
        above[index] = expanded
        for value in set(_keys(expanded)):
            by_value[value].append(index)


def _taker(part: Condition, above: Mapping[int, Condition], by_value: Mapping[_Key, list[int]]) -> int | None:
    """The first route above that takes everything that this part takes. Only routes with a word in common can."""
    candidates = sorted({index for key in _values(part) for index in by_value.get(key, ())})
    return next((index for index in candidates[:_MAX_CANDIDATES] if implies(part, above[index])), None)


def implies(narrow: Condition, wide: Condition) -> bool:
    """Whether `wide` certainly holds wherever `narrow` does."""
    if isinstance(narrow, Group) and narrow.how == "any":
        return all(implies(member, wide) for member in narrow.members)
    if isinstance(wide, Group) and wide.how == "all":
        return all(implies(narrow, member) for member in wide.members)
    if isinstance(narrow, Group) and narrow.how == "all" and any(implies(member, wide) for member in narrow.members):
        return True
    if isinstance(wide, Group) and wide.how == "any":
        return any(implies(narrow, member) for member in wide.members)
    if isinstance(narrow, Leaf) and isinstance(wide, Leaf):
        return _leaf_implies(narrow, wide)
    return isinstance(narrow, Group) and isinstance(wide, Group) and _none_implies(narrow, wide)


def _leaf_implies(narrow: Leaf, wide: Leaf) -> bool:
    same = narrow.name == wide.name and narrow.argument == wide.argument
    return (same or _WITHIN.get(narrow.name) == wide.name) and set(narrow.values) <= set(wide.values)


def _none_implies(narrow: Group, wide: Group) -> bool:
    """None of many things implies none of fewer."""
    if not narrow.how == wide.how == "none":
        return False
    return all(any(implies(fewer, more) for more in narrow.members) for fewer in wide.members)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """The alternatives of a condition: of `any` each member, of a leaf each value."""
    if isinstance(condition, Leaf):
        return tuple(Leaf(condition.name, (value,), condition.argument) for value in condition.values)
    if isinstance(condition, Group) and condition.how == "any":
        return tuple(part for member in condition.members for part in _parts(member))
    return (condition,)


def _expanded(condition: Condition, families: Mapping[str, Sequence[str]]) -> Condition:
    """The condition with the members of families in place of their names."""
    if isinstance(condition, Group):
        return Group(condition.how, tuple(_expanded(member, families) for member in condition.members))
    if not REGISTRY[condition.name].words:
        return condition
    values = [word for value in condition.values for word in _members(value, families, ())]
    return Leaf(condition.name, tuple(dict.fromkeys(values)), condition.argument)


def _members(value: str, families: Mapping[str, Sequence[str]], seen: tuple[str, ...]) -> Iterator[str]:
    name = value.strip().removeprefix("@")
    if not value.strip().startswith("@") or name not in families or name in seen:
        yield value
        return
    for member in families[name]:
        yield from _members(member, families, (*seen, name))


def _values(condition: Condition, wanted: bool = True) -> Iterator[_Key]:  # noqa: FBT001, FBT002 - its own recursion
    """The words of a condition, each with whether it is wanted or must be absent."""
    if isinstance(condition, Leaf):
        yield from ((wanted, value) for value in condition.values)
    else:
        for member in condition.members:
            yield from _values(member, wanted != (condition.how == "none"))


def _keys(condition: Condition) -> list[_Key]:
    """The words by which a route is looked for: whatever it takes has one of those it wants, if it wants any."""
    values = list(_values(condition))
    return [key for key in values if key[0]] or values
