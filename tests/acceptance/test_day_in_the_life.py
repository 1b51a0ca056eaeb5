"""A day in the life: five working days of presale support around a holiday, on the real Redmine, in compressed time.

Customers and the staff of six departments do what `day.py` has drawn for them; the bridge passes every ten to thirty minutes of simulated
time. In the end there is the table that a lead would sign, and each figure in it is what `recompute.py` finds in Redmine by itself.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.redmine.connection import connect
from bridge.adapters.redmine.names import Keep
from bridge.adapters.redmine.tracker import RedmineTracker
from bridge.core.assess import Assessment
from bridge.core.model import Step
from bridge.core.policy import Policy
from bridge.core.terms import Term, due_of, working_between
from bridge.demo.actors import Actor
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from bridge.jobs import Exit, Summary
from tests.acceptance.day import LAST, OF, SALES, TEXTS, Act, Opening, Script, draw
from tests.acceptance.recompute import DEPARTMENTS, MOSCOW, Calendar, Walk, World, at, reminders
from tests.acceptance.stage import Stage, limited

pytestmark = [pytest.mark.redmine, pytest.mark.xdist_group("day in the life")]

CSV = Path(__file__).parents[2] / "bridge" / "data" / "production-calendar-ru.csv"
WEEKS = timedelta(weeks=8)
SMALL, WHOLE = 24, 60


@dataclass
class Day:
    """The days as they are played, and what can be asked afterwards."""

    stage: Stage
    script: Script
    calendar: Calendar
    numbers: dict[int, int] = field(default_factory=dict)
    passes: list[datetime] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    actors: dict[str, Actor] = field(default_factory=dict)

    def play(self) -> None:
        """From the first morning to the last."""
        for moment, what in self.script.moments():
            self.stage.at(moment)
            match what:
                case None:
                    self.summaries.append(self.stage.run())
                    self.passes.append(moment)
                case Opening():
                    self.numbers[what.ticket] = self._open(what)
                case Act():
                    self._act(what)
        self.stage.at(LAST + timedelta(minutes=30))

    def actor(self, login: str) -> Actor:
        """Somebody, over one connection."""
        return self.actors.setdefault(login, self.stage.actor(login))

    def _open(self, opening: Opening) -> int:
        more = {"fields": opening.fields} if opening.fields else {}
        return self.actor(opening.who).open_issue(opening.project, *TEXTS[opening.kind], **more)

    def _act(self, act: Act) -> None:
        who, number = self.actor(act.who), self.numbers[act.ticket]
        said = {"notes": act.words, "private_notes": act.private} if act.words else {}
        who.request("PUT", f"/issues/{number}.json", {"issue": who._asked(**act.attributes) | said})

    # --- afterwards -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """When the table is drawn up."""
        return self.stage.now

    @cached_property
    def assessments(self) -> dict[int, Assessment]:
        """What the bridge makes of each ticket in the end."""
        engine = self.stage.app.engine()
        found = {number: engine.assess(number, self.now) for number in self.numbers.values()}
        return {number: a for number, a in found.items() if a}

    @cached_property
    def issues(self) -> dict[int, dict[str, Any]]:
        """Each ticket as the administrator sees it."""
        return {number: self.actor("admin").issue(number) for number in self.numbers.values()}

    @cached_property
    def world(self) -> World:
        """What ids mean, by REST."""
        admin, users = self.actor("admin"), self.stage.server.users
        statuses = admin.request("GET", "/issue_statuses.json")["issue_statuses"]
        groups = admin.request("GET", "/groups.json")["groups"]
        return World(
            self.calendar,
            {str(row["id"]): row["name"] for row in statuses},
            {str(row["id"]): row["name"] for row in groups if row["name"] in DEPARTMENTS},
            frozenset(user.id for login, user in users.items() if login.startswith("customer-")),
            users["presale-bridge"].id,
            frozenset(users[login].id for login in (*OF[SALES], "volkov")),
        )

    def walk(self, number: int) -> Walk:
        """The ticket once more, by its journals alone."""
        return Walk(self.issues[number], self.world, self.now.astimezone(MOSCOW)).walk()

    @cached_property
    def openings(self) -> dict[int, Opening]:
        """How each ticket began."""
        return {self.numbers[one.ticket]: one for one in self.script.openings}

    def due(self, a: Assessment, term: Term) -> datetime:
        """When a term's answer is due."""
        return due_of(term, a.route.term or a.policy.terms.of(a.kind), a.policy.calendar, a.now)

    def late_by(self, a: Assessment, term: Term) -> timedelta:
        """By how much working time a term's answer is late."""
        return working_between(term, self.due(a, term), term.end or a.now, a.policy.calendar)


def play(redmine: RedmineServer, policy: Policy, folder: Path, count: int) -> Iterator[Day]:
    """The days, played, with their table written and printed."""
    clear(redmine.database)
    redmine.mails.clear()
    calendar = Calendar(CSV)
    script = draw(calendar, count)
    stage = Stage(redmine, folder, limited(policy, *{one.project for one in script.openings}))
    stage.wrap = lambda _: RedmineTracker(
        connect(stage.app.connection),
        stage.policy.redmine,
        stage.policy.departments.values(),
        lambda: stage.now,
        keep=Keep(WEEKS, WEEKS),  # nobody comes or goes in these days
    )
    day = Day(stage, script, calendar)
    began = time.perf_counter()
    day.play()
    table = "\n".join(report(day, time.perf_counter() - began))
    (folder / "day-in-the-life.txt").write_text(table, encoding="utf-8")
    print(f"\n{table}")  # noqa: T201 - it is to be read
    yield day
    stage.close()
    redmine.set_time(None)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SMALL, id=f"{SMALL} tickets"),
        pytest.param(WHOLE, id=f"{WHOLE} tickets", marks=pytest.mark.soak),
    ],
)
def day(
    request: pytest.FixtureRequest, redmine: RedmineServer, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """The days, played once for all tests of them."""
    yield from play(redmine, policy, tmp_path_factory.mktemp("day"), request.param)


# --- the table ---------------------------------------------------------------------------------------------------------


def report(day: Day, seconds: float) -> Iterator[str]:
    """The table that a lead would sign."""
    yield f"{len(day.numbers)} tickets, {len(day.passes)} passes, Sunday 1 to Tuesday 10 November 2026 (3 short, 4 off, 7-8 weekend)"
    yield f"played in {seconds:.0f} s; times are Moscow's, late is working time, notes are the bridge's: public + private"
    yield ""
    rows = [HEAD, *(row for number in sorted(day.assessments) for row in _rows(day, number))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from _summary(day)
    yield from _mails(day)


HEAD = (
    "",
    "kind",
    "department",
    "received",
    "due",
    "extended for",
    "paused",
    "ended",
    "how",
    "late",
    "reminded",
    "notes",
    "plan",
)


def _rows(day: Day, number: int) -> Iterator[tuple[str, ...]]:
    """One row a term; what is the ticket's stands in the first."""
    a = day.assessments[number]
    for term in a.standing.terms:
        first, late = term.ordinal == 1, day.late_by(a, term)
        yield (
            str(number) if first else "",
            a.kind if first else f"  {term.reason}",
            a.department.name if first else "",
            _moment(term.start),
            _moment(day.due(a, term)) + (" set" if term.fixed else ""),
            " + ".join(one.hand_over.department.name for one in term.extensions),
            " + ".join(
                f"{_moment(pause.start)} - {_moment(pause.end) if pause.end else '...'}" for pause in term.pauses
            ),
            _moment(term.end) if term.end else "",
            str(term.outcome or a.standing.clock),
            _span(late) if late else "",
            _reminded(a) if first else "",
            _notes(day, number) if first else "",
            day.openings[number].plan if first else "",
        )


def _reminded(a: Assessment) -> str:
    """Reminders by their number in the rules, escalations with an exclamation mark; a bare one: closed without an answer."""
    marks = {Step.REMIND: "", Step.ESCALATE: "!"}
    return " ".join(f"{own.ordinal or ''}{marks[own.step]}" for own in a.chronicle.done if own.step in marks)


def _notes(day: Day, number: int) -> str:
    """The bridge's notes: public and private."""
    own = [row for row in day.issues[number]["journals"] if row["user"]["id"] == day.world.bridge and row["notes"]]
    private = sum(row["private_notes"] for row in own)
    return f"{len(own) - private} + {private}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(MOSCOW):%a %d %H:%M}"


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 60}h{minutes % 60:02d}"


def _summary(day: Day) -> Iterator[str]:
    yield ""
    yield "notes of the bridge, by step"
    steps = Counter(
        own.step.value for a in day.assessments.values() for event in a.chronicle.events for own in event.steps
    )
    yield "  ".join(f"{name} {count}" for name, count in steps.most_common())


def _mails(day: Day) -> Iterator[str]:
    yield ""
    yield "mails, by person"
    logins = {user.mail: user.login for user in day.stage.server.users.values()}
    to = Counter(logins.get(address, address) for mail in day.stage.server.mails.all() for address in mail.recipients)
    yield "  ".join(f"{name} {count}" for name, count in sorted(to.items(), key=lambda pair: (-pair[1], pair[0])))


# --- the checks --------------------------------------------------------------------------------------------------------


def near(one: datetime | None, other: datetime | None) -> bool:
    """The same to the second: REST tells no more."""
    return (one is None) == (other is None) and (
        one is None or other is None or abs(one - other) < timedelta(seconds=2)
    )


def test_every_pass_went_well(day: Day) -> None:
    """No pass failed, nothing is left unknown or put aside, and there was nothing to report."""
    assert {summary.exit for summary in day.summaries} == {Exit.DONE}
    assert not [summary for summary in day.summaries if summary.failed or summary.as_json()["unknown"]]
    assert day.stage.reports == []


def test_r1_every_ticket_has_its_kind(day: Day) -> None:
    """The kind is what its author meant."""
    found = {number: a.kind for number, a in day.assessments.items()}
    assert found == {number: one.kind for number, one in day.openings.items()}


def test_t13_terms_are_what_the_journals_say(day: Day) -> None:
    """Each term: its start and reason, due moment, extensions, pauses, end, outcome and lateness, by two ways of counting."""
    wrong = [line for number in sorted(day.assessments) for line in _differences(day, number)]
    assert not wrong, "\n".join(wrong)


def _differences(day: Day, number: int) -> Iterator[str]:
    a, walk = day.assessments[number], day.walk(number)
    if len(a.standing.terms) != len(walk.terms):
        yield f"{number} {day.openings[number].plan}: {len(a.standing.terms)} terms, and by the journals {len(walk.terms)}"
    for term, own in zip(a.standing.terms, walk.terms, strict=False):
        pairs = {
            "start": (term.start, own.start),
            "due": (day.due(a, term), walk.due(own)),
            "end": (term.end, own.end),
            **{
                f"pause {i}": (pause.start, span[0])
                for i, (pause, span) in enumerate(zip(term.pauses, own.pauses, strict=False))
            },
            **{
                f"pause's end {i}": (p.end, span[1])
                for i, (p, span) in enumerate(zip(term.pauses, own.pauses, strict=False))
            },
        }
        found = [f"{name} {one} and {other}" for name, (one, other) in pairs.items() if not near(one, other)]
        plain = {
            "reason": (term.reason, own.why),
            "pauses": (len(term.pauses), len(own.pauses)),
            "extended for": ([one.hand_over.department.name for one in term.extensions], own.extensions),
            "outcome": (str(term.outcome or ""), own.outcome),
        }
        found += [f"{name} {one} and {other}" for name, (one, other) in plain.items() if one != other]
        if abs(day.late_by(a, term) - walk.late_by(own)) > timedelta(seconds=2):
            found.append(f"late by {day.late_by(a, term)} and {walk.late_by(own)}")
        if found:
            yield f"{number} {day.openings[number].plan}, term {term.ordinal}: {'; '.join(found)}"


def test_t1_departments_are_what_the_journals_say(day: Day) -> None:
    """Whose the ticket is, and by when that department has to answer."""
    wrong = []
    for number, a in day.assessments.items():
        walk = day.walk(number)
        mine = walk.department, walk.department_due()
        if a.department.name != mine[0] or not near(a.standing.department_due, mine[1]):
            wrong.append(
                f"{number} {day.openings[number].plan}: {a.department.name} {a.standing.department_due} and {mine}"
            )
    assert not wrong, "\n".join(wrong)


def test_m1_reminders_are_those_that_are_due(day: Day) -> None:
    """Each reminder and escalation, at the very pass, and none besides."""
    wrong = []
    for number in day.assessments:
        said = [(name, ordinal, _pass_of(day, when)) for name, ordinal, when in day.walk(number).reminded if ordinal]
        due = [(name, ordinal, moment.astimezone(MOSCOW)) for name, ordinal, moment in _expected(day, number)]
        if said != due:
            wrong.append(f"{number} {day.openings[number].plan}: said {_told(said)}, due {_told(due)}")
    assert not wrong, "\n".join(wrong)


def _told(steps: list[tuple[str, int, datetime]]) -> str:
    return ", ".join(f"{name} {ordinal} {_moment(when)}" for name, ordinal, when in steps) or "nothing"


def _pass_of(day: Day, when: datetime) -> datetime:
    return max(moment for moment in day.passes if moment <= when).astimezone(MOSCOW)


def _expected(day: Day, number: int) -> Iterator[tuple[str, int, datetime]]:
    yield from reminders(day.issues[number], day.world, [moment.astimezone(MOSCOW) for moment in day.passes])


def test_m1_reminders_come_in_working_time(day: Day) -> None:
    """Not one private note of the bridge at night, on the holiday or after an early close."""
    bridge = day.world.bridge
    moments = [at(row["created_on"]) for issue in day.issues.values() for row in issue["journals"] if row["user"]["id"] == bridge and row["private_notes"] and re.search("напоминание|эскалация [1-9]", row["notes"].splitlines()[-1])]  # fmt: skip
    assert moments
    assert not [moment for moment in moments if not day.calendar.working(moment)]


def test_t8_closed_without_an_answer_is_told_to_the_lead(day: Day) -> None:
    """One escalation without a number for each ticket that staff closed in silence, none for the others."""
    for number in day.assessments:
        walk = day.walk(number)
        silent = sum(term.outcome == "closed without an answer" for term in walk.terms)
        assert sum(name == "эскалация" and not ordinal for name, ordinal, _ in walk.reminded) == silent, number


def test_w1_at_most_one_public_and_one_private_note_a_pass(day: Day) -> None:
    """Per pass and ticket; and every step once, but reminders of a new term."""
    for number, issue in day.issues.items():
        own = [row for row in issue["journals"] if row["user"]["id"] == day.world.bridge and row["notes"]]
        sides = Counter((_pass_of(day, at(row["created_on"])), row["private_notes"]) for row in own)
        assert max(sides.values(), default=0) <= 1, number
        steps = Counter(
            (one.step, one.ordinal, one.anchor)
            for event in day.assessments[number].chronicle.events
            for one in event.steps
        )
        again = {key[0] for key, count in steps.items() if count > 1}
        assert again <= {Step.REMIND, Step.ESCALATE}, number


def test_every_ticket_is_acknowledged_once(day: Day) -> None:
    """Whoever was not answered before the bridge came by was told that the request has arrived, and by when it is usually answered."""
    for number, a in day.assessments.items():
        assert a.chronicle.count(Step.ACKNOWLEDGE) == 1, day.openings[number]


def test_t10_the_due_date_in_redmine_is_the_last_term_told(day: Day) -> None:
    """What stands in Redmine as due date is the date of the term, unless a person has set another, it is paused, or nobody was told yet."""
    wrong = []
    for number, a in day.assessments.items():
        if a.standing.term.ordinal > 1 or a.standing.term.pauses or a.standing.term.fixed or not a.standing.term.end:
            continue
        stands, due = day.issues[number]["due_date"], day.walk(number).due(day.walk(number).term).date().isoformat()
        if stands != due:
            wrong.append(f"{number} {day.openings[number].plan}: {stands} and {due}")
    assert not wrong, "\n".join(wrong)


def test_customers_are_mailed_what_they_may_see_and_no_more(day: Day) -> None:
    """One mail for each public entry of somebody else in an own ticket: so at most one a pass from the bridge."""
    users = day.stage.server.users
    expected: Counter[str] = Counter()
    for number, issue in day.issues.items():
        who = day.openings[number].who
        others = [row for row in issue["journals"] if row["user"]["id"] != users[who].id and not row["private_notes"]]
        expected[users[who].mail] += len(others) if who.startswith("customer-") else 0
    mails = Counter(address for mail in day.stage.server.mails.all() for address in mail.recipients)
    customers = {user.mail for login, user in users.items() if login.startswith("customer-")}
    assert {who: count for who, count in mails.items() if who in customers} == {
        who: c for who, c in expected.items() if c
    }


def test_m2_leads_are_mailed_their_escalations(day: Day) -> None:
    """Whatever is for a lead is mailed to the lead of whoever has the ticket then: the sales department has one of its own."""
    users, mailed = day.stage.server.users, set()
    for mail in day.stage.server.mails.all():
        mailed |= {(mail.issue, address, _pass_of(day, mail.message["Date"].datetime)) for address in mail.recipients}
    for number, issue in day.issues.items():
        for name, ordinal, when in day.walk(number).reminded:
            if name == "эскалация" or ordinal == 2:
                department = Walk(issue, day.world, when).walk().department
                lead = users["volkov" if department == SALES else "orlova"].mail
                assert (number, lead, _pass_of(day, when)) in mailed, f"{number}: {name} {ordinal} {_moment(when)}"


def test_the_days_have_all_that_they_are_to_show(day: Day) -> None:
    """Late and in time, paused, extended once and twice, reopened, escalated, out of scope: the script is no walk in the park."""
    terms = [(a, term) for a in day.assessments.values() for term in a.standing.terms]
    assert any(day.late_by(a, term) for a, term in terms)
    assert any(term.end and not day.late_by(a, term) for a, term in terms)
    assert {len(term.extensions) for _, term in terms} == {0, 1, 2}
    assert {"receipt", "further question", "reopened"} <= {term.reason for _, term in terms}
    assert {"answered", "closed without an answer", "out of scope and told so"} <= {
        str(term.outcome) for _, term in terms
    }
    days = {term.start.astimezone(MOSCOW).day for _, term in terms}
    assert days >= {1, 2, 3, 4, 5, 6, 7}, "also on Sunday, on the holiday and on Saturday"
    dues = {_moment(day.due(a, term)) for a, term in terms}
    assert {"Tue 03 17:00", "Thu 05 18:00", "Fri 06 18:00"} <= dues, (
        "an hour earlier on the short day, and over the holiday"
    )
