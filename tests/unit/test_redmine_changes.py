"""Looking for changed tickets: keyset pages, filters that are ignored, the server's time, and how many requests it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from bridge.adapters.redmine import RedmineTracker
from bridge.core.policy import Markup, Redmine, Scope, Staff, Statuses
from bridge.errors import PermanentError, TemporaryError
from tests.fakes.rest import Params, Site

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
STATUSES = Statuses("Ожидание", "В работе", "В работе", frozenset(), frozenset(), frozenset())
SCOPE = Scope(frozenset({"Пресейл"}))
RULES = Redmine(SCOPE, Staff(frozenset()), STATUSES, Markup.TEXTILE, frozenset())
OVERLAP = timedelta(seconds=10)


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty Redmine whose clock says noon."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Site(
            mock,
            {"/trackers.json": {"trackers": [{"id": 4, "name": "Пресейл"}, {"id": 5, "name": "Сбой"}]}},
            {"Date": "Mon, 16 Nov 2026 12:00:00 GMT"},
        )


def tracker(site: Site, **scope: Any) -> RedmineTracker:
    """A tracker over it."""
    rules = replace(RULES, scope=replace(SCOPE, **scope))
    return RedmineTracker(site.redmine(), rules, (), lambda: NOON, overlap=OVERLAP)


def row(number: int, tracker_name: str = "Пресейл", project: int = 3, minutes: int = 0, **more: Any) -> dict[str, Any]:
    """One ticket in a list; `minutes` after eleven o'clock."""
    at = NOON - timedelta(hours=1) + timedelta(minutes=minutes)
    known = {"project": {"id": project, "name": f"p{project}"}, "tracker": {"id": 4, "name": tracker_name}}
    return (
        {"id": number, "updated_on": f"{at:%Y-%m-%dT%H:%M:%SZ}", "status": {"id": 1, "is_closed": False}} | known | more
    )


def listing(rows: list[dict[str, Any]]) -> Any:
    """Redmine's list with the keyset filter and the two sort orders that the bridge uses."""

    def answer(params: Params) -> Mapping[str, Any]:
        first = int(params.get("issue_id", ">=0")[2:])
        left = sorted((r for r in rows if r["id"] >= first), key=lambda r: r["id"])
        if params["sort"] == "updated_on:desc":
            left.sort(key=lambda r: r["updated_on"], reverse=True)
        return {"issues": left[: int(params["limit"])], "total_count": len(left)}

    return answer


def test_an_idle_look_is_one_request(site: Site) -> None:
    """However many tickets there are, looking whether something changed is one request, also in a fresh process."""
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    batch = tracker(site).changed(NOON - timedelta(minutes=5))
    assert site.paths() == ["GET /issues.json"]
    assert (batch.heads, batch.cursor) == ((), NOON - OVERLAP)


def test_trap_18_the_moment_goes_out_in_utc(site: Site) -> None:
    """A moment of another zone is asked for as the same moment, in the only form that Redmine takes."""
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    tracker(site).changed(datetime.fromisoformat("2026-11-16T14:00:00.900+03:00"))
    assert site.asked[0][2]["updated_on"] == ">=2026-11-16T11:00:00Z"


def test_trap_13_closed_tickets_are_asked_for(site: Site) -> None:
    """A later look is for all statuses, since closing is a change too; the first one is for open tickets."""
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    looking = tracker(site)
    looking.changed(None)
    looking.changed(NOON)
    assert [params.get("status_id") for _, path, params in site.asked if path == "/issues.json"] == ["open", "*"]


def test_trap_9_keyset_pages_lose_nothing(site: Site) -> None:
    """A ticket created and tickets that leave while pages are read neither hide others nor double them."""
    rows = [row(number) for number in range(1, 251)]
    pages = listing(rows)

    def answer(params: Params) -> Mapping[str, Any]:
        found = pages(params)
        if "issue_id" not in params:
            del rows[:20]
            rows.append(row(999))
        return dict(found)

    site.pages["/issues.json"] = answer
    heads = tracker(site).changed(None).heads
    assert [head.id for head in heads] == [*range(1, 251), 999]
    asked = [params.get("issue_id") for _, path, params in site.asked if path == "/issues.json"]
    assert asked == [None, ">=101", ">=201"]


def test_trap_9_many_tickets_of_one_second(site: Site) -> None:
    """Tickets that share a moment are all found: pages are by number, not by time."""
    site.pages["/issues.json"] = listing([row(number) for number in range(1, 174)])
    assert len(tracker(site).changed(NOON - timedelta(hours=1)).heads) == 173


def test_a_look_that_does_not_fit_a_page_is_narrowed(site: Site) -> None:
    """After a long absence only the scope's tracker is asked for."""
    site.pages["/issues.json"] = listing([row(number) for number in range(1, 121)])
    assert len(tracker(site).changed(NOON - timedelta(hours=2)).heads) == 120
    asked = [params.get("tracker_id") for _, path, params in site.asked if path == "/issues.json"]
    assert asked == [None, "4", "4"]


def test_trap_20_no_request_carries_a_list_of_numbers(site: Site) -> None:
    """Long lists of ids break the server; the keyset needs one number."""
    site.pages["/issues.json"] = listing([row(number) for number in range(10000, 11000)])
    tracker(site).changed(None)
    assert all("," not in params.get("issue_id", "") for _, _, params in site.asked)


def test_tickets_of_other_trackers_are_outside(site: Site) -> None:
    """A later look lists what changed elsewhere as outside, so that a ticket that left is noticed."""
    site.pages["/issues.json"] = listing([row(1), row(2, "Сбой")])
    batch = tracker(site).changed(NOON - timedelta(hours=2))
    assert ([head.id for head in batch.heads], batch.outside) == ([1], (2,))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([row(3), row(2), row(1)], id="sorted the other way"),
        pytest.param([row(1), row(1)], id="one ticket twice"),
    ],
)
def test_trap_13_an_ignored_sort_order_is_noticed(site: Site, rows: list[dict[str, Any]]) -> None:
    """With another order the keyset would skip tickets: better no look than half of one."""
    site.pages["/issues.json"] = {"issues": rows, "total_count": len(rows)}
    with pytest.raises(TemporaryError, match="did not sort by id or ignored a filter"):
        tracker(site).changed(NOON - timedelta(hours=2))


def test_trap_13_an_ignored_keyset_is_noticed(site: Site) -> None:
    """The same page again and again would never end."""
    site.pages["/issues.json"] = {"issues": [row(n) for n in range(1, 101)], "total_count": 500}
    with pytest.raises(TemporaryError, match="ignored a filter"):
        tracker(site).changed(None)


def test_trap_13_an_ignored_update_filter_is_noticed(site: Site) -> None:
    """Tickets older than asked for mean that all tickets would be read each time."""
    site.pages["/issues.json"] = listing([row(1)])
    with pytest.raises(TemporaryError, match="updated_on"):
        tracker(site).changed(NOON)


def test_trap_13_rows_that_were_not_asked_for_are_left_out(site: Site) -> None:
    """Where the tracker filter is ignored, the rows are sorted out here."""
    site.pages["/issues.json"] = listing([row(1), row(2, "Сбой")])
    assert [head.id for head in tracker(site).changed(None).heads] == [1]


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        pytest.param({"below": "clients"}, {"project_id": "clients", "subproject_id": "*"}, id="below a parent"),
        pytest.param({"below": "Клиенты"}, {"project_id": "1", "subproject_id": "*"}, id="below a parent by name"),
        pytest.param({"projects": frozenset({"p3"})}, {"project_id": "p3"}, id="one project"),
        pytest.param({"projects": frozenset({"p3", "p4"})}, {}, id="several projects are sorted out here"),
        pytest.param({}, {}, id="all projects"),
    ],
)
def test_the_scope_is_one_query(site: Site, scope: dict[str, Any], asked: Params) -> None:
    """One query covers all projects of the scope; rows of others are left out in any case."""
    tree = [(1, "clients", "Клиенты", None), (3, "p3", "p3", 1), (4, "p4", "p4", 1), (9, "p9", "p9", None)]
    outlines = [
        {"id": key, "identifier": word, "name": name} | ({"parent": {"id": up}} if up else {})
        for key, word, name, up in tree
    ]
    site.pages["/projects.json"] = {"projects": outlines, "total_count": 4}
    site.pages["/issues.json"] = listing([row(1, project=3), row(2, project=9)])
    heads = tracker(site, **scope).changed(None).heads
    assert [head.id for head in heads] == ([1, 2] if not scope else [1])
    (params,) = [params for _, path, params in site.asked if path == "/issues.json"]
    assert {key: params[key] for key in params if "project" in key} == asked


def test_a_tracker_of_the_rules_that_does_not_exist(site: Site) -> None:
    """The error names it, and where it stands."""
    with pytest.raises(PermanentError, match=r"«Нет такого».*redmine\.trackers"):
        tracker(site, trackers=frozenset({"Нет такого"})).changed(None)


def test_a_parent_project_that_does_not_exist(site: Site) -> None:
    """The error names it and says what to do."""
    site.pages["/projects.json"] = {"projects": [], "total_count": 0}
    with pytest.raises(PermanentError, match=r"no project called «Клиенты».*identifier"):
        tracker(site, below="Клиенты").changed(None)


def test_an_old_redmine_that_does_not_say_what_is_closed(site: Site) -> None:
    """Without `is_closed` in the list, the statuses are asked for once."""
    site.pages["/issue_statuses.json"] = {"issue_statuses": [{"id": 6, "name": "Закрыта", "is_closed": True}]}
    site.pages["/issues.json"] = listing([row(1, status={"id": 6, "name": "Закрыта"}), row(2, status={"id": 6})])
    heads = tracker(site).changed(NOON - timedelta(hours=2)).heads
    assert [head.closed for head in heads] == [True, True]
    assert site.paths().count("GET /issue_statuses.json") == 1


@pytest.mark.parametrize("since", [None, NOON - timedelta(hours=2)], ids=["first list", "later list"])
@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        pytest.param({"issues": [None]}, "without a list of issues", id="a row that is nothing"),
        pytest.param({"issues": {"id": 1}}, "without a list of issues", id="one row instead of a list"),
        pytest.param({"issues": [{}]}, "without 'id'", id="a row without anything"),
        pytest.param({"issues": [{"id": "x"}]}, "something else in it", id="an id that is no number"),
        pytest.param({"issues": [row(1)], "total_count": "abc"}, "something else", id="a total that is no number"),
        pytest.param({"issues": [row(1)], "total_count": float("inf")}, "something else", id="an endless total"),
        pytest.param({"issues": [row(1, updated_on=None)]}, "something else in it", id="no moment of change"),
        pytest.param({"issues": [row(1, updated_on="now")]}, "something else in it", id="a moment that is none"),
        pytest.param({"issues": [row(1, tracker="Пресел")]}, "something else in it", id="a tracker that is a text"),
        pytest.param({"issues": [row(1, status=["Новая"])]}, "something else in it", id="a status that is a list"),
    ],
)
def test_json_that_redmine_does_not_write(
    site: Site, answer: dict[str, Any], wrong: str, since: datetime | None
) -> None:
    """Garbage is garbage also where it is JSON: one sentence with the request and what is wrong, nothing of the values."""
    site.pages["/issues.json"] = answer
    with pytest.raises(TemporaryError, match=rf"^GET /issues\.json: the answer is .*{wrong}"):
        tracker(site).changed(since)


# --- servers without a clock ------------------------------------------------------------------------------------------


def test_without_a_date_header_the_latest_change_is_the_time(site: Site) -> None:
    """The server's clock is not before the latest change it shows."""
    site.headers.clear()
    site.pages["/issues.json"] = listing([row(1, minutes=5), row(2, minutes=3)])
    batch = tracker(site).changed(NOON - timedelta(hours=1))
    assert batch.cursor == NOON - timedelta(minutes=55) - OVERLAP


def test_without_a_date_header_an_idle_look_starts_from_the_same_moment(site: Site) -> None:
    """Nothing says that time has passed."""
    site.headers.clear()
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    assert tracker(site).changed(NOON).cursor == NOON


def test_without_a_date_header_several_pages_start_from_before_the_first(site: Site) -> None:
    """The time is taken before the pages are read: what changes meanwhile is found by the next look."""
    site.headers.clear()
    site.pages["/issues.json"] = listing([row(number, minutes=number % 7) for number in range(1, 151)])
    batch = tracker(site).changed(None)
    assert len(batch.heads) == 150
    assert batch.cursor == NOON - timedelta(minutes=54) - OVERLAP


def test_a_clock_that_was_set_back_is_followed(site: Site) -> None:
    """A moment of the future would hide all changes until it has come."""
    site.pages["/issues.json"] = {"issues": [], "total_count": 0}
    assert tracker(site).changed(NOON + timedelta(days=1)).cursor == NOON - OVERLAP
