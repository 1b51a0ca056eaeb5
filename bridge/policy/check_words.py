"""The word patterns of all rules → the index over them, or what is wrong with each pattern and family."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bridge.core.learned import Learned
from bridge.core.patterns import PatternParser, regex_source
from bridge.core.word_index import WordIndex
from bridge.errors import Mistake
from bridge.policy.form import Draft
from bridge.policy.positions import Path
from bridge.policy.vocabulary import did_you_mean
from bridge.policy.when import patterns_with_places

_FAMILY_NAME: Final = re.compile(r"[\w-]+")
_FAMILY: Final = re.compile(r"@([\w-]+)")


def check_words(draft: Draft) -> tuple[WordIndex | None, list[Mistake]]:
    """The index over all patterns and all families, and no mistakes; or no index, and all of them."""
    patterns = list(_patterns(draft))
    misquoted = [_misquoted(draft, path) for pattern, path in _everything(draft) if '"@' in pattern]
    try:
        families = [f"@{name}" for name in draft.rules.families]
        return WordIndex.build([*(pattern for pattern, _ in patterns), *families], draft.rules.families), misquoted
    except ValueError:
        return None, [*misquoted, *_in_families(draft), *_in_patterns(draft, patterns)]


def unused_families(draft: Draft, learned: Learned) -> Iterator[Mistake]:
    """Families that nothing refers to, and families that were learned of and are gone."""
    used = {name for pattern, _ in _everything(draft) for name in _FAMILY.findall(pattern)} | learned.families
    if gone := sorted(learned.families - draft.rules.families.keys()):
        message = f"it gives points to families that are gone: {', '.join(gone)}"
        yield draft.document.at_value(("learned",), message, "make it anew with `presale-bridge learn`")
    for name in draft.rules.families.keys() - used:
        message = f"the family {name!r} is used nowhere"
        yield draft.document.at_key(("families", name), message, f'use it as "@{name}", or remove it')


def _everything(draft: Draft) -> Iterator[tuple[str, Path]]:
    """All patterns and all members of families, with their places."""
    yield from _patterns(draft)
    for name, members in draft.rules.families.items():
        yield from ((member, ("families", name, index)) for index, member in enumerate(members))


def _misquoted(draft: Draft, path: Path) -> Mistake:
    """In quotes inside the pattern, `@name` would be looked for letter by letter."""
    message = "a family in quotes inside a pattern is taken for the word itself"
    return draft.document.at_value(path, message, "put the quotes around the whole pattern: '@choose ... @partner'")


def _patterns(draft: Draft) -> Iterator[tuple[str, Path]]:
    for route in draft.rules.routes:
        yield from patterns_with_places(route.when, (*route.path, "when"))
    for index, pattern in enumerate(draft.rules.follow_up.no_term):
        yield pattern, ("follow_up", "no_term", index)
    for path, words in named_words(draft):
        yield from _words(draft, path, words)


def _words(draft: Draft, path: Path, words: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Words stand in a list at the path itself, or under `words`."""
    where = (*path, "words") if (*path, "words") in draft.document.values else path
    yield from ((word, (*where, index)) for index, word in enumerate(words))


def named_words(draft: Draft) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The words of regions, kinds of work and compatible products, with the places of their names."""
    if draft.rules.partners:
        for key, topics in (("regions", draft.rules.partners.regions), ("works", draft.rules.partners.works)):
            yield from ((("partners", key, name), topic.words) for name, topic in topics.items())
    yield from ((("compatible", name), product.words) for name, product in draft.rules.compatible.items())


def _in_families(draft: Draft) -> Iterator[Mistake]:
    families = draft.rules.families
    for name, members in families.items():
        if not _FAMILY_NAME.fullmatch(name):
            path = ("families", name)
            yield draft.document.at_key(path, f"{name!r} cannot name a family", "use letters, digits, '_' and '-'")
        for index, member in enumerate(members):
            message = _flaw(member, families, within=name)
            if message:
                yield _said(draft, ("families", name, index), message)


def _in_patterns(draft: Draft, patterns: list[tuple[str, Path]]) -> Iterator[Mistake]:
    whole = {name: members for name, members in draft.rules.families.items() if not _broken(name, draft)}
    for pattern, path in patterns:
        stand_ins = {name: whole.get(name, ("слово",)) for name in draft.rules.families}
        message = _flaw(pattern, stand_ins)
        if message:
            yield _said(draft, path, message)


def _broken(name: str, draft: Draft) -> bool:
    return any(_flaw(member, draft.rules.families, within=name) for member in draft.rules.families[name])


def _flaw(pattern: str, families: Mapping[str, tuple[str, ...]], within: str = "") -> str:
    """What is wrong with one pattern itself; with `within`, as a member of that family."""
    source = regex_source(pattern)
    try:
        if source is not None and not within:
            WordIndex.build([pattern])
        elif within:
            PatternParser({**families, within: (pattern,)}).parse(f"@{within}")
        else:
            PatternParser(families).parse(pattern)
    except ValueError as error:
        return str(error)
    return ""


def _said(draft: Draft, path: Path, message: str) -> Mistake:
    """The mistake, with a remedy where a family's name is mistyped."""
    unknown = re.search(r"there is no family '([^']+)'", message)
    if not unknown:
        return draft.document.at_value(path, message)
    remedy = did_you_mean(unknown[1], draft.rules.families) or "define it in `families`"
    return draft.document.at_value(path, f"there is no family {unknown[1]!r}", remedy)
