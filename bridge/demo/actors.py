"""People who use the demo's Redmine by REST: customers, engineers, leads. Names, not ids; a change that was silently dropped raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests

from bridge.demo.database import is_true
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from bridge.demo.database import Database
    from bridge.demo.server import RedmineServer

PRESALE: Final = "ТехП Пресейл"
ADMIN: Final = "admin"
TIMEOUT: Final = 60.0
CLEAR: Final = ""
ATTRIBUTES: Final = (
    "project_id",
    "tracker_id",
    "status_id",
    "priority_id",
    "assigned_to_id",
    "category_id",
    "due_date",
    "subject",
    "description",
)
VALUES: Final = f"SELECT {', '.join(ATTRIBUTES)} FROM issues WHERE id = :id"  # noqa: S608 - of constants only
FIELDS: Final = (
    "SELECT custom_field_id, value FROM custom_values WHERE customized_type = 'Issue' AND customized_id = :id"
)
JOURNALS: Final = "SELECT id, notes, private_notes FROM journals WHERE journalized_id = :id ORDER BY id"
WATCHERS: Final = "SELECT user_id FROM watchers WHERE watchable_type = 'Issue' AND watchable_id = :id"


class NotAppliedError(PermanentError):
    """Redmine said that it was done, and did not do it."""


class Actor:
    """One person with a key.

    Every call takes `at`, the moment at which it happens (default: Redmine's present). For `assigned_to`, `category` and `due_date` an
    empty string takes the value away; None leaves it as it is.
    """

    def __init__(self, server: RedmineServer, login: str, key: str = "") -> None:
        self.server = server
        self.login = login
        self.key = key or server.key(login)
        self._session = requests.Session()

    def request(
        self, method: str, path: str, body: object = None, *, at: datetime | None = None, **params: object
    ) -> dict[str, Any]:
        """One REST request as this person; the answer's JSON, empty where there is none.

        Raises:
            PermanentError: Redmine refused; the message has its reasons.
        """
        headers = _headers(self.key, at)
        answer = self._session.request(
            method, self.server.url + path, json=body, headers=headers, params=_plain(params), timeout=TIMEOUT
        )
        return _json(answer, f"{self.login}: {method} {path}")

    def issue(self, number: int) -> dict[str, Any]:
        """A ticket with its journals, as this person sees it."""
        include = "journals,attachments,watchers"
        return dict(self.request("GET", f"/issues/{number}.json", include=include)["issue"])

    def open_issue(  # noqa: PLR0913 - what a ticket consists of
        self,
        project: str,
        subject: str,
        description: str = "",
        *,
        tracker: str = PRESALE,
        at: datetime | None = None,
        attachments: Mapping[str, bytes] | None = None,
        **attributes: Any,
    ) -> int:
        """Open a ticket; its number.

        Further attributes: `fields`, `status`, `category`, `priority`, `assigned_to`, `due_date`.
        """
        asked = self._asked(project=project, tracker=tracker, **attributes)
        said = {"subject": subject, "description": description, "uploads": self._upload(attachments, at)}
        number = int(self.request("POST", "/issues.json", {"issue": asked | said}, at=at)["issue"]["id"])
        _Stand.of(self.server.database, number).require(asked | {"subject": subject})
        return number

    def note(
        self,
        number: int,
        text: str = "",
        *,
        private: bool = False,
        at: datetime | None = None,
        attachments: Mapping[str, bytes] | None = None,
        **attributes: Any,
    ) -> int:
        """Add a note, change attributes, or both; the id of the note's journal (without text, of the last journal made).

        Further attributes: `subject`, `description`, `project`, `tracker`, `fields`, `status`, `category`, `priority`, `assigned_to`,
        `due_date`.

        Raises:
            NotAppliedError: the workflow, a role or a race kept Redmine from doing all of it.
        """
        before = _Stand.of(self.server.database, number)
        asked = self._asked(current=int(before.values["project_id"]), **attributes)
        said: dict[str, Any] = {"notes": text, "private_notes": private} if text else {}
        said["uploads"] = self._upload(attachments, at)
        self.request("PUT", f"/issues/{number}.json", {"issue": asked | said}, at=at)
        after = _Stand.of(self.server.database, number)
        after.require(asked)
        return after.journal_since(before, text, private=private)

    def edit_note(self, journal: int, text: str, *, at: datetime | None = None) -> None:
        """Change the words of a note; no words blank it (and delete a journal that has nothing else)."""
        self.request("PUT", f"/journals/{journal}.json", {"journal": {"notes": text}}, at=at)
        found = self.server.database.rows("SELECT notes FROM journals WHERE id = :id", {"id": journal})
        if [row[0] for row in found] not in ([[text]] if text else [[""], []]):
            raise NotAppliedError(f"journal {journal} was not changed")

    def delete_issue(self, number: int) -> None:
        """Delete a ticket."""
        self.request("DELETE", f"/issues/{number}.json")

    def watch(self, number: int, whom: str) -> None:
        """Make somebody a watcher."""
        user = self.server.names.id("principal", whom)
        self.request("POST", f"/issues/{number}/watchers.json", {"user_id": user})
        if (str(user),) not in self.server.database.rows(WATCHERS, {"id": number}):
            raise NotAppliedError(f"{whom} did not become a watcher of ticket {number}")

    def _upload(self, attachments: Mapping[str, bytes] | None, at: datetime | None) -> list[dict[str, str]]:
        return [self._upload_one(name, content, at) for name, content in (attachments or {}).items()]

    def _upload_one(self, name: str, content: bytes, at: datetime | None) -> dict[str, str]:
        headers = _headers(self.key, at) | {"Content-Type": "application/octet-stream"}
        url = f"{self.server.url}/uploads.json"
        answer = self._session.post(url, data=content, headers=headers, params={"filename": name}, timeout=TIMEOUT)
        return {"token": _json(answer, f"{self.login}: upload of {name}")["upload"]["token"], "filename": name}

    def _asked(  # noqa: PLR0913 - they are Redmine's attributes
        self,
        *,
        current: int = 0,
        project: str | None = None,
        tracker: str | None = None,
        status: str | None = None,
        category: str | None = None,
        priority: str | None = None,
        assigned_to: str | None = None,
        due_date: date | str | None = None,
        fields: Mapping[str, str] | None = None,
        **plain: str,
    ) -> dict[str, Any]:
        """What to send: names become ids."""
        asked: dict[str, Any] = dict(plain)
        ids = {"project": project, "tracker": tracker, "status": status, "priority": priority}
        asked |= {f"{kind}_id": self.server.names.id(kind, name) for kind, name in ids.items() if name is not None}
        if assigned_to is not None:
            asked["assigned_to_id"] = self.server.names.id("principal", assigned_to) if assigned_to else CLEAR
        if category is not None:
            home = asked.get("project_id", current)
            asked["category_id"] = self.server.names.category(home, category) if category else CLEAR
        if due_date is not None:
            asked["due_date"] = str(due_date)
        if fields:
            asked["custom_fields"] = [
                {"id": self.server.names.id("field", name), "value": value} for name, value in fields.items()
            ]
        return asked


@dataclass(frozen=True)
class Customer:
    """A customer made for one test: a project of its own below «Клиенты», and a person in it."""

    project: str
    login: str
    actor: Actor


def new_customer(server: RedmineServer, code: str) -> Customer:
    """Make a project `code` (Latin letters, digits, dashes) with a customer of the same login, beside all others'."""
    admin = Actor(server, ADMIN)
    names = server.names
    told = {"name": code, "identifier": code, "is_public": False, "inherit_members": True}
    place = {"parent_id": names.id("project", "clients"), "enabled_module_names": ["issue_tracking"]}
    trackers = {"tracker_ids": [names.id("tracker", PRESALE), names.id("tracker", "Ошибка")]}
    admin.request("POST", "/projects.json", {"project": told | place | trackers})
    person = {"login": code, "firstname": "Клиент", "lastname": code, "mail": f"user@{code}.example", "language": "ru"}
    more = {"generate_password": True, "mail_notification": "only_my_events"}
    user = admin.request("POST", "/users.json", {"user": person | more})["user"]
    member = {"user_id": user["id"], "role_ids": [names.id("role", "Клиент")]}
    admin.request("POST", f"/projects/{code}/memberships.json", {"membership": member})
    key = admin.request("GET", f"/users/{user['id']}.json")["user"]["api_key"]
    return Customer(code, code, Actor(server, code, key))


def _headers(key: str, at: datetime | None) -> dict[str, str]:
    return {"X-Redmine-API-Key": key} | ({"X-Demo-Time": at.isoformat()} if at else {})


def _plain(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}


def _json(answer: requests.Response, what: str) -> dict[str, Any]:
    if not answer.ok:
        raise PermanentError(f"{what}: {answer.status_code} {answer.text[:500]}")
    return dict(answer.json()) if answer.text.strip() else {}


@dataclass(frozen=True)
class _Stand:
    """A ticket as it stands in the database, where looking costs a hundredth of what it costs by REST."""

    number: int
    values: Mapping[str, str]
    fields: Mapping[int, str]
    journals: tuple[tuple[int, str, bool], ...]

    @classmethod
    def of(cls, database: Database, number: int) -> _Stand:
        """The ticket now."""
        key = {"id": number}
        (values,) = database.rows(VALUES, key)
        fields = {int(field): value for field, value in database.rows(FIELDS, key)}
        journals = [(int(i), notes, is_true(private)) for i, notes, private in database.rows(JOURNALS, key)]
        return cls(number, dict(zip(ATTRIBUTES, values, strict=True)), fields, tuple(journals))

    def require(self, asked: Mapping[str, Any]) -> None:
        """Compare with what was asked for.

        Raises:
            NotAppliedError: something of it is not there.
        """
        wanted = {name: str(value) for name, value in asked.items() if name != "custom_fields"}
        dropped = [name for name, value in wanted.items() if self.values[name] != value]
        fields = [
            field for field in asked.get("custom_fields", []) if self.fields.get(field["id"], "") != field["value"]
        ]
        dropped += [f"field {field['id']}" for field in fields]
        if dropped:
            raise NotAppliedError(f"ticket {self.number}: Redmine silently dropped {', '.join(dropped)}")

    def journal_since(self, before: _Stand, text: str, *, private: bool) -> int:
        """The journal with this note that was not there before; without a text the last one, 0 when there is none.

        Raises:
            NotAppliedError: the note is not there, or is not as private as asked for.
        """
        known = {number for number, _, _ in before.journals}
        made = [journal for journal in self.journals if journal[0] not in known]
        if not text:
            return made[-1][0] if made else 0
        matching = [journal for journal in made if journal[1].strip() == text.strip()]
        if not matching or matching[-1][2] is not private:
            raise NotAppliedError(f"ticket {self.number}: the note did not appear, or not as {private=}")
        return matching[-1][0]
