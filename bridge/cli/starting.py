"""The command that begins: init."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bridge.app import App
from bridge.cli.printing import print_json, read_text
from bridge.errors import PermanentError
from bridge.jobs import Exit
from bridge.policy.beside import file_beside, named_files
from bridge.policy.shipped import shipped_rules
from bridge.report.init import decisions, draft


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    one = commands.add_parser(
        "init", parents=[shared], help="draft a commented rules.yaml from the live Redmine; writes nothing there"
    )
    one.add_argument("--output", default="rules.yaml", metavar="FILE", help="where to (default: %(default)s)")
    one.add_argument("--force", action="store_true", help="also over a file that is there already")
    one.set_defaults(call=init)


def init(app: App, given: argparse.Namespace) -> Exit:
    """Draft the rules."""
    file = Path(given.output)
    if file.exists() and not given.force:
        raise PermanentError(
            f"{file} is there already; name another file with --output, or say --force to overwrite it"
        )
    template = Path(given.rules) if given.rules else shipped_rules()
    text = draft(app.found(), read_text(str(template)), app.now())
    _write(file, text, force=given.force)
    kept = list(_copy_beside(text, template.parent, file.parent))
    open_questions = decisions(text)
    if given.json:
        print_json({"written": str(file), "decide": [asdict(one) for one in open_questions]})
        return Exit.DONE
    print(f"{file} is written, in shadow mode. {len(open_questions)} places are for a person to decide:")
    for one in open_questions:
        print(f"  {file}:{one.line}: {one.text}")
    for copy in kept:
        print(f"{copy} is there already and stays as it is")
    print(f"Next: presale-bridge check --online --rules {file}")
    return Exit.DONE


def _copy_beside(text: str, source: Path, to: Path) -> Iterator[Path]:
    """Copy the files that the draft names, the shipped ones of those that serve everybody and are not beside the template.

    Tells those that are there already and differ: a lead's words are never overwritten.
    """
    for name in named_files(text):
        copy, content = to / name, read_text(str(file_beside(source, name)))
        if not copy.exists():
            _write(copy, content, force=False)
        elif read_text(str(copy)) != content:
            yield copy


def _write(file: Path, text: str, *, force: bool) -> None:
    """Write the file; without `force` never over one, also not one that came to be just now."""
    try:
        with file.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise PermanentError(f"{file} cannot be written: {error.strerror}") from None
