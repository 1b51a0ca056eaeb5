"""systemd's units: valid, hardened, alike; and what they start begins, reads its rules again and ends as systemd would have it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.cli.main import EPILOG
from bridge.demo.install import install_packages
from tests.acceptance.installing import NOBODY, Installed
from tests.acceptance.proxy import Proxy, not_done
from tests.acceptance.unit_file import PROGRAM, Place, Started, Unit, environment_file, started
from tests.unit.making import ROOT

pytestmark = pytest.mark.xdist_group("packaging")

PACKAGING = ROOT / "packaging"
UNITS = PACKAGING / "systemd"
SERVICES = ("presale-bridge.service", "presale-bridge-run.service")
SHARED = re.compile(r"# --- from here on the same[^\n]*\n(.*)# --- to here ---", re.DOTALL)
WORST = 2.0


@pytest.fixture(scope="module")
def analyze() -> str:
    """The command systemd-analyze; no systemd has to run for it."""
    if not shutil.which("systemd-analyze"):
        install_packages(["systemd"], "Install systemd.")
    return "systemd-analyze"


@pytest.fixture
def place() -> Iterator[Place]:
    """State, credentials and a working directory."""
    with tempfile.TemporaryDirectory(prefix="presale-bridge-unit-") as folder:
        yield Place(Path(folder))


@pytest.fixture
def service(program: Installed, place: Place) -> Iterator[Started]:
    """The service at work; its Redmine is there and lets nobody in."""
    redmine = Proxy("")
    redmine.do(not_done(401), times=1_000_000)
    with redmine.running():
        settings = environment_file(PACKAGING / "environment.example") | {
            "REDMINE_URL": redmine.url,
            "PRESALE_BRIDGE_LISTEN": "127.0.0.1:0",
        }
        with started(Unit.read(UNITS / SERVICES[0]), program, place, settings) as service:
            assert service.says("pass"), place.log.read_text(encoding="utf-8")
            yield service


def test_systemd_finds_nothing_wrong(analyze: str, program: Installed, tmp_path: Path) -> None:
    """Every setting is known, every reference resolves; told on copies that name the program that is installed here."""
    files = [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]
    for file in files:
        text = file.read_text(encoding="utf-8").replace(PROGRAM, str(program.program))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    copies = [str(tmp_path / file.name) for file in files]
    done = subprocess.run([analyze, "verify", "--man=no", *copies], text=True, capture_output=True, check=False)
    told = [line for line in done.stderr.splitlines() if "presale-bridge" in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize("name", SERVICES)
def test_the_exposure_is_small_and_as_the_page_says(name: str, analyze: str) -> None:
    """What `systemd-analyze security` gives is at most 2.0, and stands in docs/operating.md."""
    command = [analyze, "security", "--offline=true", "--no-pager", str(UNITS / name)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= WORST
    assert f"gives **{found[1]}**" in (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def test_both_services_are_held_alike() -> None:
    """Account, state, secrets and hardening are the same lines."""
    one, other = (SHARED.search((UNITS / name).read_text(encoding="utf-8")) for name in SERVICES)
    assert one is not None
    assert other is not None
    assert one[1] == other[1]


@pytest.mark.parametrize("name", [*SERVICES, "mail.conf"])
def test_every_secret_that_is_named_is_handed_over(name: str) -> None:
    """A variable that points into the credentials has its LoadCredential, from /etc/presale-bridge, and the other way round."""
    unit = Unit.read(UNITS / name)
    loaded = dict(line.split(":", 1) for line in unit.all("LoadCredential"))
    pointed = {value.removeprefix("%d/") for value in unit.environment(Path("%d")).values() if "%d" in value}
    assert pointed == set(loaded)
    assert all(source == f"/etc/presale-bridge/{key}" for key, source in loaded.items())


def test_every_setting_is_one_that_the_bridge_reads() -> None:
    """No variable in the examples is unknown to `presale-bridge --help`."""
    files = [PACKAGING / "environment.example", *UNITS.iterdir(), ROOT / "Containerfile"]
    named = {
        word for file in files for word in re.findall(r"(?:REDMINE|PRESALE_BRIDGE)_[A-Z_]+", file.read_text("utf-8"))
    }
    assert named <= set(re.findall(r"[A-Z_]+", EPILOG))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_stops_when_it_is_told(number: signal.Signals, service: Started) -> None:
    """Exit code 0, no traceback."""
    assert service.end(number) == 0
    assert "Traceback" not in service.log.read_text(encoding="utf-8")


def test_reload_reads_the_rules_again_and_keeps_the_old_ones_where_they_are_wrong(
    service: Started, place: Place
) -> None:
    """SIGHUP, as ExecReload sends it: taken, then refused, and the service lives on."""
    service.process.send_signal(signal.SIGHUP)
    assert service.says("the rules were read again")
    (place.work / "rules.yaml").write_text("nonsense: true\n", encoding="utf-8")
    service.process.send_signal(signal.SIGHUP)
    assert service.says("the old ones stay in force")
    assert service.end(signal.SIGTERM) == 0


def test_it_writes_to_its_state_directory_alone(service: Started, place: Place) -> None:
    """The store, readable for nobody else; no other file on this machine belongs to its user afterwards."""
    assert service.end(signal.SIGTERM) == 0
    assert {path.name for path in place.state.iterdir()} == {"state.db"}
    assert stat.S_IMODE((place.state / "state.db").stat().st_mode) == 0o600
    if os.geteuid() == 0:
        assert set(owned()) == {
            place.state,
            place.state / "state.db",
            place.credentials,
            place.credentials / "redmine-key",
        }


def owned() -> list[Path]:
    """Everything that belongs to the service's user, on the disk and in memory."""
    command = ["find", "/", "/dev/shm", "/run", "-xdev", "-uid", str(NOBODY), "-print"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return [Path(line) for line in done.stdout.splitlines()]


def test_the_key_is_not_in_its_environment_nor_its_log(service: Started) -> None:
    """Only the place of the key is known to whoever sees the process."""
    seen = (
        Path(f"/proc/{service.process.pid}/environ").read_bytes()
        + Path(f"/proc/{service.process.pid}/cmdline").read_bytes()
    )
    assert b"0" * 40 not in seen
    assert "0" * 40 not in service.log.read_text(encoding="utf-8")
