"""Conditions of routes: an open set of pure functions; the name of each is the word used in rules.yaml.

A condition that takes word patterns is declared with `words=True`; its patterns go into the one index over all rules. Its docstring's
first line is what `check --list` prints. A private one comes in with `extensions: [acme.rules]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bridge.core.learned import NOTHING, Learned, Likeness
from bridge.core.model import TRIAGE

if TYPE_CHECKING:
    from bridge.core.model import Channel, Language, Person
    from bridge.core.word_index import Hit, Matches, WordIndex


@dataclass(frozen=True)
class Facts:
    """What conditions may look at: the ticket's texts by part, and its plain attributes.

    `parts` has `subject`, `description`, `answers` (what the customer wrote until staff first answered) and `asks` (the subject and the
    sentences of the others that ask); `domain` is empty where Redmine hides the author's address.
    """

    parts: Mapping[str, str]
    fields: Mapping[str, str]
    author: Person
    domain: str
    project: str
    category: str
    attachments: tuple[str, ...]
    language: Language
    channel: Channel
    index: WordIndex
    learned: Learned = NOTHING

    @cached_property
    def matches(self) -> Mapping[str, Matches]:
        """All patterns of all rules found in each part and field, looked for once."""
        texts = {**self.parts, **{f"field:{name}": value for name, value in self.fields.items()}}
        return {part: self.index.search(text) for part, text in texts.items() if text}

    @cached_property
    def likeness(self) -> Likeness:
        """How like each kind the texts are, by what examples have taught."""
        return self.learned.weigh(self.matches)

    @cached_property
    def found(self) -> frozenset[str]:
        """The patterns that stand anywhere in the ticket."""
        return frozenset().union(*(matches.found for matches in self.matches.values()))

    def has(self, patterns: tuple[str, ...], parts: tuple[str, ...]) -> bool:
        """Whether one of the patterns stands in one of the parts."""
        return any(pattern in self.matches[part] for part in parts if part in self.matches for pattern in patterns)

    def hits(self, pattern: str, parts: tuple[str, ...]) -> tuple[tuple[str, Hit], ...]:
        """Where a word pattern was found, with the part's name."""
        if pattern not in self.found:
            return ()
        return tuple((part, hit) for part in parts if part in self.matches for hit in self.matches[part].hits(pattern))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds, and why, in words for `explain`; a group has the verdicts of its members.

    `lacks` is how many points a likeness is short of holding.
    """

    holds: bool
    reason: str
    members: tuple[Verdict, ...] = ()
    lacks: int = 0

    @property
    def leaves(self) -> tuple[Verdict, ...]:
        """The plain conditions under this one that decided it."""
        if not self.members:
            return (self,)
        return tuple(leaf for member in self.members for leaf in member.leaves)


Check = Callable[[Facts, "Leaf"], Verdict]
Where = Callable[["Leaf"], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A condition as it is registered: `argument` means a mapping in YAML (`field: {Продукт: [Альт*]}`).

    `where` is given by those that hold exactly where one of their words stands in these parts of the ticket, and need not be asked.
    """

    name: str
    check: Check
    words: bool = False
    argument: bool = False
    where: Where | None = None

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (self.check.__doc__ or "").strip().partition("\n")[0]


REGISTRY: Final[dict[str, Kind]] = {}


def condition(
    name: str, *, words: bool = False, argument: bool = False, where: Where | None = None
) -> Callable[[Check], Check]:
    """Register a condition under the name that leads use; `Kind` says what the options mean.

    Raises:
        ValueError: the name is taken.
    """

    def register(check: Check) -> Check:
        if name in REGISTRY:
            msg = f"a condition named {name!r} exists already"
            raise ValueError(msg)
        REGISTRY[name] = Kind(name, check, words=words, argument=argument, where=where)
        return check

    return register


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition with its values; `argument` is the field's name for conditions on a field."""

    name: str
    values: tuple[str, ...]
    argument: str = ""

    def holds(self, facts: Facts) -> bool:
        """Whether it holds, without the reason where that can be known without."""
        kind = REGISTRY[self.name]
        return facts.has(self.values, kind.where(self)) if kind.where else kind.check(facts, self).holds

    def test(self, facts: Facts) -> Verdict:
        """Ask the registered function."""
        return REGISTRY[self.name].check(facts, self)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The word patterns that the index has to know."""
        return self.values if REGISTRY[self.name].words else ()

    @property
    def only_by_words(self) -> bool:
        """Whether it holds only where one of its patterns was found."""
        return REGISTRY[self.name].where is not None


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `none` of some conditions."""

    how: str
    members: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether it holds; members are asked until that is certain."""
        if self.how == "all":
            return all(member.holds(facts) for member in self.members)
        return any(member.holds(facts) for member in self.members) is (self.how == "any")

    def test(self, facts: Facts) -> Verdict:
        """Test every member, so that `explain` can show each."""
        verdicts = tuple(member.test(facts) for member in self.members)
        held = [verdict.holds for verdict in verdicts]
        holds = {"all": all(held), "any": any(held), "none": not any(held)}[self.how]
        if self.how == "none":  # half of what must not be there is no reason for anything
            verdicts = tuple(one if one.holds else Verdict(holds=False, reason=one.reason) for one in verdicts)
        return Verdict(holds, self.how, verdicts)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of all members."""
        return tuple(pattern for member in self.members for pattern in member.patterns)


Condition = Leaf | Group


def sides(condition: Condition) -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
    """The plain conditions that speak for a condition, and those under `none`, which speak against it."""
    if isinstance(condition, Leaf):
        return (condition,), ()
    members = [sides(member) for member in condition.members]
    wanted = tuple(leaf for one, _ in members for leaf in one)
    against = tuple(leaf for _, other in members for leaf in other)
    return (against, wanted) if condition.how == "none" else (wanted, against)


TEXT_PARTS: Final = ("subject", "description", "answers")


def _found(facts: Facts, leaf: Leaf, where: str) -> Verdict:
    look = REGISTRY[leaf.name].where
    hits = [hit for pattern in leaf.values for _, hit in facts.hits(pattern, look(leaf) if look else TEXT_PARTS)]
    if hits:
        words = ", ".join(dict.fromkeys(f"«{hit.found}» ({hit.pattern})" for hit in hits[:5]))
        return Verdict(holds=True, reason=f"{where} has {words}")
    return Verdict(
        holds=False, reason=f"{where} has none of: {', '.join(leaf.values[:8])}{'…' if len(leaf.values) > 8 else ''}"
    )


@condition("text", words=True, where=lambda _: TEXT_PARTS)
def text(facts: Facts, leaf: Leaf) -> Verdict:
    """Subject, description or the customer's answers have one of these words."""
    return _found(facts, leaf, "the text")


@condition("subject", words=True, where=lambda _: ("subject",))
def subject(facts: Facts, leaf: Leaf) -> Verdict:
    """The subject has one of these words."""
    return _found(facts, leaf, "the subject")


@condition("description", words=True, where=lambda _: ("description",))
def description(facts: Facts, leaf: Leaf) -> Verdict:
    """The description has one of these words."""
    return _found(facts, leaf, "the description")


@condition("asks", words=True, where=lambda _: ("asks",))
def asks(facts: Facts, leaf: Leaf) -> Verdict:
    """The subject or a sentence that asks (ends in "?", or has a word of request) has one of these words."""
    return _found(facts, leaf, "what is asked")


@condition("field", words=True, argument=True, where=lambda leaf: (f"field:{leaf.argument}",))
def field(facts: Facts, leaf: Leaf) -> Verdict:
    """A field has one of these words: `field: {Продукт: [сервер]}`."""
    return _found(facts, leaf, f"the field «{leaf.argument}»")


LOOKS_LIKE: Final = "looks_like"
SHARES_SHOWN: Final = 8
"""How many words the reason of a likeness names; the rest is summed up."""


@condition(LOOKS_LIKE, argument=True)
def looks_like(facts: Facts, leaf: Leaf) -> Verdict:
    """By the example tickets it is this kind, so many points ahead of every other, and of `triage` at all: `looks_like: {bug-report: 6}`."""
    kind, wanted = leaf.argument, int(leaf.values[0])
    if not facts.likeness.signs:
        return Verdict(holds=False, reason=f"looks like {kind}: no word that the examples know")
    lead, other = facts.likeness.lead(kind)
    if lead < 0:
        return Verdict(holds=False, reason=f"looks like {kind}: {-lead} points behind {other}", lacks=wanted - lead)
    reason = f"looks like {kind}, {lead} points ahead of {other}: {_added_up(facts.likeness, kind, other)}"
    if facts.likeness.is_unclear(kind):
        return Verdict(holds=False, reason=f"{reason}; but no more than like tickets for a person ({TRIAGE})", lacks=1)
    if lead < wanted:
        return Verdict(holds=False, reason=f"{reason}; {wanted} are wanted", lacks=wanted - lead)
    return Verdict(holds=True, reason=reason)


def _added_up(likeness: Likeness, kind: str, other: str) -> str:
    """The addends of a lead, the largest first: a lead can add them up by hand."""
    shares = likeness.shares(kind, other)
    at_rest = likeness.lead(kind)[0] - sum(one.points for one in shares)
    shown = [str(one) for one in shares[:SHARES_SHOWN]]
    rest = shares[SHARES_SHOWN:]
    if rest:
        shown.append(f"{len(rest)} more {sum(one.points for one in rest):+d}")
    return ", ".join([*shown, *([f"at rest {at_rest:+d}"] if at_rest else [])])


def _any_glob(value: str, leaf: Leaf, what: str) -> Verdict:
    shown = value or "unknown"
    for glob in leaf.values:
        if fnmatchcase(value.casefold(), glob.casefold()):
            return Verdict(holds=True, reason=f"{what} is {shown} ({glob})")
    return Verdict(holds=False, reason=f"{what} is {shown}, not one of: {', '.join(leaf.values)}")


@condition("author")
def author(facts: Facts, leaf: Leaf) -> Verdict:
    """The author's name or login is one of these (`*` stands for anything)."""
    by_login = _any_glob(facts.author.login, leaf, "the author's login")
    return by_login if by_login.holds else _any_glob(facts.author.name, leaf, "the author")


@condition("domain")
def domain(facts: Facts, leaf: Leaf) -> Verdict:
    """The author's mail domain is one of these; never holds where Redmine hides addresses."""
    return (
        _any_glob(facts.domain, leaf, "the mail domain")
        if facts.domain
        else Verdict(holds=False, reason="the mail domain is unknown")
    )


@condition("project")
def project(facts: Facts, leaf: Leaf) -> Verdict:
    """The project is one of these (`*` stands for anything)."""
    return _any_glob(facts.project, leaf, "the project")


@condition("category")
def category(facts: Facts, leaf: Leaf) -> Verdict:
    """The category is one of these."""
    return _any_glob(facts.category, leaf, "the category")


@condition("language")
def language(facts: Facts, leaf: Leaf) -> Verdict:
    """The ticket is written in this language: ru or en."""
    return _any_glob(facts.language.value, leaf, "the language")


@condition("channel")
def channel(facts: Facts, leaf: Leaf) -> Verdict:
    """The ticket came this way: cabinet or mail."""
    return _any_glob(facts.channel.value, leaf, "the channel")


@condition("attachment")
def attachment(facts: Facts, leaf: Leaf) -> Verdict:
    """A file is attached whose name is like one of these: `*.log`, `*`."""
    for name in facts.attachments:
        verdict = _any_glob(name, leaf, "an attachment")
        if verdict.holds:
            return verdict
    return Verdict(holds=False, reason=f"no attachment like: {', '.join(leaf.values)}")
