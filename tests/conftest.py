"""Fixtures of the whole suite."""

import gc

from tests.mail_fixtures import mail_server, running_mail_server
from tests.redmine_fixtures import no_mails, redmine

__all__ = ["mail_server", "no_mails", "redmine", "running_mail_server"]

gc.set_threshold(
    50_000, 20, 100
)  # rules that are kept for the whole run need not be looked through for garbage all the time
