"""Debian's packages for the demo's Redmine and for its mail servers.

`apt-get install redmine` itself fails in its last step on Debian 12 (the newer Bundler of a security update), so only its dependencies are
installed, and the package is unpacked into a folder of one's own.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.demo import processes
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterable

DRIVERS = {"sqlite": ("ruby-sqlite3", "sqlite3"), "postgresql": ("ruby-pg", "postgresql", "postgresql-client")}
LEFT_OUT = re.compile(r"redmine|dbconfig|debconf|cdebconf")
APT_LOCK: Final = Path("/run/presale-bridge-apt.lock")  # apt itself does not wait for another `apt-get update`
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


def install(cache: Path, database: str) -> Path:
    """Install what is missing; the package of Redmine. Needs neither the network nor rights when nothing is.

    Raises:
        PermanentError: no Debian, not root, or apt failed.
    """
    deb = package(cache)
    install_packages(_needed(deb, database), OWN_REDMINE)
    return deb


def install_packages(names: Iterable[str], otherwise: str, preseed: str = "") -> None:
    """Install those that are missing; none of Debian's services is started. `otherwise` is what to do where that is not possible.

    `preseed` are answers to Debian's questions, as `debconf-set-selections` reads them.

    Raises:
        PermanentError: no Debian, not root, or apt failed.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        raise PermanentError(f"There is no apt-get here. {otherwise}")
    wanted = tuple(names)
    if not _lacking(wanted):
        return
    _require_root(_lacking(wanted), otherwise)
    with processes.locked(APT_LOCK):
        _apt_install(_lacking(wanted), preseed)


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


def _lacking(wanted: tuple[str, ...]) -> tuple[str, ...]:
    present = _installed()
    return tuple(name for name in wanted if name not in present)


def _require_root(lacking: tuple[str, ...], otherwise: str) -> None:
    if os.geteuid() != 0:
        raise PermanentError(
            f"{len(lacking)} packages are missing, and installing them needs root. Run once:\n"
            f"  sudo apt-get update && sudo apt-get install --no-install-recommends {' '.join(lacking)}\n{otherwise}"
        )


def _apt_install(names: tuple[str, ...], preseed: str) -> None:
    _update()
    if preseed:
        processes.run(["debconf-set-selections"], text=preseed)
    # RUNLEVEL=1 keeps Debian's scripts from starting a system-wide PostgreSQL, Dovecot or Postfix.
    env = processes.clean_environment(DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    apt = ["apt-get", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends"]
    processes.run([*apt, *names], env=env)


def _update() -> None:
    if os.geteuid() == 0:
        processes.run(["apt-get", "update", "-o", "DPkg::Lock::Timeout=300"])
