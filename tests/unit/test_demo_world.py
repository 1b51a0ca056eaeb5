"""The demo's world, without a Redmine: it is complete, and true at whatever moment the demo is run."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.core.assess import assess
from bridge.core.decide import wants
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Attribute, Change, Journal, Language, Person, Role, State, Ticket, Write
from bridge.core.policy import Policy
from bridge.core.rules import language_of
from bridge.demo.moments import Moments
from bridge.demo.rules import differences, write_copy
from bridge.demo.show import is_reminder
from bridge.demo.verdict import facts_of
from bridge.demo.world import KINDS, STATES, Act, Placed, World, read_stories, world_at
from bridge.errors import PermanentError
from bridge.policy.beside import named_files
from bridge.policy.load import load
from bridge.policy.shipped import shipped_rules

MOSCOW = ZoneInfo("Europe/Moscow")
PRESALE = "ТехП Пресейл"
BRIDGE = Person("1", "Пресейл Мост", Role.BRIDGE)
SALES = {"volkov", "vasiliev"}
LOGINS = {"orlova", "ivanov"}
# Of these, every second one takes all stories through.
NOWS = [
    pytest.param("2026-11-24 14:00", id="a Tuesday afternoon"),
    pytest.param("2026-11-23 09:02", id="a Monday, just opened"),
    pytest.param("2026-11-25 17:40", id="the last hour of a Wednesday"),
    pytest.param("2026-11-26 20:15", id="a Thursday evening"),
    pytest.param("2026-11-27 02:00", id="a Friday before dawn, yesterday still in UTC"),
    pytest.param("2026-12-31 12:00", id="31 December"),
    pytest.param("2026-11-22 21:00", id="a Sunday evening"),
    pytest.param("2027-01-11 09:30", id="the first morning after it"),
    pytest.param("2027-01-05 12:00", id="the New Year break"),
    pytest.param("2026-11-03 16:20", id="the short day before a holiday"),
    pytest.param("2027-12-30 13:00", id="the end of the last year with data"),
    pytest.param("2027-02-20 12:00", id="a working Saturday, if the decree has it"),
]


def moscow(text: str) -> datetime:
    """A moment by the clocks of Moscow."""
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@cache
def written(folder: Path, year: int) -> Policy:
    """The demo's rules as it writes them in a year."""
    now = datetime(year, 12, 20, tzinfo=UTC)
    differ = differences(shipped_rules(), now, LOGINS, lambda _: now)
    write_copy(shipped_rules(), folder / "rules.yaml", differ)
    return load(folder / "rules.yaml").policy


def policy_at(now: datetime, folder: Path) -> Policy:
    """The demo's rules at a moment."""
    policy = written(folder, now.year)
    not_before = world_at(Moments(now, policy.calendar)).not_before
    return replace(policy, limits=replace(policy.limits, not_before=not_before))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the copies of the rules go."""
    return tmp_path_factory.mktemp("rules")


def test_each_kind_and_each_state() -> None:
    """Each kind of the policy and each state is there, and no other."""
    stories = read_stories()
    assert {story.kind for story in stories} == set(KINDS)
    assert {story.state for story in stories} == set(STATES)
    assert len(stories) >= 40


def test_each_customer() -> None:
    """All twenty customers have tickets, each name stands for one story, and some of them write English."""
    stories = read_stories()
    assert {story.home for story in stories} == {f"customer-{number:02}" for number in range(1, 21)}
    assert max(Counter(story.name for story in stories).values()) == 1
    states = [State(subject=story.subject, description=story.description) for story in stories]
    assert Counter(language_of(state) for state in states)[Language.EN] >= 3


def test_the_policy_names_these_kinds() -> None:
    """The kinds are those of the rules that are shipped."""
    assert set(KINDS) == {route.kind for route in load(shipped_rules()).policy.routes}


def test_what_the_demo_shows() -> None:
    """A hand-over, an approval given and one refused, and a proposal are shown as they read."""
    shown = {story.state for story in read_stories() if story.shown}
    assert {"handed over", "approval given", "approval refused", "out of scope"} <= shown


@pytest.mark.parametrize("text", NOWS)
def test_moments_lie_right(text: str, folder: Path) -> None:
    """All that is told has happened, in order; what is called late is late, what is nearly due ends with the day in hand."""
    now = moscow(text)
    moments = Moments(now, policy_at(now, folder).calendar)
    world = world_at(moments)
    assert moments.closing(0) <= now < moments.closing(1)
    for placed in world.placed:
        told = [placed.received, *(at for at, _ in placed.acts)]
        assert told == sorted(told)
        assert told[-1] <= now
        if placed.story.state == "nearly due":
            assert placed.due == moments.closing(1)
        if placed.story.state == "late":
            assert placed.due is not None
            assert placed.due <= now
    assert [placed.received for placed in world.placed] == sorted(placed.received for placed in world.placed)


@pytest.mark.parametrize("text", NOWS[::2])
def test_every_story_comes_out(text: str, folder: Path) -> None:
    """At any hour the bridge does with each ticket what its story expects, and would have done before what the story tells of it."""
    now = moscow(text)
    policy = policy_at(now, folder)
    world = world_at(Moments(now, policy.calendar))
    wrong = [sentence for placed in world.placed for sentence in _wrong(placed, world, policy)]
    assert not wrong, "\n".join(wrong)


def test_only_the_old_one_is_old(folder: Path) -> None:
    """The bridge was switched on after the oldest ticket and before all others."""
    now = moscow("2026-11-24 14:00")
    world = world_at(Moments(now, policy_at(now, folder).calendar))
    old = [placed.story.state for placed in world.placed if placed.received < world.not_before]
    assert old == ["older than not_before"]


def test_rules_that_lack_a_place(tmp_path: Path) -> None:
    """Rules in which the demo cannot set what it has to are refused, with the place."""
    source = tmp_path / "own.yaml"
    for name in named_files(shipped_rules().read_text(encoding="utf-8")):
        shutil.copy(shipped_rules().parent / name, tmp_path)
    source.write_text(
        shipped_rules().read_text(encoding="utf-8").replace("  not_before:", "  not_before :"), encoding="utf-8"
    )
    now = moscow("2026-11-24 14:00")
    with pytest.raises(PermanentError, match=r"0 places where it has to set limits\.not_before"):
        write_copy(source, tmp_path / "copy.yaml", differences(source, now, LOGINS, lambda _: now))


def test_rules_copied_alone_take_the_shipped_words(tmp_path: Path) -> None:
    """The demo's copy has beside it what every command would use for them."""
    source = tmp_path / "own.yaml"
    shutil.copy(shipped_rules(), source)
    (tmp_path / "demo").mkdir()
    write_copy(source, tmp_path / "demo" / "rules.yaml", ())
    for name in ("words.yaml", "learned.json"):
        assert (tmp_path / "demo" / name).read_bytes() == (shipped_rules().parent / name).read_bytes()


@pytest.mark.parametrize("text", ["yesterday", "3 minutes later", "day 1", ""])
def test_no_moment(text: str, folder: Path) -> None:
    """What is no moment of the world is refused."""
    now = moscow("2026-11-24 14:00")
    with pytest.raises(ValueError, match="no moment"):
        Moments(now, policy_at(now, folder).calendar).read(text)


# --- a world in memory ------------------------------------------------------------------------------------------------


def _wrong(placed: Placed, world: World, policy: Policy) -> list[str]:
    story, now = placed.story, world.moments.now
    ticket = _created(placed, policy)
    for at, act in placed.acts:
        if act.steps:
            a = assess(ticket, EMPTY_HISTORY, policy, at)
            decisions = wants(a)
            if tuple(one.step for one in decisions) != act.steps:
                return [f"{story.name}: at {at} it would {[one.step for one in decisions]}, not {act.steps}"]
            for write in compose(decisions, a):
                ticket = _with(ticket, _of_bridge(ticket, at, write))
        else:
            ticket = _with(ticket, _of_person(ticket, at, act, world.moments))
    if placed.received < policy.limits.not_before:
        return []
    a = assess(ticket, EMPTY_HISTORY, policy, now)
    decisions = wants(a)
    did = tuple(one.step for one in decisions if not is_reminder(one))
    reminders = tuple(one.step for one in decisions if is_reminder(one))
    expected = story.expect.reminders if policy.calendar.is_working(now) else ()
    for write in compose(decisions, a):
        ticket = _with(ticket, _of_bridge(ticket, now, write))
    after = facts_of(assess(ticket, EMPTY_HISTORY, policy, now))
    found = (did, reminders, after.kind, after.clock, after.status, placed.due and after.due)
    wanted = (story.expect.steps, expected, story.kind, story.expect.clock, story.expect.status, placed.due)
    why = [f"{one.step}: {one.reason}" for one in decisions]
    return [] if found == wanted else [f"{story.name}: {found} instead of {wanted}: {why}"]


def _person(login: str) -> Person:
    if login.startswith("customer"):
        return Person(login, login, Role.CUSTOMER, login=login)
    return Person(login, login, Role.STAFF, frozenset({"Отдел продаж" if login in SALES else "Пресейл"}), login)


def _created(placed: Placed, policy: Policy) -> Ticket:
    story, ours = placed.story, {there: here for here, there in policy.redmine.field_names.items()}
    fields = {ours.get(name, name): value for name, value in story.fields.items()}
    state = State(story.subject, story.description, story.home, PRESALE, "Новая", fields=fields)
    return Ticket(50, _person(story.by), placed.received, state)


def _with(ticket: Ticket, journal: Journal) -> Ticket:
    return Ticket(ticket.id, ticket.author, ticket.created_on, ticket.created, (*ticket.journals, journal))


def _of_bridge(ticket: Ticket, at: datetime, write: Write) -> Journal:
    return Journal(len(ticket.journals) + 1, at, BRIDGE, write.notes, write.private, write.changes)


def _of_person(ticket: Ticket, at: datetime, act: Act, moments: Moments) -> Journal:
    values = dict(act.set)
    if "due_date" in values:
        values["due_date"] = moments.calendar.date_of(moments.read(values["due_date"])).isoformat()
    changes = [
        Change(Attribute(name), ticket.current.get(Attribute(name)), value) for name, value in values.items()
    ] + [Change(Attribute.ATTACHMENT, "", name, name) for name in act.attach]
    return Journal(len(ticket.journals) + 1, at, _person(act.by), act.note, act.private, tuple(changes))


def test_a_minute_is_a_minute() -> None:
    """The world's spans are what they say."""
    now = moscow("2026-11-24 14:00")
    moments = Moments(now, load(shipped_rules()).policy.calendar)
    assert moments.read("5 minutes ago") == now - timedelta(minutes=5)
    assert moments.read("15 working minutes ago") == now - timedelta(minutes=15)
    assert moments.read("12 minutes later", now) == now + timedelta(minutes=12)
    assert moments.read("day 0 + 2h30m") == moscow("2026-11-23 11:30")
    assert moments.due("2 working days after receipt", now) == moscow("2026-11-26 18:00")
