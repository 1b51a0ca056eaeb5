"""Who is at a pass: a process, named so that another one in the same place can tell that it is gone."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

UNKNOWN: Final = "-"
MACHINE: Final = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))
"""What tells machines of one name apart; the latter where a container has none of its own."""
STARTED: Final = 19
"""Of the fields of /proc/PID/stat behind the name: when it was started, in ticks since the machine was."""


def named(pid: int) -> str:
    """A process of this place: host, number, when it was started, and the place."""
    return f"{socket.gethostname()} {pid} {_started(pid) or UNKNOWN} {_place()}"


def is_gone(name: str) -> bool:
    """Whether the process whose name that begins with certainly works no more: it lived in this place, and is not there or is another one now.

    Our own counts as gone: it does one thing at a time, so that what is still under its name could only not be ended.
    """
    _host, pid, started, place = (*name.split(), *[UNKNOWN] * 4)[:4]
    if place == UNKNOWN or place != _place():
        return False
    return int(pid) == os.getpid() or not _is_there(int(pid)) or _started(int(pid)) not in {"", started}


def _place() -> str:
    """Where process numbers mean the same: machine, host name and namespace of numbers, in a digest; containers mostly differ in the last two."""
    machine = next(filter(None, map(_read, MACHINE)), "")
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return UNKNOWN
    return sha256(f"{machine} {socket.gethostname()} {namespace}".encode()).hexdigest()[:16] if machine else UNKNOWN


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str:
    """Empty where that is not told."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[STARTED] if len(fields) > STARTED else ""


def _read(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return ""
