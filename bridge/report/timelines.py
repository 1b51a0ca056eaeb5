"""The test files of leads (`presale-bridge test`): YAML → tickets with their timelines, and what is expected of them.

The format is fixed; see docs/en/testing.md. Mistakes are reported with file, line and column, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final, ParamSpec, TypeVar

from bridge.core import footer
from bridge.core.model import (
    ANY_ORDINAL,
    PRIVATE,
    Attribute,
    Change,
    Channel,
    History,
    Journal,
    Language,
    OwnStep,
    Person,
    Role,
    State,
    Step,
    Ticket,
)
from bridge.core.policy import Policy
from bridge.errors import Mistake, PolicyError
from bridge.policy.positions import Document, Path, read_document
from bridge.report.expected import EXPECT, nearest

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TICKET_KEYS: Final = frozenset(
    [
        "id",
        "subject",
        "description",
        "created_on",
        "author",
        "channel",
        "status",
        "project",
        "tracker",
        "category",
        "priority",
        "assigned_to",
        "due_date",
        "attachments",
        "fields",
        "watchers",
    ]
)
_PLAIN: Final = {
    attribute.value: attribute for attribute in Attribute if attribute not in (Attribute.FIELD, Attribute.ATTACHMENT)
}
_JOURNAL_KEYS: Final = frozenset(
    {"at", "by", "did", "notes", "private", "attachments", "auto_reply", "fields", "speaker", *_PLAIN}
)
_STAFF_ONLY: Final = frozenset({Step.REMIND, Step.ESCALATE, Step.PROPOSE})
_ROLES: Final = {
    "staff": Role.STAFF,
    "robot": Role.ROBOT,
    "client": Role.CUSTOMER,
    "customer": Role.CUSTOMER,
    "bridge": Role.BRIDGE,
}
_TICKET_ID: Final = 1
_LIKE: Final = "write it like 2026-11-23T10:15:00+03:00"


@dataclass(frozen=True, slots=True)
class Check:
    """One moment and what is expected then; `line` is where it stands in the file."""

    now: datetime
    expect: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """One ticket with its history, and the checks on it."""

    name: str
    ticket: Ticket
    history: History
    checks: tuple[Check, ...]
    line: int

    def history_at(self, now: datetime) -> History:
        """What the store would have remembered at `now`."""
        return replace(self.history, done=tuple(own for own in self.history.done if own.at <= now))


def read_cases(text: str, name: str, policy: Policy) -> tuple[Case, ...]:
    """The cases of one test file.

    Raises:
        PolicyError: with every mistake of the file and its place.
    """
    document = read_document(text, name)
    reader = _Reader(document, policy)
    cases = reader.cases()
    if reader.mistakes:
        raise PolicyError.of(reader.mistakes)
    return cases


class _BadCaseError(Exception):
    """A case that cannot be read; its mistake is noted already."""


class _Reader:
    def __init__(self, document: Document, policy: Policy) -> None:
        self.document, self.policy = document, policy
        self.mistakes: list[Mistake] = list(document.mistakes)
        self.people: dict[str, Person] = {}
        self.until: dict[str, datetime] = {}

    # --- mistakes and plain values ------------------------------------------------------------------------------------------------------

    def _wrong(self, path: Path, message: str, remedy: str = "") -> _BadCaseError:
        self.mistakes.append(self.document.at_value(path, message, remedy))
        return _BadCaseError()

    def _mapping(self, value: Any, path: Path, known: frozenset[str] | None = None) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise self._wrong(path, "a mapping is expected here")
        for key in value:
            if known is not None and key not in known:
                self.mistakes.append(
                    self.document.at_key((*path, key), f"unknown key '{key}'", nearest(key, sorted(known)))
                )
        return value

    def _list(self, value: Any, path: Path) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(path, "a list is expected here")
        return value

    def _tried(self, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """What was read, or None where it could not be: its mistakes are noted, and the rest of the file is read all the same."""
        try:
            return read(*args, **kwargs)
        except _BadCaseError:
            return None

    def _moment(self, value: Any, path: Path) -> datetime:
        if value is None:
            raise self._wrong(path[:-1], f"'{path[-1]}' is needed here", f"a moment, {_LIKE}")
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            raise self._wrong(path, f"'{value}' is no moment", _LIKE) from None
        if at.tzinfo is None:
            raise self._wrong(path, f"'{value}' has no time zone", _LIKE)
        return at

    # --- people -------------------------------------------------------------------------------------------------------------------------

    def _read_people(self, data: Any) -> None:
        first_line = frozenset({self.policy.first_line.group})
        self.people = {
            "client": Person("client", "client", Role.CUSTOMER),
            "staff": Person("staff", "staff", Role.STAFF, first_line),
            "bridge": Person("bridge", "bridge", Role.BRIDGE),
        }
        for name, value in self._mapping(data or {}, ("people",)).items():
            path = ("people", name)
            person = self._mapping(value or {}, path, frozenset({"role", "groups", "login", "mail", "name", "until"}))
            if "until" in person:
                self.until[name] = self._moment(person["until"], (*path, "until"))
            role = _ROLES.get(str(person.get("role", "customer")))
            if role is None:
                remedy = nearest(str(person["role"]), ("client", "staff", "robot"))
                raise self._wrong((*path, "role"), f"unknown role '{person['role']}'", remedy)
            groups = frozenset(map(str, self._list(person.get("groups"), (*path, "groups"))))
            shown = str(person.get("name", name))
            self.people[name] = Person(
                name, shown, role, groups, str(person.get("login", name)), str(person.get("mail", ""))
            )

    def _person(self, value: Any, path: Path) -> Person:
        if isinstance(value, Mapping):
            given = self._mapping(value, path, frozenset({"login", "mail", "name", "role"}))
            key = str(given.get("login") or given.get("mail") or given.get("name"))
            role = _ROLES.get(str(given.get("role", "client")), Role.CUSTOMER)
            return Person(
                key,
                str(given.get("name", key)),
                role,
                login=str(given.get("login", "")),
                mail=str(given.get("mail", "")),
            )
        if not isinstance(value, str) or value not in self.people:
            remedy = f"{nearest(str(value), self.people)}; people are added under 'people:'"
            raise self._wrong(path, f"nobody is called '{value}'", remedy)
        return self.people[value]

    def _as_of(self, person: Person, at: datetime) -> Person:
        """Who left is a customer from then on; what was said before keeps its role, as the store keeps it (P1)."""
        gone = person.key in self.until and at >= self.until[person.key]
        return replace(person, role=Role.CUSTOMER, groups=frozenset()) if gone else person

    # --- cases --------------------------------------------------------------------------------------------------------------------------

    def cases(self) -> tuple[Case, ...]:
        try:
            data = self._mapping(self.document.data, (), frozenset({"people", "cases"}))
            self._read_people(data.get("people"))
            if "cases" not in data:
                raise self._wrong((), "there are no 'cases' here", "see docs/en/testing.md")
            raw = self._list(data["cases"], ("cases",))
        except _BadCaseError:
            return ()
        return tuple(case for index, value in enumerate(raw) for case in self._try_case(value, ("cases", index)))

    def _try_case(self, value: Any, path: Path) -> tuple[Case, ...]:
        try:
            return (self._case(value, path),)
        except _BadCaseError:
            return ()
        except ValueError as error:
            self.mistakes.append(self.document.at_value(path, str(error)))
            return ()

    def _case(self, value: Any, path: Path) -> Case:
        data = self._mapping(value, path, frozenset({"name", "ticket", "journals", "checks", "now", "expect"}))
        ticket = self._tried(self._ticket, data.get("ticket"), (*path, "ticket"))
        ticket_id = ticket.id if ticket else _TICKET_ID
        read = self._tried(self._journals, data.get("journals"), (*path, "journals"), ticket_id)
        checks = self._tried(self._checks, data, path)
        if ticket is None or read is None or checks is None:
            raise _BadCaseError
        name = str(data.get("name", f"case {path[-1]}"))
        line = self.document.value_place(path).line
        return Case(name, replace(ticket, journals=read[0]), History(done=read[1]), checks, line)

    def _ticket(self, value: Any, path: Path) -> Ticket:
        data = self._mapping(value, path, _TICKET_KEYS)
        if "created_on" not in data:
            raise self._wrong(path, "a ticket needs 'created_on'", _LIKE)
        plain = {key: _text(data.get(key)) for key in _PLAIN if key in data}
        plain.setdefault("tracker", min(self.policy.redmine.scope.trackers, default=""))
        plain.setdefault("status", "Новая")
        fields = {str(k): _text(v) for k, v in self._mapping(data.get("fields") or {}, (*path, "fields")).items()}
        files = tuple(map(str, self._list(data.get("attachments"), (*path, "attachments"))))
        state = State(**plain, fields=fields, attachments=files)
        author = self._person(data.get("author", "client"), (*path, "author"))
        channel = self._channel(data.get("channel", "cabinet"), (*path, "channel"))
        created_on = self._moment(data["created_on"], (*path, "created_on"))
        watchers = tuple(map(str, self._list(data.get("watchers"), (*path, "watchers"))))
        number = data.get("id", _TICKET_ID)
        if not str(number).isdecimal():
            raise self._wrong((*path, "id"), f"'{number}' is no ticket's number")
        self._day(plain.get("due_date", ""), (*path, "due_date"))
        return Ticket(int(number), author, created_on, state, channel=channel, watchers=watchers)

    def _day(self, value: str, path: Path) -> None:
        try:
            date.fromisoformat(value or "2026-11-23")
        except ValueError:
            raise self._wrong(path, f"'{value}' is no day", "write it like 2026-11-23") from None

    def _channel(self, value: Any, path: Path) -> Channel:
        if value not in tuple(Channel):
            raise self._wrong(path, f"unknown channel '{value}'", nearest(str(value), tuple(Channel)))
        return Channel(value)

    def _journals(self, value: Any, path: Path, ticket_id: int) -> tuple[tuple[Journal, ...], tuple[OwnStep, ...]]:
        counts: dict[Step, int] = {}
        done: list[OwnStep] = []
        journals: list[Journal] = []
        items = self._list(value, path)
        for index, raw in enumerate(items):
            read = self._tried(self._journal_with_steps, raw, (*path, index), ticket_id, counts)
            if read is None:
                continue
            journal, steps = read
            if journals and journal.at < journals[-1].at:
                message = "journals are not in order of time: this one is earlier than the one above it"
                self._wrong((*path, index, "at"), message)
            journals.append(journal)
            done.extend(OwnStep(step, number, journal.at, PRIVATE) for step, number in steps if step is Step.THANK)
        if len(journals) < len(items) or any(later.at < one.at for one, later in pairwise(journals)):
            raise _BadCaseError
        return tuple(journals), tuple(done)

    def _journal_with_steps(
        self, raw: Any, path: Path, ticket_id: int, counts: dict[Step, int]
    ) -> tuple[Journal, tuple[tuple[Step, int], ...]]:
        data = self._mapping(raw, path, _JOURNAL_KEYS)
        steps = self._did(data, path, counts)
        return self._journal(path[-1], data, path, ticket_id, steps), steps

    def _did(self, data: Mapping[str, Any], path: Path, counts: dict[Step, int]) -> tuple[tuple[Step, int], ...]:
        steps = []
        for name in self._list(data.get("did"), (*path, "did")):
            if name not in tuple(Step):
                raise self._wrong((*path, "did"), f"unknown step '{name}'", nearest(str(name), tuple(Step)))
            step = Step(name)
            counts[step] = counts.get(step, 0) + 1
            steps.append((step, ANY_ORDINAL if step in (Step.REMIND, Step.ESCALATE) else counts[step]))
        return tuple(steps)

    def _journal(
        self, index: int | str, data: Mapping[str, Any], path: Path, ticket_id: int, steps: tuple[tuple[Step, int], ...]
    ) -> Journal:
        at = self._moment(data.get("at"), (*path, "at"))
        own = tuple(OwnStep(step, ordinal, at) for step, ordinal in steps)
        notes = _text(data.get("notes"))
        if own:
            notes = f"{notes}\n\n{footer.render(ticket_id, own, Language.RU)}".strip()
        private = data.get("private", bool(own) and all(one.step in _STAFF_ONLY for one in own))
        speaker = self._person(data["speaker"], (*path, "speaker")) if "speaker" in data else None
        author = self._as_of(self._person(data.get("by"), (*path, "by")), at)
        changes = self._changes(data, path)
        automatic = bool(data.get("auto_reply", False))
        return Journal(int(index) + 1, at, author, notes, bool(private), changes, automatic, speaker)

    def _changes(self, data: Mapping[str, Any], path: Path) -> tuple[Change, ...]:
        changes = []
        for key, attribute in _PLAIN.items():
            if key in data:
                old, new = self._pair(data[key], (*path, key))
                if attribute is Attribute.DUE_DATE:
                    self._day(new, (*path, key))
                changes.append(Change(attribute, old, new))
        for name, pair in self._mapping(data.get("fields") or {}, (*path, "fields")).items():
            old, new = self._pair(pair, (*path, "fields", name))
            changes.append(Change(Attribute.FIELD, old, new, name))
        changes += [
            Change(Attribute.ATTACHMENT, "", str(name))
            for name in self._list(data.get("attachments"), (*path, "attachments"))
        ]
        return tuple(changes)

    def _pair(self, value: Any, path: Path) -> tuple[str, str]:
        if not isinstance(value, list) or len(value) != 2:
            raise self._wrong(path, "a change is [old, new]")
        return _text(value[0]), _text(value[1])

    def _checks(self, data: Mapping[str, Any], path: Path) -> tuple[Check, ...]:
        if "checks" not in data:
            return (self._check(data, path),)
        for key in ("now", "expect"):
            if key in data:
                self.mistakes.append(self.document.at_key((*path, key), f"'{key}' beside 'checks'", "one of the two"))
        items = self._list(data["checks"], (*path, "checks"))
        if not items:
            raise self._wrong((*path, "checks"), "nothing is checked here", "give it at least {now: …, expect: …}")
        read = [self._tried(self._one_of_checks, value, (*path, "checks", i)) for i, value in enumerate(items)]
        checks = tuple(check for check in read if check is not None)
        if len(checks) < len(items):
            raise _BadCaseError
        return checks

    def _one_of_checks(self, value: Any, path: Path) -> Check:
        return self._check(self._mapping(value, path, frozenset({"now", "expect"})), path)

    def _check(self, data: Mapping[str, Any], path: Path) -> Check:
        expect = self._mapping(data.get("expect") or {}, (*path, "expect"), frozenset(EXPECT))
        for key in EXPECT.keys() & expect.keys():
            if flaw := EXPECT[key](expect[key]):
                self.mistakes.append(self.document.at_value((*path, "expect", key), f"{key}: {flaw}"))
        return Check(self._moment(data.get("now"), (*path, "now")), expect, self.document.value_place(path).line)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
