"""What can be wrong with the directory of partners, the list of compatible products, and the routes that use them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bridge.errors import Mistake
from bridge.policy.build import names_partners
from bridge.policy.form import Draft
from bridge.policy.positions import Path
from bridge.policy.schema import RouteSpec
from bridge.policy.schema_base import TextSpec
from bridge.policy.schema_beside import TopicSpec
from bridge.policy.vocabulary import ALL, KINDS, did_you_mean

_EXAMPLE: Final = re.compile(r"\bexample\.(?:com|org|net)\b|\.example\b", re.IGNORECASE)
"""Domains that nobody can have (RFC 2606)."""


def topics(draft: Draft) -> Iterator[Mistake]:
    """A partner's regions and kinds of work are those of the directory: a mistyped one would never be found."""
    directory = draft.rules.partners
    for name, one in directory.companies.items() if directory else ():
        path = ("partners", "companies", name)
        yield from _unknown(draft, (*path, "regions"), one.regions, directory.regions if directory else {})
        yield from _unknown(draft, (*path, "works"), one.works, directory.works if directory else {})


def _unknown(draft: Draft, path: Path, names: tuple[str, ...], known: Mapping[str, TopicSpec]) -> Iterator[Mistake]:
    section = ("partners", path[-1])
    given = {str(one[2]) for one in draft.document.keys if len(one) == 3 and one[:2] == section}
    for index, name in enumerate(names):
        if name not in known and name not in given and name != ALL:
            what = "region" if path[-1] == "regions" else "kind of work"
            remedy = did_you_mean(name, (*known, ALL)) or f"add it to `{path[-1]}` with its words"
            yield draft.document.at_value((*path, index), f"unknown {what} {name!r}", remedy)


def answers(draft: Draft) -> Iterator[Mistake]:
    """A route has one answer."""
    for route in draft.rules.routes:
        if route.propose and route.out_of_scope:
            message = f"the route {route.name!r} has an `out_of_scope` answer and a `propose` at once"
            yield draft.document.at_key((*route.path, "propose"), message, "remove one of the two")


def instead(draft: Draft) -> Iterator[Mistake]:
    """The kind that stands in has a route, and that one stands in for nothing."""
    first: dict[str, RouteSpec] = {}
    for route in draft.rules.routes:
        first.setdefault(route.kind, route)
    for route in draft.rules.routes:
        kind = route.unless_compatible
        if kind not in KINDS or not draft.is_whole("routes"):
            continue
        path = (*route.path, "unless_compatible")
        if kind not in first:
            yield draft.document.at_value(path, f"no route gives the kind {kind!r}", did_you_mean(kind, first))
        elif first[kind].unless_compatible:
            message = f"the route {first[kind].name!r} of kind {kind!r} is itself only for compatible products"
            yield draft.document.at_value(path, message, "name a kind whose first route takes every ticket")


def unused(draft: Draft) -> Iterator[Mistake]:
    """A list that no route uses (a warning)."""
    if draft.rules.compatible and not any(route.unless_compatible for route in draft.rules.routes):
        message = "the list of compatible products is used nowhere"
        yield draft.document.at_key(("compatible",), message, "give a route `unless_compatible: compatibility`")
    if draft.rules.partners and not any(names_partners(text) for _, text in _answers(draft)):
        message = "the directory of partners is used nowhere"
        yield draft.document.at_key(("partners",), message, "put {{ partner_list }} into the answer of a route")


def examples(draft: Draft) -> Iterator[Mistake]:
    """Partners that are only examples, in an answer that goes to customers by itself (a warning)."""
    sent = [route for route, text in _answers(draft) if _goes_out(route) and names_partners(text)]
    for name, one in draft.rules.partners.companies.items() if draft.rules.partners else ():
        if sent and _EXAMPLE.search(one.contact):
            message = f"{name!r} is an example, and the route {sent[0].name!r} sends it to customers by itself"
            path = ("partners", "companies", name, "contact")
            yield draft.document.at_value(path, message, "put in your partners, or set `auto: false`")


def _goes_out(route: RouteSpec) -> bool:
    return route.out_of_scope is not None and route.out_of_scope.auto


def _answers(draft: Draft) -> Iterator[tuple[RouteSpec, TextSpec]]:
    for route in draft.rules.routes:
        if route.out_of_scope:
            yield route, route.out_of_scope.answer
        if route.propose:
            yield route, route.propose
