"""The command `completion`: a script that lets a shell complete commands, options and files; no Python runs when Tab is pressed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import shtab

from bridge.app import App
from bridge.jobs import Exit

SHELLS: Final = ("bash", "zsh", "fish")
PATHS: Final = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
"""Arguments with these metavars are completed with names of files and folders."""


def add_to(commands: Any, shared: argparse.ArgumentParser, top: argparse.ArgumentParser) -> None:
    """Add the command to the parser; `top` is the whole command line, which the script completes."""
    one = commands.add_parser(
        "completion", parents=[shared], help="print the script that completes commands in a shell"
    )
    one.add_argument("shell", choices=SHELLS, help="the shell it is for")
    one.set_defaults(call=partial(completion, top))


def completion(top: argparse.ArgumentParser, _app: App, given: argparse.Namespace) -> Exit:
    """Print the script."""
    for parser in _parsers(top):
        _mark_paths(parser)
    print(shtab.complete(top, given.shell))
    return Exit.DONE


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of its commands, and of theirs."""
    yield parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them; shtab reads the same
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _parsers(command)


def _mark_paths(parser: argparse.ArgumentParser) -> None:
    """Say to shtab which arguments are paths."""
    for action in parser._actions:  # noqa: SLF001 - see _parsers
        if action.metavar in PATHS:
            action.complete = PATHS[action.metavar]  # type: ignore[attr-defined]
