"""A PostgreSQL of the tests' own, and processes that do something all at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

from bridge.adapters.store import SqlStore

FORK = multiprocessing.get_context("fork")
NUMBERS = count(1)


class Cluster:
    """A PostgreSQL of our own: a directory, a socket in it, no port."""

    def __init__(self, binaries: Path, home: Path) -> None:
        self._binaries, self._home = binaries, home
        if os.getuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        self._call("initdb", "-A", "trust", "-U", "bridge", "--no-sync", str(home / "data"))
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self._home} -c fsync=off"
        self._call(
            "pg_ctl", "-w", "-D", str(self._home / "data"), "-l", str(self._home / "log"), "-o", options, "start"
        )

    def stop(self) -> None:
        """Stop it as a power cut would."""
        self._call("pg_ctl", "-w", "-D", str(self._home / "data"), "-m", "immediate", "stop")

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{next(NUMBERS)}"
        self._call("createdb", "-h", str(self._home), "-U", "bridge", name)
        return f"postgresql://bridge@/{name}?host={self._home}"

    def _call(self, name: str, *arguments: str) -> None:
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*user, str(self._binaries / name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._home)


def patient(url: str) -> SqlStore:
    """A store for a test about who wins a race: on a busy disk SQLite may keep one of several writers out for longer than the shipped 10 s."""
    return SqlStore(url, patience=timedelta(minutes=2))


def in_processes(*works: Callable[[], object]) -> list[object]:
    """What the works return, each run in a process of its own, all begun at one moment; what one of them raises fails the test."""
    barrier, answers = FORK.Barrier(len(works)), FORK.Queue()

    def go(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers.put(work())
        except Exception as error:  # noqa: BLE001 - the test has to see whatever it was
            answers.put(AssertionError(repr(error)))

    processes = [FORK.Process(target=go, args=(work,)) for work in works]
    for process in processes:
        process.start()
    results = [answers.get(timeout=180) for _ in works]
    for process in processes:
        process.join()
    for result in results:
        if isinstance(result, AssertionError):
            raise result
    return results
