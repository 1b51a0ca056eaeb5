"""A network and a server that fail between the bridge and Redmine: every note is written exactly once in the end (W3)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bridge.adapters.redmine.engine import Patience
from bridge.core.model import Step
from bridge.jobs import Exit
from tests.acceptance.proxy import (
    Behaviour,
    Exchange,
    Proxy,
    done_but,
    dropped_after,
    dropped_before,
    held,
    not_done,
    passed_on,
    too_late,
    truncated,
)
from tests.acceptance.stage import ASKED, BOUGHT, INSTALL, QUESTION, SYSTEM, TOLD, UPDATES, Said, Stage, is_quiet, once

pytestmark = [pytest.mark.redmine, pytest.mark.usefixtures("no_mails")]

PROPOSED = [
    Said(Step.PROPOSE, 1, True),
    Said(Step.ACKNOWLEDGE, 1, False),
    Said(Step.ROUTE, 1, False),
    Said(Step.SET_TERM, 1, False),
]
NETWORK: dict[str, Behaviour] = {
    "dropped before": dropped_before,
    "dropped after": dropped_after,
    "truncated": truncated,
    "too late": too_late,
    "500 after it was done": done_but(500),
    "502 after it was done": done_but(502),
    "503 before it was done": not_done(503),
    "429": not_done(429, Retry_After="1"),
}


@pytest.fixture
def proxy(stage: Stage) -> Iterator[Proxy]:
    """A proxy that the stage's bridge goes through."""
    with Proxy(stage.server.url).running() as proxy:
        stage.url = proxy.url
        stage.patience = Patience(
            connect=timedelta(seconds=5),
            read=timedelta(seconds=2.5),
            retries=3,
            backoff=timedelta(milliseconds=10),
            retry_after_at_most=timedelta(milliseconds=50),
        )
        yield proxy


def some(of: list[tuple[str, str]]) -> list[object]:
    """All pairs; those that are not `of` the default run under `soak`."""
    whichs = list(dict.fromkeys(which for _, which in of))
    pairs = [(fault, which) for which in whichs for fault in NETWORK]
    return [pytest.param(*pair, marks=() if pair in of else pytest.mark.soak, id=", ".join(pair)) for pair in pairs]


@pytest.mark.parametrize(
    ("fault", "which"),
    some(
        [
            *((fault, "private note") for fault in NETWORK),
            ("dropped before", "public note"),
            ("dropped after", "public note"),
            ("truncated", "public note"),
            ("429", "public note"),
            ("dropped after", "watcher"),
            ("500 after it was done", "watcher"),
        ]
    ),
)
def test_w3_a_write_that_fails_is_done_exactly_once(stage: Stage, proxy: Proxy, fault: str, which: str) -> None:
    """Whatever happens to a request that writes, each note stands once in the end, privately where it should, and nothing is forgotten."""
    bought = stage.ticket(BOUGHT)
    other = stage.ticket()
    wanted = {
        "private note": lambda request: b'"private_notes": true' in request.body,
        "public note": lambda request: b'"private_notes": false' in request.body,
        "watcher": lambda request: request.path.endswith("/watchers.json"),
    }[which]
    proxy.do(NETWORK[fault], when=lambda request: request.writes and wanted(request))
    stage.run()
    assert not [rule for rule in proxy.rules if rule.times], "the fault was met"
    stage.later(minutes=1)
    stage.run()
    stage.run_until_quiet()
    assert stage.said(bought) == PROPOSED
    assert stage.said(other) == TOLD
    assert stage.issue(bought)["assigned_to"]["name"] == "Базовая техническая поддержка"


@pytest.mark.parametrize(
    ("fault", "lost"),
    [
        ("dropped after", False),
        ("500 after it was done", True),
        pytest.param("too late", False, marks=pytest.mark.soak),
        pytest.param("truncated", True, marks=pytest.mark.soak),
    ],
    ids=["dropped", "500, and the store lost", "too late", "truncated, and the store lost"],
)
def test_w3_fields_and_status_arrive_with_a_note_of_unknown_outcome(
    stage: Stage, proxy: Proxy, fault: str, lost: bool
) -> None:
    """Thanks whose answer never came: fields and status are written once, also when the store is lost right after."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=11)
    stage.run()
    stage.customer.note(number, "1. Альт Сервер 10.2, x86_64\n2. обновляли вчера через apt-get")
    proxy.do(NETWORK[fault], method="PUT")
    stage.later(minutes=11)
    stage.run()
    if lost:
        stage.lose_the_store()
    stage.run_until_quiet()
    assert once(stage.said(number)) == [*ASKED, Said(Step.THANK, 1, False), Said(Step.SET_TERM, 1, False)]
    found = (stage.value(number, SYSTEM), stage.value(number, UPDATES), stage.status(number))
    assert found == ("Альт Сервер 10.2, x86_64", "обновляли вчера через apt-get", "В работе")


def test_w3_a_write_that_lands_after_the_bridge_gave_up_is_not_repeated(stage: Stage, proxy: Proxy) -> None:
    """The PUT reaches Redmine minutes after the bridge gave up: until `settle_unknown` has passed it is not written again."""
    number = stage.ticket()
    proxy.do(held, method="PUT")
    stage.run()
    for minutes in (1, 2, 1):
        stage.later(minutes=minutes)
        stage.run()
        assert stage.said(number) == []
    assert len(proxy.writes) == 1
    proxy.release()
    assert stage.said(number) == TOLD
    stage.run_until_quiet()
    assert stage.said(number) == TOLD
    assert len(proxy.writes) == 1


def test_w3_a_write_that_never_lands_is_written_again_after_settle_unknown(stage: Stage, proxy: Proxy) -> None:
    """A request that was lost is sent once more when its time is up, and not before."""
    number = stage.ticket()
    proxy.do(dropped_before, method="PUT")
    for minutes in (0, 1, 2, 1):
        stage.later(minutes=minutes)
        stage.run()
    assert (stage.said(number), len(proxy.writes)) == ([], 1)
    stage.later(minutes=2)
    stage.run()
    assert (stage.said(number), len(proxy.writes)) == (TOLD, 2)


def test_w4_a_persons_change_before_a_write_of_unknown_outcome_is_put_back(stage: Stage, proxy: Proxy) -> None:
    """A person changed the status between reading and writing, and no answer came: their value goes back all the same."""
    number = stage.ticket(INSTALL)
    stage.later(minutes=11)

    def person_first(exchange: Exchange) -> None:
        stage.engineer.note(number, status="В работе")
        dropped_after(exchange)

    proxy.do(person_first, method="PUT")
    stage.run()
    assert stage.status(number) == "Ожидание ответа"
    stage.run_until_quiet()
    assert stage.status(number) == "В работе"
    assert len([line for line in stage.reports if "was put back" in line]) == 1
    assert stage.said(number) == ASKED


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "no answer"])
def test_w2_a_private_note_that_came_out_public_is_blanked_though_no_answer_came(
    stage: Stage, proxy: Proxy, lost: bool
) -> None:
    """Redmine wrote it for everybody to read, and the bridge did not hear of it: blanked when it is seen, and none follows."""
    number = stage.ticket()
    stage.run()
    stage.at("2026-11-18 17:01")
    right = stage.without_right("set_notes_private")

    def right_is_taken(exchange: Exchange) -> None:
        right.__enter__()
        (dropped_after if lost else passed_on)(exchange)

    proxy.do(right_is_taken, method="PUT", path="/issues/")
    try:
        stage.run()
        stage.run_until_quiet()
    finally:
        right.__exit__(None, None, None)
    assert [text for text in stage.notes(number) if "Напоминание" in text] == []
    assert len([line for line in stage.reports if "already mailed" in line]) == 1
    assert len(proxy.writes) == 4, "the acknowledgement, the watcher, the note, and its blanking"


@pytest.mark.parametrize(
    ("fault", "path"),
    some(
        [
            *((fault, "/issues/") for fault in NETWORK),
            ("dropped before", "/issues.json"),
            ("truncated", "/issues.json"),
            ("500 after it was done", "memberships"),
            ("502 after it was done", "/users/current"),
        ]
    ),
)
def test_w3_a_reading_that_fails_loses_nothing(stage: Stage, proxy: Proxy, fault: str, path: str) -> None:
    """One answer that does not come is asked for again; five in a row end the look, and the next pass makes up for it."""
    times = 1 if fault in {"too late", "dropped after"} else 5
    number, other = stage.ticket(), stage.ticket(INSTALL)
    stage.later(minutes=11)
    proxy.do(NETWORK[fault], method="GET", path=path, times=times)
    stage.run()
    stage.run_until_quiet()
    assert (stage.said(number), stage.said(other)) == (TOLD, ASKED)


def test_w3_a_retry_after_is_honoured_for_reading(stage: Stage, proxy: Proxy) -> None:
    """429 with Retry-After on reading is asked again within the pass."""
    number = stage.ticket()
    proxy.do(not_done(429, Retry_After="1"), method="GET", times=2)
    summary = stage.run()
    assert (summary.exit, [look.ticket_id for look in summary.written]) == (Exit.DONE, [number])


def test_w6_an_outage_ends_the_pass_and_puts_no_ticket_aside_for_long(stage: Stage, proxy: Proxy) -> None:
    """With Redmine out of reach the pass ends with an exit code of its own; when it is back everything is done, once."""
    numbers = [stage.ticket() for _ in range(5)]
    proxy.do(dropped_before, path="/issues/", times=1000)
    assert stage.run().exit is Exit.OUT_OF_REACH
    proxy.rules.clear()
    proxy.do(dropped_before, times=1000)
    stage.later(minutes=1)
    assert stage.run().exit is Exit.OUT_OF_REACH
    proxy.rules.clear()
    stage.run_until_quiet()
    assert [stage.said(number) for number in numbers] == [TOLD] * 5


def test_w3_nonsense_with_status_200_is_no_success(stage: Stage, proxy: Proxy) -> None:
    """A login page or an empty list in the wrong shape instead of JSON changes nothing and forgets nothing."""
    number = stage.ticket()
    for path in ("/issues.json", "/issues/"):
        proxy.do(not_done(200), method="GET", path=path)
        stage.run()
        stage.later(minutes=3)
    stage.run_until_quiet()
    assert stage.said(number) == TOLD


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 60))])
def test_w3_a_bad_day(stage: Stage, proxy: Proxy, seed: int) -> None:
    """A tenth of all requests fail in any way, over a customer's whole story: exactly once all the same."""
    chance = random.Random(seed)
    kinds = [kind for name, kind in NETWORK.items() if name != "too late"]

    def perhaps(exchange: Exchange) -> None:
        (chance.choice(kinds) if chance.random() < 0.1 else passed_on)(exchange)

    install, bought = stage.ticket(INSTALL), stage.ticket(BOUGHT)
    proxy.do(perhaps, times=100_000)
    for answer in ("", "1. Альт Сервер 10.2, x86_64", "обновляли вчера через apt-get"):
        if answer:
            stage.customer.note(install, answer)
        for _ in range(5):
            stage.later(minutes=6)
            stage.run()
    proxy.rules.clear()
    stage.run_until_quiet()
    assert stage.said(bought) == PROPOSED
    asked_twice = [*TOLD, *(Said(*one, False) for one in ((Step.ASK, 1), (Step.ASK, 2), (Step.THANK, 1)))]
    assert once(stage.said(install)) == asked_twice
    assert (stage.value(install, SYSTEM), stage.status(install)) == ("Альт Сервер 10.2, x86_64", "В работе")
    assert stage.value(install, UPDATES) == "обновляли вчера через apt-get"


def test_an_idle_pass_through_the_proxy_is_quiet(stage: Stage, proxy: Proxy) -> None:
    """The proxy by itself changes nothing."""
    number = stage.ticket(QUESTION)
    assert is_quiet(stage.run()) is False
    stage.run_until_quiet()
    assert stage.said(number) == TOLD
