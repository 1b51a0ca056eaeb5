"""`python -m benchmarks`, which is `make bench`; about a minute. Exit code 1 where a ratio is out of its bound."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import rules, timelines
from benchmarks.measure import Measured, measure
from bridge.policy.load import load
from bridge.report.archive import to_json

RULES = Path(__file__).parents[1] / "rules.yaml"
AT_MOST = 20.0
"""10,000 rules may cost at most so many times what 10 do: looking a thousand times as many verdicts up, not searching for their words."""


def main() -> int:
    """Measure and print."""
    policy = load(RULES).policy
    cases = timelines.timelines(policy)
    json_one = measure("one ticket through json.loads and json.dumps", lambda: to_json(cases[0].ticket))
    few, many = rules.compare(policy)
    _table(json_one, few, many)
    json_all = timelines.reference(cases)
    _table(json_all, timelines.deciding(cases, policy))
    ratio = many.times(few)
    print(
        f"\n{rules.MANY // rules.FEW} times as many rules cost {ratio:.1f} times as much (at most {AT_MOST:.0f} are accepted)"
    )
    return 0 if ratio <= AT_MOST else 1


def _table(reference: Measured, *measured: Measured) -> None:
    print(f"\n{reference.name:<60} 1")
    for one in measured:
        print(f"{one.name:<60} {one.times(reference):.1f}")


if __name__ == "__main__":
    sys.exit(main())
