"""Commands that pass over tickets: run, plan, serve, resume."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bridge.app import App
from bridge.cli.arguments import wall_time
from bridge.cli.printing import print_json, table
from bridge.core.decisions import told
from bridge.engine import Look
from bridge.errors import PermanentError, with_extra
from bridge.jobs import Exit
from bridge.service.serving import serve as serve_app
from bridge.service.signals import Signals, signals, stop_on_signals
from bridge.settings import DEFAULT_LISTEN


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    one = commands.add_parser("run", parents=[shared], help="one pass, then exit: the scheduled job")
    one.set_defaults(call=run)
    plan = commands.add_parser("plan", parents=[shared], help="what a pass would do; writes nothing")
    plan.add_argument("--notes", action="store_true", help="show the notes in full")
    plan.set_defaults(call=show_plan)
    serve_parser = commands.add_parser("serve", parents=[shared], help="passes on a schedule, until told to stop")
    serve_parser.add_argument(
        "--every", type=wall_time, default="1 minute", metavar="SPAN", help="how often (default: %(default)s)"
    )
    serve_parser.add_argument(
        "--listen",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="also answer /hook, /healthz, /readyz and /metrics over HTTP (PRESALE_BRIDGE_LISTEN, else 127.0.0.1:8321)",
    )
    serve_parser.add_argument(
        "--cluster", action="store_true", help="as one of many replicas over a PostgreSQL store (extra `cluster`)"
    )
    serve_parser.set_defaults(call=serve)
    undo_parser = commands.add_parser(
        "undo", parents=[shared], help="put back what a run changed, where nobody has touched it since"
    )
    undo_parser.add_argument(
        "--run", required=True, dest="name", metavar="RUN", help="the run's name, as `run` and `log` print it"
    )
    undo_parser.add_argument("--dry-run", action="store_true", help="only say what would be put back")
    undo_parser.set_defaults(call=undo)
    resume_parser = commands.add_parser("resume", parents=[shared], help="let go of the brake")
    resume_parser.set_defaults(call=resume)


def run(app: App, given: argparse.Namespace) -> Exit:
    """One pass."""
    with stop_on_signals() as stopping:
        summary = app.run_pass(stopping)
    if given.json:
        print_json(summary.as_json())
    else:
        print(summary)
        for ticket, reason in summary.failed.items():
            print(f"  ticket {ticket} failed: {reason}")
    return summary.exit


def show_plan(app: App, given: argparse.Namespace) -> Exit:
    """What a pass would do."""
    looks = app.plan()
    if given.json:
        print_json([_look_as_json(look) for look in looks])
        return Exit.DONE
    wanted = [look for look in looks if look.decisions]
    rows = [
        (
            look.ticket_id,
            ", ".join(one.step for one in look.decisions),
            ", ".join(told(look.decisions)),
            look.result,
            look.decisions[0].reason,
        )
        for look in wanted
    ]
    print(table(("ticket", "would do", "tells", "", "because"), rows) if rows else "nothing to do")
    print(f"\n{len(looks)} tickets looked at, {len(wanted)} want something; nothing was written")
    if given.notes:
        for look in wanted:
            for write in look.writes:
                print(f"\n--- ticket {look.ticket_id}, {'private' if write.private else 'public'} note\n{write.notes}")
    return Exit.DONE


def _look_as_json(look: Look) -> dict[str, Any]:
    return {
        "ticket": look.ticket_id,
        "result": look.result,
        "do": [one.step for one in look.decisions],
        "told": list(told(look.decisions)),
        "why": {one.step: one.reason for one in look.decisions},
        "notes": [{"private": write.private, "text": write.notes} for write in look.writes],
    }


def serve(app: App, given: argparse.Namespace) -> Exit:
    """Passes on a schedule."""
    address = listening_at(given.listen, app.settings.listen)
    with signals() as asked:
        _server(cluster=given.cluster)(app, given.every, asked, address)
    return Exit.DONE


def listening_at(given: str | None, setting: str) -> str | None:
    """Where to answer: as `--listen` says ("" without an address), else as the setting does; None: nowhere."""
    return given or setting or (DEFAULT_LISTEN if given == "" else None)


def _server(*, cluster: bool) -> Callable[[App, timedelta, Signals, str | None], None]:
    if not cluster:
        return serve_app
    try:
        from bridge.service.clustered import serve_cluster  # noqa: PLC0415 - an extra that others do without
    except ModuleNotFoundError as error:
        raise PermanentError(f"serve --cluster needs {error.name}: {with_extra('cluster')}") from None
    return serve_cluster


def undo(app: App, given: argparse.Namespace) -> Exit:
    """Put back what a run changed."""
    undone = app.undo(given.name, dry=given.dry_run)
    if given.json:
        print_json([asdict(one) for one in undone])
    elif undone:
        print(table(("ticket", "what", "", "why"), [(one.ticket_id, one.what, one.fate, one.why) for one in undone]))
    else:
        print(f"run {given.name} has changed nothing that the store knows of")
    return Exit.DONE


def resume(app: App, given: argparse.Namespace) -> Exit:
    """Let go of the brake."""
    why = app.resume()
    if given.json:
        print_json({"was_held": bool(why), "why": why})
    else:
        print(f"the brake is off; it had been pulled: {why}" if why else "the brake was not pulled")
    return Exit.DONE
