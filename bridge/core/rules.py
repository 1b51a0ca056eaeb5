"""Which route a ticket takes (R1): the first that matches, the last one catches all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from bridge.core.answers import without_answers
from bridge.core.asking import asking
from bridge.core.conditions import LOOKS_LIKE, TEXT_PARTS, Condition, Facts, Leaf, Verdict, sides
from bridge.core.events import Chronicle
from bridge.core.model import EMPTY_HISTORY, Language, Role, State, Step, Ticket
from bridge.core.policy import Policy, Route
from bridge.core.text import language, strip_quotes


@dataclass(frozen=True, slots=True)
class Tried:
    """A route with its verdict."""

    route: Route
    verdict: Verdict


@dataclass(frozen=True)
class Routing:
    """The route that a ticket takes. Why, and what else was tried, is worked out only where somebody asks."""

    route: Route
    why: Callable[[], str]
    try_all: Callable[[], tuple[Tried, ...]] = tuple

    @cached_property
    def reason(self) -> str:
        """Why it takes this route, in words."""
        return self.why()

    @cached_property
    def tried(self) -> tuple[Tried, ...]:
        """The routes before it, with their verdicts: of 10,000 routes this takes its time."""
        return self.try_all()

    @property
    def nearest(self) -> tuple[Tried, ...]:
        """Routes that nearly matched: those with the most conditions that held first, then those whose likeness lacks the fewest points."""
        return tuple(sorted(filter(_is_near, self.tried), key=_distance))


NEAR: Final = 30
"""A likeness that lacks more points than this (a factor of 20 in the odds) is not near."""


def _is_near(tried: Tried) -> bool:
    return any(leaf.holds or 0 < leaf.lacks <= NEAR for leaf in tried.verdict.leaves)


def _distance(tried: Tried) -> tuple[int, int]:
    leaves = tried.verdict.leaves
    return -sum(leaf.holds for leaf in leaves), min((leaf.lacks for leaf in leaves if leaf.lacks), default=0)


def facts_of(chronicle: Chronicle, policy: Policy, fields: Mapping[str, str], upto: int | None = None) -> Facts:
    """What routes look at, after the first `upto` journals (all when None).

    The customer's words count until staff first answered in public: what comes later is a conversation, not the request.
    """
    events = chronicle.events if upto is None else chronicle.events[:upto]
    ticket = chronicle.ticket
    state = events[-1].after if events else ticket.created
    return Facts(
        parts=_parts(state.subject, strip_quotes(state.description), _answers(chronicle, len(events))),
        fields=fields,
        author=ticket.author,
        domain=ticket.author.mail.rpartition("@")[2].lower(),
        project=state.project,
        category=state.category,
        attachments=state.attachments,
        language=language_of(state),
        channel=ticket.channel,
        index=policy.words,
        learned=policy.learned,
    )


def _parts(subject: str, description: str, answers: str) -> dict[str, str]:
    asks = "\n\n".join(asking(text) for text in (description, answers) if text)
    return {"subject": subject, "description": description, "answers": answers, "asks": f"{subject}\n\n{asks}"}


def language_of(state: State) -> Language:
    """The language that the ticket is written in, by subject and description."""
    return language(f"{state.subject}\n{state.description}")


def _answers(chronicle: Chronicle, upto: int) -> str:
    words: list[str] = []
    asked = False
    for event in chronicle.events[:upto]:
        if event.role is Role.STAFF and event.words and not chronicle.is_contact(event):
            break
        if event.is_customer and event.words:
            words.append(without_answers(strip_quotes(event.words), chronicle.policy.required.fields, numbered=asked))
        asked = asked or event.did(Step.ASK)
    return "\n".join(words)


def route(facts: Facts, policy: Policy) -> Routing:
    """The first route whose conditions hold; the catch-all when none does. Only those are looked at that can match these words."""
    for index in policy.candidates.given(facts.found):
        candidate = policy.routes[index]
        tried = partial(_tried, policy.routes, index, facts)
        if candidate.when is None:
            return Routing(candidate, lambda: "no other route matched", tried)
        if candidate.when.holds(facts):
            return _unless_compatible(candidate, candidate.when, facts, policy, tried)
    msg = "the rules have no route that catches all"  # policy.check refuses such rules
    raise AssertionError(msg)


def _tried(routes: Sequence[Route], upto: int, facts: Facts) -> tuple[Tried, ...]:
    return tuple(Tried(one, one.when.test(facts)) for one in routes[:upto] if one.when is not None)


def _unless_compatible(
    candidate: Route, when: Condition, facts: Facts, policy: Policy, tried: Callable[[], tuple[Tried, ...]]
) -> Routing:
    """A route that matches, or the one of another kind where compatibility is wanted and not known (policy, `third-party-install`)."""
    if not candidate.unless_compatible or not policy.compatible:
        return Routing(candidate, lambda: _because(when.test(facts)), tried)
    known = _known_product(facts, policy)
    if known.holds:
        return Routing(candidate, lambda: f"{_because(when.test(facts))}; {known.reason}", tried)
    other = next(one for one in policy.routes if one.kind == candidate.unless_compatible)

    def tried_and_failed() -> tuple[Tried, ...]:
        return (*tried(), Tried(candidate, Verdict(holds=False, reason="all", members=(when.test(facts), known))))

    return Routing(other, lambda: f"{_because(when.test(facts))}, but {known.reason}", tried_and_failed)


def _known_product(facts: Facts, policy: Policy) -> Verdict:
    """Whether the ticket names a product of the list of compatible ones, and which."""
    found = []
    for product in policy.compatible:
        hit = next((hit for words in product.words for _, hit in facts.hits(words, TEXT_PARTS)), None)
        if hit:
            known = ", ".join(filter(None, (*product.products, product.note)))
            found.append(f"{product.name} («{hit.found}»){f': {known}' if known else ''}")
    if found:
        return Verdict(holds=True, reason=f"known to be compatible: {'; '.join(found)}")
    count = len(policy.compatible)
    return Verdict(holds=False, reason=f"none of the {count} products known to be compatible is named")


def _because(verdict: Verdict) -> str:
    return "; ".join(leaf.reason for leaf in verdict.leaves if leaf.holds) or verdict.reason


@dataclass(frozen=True, slots=True)
class Words:
    """The customer's words, as written, that a route looks for, and those that speak against it."""

    found: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def words_of(chronicle: Chronicle, policy: Policy, chosen: Route) -> Words:
    """The words of a ticket that the conditions of a route are about: what staff are shown as the reason."""
    if chosen.when is None:
        return Words()
    facts = facts_of(chronicle, policy, chronicle.ticket.current.fields)
    wanted, unwanted = sides(chosen.when)
    found, against = _said(facts, wanted), _said(facts, unwanted)
    for leaf in wanted:
        if leaf.name == LOOKS_LIKE:
            liked, disliked = facts.likeness.words(leaf.argument)
            found |= dict.fromkeys(liked)
            against |= dict.fromkeys(disliked)
    return Words(tuple(found), tuple(word for word in against if word not in found))


def _said(facts: Facts, leaves: tuple[Leaf, ...]) -> dict[str, None]:
    patterns = dict.fromkeys(pattern for leaf in leaves for pattern in leaf.patterns)
    return dict.fromkeys(hit.found for pattern in patterns for _, hit in facts.hits(pattern, TEXT_PARTS))


def routing_of(chronicle: Chronicle, policy: Policy, fields: Mapping[str, str]) -> Routing:
    """The ticket's route now: as the texts say, or `triage` once the customer has replied to an answer "out of scope" (R6)."""
    told = next((event for event in chronicle.events if event.did(Step.OUT_OF_SCOPE)), None)
    if told and any(event.is_reply and event.index > told.index for event in chronicle.events):
        return Routing(policy.routes[-1], lambda: "the customer replied to the answer that this is out of scope (R6)")
    return route(facts_of(chronicle, policy, fields), policy)


def is_in_shadow(ticket: Ticket, policy: Policy) -> bool:
    """Whether nothing is written or mailed for a ticket: all are in shadow, or its route is (W5)."""
    if policy.limits.shadow or not any(route.shadow for route in policy.routes):
        return policy.limits.shadow
    return routing_of(Chronicle(ticket, EMPTY_HISTORY, policy), policy, ticket.current.fields).route.shadow
