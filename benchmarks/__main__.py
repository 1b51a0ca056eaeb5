"""`python -m benchmarks`, which is `make bench`; about a minute."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import rules, timelines
from benchmarks.measure import Measured, measure
from bridge.policy.load import load
from bridge.report.archive import to_json

RULES = Path(__file__).parents[1] / "rules.yaml"


def main() -> None:
    """Measure and print."""
    policy = load(RULES).policy
    cases = timelines.timelines(policy)
    text = to_json(rules.TICKET)
    json_one = measure("that ticket through json.loads and json.dumps", lambda: json.dumps(json.loads(text)))
    search_few, search_many, few, many = rules.compare(policy)
    _table(json_one, search_few, search_many, few, many)
    json_all = timelines.reference(cases)
    _table(json_all, timelines.deciding(cases, policy))
    more = rules.MANY // rules.FEW
    _say(
        f"\n{more} times as many rules: the search costs {search_many.times(search_few):.1f} times as much, "
        f"the decision {many.times(few):.1f} times"
    )


def _table(reference: Measured, *measured: Measured) -> None:
    _say(f"\n{reference.name:<60} 1")
    for one in measured:
        _say(f"{one.name:<60} {one.times(reference):.1f}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
