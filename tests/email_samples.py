"""The test messages of Python's own `email` package: from the Python that runs, else from Debian's package with its test suite."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from bridge.demo import processes
from bridge.errors import PermanentError

VAR = Path(__file__).parent.parent / "var"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
INSIDE = Path("test/test_email/data")


def folder() -> Path:
    """The folder with the messages; fetched, without installing anything, where neither Python nor Debian has put them.

    Raises:
        PermanentError: they are not here and cannot be fetched.
    """
    return _installed() or _fetched()


def _installed() -> Path | None:
    try:
        found = Path(str(import_module("test.test_email").__file__)).parent / "data"
    except ImportError:  # Debian keeps the tests in a package of their own
        found = Path(f"/usr/lib/python{VERSION}") / INSIDE
    return found if found.is_dir() else None


def _fetched() -> Path:
    """Debian's package, unpacked into a folder of ours; its version may be another than Python's, the messages are the same."""
    cache = VAR / "email-samples"
    cache.mkdir(parents=True, exist_ok=True)
    with processes.locked(cache / "lock"):
        if not any(cache.rglob("msg_01.txt")):
            if os.geteuid() == 0:
                processes.run(["apt-get", "update", "-o", "DPkg::Lock::Timeout=300"])
            processes.run(["apt-get", "download", _package()], cwd=cache)
            for package in cache.glob("*.deb"):
                processes.run(["dpkg-deb", "-x", str(package), str(cache)])
    found = next(cache.rglob("msg_01.txt"), None)
    if found is None:
        raise PermanentError("Debian's package with Python's test suite has no messages of `email`")
    return found.parent


def _package() -> str:
    """Debian's package for the Python that it has."""
    listed = processes.run(["apt-cache", "pkgnames", "libpython3"]).split()
    found = max((name for name in listed if name.endswith("-testsuite")), default="")
    if not found:
        raise PermanentError("Debian's lists have no package with Python's test suite; run apt-get update")
    return found


def messages() -> list[Path]:
    """All of them, by name."""
    return sorted(folder().glob("msg_*.txt"))
