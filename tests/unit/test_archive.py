"""The cache of a back-test: what was read once is not read again until the ticket or what reading depends on changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.model import Step, Ticket
from bridge.policy.load import parse
from bridge.report.archive import Archive, from_json, made_by, to_json
from tests.unit.making import CLIENT, PRODUCT, RULES, did, journal, moment, policy, ticket
from tests.unit.timelines_strategy import Act, acts, created, played

SEEN = ticket(
    PRODUCT,
    did("11-23 10:11", Step.ACKNOWLEDGE),
    journal("11-23 11:00", CLIENT, "См. вложение", files=("boot.log",), auto_reply=True),
    updated_on=moment("11-23 11:00"),
)
FIRST, LATER = moment("11-23 11:00"), moment("11-23 12:00")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=30, deadline=None)
@given(created(), st.lists(acts(), max_size=5))
def test_a_ticket_comes_back_as_it_was(opened: Ticket, story: list[Act]) -> None:
    """With all its journals, whoever wrote them."""
    seen, _ = played(opened, story)
    assert from_json(to_json(seen)) == seen


class Cabinet:
    """Counts how often it is asked."""

    def __init__(self, found: Ticket | None = SEEN) -> None:
        self.asked = 0
        self._found = found

    def read(self, _: int) -> Ticket | None:
        """The one ticket there is."""
        self.asked += 1
        return self._found


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    """Also by the next run of the command; what is kept is for its owner's eyes."""
    cabinet, folder = Cabinet(), tmp_path / "cache"
    for _ in range(2):
        assert Archive(folder).get(7, FIRST, cabinet.read) == SEEN
    assert cabinet.asked == 1
    assert [file.stat().st_mode & 0o077 for file in (folder, *folder.iterdir())] == [0, 0]


def test_what_changed_is_read_anew_and_replaces_the_old(tmp_path: Path) -> None:
    """One file a ticket."""
    cabinet = Cabinet()
    Archive(tmp_path).get(7, FIRST, cabinet.read)
    Archive(tmp_path).get(7, LATER, cabinet.read)
    assert cabinet.asked == 2
    assert [file.name for file in tmp_path.iterdir()] == ["7-20261123T120000.json"]


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"id": 7', "\x00"])
def test_a_broken_file_is_read_anew(tmp_path: Path, broken: str) -> None:
    """So is one that another version has written."""
    cabinet = Cabinet()
    (tmp_path / "7-20261123T110000.json").write_text(broken, encoding="utf-8")
    assert Archive(tmp_path).get(7, FIRST, cabinet.read) == SEEN
    assert cabinet.asked == 1


def test_a_ticket_out_of_scope_is_not_kept(tmp_path: Path) -> None:
    """It may come into the scope without a change of its own."""
    cabinet = Cabinet(None)
    assert Archive(tmp_path).get(7, FIRST, cabinet.read) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        pytest.param("answer: 2 working days", "answer: 1 working day", True, id="A term"),
        pytest.param("text: [лицензия, license]", "text: [лицензия]", True, id="Words of a route"),
        pytest.param("Менеджер продаж, Руководитель", "Менеджер продаж", False, id="Who is staff"),
        pytest.param("bridge_users: [presale-bridge]", "bridge_users: [presale-bot]", False, id="Who is the bridge"),
        pytest.param("roles: [Менеджер продаж]", "members: [volkov]", False, id="Who belongs to a department"),
    ],
)
def test_tickets_read_with_other_rules_about_people_are_not_used(old: str, new: str, same: bool) -> None:
    """Who speaks in a journal is decided when it is read (P1); terms and words are not."""
    assert old in RULES
    other = parse(RULES.replace(old, new)).policy
    assert (made_by(other) == made_by(policy())) is same
    assert made_by(policy()) == made_by(replace(policy()))
