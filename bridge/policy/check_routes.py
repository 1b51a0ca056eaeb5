"""What can be wrong with the routing table as a whole: its order, its names, routes and words that are never reached (R1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.core.conditions import LOOKS_LIKE, Condition, Leaf
from bridge.core.model import TRIAGE
from bridge.errors import Mistake
from bridge.policy.form import Draft
from bridge.policy.reach import Part, hidden_parts
from bridge.policy.schema import RouteSpec
from bridge.policy.vocabulary import INCLUDED, KINDS, NOT_INCLUDED, did_you_mean
from bridge.policy.when import patterns_with_places

Conditions = Mapping[int, Condition | None]


def order(draft: Draft, _: Conditions) -> Iterator[Mistake]:
    """Exactly the last route has no condition."""
    document, routes = draft.document, draft.rules.routes
    given = sum(1 for path in document.values if len(path) == 2 and path[0] == "routes")
    for route in routes:
        below = given - 1 - int(route.path[1])
        if route.when is None and below > 0:
            message = (
                f"the route {route.name!r} has no `when` and takes every ticket: {below} below it are never reached"
            )
            yield document.at_key(route.path, message, "give it a `when`, or move it to the end")
    last = routes[-1]
    if last.path == ("routes", given - 1) and last.when is not None:
        message = "the last route has a `when`: a ticket that no route recognises would have none"
        yield document.at_key(last.path, message, f"add a last route without `when`, of kind {TRIAGE}")


def names(draft: Draft, _: Conditions) -> Iterator[Mistake]:
    """Each route has a name of its own."""
    first: dict[str, RouteSpec] = {}
    for route in draft.rules.routes:
        if route.name in first:
            line = draft.document.line_of((*first[route.name].path, "name"))
            message = f"two routes are named {route.name!r}"
            yield draft.document.at_value((*route.path, "name"), message, f"the other is at line {line}; rename one")
        first.setdefault(route.name, route)


def both_gates(draft: Draft, _: Conditions) -> Iterator[Mistake]:
    """What is out of scope needs no approval."""
    for route in draft.rules.routes:
        if route.approval and route.out_of_scope:
            message = f"the route {route.name!r} is out of scope and waits for an approval at once"
            yield draft.document.at_key((*route.path, "approval"), message, "remove one of the two")


def unreachable(draft: Draft, conditions: Conditions) -> Iterator[Mistake]:
    """No route is hidden by those above it."""
    for index, parts in hidden_parts(conditions, draft.rules.families):
        takers = [part.by for part in parts]
        if takers and None not in takers:
            route = draft.rules.routes[index]
            message = f"the route {route.name!r} is never reached: {_above(draft, takers[0])} takes its tickets first"
            yield draft.document.at_key(route.path, message, "move it up, or make the condition above narrower")


def dead_words(draft: Draft, conditions: Conditions) -> Iterator[Mistake]:
    """Words that never decide anything, because a route above has them too (a warning)."""
    for index, parts in hidden_parts(conditions, draft.rules.families):
        if any(part.by is None for part in parts):
            for part in parts:
                if part.by is not None:
                    yield _dead(draft, index, part)


def _dead(draft: Draft, index: int, part: Part) -> Mistake:
    route = draft.rules.routes[index]
    shown = f"{part.condition.values[0]!r}" if isinstance(part.condition, Leaf) else "a condition"
    places = dict(reversed(patterns_with_places(route.when, (*route.path, "when"))))
    where = places.get(part.condition.values[0]) if isinstance(part.condition, Leaf) else None
    message = f"{shown} has no effect in the route {route.name!r}: {_above(draft, part.by)} takes these tickets first"
    return draft.document.at_value(where or (*route.path, "when"), message, "remove it here, or move the route up")


def _above(draft: Draft, index: int | None) -> str:
    route = draft.rules.routes[index or 0]
    return f"{route.name!r} (line {draft.document.line_of(route.path)})"


def likeness(draft: Draft, conditions: Conditions) -> Iterator[Mistake]:
    """`looks_like` names a kind of the policy, and there is something that was learned."""
    for index, condition in conditions.items():
        path = (*draft.rules.routes[index].path, "when")
        for kind in sorted(_looked_for(condition)):
            if kind not in KINDS:
                yield draft.document.at_key(path, f"`looks_like` names no kind: {kind!r}", did_you_mean(kind, KINDS))
        if not draft.rules.learned and _looked_for(condition):
            remedy = "add `learned: learned.json`, and make that file with `presale-bridge learn`"
            yield draft.document.at_key(path, "`looks_like` needs what was learned from example tickets", remedy)


def _looked_for(condition: Condition | None) -> set[str]:
    if isinstance(condition, Leaf):
        return {condition.argument} if condition.name == LOOKS_LIKE else set()
    return set().union(*map(_looked_for, condition.members)) if condition else set()


def coverage(draft: Draft, _: Conditions) -> Iterator[Mistake]:
    """Kinds of the policy that no route gives, or gives otherwise than the policy says (a warning)."""
    routes = draft.rules.routes
    missing = [kind for kind in KINDS if kind not in {route.kind for route in routes}]
    if missing:
        yield draft.document.at_key(
            ("routes",), f"no route gives the kind {', '.join(missing)}", "add one if it is wanted"
        )
    if routes[-1].when is None and routes[-1].kind != TRIAGE:
        yield draft.document.at_value(
            (*routes[-1].path, "kind"), f"what nothing recognises is usually of kind {TRIAGE}"
        )
    for route in routes:
        if route.kind in NOT_INCLUDED and not route.out_of_scope:
            message = f"the kind {route.kind!r} is not included in presale support, and the route has no `out_of_scope`"
            yield draft.document.at_value((*route.path, "kind"), message)
        if route.kind in INCLUDED and route.out_of_scope:
            message = f"the kind {route.kind!r} is included in presale support, and the route says `out_of_scope`"
            yield draft.document.at_key((*route.path, "out_of_scope"), message)
