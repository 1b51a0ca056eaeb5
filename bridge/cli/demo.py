"""The command `demo`: a real Redmine with realistic tickets, the main job on them, and whether all came out as it should."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bridge.app import App
from bridge.cli.printing import print_json
from bridge.errors import BridgeError, PermanentError, with_extra
from bridge.jobs import Exit

if TYPE_CHECKING:
    from bridge.demo.mailserver import MailServer
    from bridge.demo.server import RedmineServer

HOME: Final = Path("var/demo")
EXTRAS: Final = ("aiosmtpd", "imap_tools", "inscriptis", "markdown_it")
NEEDS: Final = (
    "The demo needs Debian 12: as root it installs Redmine 5.0 and Ruby from Debian's packages the first time."
)
OWN: Final = """
To try the bridge on a Redmine of your own instead (nothing is written there by these two):
  export REDMINE_URL=https://redmine.example.com REDMINE_API_KEY_FILE=/path/to/the/key
  presale-bridge check --online       every name and right, against that Redmine
  presale-bridge plan --notes         what a pass would do, and the notes it would write"""


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    one = commands.add_parser(
        "demo", parents=[shared], help="a real local Redmine with tickets, and the main job on them"
    )
    one.add_argument("--home", type=Path, default=HOME, metavar="DIR", help="where it lives (default: %(default)s)")
    one.add_argument("--keep", action="store_true", help="leave Redmine running to click through (also: KEEP=1)")
    one.add_argument("--stop", action="store_true", help="stop a Redmine that was left running")
    one.set_defaults(call=demo)


def demo(app: App, given: argparse.Namespace) -> Exit:
    """Show the main job; 0 when every ticket came out as its story expects, 1 when not, 2 when it cannot be shown here."""
    server = _server(given.home)
    if given.stop:
        server.stop()
        _mail_server(given.home).stop()
        print_json({"stopped": str(server.home)}) if given.json else print(f"stopped: {server.home}")
        return Exit.DONE
    keep = given.keep or os.environ.get("KEEP", "") not in {"", "0"}
    try:
        return _perform(app, given, server, keep=keep)
    finally:
        if not keep:
            server.stop()
            _mail_server(given.home).stop()


def _server(home: Path) -> RedmineServer:
    try:
        from bridge.demo.server import RedmineServer  # noqa: PLC0415 - needs an extra that other commands do not
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(EXTRAS):
            raise
        raise PermanentError(f"the demo needs {error.name}: {with_extra('demo,mail')}") from None
    return RedmineServer(home)


def _mail_server(home: Path) -> MailServer:
    """The mail servers beside a Redmine."""
    from bridge.demo.mailserver import MailServer  # noqa: PLC0415 - see _server

    return MailServer(home.with_name(f"{home.name}-mail"))


def _perform(app: App, given: argparse.Namespace, server: RedmineServer, *, keep: bool) -> Exit:
    from bridge.cli.demo_printer import Printer  # noqa: PLC0415 - see _server
    from bridge.demo.mail_show import MailShow  # noqa: PLC0415
    from bridge.demo.report import Listener, perform  # noqa: PLC0415
    from bridge.demo.show import Show  # noqa: PLC0415

    began = time.monotonic()
    printer = Listener() if given.json else Printer()
    printer.starting(server)
    _start(server)
    show = Show(server, app.now, Path(given.rules)) if given.rules else Show(server, app.now)
    mails = _mail_server(given.home).start() if MailShow.is_possible() else None
    report = perform(show, printer, began, mails)
    if given.json:
        print_json(report.as_json(kept=keep))
    printer.end(report, server, kept=keep)
    return Exit.DONE if report.ok else Exit.TICKETS_FAILED


def _start(server: RedmineServer) -> None:
    """Start it afresh, unless one was left running."""
    from bridge.demo.install import OWN_REDMINE  # noqa: PLC0415 - see _server

    try:
        if not server.running:
            server.destroy()
        server.start().set_time(None)
    except BridgeError as error:
        raise PermanentError(f"{str(error).replace(OWN_REDMINE, NEEDS).strip()}\n{OWN}") from error
