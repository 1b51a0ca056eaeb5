"""What the mail channel reads of Redmine's JSON."""

from __future__ import annotations

import responses

from bridge.adapters.redmine.client import Client
from bridge.adapters.redmine.desk import RedmineDesk
from bridge.adapters.redmine.names import Names
from tests.fakes.rest import Site
from tests.unit.worlds import TEN


def added(journal: int, attachment: int) -> dict[str, object]:
    """A journal that came with a file."""
    detail = {"property": "attachment", "name": str(attachment), "new_value": "plan.pdf"}
    return {"id": journal, "details": [detail, {"property": "attr", "name": "12", "new_value": "5"}]}


def test_the_files_of_a_note_are_found_by_their_ids() -> None:
    """Others of the same name, older or newer, stay where they are; so does what has been deleted since."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        site = Site(mock)
        rows = [{"id": number, "filename": "plan.pdf", "filesize": 9} for number in (10, 11, 12)]
        site.pages["/issues/7.json"] = {
            "issue": {"attachments": rows, "journals": [added(1, 10), added(2, 11), added(2, 13), added(3, 12)]}
        }
        site.pages["/attachments/download/11/plan.pdf"] = {"file": 11}
        client = Client(site.redmine())
        (file,) = RedmineDesk(client, Names(client, lambda: TEN)).files(7, 2, 100)
    assert (file.name, file.content) == ("plan.pdf", b'{"file": 11}')
