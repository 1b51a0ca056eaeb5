"""`bridge.mail_ports.Post` over SQLAlchemy Core: mails that came in, the quarantine, the outbox. Each method is one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update

from bridge.adapters.store import schema as t
from bridge.adapters.store.database import Database, changed_one
from bridge.mail_ports import Fate, Outgoing, Quarantined, Received, Sending

_OPENED: Final = (Fate.TICKET, Fate.NOTE)
_WAITING: Final = (Sending.READY, Sending.CLAIMED)
_DONE: Final = (Sending.SENT, Sending.FAILED)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_UNSETTLED: Final = or_(t.letters.c.fate.is_(None), t.letters.c.fate == Fate.QUARANTINE)


class SqlPost:
    """The memory of mail in a database that is open; `SqlStore.post` makes it, and says what its methods raise.

    Who claims is decided by the database: an insert under a unique key, or an update that names what it expects to find.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Mails that came in

    def received(self, key: str) -> Received | None:
        """What is remembered of a mail."""
        c = t.letters.c
        query = select(c.key, c.claimed_at, c.message_id, c.fate, c.ticket_id, c.settled_at).where(c.key == key)
        return next((Received(*tuple(row)) for row in self._database.rows(query)), None)

    def claim_letter(self, key: str, at: datetime, sender: str, message_id: str) -> bool:
        """Claim a mail for handling; of two processes that claim one, exactly one gets True. `sender` counts for the day's cap."""
        with self._database.writing() as db:
            statement = t.insert_into(db, t.letters).values(_letter(key, at, sender, message_id))
            return changed_one(db, statement.on_conflict_do_nothing())

    def reclaim_letter(self, received: Received, at: datetime) -> bool:
        """Take over a claim whose owner is gone; False when somebody else did, or when it has been settled meanwhile."""
        c = t.letters.c
        # A take-over at the very moment of the claim would leave it as it was, for the next one to take over as well.
        as_seen = and_(c.key == received.key, c.fate.is_(None), c.claimed_at == received.claimed_at, c.claimed_at != at)
        with self._database.writing() as db:
            return changed_one(db, update(t.letters).where(as_seen).values(claimed_at=at))

    def settle_letter(self, key: str, fate: Fate, at: datetime, ticket_id: int | None = None) -> None:
        """Remember what became of a mail, also when nobody claimed it; what is settled stays, but for the quarantined.

        A mail that gets another fate leaves the quarantine.
        """
        with self._database.writing() as db:
            _settle(db, _letter(key, at), fate, at, ticket_id)

    def thread(self, ticket_id: int) -> tuple[str, ...]:
        """Message-IDs of the mails that became a ticket or notes of it, oldest first, each once; empty ones left out."""
        c = t.letters.c
        query = select(c.message_id).where(c.ticket_id == ticket_id, c.fate.in_(_OPENED), c.message_id != "")
        return tuple(dict.fromkeys(row.message_id for row in self._database.rows(query.order_by(c.seen_at, c.key))))

    def letters_since(self, sender: str, since: datetime) -> int:
        """How many mails of an address became tickets, notes or are being handled since then."""
        c = t.letters.c
        counts = or_(c.fate.is_(None), c.fate.in_(_OPENED))
        query = select(func.count()).where(c.sender == _folded(sender), c.seen_at >= since, counts)
        return int(self._database.rows(query)[0][0])

    def tickets_since(self, sender: str, since: datetime) -> int:
        """How many mails of an address became tickets since then."""
        c = t.letters.c
        query = select(func.count()).where(c.sender == _folded(sender), c.seen_at >= since, c.fate == Fate.TICKET)
        return int(self._database.rows(query)[0][0])

    # The quarantine

    def quarantine(self, quarantined: Quarantined) -> None:
        """Put a mail aside and settle it so, in one transaction; one that is settled otherwise stays out."""
        key, at = quarantined.key, quarantined.at
        row = {
            "at": at,
            "reason": _storable(quarantined.reason),
            "sender": _storable(quarantined.sender),
            "subject": _storable(quarantined.subject),
            "raw": quarantined.raw,
            "released_at": None,
        }
        with self._database.writing() as db:
            if _settle(db, _letter(key, at, quarantined.sender), Fate.QUARANTINE, at):
                statement = t.insert_into(db, t.quarantine).values(key=key, **row)
                db.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))

    def quarantined(self, key: str = "") -> tuple[Quarantined, ...]:
        """Mails put aside, oldest first, without `raw`; with a key (or a beginning of one that is unique) that one, with `raw`."""
        c = t.quarantine.c
        starts = func.substr(c.key, 1, len(key)) == key
        found = self._quarantined(c.released_at.is_(None), starts)
        if not key:
            return found
        exact = [one for one in found if one.key == key] or found
        return self._quarantined(c.key == exact[0].key, raw=True) if len(exact) == 1 else ()

    def release_quarantined(self, key: str, fate: Fate | None, at: datetime) -> None:
        """Take a mail out of the quarantine: with a fate it is settled so, without one it is told by `released`.

        Then it has a claim whose owner is long gone, so that whoever handles it does so at once, and takes care as after a crash.

        Raises:
            ValueError: the fate is the quarantine.
        """
        if fate is Fate.QUARANTINE:
            msg = "a mail is not released into the quarantine"
            raise ValueError(msg)
        letter, kept = t.letters.c, t.quarantine.c
        lies_there = exists().where(kept.key == key, kept.released_at.is_(None))
        mine = and_(letter.key == key, letter.fate == Fate.QUARANTINE, lies_there)
        outcome = (
            {"fate": fate, "settled_at": at} if fate else {"fate": None, "settled_at": None, "claimed_at": _LONG_AGO}
        )
        with self._database.writing() as db:
            if not changed_one(db, update(t.letters).where(mine).values(outcome)):
                return
            if fate:
                db.execute(delete(t.quarantine).where(kept.key == key))
            else:
                db.execute(update(t.quarantine).where(kept.key == key).values(released_at=at))

    def released(self) -> tuple[Quarantined, ...]:
        """Mails to be handled anew, with `raw`, oldest first, until they are settled."""
        return self._quarantined(t.quarantine.c.released_at.is_not(None), raw=True)

    def _quarantined(self, *which: ColumnElement[bool], raw: bool = False) -> tuple[Quarantined, ...]:
        c = t.quarantine.c
        columns = [c.key, c.at, c.reason, c.sender, c.subject, *([c.raw] if raw else [])]
        rows = self._database.rows(select(*columns).where(*which).order_by(c.at, c.key))
        return tuple(Quarantined(*tuple(row)) for row in rows)

    # The outbox

    def post(self, outgoing: Outgoing) -> bool:
        """Put a mail into the outbox; False when one with its Message-ID has been there before, in whatever state."""
        names = ("message_id", "ticket_id", "journal_id", "mail", "state", "tries", "next_at")
        row = {name: getattr(outgoing, name) for name in names}
        texts = {"sender": _storable(outgoing.sender), "reason": _storable(outgoing.reason)}
        with self._database.writing() as db:
            statement = t.insert_into(db, t.outbox).values(**row, **texts)
            if not changed_one(db, statement.on_conflict_do_nothing()):
                return False
            if outgoing.recipients:
                db.execute(insert(t.recipients), _recipients(outgoing))
            return True

    def posted(self, ticket_id: int) -> frozenset[int]:
        """Journals of a ticket for which a mail has been put into the outbox, whatever became of it."""
        query = select(t.outbox.c.journal_id).where(t.outbox.c.ticket_id == ticket_id)
        return frozenset(row.journal_id for row in self._database.rows(query))

    def outbox(self, now: datetime) -> tuple[Outgoing, ...]:
        """Mails to be sent now, and claimed ones, oldest first."""
        c = t.outbox.c
        due = or_(
            c.state == Sending.CLAIMED, and_(c.state == Sending.READY, or_(c.next_at.is_(None), c.next_at <= now))
        )
        addressed = t.recipients.c.message_id.in_(select(c.message_id).where(due))
        to: dict[str, list[str]] = {}
        with self._database.reading() as db:
            rows = list(db.execute(select(t.outbox).where(due)))
            for row in db.execute(select(t.recipients).where(addressed).order_by(t.recipients.c.place)):
                to.setdefault(row.message_id, []).append(row.address)
        found = [_outgoing(row, tuple(to.get(row.message_id, ()))) for row in rows]
        return tuple(sorted(found, key=lambda one: (one.next_at or _EARLIEST, one.ticket_id, one.journal_id)))

    def claim_sending(self, message_id: str, at: datetime) -> bool:
        """READY becomes CLAIMED, with `at` as `next_at`; of two processes that claim one, exactly one gets True."""
        c = t.outbox.c
        ready = and_(c.message_id == message_id, c.state == Sending.READY)
        with self._database.writing() as db:
            return changed_one(db, update(t.outbox).where(ready).values(state=Sending.CLAIMED, next_at=at))

    def reclaim_sending(self, outgoing: Outgoing, at: datetime) -> bool:
        """Take over a claimed mail whose owner is gone; False when somebody else did, or when it has been settled meanwhile."""
        c = t.outbox.c
        as_seen = and_(c.state == Sending.CLAIMED, c.next_at == outgoing.next_at, c.next_at != at)
        with self._database.writing() as db:
            statement = update(t.outbox).where(c.message_id == outgoing.message_id, as_seen)
            return changed_one(db, statement.values(next_at=at))

    def settle_sending(self, message_id: str, state: Sending, next_at: datetime, reason: str = "") -> None:
        """SENT and FAILED are for good and drop the message's text; READY tries again at `next_at` and counts the try.

        Raises:
            ValueError: `state` is no outcome.
        """
        if state is Sending.CLAIMED:
            msg = "a mail that goes out is settled as sent, failed or ready"
            raise ValueError(msg)
        c = t.outbox.c
        more: dict[str, Any] = {"mail": b""} if state in _DONE else {"tries": c.tries + 1}
        open_one = and_(c.message_id == message_id, c.state.in_(_WAITING))
        with self._database.writing() as db:
            statement = update(t.outbox).where(open_one)
            db.execute(statement.values(state=state, next_at=next_at, reason=_storable(reason), **more))

    def sent_since(self, recipient: str, since: datetime) -> int:
        """How many mails have gone to an address since then, or wait to go."""
        c = t.outbox.c
        counts = or_(c.state.in_(_WAITING), and_(c.state == Sending.SENT, c.next_at >= since))
        to = t.recipients.c.message_id == c.message_id, t.recipients.c.folded == _folded(recipient)
        query = select(func.count(func.distinct(c.message_id))).select_from(t.outbox.join(t.recipients, and_(*to)))
        return int(self._database.rows(query.where(counts))[0][0])

    # Personal data

    def purge(self, before: datetime, *, dry: bool = False) -> int:
        """Remove personal data of what is done with and older than that; keyed digests, fates and states stay (trap 4).

        A quarantined mail older than that goes too, looked at or not. Returns of how many mails; `dry` only counts.
        """
        letters, mails = _old_letters(before), _old_mails(before)
        with self._database.reading() if dry else self._database.writing() as db:
            counts = [db.execute(select(func.count()).where(old)).scalar_one() for old in (letters, mails)]
            if not dry:
                _remove(db, letters, mails)
        return sum(counts)


def _letter(key: str, at: datetime, sender: str = "", message_id: str = "") -> dict[str, Any]:
    return {
        "key": key,
        "seen_at": at,
        "claimed_at": at,
        "sender": _folded(sender),
        "message_id": _storable(message_id),
    }


def _settle(db: Connection, letter: dict[str, Any], fate: Fate, at: datetime, ticket_id: int | None = None) -> bool:
    """Whether the mail had no other fate before; out of the quarantine goes what has one now."""
    outcome = {"fate": fate, "settled_at": at, "ticket_id": ticket_id}
    statement = t.insert_into(db, t.letters).values(**letter, **outcome)
    taken = changed_one(db, statement.on_conflict_do_update(index_elements=["key"], set_=outcome, where=_UNSETTLED))
    if fate is not Fate.QUARANTINE:
        db.execute(delete(t.quarantine).where(t.quarantine.c.key == letter["key"]))
    return taken


def _recipients(outgoing: Outgoing) -> list[dict[str, Any]]:
    addresses = enumerate(map(_storable, outgoing.recipients))
    return [
        {"message_id": outgoing.message_id, "place": place, "address": address, "folded": _folded(address)}
        for place, address in addresses
    ]


def _outgoing(row: Row[Any], recipients: tuple[str, ...]) -> Outgoing:
    ids = (row.message_id, row.ticket_id, row.journal_id)
    return Outgoing(*ids, row.sender, recipients, row.mail, row.state, row.tries, row.next_at, row.reason)


def _old_letters(before: datetime) -> ColumnElement[bool]:
    """Mails that came in, done with (or their claim abandoned) before that, and personal still."""
    c, kept = t.letters.c, t.quarantine.c
    lies_there = exists().where(kept.key == c.key)
    released_at = select(kept.released_at).where(kept.key == c.key).scalar_subquery()
    done_at = func.coalesce(c.settled_at, released_at, c.claimed_at)
    return and_(done_at < before, or_(c.sender != "", c.message_id != "", lies_there))


def _old_mails(before: datetime) -> ColumnElement[bool]:
    """Mails that went out, or were given up, before that, and are personal still."""
    c = t.outbox.c
    addressed = exists().where(t.recipients.c.message_id == c.message_id)
    return and_(c.state.in_(_DONE), c.next_at < before, or_(c.sender != "", c.reason != "", addressed))


def _remove(db: Connection, letters: ColumnElement[bool], mails: ColumnElement[bool]) -> None:
    """Empty what is personal; first where it stands in rows of its own, which go."""
    old = select(t.letters.c.key).where(letters), select(t.outbox.c.message_id).where(mails)
    db.execute(delete(t.quarantine).where(t.quarantine.c.key.in_(old[0])))
    db.execute(update(t.letters).where(letters).values(sender="", message_id=""))
    db.execute(delete(t.recipients).where(t.recipients.c.message_id.in_(old[1])))
    db.execute(update(t.outbox).where(mails).values(sender="", reason="", mail=b""))


def _folded(address: str) -> str:
    return _storable(address).casefold()


def _storable(text: str) -> str:
    """Text of a mail, which may hold what no database takes: half characters and NUL."""
    return text.encode(errors="replace").decode().replace("\0", "")
