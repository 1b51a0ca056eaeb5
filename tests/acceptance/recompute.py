"""The terms of a ticket once more, slowly and obviously, from Redmine's REST alone: what the day in the life is checked against.

It shares no code with the bridge: days are counted one by one with the production calendar read from its file, a ticket's journals are walked
through with plain values, and the rules are written out (docs/semantics.md, rules.yaml). It reads what is written by label only, and takes
words that begin with «Спасибо» for thanks: enough for scripted people.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

MOSCOW: Final = ZoneInfo("Europe/Moscow")
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NOTHING: Final = timedelta(0)

ANSWER_IN_DAYS, MORE_DAYS, MORE_AT_MOST = 2, 1, 2
DEPARTMENT_IN_DAYS: Final = 1
PAUSES: Final = ("Ожидание ответа", "Обратная связь")
CLOSED: Final = ("Закрыта", "Отказ")
ENDS: Final = ("Решена",)
DEPARTMENTS: Final = (
    "Пресейл",
    "Отдел продаж",
    "Лаборатория совместимости",
    "Базовая техническая поддержка",
    "Отдел партнёров",
    "Отдел разработки",
)
FIRST_LINE, SALES, LABORATORY = DEPARTMENTS[:3]
OUT_OF_SCOPE: Final = "out of scope and told so"
LABELS: Final = ("Сведения о системе:", "Информация об обновлении:")
STEPS: Final = {
    "due": (
        (1, "напоминание", -4 * HOUR),
        (2, "напоминание", -HOUR),
        (3, "эскалация", NOTHING),
        (4, "эскалация", 9 * HOUR),
    ),
    "department": ((5, "напоминание", -2 * HOUR), (6, "эскалация", NOTHING)),
}


class Calendar:
    """Working time, by the file of the production calendar and nothing else."""

    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8") as lines:
            self.kinds = {date.fromisoformat(row["date"]): row["kind"] for row in csv.DictReader(lines)}

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing of a day; None when nobody works."""
        kind = self.kinds.get(day, "")
        works = day.weekday() < 5 if kind in {"", "short"} else kind == "work"
        if kind == "short":
            works = True
        if not works:
            return None
        opening = datetime.combine(day, time(9), MOSCOW)
        return opening, opening + (8 if kind == "short" else 9) * HOUR

    def working(self, moment: datetime) -> bool:
        """Whether people work then; the closing moment itself is not worked."""
        hours = self.hours(moment.astimezone(MOSCOW).date())
        return hours is not None and hours[0] <= moment < hours[1]

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments, day by day."""
        total, day = NOTHING, start.astimezone(MOSCOW).date()
        while day <= end.astimezone(MOSCOW).date():
            hours = self.hours(day)
            if hours:
                total += max(min(end, hours[1]) - max(start, hours[0]), NOTHING)
            day += DAY
        return total

    def later(self, moment: datetime, span: timedelta) -> datetime:
        """So much working time after a moment; ending exactly at a closing, that closing."""
        left, day = span, moment.astimezone(MOSCOW).date()
        while True:
            hours = self.hours(day)
            if hours and hours[1] > moment:
                start = max(moment, hours[0])
                if start + left <= hours[1]:
                    return start + left
                left -= hours[1] - start
            day += DAY

    def earlier(self, moment: datetime, span: timedelta) -> datetime:
        """So much working time before a moment."""
        left, day = span, moment.astimezone(MOSCOW).date()
        while True:
            hours = self.hours(day)
            if hours and hours[0] < moment:
                end = min(moment, hours[1])
                if end - left >= hours[0]:
                    return end - left
                left -= end - hours[0]
            day -= DAY

    def shifted(self, moment: datetime, span: timedelta) -> datetime:
        """A reminder's moment: before or after."""
        return self.earlier(moment, -span) if span < NOTHING else self.later(moment, span)

    def closing_after(self, day: date, days: int, paused: Iterable[tuple[datetime, datetime]] = ()) -> datetime:
        """The close of the N-th working day after a day, without the days that close in a pause."""
        spans, left = list(paused), days
        while left:
            day += DAY
            hours = self.hours(day)
            if hours and not any(start <= hours[1] < end for start, end in spans):
                left -= 1
        found = self.hours(day)
        assert found
        return found[1]


@dataclass
class OwnTerm:
    """One term, as it was found."""

    start: datetime
    why: str
    pauses: list[list[datetime | None]] = field(default_factory=list)
    by_request: bool = False
    extensions: list[str] = field(default_factory=list)
    end: datetime | None = None
    outcome: str = ""
    fixed: date | None = None


@dataclass
class Walk:
    """A ticket's journals up to a moment, walked through once."""

    issue: Mapping[str, Any]
    world: World
    until: datetime
    terms: list[OwnTerm] = field(default_factory=list)
    status: str = ""
    department: str = FIRST_LINE
    handed_at: datetime | None = None
    told: str = ""
    known: set[str] = field(default_factory=set)
    customer_spoke: bool = False
    reminded: list[tuple[str, int, datetime]] = field(default_factory=list)

    def walk(self) -> Walk:
        """Walk."""
        rows = [row for row in self.issue["journals"] if at(row["created_on"]) < self.until]
        self.status = self.world.status(self._first("status_id", rows) or str(self.issue["status"]["id"]))
        self.known = {label for label in LABELS if self._first_field(label, rows)}
        self.known |= {label for label in LABELS if label in (self.issue["description"] or "")}
        self.terms.append(OwnTerm(at(self.issue["created_on"]), "receipt"))
        for row in rows:
            self._one(row, rows)
        return self

    @property
    def term(self) -> OwnTerm:
        """The last one."""
        return self.terms[-1]

    # --- how it began -------------------------------------------------------------------------------------------------

    def _first(self, name: str, rows: list[Any]) -> str:
        """An attribute's value at creation: the old value of its first change ever."""
        for row in self.issue["journals"]:
            for detail in row["details"]:
                if detail["property"] == "attr" and detail["name"] == name:
                    return detail["old_value"] or ""
        return ""

    def _first_field(self, label: str, rows: list[Any]) -> str:
        name = label.rstrip(":")
        key = next(str(row["id"]) for row in self.issue["custom_fields"] if row["name"] == name)
        for row in self.issue["journals"]:
            for detail in row["details"]:
                if detail["property"] == "cf" and detail["name"] == key:
                    return detail["old_value"] or ""
        return next((row.get("value") or "" for row in self.issue["custom_fields"] if str(row["id"]) == key), "")

    # --- one journal --------------------------------------------------------------------------------------------------

    def _one(self, row: Mapping[str, Any], rows: list[Any]) -> None:
        moment, who = at(row["created_on"]), self.world.role(row["user"]["id"])
        steps = self._steps(row) if who == "bridge" else {}
        words = "" if row["private_notes"] else (row["notes"] or "").strip()
        changed = {d["name"]: d for d in row["details"] if d["property"] == "attr"}
        before = self.status
        if "status_id" in changed:
            self._new_status(self.world.status(changed["status_id"]["new_value"]), moment, who, steps)
        elif "запрос сведений" in steps and self.status in PAUSES:
            self._pause(moment, by_request=True)
        moved = self._moved(row, changed, who, steps)
        if who == "customer" and words:
            self._customer(row, words, moment)
        elif "вне рамок пресейла" in steps:
            self._end(moment, OUT_OF_SCOPE)
        elif who == "staff" and words and self._answers(row, rows):
            self._end(moment, "answered")
        if self.status in CLOSED and before not in CLOSED:
            self._end(
                moment, {"staff": "closed without an answer", "customer": "closed by the customer"}.get(who, "closed")
            )
        if who == "staff" and "due_date" in changed:
            value = changed["due_date"]["new_value"]
            self.term.fixed = date.fromisoformat(value) if value else None
        if moved:
            granted = self._decides(row) == "granted" and not self._target(row)
            self._hand_over(moved, moment, extends=not granted and (who == "staff" or "запрос согласования" in steps))
        for name in ("напоминание", "эскалация"):
            self.reminded += [(name, number, moment) for number in steps.get(name, ())]

    def _steps(self, row: Mapping[str, Any]) -> dict[str, list[int]]:
        """The footer's steps with their numbers; 0 where there is none."""
        lines = [line for line in (row["notes"] or "").replace("\r", "").splitlines() if line.strip()]
        found = re.match(rf"(?:Автоматическое сообщение · №){self.issue['id']} · (.+)", lines[-1]) if lines else None
        steps: dict[str, list[int]] = {}
        for item in found[1].split(", ") if found else ():
            name, _, number = item.rpartition(" ")
            if number.isdigit():
                steps.setdefault(name, []).append(int(number))
            else:
                steps.setdefault(item, []).append(0)
        return steps

    def _new_status(self, new: str, moment: datetime, who: str, steps: Mapping[str, Any]) -> None:
        old, self.status = self.status, new
        if old in CLOSED and new not in CLOSED:
            self.terms.append(OwnTerm(moment, "reopened"))
        if new not in PAUSES or old in PAUSES:
            self._resume(moment)
        if new in PAUSES:
            self._pause(moment, by_request="запрос сведений" in steps)
        if new in ENDS and len(self.terms) > 1 and who == "staff":
            self._end(moment, "ended without words")

    def _pause(self, moment: datetime, *, by_request: bool) -> None:
        if not self.term.end and not self._paused():
            self.term.pauses.append([moment, None])
            self.term.by_request = by_request

    def _paused(self) -> bool:
        return bool(self.term.pauses) and self.term.pauses[-1][1] is None

    def _resume(self, moment: datetime) -> None:
        if self._paused():
            self.term.pauses[-1][1] = moment

    def _end(self, moment: datetime, outcome: str) -> None:
        if not self.term.end:
            self._resume(moment)
            self.term.end, self.term.outcome = moment, outcome

    def _customer(self, row: Mapping[str, Any], words: str, moment: datetime) -> None:
        self.customer_spoke = True
        news = {label for label in LABELS if label in words} - self.known
        self.known |= news
        partial = bool(news) and len(self.known) < len(LABELS)
        if self._paused() and not (self.term.by_request and partial):
            self._resume(moment)
        if not self.term.end or self.status in CLOSED:
            return
        if self.term.outcome == OUT_OF_SCOPE:
            self.terms.append(OwnTerm(moment, "reply to an answer that this is out of scope"))
        elif not words.startswith("Спасибо"):
            self.terms.append(OwnTerm(moment, "further question"))

    # --- departments --------------------------------------------------------------------------------------------------

    def _target(self, row: Mapping[str, Any]) -> str:
        """The department whose group a journal assigns."""
        for detail in row["details"]:
            if detail["name"] == "assigned_to_id" and detail["property"] == "attr":
                return self.world.group(detail["new_value"])
        return ""

    def _moved(self, row: Mapping[str, Any], changed: Mapping[str, Any], who: str, steps: Mapping[str, Any]) -> str:
        asked = "status_id" in changed and self.world.status(changed["status_id"]["new_value"]) == "Согласование"
        if "запрос согласования" in steps or (who == "staff" and asked):
            return SALES
        target = self._target(row)
        if who == "bridge" and "передача" not in steps:
            if target:
                self.department = target
            return ""
        if who in {"bridge", "staff"} and target and target != self.department:
            return target
        return LABORATORY if self._decides(row) == "granted" else ""

    def _hand_over(self, to: str, moment: datetime, *, extends: bool) -> None:
        self.department, self.handed_at = to, moment
        if extends and not self.term.end and len(self.term.extensions) < MORE_AT_MOST:
            self.term.extensions.append(to)

    def _decides(self, row: Mapping[str, Any]) -> str:
        """Whether somebody of the sales department decides on the approval here."""
        for detail in row["details"]:
            if detail["name"] == "status_id" and self.world.may_approve(row["user"]["id"]):
                name = self.world.status(detail["new_value"])
                return {"Согласовано": "granted", "Не согласовано": "refused"}.get(name, "")
        return ""

    def _answers(self, row: Mapping[str, Any], rows: list[Any]) -> bool:
        """A public note of staff answers unless the same person, within ten minutes, asks, passes on or decides (T7); nor does a contact."""
        if row["user"]["id"] == self.issue["author"]["id"] and not self.customer_spoke:
            return False
        for other in rows:
            near = abs(at(other["created_on"]) - at(row["created_on"])) <= 10 * MINUTE
            if other["user"]["id"] != row["user"]["id"] or not near:
                continue
            statuses = [self.world.status(d["new_value"]) for d in other["details"] if d["name"] == "status_id"]
            if any(name in PAUSES for name in statuses) or self._target(other) or self._decides(other):
                return False
        return True

    # --- figures ------------------------------------------------------------------------------------------------------

    def spans(self, term: OwnTerm) -> list[tuple[datetime, datetime]]:
        """The pauses; one that lasts ends now."""
        return [(start, end or self.until) for start, end in term.pauses if start]

    def due(self, term: OwnTerm) -> datetime:
        """When the answer is due."""
        calendar = self.world.calendar
        if term.fixed:
            hours = calendar.hours(term.fixed)
            return hours[1] if hours else calendar.closing_after(term.fixed, 1)
        days = ANSWER_IN_DAYS + MORE_DAYS * len(term.extensions)
        return calendar.closing_after(term.start.astimezone(MOSCOW).date(), days, self.spans(term))

    def late_by(self, term: OwnTerm) -> timedelta:
        """Working time after the due moment, pauses left out."""
        due, end = self.due(term), term.end or self.until
        if end <= due:
            return NOTHING
        calendar = self.world.calendar
        late = calendar.time_between(due, end)
        for start, stop in self.spans(term):
            first, last = max(start, due), min(stop, end)
            if first < last:
                late -= calendar.time_between(first, last)
        return late

    @property
    def on(self) -> bool:
        """Whether somebody owes an answer and the clock runs."""
        return not self.term.end and not self._paused() and self.status not in CLOSED

    def department_due(self) -> datetime | None:
        """When the department's own answer is due."""
        if self.department == FIRST_LINE or self.handed_at is None or self.term.end:
            return None
        day = self.handed_at.astimezone(MOSCOW).date()
        return self.world.calendar.closing_after(day, DEPARTMENT_IN_DAYS, self.spans(self.term))


@dataclass
class World:
    """What ids mean, by REST."""

    calendar: Calendar
    statuses: Mapping[str, str]
    groups: Mapping[str, str]
    customers: frozenset[int]
    bridge: int
    approvers: frozenset[int]

    def status(self, key: str) -> str:
        """A status's name."""
        return self.statuses[str(key)]

    def group(self, key: str | None) -> str:
        """A department's name; empty for a person or nobody."""
        return self.groups.get(str(key), "")

    def role(self, user: int) -> str:
        """Who that is."""
        return "bridge" if user == self.bridge else "customer" if user in self.customers else "staff"

    def may_approve(self, user: int) -> bool:
        """Whether somebody is of the sales department."""
        return user in self.approvers


def at(text: str) -> datetime:
    """A moment as REST writes it."""
    return datetime.fromisoformat(text).astimezone(MOSCOW)


def reminders(
    issue: Mapping[str, Any], world: World, passes: Iterable[datetime]
) -> Iterator[tuple[str, int, datetime]]:
    """What has to be reminded of, at which pass: of each due moment the last step that has come, once (M1)."""
    said: list[tuple[str, int, datetime]] = []
    for moment in passes:
        if moment <= at(issue["created_on"]) or not world.calendar.working(moment):
            continue
        walk = Walk(issue, world, moment).walk()
        if not walk.on:
            continue
        for of, due in (("due", walk.due(walk.term)), ("department", walk.department_due())):
            for name, number in _come(world.calendar, of, due, walk.term.start, moment, said) if due else ():
                said.append((name, number, moment))
                yield name, number, moment


def _come(  # noqa: PLR0917
    calendar: Calendar, of: str, due: datetime, start: datetime, now: datetime, said: list[tuple[str, int, datetime]]
) -> list[tuple[str, int]]:
    placed = [(calendar.shifted(due, span), number, name) for number, name, span in STEPS[of]]
    come = [one for one in placed if start <= one[0] <= now]
    if not come:
        return []
    last, number, name = max(come)
    done = any(what == name and which == number and when >= last for what, which, when in said)
    return [] if done else [(name, number)]
