"""Whether the process behind a pass is gone: told only where it can be known."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bridge.adapters.processes import UNKNOWN, is_gone, named

HOST, PID, STARTED, PLACE = named(os.getppid()).split()


def name_of_a_dead_process() -> str:
    """One of this machine that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = named(process.pid)
    process.kill()
    process.communicate()
    return name


def test_a_process_that_was_killed_is_gone() -> None:
    """Its number is nobody's."""
    assert is_gone(name_of_a_dead_process())


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        pytest.param(f"{HOST} {PID} {STARTED} {PLACE} run-1", False, id="A process that lives"),
        pytest.param(f"{HOST} {PID} 1 {PLACE} run-1", True, id="Its number is another process's now"),
        pytest.param(f"{named(os.getpid())} run-1", True, id="An earlier pass of ours that could not be ended"),
        pytest.param(f"{HOST} {PID} 1 0123456789abcdef run-1", False, id="Another machine, or another container"),
        pytest.param(f"{HOST} {PID} 1 {UNKNOWN} run-1", False, id="A place that could not be told"),
        pytest.param(f"{HOST} {PID} run-1", False, id="As earlier versions named it"),
        pytest.param("the cluster", False, id="Replicas"),
        pytest.param("", False, id="Nobody"),
    ],
)
def test_only_what_is_certain_counts(name: str, gone: bool) -> None:
    """Where numbers of processes mean something else, the pass lasts until its time is over."""
    assert is_gone(name) is gone
