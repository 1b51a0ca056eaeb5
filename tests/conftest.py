"""Fixtures of the whole suite."""

from tests.mail_fixtures import mail_server, running_mail_server
from tests.redmine_fixtures import own_redmine, redmine_server

__all__ = ["mail_server", "own_redmine", "redmine_server", "running_mail_server"]
