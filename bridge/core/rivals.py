"""Which scores are compared with each other: those with `leads_by`, of routes of different kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bridge.core.conditions import Condition, Group, Rival, Score


def with_rivals(conditions: Mapping[int, Condition | None], kinds: Mapping[int, str]) -> dict[int, Condition | None]:
    """The conditions of the routes, by index, whose scores with `leads_by` know those of the routes of other kinds."""
    leaders = [
        Rival(kinds[index], one) for index, each in conditions.items() if each is not None for one in leading(each)
    ]
    rivals = {kind: tuple(one for one in leaders if one.kind != kind) for kind in set(kinds.values())}

    def knowing(condition: Condition, kind: str) -> Condition:
        if isinstance(condition, Group):
            return Group(condition.how, tuple(knowing(member, kind) for member in condition.members))
        if isinstance(condition, Score) and condition.leads_by is not None:
            return replace(condition, rivals=rivals[kind])
        return condition

    return {index: knowing(one, kinds[index]) if one is not None else None for index, one in conditions.items()}


def leading(condition: Condition) -> Iterator[Score]:
    """The scores of a condition that are compared with those of other kinds."""
    if isinstance(condition, Group):
        for member in condition.members:
            yield from leading(member)
    elif isinstance(condition, Score) and condition.leads_by is not None:
        yield condition
