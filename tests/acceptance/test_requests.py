"""How many requests a pass makes, and that nothing is lost while others write between its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bridge.demo.past import multiply
from bridge.jobs import Exit
from bridge.worklist import CURSOR, FULL
from tests.acceptance.proxy import Exchange, Proxy
from tests.acceptance.stage import PROJECT, QUESTION, TOLD, Stage

pytestmark = [pytest.mark.redmine, pytest.mark.usefixtures("no_mails")]

ALL_IDS = "SELECT id FROM issues ORDER BY id"


@pytest.fixture
def proxy(stage: Stage) -> Iterator[Proxy]:
    """A proxy that the stage's bridge goes through."""
    with Proxy(stage.server.url).running() as proxy:
        stage.url = proxy.url
        yield proxy


def answered(stage: Stage, count: int) -> list[int]:
    """So many tickets that were answered and want nothing; their numbers."""
    number = stage.ticket()
    stage.engineer.note(number, "Сервер — для серверов.")
    if count > 1:
        multiply(stage.server.database, number, count - 1)
    return [int(row[0]) for row in stage.server.database.rows(ALL_IDS)]


def counted(stage: Stage, proxy: Proxy) -> list[str]:
    """The requests of one pass."""
    before = len(proxy.log)
    assert stage.run().exit is Exit.DONE
    return proxy.log[before:]


@pytest.mark.parametrize("count", [10, 200, pytest.param(2000, marks=pytest.mark.soak)])
def test_an_idle_pass_makes_one_request_however_many_tickets_are_known(stage: Stage, proxy: Proxy, count: int) -> None:
    """Ten tickets or two thousand: one list that comes back empty."""
    numbers = answered(stage, count)
    stage.later(minutes=30)
    assert stage.run().looked_at == count
    assert all(stage.app.store.known(number) for number in numbers)
    for _ in range(3):
        stage.later(minutes=10)
        assert [line.split("?")[0] for line in counted(stage, proxy)] == ["GET /issues.json"]


def test_an_idle_pass_asks_for_names_again_only_when_it_needs_them(stage: Stage, proxy: Proxy) -> None:
    """Hours later, with all that was looked up grown old, an idle pass is still one request."""
    answered(stage, 3)
    stage.later(minutes=30)
    stage.run()
    stage.later(hours=5)
    assert len(counted(stage, proxy)) == 1


def test_a_changed_ticket_costs_few_requests(stage: Stage, proxy: Proxy) -> None:
    """With names known, one changed ticket costs the list and its own reading; a note, one write and one reading more."""
    number, other = stage.ticket(), stage.ticket()
    stage.later(minutes=30)
    stage.run()
    stage.later(seconds=30)
    stage.engineer.note(number, "Сервер — для серверов.")
    stage.later(seconds=20)
    assert len(counted(stage, proxy)) <= 4
    third = stage.ticket()
    stage.later(seconds=5)
    found = counted(stage, proxy)
    assert [line for line in found if not line.startswith("GET")] == [f"PUT /issues/{third}.json"]
    assert len([line for line in found if f"/issues/{third}.json" in line]) == 3
    assert stage.said(other) == TOLD


def between_pages(stage: Stage, proxy: Proxy, act: Callable[[], object]) -> None:
    """Let people act after the first full page was read and before the second is asked for."""

    def people_act(exchange: Exchange) -> None:
        act()
        exchange.answer(exchange.forward())

    proxy.do(people_act, method="GET", path="/issues.json", when=lambda request: "issue_id" in request.path)


def upheaval(stage: Stage, numbers: list[int], seen: dict[str, int]) -> Callable[[], None]:
    """What people do between two pages: open, change, close, delete and move tickets, of the pages read and of those to come."""

    def act() -> None:
        seen["opened"] = stage.ticket(QUESTION)
        seen["asked"] = numbers[2]
        stage.customer.note(numbers[2], "А можно ли поставить его на ноутбук?")
        stage.customer.note(numbers[-2], "А есть ли версия для Эльбруса?")
        stage.engineer.note(numbers[5], tracker="Ошибка")
        stage.engineer.note(numbers[-5], tracker="Ошибка")
        stage.engineer.note(numbers[7], status="Закрыта")
        stage.engineer.note(numbers[-7], status="Закрыта")
        for number in numbers[10:15]:
            stage.lead.delete_issue(number)
        stage.engineer.note(seen["came"], tracker="ТехП Пресейл")

    return act


@pytest.mark.parametrize("first", [True, False], ids=["the first look", "a look at what changed"])
def test_trap_9_nothing_is_lost_while_others_write_between_the_pages(stage: Stage, proxy: Proxy, first: bool) -> None:
    """Tickets opened, changed, moved, closed and deleted between two pages: every one in scope is known in the end, none is missed."""
    seen = {"came": stage.customer.open_issue(PROJECT, *QUESTION, tracker="Ошибка")}
    numbers = [number for number in answered(stage, 104) if number != seen["came"]]
    stage.later(minutes=30)
    if not first:
        looked = (stage.now - timedelta(minutes=40)).isoformat()
        for name in (CURSOR, FULL):
            stage.app.store.set(name, looked)
    between_pages(stage, proxy, upheaval(stage, numbers, seen))
    stage.later(minutes=1)
    first_pass = stage.run()
    assert not [rule for rule in proxy.rules if rule.times], "people have acted between the pages"
    stage.later(minutes=1)
    second_pass = stage.run()
    assert (first_pass.exit, second_pass.exit) == (Exit.DONE, Exit.DONE)
    away, gone = {numbers[5], numbers[-5]}, set(numbers[10:15])
    there = [*numbers, seen["opened"], seen["came"]]
    missed = [number for number in there if number not in away | gone and stage.app.store.known(number) is None]
    assert missed == []
    assert [stage.said(seen[name])[:1] for name in ("opened", "came")] == [TOLD[:1]] * 2
    for number in (numbers[2], numbers[-2]):
        a = stage.app.engine().assess(number, stage.now)
        assert a is not None
        assert a.standing.term.ordinal == 2, "the question after the answer has a term of its own (T10)"
        known = stage.app.store.known(number)
        assert known is not None
        assert known.next_at is not None
    stage.at("2026-11-18 14:05")
    due = {look.ticket_id for look in stage.run().written}
    assert {numbers[2], numbers[-2]} <= due


def test_trap_9_writes_of_the_same_second_are_not_lost(stage: Stage) -> None:
    """What is written in the second of a look, after it, is found by the next one."""
    number = stage.ticket()
    stage.run()
    stage.at(stage.now)
    stage.engineer.note(number, "Сервер — для серверов.", at=stage.now)
    stage.customer.note(number, "А можно ли поставить его на ноутбук?", at=stage.now)
    stage.later(minutes=1)
    summary = stage.run()
    assert [look.ticket_id for look in summary.looks] == [number]
