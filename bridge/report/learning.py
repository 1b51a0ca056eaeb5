"""Example tickets → how much each word speaks for each kind: what `presale-bridge learn` does.

Multinomial logistic regression by scikit-learn (extra `learn`), which only this command needs: what it finds is rounded to whole points and
written into a file; deciding only adds them up (`bridge.core.learned`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bridge.core.assess import assess
from bridge.core.learned import Learned, signs_in
from bridge.core.policy import Policy
from bridge.core.rules import facts_of
from bridge.errors import PermanentError, with_extra
from bridge.report.recognition import Recognised, Recognition, kinds_of, recognise
from bridge.report.timelines import Case

SEEN_IN: Final = 3
"""A sign that stands in fewer tickets is left out: it says more about them than about their kinds."""
POINTS: Final = 10
"""Points for a factor of e in the odds (`bridge.core.learned`)."""
STRENGTH: Final = 1.0
"""The inverse of the penalty on large points (scikit-learn's `C`): 0.2 to 2 made no difference that could be told from chance."""


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket of a known kind, by its signs."""

    kind: str
    signs: frozenset[str]


def examples(cases: Iterable[Case], policy: Policy) -> tuple[Example, ...]:
    """Every check of a test file that expects a kind; of several acceptable ones the first is learned."""
    found = []
    for case in cases:
        for check in case.checks:
            if kinds := kinds_of(check.expect.get("kind")):
                a = assess(case.ticket, case.history_at(check.now), policy, check.now)
                facts = facts_of(a.chronicle, policy, a.state.fields)
                found.append(Example(kinds[0], frozenset(sign.name for sign in signs_in(facts.matches))))
    return tuple(found)


def learn(of: Iterable[Example]) -> Learned:
    """The points that tell these examples apart best.

    Raises:
        PermanentError: scikit-learn is not installed, or the examples are all of one kind.
    """
    try:
        from sklearn.feature_extraction import DictVectorizer  # noqa: PLC0415 - an extra that others do without
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise PermanentError(f"`learn` needs {error.name}: {with_extra('learn')}") from None
    given = tuple(of)
    if len({one.kind for one in given}) < 2:
        raise PermanentError("there is nothing to learn: the examples have to be of two kinds at least")
    seen = Counter(sign for one in given for sign in one.signs)
    rows = [{sign: 1.0 for sign in sorted(one.signs) if seen[sign] >= SEEN_IN} for one in given]
    columns = DictVectorizer()
    table = columns.fit_transform(rows)
    model = LogisticRegression(C=STRENGTH, max_iter=3000).fit(table, [one.kind for one in given])
    kinds = tuple(map(str, model.classes_))
    if len(kinds) == 2:
        raise PermanentError("there is too little to learn: the examples have to be of three kinds at least")
    points = {
        str(sign): _rounded(kinds, model.coef_[:, column])
        for column, sign in enumerate(columns.get_feature_names_out())
    }
    return Learned(kinds, _rounded(kinds, model.intercept_), {s: p for s, p in points.items() if p}, len(given))


def _rounded(kinds: tuple[str, ...], weights: Iterable[float]) -> Mapping[str, int]:
    points = {kind: round(POINTS * float(weight)) for kind, weight in zip(kinds, weights, strict=True)}
    return {kind: each for kind, each in points.items() if each}


def validate(
    files: Mapping[str, tuple[Case, ...]],
    known: Mapping[str, tuple[Example, ...]],
    policy: Policy,
    done: Callable[[], None] = lambda: None,
) -> Recognition:
    """How well the rules recognise tickets of one file by what all the others teach: each file is a writer that nobody has learned from.

    `known` are the `examples` of each file.
    """
    found: list[Recognised] = []
    for left_out, cases in files.items():
        learned = learn(one for name, some in known.items() if name != left_out for one in some)
        found += recognise(cases, replace(policy, learned=learned)).tickets
        done()
    return Recognition(tuple(found))
