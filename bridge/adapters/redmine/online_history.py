"""The part of `check --online` that looks at recent tickets: who spoke whom no rule knows (P1), fields and statuses as they really are."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bridge.adapters.redmine.findings import Finding, Level, some
from bridge.adapters.redmine.uses import Kind, uses
from bridge.core.model import Channel, Person, Role
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from bridge.adapters.redmine.client import Row
    from bridge.adapters.redmine.tracker import RedmineTracker
    from bridge.core.model import Ticket
    from bridge.core.policy import Policy

RECENT: Final = 20


def check_history(tracker: RedmineTracker, policy: Policy) -> Iterator[Finding]:
    """What the last changed tickets show."""
    tickets = _recent(tracker)
    if not tickets:
        yield Finding(
            Level.NOTE, "There is no ticket in scope yet: fields, authors and the workflow could not be looked at"
        )
        return
    yield from _authors(tracker, tickets)
    yield from _fields(policy, tickets)
    yield from _workflow(tracker, policy, tickets)


def _recent(tracker: RedmineTracker) -> list[Ticket]:
    try:
        trackers = tracker.scope.trackers()
        place = tracker.scope.place()
        wanted = {"tracker_id": trackers, "status_id": "*", "sort": "updated_on:desc", "limit": RECENT, **place}
        numbers = tracker.client.listed("/issues.json", "issues", lambda row: int(row["id"]), **wanted)
    except PermanentError:  # a tracker or project of the rules does not exist: said elsewhere
        return []
    read = (tracker.read(number) for number in numbers)
    return [ticket for ticket in read if ticket is not None]


def _authors(tracker: RedmineTracker, tickets: list[Ticket]) -> Iterator[Finding]:
    strangers: set[str] = set()
    roles: dict[str, set[str]] = {}
    for ticket in tickets:
        for person in _customers(ticket):
            found = tracker.people.roles(int(person.key), tracker.project_of(ticket.id))
            if not found:
                strangers.add(person.name)
            for role in found:
                roles.setdefault(role, set()).add(person.name)
    for name in sorted(strangers):
        yield Finding(
            Level.WARNING,
            f"«{name}» wrote on a recent ticket, is no member of its project, and counts as a customer (P1)",
            "If that is staff, add the name or login to redmine.staff.always; if a robot, to redmine.staff.never",
        )
    for role, names in sorted(roles.items()):
        yield Finding(Level.NOTE, f"People with the role «{role}» count as customers: {some(sorted(names))}")


def _customers(ticket: Ticket) -> set[Person]:
    """Customers with an account; who writes by mail has none."""
    opened = () if ticket.channel is Channel.MAIL else (ticket.author,)
    authors = {*opened, *(journal.author for journal in ticket.journals)}
    return {person for person in authors if person.role is Role.CUSTOMER}


def _fields(policy: Policy, tickets: list[Ticket]) -> Iterator[Finding]:
    """Only tickets show fields to a member: a project lists those that were switched on for it alone, not those of all projects."""
    shown = {name for ticket in tickets for name in ticket.current.fields}
    for use in uses(policy):
        if use.kind is Kind.FIELD and use.name not in shown:
            close = get_close_matches(use.name, shown, n=1)
            yield Finding(
                Level.ERROR,
                f"{use.where}: no recent ticket shows the field «{use.name}»",
                f"Did you mean «{close[0]}»?"
                if close
                else "Put the field on the tracker, and let the bridge's role see it",
            )


def _workflow(tracker: RedmineTracker, policy: Policy, tickets: list[Ticket]) -> Iterator[Finding]:
    """Statuses that the account could not set on an open ticket; Redmine would answer 204 and do nothing (library trap 14)."""
    statuses = policy.redmine.statuses
    newest = {ticket.current.status: ticket.id for ticket in reversed(tickets)}
    for status, number in sorted(newest.items()):
        if status in statuses.closed:
            continue
        allowed = _allowed(tracker, number)
        if allowed and statuses.waiting not in {*allowed, status}:
            yield Finding(
                Level.ERROR,
                f"The workflow does not let the bridge's account go from «{status}» to «{statuses.waiting}» (ticket {number})",
                "Allow that transition for the bridge's role and tracker",
            )


def _allowed(tracker: RedmineTracker, number: int) -> frozenset[str]:
    """Statuses that the account may set; empty where this Redmine does not tell."""
    return tracker.client.one(f"/issues/{number}.json", "issue", _statuses, include="allowed_statuses")


def _statuses(issue: Row) -> frozenset[str]:
    return frozenset(str(row["name"]) for row in issue.get("allowed_statuses") or ())
