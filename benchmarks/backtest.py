"""`python -m benchmarks.backtest`, which is `make backtest`: 2,000 tickets on a real Redmine, replayed with a deliberate change of the rules.

Prints the time and the requests to Redmine, cold and from the cache, and what a lead sees.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter
from typing import Final

from benchmarks.history import Asked, Past, make_history
from benchmarks.seeding import seed
from bridge.core.policy import Policy
from bridge.demo.server import RedmineServer
from bridge.policy.load import load
from bridge.report.timelines import read_cases

ROOT: Final = Path(__file__).parents[1]
RULES: Final = ROOT / "rules.yaml"
TEXTS: Final = sorted((ROOT / "corpus").glob("[a-g].yaml"))
STARTED: Final = re.compile(r"^.*Started (\w+) \"/([\w/]*)", re.MULTILINE)
TERM: Final = ("  answer: 2 working days", "  answer: 1 working day")
REMOVED: Final = "Поддержка купленных лицензий"


@dataclass(frozen=True)
class Ran:
    """One run of the command: seconds of wall time and of its own processor time, requests to Redmine, and what it printed."""

    seconds: float
    own: float
    requests: int
    printed: str


def main() -> None:
    """Fill a Redmine, run the command twice, print."""
    given = _arguments()
    policy = load(RULES).policy
    with RedmineServer(given.home) as server, tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        count = seed(server, _history(server, policy, given.tickets))
        _say(f"{count} tickets put into Redmine in {perf_counter() - began:.0f} s")
        changed = Path(folder) / "changed.yaml"
        changed.write_text(changed_rules(RULES.read_text(encoding="utf-8")), encoding="utf-8")
        cache = Path(folder) / "cache"
        runs = {name: _run(server, changed, cache) for name in ("cold", "from the cache")}
    for name, ran in runs.items():
        _say(f"{name:<16} {ran.seconds:>6.1f} s ({ran.own:.1f} s of its own), {ran.requests:>5} requests to Redmine")
    _say("")
    _say(runs["cold"].printed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backtest", description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / "var" / "backtest-redmine", help="Redmine's files")
    parser.add_argument("--tickets", type=int, default=2_000)
    return parser.parse_args()


def changed_rules(text: str) -> str:
    """The deliberate change: a term of 1 day, and a route taken away."""
    route = re.compile(rf"^  - name: {re.escape(REMOVED)}\n.*?(?=^  - name: )", re.MULTILINE | re.DOTALL)
    text, removed = route.subn("", text)
    if removed != 1 or text.count(TERM[0]) != 1:
        raise SystemExit(f"{RULES} has not the places that this benchmark changes")
    return text.replace(*TERM)


def _history(server: RedmineServer, policy: Policy, count: int) -> Iterator[Past]:
    customers = sorted(login for login in server.users if login.startswith("customer-"))
    now = datetime.now(UTC)  # noqa: TID251 - the history ends where the command looks from
    return make_history(list(_asked(policy)), customers, policy, now, count)


def _asked(policy: Policy) -> Iterator[Asked]:
    for file in TEXTS:
        for case in read_cases(file.read_text(encoding="utf-8"), file.name, policy):
            kinds = case.checks[-1].expect.get("kind", "triage")
            state = case.ticket.created
            yield Asked(state.subject, state.description, kinds if isinstance(kinds, str) else kinds[0])


def _run(server: RedmineServer, changed: Path, cache: Path) -> Ran:
    """The command as a lead types it."""
    before = server.log.stat().st_size
    command = [sys.executable, "-m", "bridge", "backtest", "--present", str(RULES), "--rules", str(changed)]
    environment = {
        **os.environ,
        "REDMINE_URL": server.url,
        "REDMINE_API_KEY_FILE": str(server.bridge_key_file),
        "PRESALE_BRIDGE_STORE": str(cache.with_name("state.db")),
    }
    began, own = perf_counter(), _processor_time()
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--cache", str(cache)], env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, own = perf_counter() - began, _processor_time() - own
    with server.log.open("rb") as log:
        log.seek(before)
        started = STARTED.findall(log.read().decode("utf-8", "replace"))
    return Ran(seconds, own, len(started), done.stdout)


def _processor_time() -> float:
    """Seconds that commands that have ended took."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
