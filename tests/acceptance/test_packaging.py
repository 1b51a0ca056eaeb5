"""The release: what is in the wheel and in the source archive, and that both work where no checkout is near."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from bridge.demo.install import install_packages
from tests.acceptance.installing import Installed, Release, release, unpacked
from tests.unit.making import ROOT

pytestmark = pytest.mark.xdist_group("packaging")

NAME = f"presale_bridge-{version('presale-bridge')}"
LISTS = ("rules.yaml", "rules.schema.json", "words.yaml", "learned.json", "partners.yaml", "compatible.yaml")
PLUGIN = "redmine_presale_hook"
"""It is Redmine's, and is copied there whole."""
QUICK_TESTS = ("tests/unit/test_settings.py", "tests/unit/test_policy_shipped.py")


def names(wheel: Path) -> set[str]:
    """The files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_is_the_package_and_nothing_else(dist: Release) -> None:
    """No tests, no caches, no documents: the package, its data and what a wheel has to have."""
    found = names(dist.wheel)
    assert {name.split("/")[0] for name in found} == {"bridge", f"{NAME}.dist-info"}
    assert {f"bridge/data/{name}" for name in LISTS} <= found
    assert {f"bridge/data/corpus/{one.name}" for one in (ROOT / "corpus").iterdir()} <= found
    own = [name for name in found if PLUGIN not in name]
    assert not [name for name in own if {"test", "tests"} & set(Path(name).parts) or name.endswith((".pyc", ".md"))]


def test_the_wheel_has_every_file_of_the_package(dist: Release) -> None:
    """Modules and the data beside them."""
    files = [path for path in (ROOT / "bridge").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {str(path.relative_to(ROOT)) for path in files} <= names(dist.wheel)


def test_the_source_archive_has_what_builds_and_tests_it(dist: Release) -> None:
    """Sources, tests with their data, documents and packaging; nothing that only this machine has."""
    with tarfile.open(dist.sdist) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("bridge", "docs", "packaging", "scripts", "tests", "examples", "benchmarks", "corpus"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert {str(path.relative_to(ROOT)) for path in files} <= found
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "Containerfile", *LISTS} <= found
    assert not {
        name for name in found if name.startswith((".git/", ".venv", "var/", "dist/", "build/")) or ".pyc" in name
    }


def test_the_source_archive_builds_the_same_wheel_and_its_tests_run(dist: Release, tmp_path: Path) -> None:
    """Unpacked anywhere it makes a wheel of the same files, and tests run against its own sources."""
    source = unpacked(dist.sdist, tmp_path / "source")
    assert names(release(source, tmp_path / "dist").wheel) == names(dist.wheel)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK_TESTS]
    done = subprocess.run(command, cwd=source, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_pipx_installs_tells_its_version(program: Installed) -> None:
    """The command is there and is of this version."""
    assert program.run("--version").stdout == f"presale-bridge {version('presale-bridge')}\n"


def test_the_installed_program_checks_the_rules_it_ships(program: Installed) -> None:
    """They are found inside the package, with the lists beside them."""
    shipped = Path(program.ask("from bridge.policy.shipped import shipped_rules; print(shipped_rules())"))
    assert shipped.is_relative_to(program.home)
    done = program.run("check", "--rules", shipped)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{shipped}: usable" in done.stdout


def test_the_installed_program_tests_rules(program: Installed) -> None:
    """The shipped rules on ticket timelines, and an example with an extension, as the guide has them."""
    done = program.run("test", "--rules", ROOT / "rules.yaml", ROOT / "tests" / "timelines" / "writing.yaml")
    assert done.stdout.endswith(" passed, 0 failed\n"), done.stdout + done.stderr


@pytest.mark.parametrize("module", ["imap_tools", "inscriptis", "psycopg"])
def test_the_extras_come_with_it(module: str, program: Installed) -> None:
    """Mail and PostgreSQL, asked for by name."""
    assert program.ask(f"import {module}; print({module}.__name__)") == module


def test_the_pinned_versions_can_be_installed(tmp_path: Path) -> None:
    """Pip finds every pinned file and its hash, and misses nothing: --require-hashes refuses what is not pinned."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:"]
    more = ["--target", str(tmp_path / "target"), "-r", str(ROOT / "packaging" / "requirements.txt")]
    done = subprocess.run([*command, *more], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


ZSH = """\
autoload -Uz compinit && compinit -u -D && eval "$(cat $1)" && print ${_comps[presale-bridge]}
"""


def test_zsh_takes_the_completion(program: Installed, tmp_path: Path) -> None:
    """The script registers itself for the command."""
    _need("zsh")
    file = tmp_path / "completion"
    file.write_text(program.run("completion", "zsh").stdout, encoding="utf-8")
    done = subprocess.run(["zsh", "-f", "-c", ZSH, "zsh", str(file)], text=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == ("_shtab_presale_bridge\n", "")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("presale-bridge ser", "serve", id="A command"),
        pytest.param("presale-bridge serve --ev", "--every", id="An option"),
        pytest.param("presale-bridge mail exp", "explain", id="A command of a command"),
    ],
)
def test_fish_completes(line: str, offered: str, program: Installed, tmp_path: Path) -> None:
    """What fish offers at the end of a line."""
    _need("fish")
    file = tmp_path / "completion.fish"
    file.write_text(program.run("completion", "fish").stdout, encoding="utf-8")
    ask = f"source {file}; complete --do-complete '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", ask], text=True, capture_output=True, check=True)
    assert [one.split("\t")[0] for one in done.stdout.splitlines()] == [offered]


def _need(shell: str) -> None:
    if not shutil.which(shell):
        install_packages([shell], f"Install {shell}.")
