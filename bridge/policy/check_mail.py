"""What can be wrong with the section `mail` beside its form."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.errors import Mistake
from bridge.policy.form import Draft
from bridge.policy.vocabulary import did_you_mean


def section(draft: Draft) -> Iterator[Mistake]:
    """A tracker that the bridge does not look after, own names without a server to believe, folders read and moved to at once."""
    mail = draft.rules.mail
    if mail is None or draft.lacks("mail"):
        return
    if not draft.lacks("redmine") and mail.tracker not in draft.rules.redmine.trackers:
        message = f"the tracker {mail.tracker!r} is none of `redmine.trackers`: nobody would look after its tickets"
        yield draft.document.at_value(
            ("mail", "tracker"), message, did_you_mean(mail.tracker, draft.rules.redmine.trackers)
        )
    if mail.own_name and not mail.trust:
        message = "`own_name` needs `trust`: without a server that is believed, anybody can write in anybody's name"
        yield draft.document.at_key(("mail", "own_name"), message, "name the authserv-id of your receiving mail server")
    if mail.move_to in mail.folders:
        message = f"handled mails cannot be moved to {mail.move_to!r}: it is one of `folders`"
        yield draft.document.at_value(("mail", "move_to"), message, "name another folder")


def left_alone(draft: Draft) -> Iterator[Mistake]:
    """Routes that leave mails to people where there is no mail channel."""
    if draft.rules.mail is not None or draft.lacks("mail"):
        return
    for route in draft.rules.routes:
        if route.mail == "leave":
            message = "`mail: leave` does nothing here: these rules have no section `mail`"
            yield draft.document.at_key((*route.path, "mail"), message, "add the section, or leave this out")
