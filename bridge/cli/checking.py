"""Commands about the rules: check, test."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.app import App
from bridge.cli.arguments import wall_time
from bridge.cli.printing import Progress, print_json, read_text, tell
from bridge.core.conditions import REGISTRY
from bridge.errors import BridgeError, PolicyError
from bridge.jobs import Exit
from bridge.policy.load import load
from bridge.report.backtest import backtest
from bridge.report.backtest_text import as_text as backtest_text
from bridge.report.recognition import recognised_in
from bridge.report.replay import for_replays
from bridge.report.testing import CaseResult, run_case
from bridge.report.timelines import read_cases
from bridge.settings import find_rules


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    one = commands.add_parser("check", parents=[shared], help="check the rules; every mistake at once")
    one.add_argument("--online", action="store_true", help="also every name and right against the live Redmine")
    one.add_argument("--list", action="store_true", help="list the conditions that routes can use")
    one.set_defaults(call=check)
    test_parser = commands.add_parser(
        "test", parents=[shared], help="test the rules on whole ticket timelines, without a server"
    )
    test_parser.add_argument("files", nargs="+", metavar="FILE")
    test_parser.add_argument(
        "--matrix",
        action="store_true",
        help="also how well kinds were recognised: hits by kind, and what was taken for what",
    )
    test_parser.set_defaults(call=test)
    _add_backtest(commands, shared)


def _add_backtest(commands: Any, shared: argparse.ArgumentParser) -> None:
    one = commands.add_parser(
        "backtest",
        parents=[shared],
        help="replay real history with the present and the new rules (--rules) and show the difference",
    )
    one.add_argument("--present", metavar="FILE", help="the present rules (else those that are found without --rules)")
    one.add_argument(
        "--since", type=wall_time, default="90d", metavar="SPAN", help="how far back (default: %(default)s)"
    )
    one.add_argument(
        "--cache", metavar="DIR", help="where tickets are kept that were read (default: ~/.cache/presale-bridge)"
    )
    one.add_argument("--all", action="store_true", help="list every ticket that would have gone otherwise")
    one.set_defaults(call=run_backtest)


def run_backtest(app: App, given: argparse.Namespace) -> Exit:
    """Replay real history with two sets of rules; no writes."""
    here = find_rules(given.present)
    if here.resolve() == app.rules.resolve():
        tell(f"the present and the new rules are the same file, {here}; name the new ones with --rules")
    present = load(here, app.now()).policy
    cache = Path(given.cache) if given.cache else Path.home() / ".cache" / "presale-bridge"
    since = app.now() - given.since
    tickets = app.past_tickets(since, cache, Progress("reading").start)
    result = backtest(tickets, present, app.policy, app.now(), Progress("replaying").start(len(tickets)))
    if given.json:
        print_json(result.as_json())
    else:
        print(f"present: {here}\nnew:     {app.rules}\nchanged since {since:%Y-%m-%d}, in the scope of the new rules\n")
        print(backtest_text(result, everything=given.all))
    return Exit.DONE


def check(app: App, given: argparse.Namespace) -> Exit:
    """Check the rules."""
    if given.list:
        with suppress(
            BridgeError
        ):  # the extensions of the rules, if there are any rules; the built-in ones are listed all the same
            _ = app.loaded
        return _list_conditions(given)
    try:
        loaded = app.loaded
    except PolicyError as error:
        if not given.json:
            raise
        print_json({"ok": False, "mistakes": [_mistake(one) for one in error.mistakes], "warnings": []})
        return Exit.UNUSABLE
    findings = app.check_online() if given.online else ()
    wrong = [finding for finding in findings if finding.level == "error"]
    if given.json:
        print_json(
            {
                "ok": not wrong,
                "mistakes": [],
                "warnings": [_mistake(one) for one in loaded.warnings],
                "online": [vars_of(f) for f in findings],
            }
        )
    else:
        for warning in loaded.warnings:
            print(f"{warning} (warning)")
        for finding in findings:
            print(f"{finding.level}: {finding.message}. {finding.remedy}")
        policy = loaded.policy
        print(
            f"{app.rules}: {'not usable here' if wrong else 'usable'}; {len(policy.routes)} routes, {len(policy.departments)} departments, "
            f"{len(policy.required.fields)} required fields, calendar to {policy.calendar.last_known_year}"
        )
    return Exit.UNUSABLE if wrong else Exit.DONE


def vars_of(finding: Any) -> dict[str, str]:
    """A finding as JSON."""
    return {"level": str(finding.level), "message": finding.message, "remedy": finding.remedy}


def _mistake(one: Any) -> dict[str, Any]:
    return {"file": one.file, "line": one.line, "column": one.column, "message": one.message, "remedy": one.remedy}


def _list_conditions(given: argparse.Namespace) -> Exit:
    """Those that are registered."""
    kinds = sorted(REGISTRY.values(), key=lambda kind: kind.name)
    listed = [{"name": kind.name, "summary": kind.summary, "words": kind.words} for kind in kinds]
    if given.json:
        print_json(listed)
    else:
        width = max(12, *(len(str(one["name"])) for one in listed))
        for one in listed:
            print(f"{one['name']:<{width}} {one['summary']}")
    return Exit.DONE


def test(app: App, given: argparse.Namespace) -> Exit:
    """Run test files; 0 all hold, 1 some do not, 2 unusable."""
    policy = for_replays(app.policy)
    results = [run_case(case, policy) for file in given.files for case in read_cases(read_text(file), file, policy)]
    failed = [result for result in results if not result.ok]
    kinds = recognised_in(results) if given.matrix else None
    if given.json:
        told = {
            "passed": len(results) - len(failed),
            "failed": len(failed),
            "cases": [result.as_json() for result in results],
        }
        print_json(told | ({"kinds": kinds.as_json()} if kinds else {}))
    else:
        for result in failed:
            _print_failed(result)
        if kinds:
            print(f"{kinds}\n{kinds.matrix()}\n")
        print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return Exit.TICKETS_FAILED if failed else Exit.DONE


def _print_failed(result: CaseResult) -> None:
    print(f"FAILED  {result.name}")
    for check in (check for check in result.checks if not check.ok):
        print(f"  line {check.line}, at {check.now.isoformat()}")
        for key in sorted(check.wrong & check.expected.keys()):
            print(f"    {key}: expected {check.expected[key]}, got {check.got[key]}")
            if because := check.why.get(key):
                print(f"      because {because}")
