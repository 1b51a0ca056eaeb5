"""What the operating system tells a running command: SIGTERM and SIGINT to stop, SIGHUP to read the rules again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bridge.jobs import Flag


@dataclass(frozen=True)
class Signals:
    """What was asked for; seen at the next look, at most a second later."""

    stop: Flag = field(default_factory=Flag)
    reload: Flag = field(default_factory=Flag)


@contextmanager
def signals() -> Iterator[Signals]:
    """All three, while the block lasts."""
    asked = Signals()
    with _handled({signal.SIGTERM: asked.stop, signal.SIGINT: asked.stop, signal.SIGHUP: asked.reload}):
        yield asked


@contextmanager
def stop_on_signals() -> Iterator[Flag]:
    """SIGTERM and SIGINT for one pass: in its middle it finishes the ticket that it is at."""
    stopping = Flag()
    with _handled({signal.SIGTERM: stopping, signal.SIGINT: stopping}):
        yield stopping


@contextmanager
def _handled(flags: dict[signal.Signals, Flag]) -> Iterator[None]:
    before = {number: signal.signal(number, lambda *_, flag=flag: flag.set()) for number, flag in flags.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
