"""rules.yaml → `Policy`, or every mistake at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path as File

from bridge.core.conditions import Condition
from bridge.core.learned import NOTHING, Learned
from bridge.core.policy import Policy
from bridge.errors import Mistake, PolicyError
from bridge.policy import check, learned_file
from bridge.policy.beside import COMMON, LEARNED, is_borrowed, with_files
from bridge.policy.build import build
from bridge.policy.calendar_rules import CalendarReader
from bridge.policy.check_words import check_words
from bridge.policy.form import Draft, read_form
from bridge.policy.positions import MAX_CHARS, Document, Map, read_document
from bridge.policy.production_calendar import ProductionCalendar, shipped_calendar
from bridge.policy.shipped import shipped_file
from bridge.policy.when import ConditionReader


@dataclass(frozen=True)
class Loaded:
    """A usable policy, what its author should know all the same, and the places of everything in the file."""

    policy: Policy
    warnings: tuple[Mistake, ...]
    document: Document


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's garbage collector: what is made here stays, and it would look through that again and again, for half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load(path: File | str, now: datetime | None = None, learned: Learned | None = None) -> Loaded:
    """The policy of a file; `now` is for the warning that a year of the calendar is missing, `learned` stands for the file that they name.

    Raises:
        PolicyError: the rules cannot be used; `mistakes` has all that is wrong with them, each with its place.
    """
    file = File(path)
    return parse(_read(file), file.name, now, folder=file.parent, learned=learned)


@_uncollected()
def parse(  # noqa: PLR0913 - what tests put in place of files
    text: str,
    name: str = "rules.yaml",
    now: datetime | None = None,
    production: ProductionCalendar | None = None,
    *,
    folder: File | None = None,
    learned: Learned | None = None,
) -> Loaded:
    """The policy of a text; `name` stands for the file in messages, `folder` is where files that it names are looked for.

    Raises:
        PolicyError: the rules cannot be used; `mistakes` has all that is wrong with them, each with its place.
    """
    beside = _Beside(folder)
    document = with_files(read_document(text, name), beside.read)
    mistakes = [*document.mistakes, *check.secrets(document), *_extended(document)]
    draft = read_form(document)
    conditions, found = _conditions(draft)
    reader = CalendarReader(document, production or shipped_calendar())
    calendar = reader.read(draft.rules.calendar)
    if learned is None:
        learned, unread = _learned(draft, beside)
        mistakes += unread
    words, broken = check_words(draft)
    mistakes += [*draft.mistakes, *found, *reader.mistakes, *broken, *check.mistakes(draft, conditions)]
    if mistakes or calendar is None or words is None:
        raise PolicyError.of(mistakes)
    policy = build(draft.rules, calendar, conditions, words, learned)
    warnings = [*check.warnings(draft, conditions, calendar, learned, now), *beside.warnings(document)]
    return Loaded(policy, tuple(sorted(warnings)), document)


def _read(file: File, remedy: str = "check the path given with --rules, and the rights") -> str:
    try:
        data = file.read_bytes()[: 4 * MAX_CHARS + 1]
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        mistake = Mistake(file.name, line, column, "this is not UTF-8", "save the file in UTF-8")
        raise PolicyError.of([mistake]) from None
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read: {error.strerror}; {remedy}") from None


@dataclass
class _Beside:
    """The files that rules name. Words and what was learned are the shipped ones where they do not stand beside the rules: `borrowed`."""

    folder: File | None
    borrowed: list[str] = field(default_factory=list)

    def read(self, name: str) -> str:
        """The text of a file; raises `PolicyError` where there is none."""
        if name in COMMON and is_borrowed(self.folder, name):
            self.borrowed.append(name)
            return _read(shipped_file(name))
        if self.folder is None:
            raise PolicyError(f"{name}: cannot be read: these rules are in no file, so there is none beside them")
        return _read(self.folder / name, "check the rights, and the path: it is counted from the folder of the rules")

    def warnings(self, document: Document) -> Iterator[Mistake]:
        """Files that were borrowed."""
        for name in self.borrowed:
            message = f"{name} is not beside the rules: the one that comes with the bridge is used"
            yield document.at_key((COMMON[name],), message, "copy it there to have your own")


def _learned(draft: Draft, beside: _Beside) -> tuple[Learned, list[Mistake]]:
    """What the file that the rules name has."""
    name = draft.rules.learned
    try:
        return (learned_file.read(beside.read(name), name) if name else NOTHING), []
    except PolicyError as error:
        remedy = "`presale-bridge learn` makes it from example tickets"
        return NOTHING, [draft.document.at_value((LEARNED,), str(error), remedy)]


def _extended(document: Document) -> list[Mistake]:
    """Import the modules with conditions of one's own, which register themselves."""
    names = document.data.get("extensions") if isinstance(document.data, Map) else None
    mistakes: list[Mistake] = []
    for index, name in enumerate(names if isinstance(names, list) else [names] if isinstance(names, str) else []):
        try:
            import_module(str(name))
        except Exception as error:  # noqa: BLE001 - a module of somebody else's may raise anything
            path = ("extensions", index) if isinstance(names, list) else ("extensions",)
            why = f"the extension {str(name)!r} cannot be used: {type(error).__name__}: {error}"
            mistakes.append(document.at_value(path, why, "install it where presale-bridge runs, or remove the line"))
    return mistakes


def _conditions(draft: Draft) -> tuple[dict[int, Condition | None], list[Mistake]]:
    reader = ConditionReader(draft.document)
    conditions: dict[int, Condition | None] = {}
    for index, route in enumerate(draft.rules.routes):
        if route.when is not None:
            conditions[index] = reader.read(route.when, (*route.path, "when"))
    return conditions, reader.mistakes
