"""The first rules.yaml for a Redmine: the shipped rules with the names that were found there, and a mark wherever a person has to decide.

The shipped text is the template, so that its comments stay. What Redmine does not have is commented out, never invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import PermanentError
from bridge.policy.beside import OWN
from bridge.policy.found import Found, FoundTracker
from bridge.report.likeness import DONE, LEADS, TRACKERS, WAITING, WORKING, alike, all_alike, nearly, same_words
from bridge.report.sheet import DECIDE, Sheet, comment, listed, quoted

MARKS = ("waiting", "granted", "refused")


@dataclass(frozen=True, slots=True)
class Decision:
    """A place where a person has to decide: its line in the draft, from 1."""

    line: int
    text: str


def draft(found: Found, template: str, now: datetime) -> str:
    """The text of rules.yaml for what was found, in shadow mode, from the day of `now` in the calendar's zone on.

    Raises:
        PermanentError: Redmine lacks something without which there are no rules: a tracker, two open statuses, a closed one.
    """
    return _Draft(found, Sheet(template), now).text()


def decisions(text: str) -> tuple[Decision, ...]:
    """The marks in a draft."""
    found = re.finditer(rf"^ *# {DECIDE}: (.*(?:\n *#   \S.*)*)", text, re.MULTILINE)
    return tuple(Decision(text.count("\n", 0, one.start()) + 1, re.sub(r"\n *# +", " ", one[1])) for one in found)


class _Draft:
    """The sheet being filled in, section by section."""

    def __init__(self, found: Found, sheet: Sheet, now: datetime) -> None:
        self.found, self.sheet = found, sheet
        self.zone = ZoneInfo(str(sheet.get("calendar", "zone")))
        self.now = now.astimezone(self.zone)

    def text(self) -> str:
        self._head()
        self._projects()
        self._trackers()
        self._staff()
        self._statuses()
        self._departments()
        self._lead()
        self._fields()
        self._routes()
        self._reminders()
        self._beside()
        self._limits()
        return self.sheet.text()

    # --- the cabinet --------------------------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        found, closed = self.found, [status.name for status in self.found.statuses if status.closed]
        rows = {
            "проекты, где состоит мост": found.projects[:20],
            "другие видимые проекты": found.elsewhere[:20],
            "трекеры": [tracker.name for tracker in found.trackers],
            "статусы": [status.name for status in found.statuses],
            "закрывают": closed,
            "похожи на ожидание": self._waiting_like,
            "роли": [role.name for role in found.roles],
            "группы": found.groups,
            f"поля обращений «{self.tracker.name}»": sorted(self.tracker.fields or ()),
            "категории": found.categories,
            "приоритеты": found.priorities,
        }
        title = f"Составлено командой `presale-bridge init` {self.now:%d.%m.%Y} по {found.url}, учётная запись {found.account}."
        what = f"Где решает человек, стоит «# {DECIDE}: …» (a person has to decide). Решив, удалите отметку. В Redmine найдены:"
        lines = [*comment(title), *comment(what)]
        for name, names in rows.items():
            lines += comment(f"  {name}: {', '.join(names) or '—'}")
        self.sheet.above(("version",), [*lines, ""])

    def _projects(self) -> None:
        if not self.found.elsewhere:
            return
        scope = f"{{below: {quoted(self.found.below)}}}" if self.found.below else listed(self.found.projects)
        lacking = ", ".join(self.found.elsewhere[:5])
        why = f"мост видит и проекты, в которых не состоит ({lacking}): добавьте его туда и напишите all, или оставьте так."
        self.sheet.put(("redmine", "projects"), scope, why)

    @cached_property
    def tracker(self) -> FoundTracker:
        """The tracker that the rules are drafted for."""
        by_name = {tracker.name: tracker for tracker in self.found.trackers}
        if not by_name:
            raise PermanentError(
                "no tracker is switched on in the projects of the bridge's account; switch one on in Redmine"
            )
        known = [name for name in self.sheet.get("redmine", "trackers") if name in by_name]
        return by_name[known[0] if known else alike(list(by_name), TRACKERS) or next(iter(by_name))]

    @property
    def _is_our_tracker(self) -> bool:
        return self.tracker.name in self.sheet.get("redmine", "trackers")

    def _trackers(self) -> None:
        if not self._is_our_tracker:
            there = ", ".join(tracker.name for tracker in self.found.trackers)
            why = f"в каком трекере обращения пресейла? Есть: {there}."
            self.sheet.put(("redmine", "trackers"), listed([self.tracker.name]), why)
        self.sheet.mark(("redmine", "markup"), "textile или common_mark? Из API этого не видно.")
        if self.found.account not in self.sheet.get("redmine", "bridge_users"):
            self.sheet.put(("redmine", "bridge_users"), listed([self.found.account]))

    @cached_property
    def staff_roles(self) -> list[str]:
        """The roles of staff: those of the template, else those that may edit tickets and are somebody's."""
        there = {role.name: role for role in self.found.roles}
        known = [name for name in self.sheet.get("redmine", "staff", "roles") if name in there]
        editing = [role.name for role in self.found.roles if role.edits]
        held = [name for name in editing if there[name].held]
        return known if any(there[name].held for name in known) else held or known or editing or list(there)[:1]

    def _staff(self) -> None:
        others = [
            role.name for role in self.found.roles if role.edits and role.held and role.name not in self.staff_roles
        ]
        path = ("redmine", "staff", "roles")
        if self.staff_roles != list(self.sheet.get(*path)):
            self.sheet.put(path, listed(self.staff_roles), "чьи роли — сотрудники? Остальные считаются клиентами (P1).")
        if others:
            self.sheet.mark(
                path, f"обращения меняют и люди с ролями {', '.join(others)}: сотрудники они или клиенты (P1)?"
            )

    # --- statuses -----------------------------------------------------------------------------------------------------------------------

    @cached_property
    def _open(self) -> list[str]:
        found = [status.name for status in self.found.statuses if not status.closed]
        if len(found) < 2 or len(found) == len(self.found.statuses):
            raise PermanentError(
                "Redmine needs two open statuses at least (work goes on; the customer was asked) and one that closes; add them in Redmine"
            )
        return found

    @cached_property
    def _gates(self) -> frozenset[str]:
        """Statuses that approvals use: waiting for an approval is no pause (R5)."""
        gates = (route.get("approval") or {} for route in self.sheet.get("routes"))
        return frozenset(_status_of(gate[key]) for gate in gates for key in MARKS if key in gate)

    @cached_property
    def _waiting_like(self) -> list[str]:
        known = [*_names(self.sheet.get("redmine", "statuses", "pauses"))]
        names = [name for name in self._open if name not in self._gates]
        return [name for name in names if name in known or all_alike([name], WAITING)]

    def _statuses(self) -> None:
        statuses = self.sheet.get("redmine", "statuses")
        free = [name for name in self._open if name not in self._gates] or self._open
        waiting = self._status(
            "waiting", free, self._waiting_like, "какой статус ставить, когда спросили клиента (F3)?"
        )
        free = [name for name in self._open if name != waiting and name not in self._gates] or self._open
        resumed = self._status("resumed", free, all_alike(free, WORKING), "какой — когда клиент ответил (T9)?")
        reopened = statuses["reopened"] if statuses["reopened"] in free else resumed
        if reopened != statuses["reopened"]:
            self.sheet.put(("redmine", "statuses", "reopened"), quoted(reopened))
        self._pauses(waiting, {resumed, reopened})
        self._ends()
        closed = [status.name for status in self.found.statuses if status.closed]
        if set(closed) != set(statuses["closed"]):
            self.sheet.put(("redmine", "statuses", "closed"), listed(closed))

    def _status(self, key: str, free: list[str], likely: list[str], question: str) -> str:
        given = self.sheet.get("redmine", "statuses", key)
        if given in free:
            return str(given)
        chosen = (likely or free[-1:])[0]
        self.sheet.put(("redmine", "statuses", key), quoted(chosen), f"{question} Есть: {', '.join(free)}.")
        return chosen

    def _pauses(self, waiting: str, never: set[str]) -> None:
        path = ("redmine", "statuses", "pauses")
        given = list(_names(self.sheet.get(*path)))
        known = [name for name in given if name in self._open and name not in never]
        likely = [name for name in self._waiting_like if name not in never]
        pauses = list(dict.fromkeys([waiting, *(known or likely)]))
        others = [name for name in likely if name not in pauses]
        if pauses != given:
            self.sheet.put(path, listed(pauses), "в каких статусах часы стоят (T9)?")
        if others:
            self.sheet.mark(path, f"похожи на ожидание и эти статусы: {', '.join(others)}.")

    def _ends(self) -> None:
        path = ("redmine", "statuses", "ends")
        given = list(_names(self.sheet.get(*path)))
        there = [status.name for status in self.found.statuses]
        ends = [name for name in given if name in there] or all_alike(self._open, DONE)[:1]
        if ends != given:
            self.sheet.put(
                path, listed(ends), "каким статусом сотрудник заканчивает срок без слов (T10)? Может не быть ни одного."
            )

    # --- departments --------------------------------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> dict[str, str]:
        """Departments with the group that each has, or seems to have."""
        departments = self.sheet.get("departments")
        found = {
            name: group
            for name, spec in departments.items()
            if (group := (spec or {}).get("group", name)) in self.found.groups
        }
        for name, spec in departments.items():
            free = [group for group in self.found.groups if group not in found.values()]
            if name not in found and (group := same_words(free, _called(name, spec))):
                found[name] = group
        return found

    @cached_property
    def departments(self) -> dict[str, Any]:
        """Departments that can be used: those with a group, and the first line always."""
        given = self.sheet.get("departments")
        return {name: spec for name, spec in given.items() if name in self.groups or (spec or {}).get("first_line")}

    @property
    def _first_line(self) -> str:
        return next(name for name, spec in self.departments.items() if (spec or {}).get("first_line"))

    def _departments(self) -> None:
        for name, spec in self.sheet.get("departments").items():
            path = ("departments", name)
            if name not in self.departments:
                self.sheet.drop(
                    path, f"группы «{name}» в Redmine нет. Создайте её или впишите свою (group: …) и уберите «# »."
                )
                continue
            self._group(name, spec or {})
            self._roles(name, spec or {})

    def _group(self, name: str, spec: dict[str, Any]) -> None:
        group, path = self.groups.get(name), ("departments", name)
        there = f"Есть: {', '.join(self.found.groups)}." if self.found.groups else "Групп с правами в проектах нет."
        if group is None:
            self.sheet.mark(
                path,
                f"какая группа — первая линия (group: …)? {there} Без группы напоминания об общих обращениях некому послать.",
            )
        elif group != spec.get("group", name):
            self.sheet.mark(path, f"это группа «{group}»? {there}")
            if "group" in spec:
                self.sheet.put((*path, "group"), quoted(group))
            else:
                self.sheet.add(path, f"group: {quoted(group)}")

    def _roles(self, name: str, spec: dict[str, Any]) -> None:
        given = list(_names(spec.get("roles")))
        known = [role for role in given if role in {one.name for one in self.found.roles}]
        path = ("departments", name, "roles")
        if given and not known and name not in self.groups:
            known = self.staff_roles
        if given and not known:
            self.sheet.drop(path)
        elif known != given:
            self.sheet.put(path, listed(known))

    def _lead(self) -> None:
        given, people = self.sheet.get("lead"), self.found.people
        if any(given == person.name for person in people):
            return
        by_role = {role: person.name for person in reversed(people) for role in person.roles}
        lead = by_role.get(alike(sorted(by_role), LEADS), "")
        self.sheet.put(
            ("lead",), quoted(lead or given), "кому сообщать о сроках, которые истекают или прошли: логин или имя."
        )

    # --- fields -------------------------------------------------------------------------------------------------------------------------

    def _fields(self) -> None:
        called = self.sheet.get("redmine", "field_names") or {}
        names = {name: self._field(name, called.get(name, name)) for name in self.sheet.get("required", "fields")}
        if not any(names.values()):
            self._no_fields()
        for name, there in names.items():
            if there is None:
                self.sheet.drop(("required", "fields", name), self._why_no_field(name))
        self._field_names(called, names)

    def _field(self, name: str, there: str) -> str | None:
        """What Redmine calls a field; None where it does not have it."""
        fields = self.tracker.fields
        if fields is None:
            return there if self._is_our_tracker else None
        return next((one for one in (there, name) if one in fields), None) or nearly(fields, name) or None

    def _why_no_field(self, name: str) -> str:
        fields = self.tracker.fields
        if fields is None:
            return f"в трекере ещё нет обращений, и не видно, есть ли поле «{name}». Если есть, уберите «# »."
        there = f"Есть: {', '.join(sorted(fields))}." if fields else "Других полей тоже нет."
        return f"поля «{name}» в трекере не видно. {there} Добавьте поле или назовите своё (redmine.field_names) и уберите «# »."

    def _no_fields(self) -> None:
        """A mapping of which everything is commented out would be nothing at all."""
        path = ("required", "fields")
        self.sheet.value_on_key_line(path, "{}", "полей нет; с первым полем удалите «{}».")

    def _field_names(self, called: dict[str, str], names: dict[str, str | None]) -> None:
        path = ("redmine", "field_names")
        wanted = {name: there for name, there in names.items() if there not in {None, name}}
        if wanted == called and self.tracker.fields is None:
            self.sheet.mark(path, "в трекере ещё нет обращений, и не видно, так ли называются поля; проверьте.")
        if wanted == called:
            return
        pairs = ", ".join(f"{quoted(name)}: {quoted(there or '')}" for name, there in wanted.items())
        if called:
            for name in called:
                self.sheet.drop((*path, name))
            self.sheet.value_on_key_line(path, f"{{{pairs}}}", "так ли называются поля?" if wanted else "")
        elif wanted:
            self.sheet.above(
                ("redmine", "statuses"),
                [*comment(f"{DECIDE}: так ли называются поля?", 2), f"  field_names: {{{pairs}}}"],
            )

    # --- routes, reminders and the rest -------------------------------------------------------------------------------------------------

    def _routes(self) -> None:
        for index, route in enumerate(self.sheet.get("routes")):
            path = ("routes", index)
            if route["department"] not in self.departments:
                why = f"отдела «{route['department']}» пока нет: обращения остаются у первой линии."
                self.sheet.put((*path, "department"), quoted(self._first_line), why)
            if route.get("category") and route["category"] not in self.found.categories:
                self.sheet.drop((*path, "category"), "такой категории в Redmine нет.")
            if route.get("priority") and route["priority"] not in self.found.priorities:
                self.sheet.drop((*path, "priority"), "такого приоритета в Redmine нет.")
            if route.get("approval"):
                self._approval((*path, "approval"), route["approval"])

    def _approval(self, path: tuple[str | int, ...], approval: dict[str, Any]) -> None:
        lacking = [*self._lacking(approval)]
        if lacking:
            self.sheet.drop(
                path, f"согласование выключено: в Redmine нет {', '.join(lacking)} (R5). Создайте и уберите «# »."
            )
        elif self.sheet.has((*path, "then")) and approval["then"] not in self.departments:
            self.sheet.drop(
                (*path, "then"), f"отдела «{approval['then']}» пока нет: согласованное остаётся у первой линии."
            )

    def _lacking(self, approval: dict[str, Any]) -> Iterator[str]:
        if approval["by"] not in self.departments:
            yield f"отдела «{approval['by']}»"
        there, fields = {status.name for status in self.found.statuses}, self.tracker.fields or frozenset()
        for key in MARKS:
            status, field = _status_of(approval[key]), _field_of(approval[key])
            if status and status not in there:
                yield f"статуса «{status}»"
            if field and field not in fields:
                yield f"поля «{field}»"

    def _reminders(self) -> None:
        steps = list(self.sheet.get("reminders") or ())
        if any((spec or {}).get("term") for spec in self.departments.values()):
            return
        inner = [index for index, step in enumerate(steps) if step.get("of") == "department_due"]
        if len(inner) == len(steps):
            return
        for index in inner:
            first = index == inner[0]
            self.sheet.drop(
                ("reminders", index), "отделов со своим сроком нет; появятся — уберите «# »." if first else ""
            )

    def _beside(self) -> None:
        """Partners and products of the shipped files are examples, and are not there."""
        for section in OWN:
            if isinstance(self.sheet.get(section), str):
                why = f"положите рядом свой {self.sheet.get(section)} (пример поставляется с мостом) и уберите «# »."
                self.sheet.drop((section,), why)

    def _limits(self) -> None:
        today = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        why = "с какого дня мост работает? Более старые обращения он не трогает (W5)."
        self.sheet.put(("limits", "not_before"), today.isoformat(), why)
        calm = "когда проверите, что предлагает `presale-bridge plan`, напишите false."
        self.sheet.put(("limits", "shadow"), "true", calm)


def _called(name: str, spec: dict[str, Any] | None) -> list[str]:
    title = (spec or {}).get("title") or ""
    return [name, *(title.values() if isinstance(title, dict) else [title])]


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _status_of(mark: Any) -> str:
    if isinstance(mark, str):
        return "" if "=" in mark else mark
    return str(mark.get("status") or "")


def _field_of(mark: Any) -> str:
    if isinstance(mark, str):
        return mark.partition("=")[0].strip() if "=" in mark else ""
    return str(mark.get("field") or "")
