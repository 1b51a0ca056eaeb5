"""The container: what its file says, and, among the long tests, that it is built and works. The base is made by debootstrap: no registry is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.demo.install import install_packages
from tests.unit.making import ROOT

pytestmark = pytest.mark.xdist_group("packaging")

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
STAGES = TEXT.split("\nFROM ")[1:]
BASE = STAGES[-1].split()[0]
SUITE = "trixie"
OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
RULES = "from bridge.policy.shipped import shipped_rules; print(shipped_rules())"


@dataclass(frozen=True)
class Buildah:
    """buildah with a store of its own; it needs no daemon and makes no container beyond a chroot."""

    home: Path

    def __call__(self, *arguments: str, ok: bool = True) -> str:
        """What a command printed; it has to succeed unless said otherwise."""
        command = ["buildah", "--root", str(self.home / "store"), "--runroot", str(self.home / "run"), *arguments]
        env = os.environ | {"BUILDAH_ISOLATION": "chroot"}
        done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=False)
        assert not ok or done.returncode == 0, f"{arguments}\n{(done.stdout + done.stderr)[-3000:]}"
        return done.stdout.strip()


def test_the_last_stage_brings_nothing_that_builds() -> None:
    """It starts anew from the same base, as an ordinary user, without pip, venv or a compiler."""
    assert {stage.split()[0] for stage in STAGES} == {BASE}
    assert "USER 10001:10001" in STAGES[-1]
    for word in ("pip", "venv ", "gcc", "build-essential", "-dev"):
        assert word not in STAGES[-1].split("ENV ")[0].replace("/opt/presale-bridge", "")


def test_every_package_is_installed_by_its_hash() -> None:
    """But for the wheel that is built there."""
    installs = [line for line in TEXT.splitlines() if " install --no-cache-dir" in line]
    assert installs
    assert all("--require-hashes" in line or "--no-deps dist/" in line for line in installs)


@pytest.fixture(scope="module")
def buildah() -> Iterator[Buildah]:
    """With a base image like the one that the file names."""
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    install_packages(["buildah", "debootstrap"], "Run the test as root on Debian.")
    with tempfile.TemporaryDirectory(prefix="presale-bridge-image-", dir="/var/tmp") as folder:
        root = Path(folder, "root")
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(root)], capture_output=True, check=True)
        if OWN_CERTIFICATES.is_dir():
            shutil.copytree(OWN_CERTIFICATES, root / OWN_CERTIFICATES.relative_to("/"), dirs_exist_ok=True)
        buildah = Buildah(Path(folder))
        base = buildah("from", "scratch")
        buildah("add", "--quiet", base, str(root), "/")
        buildah("commit", "--quiet", base, BASE)
        yield buildah
        buildah("rm", "--all")


@pytest.mark.soak
def test_the_image_is_built_and_checks_the_rules_it_ships(buildah: Buildah) -> None:
    """The program works as user 10001, may write to its state alone, and finds no pip."""
    buildah("build", "--pull=never", "--tag", "presale-bridge", ".")
    container = buildah("from", "--pull=never", "presale-bridge")

    def run(*command: str, ok: bool = True) -> str:
        return buildah("run", "--user", "10001:10001", container, "--", *command, ok=ok)

    shipped = run("/opt/presale-bridge/bin/python3", "-c", RULES)
    assert "usable" in run("/opt/presale-bridge/bin/presale-bridge", "check", "--rules", shipped)
    writable = run("sh", "-c", "find / -xdev -type d -writable 2>/dev/null || true")
    assert set(writable.split()) <= {"/var/lib/presale-bridge", "/tmp", "/var/tmp", "/run/lock"}
    assert run("sh", "-c", "command -v pip pip3 gcc || true") == ""
