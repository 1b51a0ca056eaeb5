"""People who use the demo's Redmine by REST: customers, engineers, leads. Names, not ids; a change that was silently dropped raises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import requests

from bridge.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from bridge.demo.server import RedmineServer

PRESALE: Final = "ТехП Пресейл"
ADMIN: Final = "admin"
TIMEOUT: Final = 60.0
CLEAR: Final = ""


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
        made = self.request("POST", "/issues.json", {"issue": asked | said}, at=at)["issue"]
        _check(made, asked | {"subject": subject}, f"ticket {made['id']}")
        return int(made["id"])

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
        before = self._look(number)
        asked = self._asked(current=before["project"]["id"], **attributes)
        said: dict[str, Any] = {"notes": text, "private_notes": private} if text else {}
        said["uploads"] = self._upload(attachments, at)
        self.request("PUT", f"/issues/{number}.json", {"issue": asked | said}, at=at)
        after = self._look(number)
        _check(after, asked, f"ticket {number}")
        return _journal(before, after, text, private=private)

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
        self.request("POST", f"/issues/{number}/watchers.json", {"user_id": self.server.names.id("principal", whom)})
        watchers = [person["id"] for person in self._look(number)["watchers"]]
        if self.server.names.id("principal", whom) not in watchers:
            raise NotAppliedError(f"{whom} did not become a watcher of ticket {number}")

    def _look(self, number: int) -> dict[str, Any]:
        return self._admin.issue(number)

    @cached_property
    def _admin(self) -> Actor:
        return self if self.login == ADMIN else Actor(self.server, ADMIN)

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


def _check(found: Mapping[str, Any], asked: Mapping[str, Any], what: str) -> None:
    """Compare what was asked for with what is there now."""
    dropped = [name for name, value in asked.items() if name != "custom_fields" and _value(found, name) != str(value)]
    there = {field["id"]: field.get("value") or "" for field in found.get("custom_fields", [])}
    dropped += [f"field {f['id']}" for f in asked.get("custom_fields", []) if there.get(f["id"]) != f["value"]]
    if dropped:
        raise NotAppliedError(f"{what}: Redmine silently dropped {', '.join(dropped)}")


def _value(found: Mapping[str, Any], name: str) -> str:
    if name.endswith("_id"):
        return str((found.get(name.removesuffix("_id")) or {}).get("id", ""))
    return str(found.get(name) or "")


def _journal(before: Mapping[str, Any], after: Mapping[str, Any], text: str, *, private: bool) -> int:
    known = {journal["id"] for journal in before["journals"]}
    made = [journal for journal in after["journals"] if journal["id"] not in known]
    if not text:
        return int(made[-1]["id"]) if made else 0
    matching = [j for j in made if (j.get("notes") or "").strip() == text.strip()]
    if not matching or bool(matching[-1]["private_notes"]) is not private:
        raise NotAppliedError(f"ticket {after['id']}: the note did not appear, or not as {private=}")
    return int(matching[-1]["id"])
