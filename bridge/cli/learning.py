"""The command that learns from example tickets what their kinds are recognised by."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final

from bridge.app import App
from bridge.cli.printing import Progress, print_json, read_text, tell
from bridge.core.learned import NOTHING
from bridge.core.policy import Policy
from bridge.errors import PermanentError
from bridge.jobs import Exit
from bridge.policy import learned_file
from bridge.policy.load import load
from bridge.policy.shipped import shipped_tickets
from bridge.report.learning import examples, learn, validate
from bridge.report.timelines import Case, read_cases

EPILOG: Final = """\
The examples are files as `presale-bridge test` reads them: every check that expects a `kind` is one. What is learned stands in the file that
the rules name (`learned: learned.json`); the routes ask it with `looks_like`. The measure is an honest one: each file is judged by what the
others teach, so that nobody is examined on what he was taught.
"""


def add_to(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    one = commands.add_parser(
        "learn",
        parents=[shared],
        help="learn from example tickets by which words their kinds are recognised",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("files", nargs="*", metavar="FILE", help="your own examples, beside those that are shipped")
    one.add_argument("--only", action="store_true", help="learn from the files given alone")
    one.add_argument("--quick", action="store_true", help="do not measure (which takes a minute)")
    one.set_defaults(call=run_learn)


def run_learn(app: App, given: argparse.Namespace) -> Exit:
    """Learn, measure, write; exit 2 and nothing written where the examples cannot be used."""
    loaded = load(app.rules, app.now(), learned=NOTHING)
    name = str(loaded.document.data.get("learned") or "")
    if not name:
        raise PermanentError(f"{app.rules} names no file for what is learned; add the line `learned: learned.json`")
    to = app.rules.parent / name
    _try_to_write(to)
    files = _read([*map(str, shipped_tickets() if not given.only else ()), *given.files], loaded.policy)
    known = {name: examples(cases, loaded.policy) for name, cases in files.items()}
    found = learn(chain.from_iterable(known.values()))
    measured = None
    if not given.quick and len(files) > 1:
        measured = validate(files, known, loaded.policy, Progress("measuring").start(len(files)))
    _replace(to, learned_file.write(found))
    if given.json:
        print_json(
            {"written": str(to), "tickets": found.tickets, "signs": len(found.points)}
            | ({"measured": measured.as_json()} if measured else {})
        )
        return Exit.DONE
    if measured:
        print(f"each file judged by what the others teach:\n{measured}\n{measured.matrix()}\n")
    tell(
        f"{to}: learned from {found.tickets} tickets of {len(files)} files; points for {len(found.points)} words and families"
    )
    return Exit.DONE


def _try_to_write(to: Path) -> None:
    """Rather refused at once than after a minute of measuring."""
    with _writing(to) as draft:
        draft.touch()


def _replace(to: Path, text: str) -> None:
    """All at once: a pass that begins meanwhile never reads half a file."""
    with _writing(to) as draft:
        draft.write_text(text, encoding="utf-8")
        if to.exists():
            shutil.copymode(to, draft)
        draft.replace(to.resolve())


@contextmanager
def _writing(to: Path) -> Iterator[Path]:
    """A draft beside the file, which does not outlive its writing."""
    draft = to.resolve().with_name(f"{to.name}.new")
    try:
        yield draft
    except OSError as error:
        raise PermanentError(f"{to} cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def _read(files: list[str], policy: Policy) -> dict[str, tuple[Case, ...]]:
    if not files:
        raise PermanentError("no examples are given: name files, or leave out --only")
    return {file: tuple(read_cases(read_text(file), Path(file).name, policy)) for file in dict.fromkeys(files)}
