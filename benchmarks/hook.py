"""What the hook plugin costs a save in Redmine, and how soon the bridge hears of it: `python -m benchmarks.hook`, about a minute."""

from __future__ import annotations

import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.demo.actors import Actor
from bridge.demo.hook import Browser
from bridge.demo.receiver import Receiver
from bridge.demo.server import RedmineServer

HOME = Path(__file__).parents[1] / "var" / "bench-redmine"
BLOCKS, SAVES, TICKETS = 16, 10, 10
"""Saves with and without the plugin take turns in blocks, as the machine's other work changes by and by."""


@dataclass
class Bench:
    """A ticket for each save of a block, and the plugin's switch."""

    author: Actor
    tickets: Sequence[int]
    browser: Browser
    receiver: Receiver
    secret: str

    def save(self, number: int) -> float:
        """Write a note; its seconds."""
        began = time.perf_counter()
        self.author.request("PUT", f"/issues/{number}.json", {"issue": {"notes": secrets.token_hex(8)}})
        return time.perf_counter() - began

    def block(self, *, on: bool) -> list[float]:
        """Some saves with or without the plugin; the first ones warm up."""
        self.browser.set_hook(self.receiver.url if on else "", self.secret)
        self.save(self.tickets[0])
        return [self.save(number) for number in self.tickets[:SAVES]]

    def delays(self, number: int) -> tuple[float, float]:
        """Seconds from the start and from the end of a save until the receiver hears of it."""
        known, began = self.receiver.known(number), time.monotonic()
        self.save(number)
        ended = time.monotonic()
        heard = self.receiver.of(number, known + 1)[-1].at
        return heard - began, heard - ended


def main() -> None:
    """Measure and print."""
    with RedmineServer(HOME) as server, Receiver() as receiver:
        customer = Actor(server, "customer-04-1")
        tickets = [customer.open_issue("customer-04", "Вопрос") for _ in range(TICKETS)]
        bench = Bench(customer, tickets, server.browser(), receiver, secrets.token_hex())
        _cost(bench)
        _delay(bench)


def _cost(bench: Bench) -> None:
    off: list[float] = []
    on: list[float] = []
    for turn in range(BLOCKS):
        for switched in (False, True) if turn % 2 else (True, False):
            (on if switched else off).extend(bench.block(on=switched))
    for name, of in (("median", statistics.median), ("mean", statistics.fmean)):
        _say(f"a save with the plugin on : off, {name} of {len(on)} each", f"{of(on) / of(off):.3f}")
    _say("the same, off, ms", f"{statistics.median(off) * 1000:.1f}")


def _delay(bench: Bench) -> None:
    bench.block(on=True)
    time.sleep(1)  # what is under way arrives
    found = [bench.delays(number) for _ in range(BLOCKS) for number in bench.tickets]
    for name, which in (("start", 0), ("end", 1)):
        values = [one[which] * 1000 for one in found]
        p95 = statistics.quantiles(values, n=20)[-1]
        _say(f"ms from the {name} of a save to the hint, median, p95", f"{statistics.median(values):.0f}, {p95:.0f}")


def _say(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:<60} {figure}\n")


if __name__ == "__main__":
    main()
