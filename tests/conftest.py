"""Fixtures of the whole suite."""

from tests.redmine_fixtures import own_redmine, redmine_server

__all__ = ["own_redmine", "redmine_server"]
