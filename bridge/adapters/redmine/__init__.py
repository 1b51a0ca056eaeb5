"""The cabinet's Redmine, through its REST API: the only place that knows ids, payloads and HTTP."""

from bridge.adapters.redmine.connection import Connection, connect
from bridge.adapters.redmine.findings import Finding, Level
from bridge.adapters.redmine.online import check_online
from bridge.adapters.redmine.tracker import RedmineTracker

__all__ = ["Connection", "Finding", "Level", "RedmineTracker", "check_online", "connect"]
