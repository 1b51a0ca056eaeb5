"""What customers and staff do in the soak: the day's plans without the day's hours, one act after another, many tickets at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.acceptance import day
from tests.acceptance.day import CUSTOMERS, Act, Opening, Story
from tests.acceptance.recompute import Calendar

SEED = 20261124
AT_ONCE = 60
"""So many tickets are under way at any moment."""
PLANS = (
    *(8 * (day.answered,)),
    *(2 * (day.asked_again,)),
    *(2 * (day.reopened,)),
    *(4 * (day.told_all,)),
    *(2 * (day.told_in_parts,)),
    day.told_nothing,
    day.silent,
    *(3 * (day.handed_over,)),
    *(2 * (day.out_of_scope,)),
    day.closed_without_a_word,
)
ASKED = frozenset(plan.__name__ for plan in (day.told_all, day.told_in_parts, day.told_nothing, day.silent))
"""Plans of tickets that need information."""
Step = Opening | Act


def stories(calendar: Calendar, count: int, now: datetime) -> list[list[Step]]:
    """What happens to each ticket, in order."""
    dice = random.Random(SEED)
    return [_story(number, Story(number, now, dice.choice(CUSTOMERS), calendar, dice)) for number in range(count)]


def _story(number: int, story: Story) -> list[Step]:
    plan = PLANS[number % len(PLANS)]
    plan(story)
    by = f"{story.customer}-1"
    opening = Opening(story.received, number, story.customer, by, story.kind, plan.__name__, story.fields)
    return [opening, *story.acts]


@dataclass
class Crowd:
    """Who does what next: each ticket's acts in order, a bounded number of tickets taking turns, none before the bridge has said its part."""

    waiting: list[list[Step]]
    under_way: list[list[Step]] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))

    @property
    def left(self) -> bool:
        """Whether anybody still wants something."""
        return bool(self.waiting or self.under_way)

    def next(self, ready: Callable[[Act], bool]) -> Step | None:
        """What somebody does now; None where all wait for the bridge."""
        while self.waiting and len(self.under_way) < AT_ONCE:
            self.under_way.append(self.waiting.pop(0))
        able = [plan for plan in self.under_way if isinstance(plan[0], Opening) or ready(plan[0])]
        if not able:
            return None
        plan = self.dice.choice(able)
        step = plan.pop(0)
        if not plan:
            self.under_way.remove(plan)
        return step
