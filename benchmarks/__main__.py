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
    _series(json_one, rules.compare(policy))
    json_all = timelines.reference(cases)
    _table(json_all, timelines.deciding(cases, policy))


def _series(reference: Measured, series: tuple[rules.Series, ...]) -> None:
    """A line for each, a column for each number of rules; then the last of each line as a multiple of its first."""
    _say(f"\n{'one ticket, with so many rules':<40} {''.join(f'{count:>8,}' for count in rules.COUNTS)}   last : first")
    for one in series:
        cells = "".join(f"{measured.times(reference):>8.1f}" for measured in one.measured)
        _say(f"{one.name:<40} {cells}   {one.measured[-1].times(one.measured[0]):>12.1f}")
    _say(f"in units of {reference.name}")


def _table(reference: Measured, *measured: Measured) -> None:
    _say(f"\n{reference.name:<60} 1")
    for one in measured:
        _say(f"{one.name:<60} {one.times(reference):.1f}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
