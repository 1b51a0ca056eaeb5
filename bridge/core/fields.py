"""Required fields: what is missing (F2), what an answer says (F4), and how often something was asked (F5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.core.answers import read_answer
from bridge.core.events import Chronicle, Event
from bridge.core.model import Step
from bridge.core.policy import FieldRule, Policy, Required
from bridge.core.text import has_words, strip_quotes
from bridge.core.words import fold

_FIGURES: Final = re.compile(r"\d+")
_ATTACHMENT_WORDS: Final = ("вложени", "прикреп", "приложен", "attach")


@dataclass(frozen=True, slots=True)
class Filled:
    """A field read out of the customer's words, and where: the journal's number in the ticket as `#note-N` counts, 0 the description."""

    name: str
    value: str
    note: int


def flaw_of(rule: FieldRule, value: str, required: Required, attachments: tuple[str, ...]) -> str:
    """Why a value says nothing (F2): empty, a placeholder, too short, not of the pattern; an attachment can be the field. Empty: it does say something.

    «См. вложение» counts only where something is attached.
    """
    if rule.attachment and attachments:
        return ""
    text = fold(value).replace("’", "'").strip(" .!")
    if not text:
        return "empty"
    if any(word in text for word in _ATTACHMENT_WORDS) and len(text.split()) <= 4:
        return "" if attachments else "nothing is attached"
    if text in required.placeholders:
        return "a placeholder"
    if not _says_something(value):
        return "no words"
    if len(value.strip()) < rule.min_length:
        return f"too short, {len(value.strip())} characters of {rule.min_length}"
    return "not of the pattern" if rule.pattern and rule.pattern.search(value) is None else ""


def _says_something(value: str) -> bool:
    """Words, or figures like those of a date or a version: «13.11.2026» says when a system was updated."""
    return has_words(value) or len(_FIGURES.findall(strip_quotes(value))) > 1


def is_missing(rule: FieldRule, value: str, required: Required, attachments: tuple[str, ...]) -> bool:
    """Whether a value says nothing (F2)."""
    return bool(flaw_of(rule, value, required, attachments))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of the required fields after one journal (index -1: at creation).

    `values` are the fields with what was read out of notes; `missing` the needed ones that say nothing; `asked` what the request that is
    open asks for, in its order; `asks` how often each field was asked for; `understood` is what this very journal filled.
    """

    values: Mapping[str, str]
    missing: frozenset[str]
    asked: tuple[FieldRule, ...] = ()
    asks: Mapping[str, int] = field(default_factory=dict)
    understood: tuple[Filled, ...] = ()
    is_partial: bool = False
    not_understood: bool = False


@dataclass(frozen=True)
class Fields:
    """The required fields of one ticket and kind, read through its whole history."""

    snapshots: tuple[Snapshot, ...]
    rules: tuple[FieldRule, ...]
    required: Required
    attachments: tuple[str, ...]
    filled: tuple[Filled, ...]

    @property
    def now(self) -> Snapshot:
        """After the last journal."""
        return self.snapshots[-1]

    def after(self, event: Event) -> Snapshot:
        """After one journal."""
        return self.snapshots[event.index + 1]

    def needed(self, kind: str) -> tuple[FieldRule, ...]:
        """Needed fields that say nothing, in the order of the rules."""
        return tuple(rule for rule in self.rules if rule.is_needed(kind) and rule.name in self.now.missing)

    def wanted(self, kind: str) -> tuple[FieldRule, ...]:
        """Wanted fields that say nothing."""
        values = self.now.values
        return tuple(
            rule
            for rule in self.rules
            if rule.is_wanted(kind) and is_missing(rule, values.get(rule.name, ""), self.required, self.attachments)
        )

    def missing(self, kind: str) -> tuple[str, ...]:
        """Names of all required fields that say nothing, needed and wanted, in the order of the rules."""
        names = {rule.name for rule in (*self.needed(kind), *self.wanted(kind))}
        return tuple(rule.name for rule in self.rules if rule.name in names)

    def askable(self, kind: str) -> tuple[FieldRule, ...]:
        """Needed fields that may be asked for (once more): at most two requests for the same thing (F5)."""
        return tuple(rule for rule in self.needed(kind) if self.now.asks.get(rule.name, 0) < self.required.at_most)


class _Reader:
    """Folds a chronicle into snapshots."""

    def __init__(self, chronicle: Chronicle, policy: Policy, kind: str) -> None:
        self.chronicle, self.policy, self.kind = chronicle, policy, kind
        self.rules = policy.required.fields
        self.filled: dict[str, Filled] = {}
        self.attachments = chronicle.ticket.created.attachments

    def read(self) -> Fields:
        created = self.chronicle.ticket.created
        values = dict(created.fields)
        for name, value in read_answer(created.description, self.rules, ()).items():
            self._take(values, name, value, 0)
        snapshots = [Snapshot(dict(values), self._missing(values), asks={})]
        for event in self.chronicle.events:
            snapshots.append(self._after(event, snapshots[-1]))
        return Fields(tuple(snapshots), self.rules, self.policy.required, self.attachments, tuple(self.filled.values()))

    def _missing(self, values: Mapping[str, str]) -> frozenset[str]:
        return frozenset(
            rule.name
            for rule in self.rules
            if rule.is_needed(self.kind)
            and is_missing(rule, values.get(rule.name, ""), self.policy.required, self.attachments)
        )

    def _take(self, values: dict[str, str], name: str, value: str, note: int) -> bool:
        rule = next(rule for rule in self.rules if rule.name == name)
        required, files = self.policy.required, self.attachments
        if is_missing(rule, value, required, files) or not is_missing(rule, values.get(name, ""), required, files):
            return False
        values[name] = value
        self.filled[name] = Filled(name, value, note)
        return True

    def _after(self, event: Event, last: Snapshot) -> Snapshot:
        self.attachments = event.after.attachments
        values = {
            **last.values,
            **{name: value for name, value in event.after.fields.items() if value != event.before.fields.get(name, "")},
        }
        understood = self._read_words(event, values, last) if event.is_customer else ()
        missing = self._missing(values)
        snapshot = replace(
            last, values=values, missing=missing, understood=understood, is_partial=False, not_understood=False
        )
        if event.did(Step.ASK):
            return self._asked(snapshot)
        if last.asked and event.is_activity:
            return self._answered(snapshot, last)
        return snapshot

    def _read_words(self, event: Event, values: dict[str, str], last: Snapshot) -> tuple[Filled, ...]:
        if not event.words:
            return ()
        answers = read_answer(event.words, self.rules, last.asked)
        note = event.index + 1
        return tuple(self.filled[name] for name, value in answers.items() if self._take(values, name, value, note))

    def _asked(self, snapshot: Snapshot) -> Snapshot:
        asked = tuple(rule for rule in self.rules if rule.name in snapshot.missing)
        asks = {**snapshot.asks, **{rule.name: snapshot.asks.get(rule.name, 0) + 1 for rule in asked}}
        return replace(snapshot, asked=asked, asks=asks)

    def _answered(self, snapshot: Snapshot, last: Snapshot) -> Snapshot:
        """A partial answer keeps the request open (F4); one that was not understood, or the last one allowed, closes it (F5)."""
        progress = snapshot.missing < last.missing
        again = any(snapshot.asks.get(name, 0) < self.policy.required.at_most for name in snapshot.missing)
        if snapshot.missing and progress and again:
            return replace(snapshot, is_partial=True)
        if not snapshot.missing:
            return replace(snapshot, asked=())
        return replace(snapshot, asked=(), not_understood=True, asks=self._never_again(snapshot))

    def _never_again(self, snapshot: Snapshot) -> dict[str, int]:
        return {
            **snapshot.asks,
            **{name: self.policy.required.at_most for name in snapshot.missing if name in snapshot.asks},
        }


def read_fields(chronicle: Chronicle, policy: Policy, kind: str) -> Fields:
    """Read the required fields of a kind through the whole history."""
    return _Reader(chronicle, policy, kind).read()


def unwritten(fields: Fields, state: Mapping[str, str]) -> tuple[Filled, ...]:
    """What was read out of words, still holds, and does not stand in the ticket's fields yet."""
    values = fields.now.values
    return tuple(
        filled for filled in fields.filled if values.get(filled.name) == filled.value != state.get(filled.name, "")
    )
