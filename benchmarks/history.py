"""A history of a presale cabinet as it would have been without the bridge: what customers asked, and what people did with it.

The texts are those that the rules were tuned on; who did what and when is drawn at random, the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from bridge.core.policy import Policy
from bridge.core.worktime import WorkCalendar

DAYS: Final = 85
SEED: Final = 2026
ENGINEERS: Final = ("ivanov", "petrova", "sidorov")
SPECIALISTS: Final = {
    "Отдел продаж": ("kuznetsov", "smirnova"),
    "Лаборатория совместимости": ("lebedev", "egorova"),
    "Базовая техническая поддержка": ("morozov", "pavlova"),
    "Отдел партнёров": ("novikov", "romanova"),
    "Отдел разработки": ("gusev", "titova"),
}
OFTEN_PASSED: Final = {
    "compatibility": "Лаборатория совместимости",
    "bug-report": "Отдел разработки",
    "feature-question": "Отдел разработки",
    "partner-advice": "Отдел партнёров",
}
SYSTEM: Final = (
    "Сведения о системе: Альт Рабочая станция 10.2, x86_64\nИнформация об обновлении системы: обновлена вчера"
)
QUESTION: Final = "Уточните, пожалуйста, версию системы и когда её обновляли."
ANSWER: Final = "Здравствуйте! Да, это возможно: порядок описан в документации, ссылка ниже."
REPLIES: Final = (SYSTEM, "Альт Сервер 10.2, обновляли на прошлой неделе", "Завтра посмотрю и напишу", "См. вложение")
THANKS: Final = ("Спасибо!", "Большое спасибо, всё понятно.", "Спасибо, помогло")
MORE: Final = (
    "А если машин будет двадцать?",
    "Не получилось: та же ошибка. Что ещё посмотреть?",
    "А на сервере так же?",
)


@dataclass(frozen=True)
class Asked:
    """What a customer asked, and of which kind people took it to be."""

    subject: str
    description: str
    kind: str


@dataclass(frozen=True)
class Act:
    """Somebody's journal: a note, values of attributes by their REST names (`status`, `assigned_to`), or both."""

    at: datetime
    by: str
    note: str = ""
    private: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Past:
    """One ticket with all that happened to it."""

    asked: Asked
    by: str
    received: datetime
    fields: Mapping[str, str]
    acts: tuple[Act, ...]


def make_history(
    asked: Sequence[Asked], customers: Sequence[str], policy: Policy, now: datetime, count: int
) -> Iterator[Past]:
    """So many tickets, received within `DAYS` before `now`, in order of receipt."""
    random = Random(SEED)  # noqa: S311 - nothing secret
    received = sorted(now - timedelta(days=random.uniform(0.2, DAYS)) for _ in range(count))
    departments = {route.kind: route.department for route in reversed(policy.routes)}
    for at in received:
        one, customer = random.choice(asked), random.choice(customers)
        fields = {"Сведения о системе": "Альт Рабочая станция 10.2, x86_64"} if random.random() < 0.3 else {}
        story = _Story(random, policy.calendar, customer, one.kind, at)
        acts = tuple(act for act in story.told(departments.get(one.kind, "")) if act.at < now)
        yield Past(one, customer, at, fields, acts)


@dataclass
class _Story:
    """What happens to one ticket, drawn step by step."""

    random: Random
    calendar: WorkCalendar
    customer: str
    kind: str
    at: datetime
    engineer: str = ""

    def told(self, department: str) -> Iterator[Act]:
        self.engineer = self.random.choice(ENGINEERS)
        if self._chance(0.03):
            return  # nobody ever looked
        if self._chance(0.3):
            yield from self._question()
        if self.kind == "hardware-test" and self._chance(0.7):
            yield from self._approval()
        elif to := self._passed_to(department):
            yield from self._hand_over(to)
        if self._chance(0.96):
            yield from self._answers()
        if self._chance(0.85):
            yield self._act(self._working(4, 30), self.engineer, status="Закрыта")

    def _passed_to(self, department: str) -> str:
        """Mostly to the department that the policy names; sometimes elsewhere, or the first line answers all the same."""
        if department in SPECIALISTS:
            return department if self._chance(0.85) else ""
        often = OFTEN_PASSED.get(self.kind, "")
        if often and self._chance(0.2):
            return often
        return self.random.choice(sorted(SPECIALISTS)) if self._chance(0.03) else ""

    def _question(self) -> Iterator[Act]:
        yield self._act(self._working(0.5, 8), self.engineer, QUESTION, status="Обратная связь")
        if self._chance(0.85):
            yield self._act(self._later(1, 70), self.customer, self.random.choice(REPLIES))
            yield self._act(self._working(0.1, 4), self.engineer, status="В работе")

    def _approval(self) -> Iterator[Act]:
        yield self._act(self._working(1, 8), self.engineer, status="Согласование", assigned_to="Отдел продаж")
        sales = self.random.choice(SPECIALISTS["Отдел продаж"])
        if self._chance(0.75):
            yield self._act(self._working(1, 20), sales, status="Согласовано")
            yield from self._hand_over("Лаборатория совместимости")
        else:
            yield self._act(self._working(1, 20), sales, status="Не согласовано")

    def _hand_over(self, to: str) -> Iterator[Act]:
        yield self._act(self._working(0.2, 6), self.engineer, "Передаю коллегам.", private=True, assigned_to=to)
        self.engineer = self.random.choice(SPECIALISTS[to])

    def _answers(self) -> Iterator[Act]:
        most = self.random.choices((8, 16, 24, 45), (55, 25, 12, 8))[0]
        yield self._act(self._working(0.5, most), self.engineer, ANSWER, status="Решена")
        if self._chance(0.25):
            yield self._act(self._later(0.2, 40), self.customer, self.random.choice(THANKS))
        elif self._chance(0.25):
            yield self._act(self._later(0.2, 40), self.customer, self.random.choice(MORE))
            yield self._act(self._working(0.5, 20), self.engineer, ANSWER)

    def _act(self, at: datetime, by: str, note: str = "", *, private: bool = False, **values: str) -> Act:
        self.at = at
        return Act(at, by, note, private, values)

    def _working(self, least: float, most: float) -> datetime:
        return self.calendar.add(self.at, timedelta(hours=self.random.uniform(least, most)))

    def _later(self, least: float, most: float) -> datetime:
        return self.at + timedelta(hours=self.random.uniform(least, most))

    def _chance(self, part: float) -> bool:
        return self.random.random() < part
