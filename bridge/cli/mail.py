"""Commands about mail: the job, explain; `mail_quarantine` has the others."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bridge.app import App
from bridge.cli.mail_quarantine import add_purge, add_quarantine
from bridge.cli.printing import print_json
from bridge.core.inbound import (
    AsNote,
    AsTicket,
    FromMachine,
    LeaveAlone,
    PutAside,
    Thread,
    Verdict,
    content_of,
    fields_of,
    judge,
    route_of,
    thread_of,
)
from bridge.core.letter import Letter
from bridge.core.policy import MailLimits
from bridge.core.subjects import topic
from bridge.core.threads import Threads
from bridge.errors import PermanentError, with_extra
from bridge.jobs import Exit
from bridge.service.signals import stop_on_signals

FATES: Final[dict[type, str]] = {
    AsTicket: "ticket",
    AsNote: "note",
    LeaveAlone: "leave",
    FromMachine: "machine",
    PutAside: "quarantine",
}
_MBOX: Final = b"From "
_MBOX_LINE: Final = re.compile(
    rb"(?:\A|(?:\r\n|\n|\r){2})(From [^\r\n]{0,200}\d\d:\d\d(?::\d\d)?[^\r\n]{0,40}\b\d{4}\b[^\r\n]{0,60}(?:\r\n|\n|\r))"
)
"""What begins a mail in an mbox: it says when it came, and stands below an empty line; other lines that begin so are text."""
_MBOX_ESCAPE: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNKNOWN_DOMAIN: Final = "localhost"


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command `mail` with its own commands to the parser; without one it is the job."""
    group = commands.add_parser(
        "mail", parents=[shared], help="take mails in and send what waits to go out: the scheduled job for mail alone"
    )
    group.set_defaults(call=run)
    more = group.add_subparsers(dest="mail_command", metavar="COMMAND")
    add_explain(more, shared)
    add_quarantine(more, shared)
    add_purge(more, shared)


def run(app: App, given: argparse.Namespace) -> Exit:
    """The mail's job: what came in becomes tickets and notes, what waits goes out. Answers to notes are made by `run`."""
    if app.policy.mail is None:
        raise PermanentError(f"{app.rules} has no section `mail`: there is no mailbox to look into")
    with stop_on_signals() as stopping:
        summary = app.run_pass(stopping, tickets=False)
    if given.json:
        print_json(summary.as_json())
    else:
        print(summary)
        for sentence in summary.mail.failed if summary.mail else ():
            print(f"  {sentence}")
    return summary.exit


def add_explain(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `mail explain` to the parser of `mail`."""
    one = commands.add_parser(
        "explain", parents=[shared], help="what would become of a mail, and why; needs no server and no store"
    )
    one.add_argument(
        "files", nargs="+", metavar="FILE", help="a mail as it came (.eml), an mbox, a folder of them, or - for stdin"
    )
    one.set_defaults(call=explain)


def explain(app: App, given: argparse.Namespace) -> Exit:
    """What would become of mails."""
    mails = [(name, raw) for file in given.files for name, raw in _mails(file)]
    told = [_explained(app, raw) for _, raw in mails]
    if given.json:
        print_json(told[0] if len(told) == 1 else told)
    else:
        names = [name for name, _ in mails]
        print("\n\n".join(_as_text(one, name if len(told) > 1 else "") for one, name in zip(told, names, strict=True)))
    return Exit.DONE


# --- files ----------------------------------------------------------------------------------------------------------------------------------


def _mails(file: str) -> Iterator[tuple[str, bytes]]:
    """The mails of a file or a folder, each with a name.

    Raises:
        PermanentError: it is not there or not readable.
    """
    if file == "-":
        yield "-", sys.stdin.buffer.read()
        return
    path = Path(file)
    if path.is_dir():
        for one in sorted(inner for inner in path.rglob("*") if inner.is_file()):
            yield from _of_file(one)
    else:
        yield from _of_file(path)


def _of_file(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}") from None
    starts = list(_MBOX_LINE.finditer(raw)) if raw.startswith(_MBOX) else []
    if not starts or starts[0].start():
        yield str(path), raw
        return
    ends = [*(found.start() for found in starts[1:]), len(raw)]
    for number, (found, end) in enumerate(zip(starts, ends, strict=True), start=1):
        name = f"{path}:{number}" if len(starts) > 1 else str(path)
        yield name, _MBOX_ESCAPE.sub(rb"\1", raw[found.end() : end])


# --- one mail -------------------------------------------------------------------------------------------------------------------------------


def _explained(app: App, raw: bytes) -> dict[str, Any]:
    mail = app.policy.mail
    letter = _read(raw, app)
    threads = _threads(app)
    number = thread_of(letter, threads)
    verdict = judge(letter, app.policy, threads, _assumed(letter, number), 0)
    content = content_of(letter, app.policy)
    routing = route_of(letter, content, app.policy)
    return {
        "from": letter.sender.mail if letter.sender else "",
        "from_name": letter.sender.name if letter.sender else _name_of(letter),
        "subject": topic(letter.subject),
        "text": content.text if letter.text.strip() else "",
        "fields": fields_of(content, app.policy),
        "attachments": [{"name": one.name, "type": one.type, "size": one.size} for one in letter.enclosures],
        "message_id": letter.message_id,
        "thread": number,
        "verdict": FATES[type(verdict)],
        "why": "; ".join([verdict.reason, *_reservations(letter, verdict, threads, number)]),
        "kind": routing.route.kind,
        "cut": content.cut,
        "linked": verdict.linked if isinstance(verdict, AsTicket) else None,
        "verified": sorted(letter.verified),
        "troubles": [*letter.troubles, *([] if mail else ["the rules have no section `mail`: its defaults are used"])],
    }


def _read(raw: bytes, app: App) -> Letter:
    try:
        from bridge.adapters.mail.parsing import read_letter  # noqa: PLC0415 - an extra that other commands do without
    except ModuleNotFoundError as error:
        raise PermanentError(f"reading a mail needs {error.name}: {with_extra('mail')}") from None
    mail = app.policy.mail
    return read_letter(raw, app.now(), mail.limits if mail else MailLimits(), mail.authserv if mail else "")


def _name_of(letter: Letter) -> str:
    """The name of a sender without a usable address."""
    from bridge.adapters.mail.addresses import name_in  # noqa: PLC0415 - as above

    return next(filter(None, map(name_in, letter.headers.get("from", ()))), "")


def _threads(app: App) -> Threads | None:
    mail, keys = app.policy.mail, app.settings.mail_secrets
    domain = mail.address.rpartition("@")[2] if mail else _UNKNOWN_DOMAIN
    return Threads(keys, domain) if keys else None


def _assumed(letter: Letter, number: int | None) -> Thread | None:
    """The ticket as far as it is known without Redmine: open, with the sender taking part in it."""
    if number is None or letter.sender is None:
        return None
    return Thread(number, closed=False, people=frozenset({letter.sender.key}))


def _reservations(letter: Letter, verdict: Verdict, threads: Threads | None, number: int | None) -> Iterator[str]:
    """What cannot be known without the secret, or without Redmine."""
    if threads is None and letter.references and not isinstance(verdict, FromMachine):
        yield "it refers to other mails; whether they are ours cannot be told without PRESALE_BRIDGE_MAIL_SECRET_FILE"
    if isinstance(verdict, AsNote):
        yield f"whether the sender has part in ticket {number}, and whether that is open, only Redmine knows"


def _as_text(told: dict[str, Any], name: str) -> str:
    files = [f"{one['name']} ({one['type']}, {one['size']} bytes)" for one in told["attachments"]]
    rows = {
        "verdict": f"{told['verdict']}: {told['why']}",
        "from": f"{told['from_name']} <{told['from']}>".strip(),
        "subject": told["subject"],
        "message id": told["message_id"] or "-",
        "thread": told["thread"] or "-",
        "kind": told["kind"],
        "fields": "; ".join(f"{field}: {value}" for field, value in told["fields"].items()) or "-",
        "attachments": "; ".join(files) or "-",
        "troubles": "; ".join(told["troubles"]) or "-",
    }
    lines = [*([f"{name}:"] if name else []), *(f"{title + ':':<13}{value}" for title, value in rows.items())]
    cut = " (quotes or a signature were cut)" if told["cut"] else ""
    return "\n".join([*lines, f"text{cut}:", *(f"  {line}" for line in told["text"].splitlines())])
