"""From saving a ticket in Redmine to the bridge's note on it, by the hook plugin and by polling: `python -m benchmarks.latency`, 7 minutes.

A real Redmine, `presale-bridge serve` as its operator starts it, the shipped rules. Seconds of wall time, counted from Redmine's answer to the
customer (the ticket is saved) until the acknowledgement stands in Redmine's database.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import requests

from bridge.adapters.store import SqlStore
from bridge.app import clock
from bridge.demo import past
from bridge.demo.actors import Actor
from bridge.demo.rules import differences, write_copy
from bridge.demo.server import RedmineServer
from bridge.jobs import CURSOR

ROOT: Final = Path(__file__).parents[1]
RULES: Final = ROOT / "rules.yaml"
HOME: Final = ROOT / "var" / "latency-redmine"
CUSTOMER, PROJECT = "customer-04-1", "customer-04"
QUESTION: Final = (
    "Чем отличаются редакции",
    "Чем Альт Сервер отличается от Альт Рабочей станции? Какой для чего предназначен?",
)
NOTED: Final = "SELECT COUNT(*) FROM journals WHERE journalized_id = :ticket AND user_id = :bridge AND notes <> ''"
GLANCE: Final = 0.02
PATIENCE: Final = 180.0
SPREAD: Final = (0.5, 4.5)
"""Seconds between two tickets when polling is measured, so that they fall anywhere between two passes."""


@dataclass
class Bench:
    """A running Redmine, its customer, and the bridge's account."""

    server: RedmineServer
    customer: Actor
    bridge: int

    def open(self) -> tuple[int, float]:
        """Save a ticket: its number, and when Redmine had saved it."""
        return self.customer.open_issue(PROJECT, *QUESTION), time.monotonic()

    def noted(self, ticket: int) -> bool:
        """Whether the bridge has written."""
        return self.server.database.rows(NOTED, {"ticket": ticket, "bridge": self.bridge})[0][0] != "0"

    def wait(self, opened: dict[int, float], spans: list[float], until: float) -> None:
        """Note what has been answered, until a moment or until nothing is waited for."""
        while opened and time.monotonic() < until:
            done = [one for one in opened if self.noted(one)]
            spans += [time.monotonic() - opened.pop(ticket) for ticket in done]
            time.sleep(GLANCE)


def main() -> None:
    """Measure and print."""
    count = _arguments().tickets
    with RedmineServer(HOME) as server, tempfile.TemporaryDirectory() as folder:
        server.set_time(None)
        past.clear(server.database)
        bench = Bench(server, Actor(server, CUSTOMER), server.names.id("principal", "presale-bridge"))
        rules = _rules(server, Path(folder))
        _print("by the hook plugin", _by_hook(bench, rules, count))
        _print("by polling, once a minute", _by_polling(bench, rules, count))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--tickets", type=int, default=100, help="of each way")
    return parser.parse_args()


def _rules(server: RedmineServer, folder: Path) -> Path:
    """The shipped rules for this Redmine, without the brake: as many tickets come in a minute as else in a week."""
    now = clock()
    differ = differences(RULES, now, server.users, lambda _: now - timedelta(minutes=1))
    write_copy(RULES, folder / "rules.yaml", differ)
    path = folder / "rules.yaml"
    text = path.read_text(encoding="utf-8").replace("changes_per_pass: 50", "changes_per_pass: 1000")
    path.write_text(text.replace("shadow: true", "shadow: false"), encoding="utf-8")
    return path


def _by_hook(bench: Bench, rules: Path, count: int) -> list[float]:
    """One ticket after another, each opened when the last has its note."""
    secret, spans = secrets.token_hex(), list[float]()
    browser = bench.server.browser()
    with _serving(bench.server, rules, secret) as address:
        browser.set_hook(f"http://{address}/hook", secret)
        for _ in range(count):
            ticket, at = bench.open()
            bench.wait({ticket: at}, spans, at + PATIENCE)
        browser.set_hook("")
    return spans


def _by_polling(bench: Bench, rules: Path, count: int) -> list[float]:
    """Tickets at random moments."""
    dice, opened, spans = Random(20261127), dict[int, float](), list[float]()
    with _serving(bench.server, rules, secrets.token_hex()):
        for _ in range(count):
            ticket, opened[ticket] = bench.open()
            pause = time.monotonic() + dice.uniform(*SPREAD)
            bench.wait(opened, spans, pause)
            time.sleep(max(0.0, pause - time.monotonic()))
        bench.wait(opened, spans, time.monotonic() + PATIENCE)
    return spans


@contextmanager
def _serving(server: RedmineServer, rules: Path, secret: str) -> Iterator[str]:
    """`presale-bridge serve` over a new store, from its first pass on; where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        store, hook, address = f"sqlite:///{folder}/state.db", Path(folder) / "hook.secret", f"127.0.0.1:{_free_port()}"
        hook.write_text(secret, encoding="ascii")
        with SqlStore(store) as memory:
            memory.set(CURSOR, clock().isoformat())
        environment = os.environ | {
            "REDMINE_URL": server.url,
            "REDMINE_API_KEY_FILE": str(server.bridge_key_file),
            "PRESALE_BRIDGE_STORE": store,
            "PRESALE_BRIDGE_HOOK_SECRET_FILE": str(hook),
        }
        command = [sys.executable, "-m", "bridge", "serve", "--rules", str(rules), "--listen", address]
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _until_ready(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(f"http://{address}/readyz", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise SystemExit("the service does not get ready")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _print(what: str, spans: list[float]) -> None:
    p95 = statistics.quantiles(spans, n=20)[-1]
    _say(
        f"{what:<28} {len(spans):>4} tickets   median {statistics.median(spans):>6.2f} s   95th percentile {p95:>6.2f} s"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
