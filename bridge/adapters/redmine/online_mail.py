"""`check --online` for the mail channel: where its tickets are opened, and whether the account may do that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bridge.adapters.redmine.findings import Finding, Level

if TYPE_CHECKING:
    from bridge.adapters.redmine.records import Outline
    from bridge.adapters.redmine.tracker import RedmineTracker
    from bridge.core.policy import Mail, Policy


def check_mail(tracker: RedmineTracker, policy: Policy) -> Iterator[Finding]:
    """The project for mails: there, in scope, with the tracker; the right to open tickets in it, and the fields for the sender."""
    mail = policy.mail
    if mail is None:
        return
    found = tracker.names.called(mail.project)
    if len(found) != 1:
        how = "no project" if not found else f"{len(found)} projects"
        yield Finding(
            Level.ERROR,
            f"mail.project: Redmine shows the bridge's account {how} «{mail.project}»",
            "Name it by its identifier, and make the account a member",
        )
        return
    yield from _place(tracker, mail, found[0])
    yield from _fields(tracker, mail, found[0])


def _place(tracker: RedmineTracker, mail: Mail, outline: Outline) -> Iterator[Finding]:
    project = tracker.names.project(outline.id)
    if mail.tracker not in project.trackers.values():
        yield Finding(
            Level.ERROR,
            f"mail.tracker: the project «{outline.name}» does not have the tracker «{mail.tracker}»",
            "Switch it on in the project's settings",
        )
    granted = frozenset().union(*(role.permissions for role in tracker.names.roles_in(outline.id)))
    if "add_issues" not in granted:
        yield Finding(
            Level.ERROR,
            f"The account's role lacks the right add_issues in «{outline.name}»: opening tickets of mails",
            "Give the account a role with that right in this project, and in this project only",
        )
    if outline.id not in {one.id for one in tracker.scope.projects()}:
        yield Finding(
            Level.ERROR,
            f"mail.project: «{outline.name}» is not one of redmine.projects: nobody would look after its tickets",
            "Add it to redmine.projects",
        )


def _fields(tracker: RedmineTracker, mail: Mail, outline: Outline) -> Iterator[Finding]:
    known = tracker.names.field_ids(outline.id)
    for key, name in (("name", mail.name_field), ("address", mail.address_field)):
        if name and name not in known:
            yield Finding(
                Level.WARNING,
                f"mail.fields.{key}: no ticket and not the project «{outline.name}» shows a field «{name}»",
                "Check its name; a field for all projects shows once there is a ticket of the tracker",
            )
