"""`presale-bridge mail explain`: what would become of a mail, without any server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.main import run
from bridge.core.threads import Threads
from bridge.jobs import Exit
from tests.unit.letters import attachment, multipart, part, raw
from tests.unit.making import INSTALL, RULES, SYSTEM

KEYS = {"from", "from_name", "subject", "text", "fields", "attachments", "message_id", "thread", "verdict", "why"}
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """The small rules, without a section for mail."""
    path = tmp_path / "small.yaml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


def eml(folder: Path, mail: bytes, name: str = "a.eml") -> str:
    """A mail in a file."""
    path = folder / name
    path.write_bytes(mail)
    return str(path)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str, environment: dict[str, str] | None = None) -> Any:
    """What the command prints as JSON."""
    assert run(["mail", "explain", "--json", *arguments], environment or {}) == Exit.DONE
    return json.loads(capsys.readouterr().out)


def test_json(tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All keys that scripts rely on, with their types."""
    mail = multipart(
        part(f"Не ставится.\n{SYSTEM}: Альт Сервер 10.2\n\n-- \nИван"),
        attachment("log.txt"),
        Subject="=?utf-8?B?UmU6INCd0LUg0LzQvtCz0YMg0YPRgdGC0LDQvdC+0LLQuNGC0Ywg0JDQu9GM0YI=?=",
    )
    told = explained(capsys, "--rules", rules, eml(tmp_path, mail))
    assert set(told) >= KEYS
    assert told["from"] == "ivan@example.com"
    assert told["from_name"] == "Ivan"
    assert told["subject"] == INSTALL
    assert told["text"] == f"Не ставится.\n{SYSTEM}: Альт Сервер 10.2"
    assert told["fields"] == {SYSTEM: "Альт Сервер 10.2"}
    assert told["attachments"] == [{"name": "log.txt", "type": "application/octet-stream", "size": 4}]
    assert told["message_id"] == "one@example.com"
    assert told["thread"] is None
    assert told["verdict"] == "ticket"
    assert "os-install" in told["why"]


@pytest.mark.parametrize(
    ("mail", "verdict"),
    [
        pytest.param(raw("Вопрос."), "ticket", id="A question"),
        pytest.param(raw("Вопрос.", Auto_Submitted="auto-replied"), "machine", id="A machine"),
        pytest.param(raw("Вопрос.", From="nobody"), "quarantine", id="Nobody to answer to"),
        pytest.param(b"", "quarantine", id="Nothing at all"),
    ],
)
def test_verdicts(mail: bytes, verdict: str, tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The words for what becomes of a mail."""
    assert explained(capsys, "--rules", rules, eml(tmp_path, mail))["verdict"] == verdict


def test_threads(tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the secret a reference of ours is known; without it, it is said that this cannot be told."""
    ours = Threads((SECRET.encode(),), "localhost").message_id(7, 41)
    mail = eml(tmp_path, raw("Ответ.", References=f"<{ours}>"))
    blind = explained(capsys, "--rules", rules, mail)
    assert (blind["verdict"], blind["thread"]) == ("ticket", None)
    assert "PRESALE_BRIDGE_MAIL_SECRET_FILE" in blind["why"]
    secret = tmp_path / "secret"
    secret.write_text(SECRET, encoding="ascii")
    told = explained(capsys, "--rules", rules, mail, environment={"PRESALE_BRIDGE_MAIL_SECRET_FILE": str(secret)})
    assert (told["verdict"], told["thread"]) == ("note", 7)
    assert "only Redmine knows" in told["why"]


def test_several(tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Several files, a folder, an mbox: a list, in order; a folder's files by name."""
    folder = tmp_path / "mails"
    folder.mkdir()
    eml(folder, raw("One", Subject="One"), "1.eml")
    eml(folder, raw("Two", Subject="Two"), "2.eml")
    mbox = b"".join(
        b"From ivan Mon Nov 23 10:15:00 2026\n" + raw("Text", Subject=one).replace(b"\r\n", b"\n") + b"\n\n"
        for one in ("Three", "Four")
    )
    told = explained(capsys, "--rules", rules, str(folder), eml(tmp_path, mbox, "box"))
    assert [one["subject"] for one in told] == ["One", "Two", "Three", "Four"]


@pytest.mark.parametrize(
    ("first", "end", "text"),
    [
        pytest.param(
            "From ivan Mon Nov 23 10:15:00 2026\n", "", "Hello.\n\nFrom my point of view: yes.", id="One mail"
        ),
        pytest.param(
            "From ivan Mon Nov 23 10:15:00 2026\n",
            "\n>From him.",
            "Hello.\n\nFrom my point of view: yes.\nFrom him.",
            id="An escaped line",
        ),
        pytest.param(
            "",
            "\n\nFrom ivan Mon Nov 23 10:15:00 2026\nBye.",
            "Hello.\n\nFrom my point of view: yes.\n\nFrom ivan Mon Nov 23 10:15:00 2026\nBye.",
            id="No mbox",
        ),
    ],
)
def test_one_mail_stays_one(  # noqa: PLR0917
    first: str, end: str, text: str, tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that begins as those of an mbox is text, unless it says when a mail came and the file is an mbox."""
    mail = raw(f"Hello.\n\nFrom my point of view: yes.{end}").replace(b"\r\n", b"\n")
    told = explained(capsys, "--rules", rules, eml(tmp_path, first.encode() + mail))
    assert (told["from"], told["text"]) == ("ivan@example.com", text)


def test_stdin(rules: str) -> None:
    """A mail piped in."""
    command = [sys.executable, "-m", "bridge", "mail", "explain", "--json", "--rules", rules, "-"]
    done = subprocess.run(command, input=raw("Hello", Subject="Fwd: Question"), capture_output=True, check=True)
    assert json.loads(done.stdout)["subject"] == "Question"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_terminal_without_all_letters(rules: str, form: list[str]) -> None:
    """Letters that the output's charset does not have end nothing, and JSON stays JSON."""
    command = [sys.executable, "-m", "bridge", "mail", "explain", *form, "--rules", rules, "-"]
    environment = {**os.environ, "PYTHONIOENCODING": "koi8-r"}
    done = subprocess.run(command, input=raw("Спасибо \U0001f600"), capture_output=True, check=True, env=environment)
    shown = done.stdout.decode("koi8-r")
    assert json.loads(shown)["text"] == "Спасибо \U0001f600" if form else "Спасибо \\U0001f600" in shown


def test_for_people(tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for people: what becomes of it first, the text last."""
    assert (
        run(
            [
                "mail",
                "explain",
                "--rules",
                rules,
                eml(tmp_path, multipart(part("Hello\n\n-- \nIvan"), attachment("a.txt"))),
            ],
            {},
        )
        == Exit.DONE
    )
    printed = capsys.readouterr().out
    assert printed.startswith("verdict:     ticket: route ")
    assert "from:        Ivan <ivan@example.com>" in printed
    assert "attachments: a.txt (application/octet-stream, 4 bytes)" in printed
    assert printed.endswith("text (quotes or a signature were cut):\n  Hello\n")


def test_unusable(tmp_path: Path, rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, rules that are not there: one sentence, exit code 2."""
    assert run(["mail", "explain", "--rules", rules, "missing.eml"], {}) == Exit.UNUSABLE
    assert "missing.eml cannot be read" in capsys.readouterr().err
    assert run(["mail", "explain", "--rules", "missing.yaml", eml(tmp_path, raw())], {}) == Exit.UNUSABLE
    assert "missing.yaml: cannot be read" in capsys.readouterr().err
