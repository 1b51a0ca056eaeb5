"""Moving into the past what is already in the demo's Redmine, and making much of it, by SQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bridge.core.model import require_aware

if TYPE_CHECKING:
    from bridge.demo.database import Database

ISSUE: Final = "UPDATE issues SET created_on = :at, start_date = :day WHERE id = :id"
ISSUE_FILES: Final = (
    "UPDATE attachments SET created_on = :at WHERE container_type = 'Issue' AND container_id = :id AND CAST(id AS varchar(20)) NOT IN "
    "(SELECT d.prop_key FROM journal_details d JOIN journals j ON j.id = d.journal_id "
    "WHERE d.property = 'attachment' AND j.journalized_type = 'Issue' AND j.journalized_id = :id)"
)
JOURNAL: Final = "UPDATE journals SET created_on = :at WHERE id = :id"
JOURNAL_FILES: Final = (
    "UPDATE attachments SET created_on = :at WHERE CAST(id AS varchar(20)) IN "
    "(SELECT prop_key FROM journal_details WHERE property = 'attachment' AND journal_id = :id)"
)
CLOSED: Final = (
    "UPDATE issues SET closed_on = :at WHERE closed_on IS NOT NULL AND id IN (SELECT j.journalized_id FROM journals j "
    "JOIN journal_details d ON d.journal_id = j.id AND d.prop_key = 'status_id' "
    "JOIN issue_statuses s ON CAST(s.id AS varchar(20)) = d.value AND s.is_closed WHERE j.id = :id)"
)
UPDATED: Final = (
    "UPDATE issues SET updated_on = COALESCE((SELECT MAX(j.created_on) FROM journals j "
    "WHERE j.journalized_type = 'Issue' AND j.journalized_id = issues.id), created_on) WHERE id = :id"
)
OF_JOURNAL: Final = "SELECT journalized_id FROM journals WHERE id = :id"
COPIED: Final = (
    "tracker_id, project_id, category_id, status_id, assigned_to_id, priority_id, author_id, description, due_date, start_date, "
    "done_ratio, is_private, lft, rgt, created_on, updated_on, closed_on"
)
MULTIPLY: Final = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "  # noqa: S608 - of constants only
    f"INSERT INTO issues (subject, {COPIED}) SELECT subject || ' ' || n.i, {COPIED} FROM issues, n WHERE id = :id"
)
ROOTS: Final = "UPDATE issues SET root_id = id WHERE root_id IS NULL"
VALUES: Final = (
    "INSERT INTO custom_values (customized_type, customized_id, custom_field_id, value) "
    "SELECT 'Issue', i.id, v.custom_field_id, v.value FROM issues i, custom_values v "
    "WHERE i.id > :last AND v.customized_type = 'Issue' AND v.customized_id = :id"
)
JOURNALS: Final = (
    "INSERT INTO journals (journalized_type, journalized_id, user_id, notes, created_on, private_notes) "
    "SELECT 'Issue', i.id, j.user_id, j.notes, j.created_on, j.private_notes FROM issues i, journals j "
    "WHERE i.id > :last AND j.journalized_type = 'Issue' AND j.journalized_id = :id ORDER BY i.id, j.id"
)

CLEARED: Final = (
    "DELETE FROM issues",
    "DELETE FROM journals",
    "DELETE FROM journal_details",
    "DELETE FROM issue_relations",
    "DELETE FROM attachments",
    "DELETE FROM watchers WHERE watchable_type = 'Issue'",
    "DELETE FROM custom_values WHERE customized_type = 'Issue'",
)


def backdate(database: Database, issue: int, created_on: datetime) -> None:
    """Move a ticket's creation, with the files that came with it; its journals stay where they are."""
    values = {"id": issue, "at": _stamp(created_on), "day": _stamp(created_on)[:10]}
    database.script([(ISSUE, values), (ISSUE_FILES, values), (UPDATED, values)])


def backdate_journal(database: Database, journal: int, at: datetime) -> None:
    """Move a journal, with its files and the closing that it made; the ticket's update time follows."""
    values = {"id": journal, "at": _stamp(at)}
    issue = int(database.rows(OF_JOURNAL, {"id": journal})[0][0])
    database.script([(JOURNAL, values), (JOURNAL_FILES, values), (CLOSED, values), (UPDATED, {"id": issue})])


def multiply(database: Database, issue: int, count: int) -> None:
    """Make `count` copies of a ticket with its fields and notes (not the details of its journals), in one stroke."""
    last = int(database.rows("SELECT MAX(id) FROM issues")[0][0])
    values = {"id": issue, "count": count, "last": last}
    database.script([(sql, values) for sql in (MULTIPLY, ROOTS, VALUES, JOURNALS)])


def clear(database: Database) -> None:
    """Delete all tickets and what hangs on them; projects and people stay."""
    database.script([(sql, {}) for sql in CLEARED])


def _stamp(at: datetime) -> str:
    """A moment as Redmine of the demo keeps it: UTC without a zone."""
    require_aware(at, "the moment")
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
