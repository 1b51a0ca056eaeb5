"""How long something takes: the best of several rounds, with a bound on the whole."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

ROUNDS = 5
SHORTEST = 0.05
"""Seconds of a round; shorter work is repeated within it."""


@dataclass(frozen=True)
class Measured:
    """Seconds of processor time that one call takes: the best round, which the machine's other work disturbed least."""

    name: str
    seconds: float

    def times(self, reference: Measured) -> float:
        """As many times as long as the reference."""
        return self.seconds / reference.seconds


def measure(name: str, call: Callable[[], object], rounds: int = ROUNDS) -> Measured:
    """Call it once to warm up, then some rounds."""
    first = _round(call, 1)
    repeat = max(1, int(SHORTEST / first)) if first > 0 else 1000
    gc.collect()
    return Measured(name, min(_round(call, repeat) for _ in range(rounds)))


def _round(call: Callable[[], object], repeat: int) -> float:
    began = process_time()
    for _ in range(repeat):
        call()
    return (process_time() - began) / repeat
