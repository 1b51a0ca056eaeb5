"""The script of the day in the life: sixty tickets over the days around a holiday, what customers and staff do with them, and when.

Everything is drawn beforehand from a seed: who opens what at what moment, and what people then do, so many working hours later. Nobody
looks at what the bridge does, except that customers answer when they have been asked and sales decide after they have been.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.acceptance.recompute import MOSCOW, Calendar

SEED: Final = 20261102
FIRST, LAST = datetime(2026, 11, 1, 9, 0, tzinfo=MOSCOW), datetime(2026, 11, 10, 11, 0, tzinfo=MOSCOW)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CUSTOMERS: Final = tuple(f"customer-{number:02d}" for number in (1, 2, 4, 5, 7, 9, 11, 13, 15, 17))
SYSTEM, UPDATES = "Сведения о системе", "Информация об обновлении"
SALES, LABORATORY, DEVELOPERS, SUPPORT, PARTNERS = (
    "Отдел продаж",
    "Лаборатория совместимости",
    "Отдел разработки",
    "Базовая техническая поддержка",
    "Отдел партнёров",
)
ENGINEERS: Final = ("ivanov", "petrova", "sidorov")
OF: Final = {
    SALES: ("kuznetsov", "smirnova", "vasiliev"),
    LABORATORY: ("lebedev", "egorova", "zaitsev"),
    DEVELOPERS: ("gusev", "titova", "komarov"),
    SUPPORT: ("morozov", "pavlova", "fedorov"),
    PARTNERS: ("novikov", "romanova", "belov"),
}
TEXTS: Final = {
    "product-info": ("Чем отличается Альт Сервер от Альт Рабочей станции?", "Для чего предназначен каждый продукт?"),
    "compatibility": ("Совместимость с Рутокен", "Есть ли сертификат совместимости с Рутокен ЭЦП?"),
    "os-install": ("Не ставится Альт Рабочая станция", "Установщик останавливается на разметке диска. Как установить?"),
    "third-party-install": ("Как установить КриптоПро", "Помогите установить КриптоПро CSP на Альт."),
    "software-selection": ("Чем заменить Visio", "Какую программу из репозитория выбрать для схем?"),
    "feature-question": ("Есть ли поддержка LDAP", "Поддерживает ли Альт Сервер каталог LDAP?"),
    "solution-advice": ("Как организовать файловый сервер", "Как построить файловый сервер на 200 рабочих мест?"),
    "hardware-test": (
        "Проверка ноутбука на совместимость",
        "Просим протестировать наш ноутбук с Альт Рабочая станция 10.",
    ),
    "demo-stand": ("Нужен демонстрационный стенд", "Просим предоставить стенд для демонстрации руководству."),
    "bug-report": ("Нашли ошибку в Центре управления", "Центр управления падает при открытии сетевых настроек."),
    "licensed-support": (
        "Купили лицензии, нужна поддержка",
        "Мы купили лицензии, обновление не работает. Нужна техподдержка.",
    ),
    "project-work": (
        "Внедрение на предприятии",
        "Требуется выполнить миграцию 300 рабочих мест, пришлите коммерческое предложение.",
    ),
}
SIMPLE: Final = (
    "product-info",
    "compatibility",
    "software-selection",
    "feature-question",
    "solution-advice",
    "demo-stand",
)
NEEDS: Final = ("os-install", "third-party-install", "bug-report")
ALT: Final = f"{SYSTEM}: Альт Рабочая станция 10.2, x86_64"
APT: Final = f"{UPDATES}: вчера, через apt-get dist-upgrade"
FIELDS: Final = {SYSTEM: "Альт Рабочая станция 10.2, x86_64", UPDATES: "вчера, через apt-get dist-upgrade"}


@dataclass(frozen=True)
class Act:
    """What somebody does with a ticket at a moment."""

    at: datetime
    ticket: int
    who: str
    words: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    private: bool = False


@dataclass(frozen=True)
class Opening:
    """How a ticket begins."""

    at: datetime
    ticket: int
    project: str
    who: str
    kind: str
    plan: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Story:
    """One ticket's plan while it is drawn up."""

    number: int
    received: datetime
    customer: str
    calendar: Calendar
    dice: random.Random
    kind: str = ""
    plan: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    by: str = ""
    acts: list[Act] = field(default_factory=list)

    @property
    def last(self) -> datetime:
        """When somebody last did something."""
        return self.acts[-1].at if self.acts else self.received

    def staff(self, who: str, hours: float, words: str = "", *, private: bool = False, **attributes: Any) -> None:
        """Staff do something so many working hours later."""
        at = self.calendar.later(self.last, timedelta(hours=hours) + timedelta(minutes=self.dice.randint(0, 40)))
        self.acts.append(Act(at, self.number, who, words, attributes, private))

    def client(self, hours: float, words: str, **attributes: Any) -> None:
        """The customer does something so many hours later, by day or night."""
        at = self.last + timedelta(hours=hours) + timedelta(minutes=self.dice.randint(0, 40))
        self.acts.append(Act(at, self.number, f"{self.customer}-1", words, attributes))

    def engineer(self) -> str:
        """One of the first line."""
        return self.dice.choice(ENGINEERS)

    def of(self, department: str) -> str:
        """One of a department."""
        return self.dice.choice(OF[department])


def answered(story: Story) -> None:
    """Asked and answered, early or late; some say thanks."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(
        story.engineer(), story.dice.choice([1, 3, 6, 11, 15, 20, 26]), "Ответ: подробности в документации продукта."
    )
    if story.dice.random() < 0.5:
        story.client(3, "Спасибо большое!")


def asked_again(story: Story) -> None:
    """Answered, asked further, answered again and closed."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 4, "Ответ: да, это возможно.")
    story.client(16, "А подойдёт ли это для ста рабочих мест?")
    story.staff(story.engineer(), story.dice.choice([5, 14, 30]), "Ответ: подойдёт.", status="Закрыта")


def ended_in_silence(story: Story) -> None:
    """Answered, asked further, and ended by a status without words."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 3, "Ответ: да, это возможно.")
    story.client(20, "Проверьте, пожалуйста, ещё и для Эльбрус?")
    story.staff(story.engineer(), 5, status="Решена")


def reopened(story: Story) -> None:
    """Answered and closed; a question on the closed ticket reopens it."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 2, "Ответ: да.", status="Закрыта")
    story.client(18, "Не нашли этого в документации. Где об этом написано?")
    story.staff(story.engineer(), 8, "Ответ: в руководстве, глава 3.")


def told_all(story: Story) -> None:
    """Asked for information, gives it, is answered."""
    story.kind = story.dice.choice(NEEDS)
    story.client(story.dice.choice([2, 15, 40]), f"Добрый день!\n{ALT}\n{APT}")
    story.staff(story.engineer(), story.dice.choice([4, 12, 22]), "Ответ: выберите ручную разметку.")


def told_in_parts(story: Story) -> None:
    """Gives the information in two parts, a day apart."""
    story.kind = story.dice.choice(NEEDS)
    story.client(4, ALT)
    story.client(22, APT)
    story.staff(story.engineer(), 10, "Ответ: обновите систему и повторите.")


def told_nothing(story: Story) -> None:
    """Replies, and it cannot be read."""
    story.kind = story.dice.choice(NEEDS)
    story.client(5, "Всё как обычно, вы же знаете")
    story.staff(story.engineer(), 7, "Ответ: попробуйте прошлый выпуск.")


def silent(story: Story) -> None:
    """Never replies: paused for good."""
    story.kind = story.dice.choice(NEEDS)


def handed_over(story: Story) -> None:
    """The first line passes it to the developers, who answer in time or late."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 3, assigned_to=DEVELOPERS)
    story.staff(
        story.of(DEVELOPERS), story.dice.choice([4, 9, 20, 30]), "Ответ разработчиков: будет в следующем выпуске."
    )


def handed_on(story: Story) -> None:
    """To the developers, on to the laboratory, and back to the first line, which answers."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 2, "Коллеги, это к вам.", private=True, assigned_to=DEVELOPERS)
    story.staff(story.of(DEVELOPERS), 6, assigned_to=LABORATORY)
    story.staff(story.of(LABORATORY), 7, assigned_to="Пресейл")
    story.staff(story.engineer(), 8, "Ответ: лаборатория подтвердила.")


def handed_over_paused(story: Story) -> None:
    """Passed on while the customer is being asked; the customer replies a day later."""
    story.kind = story.dice.choice(NEEDS)
    story.staff(story.engineer(), 2, assigned_to=DEVELOPERS)
    story.client(26, f"{ALT}\n{APT}")
    story.staff(story.of(DEVELOPERS), 9, "Ответ: исправление готово.")


def approved(story: Story) -> None:
    """Sales agree, the laboratory answers."""
    story.kind, story.fields = "hardware-test", FIELDS
    story.staff(story.of(SALES), story.dice.choice([3, 8, 14]), status="Согласовано")
    story.staff(story.of(LABORATORY), story.dice.choice([6, 16]), "Ответ: ноутбук проверен, работает.")


def refused(story: Story) -> None:
    """Sales do not agree."""
    story.kind, story.fields = "hardware-test", FIELDS
    story.staff(story.of(SALES), story.dice.choice([4, 10]), status="Не согласовано")


def approved_wrongly(story: Story) -> None:
    """An engineer who may not sets the mark of agreement, then sales do."""
    story.kind, story.fields = "hardware-test", FIELDS
    story.staff(story.engineer(), 3, status="Согласовано")
    story.staff(story.of(SALES), 5, status="Согласование")
    story.staff(story.of(SALES), 2, status="Согласовано")
    story.staff(story.of(LABORATORY), 6, "Ответ: проверено.")


def not_decided(story: Story) -> None:
    """Sales keep silent."""
    story.kind, story.fields = "hardware-test", FIELDS


def out_of_scope(story: Story) -> None:
    """Not presale: the addressee answers with what was proposed."""
    story.kind = story.dice.choice(("licensed-support", "project-work"))
    department = SUPPORT if story.kind == "licensed-support" else PARTNERS
    story.staff(
        story.of(department), story.dice.choice([2, 12, 21]), "Ответ: это решает наш отдел, мы свяжемся с Вами."
    )


def closed_without_a_word(story: Story) -> None:
    """Closed, and the customer has no answer."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 5, status="Закрыта")


def paused_by_staff(story: Story) -> None:
    """Staff ask something, the customer replies two days later."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 4, "Уточните, пожалуйста, число рабочих мест.", status="Обратная связь")
    story.client(story.dice.choice([20, 50]), "Их двести.")
    story.staff(story.engineer(), 9, "Ответ: подойдёт Альт Сервер.")


def term_by_hand(story: Story) -> None:
    """Staff set a due date and keep it, or do not."""
    story.kind = story.dice.choice(SIMPLE)
    story.staff(story.engineer(), 1, due_date=story.dice.choice(["2026-11-06", "2026-11-09"]))
    story.staff(story.engineer(), story.dice.choice([10, 30]), "Ответ: готово.")


def for_a_customer(story: Story) -> None:
    """An engineer opens it for a customer who has called; somebody else answers."""
    story.kind, story.by = story.dice.choice(SIMPLE), "orlova"
    story.staff("orlova", 0.3, "Клиент звонил, просит ответить письменно.")
    story.staff(story.engineer(), 7, "Ответ: да, это возможно.")


def forgotten(story: Story) -> None:
    """Nobody does anything, from the first Sunday on."""
    story.received = FIRST + 100 * MINUTE
    story.kind = story.dice.choice(SIMPLE)


PLANS: Final[tuple[tuple[int, Callable[[Story], None]], ...]] = (
    (12, answered), (4, asked_again), (2, ended_in_silence), (2, reopened), (6, told_all), (3, told_in_parts),
    (2, told_nothing), (2, silent), (5, handed_over), (2, handed_on), (2, handed_over_paused), (3, approved),
    (2, refused), (1, approved_wrongly), (1, not_decided), (3, out_of_scope), (2, closed_without_a_word),
    (2, paused_by_staff), (2, term_by_hand), (1, for_a_customer), (1, forgotten),
)  # fmt: skip
"""How many of each; sixty in all."""


@dataclass
class Script:
    """All that people do, in order of time, and when the bridge passes."""

    openings: list[Opening]
    acts: list[Act]
    passes: list[datetime]

    def moments(self) -> Iterator[tuple[datetime, Opening | Act | None]]:
        """Everything in order; None is a pass. What people do keeps clear of the passes, so that nothing depends on the machine's speed."""
        people: list[Opening | Act] = sorted([*self.openings, *self.acts], key=lambda one: (one.at, one.ticket))
        timed: list[tuple[datetime, Opening | Act | None]] = [(at, None) for at in self.passes]
        last = FIRST - HOUR
        for one in people:
            at = max(one.at, last + timedelta(seconds=15))
            near = next((p for p in self.passes if p - MINUTE <= at < p + 4 * MINUTE), None)
            last = near + 4 * MINUTE if near else at
            if last < LAST:
                timed.append((last, one))
        return iter(sorted(timed, key=lambda pair: pair[0]))


def draw(calendar: Calendar, count: int = 60) -> Script:
    """The script; `count` takes every n-th ticket for a smaller one."""
    dice = random.Random(SEED)
    plans = [plan for number, plan in PLANS for _ in range(number)]
    dice.shuffle(plans)
    openings: list[Opening] = []
    acts: list[Act] = []
    for number, plan in enumerate(plans):
        story = Story(number, _receipt(dice), dice.choice(CUSTOMERS), calendar, dice, plan=plan.__name__)
        plan(story)
        by = story.by or f"{story.customer}-1"
        openings.append(Opening(story.received, number, story.customer, by, story.kind, story.plan, story.fields))
        acts += story.acts
    kept = _every(openings, count)
    return Script(
        [one for one in openings if one.ticket in kept], [a for a in acts if a.ticket in kept], _passes(dice, calendar)
    )


def _every(openings: list[Opening], count: int) -> set[int]:
    """So many tickets, one of each plan at least."""
    ordered = sorted(
        openings, key=lambda one: (sum(o.plan == one.plan and o.ticket < one.ticket for o in openings), one.ticket)
    )
    return {one.ticket for one in ordered[:count]}


def _receipt(dice: random.Random) -> datetime:
    """A moment of receipt: most in office hours, some at night, on the holiday and over the weekends."""
    day = FIRST.replace(hour=0, minute=0) + timedelta(days=dice.choice([0, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8]))
    minutes = dice.randint(9 * 60, 17 * 60) if dice.random() < 0.85 else dice.randint(0, 24 * 60 - 1)
    return max(day + timedelta(minutes=minutes), FIRST + 5 * MINUTE)


def _passes(dice: random.Random, calendar: Calendar) -> list[datetime]:
    """Every ten to thirty minutes in office hours, every few hours otherwise, and again before an opening."""
    passes, at = [], FIRST
    while at < LAST:
        passes.append(at)
        morning = at.replace(hour=8, minute=40)
        if at >= morning and at.hour < 19 and calendar.hours(at.date()):
            at += dice.randint(10, 30) * MINUTE
        elif at < morning and calendar.hours(at.date()):
            at = min(at + 3 * HOUR, morning)
        else:
            at += 3 * HOUR
    return [*passes, LAST]
