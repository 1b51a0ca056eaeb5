"""A booted systemd of its own, over a copy-on-write view of this machine: what is done there is gone afterwards."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.demo import processes

LAYERS = """\
set -eu
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
rm -f "$1/root/etc/machine-id"
for unit in systemd-networkd.service systemd-networkd-wait-online.service postgresql.service; do
  ln -sf /dev/null "$1/root/etc/systemd/system/$unit"
done
exec systemd-nspawn --quiet --directory="$1/root" --machine=presale-bridge-test --register=no --keep-unit \\
  --resolv-conf=off --console=pipe --boot systemd.unit=sysinit.target
"""
PATIENCE = 60.0
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""Of a root's login on Debian: what is this developer's own is left out."""


@dataclass(frozen=True)
class Machine:
    """The booted system, by the process id of its systemd; it shares the network with this one."""

    leader: int

    def run(self, script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a script there as root, each command as in a shell; it ends at the first that fails."""
        enter = ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--pid", "--cgroup"]
        command = [*enter, "bash", "-euo", "pipefail", "-c", f"cd {shlex.quote(str(cwd))}\n{script}"]
        return subprocess.run(
            command,
            cwd="/",
            env=ENVIRONMENT,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )

    @property
    def booted(self) -> bool:
        """Whether its systemd takes orders."""
        return self.run("systemctl is-active sysinit.target", Path("/")).returncode == 0


@contextmanager
def booted() -> Iterator[Machine]:
    """Boot it, and end it with all that runs in it. Needs root and Debian's systemd-container."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "console").open("wb") as console:
        command = ["unshare", "--mount", "sh", "-c", LAYERS, "sh", folder]
        nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            assert processes.wait_until(lambda: bool(_children(nspawn.pid)), PATIENCE)
            machine = Machine(_children(nspawn.pid)[0])
            assert processes.wait_until(lambda: machine.booted, PATIENCE)
            yield machine
        finally:
            for leader in _children(nspawn.pid) or [nspawn.pid]:
                processes.Process.of(leader).stop(patience=0.5)
            nspawn.wait(PATIENCE)


def _children(pid: int) -> list[int]:
    if (
        subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, check=False).stdout
        != b"systemd-nspawn\n"
    ):
        return []
    listed = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(pid)], text=True, capture_output=True, check=False)
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if line.split()[1] == "systemd"]
