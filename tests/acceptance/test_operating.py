"""docs/operating.md as written, under a booted systemd and against the real Redmine: installed, started, stopped, backed up, upgraded, removed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo.install import install_packages
from bridge.demo.server import RedmineServer
from tests.acceptance.machine import Machine, booted
from tests.unit.making import ROOT

pytestmark = [pytest.mark.soak, pytest.mark.redmine, pytest.mark.xdist_group("packaging")]

PAGE = ROOT / "docs" / "operating.md"
BLOCK = re.compile(r"^## ([^\n]*)$|^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
UNIT = "presale-bridge.service"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine of its own to install on."""
    if os.geteuid() != 0:
        pytest.skip("booting a systemd needs root")
    install_packages(["systemd-container", "sqlite3", "python3-venv"], "Run the test as root on Debian.")
    with booted() as machine:
        yield machine


def blocks() -> Iterator[tuple[str, str]]:
    """Each block to run, with the heading it stands under."""
    heading = ""
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if match[1]:
            heading = match[1]
        else:
            yield heading, match[2]


def do(machine: Machine, script: str) -> str:
    """What a script printed; it has to succeed."""
    done = machine.run(script, ROOT)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}\n{journal(machine)}"
    return done.stdout


def journal(machine: Machine) -> str:
    """The log of the service and of the job."""
    return machine.run(f"journalctl --no-pager -u {UNIT} -u presale-bridge-run.service", Path("/")).stdout


def test_the_page_of_the_operators_holds(machine: Machine, redmine: RedmineServer) -> None:
    """Every block of the page succeeds in its order, with this Redmine's address and key filled in where the page says so."""
    after = {"Account and files": fill_in, "Run it": look_at_the_reload, "Backup": look_at_the_service}
    stages = list(blocks())
    assert len(stages) >= 12
    for number, (heading, script) in enumerate(stages):
        do(machine, script)
        if stages[number + 1 : number + 2] and stages[number + 1][0] != heading and heading in after:
            after[heading](machine, redmine)
    assert do(machine, "find /etc /opt /var/lib /usr/local -iname '*presale*' -not -path '*/db/*'") == ""


def fill_in(machine: Machine, redmine: RedmineServer) -> None:
    """What the operator writes into the two files."""
    key = redmine.bridge_key_file.read_text(encoding="ascii").strip()
    do(machine, f"sed -i 's|^REDMINE_URL=.*|REDMINE_URL={redmine.url}|' /etc/presale-bridge/environment")
    do(machine, f"echo {key} >/etc/presale-bridge/redmine-key")


def look_at_the_reload(machine: Machine, redmine: RedmineServer) -> None:
    """The service has read its rules again, and is at work as before."""
    wait_for(machine, "the rules were read again")
    look_at_the_service(machine, redmine)


def wait_for(machine: Machine, text: str) -> None:
    """Until the service that runs now has logged that."""
    log = f"journalctl _SYSTEMD_INVOCATION_ID=$(systemctl show --value -p InvocationID {UNIT})"
    do(machine, f"for n in {{1..60}}; do {log} | grep '{text}' && exit 0; sleep 1; done; exit 1")


def look_at_the_service(machine: Machine, redmine: RedmineServer) -> None:
    """It makes passes behind a system-call filter, without rights; its key is in no environment, its state is its own."""
    wait_for(machine, "pass .*: looked at")
    assert not re.search(r"failed [1-9]|Traceback|Permission|not permitted", journal(machine))
    status = do(machine, f"cat /proc/$(systemctl show --value -p MainPID {UNIT})/status")
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
        assert line in status
    seen = do(machine, f"tr '\\0' '\\n' </proc/$(systemctl show --value -p MainPID {UNIT})/environ")
    assert "REDMINE_API_KEY_FILE=/run/credentials/presale-bridge.service/redmine-key" in seen
    assert redmine.bridge_key_file.read_text(encoding="ascii").strip() not in seen
    assert do(machine, "stat -c '%U %a' /var/lib/presale-bridge /var/lib/presale-bridge/state.db").split("\n")[:2] == [
        "presale-bridge 700",
        "presale-bridge 600",
    ]
