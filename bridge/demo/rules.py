"""The rules of the demo: the ones that are shipped, with what has to differ in a copy of them, each difference told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.demo import processes
from bridge.errors import PermanentError
from bridge.policy.beside import file_beside, named_files
from bridge.policy.load import load

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.core.policy import Policy
    from bridge.core.worktime import WorkCalendar

AHEAD: Final = timedelta(days=45)
LEAD: Final = "orlova"


@dataclass(frozen=True)
class Difference:
    """A place in the rules and what stands there in the demo's copy."""

    pattern: str
    replacement: str
    told: str


def write_copy(source: Path, to: Path, differences: tuple[Difference, ...]) -> None:
    """Write the copy, with the files that the rules name beside them.

    Raises:
        PermanentError: the rules do not have one of the places, or have it more than once.
    """
    text = source.read_text(encoding="utf-8")
    for one in differences:
        text, count = re.subn(one.pattern, _as_it_is(one.replacement), text, flags=re.MULTILINE)
        if count != 1:
            raise PermanentError(f"The demo cannot use {source}: {count} places where it has to set {one.told}")
    processes.write(to, text)
    for name in named_files(text):
        processes.write(to.parent / name, file_beside(source.parent, name).read_text(encoding="utf-8"))


def _as_it_is(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def differences(
    source: Path, now: datetime, logins: Collection[str], not_before: Callable[[WorkCalendar], datetime]
) -> tuple[Difference, ...]:
    """What has to differ at this moment for a Redmine with these logins."""
    policy = load(source).policy
    since = not_before(policy.calendar).isoformat(timespec="seconds")
    return (
        Difference(r"^  not_before: \S+", f"  not_before: {since}", f"limits.not_before: {since}"),
        _reminder(),
        *_lead(policy, logins),
        *_year(policy.calendar, now),
    )


def _reminder() -> Difference:
    """So that a term that ends with the day in hand is reminded of at whatever hour the demo is run."""
    told = "the first reminder 9 working hours before the term's end instead of 4"
    return Difference(r"at: -4 working hours, of: due,", "at: -9 working hours, of: due,", told)


def _lead(policy: Policy, logins: Collection[str]) -> Iterator[Difference]:
    if policy.lead not in logins:
        yield Difference(rf"^lead: {re.escape(policy.lead)}\b", f"lead: {LEAD}", f"lead: {LEAD}")


def _year(calendar: WorkCalendar, now: datetime) -> Iterator[Difference]:
    """Terms that end in a year whose decree is not known yet: its holidays alone."""
    year = (now + AHEAD).year
    if year not in calendar.years:
        days = f"{year}-01-01..{year}-01-08"
        told = f"calendar.years: {year} with its New Year holidays only, as its calendar is not shipped yet"
        yield Difference(r"^  production: ru$", f"  production: ru\n  years: {{{year}: {{off: [{days}]}}}}", told)
