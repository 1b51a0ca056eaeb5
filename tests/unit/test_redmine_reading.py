"""A ticket's payload made into a `Ticket`, for payloads that a real Redmine shows seldom or in another version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.adapters.redmine.reading import joined, moment, text, ticket, values
from bridge.core.model import Attribute, Person, Role

NAMES = {
    (Attribute.STATUS, "1"): "Новая",
    (Attribute.STATUS, "2"): "В работе",
    (Attribute.ASSIGNEE, "5"): "Пресейл",
    (Attribute.CATEGORY, "8"): "Установка",
}


class Lookup:
    """Few names; everything else is unknown."""

    def name(self, attribute: Attribute, key: str, project: int) -> str:
        """A name or a stand-in."""
        assert project == 3
        return NAMES.get((attribute, key), f"#{key}") if key else ""

    def field(self, key: int, project: int) -> str:
        """No field is known."""
        assert project == 3
        return f"#{key}"

    def person(self, who: Any, project: int) -> Person:
        """Everybody is a customer."""
        assert project == 3
        return Person(str((who or {}).get("id", 0)), (who or {}).get("name", ""), Role.CUSTOMER)


def issue(**more: Any) -> dict[str, Any]:
    """The least that Redmine says of a ticket."""
    base = {
        "id": 7,
        "project": {"id": 3, "name": "Завод"},
        "tracker": {"id": 4, "name": "ТехП Пресейл"},
        "status": {"id": 2, "name": "В работе", "is_closed": False},
        "priority": {"id": 2, "name": "Нормальный"},
        "author": {"id": 32, "name": "Анна"},
        "subject": "Тема",
        "description": "Текст",
        "created_on": "2026-11-16T07:00:00Z",
        "updated_on": "2026-11-16T09:00:00Z",
    }
    return base | more


def journal(number: int, *details: dict[str, Any], at: str = "2026-11-16T08:00:00Z", **more: Any) -> dict[str, Any]:
    """One journal."""
    return {
        "id": number,
        "user": {"id": 6, "name": "Иван"},
        "notes": "",
        "created_on": at,
        "details": [*details],
    } | more


def attr(name: str, old: Any, new: Any) -> dict[str, Any]:
    """A changed attribute."""
    return {"property": "attr", "name": name, "old_value": old, "new_value": new}


def cf(key: int, old: Any, new: Any) -> dict[str, Any]:
    """A changed field."""
    return {"property": "cf", "name": str(key), "old_value": old, "new_value": new}


def test_the_least_payload_is_enough() -> None:
    """Without journals, files, watchers, fields, description and due date everything is empty."""
    found = ticket(issue(description=None, due_date=None), Lookup())
    assert (found.current.description, found.current.due_date, found.current.fields) == ("", "", {})
    assert (found.journals, found.watchers, found.current.attachments) == ((), (), ())
    assert found.created_on == datetime(2026, 11, 16, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("2026-11-16T07:00:00Z", id="as Redmine 5 to 7 write it"),
        pytest.param("2026-11-16T10:00:00+03:00", id="with an offset"),
        pytest.param("2026-11-16T07:00:00.000Z", id="with fractions"),
        pytest.param("2026-11-16T07:00:00", id="without a zone it is UTC"),
    ],
)
def test_trap_18_moments_are_aware_and_in_utc(written: str) -> None:
    """However the moment is written, it is the same one."""
    assert moment(written) == datetime(2026, 11, 16, 7, tzinfo=UTC)
    assert moment(written).utcoffset() == datetime(2026, 1, 1, tzinfo=UTC).utcoffset()


def test_journals_are_put_in_order() -> None:
    """An account that prefers comments in reverse order gets them reversed; of the same second, the number decides."""
    found = ticket(
        issue(journals=[journal(3, at="2026-11-16T08:30:00Z"), journal(2, notes="b"), journal(1, notes="a")]), Lookup()
    )
    assert [j.id for j in found.journals] == [1, 2, 3]


def test_a_journal_without_author_privacy_or_details() -> None:
    """What a version leaves out counts as empty, and what it adds is not looked at."""
    row = {"id": 1, "created_on": "2026-11-16T08:00:00Z", "updated_on": "2026-11-16T08:00:00Z", "updated_by": {"id": 1}}
    found = ticket(issue(journals=[row]), Lookup())
    assert (found.journals[0].notes, found.journals[0].private, found.journals[0].changes) == ("", False, ())


def test_ids_that_are_unknown_get_a_stand_in() -> None:
    """A deleted category, status or user in the history does not keep the ticket from being read."""
    found = ticket(
        issue(journals=[journal(1, attr("category_id", "77", None), attr("assigned_to_id", "99", "5"))]), Lookup()
    )
    assert (found.created.category, found.created.assigned_to) == ("#77", "#99")
    assert found.current.category == ""


def test_what_changed_without_a_journal_ends_at_the_present() -> None:
    """An administrator deleted the category: the last journal says 8, the ticket says none, and the ticket is right."""
    found = ticket(issue(journals=[journal(1, attr("category_id", None, "8"))]), Lookup())
    assert found.current.category == ""
    assert found.created.category == ""


def test_attributes_that_do_not_matter_are_left_out() -> None:
    """Done ratio, parent, relations and properties of later versions are no changes."""
    details = [
        attr("done_ratio", "0", "10"),
        attr("parent_id", None, "1"),
        {"property": "relation", "name": "copied_to", "old_value": None, "new_value": "9"},
        {"property": "something_new", "name": "1"},
    ]
    assert ticket(issue(journals=[journal(1, *details)]), Lookup()).journals[0].changes == ()


def test_a_field_with_several_values() -> None:
    """Values that came and went are one change of the whole, joined in an order of its own."""
    fields = [{"id": 1, "name": "Продукты", "multiple": True, "value": ["С", "А"]}]
    first = journal(1, cf(1, None, "А"), at="2026-11-16T08:00:00Z")
    second = journal(2, cf(1, "Б", None), cf(1, None, "С"), at="2026-11-16T08:30:00Z")
    found = ticket(issue(custom_fields=fields, journals=[first, second]), Lookup())
    assert [s.fields["Продукты"] for s in found.states] == ["Б", "А, Б", "А, С"]
    assert [len(j.changes) for j in found.journals] == [1, 1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        (["", "б", "а"], "а, б"),
        ("1", "1"),
        (True, "True"),
        ("а\r\nб", "а\nб"),
        (5, "5"),
    ],
)
def test_values_of_fields(value: Any, shown: str) -> None:
    """Missing and empty are empty, several are joined, line ends are plain."""
    assert joined(values(value)) == shown


def test_trap_18_a_text_that_looks_like_a_date_stays_text() -> None:
    """python-redmine makes a date of it; here it is what people wrote."""
    fields = [{"id": 1, "name": "Срок", "value": "2026-01-09"}]
    assert ticket(issue(custom_fields=fields), Lookup()).current.fields["Срок"] == "2026-01-09"


def test_a_field_that_the_ticket_does_not_show_any_more() -> None:
    """The tracker lost a field: its history stays readable under a stand-in."""
    found = ticket(issue(journals=[journal(1, cf(17, "a", "b"))]), Lookup())
    assert found.journals[0].changes[0].name == "#17"
    assert (found.created.fields["#17"], found.current.fields["#17"]) == ("a", "b")


def test_files_that_came_and_went() -> None:
    """A file of the creation that was removed later was there at creation; one that came later was not."""
    details = [
        {"property": "attachment", "name": "1", "old_value": "старый.txt", "new_value": None},
        {"property": "attachment", "name": "2", "old_value": None, "new_value": "новый.txt"},
    ]
    files = [{"id": 2, "filename": "новый.txt"}, {"id": 3, "filename": "всегда.txt"}]
    found = ticket(issue(attachments=files, journals=[journal(1, *details)]), Lookup())
    assert sorted(found.created.attachments) == ["всегда.txt", "старый.txt"]
    assert sorted(found.current.attachments) == ["всегда.txt", "новый.txt"]
    assert found.journals[0].attachments == ("новый.txt",)


def test_line_ends_are_plain() -> None:
    """Redmine's forms send CRLF; the same text compares equal however it came."""
    found = ticket(issue(description="а\r\nб", journals=[journal(1, notes="в\r\nг")]), Lookup())
    assert (found.current.description, found.journals[0].notes) == ("а\nб", "в\nг")
    assert text(None) == ""


def test_values_follow_each_other() -> None:
    """Several changes of one attribute give a state after each."""
    rows = [
        journal(1, attr("status_id", "1", "2"), at="2026-11-16T08:00:00Z"),
        journal(2, attr("status_id", "2", "1"), at="2026-11-16T08:10:00Z"),
        journal(3, attr("status_id", "1", "2"), at="2026-11-16T08:20:00Z"),
    ]
    found = ticket(issue(journals=rows), Lookup())
    assert [s.status for s in found.states] == ["Новая", "В работе", "Новая", "В работе"]
