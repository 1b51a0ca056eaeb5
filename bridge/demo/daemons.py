"""Servers that put themselves into the background, and the ports that they share."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from bridge.demo import processes
from bridge.demo.mail_config import Ports
from bridge.errors import TemporaryError

PROGRAMS: Final = ("/usr/lib/dovecot", "/usr/lib/postfix")
FIRST_PORTS: Final = range(20_000, 32_000, 10)  # below the ports that the system gives out by itself


@dataclass(frozen=True, slots=True)
class Daemon:
    """A master process and all that it started: they work in `folder`, which is nobody else's.

    The master is found by its pid's file, and known as ours by a word of its command line or environment.
    """

    folder: Path
    pid_file: Path
    where: str
    word: str

    @property
    def alive(self) -> bool:
        """Whether the master runs."""
        return self._master() is not None

    def stop(self) -> None:
        """Ask it and all that it started to end, wait, and kill what does not; also what a killed master has left."""
        master = self._master()
        if master:
            master.stop(signal.SIGTERM, patience=10)
        for sign in (signal.SIGTERM, signal.SIGKILL):  # Dovecot's master leaves sessions that are open to themselves
            _signal(self._family(), sign)
            processes.wait_until(lambda: not self._family(), 1, step=0.02)
        self.pid_file.unlink(missing_ok=True)

    def _master(self) -> processes.Process | None:
        text = text_of(self.pid_file).strip()
        if not text.isdigit():
            return None
        process = processes.Process.of(int(text))
        told = text_of(Path("/proc") / text / self.where).split("\0")
        return process if process.alive and self.word in told else None

    def _family(self) -> list[int]:
        """Servers that work below the folder; a person's shell there is none."""
        places = (path.parent for path in Path("/proc").glob("[0-9]*/cwd"))
        return [int(place.name) for place in places if self._is_ours(place)]

    def _is_ours(self, process: Path) -> bool:
        try:
            program, works_in = (process / "exe").readlink(), (process / "cwd").readlink()
        except OSError:
            return False
        return works_in.is_relative_to(self.folder) and any(program.is_relative_to(place) for place in PROGRAMS)


def _signal(pids: list[int], sign: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)


def text_of(path: Path) -> str:
    """What is in a file; nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def listens(port: int) -> bool:
    """Whether somebody listens on that port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex((processes.LOOPBACK, port)) == 0


def numbers(ports: Ports) -> list[int]:
    """All of them."""
    return [getattr(ports, field.name) for field in fields(ports)]


def all_free(ports: Ports) -> bool:
    """Whether nobody listens on any of them."""
    return all(processes.free_port(port) == port for port in numbers(ports))


def free_ports(seed: str) -> int:
    """The first of five free ports in a row; where to begin looking differs from home to home."""
    begin = zlib.crc32(seed.encode()) % len(FIRST_PORTS)
    turned = (*FIRST_PORTS[begin:], *FIRST_PORTS[:begin])
    found = next((first for first in turned if all_free(Ports.from_first(first))), 0)
    if not found:
        raise TemporaryError("no five free ports on loopback")
    return found
