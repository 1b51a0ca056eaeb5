"""What a ticket costs: 1,000 timelines of the test files, each decided once at the moment of its last check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.measure import Measured, measure
from bridge.core.decide import decide
from bridge.core.policy import Policy
from bridge.errors import BridgeError
from bridge.report.archive import to_json
from bridge.report.timelines import Case, read_cases

COUNT = 1_000
FILES = sorted((Path(__file__).parents[1] / "tests" / "timelines").glob("*.yaml"))


def timelines(policy: Policy) -> list[Case]:
    """So many cases, the files' own over and over; those that are there to fail are left out."""
    found = [case for file in FILES for case in read_cases(file.read_text(encoding="utf-8"), file.name, policy)]
    return list(islice(cycle([case for case in found if _sound(case, policy)]), COUNT))


def _sound(case: Case, policy: Policy) -> bool:
    try:
        _decide(case, policy)
    except BridgeError:
        return False
    return True


def _decide(case: Case, policy: Policy) -> object:
    now = case.checks[-1].now
    return decide(case.ticket, case.history_at(now), policy, now)


def deciding(cases: Sequence[Case], policy: Policy) -> Measured:
    """All of them."""
    return measure(f"decide {len(cases)} timelines", lambda: [_decide(case, policy) for case in cases], rounds=3)


def reference(cases: Sequence[Case]) -> Measured:
    """The same tickets through JSON and back."""
    texts = [to_json(case.ticket) for case in cases]
    return measure(
        f"{len(cases)} tickets through json.loads and json.dumps", lambda: [json.dumps(json.loads(t)) for t in texts]
    )
