"""Which tickets the bridge looks after, as Redmine's filters and as a check of each row: filters that Redmine does not know are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.adapters.redmine.names import Names
from bridge.adapters.redmine.records import Outline
from bridge.core.model import Attribute
from bridge.core.policy import Scope
from bridge.errors import PermanentError

IDENTIFIER: Final = re.compile(r"[a-z0-9_-]+")


class ScopeFilter:
    """The rules' scope over one Redmine."""

    def __init__(self, scope: Scope, names: Names) -> None:
        self._scope = scope
        self._names = names

    def covers(self, issue: Mapping[str, Any]) -> bool:
        """Whether a ticket's payload is of a tracker and a project in scope."""
        tracker, project = issue.get("tracker") or {}, issue.get("project") or {}
        return tracker.get("name") in self._scope.trackers and "id" in project and self._has_project(project)

    def _has_project(self, project: Mapping[str, Any]) -> bool:
        if not self._scope.projects and not self._scope.below:
            return True
        if project.get("name") in self._scope.projects:
            return True
        line = self._names.ancestry(int(project["id"]))
        listed = any(line[0].is_called(word) for word in self._scope.projects) if line else False
        return listed or (bool(self._scope.below) and any(step.is_called(self._scope.below) for step in line))

    def prepare(self) -> None:
        """Before many tickets are looked at: get all projects at once instead of one by one."""
        if self._scope.projects or self._scope.below:
            self._names.outlines()

    def projects(self) -> tuple[Outline, ...]:
        """All projects in scope that the account sees."""
        self.prepare()
        return tuple(
            row for row in self._names.outlines().values() if self._has_project({"id": row.id, "name": row.name})
        )

    def trackers(self) -> str:
        """The value of `tracker_id`.

        Raises:
            PermanentError: a tracker of the rules does not exist.
        """
        return "|".join(str(self._tracker(name)) for name in sorted(self._scope.trackers))

    def _tracker(self, name: str) -> int:
        found = self._names.id_of(Attribute.TRACKER, name)
        if found is None:
            raise PermanentError(f"Redmine has no tracker «{name}» (redmine.trackers of the rules)")
        return found

    def place(self) -> dict[str, str]:
        """Parameters that keep a list to the scope's projects, where one query can: below a parent, or one project alone."""
        scope = self._scope
        if scope.below and not scope.projects:
            return {"project_id": self._project(scope.below), "subproject_id": "*"}
        if len(scope.projects) == 1 and not scope.below:
            return {"project_id": self._project(next(iter(scope.projects)))}
        return {}

    def _project(self, word: str) -> str:
        """What stands for the project in a request: an identifier goes as it is, a name is looked up.

        Raises:
            PermanentError: there is no such project, or more than one.
        """
        if IDENTIFIER.fullmatch(word):
            return word
        found = self._names.called(word)
        if len(found) != 1:
            how = "no project" if not found else f"{len(found)} projects"
            raise PermanentError(f"Redmine shows the bridge's account {how} called «{word}»; name it by its identifier")
        return str(found[0].id)
