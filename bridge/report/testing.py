"""Runs the cases of leads against the rules: each check is one `decide` at its moment, without a server, without brakes (W5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from bridge.core.assess import Assessment, assess
from bridge.core.decide import wants
from bridge.core.decisions import Decision, told
from bridge.core.messages import compose
from bridge.core.model import Step
from bridge.core.policy import Policy
from bridge.core.spans import Span
from bridge.errors import BridgeError
from bridge.report.explain import compact, field_lines
from bridge.report.timelines import Case, Check


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was expected at one moment, what came out, and why; keys of `got` are those of `expected`, `wrong` those that differ."""

    wrong: frozenset[str]
    now: datetime
    expected: Mapping[str, Any]
    got: Mapping[str, Any]
    why: Mapping[str, str]
    line: int

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.wrong

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "ok": self.ok,
            "now": self.now.isoformat(),
            "expected": dict(self.expected),
            "got": dict(self.got),
            "why": dict(self.why),
        }


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case with the results of its checks."""

    name: str
    checks: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether all checks hold."""
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"name": self.name, "ok": self.ok, "checks": [check.as_json() for check in self.checks]}


def run_case(case: Case, policy: Policy) -> CaseResult:
    """Evaluate every check of a case."""
    return CaseResult(case.name, tuple(_run(case, check, policy) for check in case.checks))


def _run(case: Case, check: Check, policy: Policy) -> CheckResult:
    try:
        seen = _Seen(assess(case.ticket, case.history_at(check.now), policy, check.now))
        got = {key: seen.value(key) for key in check.expect}
    except BridgeError as error:
        got = dict.fromkeys(check.expect, f"error: {error}")
        return CheckResult(
            frozenset(got) or frozenset({"error"}), check.now, check.expect, got, {"error": str(error)}, check.line
        )
    wrong = frozenset(key for key, expected in check.expect.items() if not _matches(key, expected, got[key]))
    why = {key: seen.why(key) for key in check.expect}
    return CheckResult(wrong, check.now, check.expect, got, why, check.line)


class _Seen:
    """What comes out for one ticket at one moment, by the keys of `expect`."""

    def __init__(self, a: Assessment) -> None:
        self.a = a

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        return wants(self.a)

    @cached_property
    def notes(self) -> list[str]:
        return [write.notes for write in compose(self.decisions, self.a)]

    def value(self, key: str) -> Any:
        return _VALUES[key](self)

    def local(self, at: datetime | None) -> str | None:
        return self.a.policy.calendar.local(at).isoformat() if at else None

    def why(self, key: str) -> str:
        match key:
            case "kind" | "department":
                return self.a.routing.reason
            case "do" | "told" | "note_contains":
                return "; ".join(f"{one.step}: {one.reason}" for one in self.decisions) or "nothing is wanted"
            case "clock" | "due" | "used" | "late_by":
                return self._term()
            case "missing":
                return "; ".join(
                    f"{one.field}: {one.verdict}, {one.demand}; {one.source}" for one in field_lines(self.a)
                )
            case "department_due":
                return self._hand_over()
            case _:
                return self._approval()

    def _hand_over(self) -> str:
        last = self.a.standing.hand_overs[-1:]
        passed = [f"passed to {one.department.name} {self.local(one.event.at) if one.event else 'now'}" for one in last]
        return "".join(passed) or "not handed over"

    def _approval(self) -> str:
        state = self.a.approval
        if self.a.route.approval is None:
            return f"{self.a.kind} needs no approval"
        asked = [f"asked {self.local(one.at)}" for one in state.asked]
        wrong = [f"{state.wrong.journal.by.name} may not decide"] if state.wrong else []
        decided = (
            [f"decided by {state.decided.journal.by.name} {self.local(state.decided.at)}"] if state.decided else []
        )
        return "; ".join([*asked, *wrong, *decided]) or "not asked yet"

    def _term(self) -> str:
        term = self.a.standing.term
        pauses = [f"paused {self.local(p.start)} to {self.local(p.end) or 'now'} ({p.reason})" for p in term.pauses]
        longer = [f"extended by {one.by} for {one.hand_over.department.name}" for one in term.extensions]
        ended = [f"{term.outcome} {self.local(term.end)}"] if term.outcome else []
        return "; ".join([f"{term.reason} {self.local(term.start)}", *pauses, *longer, *ended])


def _hours(span: timedelta | None) -> str | None:
    return None if span is None else compact(span)


def _do(seen: _Seen) -> list[str]:
    steps = {one.step for one in seen.decisions}
    return [step.value for step in Step if step in steps]


_VALUES: Final[Mapping[str, Callable[[_Seen], Any]]] = {
    "kind": lambda seen: seen.a.kind,
    "department": lambda seen: seen.a.department.name,
    "missing": lambda seen: list(seen.a.missing),
    "clock": lambda seen: seen.a.standing.clock.value,
    "due": lambda seen: seen.local(seen.a.standing.due),
    "department_due": lambda seen: seen.local(seen.a.standing.department_due),
    "used": lambda seen: _hours(seen.a.standing.used),
    "late_by": lambda seen: _hours(seen.a.standing.late_by),
    "approval": lambda seen: seen.a.approval.verdict.value,
    "do": _do,
    "told": lambda seen: [audience.value for audience in told(seen.decisions)],
    "note_contains": lambda seen: seen.notes,
}


def _matches(key: str, expected: Any, got: Any) -> bool:
    match key:
        case "kind":
            return got in (expected if isinstance(expected, list) else [expected])
        case "due" | "department_due":
            return bool(_moment(expected) == _moment(got))
        case "used" | "late_by":
            return bool(_span(expected) == _span(got))
        case "missing" | "told":
            return sorted(expected or []) == sorted(got)
        case "do":
            return bool(list(expected or []) == got)
        case "note_contains":
            wanted = expected if isinstance(expected, list) else [expected]
            return all(any(str(part) in note for note in got) for part in wanted)
        case _:
            return bool(expected == got)


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _span(value: Any) -> Any:
    try:
        return Span.parse(str(value)).time if value is not None else None
    except ValueError:
        return value
