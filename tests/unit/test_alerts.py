"""The alert rules, tested by Prometheus's own tool, and against what the service really exports."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from bridge.demo.install import install_packages
from bridge.errors import PermanentError
from bridge.watch.health import Check
from tests.unit.making import ROOT
from tests.unit.test_service import Stage
from tests.unit.worlds import World

RULES = ROOT / "packaging" / "prometheus"
HERE = "install Debian's package prometheus for its promtool"


@cache
def promtool() -> str:
    """Debian's; installed where that is possible, as the demo's servers are, and no service of it is started."""
    found = shutil.which("promtool")
    if found is None:
        try:
            install_packages(("prometheus",), HERE)
        except PermanentError as error:
            pytest.skip(str(error))
    return found or shutil.which("promtool") or "promtool"


def run(*arguments: str) -> str:
    """What promtool says; fails when it is not content."""
    done = subprocess.run([promtool(), *arguments], cwd=RULES, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expressions() -> dict[str, str]:
    """Each alert's expression."""
    groups = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def test_the_rules_are_rules() -> None:
    """Prometheus takes the file."""
    assert "SUCCESS" in run("check", "rules", "alerts.yml")


@pytest.mark.parametrize("file", ["alerts.test.yml", "calendar.test.yml"])
def test_each_alert_fires_when_it_should_and_not_otherwise(file: str) -> None:
    """Their own tests hold."""
    assert "SUCCESS" in run("test", "rules", file)


def test_each_alert_has_a_test() -> None:
    """None is left out."""
    tests = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.test.yml"))
    assert [name for name in expressions() if name not in tests] == []


@pytest.mark.parametrize("path", [RULES / "alerts.yml"], ids=lambda path: path.name)
def test_each_alert_says_what_to_do(path: Path) -> None:
    """What is wrong, what to do, and how bad it is."""
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert sorted(rule["annotations"]) == ["action", "summary"]
            assert rule["labels"]["severity"] in ("critical", "warning")


def test_the_alerts_ask_for_what_the_service_exports(world: World) -> None:
    """A figure that is called otherwise would never alarm anybody."""
    stage = Stage(world)
    stage.serve(1)
    stage.watch.metrics.clock_jumped(-timedelta(hours=3).total_seconds())
    exported = stage.watch.metrics.text().decode()
    wanted = {name for expr in expressions().values() for name in re.findall(r"presale_bridge_\w+", expr)}
    assert [name for name in sorted(wanted) if f"\n# TYPE {name} " not in f"\n{exported}"] == []
    checks = {word for expr in expressions().values() for word in re.findall(r'check="(\w+)"', expr)}
    assert checks <= set(Check)


def test_the_docs_name_every_figure(world: World) -> None:
    """And no other."""
    exported = Stage(world).watch.metrics.text().decode()
    named = set(re.findall(r"^# TYPE presale_bridge_(\w+)", exported, re.MULTILINE))
    text = (ROOT / "docs" / "service.md").read_text(encoding="utf-8").partition("## Figures")[2].partition("## ")[0]
    told = {
        word for row in text.splitlines() if row.startswith("| `") for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == {name for name in named if not name.endswith("_created")}
