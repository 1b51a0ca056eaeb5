"""The wheel and the source archive of this checkout, and the program installed from the wheel as an operator would."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.demo.install import install_packages
from tests.unit.making import ROOT

NOBODY = 61_184
"""A user and group that no other process has."""


@dataclass(frozen=True)
class Release:
    """The two files of a release."""

    wheel: Path
    sdist: Path


def release(source: Path, folder: Path) -> Release:
    """Build both from a source tree."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return Release(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


def unpacked(sdist: Path, folder: Path) -> Path:
    """The source tree in an archive."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


@dataclass(frozen=True)
class Installed:
    """The program, installed with pipx into a folder that every user can read."""

    home: Path

    @property
    def program(self) -> Path:
        """The command."""
        return self.home / "bin" / "presale-bridge"

    @property
    def python(self) -> Path:
        """The Python it runs in."""
        return self.home / "venvs" / "presale-bridge" / "bin" / "python"

    def run(self, *arguments: str | Path, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run the command where no source is near, with nothing set but a path."""
        command = [str(self.program), *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, env={"PATH": os.defpath}, text=True, capture_output=True, check=False)

    def ask(self, code: str) -> str:
        """What a line of Python prints in the program's environment."""
        command = [str(self.python), "-I", "-c", code]
        return subprocess.run(command, cwd="/", text=True, capture_output=True, check=True).stdout.strip()


@contextmanager
def installed(wheel: Path) -> Iterator[Installed]:
    """Install it with pipx, with mail and PostgreSQL, into a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="presale-bridge-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        own = {"PIPX_HOME": folder, "PIPX_BIN_DIR": str(home / "bin"), "PIPX_MAN_DIR": str(home / "man")}
        command = [sys.executable, "-m", "pipx", "install", "--python", python(), f"{wheel}[mail,postgres]"]
        done = subprocess.run(command, env=os.environ | own, text=True, capture_output=True, umask=0o022, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Installed(home)


def python() -> str:
    """A Python that other users may start too: Debian's where we are root, else our own."""
    if os.geteuid() != 0:
        return sys.executable
    install_packages(["python3", "python3-venv"], "Run the tests as another user than root.")
    return "/usr/bin/python3"


def built() -> Iterator[Release]:
    """This checkout's release, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="presale-bridge-dist-") as folder:
        yield release(ROOT, Path(folder))
