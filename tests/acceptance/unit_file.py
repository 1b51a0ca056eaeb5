"""systemd's units as far as a test needs them: settings in order, and starting what ExecStart says the way systemd would."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.demo import processes
from tests.acceptance.installing import NOBODY, Installed
from tests.unit.making import ROOT

PROGRAM = "/usr/local/bin/presale-bridge"
PATIENCE = 60.0


@dataclass(frozen=True)
class Unit:
    """The settings of a unit, a value or several for each name."""

    settings: tuple[tuple[str, str], ...]

    @staticmethod
    def read(path: Path) -> Unit:
        """Of a file."""
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
        return Unit(tuple((name, value) for name, value in pairs))

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for key, value in self.settings if key == name]

    def environment(self, credentials: Path) -> dict[str, str]:
        """What it sets; %d is where the credentials are."""
        return dict(line.replace("%d", str(credentials)).split("=", 1) for line in self.all("Environment"))


def environment_file(path: Path) -> dict[str, str]:
    """What an EnvironmentFile sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@dataclass
class Started:
    """A process of the unit."""

    process: subprocess.Popen[str]
    log: Path

    def says(self, text: str) -> bool:
        """Whether it has logged that, or does within the time it has."""
        return processes.wait_until(lambda: text in self.log.read_text(encoding="utf-8"), PATIENCE)

    def end(self, number: signal.Signals) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@dataclass(frozen=True)
class Place:
    """What systemd would give it: a state directory and the credentials; and a working directory with the rules that nobody may write to."""

    home: Path

    def __post_init__(self) -> None:
        """Make them, with the rights they would have."""
        self.home.chmod(0o755)
        for folder, mode in ((self.state, 0o700), (self.credentials, 0o700), (self.work, 0o755)):
            folder.mkdir()
            folder.chmod(mode)
        for name in ("rules.yaml", "words.yaml", "learned.json"):
            (self.work / name).write_bytes((ROOT / name).read_bytes())
        (self.credentials / "redmine-key").write_text(f"{'0' * 40}\n", encoding="ascii")
        if os.geteuid() == 0:
            for path in (self.state, self.credentials, *self.credentials.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        self.work.chmod(0o555)

    @property
    def state(self) -> Path:
        """STATE_DIRECTORY."""
        return self.home / "state"

    @property
    def credentials(self) -> Path:
        """CREDENTIALS_DIRECTORY."""
        return self.home / "credentials"

    @property
    def work(self) -> Path:
        """Where it starts."""
        return self.home / "work"

    @property
    def log(self) -> Path:
        """What it logs."""
        return self.home / "log"

    def environment(self, unit: Unit, settings: Mapping[str, str]) -> dict[str, str]:
        """All that the process is told; an EnvironmentFile goes over Environment."""
        told = {"PATH": os.defpath, "HOME": "/nonexistent", "STATE_DIRECTORY": str(self.state)}
        return told | unit.environment(self.credentials) | settings


@contextmanager
def started(unit: Unit, program: Installed, place: Place, settings: Mapping[str, str]) -> Iterator[Started]:
    """Run its ExecStart as an ordinary user until the block ends."""
    command = shlex.split(unit.all("ExecStart")[0].replace(PROGRAM, str(program.program)))
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with place.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=place.work,
            env=place.environment(unit, settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            umask=int(unit.all("UMask")[0], 8),
            **user,
        )
        try:
            yield Started(process, place.log)
        finally:
            process.kill()
            process.wait()
