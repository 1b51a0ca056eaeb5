"""How well kinds are recognised in test files: hits by kind, and what was taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bridge.core.assess import assess
from bridge.core.model import TRIAGE
from bridge.core.policy import Policy
from bridge.report.testing import CaseResult
from bridge.report.timelines import Case


@dataclass(frozen=True, slots=True)
class Recognised:
    """One ticket: the kinds that are acceptable, the likeliest first, and the one that came out."""

    accepted: tuple[str, ...]
    got: str

    @property
    def is_hit(self) -> bool:
        """Whether what came out is acceptable."""
        return self.got in self.accepted

    @property
    def is_wrong(self) -> bool:
        """Whether somebody was misled: neither acceptable nor left to a person."""
        return not self.is_hit and self.got != TRIAGE


@dataclass(frozen=True, slots=True)
class Recognition:
    """Many tickets, in numbers only: whoever keeps tickets unread may look at it."""

    tickets: tuple[Recognised, ...]

    @property
    def hits(self) -> int:
        """Tickets of an acceptable kind."""
        return sum(one.is_hit for one in self.tickets)

    @property
    def wrong(self) -> int:
        """Tickets with neither an acceptable kind nor `triage`."""
        return sum(one.is_wrong for one in self.tickets)

    @property
    def confusion(self) -> Counter[tuple[str, str]]:
        """How often a ticket of the first kind came out as the second; an acceptable one counts as the kind expected first."""
        return Counter((one.accepted[0], one.accepted[0] if one.is_hit else one.got) for one in self.tickets)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "tickets": len(self.tickets),
            "acceptable": self.hits,
            "triage": len(self.tickets) - self.hits - self.wrong,
            "wrong": self.wrong,
            "confusion": [{"expected": a, "got": b, "tickets": n} for (a, b), n in sorted(self.confusion.items())],
        }

    def __str__(self) -> str:
        """Three shares in one line."""
        count = len(self.tickets) or 1
        triage = len(self.tickets) - self.hits - self.wrong
        return (
            f"{len(self.tickets)} tickets: {self.hits / count:.1%} acceptable, {triage / count:.1%} {TRIAGE} instead, "
            f"{self.wrong / count:.1%} wrong"
        )

    def matrix(self) -> str:
        """Hits by kind and the confusion matrix: a row is the kind expected first, a column what came out, `.` is none."""
        kinds = sorted({kind for pair in self.confusion for kind in pair})
        width = max(map(len, kinds), default=0)
        short = {kind: f"{number:>3}" for number, kind in enumerate(kinds, 1)}
        lines = [f"{'':<{width}}       hits {' '.join(short.values())}"]
        for kind in kinds:
            row = {got: count for (expected, got), count in self.confusion.items() if expected == kind}
            cells = " ".join(f"{row.get(got, '.'):>3}" for got in kinds)
            hits = f"{row.get(kind, 0)}/{sum(row.values())}"
            lines.append(f"{short[kind]} {kind:<{width}} {hits:>7} {cells}")
        return "\n".join(lines)


def recognise(cases: Iterable[Case], policy: Policy) -> Recognition:
    """Ask for the kind of every check that expects one."""
    return Recognition(
        tuple(
            Recognised(accepted, assess(case.ticket, case.history_at(check.now), policy, check.now).kind)
            for case in cases
            for check in case.checks
            if (accepted := kinds_of(check.expect.get("kind")))
        )
    )


def recognised_in(results: Iterable[CaseResult]) -> Recognition:
    """Of cases that were run already."""
    checks = [check for result in results for check in result.checks if check.expected.get("kind")]
    return Recognition(tuple(Recognised(kinds_of(one.expected["kind"]), str(one.got["kind"])) for one in checks))


def kinds_of(expected: Any) -> tuple[str, ...]:
    """The kinds of an expectation, which may be one or a list."""
    return tuple(expected) if isinstance(expected, list) else (expected,) if expected else ()
