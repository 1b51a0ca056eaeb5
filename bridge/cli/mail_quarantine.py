"""Commands about mail that was put aside, and about personal data: mail quarantine list, show, replay, discard; mail purge."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from bridge.adapters.mail.nodes import clean
from bridge.app import App
from bridge.cli.printing import print_json, table
from bridge.core.letter import Letter
from bridge.core.policy import MailLimits
from bridge.errors import PermanentError, with_extra
from bridge.jobs import Exit
from bridge.mail_ports import Fate, Quarantined

SHORTEST_KEY: Final = 8
"""So many characters of a key are shown, or more where that is not enough to tell two apart."""
HEAD_LINES: Final = 40


def add_quarantine(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `mail quarantine` with its commands to the parser of `mail`."""
    group = commands.add_parser("quarantine", help="mails put aside for a person, with the reason")
    inner = group.add_subparsers(dest="quarantine_command", required=True, metavar="COMMAND")
    inner.add_parser("list", parents=[shared], help="which, since when and why").set_defaults(call=list_all)
    one = inner.add_parser("show", parents=[shared], help="one of them: reason, sender, subject, head of the text")
    one.add_argument("key", metavar="KEY", help="as `list` shows it, or a beginning that is unique")
    one.add_argument("--raw", action="store_true", help="the message as it came, byte by byte")
    one.set_defaults(call=show)
    for name, call, text in (
        ("replay", replay, "hand them to the next run as if they had just arrived"),
        ("discard", discard, "be done with them: no ticket, no answer; the mailbox keeps them"),
    ):
        several = inner.add_parser(name, parents=[shared], help=text)
        several.add_argument("keys", nargs="+", metavar="KEY", help="as `list` shows it, or a beginning that is unique")
        several.set_defaults(call=call)


def add_purge(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `mail purge` to the parser of `mail`."""
    one = commands.add_parser(
        "purge", parents=[shared], help="remove personal data older than `mail.keep` of the rules"
    )
    one.add_argument("--dry-run", action="store_true", help="only say of how many mails")
    one.set_defaults(call=purge)


def list_all(app: App, given: argparse.Namespace) -> Exit:
    """All that was put aside."""
    found = app.store.post.quarantined()
    if given.json:
        print_json([_as_json(one) for one in found])
        return Exit.DONE
    length = _length_of_keys(found)
    rows = [
        (one.key[:length], f"{one.at:%Y-%m-%d %H:%M}", _line(one.sender), _line(one.subject)[:60], _line(one.reason))
        for one in found
    ]
    print(table(("key", "since (UTC)", "from", "subject", "because"), rows) if rows else "the quarantine is empty")
    return Exit.DONE


def show(app: App, given: argparse.Namespace) -> Exit:
    """One mail that was put aside."""
    found = _one(app, given.key)
    if given.raw:
        sys.stdout.buffer.write(found.raw)
        sys.stdout.buffer.flush()
        return Exit.DONE
    letter = _read(app, found)
    if given.json:
        files = [{"name": one.name, "type": one.type, "size": one.size} for one in letter.enclosures] if letter else []
        text = letter.text if letter else None
        print_json({**_as_json(found), "size": len(found.raw), "text": text, "attachments": files})
        return Exit.DONE
    rows = {
        "key": found.key,
        "since": f"{found.at:%Y-%m-%d %H:%M:%S} UTC",
        "because": _line(found.reason),
        "from": _line(found.sender) or "-",
        "subject": _line(found.subject) or "-",
        "size": f"{len(found.raw)} bytes",
        "attachments": "; ".join(_line(one.name) for one in letter.enclosures) if letter and letter.enclosures else "-",
    }
    print("\n".join(f"{name + ':':<13}{value}" for name, value in rows.items()))
    print(_head(clean(letter.text)) if letter else f"(for the text {with_extra('mail')}; --raw shows the bytes)")
    return Exit.DONE


def replay(app: App, given: argparse.Namespace) -> Exit:
    """Hand mails to the next run."""
    return _release(app, given, None, "replayed", "the next run handles it")


def discard(app: App, given: argparse.Namespace) -> Exit:
    """Be done with mails."""
    return _release(app, given, Fate.DISCARDED, "discarded", "it is known as discarded, and its bytes are gone")


def purge(app: App, given: argparse.Namespace) -> Exit:
    """Remove personal data whose term is over; what nobody has looked after is counted apart."""
    if app.policy.mail is None:
        raise PermanentError("the rules have no section `mail`, whose `keep` says how long personal data are kept")
    before = app.now() - app.policy.mail.keep
    unseen = sum(one.at < before for one in app.store.post.quarantined())
    count = app.store.post.purge(before, dry=given.dry_run)
    if given.json:
        print_json({"before": before, "mails": count, "from_quarantine": unseen, "dry": given.dry_run})
        return Exit.DONE
    would = "would be" if given.dry_run else "are"
    print(f"personal data of {count} mails from before {before:%Y-%m-%d %H:%M} UTC {would} removed")
    if unseen:
        print(f"{unseen} of them lay in the quarantine, neither replayed nor discarded by anybody")
    return Exit.DONE


def _release(app: App, given: argparse.Namespace, fate: Fate | None, done: str, meaning: str) -> Exit:
    """All keys are looked up before the first one is acted on: a slip of the pen changes nothing."""
    keys = list(dict.fromkeys(_one(app, key).key for key in given.keys))
    for key in keys:
        app.store.post.release_quarantined(key, fate, app.now())
    if given.json:
        print_json({done: keys})
    else:
        print("\n".join(f"{key} is {done}: {meaning}" for key in keys))
    return Exit.DONE


def _one(app: App, key: str) -> Quarantined:
    found = app.store.post.quarantined(key) if key else ()
    if len(found) == 1:
        return found[0]
    several = [one.key for one in app.store.post.quarantined() if one.key.startswith(key)]
    if several:
        raise PermanentError(f"{key!r} is the beginning of {len(several)} keys: {', '.join(several)}; say more of it")
    raise PermanentError(f"no mail in the quarantine has the key {key!r}; see `presale-bridge mail quarantine list`")


def _length_of_keys(found: tuple[Quarantined, ...]) -> int:
    lengths = range(SHORTEST_KEY, max((len(one.key) for one in found), default=SHORTEST_KEY) + 1)
    return next((n for n in lengths if len({one.key[:n] for one in found}) == len(found)), SHORTEST_KEY)


def _as_json(one: Quarantined) -> dict[str, Any]:
    return {"key": one.key, "at": one.at.isoformat(), "from": one.sender, "subject": one.subject, "reason": one.reason}


def _read(app: App, found: Quarantined) -> Letter | None:
    """The message decoded; None without the packages that this takes."""
    try:
        from bridge.adapters.mail.parsing import read_letter  # noqa: PLC0415 - an extra that other commands do without
    except ImportError:
        return None
    return read_letter(found.raw, app.now(), MailLimits())


def _head(text: str) -> str:
    lines = text.strip("\n").split("\n")
    more = [f"  (and {len(lines) - HEAD_LINES} lines more; --json has all of them)"] if len(lines) > HEAD_LINES else []
    return "\n".join(["text:", *(f"  {line}" for line in lines[:HEAD_LINES]), *more])


def _line(text: str) -> str:
    """Somebody's text on one line, without what would move a terminal's cursor."""
    return " ".join(clean(text).split())
