"""Small rules, people and tickets for the unit tests: every value is made here, nothing is read from the shipped rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core import footer
from bridge.core.assess import Assessment, assess
from bridge.core.model import (
    EMPTY_HISTORY,
    Attribute,
    Change,
    History,
    Journal,
    Language,
    OwnStep,
    Person,
    Role,
    State,
    Step,
    Ticket,
    Write,
)
from bridge.core.policy import Policy
from bridge.policy.load import load, parse

ROOT = Path(__file__).parents[2]
MOSCOW = ZoneInfo("Europe/Moscow")
SYSTEM, UPDATE = "Сведения о системе", "Информация об обновлении"
WAITING, WORKING, FEEDBACK, SOLVED, CLOSED = "Ожидание ответа", "В работе", "Обратная связь", "Решена", "Закрыта"
PRESALE, SALES_GROUP, LAB, DEV = "Пресейл", "Отдел продаж", "Лаборатория", "Отдел разработки"

RULES = """\
version: 1
redmine:
  projects: all
  trackers: [ТехП Пресейл]
  staff: {roles: [Инженер пресейла, Инженер отдела, Менеджер продаж, Руководитель]}
  bridge_users: [presale-bridge]
  markup: textile
  statuses:
    waiting: Ожидание ответа
    resumed: В работе
    reopened: В работе
    pauses: [Ожидание ответа, Обратная связь]
    ends: [Решена]
    closed: [Закрыта, Отказ]
calendar:
  zone: Europe/Moscow
  zone_name: {ru: МСК, en: MSK}
  week: {mon-fri: "09:00-18:00"}
  production: ru
departments:
  Пресейл: {title: {ru: инженеры пресейла, en: the presale engineers}, first_line: true, assign: false}
  Отдел продаж: {title: {ru: отдел продаж, en: the sales department}, term: 1 working day, roles: [Менеджер продаж]}
  Лаборатория: {title: {ru: лаборатория, en: the laboratory}, term: 1 working day}
  Отдел разработки: {title: {ru: отдел разработки, en: the development department}, term: 1 working day, lead: petrova}
lead: orlova
required:
  at_most: 2
  placeholders: [нет, "-", "--", —, "?", "...", н/д, n/a, na, none, "no", не знаю, неизвестно, unknown, i don't know, тест, test, "0", xxx]
  fields:
    Сведения о системе:
      question: {ru: Какая система?, en: Which system?}
      hint: {ru: "Выполните «uname -a».", en: Run «uname -a».}
      needed_for: [os-install, hardware-test]
      wanted_for: others
      labels: [Система, System]
      min_length: 10
    Информация об обновлении:
      question: {ru: Когда обновляли?, en: When was it updated?}
      hint: {ru: Посмотрите в центре управления., en: Look into the control centre.}
      needed_for: [os-install]
      wanted_for: [product-info]
      labels: [Обновление, Updates]
routes:
  - name: Лицензии
    kind: licensed-support
    department: Отдел разработки
    when: {text: [лицензия, license]}
    out_of_scope:
      answer: {ru: "Это решает поддержка, обращение {{ ticket }}.", en: "Support answers this, request {{ ticket }}."}
  - name: Проекты
    kind: project-work
    department: Отдел продаж
    when: {text: [внедрение, migration]}
    out_of_scope:
      auto: true
      answer: {ru: Это делают партнёры., en: Partners do this.}
  - name: Оборудование
    kind: hardware-test
    department: Пресейл
    when: {text: [принтер, printer]}
    approval:
      by: Отдел продаж
      waiting: {status: Согласование}
      granted: {status: Согласовано}
      refused: {status: Не согласовано}
      then: Лаборатория
  - name: Установка
    kind: os-install
    department: Пресейл
    when: {text: [установка, установить, install]}
  - name: Разработка
    kind: feature-question
    department: Отдел разработки
    priority: Высокий
    when: {text: [функция, feature]}
  - name: Продукты
    kind: product-info
    department: Пресейл
    when: {text: [отличаться, differ]}
  - name: Разобрать вручную
    kind: triage
    department: Пресейл
terms:
  answer: 2 working days
  hand_over: {extend: 1 working day, at_most: 2}
reminders:
  - {name: Подходит, at: -4 working hours, of: due, to: assignee}
  - {name: Остался час, at: -1 working hour, of: due, to: lead}
  - {name: Наступил, at: 0h, of: due, to: lead}
  - {name: День, at: +9 working hours, of: due, to: lead}
  - {name: Отдел, at: -2 working hours, of: department_due, to: department}
  - {name: Срок отдела, at: 0h, of: department_due, to: lead}
follow_up:
  no_term: [спасибо, большое спасибо, всё понятно, вопрос решён, thanks, thank you, solved]
silence: off
limits:
  not_before: 2026-10-01T00:00:00+03:00
  changes_per_pass: 50
"""

CLIENT = Person("client", "Клиент", Role.CUSTOMER, login="client", mail="client@example.org")
FRIEND = Person("friend", "Коллега клиента", Role.CUSTOMER, login="friend")
STAFF = Person("ivanov", "Иван Иванов", Role.STAFF, frozenset({PRESALE}), login="ivanov")
SALES = Person("volkov", "Виктор Волков", Role.STAFF, frozenset({SALES_GROUP}), login="volkov")
ENGINEER = Person("sidorova", "Сидорова", Role.STAFF, frozenset({DEV}), login="sidorova")
BRIDGE = Person("bridge", "Пресейл Мост", Role.BRIDGE, login="presale-bridge")
ROBOT = Person("ci", "CI", Role.ROBOT, login="ci")
PEOPLE = (CLIENT, FRIEND, STAFF, SALES, ENGINEER, BRIDGE, ROBOT)

INSTALL, PRODUCT = "Не могу установить Альт", "Чем отличаются продукты?"
PRINTER, LICENSE, PROJECT = "Проверьте наш принтер", "Вопрос про лицензию", "Нужно внедрение"
FEATURE, UNKNOWN = "Нужна функция печати", "Добрый день"
SUBJECTS = (INSTALL, PRODUCT, PRINTER, LICENSE, PROJECT, FEATURE, UNKNOWN)
COMPLETE = {SYSTEM: "Альт Рабочая станция 10.2, x86_64", UPDATE: "обновлялась вчера через apt-get"}


@cache
def policy() -> Policy:
    """The small rules."""
    return parse(RULES).policy


@cache
def shipped() -> Policy:
    """The rules as they are shipped."""
    return load(ROOT / "rules.yaml").policy


def moment(text: str) -> datetime:
    """A moment in Moscow: "11-23 10:00" of 2026, or with a year."""
    full = text if text.count("-") > 1 else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=MOSCOW)


def journal(at: str | datetime, who: Person = CLIENT, notes: str = "", **more: Any) -> Journal:
    """A journal; its number is put in by `ticket`. Attributes as pairs (old, new), `files` and `fields` likewise."""
    changes = [Change(Attribute(key), *more.pop(key)) for key in list(more) if key in tuple(Attribute)]
    changes += [Change(Attribute.FIELD, *pair, name=name) for name, pair in more.pop("fields", {}).items()]
    changes += [Change(Attribute.ATTACHMENT, "", name, name) for name in more.pop("files", ())]
    when = moment(at) if isinstance(at, str) else at
    return Journal(0, when, who, notes, changes=tuple(changes), **more)


def did(
    at: str | datetime, *steps: Step, private: bool = False, ordinals: Mapping[Step, int] = {}, **more: Any
) -> Journal:
    """A journal by the bridge in which it did something; the footer is that of ticket 7."""
    when = moment(at) if isinstance(at, str) else at
    own = [OwnStep(step, ordinals.get(step, 1), when) for step in steps]
    return journal(when, BRIDGE, footer.render(7, own, Language.RU), private=private, **more)


def ticket(
    subject: str = PRODUCT,
    *journals: Journal,
    created: str | datetime = "11-23 10:00",
    author: Person = CLIENT,
    description: str = "",
    fields: Mapping[str, str] | None = None,
    **more: Any,
) -> Ticket:
    """Ticket 7 with its journals, numbered from 1."""
    state = State(
        subject=subject,
        description=description,
        project="Клиент",
        tracker="ТехП Пресейл",
        status=more.pop("status", "Новая"),
        fields={SYSTEM: "", UPDATE: ""} | dict(fields or {}),
        attachments=tuple(more.pop("attachments", ())),
        assigned_to=more.pop("assigned_to", ""),
        category=more.pop("category", ""),
        due_date=more.pop("due_date", ""),
    )
    numbered = tuple(replace(one, id=number) for number, one in enumerate(journals, start=1))
    when = moment(created) if isinstance(created, str) else created
    return Ticket(7, author, when, state, numbered, **more)


def look(
    seen: Ticket, now: str | datetime, rules: Policy | None = None, history: History = EMPTY_HISTORY
) -> Assessment:
    """The ticket at a moment."""
    return assess(seen, history, rules or policy(), moment(now) if isinstance(now, str) else now)


def carried_out(seen: Ticket, writes: Iterable[Write], at: datetime) -> Ticket:
    """The ticket with the writes of the bridge as Redmine would show them: one journal each, of the moment `at`."""
    for write in writes:
        taken = tuple(replace(change, old=_value(seen, change)) for change in write.changes)
        made = Journal(len(seen.journals) + 1, at, BRIDGE, write.notes, write.private, taken)
        watchers = tuple(dict.fromkeys((*seen.watchers, *write.watchers)))
        seen = replace(seen, journals=(*seen.journals, made), watchers=watchers)
    return seen


def _value(seen: Ticket, change: Change) -> str:
    if change.attribute is Attribute.FIELD:
        return seen.current.fields.get(change.name, "")
    return seen.current.get(change.attribute)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)
