"""One replica of the soak: the service as `serve --cluster` runs it, with rules for the demo and shorter waits."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

from bridge.app import App
from bridge.core.policy import Policy
from bridge.service.clustered import serve_cluster
from bridge.service.signals import Signals
from bridge.settings import Settings
from tests.acceptance.day import CUSTOMERS
from tests.acceptance.stage import RULES, demo_policy, limited

SERVER = multiprocessing.get_context("forkserver")
"""Replicas are forked from a process that has read the program and the rules already: of two processors, killing and starting takes its share."""
EVERY = timedelta(seconds=5)
HEARTBEAT, DEAD_AFTER = timedelta(seconds=2), timedelta(seconds=10)
LIMITS = {
    "settle": timedelta(seconds=5),
    "settle_unknown": timedelta(seconds=45),  # longer than what a request of a killed replica may still take in Redmine
    "changes_per_pass": 100_000,
    "writes_per_minute": 100_000,
}


@cache
def rules() -> Policy:
    """The shipped rules for the demo's customers, with waits that fit a soak."""
    return limited(demo_policy(), *CUSTOMERS, **LIMITS)


@dataclass
class SoakApp(App):
    """The composition root with the soak's rules; its clock is the real one."""

    @property
    def policy(self) -> Policy:
        """The soak's rules."""
        return rules()


def work(url: str, key: str, store_url: str, log: Path) -> None:
    """The whole life of one replica."""
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s")
    faulthandler.enable()
    app = SoakApp(Settings(url, key, store_url), str(RULES), Path)
    serve_cluster(app, EVERY, Signals(), None, heartbeat=HEARTBEAT, dead_after=DEAD_AFTER)


def start(url: str, key: str, store_url: str, log: Path) -> BaseProcess:
    """A new replica."""
    SERVER.set_forkserver_preload(["tests.soak.preloaded"])
    process = SERVER.Process(target=work, args=(url, key, store_url, log), daemon=True)
    process.start()
    return process


def memory(process: BaseProcess) -> float:
    """Resident memory of a process, in MB."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
