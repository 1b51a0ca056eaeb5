"""Completion: the scripts are of the parser that there is, and bash really completes with them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bridge.cli.completion import SHELLS
from bridge.cli.main import run
from tests.unit.making import ROOT

ASK = """\
source "$1"; shift
function=$(complete -p presale-bridge | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
"$function"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for a shell in a file."""
    assert run(["completion", shell], {}) == 0
    file = folder / f"completion.{shell}"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_every_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands, commands of commands and options."""
    text = script(shell, tmp_path, capsys).read_text(encoding="utf-8")
    for word in ("run", "serve", "backtest", "explain", "completion", "dry-run", "log-json"):
        assert word in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(["ser"], {"serve"}, id="A command"),
        pytest.param(["completion", ""], set(SHELLS), id="The values of an argument"),
        pytest.param(["serve", "--ev"], {"--every"}, id="An option"),
        pytest.param(["check", "--rules", "rules.y"], {"rules.yaml"}, id="A file after an option"),
        pytest.param(["test", "rules.y"], {"rules.yaml"}, id="A file as an argument"),
        pytest.param(["mail", "exp"], {"explain"}, id="A command of a command"),
        pytest.param(["mail", "explain", "--js"], {"--json"}, id="An option of a command of a command"),
    ],
)
def test_bash_completes(
    words: list[str], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What bash puts into COMPREPLY."""
    file = script("bash", tmp_path, capsys)
    command = ["bash", "--norc", "-c", ASK, "bash", str(file), "presale-bridge", *words]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    assert set(done.stdout.split()) == offered
