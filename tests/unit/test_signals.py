"""What the operating system tells a running command, with real signals."""

from __future__ import annotations

import os
import signal

import pytest

from bridge.jobs import Flag
from bridge.service.signals import signals, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_is_told_to_stop(number: signal.Signals) -> None:
    """The flag is set, nothing is raised."""
    with signals() as asked:
        os.kill(os.getpid(), number)
        assert (asked.stop.is_set(), asked.reload.is_set()) == (True, False)


def test_a_service_is_told_to_read_the_rules() -> None:
    """SIGHUP does not stop it; taken once, it is not there a second time."""
    with signals() as asked:
        os.kill(os.getpid(), signal.SIGHUP)
        assert asked.stop.is_set() is False
        assert [asked.reload.take(), asked.reload.take()] == [True, False]


def test_a_single_pass_minds_no_sighup() -> None:
    """Only the two that stop are taken over; afterwards all is as it was."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with stop_on_signals() as stopping:
        assert signal.getsignal(signal.SIGHUP) is before[2]
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping.is_set()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_a_flag_has_no_lock() -> None:
    """A handler that interrupts whoever looks at the flag cannot wait for them: it holds nothing but a value."""
    assert list(vars(Flag()).values()) == [False]
