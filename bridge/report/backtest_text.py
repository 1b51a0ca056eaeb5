"""The result of a back-test for people: how many tickets, which kinds and departments, what people did, and which tickets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from bridge.core.model import Step
from bridge.report.backtest import LATE, SHOWN, Backtest, Difference, Side

STEPS: Final = {
    Step.ASK.value: "asked for information",
    Step.ROUTE.value: "passed to a department",
    Step.REQUEST_APPROVAL.value: "approval requested",
    Step.OUT_OF_SCOPE.value: "answered as out of scope",
    Step.PROPOSE.value: "answer proposed to staff",
    Step.EXTEND.value: "term extended",
    Step.REMIND.value: "staff reminded",
    Step.ESCALATE.value: "lead told of the term",
    LATE: "late at some time",
}
LISTED: Final = 20
NAMED: Final = 8


def as_text(result: Backtest, *, everything: bool = False) -> str:
    """The result; of the tickets that differ only the first few, unless `everything` is wanted."""
    n, otherwise = result.tickets, len(result.differences)
    parts = [
        [f"{n} tickets replayed, {otherwise} would have gone otherwise. Nothing was written."],
        _totals(result),
        _kinds(result.differences),
        _matrix(result),
        _never_hit(result),
        _skipped(result),
        _tickets(result.differences, everything=everything),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _totals(result: Backtest) -> list[str]:
    """Every count, the present rules' beside the new ones'."""
    rows = [*_rows(result, "kind"), ("", ""), *_rows(result, "department"), ("", "")]
    rows += [(name, STEPS[name]) for name in (*(step.value for step in SHOWN), LATE)]
    width = max(len(shown) for _, shown in rows)
    lines = [f"{'tickets':<{width}}  present      new"]
    for name, shown in rows:
        old, new = result.present.counts[name], result.new.counts[name]
        change = f"{new - old:+7}" if new != old else ""
        if not name:
            lines.append("")
        elif old or new:
            lines.append(f"{shown:<{width}}  {old:>7}  {new:>7}  {change}".rstrip())
    return lines


def _rows(result: Backtest, of: str) -> Iterator[tuple[str, str]]:
    """The kinds or departments, in the order of the rules."""
    routes = [*result.new.policy.routes, *result.present.policy.routes]
    known = dict.fromkeys(route.kind if of == "kind" else route.department for route in routes)
    counted = sorted({*result.present.counts, *result.new.counts})
    found = dict.fromkeys([*known, *(name.removeprefix(f"{of} ") for name in counted if name.startswith(f"{of} "))])
    yield from ((f"{of} {name}", name) for name in found)


def _kinds(differences: Iterable[Difference]) -> list[str]:
    """Which kinds turned into which, with the first few tickets."""
    turned: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in differences:
        if one.before.kind != one.after.kind:
            turned[one.before.kind, one.after.kind].append(one.ticket_id)
    if not turned:
        return []
    width = max(len(f"{old} → {new}") for old, new in turned)
    lines = ["of another kind than with the present rules:"]
    for (old, new), tickets in sorted(turned.items(), key=lambda item: -len(item[1])):
        more = " …" if len(tickets) > NAMED else ""
        shown = " ".join(f"#{number}" for number in tickets[:NAMED])
        lines.append(f"  {f'{old} → {new}':<{width}}  {len(tickets):>5}   {shown}{more}")
    return lines


def _matrix(result: Backtest) -> list[str]:
    """A line for each department that the new rules say, a column for each that finally had the ticket."""
    confusion = result.new.confusion
    listed = result.new.policy.departments
    names = [name for name in listed if any(name in pair for pair in confusion)]
    if not names:
        return []
    width = max(map(len, names)) + 4
    lines = ["what the new rules say (down), and who finally had the ticket (across):"]
    lines.append(" " * width + "".join(f"{f'({column})':>7}" for column in range(1, len(names) + 1)))
    for number, rules in enumerate(names, 1):
        cells = "".join(f"{confusion[rules, people] or '·':>7}" for people in names)
        lines.append(f"{f'({number}) {rules}':<{width}}{cells}")
    share = [f"{name} rules {_share(side)}" for name, side in (("present", result.present), ("new", result.new))]
    return [*lines, f"as people did: {', '.join(share)}"]


def _share(side: Side) -> str:
    total = side.confusion.total()
    return f"{side.agreed} of {total} ({100 * side.agreed / total:.0f} %)"


def _never_hit(result: Backtest) -> list[str]:
    names = [f"«{name}»" for name in result.new.never_hit]
    return [f"routes of the new rules that no ticket took: {', '.join(names)}"] if names else []


def _skipped(result: Backtest) -> list[str]:
    shown = ", ".join(f"#{number}" for number in result.skipped)
    return [f"skipped, as their term reaches into a year without a calendar: {shown}"] if shown else []


def _tickets(differences: tuple[Difference, ...], *, everything: bool) -> list[str]:
    """Those first of which more differs than reminders."""
    ordered = sorted(differences, key=lambda one: (one.only_reminders, one.before.kind == one.after.kind))
    listed = ordered if everything else ordered[:LISTED]
    lines = [f"#{one.ticket_id}: {'; '.join(map(_said, one.what))}" for one in listed]
    left = ordered[len(listed) :]
    if left:
        reminders = sum(one.only_reminders for one in left)
        lines.append(f"… and {len(left)} more, {reminders} of them in reminders only; --all lists them")
    return lines


def _said(change: tuple[str, str, str]) -> str:
    name, old, new = change
    return f"{STEPS.get(name, name)}: {old} → {new}"
