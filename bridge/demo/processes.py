"""Starting, finding again and stopping the processes of the demo."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.errors import PermanentError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LOOPBACK = "127.0.0.1"
UMASK = 0o022
PASSED_ON = ("PATH", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def clean_environment(**more: str) -> dict[str, str]:
    """An environment without the user's own settings (of Ruby, of the locale, of the time zone)."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = kept.get("PATH", "/usr/bin:/bin")
    return kept | {"PATH": f"{path}:/usr/sbin:/sbin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"} | more


def run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, text: str = ""
) -> str:
    """Run a command to its end; what it printed.

    Raises:
        PermanentError: it does not exist or failed; the message has the end of what it printed.
    """
    try:
        done = subprocess.run(
            command,
            env=dict(env or clean_environment()),
            cwd=cwd,
            input=text,
            text=True,
            capture_output=True,
            umask=UMASK,
            check=False,
        )
    except FileNotFoundError as error:
        raise PermanentError(f"{command[0]} is not installed: {error}") from error
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        printed = "\n".join([line for line in lines if not line.startswith("\tfrom ")][-15:])
        raise PermanentError(f"{' '.join(command[:4])}… failed ({done.returncode}):\n{printed}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Process:
    """A process that can be found again: its pid, and when it was started, as a pid alone may be somebody else's by now."""

    pid: int
    started: str

    @staticmethod
    def of(pid: int) -> Process:
        """The running process with that pid."""
        return Process(pid, _started(pid))

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.started) and _started(self.pid) == self.started

    def stop(self, sign: signal.Signals = signal.SIGTERM, patience: float = 15.0) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        for number in (sign, signal.SIGKILL):
            if not self.alive:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            wait_until(lambda: not self.alive, patience)
        with contextlib.suppress(ChildProcessError, OSError):
            os.waitpid(self.pid, os.WNOHANG)


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def spawn(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> Process:
    """Start a process of its own session that outlives this one; what it prints goes to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=UMASK,
        )
    return Process.of(child.pid)


@dataclass(frozen=True, slots=True)
class Note:
    """What is written down about what runs, for other processes to find it."""

    processes: dict[str, Process]
    port: int = 0

    @staticmethod
    def load(path: Path) -> Note:
        """Read it; an empty one where there is none."""
        if not path.exists():
            return Note({})
        told = json.loads(path.read_text(encoding="utf-8"))
        return Note({name: Process(**values) for name, values in told["processes"].items()}, told["port"])

    def save(self, path: Path) -> None:
        """Write it."""
        write(path, json.dumps(asdict(self)))


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file at once, with that mode from the beginning."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
    draft.chmod(mode)
    draft.replace(path)


def free_port(wanted: int = 0) -> int:
    """The wanted port of loopback if nobody listens there, else a free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                return int(probe.getsockname()[1])
    raise TemporaryError("no free port on loopback")


def wait_until(true: Callable[[], bool], patience: float, step: float = 0.05) -> bool:
    """Wait until a function says yes; False when it did not within `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(step)
    return False


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes while inside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
