"""Commands about one ticket: show, adopt, log."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from bridge.app import App
from bridge.cli.printing import print_json, read_text
from bridge.core.assess import Assessment, assess
from bridge.core.decide import next_moment, wants
from bridge.core.model import Language
from bridge.core.moments import format_moment
from bridge.core.spans import format_span
from bridge.errors import NotFoundError
from bridge.jobs import Exit
from bridge.jobs import adopt as adopt_ticket
from bridge.report.explain import as_text
from bridge.report.explain import explain as explain_assessment
from bridge.report.timelines import read_cases


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    for name, call, text in (
        ("show", show, "kind, department, missing fields, term, what is next and when"),
        ("adopt", adopt, "let the bridge write to a ticket older than limits.not_before"),
        ("log", log, "every decision on one ticket, with its reason and run"),
    ):
        one = commands.add_parser(name, parents=[shared], help=text)
        one.add_argument("ticket", type=int, metavar="ID")
        one.set_defaults(call=call)
    why = commands.add_parser(
        "explain", parents=[shared], help="why a ticket is treated as it is: route, fields, term line by line"
    )
    which = why.add_mutually_exclusive_group(required=True)
    which.add_argument("ticket", type=int, nargs="?", metavar="ID")
    which.add_argument(
        "--ticket", dest="file", metavar="FILE", help="a ticket in a test file instead, without a server"
    )
    why.set_defaults(call=explain)


def explain(app: App, given: argparse.Namespace) -> Exit:
    """Why a ticket is treated as it is."""
    found = [_from_redmine(app, given.ticket)] if given.ticket is not None else list(_from_file(app, given.file))
    explanations = [explain_assessment(a) for a in found]
    if given.json:
        shown = [one.as_json() for one in explanations]
        print_json(shown[0] if given.ticket is not None else shown)
    else:
        print("\n\n".join(as_text(one, app.policy.calendar) for one in explanations))
    return Exit.DONE


def _from_redmine(app: App, ticket: int) -> Assessment:
    a = app.engine().assess(ticket, app.now(), keep=False)
    if a is None:
        raise NotFoundError(f"ticket {ticket} is not in the bridge's scope: another tracker or project")
    return a


def _from_file(app: App, file: str) -> Iterator[Assessment]:
    """The tickets of a test file, each at its last check's moment."""
    for case in read_cases(read_text(file), file, app.policy):
        now = case.checks[-1].now
        yield assess(case.ticket, case.history_at(now), app.policy, now)


def show(app: App, given: argparse.Namespace) -> Exit:
    """What is known of one ticket."""
    a = _from_redmine(app, given.ticket)
    if given.json:
        print_json(_as_json(a))
    else:
        print(_as_text(a))
    return Exit.DONE


def _as_json(a: Assessment) -> dict[str, Any]:
    local = a.policy.calendar.local
    upcoming = next_moment(a)
    return {
        "ticket": a.ticket.id,
        "kind": a.kind,
        "kind_because": a.routing.reason,
        "department": a.department.name,
        "missing": list(a.missing),
        "approval": a.approval.verdict,
        "clock": a.standing.clock,
        "due": local(a.standing.due).isoformat(),
        "department_due": local(a.standing.department_due).isoformat() if a.standing.department_due else None,
        "used_minutes": int(a.standing.used.total_seconds() // 60),
        "late_by_minutes": int(a.standing.late_by.total_seconds() // 60) if a.standing.late_by is not None else None,
        "would_do": [{"step": one.step, "because": one.reason} for one in wants(a)],
        "next_look": local(upcoming).isoformat() if upcoming else None,
    }


def _as_text(a: Assessment) -> str:
    def moment(at: Any) -> str:
        return format_moment(at, Language.EN, a.policy.calendar, a.now) if at else "-"

    standing = a.standing
    late = f", late by {format_span(standing.late_by, Language.EN)}" if standing.late_by is not None else ""
    todo = [f"{one.step} ({one.reason})" for one in wants(a)]
    rows = {
        "ticket": f"{a.ticket.id}: {a.state.subject}",
        "kind": f"{a.kind} ({a.routing.reason})",
        "department": a.department.name,
        "missing": ", ".join(a.missing) or "nothing",
        "approval": a.approval.verdict,
        "clock": f"{standing.clock}{late}",
        "due": moment(standing.due),
        "department due": moment(standing.department_due),
        "used": format_span(standing.used, Language.EN),
        "would do now": "; ".join(todo) or "nothing",
        "next look": moment(next_moment(a)),
    }
    return "\n".join(f"{name + ':':<16}{value}" for name, value in rows.items())


def adopt(app: App, given: argparse.Namespace) -> Exit:
    """Let the bridge write to an old ticket (W5)."""
    adopt_ticket(app.store, given.ticket, app.now())
    if given.json:
        print_json({"ticket": given.ticket, "adopted": True})
    else:
        print(f"ticket {given.ticket} is adopted: the next pass treats it like any other")
    return Exit.DONE


def log(app: App, given: argparse.Namespace) -> Exit:
    """Every decision on one ticket."""
    rows = list(app.store.logged(given.ticket))
    if given.json:
        print_json(
            [
                {"at": row.at, "run": row.run, "did": [own.step for own in row.steps], "reason": row.reason}
                for row in rows
            ]
        )
    else:
        for row in rows:
            print(
                f"{row.at:%Y-%m-%d %H:%M:%S} UTC  {row.run}  {', '.join(own.step for own in row.steps)}: {row.reason}"
            )
    return Exit.DONE
