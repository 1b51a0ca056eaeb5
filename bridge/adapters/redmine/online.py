"""`check --online`: the rules against the live Redmine, and what the bridge's account may do there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from bridge.adapters.redmine.findings import Finding, Level, some
from bridge.adapters.redmine.online_history import check_history
from bridge.adapters.redmine.online_mail import check_mail
from bridge.adapters.redmine.online_names import check_names

if TYPE_CHECKING:
    from bridge.adapters.redmine.records import Account, Outline
    from bridge.adapters.redmine.tracker import RedmineTracker
    from bridge.core.policy import Policy

RIGHTS: Final[Mapping[str, str]] = {
    "view_issues": "reading tickets",
    "edit_issues": "setting status, assignee, category, due date and fields",
    "add_issue_notes": "writing notes",
    "edit_own_issue_notes": "blanking a note that came out public by mistake (W2)",
    "view_private_notes": "reading what staff say among themselves",
    "set_notes_private": "writing private notes; without it they come out public (W2)",
    "add_issue_watchers": "making a lead a watcher before escalating (M2)",
    "view_issue_watchers": "seeing who is a watcher already (M2)",
}
BY_MAIL: Final = frozenset({"add_issues"})
LOOKING: Final = ("view_", "browse_")
"""How rights begin that change nothing."""
APART: Final = timedelta(minutes=1)


def check_online(tracker: RedmineTracker, policy: Policy) -> tuple[Finding, ...]:
    """Every name that does not exist, every right that is missing, everybody whom no rule knows; errors first.

    Raises:
        TemporaryError: Redmine is out of reach.
        PermanentError: it does not accept the key.
    """
    projects = tracker.scope.projects()
    found = [
        *_account(tracker, policy),
        *_scope(policy, projects),
        *_rights(tracker, projects),
        *_excess(tracker, policy, projects),
        *check_names(tracker, policy, projects),
        *check_mail(tracker, policy),
        *check_history(tracker, policy),
    ]
    return tuple(sorted(found, key=lambda finding: list(Level).index(finding.level)))


def _account(tracker: RedmineTracker, policy: Policy) -> Iterator[Finding]:
    account = tracker.names.account()
    if account.admin:
        yield Finding(
            Level.ERROR,
            f"The bridge's account {account.user.login} is an administrator's (P4)",
            "Give the bridge an account of its own with an ordinary role: an administrator's notes are a person's, and its key opens everything",
        )
    if not _is_named(account, policy):
        yield Finding(
            Level.WARNING,
            f"The rules do not name the bridge's own account {account.user.login}",
            "Add it to redmine.bridge_users, so that a changed key does not make its old notes a stranger's",
        )
    yield Finding(
        Level.NOTE,
        f"Redmine does not tell whether {account.user.login} gets mail",
        "Set its mail notifications to «none», or every note of the bridge mails the bridge",
    )
    yield from _clocks(tracker)


def _clocks(tracker: RedmineTracker) -> Iterator[Finding]:
    at, now = tracker.client.get("/users/current.json").at, tracker.clock()
    if at is None:
        yield Finding(
            Level.WARNING,
            "Redmine's answers have no Date header: an idle look lists the last changes again each time",
            "Let the web server in front of Redmine add it, as nginx and Apache do",
        )
    elif abs(at - now) > APART:
        yield Finding(
            Level.WARNING,
            f"Redmine's clock says {at:%Y-%m-%d %H:%M:%S} UTC, this machine's {now.astimezone(UTC):%Y-%m-%d %H:%M:%S}: terms and reminders go by both",
            "Let both machines keep time by NTP: `timedatectl` shows whether they do",
        )


def _is_named(account: Account, policy: Policy) -> bool:
    called = {account.user.login.casefold(), account.user.name.casefold()}
    return any(name.casefold() in called for name in policy.redmine.bridge_users)


def _scope(policy: Policy, projects: tuple[Outline, ...]) -> Iterator[Finding]:
    scope = policy.redmine.scope
    lost = [word for word in scope.projects if not any(project.is_called(word) for project in projects)]
    if lost:
        yield Finding(
            Level.ERROR,
            f"redmine.projects: Redmine shows the bridge's account no project {some(lost)}",
            "Correct the name or identifier, or make the account a member",
        )
    if scope.below and not any(project.is_called(scope.below) for project in projects):
        yield Finding(
            Level.ERROR,
            f"redmine.projects: Redmine shows the bridge's account no project «{scope.below}» to look below",
            "Correct the name or identifier, or make the account a member of it",
        )
    if not projects:
        yield Finding(Level.ERROR, "The bridge's account sees no project in scope", "Make it a member of them")


def _rights(tracker: RedmineTracker, projects: tuple[Outline, ...]) -> Iterator[Finding]:
    lacking: dict[str, list[str]] = {}
    partial: list[str] = []
    for project in projects:
        roles = tracker.names.roles_in(project.id)
        granted = frozenset().union(*(role.permissions for role in roles))
        for right in RIGHTS if roles else ("membership",):
            if right not in granted:
                lacking.setdefault(right, []).append(project.name)
        if roles and not any(role.issues == "all" for role in roles):
            partial.append(project.name)
    for right, names in lacking.items():
        yield _lacking(right, names)
    if partial:
        yield Finding(
            Level.WARNING,
            f"The account's role does not show all tickets in {some(partial)}",
            "Set the role's visibility of issues to «all issues»: private tickets are missed otherwise",
        )


def _excess(tracker: RedmineTracker, policy: Policy, projects: tuple[Outline, ...]) -> Iterator[Finding]:
    """Rights to change something that the bridge never changes, by role; a plugin's too."""
    needed = RIGHTS.keys() | (BY_MAIL if policy.mail else frozenset())
    roles = {role.id: role for project in projects for role in tracker.names.roles_in(project.id)}
    for role in roles.values():
        more = sorted(right for right in role.permissions - needed if not right.startswith(LOOKING))
        if more:
            yield Finding(
                Level.WARNING,
                f"The role «{role.name}» of the bridge's account grants what the bridge never does: {', '.join(more)}",
                "Take these rights away, or give the account a role of its own: whoever gets its key has them all",
            )


def _lacking(right: str, projects: list[str]) -> Finding:
    if right == "membership":
        return Finding(
            Level.ERROR,
            f"The bridge's account is no member of {some(projects)}",
            "Make it a member with the bridge's role, best of the parent project with inheritance",
        )
    needed = right in {"view_issues", "edit_issues", "add_issue_notes", "set_notes_private"}
    return Finding(
        Level.ERROR if needed else Level.WARNING,
        f"The account's role lacks the right {right} in {some(projects)}: {RIGHTS[right]}",
        f"Give the bridge's role the right {right}",
    )
