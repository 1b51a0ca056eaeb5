"""What the demonstration found, for people as it goes along, and as data at its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bridge.core.model import Attribute, Change, Journal, Language
from bridge.core.moments import format_moment
from bridge.demo.mail_show import MailShow
from bridge.engine import Result
from bridge.jobs import Exit

if TYPE_CHECKING:
    from datetime import datetime

    from bridge.core.worktime import WorkCalendar
    from bridge.demo.mail_show import Correspondence
    from bridge.demo.mailserver import MailServer
    from bridge.demo.server import RedmineServer
    from bridge.demo.show import Again, Planned, Post, Show
    from bridge.demo.verdict import Outcome
    from bridge.demo.world import World
    from bridge.jobs import Summary

ENTRIES: int = 2
"""So many of a ticket's last notes are shown: what happened, and what the bridge said to it."""


@dataclass(frozen=True)
class Entry:
    """One entry of a ticket's history, as it reads in Redmine."""

    at: str
    who: str
    private: bool
    changes: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Reading:
    """A ticket's last entries, and why they are shown."""

    ticket: int
    subject: str
    why: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Report:
    """All that the demonstration found; `problems` is empty when everything came out as it should."""

    address: str
    rules: tuple[str, ...]
    is_working: bool
    next_opening: datetime
    summary: Summary
    outcomes: tuple[Outcome, ...]
    readings: tuple[Reading, ...]
    posts: tuple[Post, ...]
    second: Again
    idle: Again
    problems: tuple[str, ...]
    seconds: float
    mail: Correspondence | None = None

    @property
    def ok(self) -> bool:
        """Whether everything came out as it should."""
        return not self.problems

    def as_json(self, *, kept: bool) -> dict[str, Any]:
        """As `--json` prints it; addresses and logins only of a Redmine that is left running."""
        return {
            "ok": self.ok,
            "problems": self.problems,
            "redmine": self.address if kept else None,
            "rules_differ_in": self.rules,
            "working_time": self.is_working,
            "next_opening": self.next_opening.isoformat(),
            "pass": self.summary.as_json(),
            "tickets": [_outcome_as_json(one) for one in self.outcomes],
            "notes": [asdict(one) for one in self.readings],
            "mails": [asdict(one) for one in self.posts],
            "second_pass": {"written": len(self.second.summary.written), "requests": self.second.requests},
            "idle_pass": {"written": len(self.idle.summary.written), "requests": self.idle.requests},
            "correspondence": asdict(self.mail) if self.mail else None,
            "seconds": round(self.seconds, 1),
        }


def _outcome_as_json(one: Outcome) -> dict[str, Any]:
    story = one.placed.story
    return {
        "ticket": one.ticket,
        "name": story.name,
        "state": story.state,
        "before": asdict(one.before),
        "did": list(one.did),
        "after": asdict(one.after),
        "waiting": list(one.waiting),
        "unexpected": list(one.unexpected),
    }


class Listener:
    """Is told how the demonstration goes along; this one keeps it to itself."""

    def starting(self, server: RedmineServer) -> None:
        """Redmine is about to be started."""

    def playing(self, count: int) -> None:
        """So many tickets have been made."""

    def made(self, world: World, rules: list[str]) -> None:
        """The world is there; in this the rules differ from the shipped ones."""

    def planned(self, planned: tuple[Planned, ...]) -> None:
        """What a pass would do."""

    def ran(self, summary: Summary) -> None:
        """The pass is done."""

    def came(self, outcomes: tuple[Outcome, ...], *, is_working: bool, opening: datetime) -> None:
        """What came of each ticket."""

    def read(self, readings: tuple[Reading, ...]) -> None:
        """How some tickets read now."""

    def mailed(self, posts: tuple[Post, ...]) -> None:
        """Who got Redmine's mails."""

    def passed_again(self, second: Again, idle: Again) -> None:
        """Two further passes are done."""

    def corresponded(self, mail: Correspondence) -> None:
        """A mail came in, and its answer went out."""

    def end(self, report: Report, server: RedmineServer, *, kept: bool) -> None:
        """That was all."""


def perform(show: Show, listener: Listener, began: float, mails: MailServer | None = None) -> Report:
    """The whole demonstration on a running Redmine, with mails where there is a server for them; `began` is by the monotonic clock."""
    try:
        listener.made(show.prepare(listener.playing), show.told)
        listener.planned(show.plan())
        listener.ran(show.run())
        outcomes, opening = show.outcomes(), show.next_opening
        listener.came(outcomes, is_working=show.is_working, opening=opening)
        readings = tuple(_readings(show))
        listener.read(readings)
        listener.mailed(show.posts)
        second, idle = show.again(), show.again()
        listener.passed_again(second, idle)
        mail = MailShow(show, mails).perform() if mails else None
        if mail:
            listener.corresponded(mail)
        return Report(
            address=show.server.url,
            rules=tuple(show.told),
            is_working=show.is_working,
            next_opening=opening,
            summary=show.summary,
            outcomes=outcomes,
            readings=readings,
            posts=show.posts,
            second=second,
            idle=idle,
            problems=(*_problems(show, outcomes, second, idle), *(mail.problems if mail else ())),
            seconds=time.monotonic() - began,
            mail=mail,
        )
    finally:
        show.close()


# --- what is wrong ------------------------------------------------------------------------------------------------------------------------


def _problems(show: Show, outcomes: tuple[Outcome, ...], second: Again, idle: Again) -> Iterator[str]:
    for one in outcomes:
        yield from (f"ticket {one.ticket} ({one.placed.story.name}): {sentence}" for sentence in one.unexpected)
    for what, summary in (
        ("the pass", show.summary),
        ("the second pass", second.summary),
        ("an idle pass", idle.summary),
    ):
        if summary.exit is not Exit.DONE:
            yield f"{what} ended with {summary.exit.name.lower()}: {summary.why or summary.failed}"
    for look in (*second.summary.written, *idle.summary.written):
        yield f"a further pass wrote to ticket {look.ticket_id}: {', '.join(one.step for one in look.decisions)}"
    if idle.requests != 1:
        yield f"an idle pass made {idle.requests} requests instead of one"
    yield from _wrong_plan(show)
    yield from _wrong_posts(show)


def _wrong_plan(show: Show) -> Iterator[str]:
    did = {look.ticket_id: tuple(one.step for one in look.decisions) for look in show.summary.written}
    for one in show.planned:
        held = one.look.result in (Result.OLD, Result.SHADOW)
        would = () if held else tuple(decision.step for decision in one.look.decisions)
        if would != did.get(one.look.ticket_id, ()):
            yield f"ticket {one.look.ticket_id}: the plan was {would}, done was {did.get(one.look.ticket_id, ())}"


def _wrong_posts(show: Show) -> Iterator[str]:
    """A customer gets at most one mail a ticket and pass (W1), and none of what is private."""
    public = {look.ticket_id for look in show.summary.written for write in look.writes if not write.private}
    for post in show.posts:
        for ticket, count in post.tickets.items():
            if post.is_customer and (count > 1 or ticket not in public):
                yield f"{post.who}, a customer, got {count} mails about ticket {ticket} from one pass"


# --- how it reads -----------------------------------------------------------------------------------------------------------------------


def _readings(show: Show) -> Iterator[Reading]:
    for one in show.planned:
        if one.placed.story.shown:
            ticket = show.app.tracker.read(one.look.ticket_id)
            assert ticket is not None
            entries = tuple(_entry(journal, show.app.policy.calendar) for journal in ticket.journals[-ENTRIES:])
            yield Reading(ticket.id, ticket.current.subject, one.placed.story.shown, entries)


def _entry(journal: Journal, calendar: WorkCalendar) -> Entry:
    at = format_moment(journal.at, Language.RU, calendar)
    changes = tuple(_shown(change) for change in journal.changes)
    return Entry(at, journal.author.name, journal.private, changes, journal.notes)


def _shown(change: Change) -> str:
    name = change.name if change.attribute is Attribute.FIELD else change.attribute.value.replace("_", " ")
    return f"{name}: {change.old or '—'} → {change.new or '—'}"
