"""The pinned versions fit pyproject.toml, told without the network. When this fails: scripts/lock."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.making import ROOT

SERVICE = ROOT / "packaging" / "requirements.txt"
BUILD = ROOT / "packaging" / "build.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = ("mail", "postgres")
PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
    re.MULTILINE,
)


@cache
def pins(file: Path) -> dict[str, str]:
    """Versions by name."""
    return {canonicalize_name(one["name"]): one["version"] for one in PIN.finditer(file.read_text(encoding="utf-8"))}


def wanted() -> list[Requirement]:
    """What the service needs, with its extras and theirs."""
    project = PROJECT["project"]
    extras = [line for extra in EXTRAS for line in project["optional-dependencies"][extra]]
    found = [Requirement(line) for line in (*project["dependencies"], *extras)]
    return [*found, *(Requirement(f"{one.name}-{extra}") for one in found for extra in one.extras)]


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_every_requirement_is_pinned_within_its_range(requirement: Requirement) -> None:
    """A name of pyproject.toml has a version, and the range allows it."""
    assert pins(SERVICE)[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("line", PROJECT["build-system"]["requires"])
def test_what_builds_is_pinned_too(line: str) -> None:
    """The same for the build."""
    requirement = Requirement(line)
    assert pins(BUILD)[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("file", [SERVICE, BUILD], ids=lambda file: file.name)
def test_every_line_is_a_pin_with_hashes(file: Path) -> None:
    """Nothing is left that pip would look up freely: no address, no option, no package without a hash."""
    rest = PIN.sub("", file.read_text(encoding="utf-8"))
    assert [line for line in rest.splitlines() if line.strip() and not line.lstrip().startswith("#")] == []


def test_nothing_is_pinned_that_nobody_needs() -> None:
    """Each pin says what needs it, and what needs it is there."""
    text = SERVICE.read_text(encoding="utf-8")
    reasons = re.findall(r"^    # via (?!$)(\S+)|^    #   (\S+)", text, re.MULTILINE)
    known = {"presale-bridge", *pins(SERVICE)}
    assert {canonicalize_name(re.sub(r"\[.*", "", one or other)) for one, other in reasons} <= known
