"""The command line: it parses, calls, prints. Every error becomes one sentence on standard error and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from bridge.app import App
from bridge.cli import checking, completion, demo, learning, mail, passes, starting, tickets
from bridge.cli.logs import set_up_logging
from bridge.errors import BridgeError, PolicyError, TemporaryError
from bridge.jobs import Exit
from bridge.settings import find_rules, read_settings

EPILOG = """\
exit codes:
  0  done
  1  done, but some tickets failed (or some cases of `test` do not hold)
  2  unusable: the rules, the settings or the arguments are wrong
  3  held by the brake; nothing was written until `presale-bridge resume`
  4  Redmine (or the store) is out of reach
  5  another pass is at work on the same store

environment:
  REDMINE_URL                 where Redmine is
  REDMINE_API_KEY_FILE        a file with the account's API key (or REDMINE_API_KEY: the key itself)
  PRESALE_BRIDGE_STORE        the store: a file's path or a database's URL
  PRESALE_BRIDGE_CA           a file with certificates to trust beside the system's
  PRESALE_BRIDGE_PLAIN_HTTP   hosts that may be spoken to without TLS; loopback always may
  PRESALE_BRIDGE_LISTEN       where `serve` answers over HTTP (host:port)
  PRESALE_BRIDGE_HOOK_SECRET_FILE  a file with the secret that webhooks are signed with
  PRESALE_BRIDGE_HOOK_TOKEN_FILE   a file with the end of the URL for webhooks that are not signed
  PRESALE_BRIDGE_HEARTBEAT_URL     what is asked for after each good pass

environment, for mail:
  PRESALE_BRIDGE_IMAP                    the mailbox, with its user: imaps://presale@mail.example.com
  PRESALE_BRIDGE_IMAP_PASSWORD_FILE      a file with its password
  PRESALE_BRIDGE_SMTP                    the server for answers: smtp+starttls://presale@mail.example.com:587
  PRESALE_BRIDGE_SMTP_PASSWORD_FILE      a file with its password
  PRESALE_BRIDGE_MAIL_SECRET_FILE        a file with the secret that signs our Message-IDs, 16 characters or more
  PRESALE_BRIDGE_IMPERSONATION_KEY_FILE  a file with an administrator's key, only for `mail.own_name`
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="presale-bridge",
        description="Watches over presale support tickets in Redmine: fields, routing, terms, reminders.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version('presale-bridge')}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--rules", metavar="FILE", help="the rules (else ./rules.yaml, else /etc/presale-bridge/rules.yaml)"
    )
    shared.add_argument("--json", action="store_true", help="print what came out as JSON")
    shared.add_argument("-v", "--verbose", action="store_true", help="log each decision")
    shared.add_argument("--log-json", action="store_true", help="log one JSON object a line")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    starting.add_to(commands, shared)
    passes.add_to(commands, shared)
    tickets.add_to(commands, shared)
    checking.add_to(commands, shared)
    learning.add_to(commands, shared)
    mail.add_to(commands, shared)
    demo.add_to(commands, shared)
    completion.add_to(commands, shared, top)
    return top


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run one command; its exit code."""
    given = parser().parse_args(arguments)
    # Nobody sits before a service: it logs each decision unasked.
    set_up_logging(verbose=given.verbose or given.command == "serve", as_json=given.log_json)
    try:
        app = App(read_settings(environment if environment is not None else os.environ), given.rules, find_rules)
        return int(given.call(app, given))
    except PolicyError as error:
        return _say(error, Exit.UNUSABLE)
    except TemporaryError as error:
        return _say(error, Exit.OUT_OF_REACH)
    except BridgeError as error:
        return _say(error, Exit.UNUSABLE)
    except KeyboardInterrupt:
        return _say("stopped", Exit.DONE)
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.DONE


def _say(message: object, code: Exit) -> int:
    print(f"presale-bridge: {message}", file=sys.stderr)
    return int(code)
