"""The commands about mail that was put aside, and about personal data."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.store import SqlStore
from bridge.app import App, clock
from bridge.cli.mail_quarantine import HEAD_LINES, add_purge, add_quarantine
from bridge.errors import PermanentError
from bridge.jobs import Exit
from bridge.mail_ports import Fate, Quarantined
from bridge.settings import Settings
from tests.unit.making import RULES

KEY, OTHER = "9f2c" * 6, "9f2d" * 6
RAW = "From: Иван <ivan@example.org>\r\nSubject: Hi\r\n\r\nДобрый день!\x1b[2J\r\n".encode()
MAIL = """\
mail:
  address: presale@example.com
  project: presale
  tracker: ТехП Пресейл
  not_before: 2026-10-01T00:00:00+03:00
  keep: 30 calendar days
"""


def odd(key: str = KEY, age: timedelta = timedelta(0), raw: bytes = RAW) -> Quarantined:
    """A mail that lies in the quarantine since then."""
    return Quarantined(key, clock() - age, "no From", "ivan@example.org", "Hi\x1b[2J\r\nthere", raw)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """The program with rules that have mail, and an empty store."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES + MAIL, encoding="utf-8")
    return App(Settings(store_url=f"sqlite:///{tmp_path}/state.db"), str(rules), lambda given: Path(given or ""))


@pytest.fixture
def store(app: App) -> SqlStore:
    """The program's store, with two mails in the quarantine."""
    for key in (KEY, OTHER):
        app.store.post.quarantine(odd(key))
    return app.store


def run(app: App, *arguments: str) -> Exit:
    """One command of `mail`."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true")
    commands = argparse.ArgumentParser().add_subparsers(required=True)
    add_quarantine(commands, shared)
    add_purge(commands, shared)
    given = commands.choices[arguments[0]].parse_args(arguments[1:])
    return Exit(given.call(app, given))


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed, as a script reads it."""
    return json.loads(capsys.readouterr().out)


def test_an_empty_quarantine(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing there is said in words, and as an empty list."""
    assert run(app, "quarantine", "list") is Exit.DONE
    assert capsys.readouterr().out == "the quarantine is empty\n"
    run(app, "quarantine", "list", "--json")
    assert printed(capsys) == []


def test_list_shows_reasons(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Key, moment, sender, subject on one line, reason; nothing that moves the cursor."""
    run(app, "quarantine", "list")
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "key"
    assert [row.split()[0] for row in rows] == [KEY[:8], OTHER[:8]]
    assert all("ivan@example.org" in row and "Hi[2J there" in row and "no From" in row for row in rows)
    run(app, "quarantine", "list", "--json")
    assert [one["key"] for one in printed(capsys)] == [KEY, OTHER]


def test_list_shows_as_much_of_a_key_as_is_needed(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    """Two keys that begin alike are shown to where they differ."""
    for key in ("a" * 10 + "1" * 14, "a" * 10 + "2" * 14):
        app.store.post.quarantine(odd(key))
    run(app, "quarantine", "list")
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines()[1:]] == ["a" * 10 + "1", "a" * 10 + "2"]


def test_show_tells_what_it_is(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """Reason, sender, subject, the text decoded."""
    run(app, "quarantine", "show", "9f2c")
    shown = capsys.readouterr().out
    assert KEY in shown
    for part in (
        "because:     no From",
        "from:        ivan@example.org",
        f"size:        {len(RAW)} bytes",
        "  Добрый день!",
    ):
        assert part in shown
    assert "\x1b" not in shown


def test_show_as_json_has_all_of_it(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole text and the files' names."""
    run(app, "quarantine", "show", KEY, "--json")
    shown = printed(capsys)
    assert shown["text"].startswith("Добрый день!")
    assert (shown["key"], shown["reason"], shown["size"], shown["attachments"]) == (KEY, "no From", len(RAW), [])


def test_show_cuts_a_long_text(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    """And says how much there is."""
    app.store.post.quarantine(odd(raw=b"Subject: x\r\n\r\n" + b"line\r\n" * (HEAD_LINES + 5)))
    run(app, "quarantine", "show", KEY)
    assert "(and 5 lines more" in capsys.readouterr().out


def test_show_raw_is_the_message_to_the_byte(app: App, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """As it came, whatever it is."""
    odd_bytes = bytes(range(256))
    app.store.post.quarantine(odd(raw=odd_bytes))
    run(app, "quarantine", "show", KEY, "--raw")
    assert capsysbinary.readouterr().out == odd_bytes


def test_replay_hands_it_to_the_next_run(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no longer listed, and told as released."""
    run(app, "quarantine", "replay", "9f2c", KEY, "9f2d", "--json")
    assert printed(capsys) == {"replayed": [KEY, OTHER]}
    assert store.post.quarantined() == ()
    assert [one.raw for one in store.post.released()] == [RAW, RAW]


def test_discard_is_for_good(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes are gone, the outcome stays."""
    run(app, "quarantine", "discard", KEY)
    assert capsys.readouterr().out.startswith(f"{KEY} is discarded")
    assert [one.key for one in store.post.quarantined()] == [OTHER]
    received = store.post.received(KEY)
    assert received is not None
    assert received.fate is Fate.DISCARDED


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        pytest.param(
            "77", "no mail in the quarantine has the key '77'; see `presale-bridge mail quarantine list`", id="unknown"
        ),
        pytest.param("9f2", f"'9f2' is the beginning of 2 keys: {KEY}, {OTHER}; say more of it", id="of two"),
        pytest.param("", "is the beginning of 2 keys", id="empty"),
    ],
)
@pytest.mark.parametrize("command", ["show", "replay", "discard"])
def test_a_key_that_names_none(app: App, store: SqlStore, command: str, key: str, sentence: str) -> None:
    """A slip of the pen changes nothing, not even for the keys before it."""
    keys = [key] if command == "show" else [KEY, key]
    with pytest.raises(PermanentError) as caught:
        run(app, "quarantine", command, *keys)
    assert sentence in str(caught.value)
    assert len(store.post.quarantined()) == 2


def test_purge_goes_by_the_rules_term(app: App, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    """30 days here; what lay in the quarantine is counted apart, and `--dry-run` removes nothing."""
    store.post.quarantine(odd("old", timedelta(days=31)))
    store.post.settle_letter("older", Fate.LEAVE, clock() - timedelta(days=40))
    store.post.claim_letter("oldest", clock() - timedelta(days=50), "ivan@example.org", "")
    run(app, "purge", "--dry-run", "--json")
    told = printed(capsys)
    assert (told["mails"], told["from_quarantine"], told["dry"]) == (2, 1, True)
    assert len(store.post.quarantined()) == 3
    run(app, "purge")
    shown = capsys.readouterr().out
    assert "personal data of 2 mails" in shown
    assert "1 of them lay in the quarantine, neither replayed nor discarded by anybody" in shown
    assert [one.key for one in store.post.quarantined()] == [KEY, OTHER]
    run(app, "purge")
    assert "of 0 mails" in capsys.readouterr().out


def test_purge_without_a_term(app: App, tmp_path: Path) -> None:
    """Rules without mail name no term: nothing is guessed."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    with pytest.raises(PermanentError, match="no section `mail`"):
        run(app, "purge")
