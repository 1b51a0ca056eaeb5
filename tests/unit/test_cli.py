"""The command line: help, exit codes, sentences instead of tracebacks, JSON where a script would read it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.adapters.store import SqlStore
from bridge.app import clock
from bridge.cli.main import EPILOG, parser, run
from bridge.cli.passes import listening_at
from bridge.engine import BRAKE
from bridge.jobs import Exit
from tests.unit.making import ROOT, RULES
from tests.unit.test_processes import name_of_a_dead_process

KEY = "5ec7e75ec7e75ec7e7"
COMMANDS = ("run", "plan", "serve", "resume", "show", "adopt", "log", "check", "test", "explain")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Put the logging back as it was: a command sets it up anew."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """The small rules in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A Redmine that nobody runs, and a store of our own."""
    return {
        "REDMINE_URL": "http://127.0.0.1:1",
        "REDMINE_API_KEY": KEY,
        "PRESALE_BRIDGE_STORE": str(tmp_path / "state.db"),
    }


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself."""
    with pytest.raises(SystemExit) as left:
        run([*command.split(), "--help"], {})
    assert left.value.code == 0
    assert f"usage: presale-bridge {command}".strip() in capsys.readouterr().out


def test_the_help_names_every_exit_code() -> None:
    """The list of exit codes is complete."""
    assert [int(code) for code in re.findall(r"^  (\d)  ", EPILOG, re.MULTILINE)] == [int(code) for code in Exit]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and number."""
    with pytest.raises(SystemExit):
        run(["--version"], {})
    assert re.fullmatch(r"presale-bridge \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="No command"),
        pytest.param(["fly"], id="An unknown command"),
        pytest.param(["show"], id="No ticket"),
        pytest.param(["show", "seven"], id="A ticket that is no number"),
        pytest.param(["run", "--fast"], id="An unknown option"),
        pytest.param(["test"], id="No file"),
    ],
)
def test_arguments_that_make_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are unusable: 2, with the usage."""
    with pytest.raises(SystemExit) as left:
        run(arguments, {})
    assert left.value.code == Exit.UNUSABLE
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "plan", "show 7", "check", "test x.yaml", "explain 7"])
def test_rules_that_are_not_there(
    command: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that does not exist is told in one sentence, without a traceback."""
    name, *more = command.split()
    assert run([name, "--rules", "nowhere.yaml", *more], environment) == Exit.UNUSABLE
    told = capsys.readouterr().err
    assert "nowhere.yaml" in told
    assert "Traceback" not in told


def test_broken_rules_are_told_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every mistake at once, as file:line:column."""
    path = tmp_path / "broken.yaml"
    path.write_text(
        RULES.replace("lead: orlova", "laed: orlova").replace("silence: off", "silence: 5"), encoding="utf-8"
    )
    assert run(["check", "--rules", str(path)], {}) == Exit.UNUSABLE
    assert len(re.findall(r"broken\.yaml:\d+:\d+: ", capsys.readouterr().err)) >= 2
    assert run(["check", "--rules", str(path), "--json"], {}) == Exit.UNUSABLE
    out = json.loads(capsys.readouterr().out)
    assert out["ok"] is False
    assert len(out["mistakes"]) >= 2


def test_check_of_good_rules(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Good rules are said to be good, for people and as JSON."""
    assert run(["check", "--rules", rules], {}) == Exit.DONE
    assert capsys.readouterr().out.strip()
    assert run(["check", "--rules", rules, "--json"], {}) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_check_lists_the_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    """What routes can ask for, each with its sentence; no rules are needed."""
    assert run(["check", "--list"], {}) == Exit.DONE
    assert "attachment" in capsys.readouterr().out
    assert run(["check", "--list", "--json"], {}) == Exit.DONE
    listed = json.loads(capsys.readouterr().out)
    assert {"name", "summary"} <= set(listed[0])


def test_redmine_out_of_reach(rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody answers: 4, a sentence, and never the key."""
    code = run(["plan", "--rules", rules], environment)
    shown = "".join(capsys.readouterr())
    assert code == Exit.OUT_OF_REACH
    assert shown.strip()
    assert "Traceback" not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("missing", "named"), [("REDMINE_URL", "REDMINE_URL"), ("REDMINE_API_KEY", "REDMINE_API_KEY_FILE")]
)
def test_settings_that_are_missing(
    missing: str, named: str, rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that needs Redmine says which variable to set."""
    del environment[missing]
    assert run(["plan", "--rules", rules], environment) == Exit.UNUSABLE
    assert named in capsys.readouterr().err


def test_adopt_resume_and_log_need_no_redmine(
    rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """W5: what concerns the store only works without a server, for people and as JSON."""
    assert run(["adopt", "7", "--rules", rules], environment) == Exit.DONE
    assert "ticket 7 is adopted" in capsys.readouterr().out
    assert run(["adopt", "7", "--json", "--rules", rules], environment) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"ticket": 7, "adopted": True}
    assert run(["resume", "--json", "--rules", rules], environment) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"was_held": False, "why": ""}
    assert run(["log", "7", "--json", "--rules", rules], environment) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == []


def test_w5_a_held_brake_has_an_exit_code_and_resume_lets_go(
    rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """While the brake is pulled `run` says so with 3 and asks Redmine nothing; `resume` tells why it was pulled."""
    with SqlStore(f"sqlite:///{environment['PRESALE_BRIDGE_STORE']}") as store:
        store.set(BRAKE, "60 tickets at once")
    assert run(["run", "--rules", rules, "--json"], environment) == Exit.HELD
    assert json.loads(capsys.readouterr().out)["exit"] == "held"
    assert run(["resume", "--rules", rules], environment) == Exit.DONE
    assert "60 tickets at once" in capsys.readouterr().out
    assert run(["resume", "--rules", rules], environment) == Exit.DONE
    assert "was not pulled" in capsys.readouterr().out


def test_a_second_pass_at_the_same_time_is_busy(
    rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else's pass lasts: 5."""
    with SqlStore(f"sqlite:///{environment['PRESALE_BRIDGE_STORE']}") as store:
        assert store.acquire_pass("somebody else", clock(), timedelta(minutes=5))
    assert run(["run", "--rules", rules], environment) == Exit.BUSY
    assert "another pass" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "setting", "address"),
    [
        pytest.param(None, "", None, id="Nobody asked for it"),
        pytest.param("", "", "127.0.0.1:8321", id="--listen alone means loopback"),
        pytest.param("", "[::1]:80", "[::1]:80", id="--listen alone, with a setting"),
        pytest.param(None, "[::1]:80", "[::1]:80", id="The setting alone suffices"),
        pytest.param("0.0.0.0:1", "[::1]:80", "0.0.0.0:1", id="An address given goes before the setting"),
    ],
)
def test_where_serve_answers(given: str | None, setting: str, address: str | None) -> None:
    """A setting that is made is heeded."""
    assert listening_at(given, setting) == address


def test_trap_5_a_pass_whose_process_was_killed_keeps_nobody_out(rules: str, environment: dict[str, str]) -> None:
    """On the machine where it was at work the next one takes over at once, not when its time is over."""
    with SqlStore(f"sqlite:///{environment['PRESALE_BRIDGE_STORE']}") as store:
        assert store.acquire_pass(f"{name_of_a_dead_process()} run-1", clock(), timedelta(minutes=15))
        assert run(["run", "--rules", rules], environment) == Exit.OUT_OF_REACH
        assert store.pass_owner() == ""


def test_a_store_that_cannot_be_opened(
    rules: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the place."""
    environment["PRESALE_BRIDGE_STORE"] = "/proc/nowhere/state.db"
    assert run(["adopt", "7", "--rules", rules], environment) in (Exit.UNUSABLE, Exit.OUT_OF_REACH)
    assert "/proc/nowhere/state.db" in capsys.readouterr().err


def test_every_command_has_the_shared_options() -> None:
    """`--rules`, `--json` and `-v` mean the same everywhere."""
    for command in COMMANDS:
        more = {"show": ["7"], "adopt": ["7"], "log": ["7"], "test": ["x"], "explain": ["7"]}.get(command, [])
        given = parser().parse_args([command, *more, "--rules", "r", "--json", "-v", "--log-json"])
        assert (given.rules, given.json, given.verbose, given.log_json) == ("r", True, True, True)


def test_the_shipped_rules_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    """What is shipped passes its own check."""
    assert run(["check", "--rules", str(ROOT / "rules.yaml")], {}) == Exit.DONE
