"""`presale-bridge serve` as a process: its endpoints, its signals, its end. Redmine is out of reach, which it has to live with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.making import ROOT, RULES
from tests.unit.test_hooks import OURS, body, signature

PATIENCE = 60
SECRET = "the-secret-of-these-tests"


class Running:
    """A service that was started."""

    def __init__(self, home: Path) -> None:
        self.rules, self.log = home / "rules.yaml", home / "log"
        self.rules.write_text(RULES, encoding="utf-8")
        (home / "secret").write_text(SECRET, encoding="ascii")
        self.address = f"127.0.0.1:{_free_port()}"
        command = [sys.executable, "-m", "bridge", "serve", "--rules", str(self.rules), "--log-json"]
        environment = {
            "PATH": os.environ["PATH"],
            "REDMINE_URL": "http://127.0.0.1:1",
            "REDMINE_API_KEY": "5ec7e75ec7e75ec7e7",
            "PRESALE_BRIDGE_STORE": str(home / "state.db"),
            "PRESALE_BRIDGE_HOOK_SECRET_FILE": str(home / "secret"),
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--listen", self.address], cwd=ROOT, env=environment, stderr=log, stdout=log
            )

    def get(self, path: str) -> requests.Response:
        """Ask."""
        return requests.get(f"http://{self.address}{path}", timeout=PATIENCE)

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until it holds, or is answered at all."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if found := holds():
                    return found
            except requests.ConnectionError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """One that answers."""
    running = Running(tmp_path)
    try:
        running.until(lambda: running.get("/healthz").ok)
        yield running
    finally:
        running.process.kill()
        running.process.wait(PATIENCE)


def checks(service: Running) -> dict[str, bool]:
    """The checks of /readyz."""
    return {name: one["ok"] for name, one in service.get("/readyz").json()["checks"].items()}


def has_passed(service: Running, kind: str) -> bool:
    """Whether a pass of that kind has ended, however."""
    return bool(re.search(rf'passes_total{{kind="{kind}",outcome="\w+"}} [1-9]', service.get("/metrics").text))


def test_a_service_from_start_to_end(service: Running) -> None:
    """Ready it is not without Redmine, and says so; it takes webhooks, refuses wrong rules, takes good ones, and ends when told to."""
    service.until(lambda: has_passed(service, "schedule"))
    assert service.get("/readyz").status_code == 503
    assert checks(service) == {"redmine": False, "store": True, "rules": True, "passes": False, "brake": True}

    content = body(OURS)
    headers = {"Content-Type": "application/json", "X-Redmine-Signature-256": signature(content, SECRET.encode())}
    assert requests.post(f"http://{service.address}/hook", content, headers=headers, timeout=PATIENCE).ok
    service.until(lambda: has_passed(service, "hook"))

    service.rules.write_text(RULES.replace("lead: orlova", "laed: orlova"), encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)
    service.until(lambda: not checks(service)["rules"])
    assert any("the old ones stay in force" in line["message"] for line in service.lines())
    service.rules.write_text(RULES, encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)
    service.until(lambda: checks(service)["rules"])

    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE) == 0
    logged = service.log.read_text()
    assert SECRET not in logged
    assert "5ec7e7" not in logged
    assert {"ts", "level", "logger", "message"} <= set(service.lines()[-1])


def test_an_address_that_is_taken_ends_it_before_it_begins(tmp_path: Path) -> None:
    """Exit code 2 and one sentence, instead of a service that nobody can watch."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "REDMINE_URL": "http://127.0.0.1:1",
            "REDMINE_API_KEY": "5ec7e7",
            "PRESALE_BRIDGE_STORE": str(tmp_path / "state.db"),
            "PRESALE_BRIDGE_LISTEN": f"127.0.0.1:{taken.getsockname()[1]}",
        }
        command = [sys.executable, "-m", "bridge", "serve", "--rules", str(tmp_path / "rules.yaml"), "--listen"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 2
    assert "cannot listen at 127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
