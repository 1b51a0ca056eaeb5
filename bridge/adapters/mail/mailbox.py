"""`bridge.mail_ports.Mailbox` over IMAP.

A message is named by its folder's UIDVALIDITY and its UID together: after a folder was made anew, what was listed before counts as gone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from imap_tools.utils import encode_folder

from bridge.adapters.mail.accounts import MailAccount, Patience
from bridge.adapters.mail.session import ImapSession
from bridge.errors import BridgeError, PermanentError, TemporaryError
from bridge.mail_ports import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from bridge.core.policy import Mail

    T = TypeVar("T")

KEYWORD: Final = "PresaleBridge"
SENT_NAMES: Final = ("Sent", "Sent Items", "Sent Messages", "Отправленные")
BATCH: Final = 500
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
INTERNALDATE: Final = re.compile(
    rb'INTERNALDATE " ?(?P<day>\d+)-(?P<month>\w{3})-(?P<year>\d{4}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) '
    rb'(?P<sign>[+-])(?P<zone_h>\d\d)(?P<zone_m>\d\d)"'
)
NUMBERS: Final = re.compile(rb"(UID|RFC822\.SIZE) (\d+)")


class ImapMailbox:
    """The mailbox that the rules name. It connects at the first use, and again after a lost connection. Of one thread."""

    def __init__(self, account: MailAccount, rules: Mail, patience: Patience | None = None) -> None:
        self._account = account
        self._rules = rules
        self._patience = patience or Patience()
        self._session: ImapSession | None = None
        self._open: tuple[str, int] | None = None

    def close(self) -> None:
        """Log out."""
        if self._session:
            self._session.close()
        self._session, self._open = None, None

    def waiting(self, since: datetime) -> Iterator[Waiting]:
        """See `Mailbox.waiting`. What people marked as deleted is left to them."""
        if self._session and not self._session.alive():
            self.close()
        found = self._do(lambda session: self._waiting(session, since))
        return iter(sorted(found, key=lambda one: one.arrived_at))

    def fetch(self, waiting: Waiting, at_most: int) -> bytes:
        """See `Mailbox.fetch`."""
        return self._do(lambda session: self._fetch(session, waiting, at_most))

    def mark(self, waiting: Waiting, *, handled: bool = True) -> None:
        """See `Mailbox.mark`. The keyword comes first: it goes with the message into another folder."""
        self._do(lambda session: self._mark(session, waiting, handled=handled))

    def has(self, message_id: str) -> bool:
        """See `Mailbox.has`: in the folders of the rules, where handled mail is moved, and where sent mail is kept."""
        if not message_id or not message_id.isascii() or not message_id.isprintable():
            return False
        quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
        return self._do(lambda session: self._has(session, f'HEADER Message-ID "<{quoted}>"'))

    def _do(self, work: Callable[[ImapSession], T]) -> T:
        """Do it on the open connection, or a new one; after an error that may have broken it, the next use makes a new one."""
        try:
            if self._session is None:
                self._session = ImapSession(self._account, self._patience)
            return work(self._session)
        except BridgeError as error:
            if isinstance(error, TemporaryError) and self._session:
                self._session.drop()
                self._session, self._open = None, None
            raise

    def _waiting(self, session: ImapSession, since: datetime) -> list[Waiting]:
        self._require_target(session)
        return [one for folder in self._rules.folders for one in self._waiting_in(session, folder, since)]

    def _waiting_in(self, session: ImapSession, folder: str, since: datetime) -> Iterator[Waiting]:
        validity = self._select(session, folder, anew=True)
        if not session.keeps(KEYWORD):
            raise PermanentError(
                f"{self._account}: folder «{folder}» keeps no keywords, and the bridge marks with one what it has handled; "
                "have them allowed there (the right «w» of its ACL), or name another folder"
            )
        uids = session.search(f"UNKEYWORD {KEYWORD} UNDELETED SINCE {_day_before(since)}")
        for start in range(0, len(uids), BATCH):
            said = session.uid("FETCH", ",".join(uids[start : start + BATCH]), "(UID INTERNALDATE RFC822.SIZE)")
            for item in said:
                one = _one(folder, validity, item)
                if one and one.arrived_at >= since:
                    yield one

    def _fetch(self, session: ImapSession, waiting: Waiting, at_most: int) -> bytes:
        uid = self._uid(session, waiting)
        said = session.uid("FETCH", uid, f"(UID BODY.PEEK[]<0.{max(at_most, 1)}>)") if uid else []
        bodies = (item[1] for item in said if isinstance(item, tuple) and b"BODY[]" in item[0])
        return next(bodies, b"")[:at_most]

    def _mark(self, session: ImapSession, waiting: Waiting, *, handled: bool) -> None:
        uid = self._uid(session, waiting)
        if not uid:
            return
        flags = f"{KEYWORD} \\Seen" if self._rules.mark_seen and handled else KEYWORD
        _require_kept(self._account, uid, session.uid("STORE", uid, "+FLAGS", f"({flags})"))
        if handled and self._rules.move_to and self._rules.move_to != waiting.folder:
            self._move(session, uid)

    def _move(self, session: ImapSession, uid: str) -> None:
        target = encode_folder(self._rules.move_to).decode("ascii")
        if session.can("MOVE"):
            session.uid("MOVE", uid, target)
            return
        session.uid("COPY", uid, target)
        session.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")
        if session.can("UIDPLUS"):  # a plain EXPUNGE would remove what people have marked as deleted
            session.uid("EXPUNGE", uid)

    def _has(self, session: ImapSession, criteria: str) -> bool:
        for folder in self._searched(session):
            self._open = None
            session.select(folder, readonly=True)
            if session.search(criteria):
                return True
        return False

    def _searched(self, session: ImapSession) -> Sequence[str]:
        there = session.folders()
        names = {one.name for one in there}
        special = [one.name for one in there if "\\sent" in {flag.lower() for flag in one.flags}]
        sent = special or [name for name in SENT_NAMES if name in names]
        return tuple(dict.fromkeys((*self._rules.folders, *filter(None, [self._rules.move_to]), *sent)))

    def _uid(self, session: ImapSession, waiting: Waiting) -> str:
        """The UID, with its folder open; empty when the folder is another one by now."""
        validity, _, uid = waiting.uid.partition(":")
        if self._open and self._open[0] == waiting.folder:
            session.look_again()
        return uid if str(self._select(session, waiting.folder)) == validity else ""

    def _select(self, session: ImapSession, folder: str, *, anew: bool = False) -> int:
        if anew or self._open is None or self._open[0] != folder:
            self._open = None
            self._open = (folder, session.select(folder))
        return self._open[1]

    def _require_target(self, session: ImapSession) -> None:
        """Refuse a folder to move to that is not there, before anything is handled."""
        if self._rules.move_to:
            self._open = None
            session.select(self._rules.move_to, readonly=True)


def _one(folder: str, validity: int, item: object) -> Waiting | None:
    """One line of a FETCH; None for other things that a server may tell in between."""
    if not isinstance(item, bytes):
        return None
    numbers, moment = dict(NUMBERS.findall(item)), _internaldate(item)
    if moment is None or len(numbers) < 2:
        return None
    return Waiting(folder, f"{validity}:{numbers[b'UID'].decode()}", moment, int(numbers[b"RFC822.SIZE"]))


def _internaldate(item: bytes) -> datetime | None:
    found = INTERNALDATE.search(item)
    if found is None or found["month"].decode() not in MONTHS:
        return None
    numbers = {name: int(found[name]) for name in ("year", "day", "hour", "minute", "second", "zone_h", "zone_m")}
    zone = timedelta(hours=numbers["zone_h"], minutes=numbers["zone_m"]) * (-1 if found["sign"] == b"-" else 1)
    day = (numbers["year"], MONTHS.index(found["month"].decode()) + 1, numbers["day"])
    return datetime(*day, numbers["hour"], numbers["minute"], min(numbers["second"], 59), tzinfo=UTC) - zone


def _require_kept(account: MailAccount, uid: str, said: Sequence[object]) -> None:
    """Refuse to go on when the server took the keyword and dropped it; says nothing when the message is gone."""
    lines = [item for item in said if isinstance(item, bytes) and re.search(rb"\bUID %s\b" % uid.encode(), item)]
    if lines and not any(KEYWORD.encode().lower() in line.lower() for line in lines):
        raise PermanentError(
            f"{account}: it does not keep the keyword {KEYWORD}; mail would be handled again and again"
        )


def _day_before(moment: datetime) -> str:
    """For SINCE, which compares days and disregards zones (RFC 9051 6.4.4): a day early is early enough everywhere."""
    day = moment.astimezone(UTC) - timedelta(days=1)
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
