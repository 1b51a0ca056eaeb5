"""Fixtures of the whole suite."""

from tests.mail_fixtures import mail_server, running_mail_server
from tests.redmine_fixtures import no_mails, redmine

__all__ = ["mail_server", "no_mails", "redmine", "running_mail_server"]
