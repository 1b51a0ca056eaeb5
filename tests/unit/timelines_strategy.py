"""Random tickets with whole timelines: people write, attach, fill, move and close at random times, and the bridge passes in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bridge.core.assess import assess
from bridge.core.decide import wants
from bridge.core.messages import compose
from bridge.core.model import EMPTY_HISTORY, Journal, Person, Ticket
from tests.unit.making import (
    BRIDGE,
    CLIENT,
    CLOSED,
    COMPLETE,
    DEV,
    ENGINEER,
    FEEDBACK,
    FRIEND,
    LAB,
    PEOPLE,
    PRESALE,
    ROBOT,
    SALES,
    SALES_GROUP,
    SOLVED,
    STAFF,
    SUBJECTS,
    SYSTEM,
    UPDATE,
    WAITING,
    WORKING,
    carried_out,
    journal,
    moment,
    policy,
    ticket,
)

START = moment("10-26 00:00")
STATUSES = ("Новая", WORKING, WAITING, FEEDBACK, SOLVED, CLOSED, "Согласование", "Согласовано", "Не согласовано")
WORDS = (
    "",
    "Спасибо!",
    "А что с обновлениями?",
    "Сведения о системе: Альт Рабочая станция 10.2",
    "1. Альт Сервер 10.2, x86_64\n2. обновлялась вчера",
    "2) вчера через apt-get",
    "не знаю",
    "Система: -",
    "+1",
    "Нужна лицензия и установка",
    "We need a printer driver, please help",
    "> Автоматическое сообщение · №7 · запрос сведений 1",
    "Автоматическое сообщение · №7 · запрос сведений 1",
    "Automatic message · No. 8 · request for information 1",
    "См. вложение",
    "{{ 7 * 7 }} {% raw %} {{macro}} !http://x/y.png! @admin",
)
VALUES = ("", "-", "Альт Рабочая станция 10.2, x86_64", "н/д", "обновлялась вчера")
ASSIGNEES = ("", PRESALE, SALES_GROUP, LAB, DEV, "Иван Иванов")
DELAYS = (0, 1, 9, 10, 11, 60, 240, 541, 1440, 3 * 1440, 9000)


@dataclass(frozen=True)
class Act:
    """What somebody does after a while (minutes); `who` None is a pass of the bridge."""

    after: int
    who: Person | None
    what: dict[str, Any]

    def __repr__(self) -> str:
        """Short, since failures show many of them."""
        return f"Act({self.after}, {self.who and self.who.key}, {self.what})"


delays = st.sampled_from(DELAYS) | st.integers(0, 3000)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """One act: a pass, or a journal by somebody."""
    after = draw(delays)
    if draw(st.integers(0, 2)) == 0:
        return Act(after, None, {})
    what: dict[str, Any] = {"notes": draw(st.sampled_from(WORDS))}
    if draw(st.booleans()):
        what["private"] = draw(st.booleans())
    if draw(st.integers(0, 4)) == 0:
        what["status"] = draw(st.sampled_from(STATUSES))
    if draw(st.integers(0, 4)) == 0:
        what["assigned_to"] = draw(st.sampled_from(ASSIGNEES))
    if draw(st.integers(0, 5)) == 0:
        what["due_date"] = draw(st.sampled_from(("", "2026-11-05", "2026-11-28", "2026-12-04")))
    if draw(st.integers(0, 5)) == 0:
        what["tracker"] = draw(st.sampled_from(("ТехП Пресейл", "Ошибка")))
    if draw(st.integers(0, 4)) == 0:
        what["fields"] = {draw(st.sampled_from((SYSTEM, UPDATE))): draw(st.sampled_from(VALUES))}
    if draw(st.integers(0, 5)) == 0:
        what["files"] = ("log.txt",)
    if draw(st.integers(0, 7)) == 0:
        what["auto_reply"] = True
    who = draw(st.sampled_from((CLIENT, CLIENT, CLIENT, STAFF, STAFF, SALES, ENGINEER, FRIEND, ROBOT, BRIDGE)))
    return Act(after, who, what)


@st.composite
def created(draw: st.DrawFn) -> Ticket:
    """A ticket as it was opened."""
    return ticket(
        draw(st.sampled_from(SUBJECTS)),
        created=START + timedelta(minutes=draw(st.integers(0, 14 * 1440))),
        author=draw(st.sampled_from((CLIENT, CLIENT, CLIENT, STAFF, ROBOT))),
        description=draw(st.sampled_from(WORDS)),
        fields=draw(st.sampled_from(({}, {}, COMPLETE, {SYSTEM: COMPLETE[SYSTEM]}))),
        status=draw(st.sampled_from(("Новая", "Новая", "Новая", WAITING, CLOSED))),
        attachments=draw(st.sampled_from(((), ("screen.png",)))),
        assigned_to=draw(st.sampled_from(("", "", PRESALE, DEV, "Иван Иванов"))),
    )


def played(opened: Ticket, story: list[Act]) -> tuple[Ticket, datetime]:
    """The ticket after a story, and the moment of its end."""
    seen, at = opened, opened.created_on
    for act in story:
        at += timedelta(minutes=act.after)
        seen = (
            passed(seen, at) if act.who is None else replace(seen, journals=(*seen.journals, _journal(seen, at, act)))
        )
    return seen, at


def passed(seen: Ticket, at: datetime) -> Ticket:
    """The ticket after a pass of the bridge, which has no store."""
    a = assess(seen, EMPTY_HISTORY, policy(), at)
    return carried_out(seen, compose(wants(a), a), at)


def _journal(seen: Ticket, at: datetime, act: Act) -> Journal:
    what, now = dict(act.what), seen.current
    for name in ("status", "assigned_to", "due_date", "tracker"):
        if name in what:
            what[name] = (getattr(now, name), what[name])
    if "fields" in what:
        what["fields"] = {name: (now.fields.get(name, ""), new) for name, new in what["fields"].items()}
    assert act.who in PEOPLE
    return replace(journal(at, act.who, **what), id=len(seen.journals) + 1)


stories = st.lists(acts(), max_size=9)
