"""Ids of what people call by name in the demo's Redmine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.errors import PermanentError

if TYPE_CHECKING:
    from bridge.demo.database import Database

QUERIES: Final = {
    "tracker": "SELECT name, id FROM trackers",
    "status": "SELECT name, id FROM issue_statuses",
    "priority": "SELECT name, id FROM enumerations WHERE type = 'IssuePriority'",
    "project": "SELECT identifier, id FROM projects UNION ALL SELECT name, id FROM projects",
    "field": "SELECT name, id FROM custom_fields WHERE type = 'IssueCustomField'",
    "principal": (
        "SELECT login, id FROM users WHERE type = 'User' "
        "UNION ALL SELECT firstname || ' ' || lastname, id FROM users WHERE type = 'User' "
        "UNION ALL SELECT lastname, id FROM users WHERE type = 'Group'"
    ),
    "role": "SELECT name, id FROM roles",
}


class Names:
    """Looks ids up in the database, and remembers them; a name not yet known is looked up again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, dict[str, int]] = {}

    def id(self, kind: str, name: str) -> int:
        """The id of a tracker, status, priority, project, field, role, or principal (a login, a person's or a group's name).

        Raises:
            PermanentError: there is none of that name.
        """
        if name not in self._known.get(kind, {}):
            self._known[kind] = self._read(QUERIES[kind])
        try:
            return self._known[kind][name]
        except KeyError:
            raise PermanentError(f"the demo's Redmine has no {kind} {name!r}") from None

    def category(self, project: int, name: str) -> int:
        """The id of a project's category."""
        sql = "SELECT name, id FROM issue_categories WHERE project_id = :project"
        found = {row[0]: int(row[1]) for row in self._database.rows(sql, {"project": project})}
        if name not in found:
            raise PermanentError(f"project {project} has no category {name!r}")
        return found[name]

    def _read(self, sql: str) -> dict[str, int]:
        return {row[0]: int(row[1]) for row in self._database.rows(sql)}
