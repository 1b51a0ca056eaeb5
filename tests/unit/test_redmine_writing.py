"""Writing: exactly what is sent, and what happens when Redmine refuses, hides or does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import responses

from bridge.core.model import Attribute, Change, Write
from bridge.errors import InvalidError, NotFoundError, PermanentError, UnknownOutcomeError
from tests.fakes.rest import Site
from tests.fakes.site import issue, member, small_cabinet, tracker

PUT = "PUT /issues/7.json"
WATCH = "POST /issues/7/watchers.json"


@pytest.fixture
def site() -> Iterator[Site]:
    """A small cabinet."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield small_cabinet(mock)


def change(attribute: Attribute, new: str, name: str = "") -> Change:
    """A change to be written."""
    return Change(attribute, "", new, name)


def test_w1_one_request_with_everything(site: Site) -> None:
    """Note, attributes by their ids and the changed fields alone go out in one request."""
    changes = (
        change(Attribute.STATUS, "Ожидание"),
        change(Attribute.PRIORITY, "Нормальный"),
        change(Attribute.CATEGORY, "Установка"),
        change(Attribute.ASSIGNEE, "Пресейл-отдел"),
        change(Attribute.DUE_DATE, "2026-11-18"),
        change(Attribute.FIELD, "arm", name="Сведения"),
    )
    assert tracker(site).write(7, Write((), notes="Ответ", changes=changes)) == ()
    ids = {"status_id": 2, "priority_id": 2, "category_id": 8, "assigned_to_id": 5, "due_date": "2026-11-18"}
    said = {"notes": "Ответ", "private_notes": False, "custom_fields": [{"id": 1, "value": "arm"}]}
    assert site.bodies == [{"issue": said | ids}]


def test_attributes_alone_carry_no_note(site: Site) -> None:
    """Without words neither note nor privacy is sent."""
    tracker(site).write(7, Write((), changes=(change(Attribute.STATUS, "Ожидание"),)))
    assert site.bodies == [{"issue": {"status_id": 2}}]


def test_a_private_note_says_so(site: Site) -> None:
    """The flag travels with the words."""
    tracker(site).write(7, Write((), notes="Тайна", private=True))
    assert site.bodies == [{"issue": {"notes": "Тайна", "private_notes": True}}]


def test_a_field_with_several_values_gets_a_list(site: Site) -> None:
    """What was read as one text goes out as the values it was made of."""
    tracker(site).write(7, Write((), changes=(change(Attribute.FIELD, "А, Б", name="Продукты"),)))
    assert site.bodies == [{"issue": {"custom_fields": [{"id": 2, "value": ["А", "Б"]}]}}]


def test_trap_16_no_lock_version_is_sent(site: Site) -> None:
    """REST has no optimistic locking; a stale version would only give an empty refusal. Races are seen by reading back (W4)."""
    site.pages["/issues/7.json"] = {"issue": issue(lock_version=3)}
    tracker(site).write(7, Write((), notes="Ответ"))
    assert "lock_version" not in str(site.bodies)


def test_m2_watchers_come_before_the_note(site: Site) -> None:
    """The lead is a watcher when Redmine mails the note's watchers."""
    tracker(site).write(7, Write((), notes="Срок", private=True, watchers=("ivanov",)))
    written = [path for path in site.paths() if not path.startswith("GET")]
    assert (written, site.bodies[0]) == ([WATCH, PUT], {"user_id": 6})


def test_m2_who_watches_already_is_not_added_again(site: Site) -> None:
    """No request for what is so already."""
    site.pages["/issues/7.json"] = {"issue": issue(watchers=[{"id": 6, "name": "Иван Иванов"}])}
    assert tracker(site).write(7, Write((), notes="Срок", private=True, watchers=("ivanov",))) == ()
    assert WATCH not in site.paths()


@pytest.mark.parametrize("status", [403, 404, 422, 500])
def test_m2_a_refused_watcher_does_not_keep_the_note_back(site: Site, status: int) -> None:
    """Whatever becomes of the watcher, the note goes, and what went wrong is told."""
    site.pages[WATCH] = status
    (trouble,) = tracker(site).write(7, Write((), notes="Срок", private=True, watchers=("ivanov",)))
    assert "«ivanov» could not be made a watcher of ticket 7" in trouble
    assert PUT in site.paths()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, PermanentError),
        (404, NotFoundError),
        (422, InvalidError),
        (500, UnknownOutcomeError),
        (504, UnknownOutcomeError),
    ],
)
def test_w3_a_failed_write_says_whether_it_may_have_happened(site: Site, status: int, error: type[Exception]) -> None:
    """Refusals are final, a server in trouble leaves it open."""
    site.pages[PUT] = status
    with pytest.raises(error) as caught:
        tracker(site).write(7, Write((), notes="Ответ"))
    assert type(caught.value) is error


def test_trap_14_success_says_nothing_about_what_was_taken(site: Site) -> None:
    """204 for a value that Redmine drops is no error here: the engine reads back."""
    assert tracker(site).write(7, Write((), changes=(change(Attribute.STATUS, "Закрыта"),))) == ()


@pytest.mark.parametrize(
    ("unknown", "message"),
    [
        (change(Attribute.STATUS, "Нет"), r"ticket 7: Redmine has no status «Нет»"),
        (change(Attribute.PRIORITY, "Нет"), r"ticket 7: Redmine has no priority «Нет»"),
        (change(Attribute.CATEGORY, "Нет"), r"ticket 7: project «Завод» has no category «Нет»"),
        (change(Attribute.ASSIGNEE, "Нет"), r"ticket 7: its project has no member called «Нет»"),
        (change(Attribute.FIELD, "x", name="Нет"), r"ticket 7: it has no field «Нет»"),
        (change(Attribute.STATUS, ""), r"ticket 7: a ticket cannot be without status"),
        (change(Attribute.SUBJECT, "Нет"), r"ticket 7: the bridge does not change a ticket's subject"),
        (change(Attribute.PROJECT, "Завод"), r"ticket 7: the bridge does not change a ticket's project"),
        (change(Attribute.TRACKER, "Пресейл"), r"ticket 7: the bridge does not change a ticket's tracker"),
    ],
)
def test_names_that_do_not_exist_are_refused_before_anything_is_sent(site: Site, unknown: Change, message: str) -> None:
    """The error says which name, of what, and for which ticket."""
    with pytest.raises(PermanentError, match=message):
        tracker(site).write(7, Write((), notes="Ответ", changes=(unknown,), watchers=("ivanov",)))
    assert site.bodies == []


def test_a_group_goes_before_a_user_of_the_same_name(site: Site) -> None:
    """Departments are groups."""
    members = [member(41, "Отдел", "Клиент"), member(42, "Отдел", "Инженер", kind="group")]
    site.pages["/projects/3/memberships.json"] = {"memberships": members, "total_count": 2}
    tracker(site).write(7, Write((), changes=(change(Attribute.ASSIGNEE, "Отдел"),)))
    assert site.bodies == [{"issue": {"assigned_to_id": 42}}]


def test_two_people_of_one_name_are_not_guessed(site: Site) -> None:
    """The ticket is given to neither."""
    members = [member(41, "Иван Иванов", "Инженер"), member(42, "Иван Иванов", "Инженер")]
    site.pages["/projects/3/memberships.json"] = {"memberships": members, "total_count": 2}
    with pytest.raises(PermanentError, match="2 members called «Иван Иванов»"):
        tracker(site).write(7, Write((), changes=(change(Attribute.ASSIGNEE, "Иван Иванов"),)))


def test_w4_an_assignee_who_is_no_member_any_more_can_be_put_back(site: Site) -> None:
    """A person's value is put back as it was, also when that is somebody who left the project."""
    site.pages["/issues/7.json"] = {"issue": issue(assigned_to={"id": 77, "name": "Бывший"})}
    tracker(site).write(7, Write((), changes=(change(Attribute.ASSIGNEE, "Бывший"),)))
    assert site.bodies == [{"issue": {"assigned_to_id": 77}}]


def test_a_new_category_is_found_at_once(site: Site) -> None:
    """A category that was added after the project was read is looked for before it is refused."""
    looking = tracker(site)
    looking.write(7, Write((), changes=(change(Attribute.CATEGORY, "Установка"),)))
    project: Any = site.pages["/projects/3.json"]
    project["project"]["issue_categories"].append({"id": 9, "name": "Новая"})
    looking.write(7, Write((), changes=(change(Attribute.CATEGORY, "Новая"),)))
    assert site.bodies[-1] == {"issue": {"category_id": 9}}


def test_w2_blanking_empties_the_journal(site: Site) -> None:
    """The note's words are taken away, nothing else is touched."""
    tracker(site).blank(12)
    assert (site.paths(), site.bodies) == (["PUT /journals/12.json"], [{"journal": {"notes": ""}}])


@pytest.mark.parametrize("payload", [{}, {"issue": None}, {"issue": []}, {"error": "x"}])
def test_another_json_than_expected_is_temporary(site: Site, payload: dict[str, Any]) -> None:
    """A well-formed answer that is no ticket says so, instead of a KeyError (library trap 5)."""
    site.pages["/issues/7.json"] = payload
    with pytest.raises(Exception, match="JSON without issue"):
        tracker(site).read(7)
