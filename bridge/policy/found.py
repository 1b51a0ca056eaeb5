"""What was found in a live Redmine before there are rules: the names from which `presale-bridge init` drafts rules.yaml."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundTracker:
    """A tracker of the projects in question; `fields` are those that its recent tickets show, None where there is no ticket yet."""

    name: str
    fields: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FoundStatus:
    """A status, and whether it closes."""

    name: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class FoundRole:
    """A role: whether it may edit tickets, and whether anybody but the bridge has it in the projects in question."""

    name: str
    edits: bool = False
    held: bool = True


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody who may edit tickets; `name` is the login, or where Redmine hides that, the name."""

    name: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """The names of one Redmine, as far as the bridge's account sees them, in Redmine's order.

    `account` is the bridge's login. `projects` are identifiers of the projects that it is a member of, `elsewhere` those that it sees
    without being a member, `below` a project under which lie all of the first and none of the second; empty where there is none.
    """

    url: str
    account: str
    trackers: tuple[FoundTracker, ...]
    statuses: tuple[FoundStatus, ...]
    roles: tuple[FoundRole, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[FoundPerson, ...] = ()
    categories: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    below: str = ""
