"""How often, as procrastinate's periodic tasks are told it: in the words of cron, with seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_SMALLER: Final = (("second", 1, 60), ("minute", 60, 60), ("hour", 3600, 24))


def cron(every: timedelta) -> str:
    """The pattern for a span, rounded down to what divides a minute, an hour or a day: all replicas then wake at the same moments.

    >>> cron(timedelta(seconds=45)), cron(timedelta(minutes=5))
    ('* * * * * */30', '*/5 * * * * 0')
    """
    seconds = max(1, int(every.total_seconds()))
    unit, size, whole = next((row for row in reversed(_SMALLER) if seconds >= row[1]), _SMALLER[0])
    step = max(number for number in range(1, whole + 1) if whole % number == 0 and number * size <= seconds)
    each = "*" if step == 1 else "0" if step == whole else f"*/{step}"
    match unit:
        case "second":
            return f"* * * * * {each}"
        case "minute":
            return f"{each} * * * * 0"
        case _:
            return f"0 {each} * * * 0"
