"""Debian's packages for the demo's Redmine.

`apt-get install redmine` itself fails in its last step on Debian 12 (the newer Bundler of a security update), so only its dependencies are
installed, and the package is unpacked into a folder of one's own.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

from bridge.demo import processes
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from pathlib import Path

DRIVERS = {"sqlite": ("ruby-sqlite3", "sqlite3"), "postgresql": ("ruby-pg", "postgresql", "postgresql-client")}
LEFT_OUT = re.compile(r"redmine|dbconfig|debconf|cdebconf")
OWN_REDMINE = (
    "The demo needs Debian 12 (it installs Redmine 5.0 and Ruby from Debian's packages). You can also try the bridge on a Redmine "
    "of your own: set REDMINE_URL and REDMINE_API_KEY and run `presale-bridge plan`; it writes nothing."
)


def package(cache: Path) -> Path:
    """Debian's package of Redmine, fetched into `cache` unless it is there.

    Raises:
        PermanentError: this is no Debian, or the package cannot be fetched.
    """
    found = max(cache.glob("redmine_*.deb"), default=None)
    if found:
        return found
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        raise PermanentError(f"There is no apt-get here. {OWN_REDMINE}")
    cache.mkdir(parents=True, exist_ok=True)
    _update()
    processes.run(["apt-get", "download", "redmine"], cwd=cache)
    return next(iter(cache.glob("redmine_*.deb")))


def missing(deb: Path, database: str) -> tuple[str, ...]:
    """Packages that this Redmine needs and that are not installed."""
    installed = _installed()
    return tuple(name for name in _needed(deb, database) if name not in installed)


def install(cache: Path, database: str) -> Path:
    """Install what is missing; the package of Redmine. Needs neither the network nor rights when nothing is.

    Raises:
        PermanentError: no Debian, not root, or apt failed.
    """
    deb = package(cache)
    lacking = missing(deb, database)
    if lacking:
        _apt_install(lacking)
    return deb


def _needed(deb: Path, database: str) -> tuple[str, ...]:
    depends = processes.run(["dpkg-deb", "-f", str(deb), "Depends"])
    first = (re.split(r"[\s|(:]", entry.strip(), maxsplit=1)[0] for entry in depends.split(","))
    names = {name for name in first if not LEFT_OUT.match(name)}
    return (*sorted(names), "puma", *DRIVERS[database])


def _installed() -> frozenset[str]:
    """Installed packages, and what they provide."""
    listed = processes.run(["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}, ${Provides}\n"])
    names: set[str] = set()
    for line in listed.splitlines():
        status, _, provided = line.partition("\t")
        if status == "installed":
            names.update(entry.strip().split(" ")[0].split(":")[0] for entry in provided.split(","))
    return frozenset(names)


def _apt_install(names: tuple[str, ...]) -> None:
    if os.geteuid() != 0:
        wanted = " ".join(names)
        raise PermanentError(
            f"{len(names)} packages are missing, and installing them needs root. Run once:\n"
            f"  sudo apt-get update && sudo apt-get install --no-install-recommends {wanted}\n{OWN_REDMINE}"
        )
    _update()
    # RUNLEVEL=1 keeps Debian's scripts from starting a system-wide PostgreSQL.
    env = processes.clean_environment(DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    apt = ["apt-get", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends"]
    processes.run([*apt, *names], env=env)


def _update() -> None:
    if os.geteuid() == 0:
        processes.run(["apt-get", "update", "-o", "DPkg::Lock::Timeout=300"])
