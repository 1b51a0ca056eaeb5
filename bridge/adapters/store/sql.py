"""`bridge.ports.Store` over SQLAlchemy Core. Each method is one transaction: what it did is on the disk when it returns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bridge.adapters.store import counters
from bridge.adapters.store import schema as t
from bridge.adapters.store.database import Database, changed_one
from bridge.adapters.store.figures import Figures, count
from bridge.adapters.store.post import SqlPost
from bridge.core.model import Attribute, History, OwnStep, Refusal, Role, Step
from bridge.ports import MAX_BACK_OFF, Claim, ClaimState, Known, Logged

_KEY: Final = ("ticket_id", "step", "ordinal", "anchor")
_LEASE: Final = "the pass"
# A lease taken further than this in the future was taken by a clock that was wrong, and would otherwise be held until then.
_WRONG_CLOCK: Final = timedelta(hours=1)


class SqlStore:
    """The memory in an SQL database; opening it makes or upgrades its tables.

    `url`: "sqlite:////var/lib/…/state.db", "postgresql://…", or "sqlite://" for one in memory, which belongs to one thread. `patience` is how
    long a lock of another process is waited for. Every method raises `TemporaryError` (held by another process, disk full, server away)
    or `PermanentError` (no right to write, damaged, not the bridge's, newer than the program), with a sentence for the operator.
    """

    def __init__(self, url: str, *, patience: timedelta = timedelta(seconds=10)) -> None:
        self._database = Database(url, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the store can be used again all the same."""
        self._database.close()

    @property
    def post(self) -> SqlPost:
        """The part for mail, in the same database; closed with the store."""
        return SqlPost(self._database)

    def figures(self, now: datetime, soon: datetime) -> Figures:
        """What stands in the store, counted; `soon` is until when a term counts as nearly over."""
        return count(self._database, now, soon)

    # The ledger

    def history(self, ticket_id: int) -> History:
        """Steps confirmed or refused earlier, in order of time, and attribute values that Redmine did not take."""
        table = t.ledger.c
        settled = (
            select(table.step, table.ordinal, table.settled_at, table.anchor)
            .where(table.ticket_id == ticket_id, table.state != ClaimState.CLAIMED)
            .order_by(table.settled_at, table.step, table.ordinal)
        )
        refused = select(t.refusals).where(t.refusals.c.ticket_id == ticket_id)
        saw = select(table.journal_id, table.saw).where(
            table.ticket_id == ticket_id, table.journal_id.is_not(None), table.saw.is_not(None)
        )
        with self._database.reading() as db:
            return History(
                saw={row.journal_id: row.saw for row in db.execute(saw)},
                done=tuple(OwnStep(*tuple(row)) for row in db.execute(settled)),
                refused=frozenset(Refusal(row.attribute, row.value, row.name) for row in db.execute(refused)),
            )

    def claims(self, ticket_id: int) -> tuple[Claim, ...]:
        """The ticket's claims whose outcome is not known yet, oldest first."""
        table = t.ledger.c
        query = select(*(table[name] for name in (*_KEY, "state", "claimed_at", "journal_id", "saw"))).where(
            table.ticket_id == ticket_id, table.state == ClaimState.CLAIMED
        )
        return tuple(
            Claim(*tuple(row))
            for row in self._database.rows(query.order_by(table.claimed_at, table.step, table.ordinal))
        )

    def claim(self, claims: Iterable[Claim], at: datetime) -> bool:
        """Claim all of them or none; of two processes that claim one step, exactly one gets True."""
        # In one order, so that two processes with the same claims wait for each other and never in a circle.
        rows = sorted(
            ({**_key(claim), "state": ClaimState.CLAIMED, "claimed_at": at, "saw": claim.saw} for claim in claims),
            key=_order,
        )
        try:
            with self._database.writing() as db:
                if rows:
                    db.execute(insert(t.ledger), rows)
        except IntegrityError:
            return False
        return True

    def settle(self, claim: Claim, state: ClaimState, at: datetime, journal_id: int | None = None) -> None:
        """Confirm or refuse a claim; what is confirmed stays so, and a step found in Redmine is kept also when nobody claimed it.

        `at` is the moment that `history` tells: of the note itself where there is one (by Redmine's clock), else of the answer.

        Raises:
            ValueError: `state` is no outcome.
        """
        if state is ClaimState.CLAIMED:
            msg = "a claim is settled as confirmed or refused"
            raise ValueError(msg)
        outcome = {"state": state, "settled_at": at, "journal_id": journal_id}
        with self._database.writing() as db:
            statement = t.insert_into(db, t.ledger).values(**_key(claim), claimed_at=claim.at or at, **outcome)
            db.execute(
                statement.on_conflict_do_update(
                    index_elements=_KEY, set_=outcome, where=t.ledger.c.state != ClaimState.CONFIRMED
                )
            )

    def release(self, claim: Claim) -> None:
        """Forget a claim whose write is known not to have happened; a settled one stays."""
        is_it = and_(*(t.ledger.c[name] == value for name, value in _key(claim).items()))
        with self._database.writing() as db:
            db.execute(delete(t.ledger).where(is_it, t.ledger.c.state == ClaimState.CLAIMED))

    def refuse(self, ticket_id: int, attribute: Attribute, name: str, value: str, at: datetime) -> bool:
        """Remember that Redmine did not take this value; False when that was known already (report once)."""
        digest = sha256(value.encode(errors="surrogatepass")).hexdigest()
        row = {
            "ticket_id": ticket_id,
            "attribute": attribute,
            "name": name,
            "digest": digest,
            "value": value,
            "refused_at": at,
        }
        with self._database.writing() as db:
            return changed_one(db, t.insert_into(db, t.refusals).values(row).on_conflict_do_nothing())

    # People

    def roles(self, ticket_id: int) -> Mapping[int, Role]:
        """Journal id to the role its speaker had when it was first seen (P1)."""
        query = select(t.speakers.c.journal_id, t.speakers.c.role).where(t.speakers.c.ticket_id == ticket_id)
        return {row.journal_id: row.role for row in self._database.rows(query)}

    def keep_roles(self, ticket_id: int, roles: Mapping[int, Role]) -> None:
        """Remember roles of journals seen for the first time; roles already kept stay (P1)."""
        rows = [{"ticket_id": ticket_id, "journal_id": journal, "role": role} for journal, role in roles.items()]
        if rows:
            with self._database.writing() as db:
                db.execute(t.insert_into(db, t.speakers).on_conflict_do_nothing(), rows)

    # Tickets between passes

    def known(self, ticket_id: int) -> Known | None:
        """What was remembered of the ticket; None also when it failed before it could be read once."""
        columns = (
            t.tickets.c[name]
            for name in (
                "ticket_id",
                "updated_on",
                "read_at",
                "next_at",
                "closed",
                "tries",
                "put_aside_until",
                "clock",
                "due",
            )
        )
        rows = self._database.rows(
            select(*columns).where(t.tickets.c.ticket_id == ticket_id, t.tickets.c.read_at.is_not(None))
        )
        return Known(*tuple(rows[0])) if rows else None

    def keep(self, known: Known) -> None:
        """Remember when the ticket was read and when it wants to be looked at next; no back-off in it ends the back-off."""
        values = {**asdict(known), "ticket_id": known.id}
        del values["id"]
        changed = values if known.put_aside_until else {**values, "reason": ""}
        with self._database.writing() as db:
            statement = t.insert_into(db, t.tickets).values(**values, reason="")
            db.execute(statement.on_conflict_do_update(index_elements=["ticket_id"], set_=changed))

    def forget(self, ticket_id: int) -> None:
        """The ticket left the scope or is gone: no more wake-ups. The ledger, who spoke and an adoption stay (trap 4)."""
        with self._database.writing() as db:
            db.execute(delete(t.tickets).where(t.tickets.c.ticket_id == ticket_id))

    def due(self, now: datetime) -> tuple[int, ...]:
        """Tickets whose next moment has come, or whose back-off is over or cannot be, oldest first; who is backed off from waits (W6)."""
        wakes, until = t.tickets.c.next_at, t.tickets.c.put_aside_until
        query = select(t.tickets.c.ticket_id, wakes, until).where(
            or_(until <= now, until > now + MAX_BACK_OFF, and_(until.is_(None), wakes <= now))
        )
        rows = sorted(self._database.rows(query), key=lambda row: (row.put_aside_until or row.next_at, row.ticket_id))
        return tuple(row.ticket_id for row in rows)

    def open_ids(self) -> frozenset[int]:
        """Tickets remembered as open, for the daily full re-read."""
        query = select(t.tickets.c.ticket_id).where(t.tickets.c.closed.is_(False), t.tickets.c.read_at.is_not(None))
        return frozenset(row.ticket_id for row in self._database.rows(query))

    def wake(self, tickets: Iterable[int], at: datetime) -> None:
        """Remember that these want to be looked at from that moment on, unless they want it earlier; unknown ones too. No back-off ends."""
        rows = [
            {"ticket_id": one, "next_at": at, "closed": False, "tries": 0, "reason": ""} for one in sorted(set(tickets))
        ]
        later = or_(t.tickets.c.next_at.is_(None), t.tickets.c.next_at > at)
        if rows:
            with self._database.writing() as db:
                statement = t.insert_into(db, t.tickets)
                db.execute(
                    statement.on_conflict_do_update(index_elements=["ticket_id"], set_={"next_at": at}, where=later),
                    rows,
                )

    def put_aside(self, ticket_id: int, until: datetime, reason: str) -> int:
        """Back off from a ticket that failed; returns how many times in a row (W6)."""
        c = t.tickets.c
        aside = {"put_aside_until": until, "reason": reason}
        with self._database.writing() as db:
            statement = t.insert_into(db, t.tickets).values(ticket_id=ticket_id, closed=False, tries=1, **aside)
            db.execute(
                statement.on_conflict_do_update(index_elements=["ticket_id"], set_={**aside, "tries": c.tries + 1})
            )
            return int(db.execute(select(c.tries).where(c.ticket_id == ticket_id)).scalar_one())

    # Named values, adoptions, decisions

    def get(self, name: str) -> str:
        """A named value: cursor, last full re-read, brake; empty when not set."""
        rows = self._database.rows(select(t.settings.c.value).where(t.settings.c.name == name))
        return str(rows[0].value) if rows else ""

    def set(self, name: str, value: str) -> None:
        """Set a named value; empty removes it."""
        with self._database.writing() as db:
            if value:
                statement = t.insert_into(db, t.settings).values(name=name, value=value)
                db.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
            else:
                db.execute(delete(t.settings).where(t.settings.c.name == name))

    def count(self, name: str, window: str, more: int, at_most: int) -> bool:
        """Count up atomically, from zero in each new window; False, and nothing counted, where it would come to more than `at_most`."""
        return counters.count(self._database, name, window, more, at_most)

    def counted(self, name: str, window: str) -> int:
        """How far it has come in that window."""
        return counters.counted(self._database, name, window)

    def drop_counts(self, first: str, before: str) -> None:
        """Forget the counters whose names lie from `first` on and before `before`, as text sorts."""
        counters.drop(self._database, first, before)

    def adopted(self, ticket_id: int) -> bool:
        """Whether an operator has adopted a ticket older than `not_before` (W5)."""
        return bool(self._database.rows(select(t.adoptions).where(t.adoptions.c.ticket_id == ticket_id)))

    def adopt(self, ticket_id: int, at: datetime) -> None:
        """Let the bridge write to a ticket older than `not_before` (W5)."""
        with self._database.writing() as db:
            db.execute(
                t.insert_into(db, t.adoptions).values(ticket_id=ticket_id, adopted_at=at).on_conflict_do_nothing()
            )

    def log(self, run: str, ticket_id: int, at: datetime, steps: Iterable[OwnStep], reason: str) -> None:
        """Append to the log of decisions; nothing personal beyond ids."""
        words = json.dumps([[step.step.value, step.ordinal, step.at.isoformat(), step.anchor] for step in steps])
        with self._database.writing() as db:
            db.execute(
                insert(t.decisions).values(run=run, ticket_id=ticket_id, decided_at=at, steps=words, reason=reason)
            )

    def logged(self, ticket_id: int) -> Iterator[Logged]:
        """The ticket's decisions, oldest first."""
        rows = self._database.rows(
            select(t.decisions).where(t.decisions.c.ticket_id == ticket_id).order_by(t.decisions.c.id)
        )
        return iter([_decision(row) for row in rows])

    def journals_of(self, run: str) -> Mapping[int, frozenset[int]]:
        """Ticket to the journals that one run wrote to it: those of the steps that it claimed when it decided."""
        joined = t.decisions.join(
            t.ledger,
            and_(t.ledger.c.ticket_id == t.decisions.c.ticket_id, t.ledger.c.claimed_at == t.decisions.c.decided_at),
        )
        query = select(t.ledger.c.ticket_id, t.ledger.c.journal_id).select_from(joined)
        found: dict[int, set[int]] = {}
        for row in self._database.rows(query.where(t.decisions.c.run == run, t.ledger.c.journal_id.is_not(None))):
            found.setdefault(row.ticket_id, set()).add(row.journal_id)
        return {ticket_id: frozenset(journals) for ticket_id, journals in sorted(found.items())}

    # One pass at a time

    def acquire_pass(self, owner: str, now: datetime, ttl: timedelta) -> bool:
        """Begin a pass: False while somebody else's lasts. One that crashed ends by itself, `ttl` after it was last renewed."""
        lease = t.leases.c
        mine = {"owner": owner, "renewed_at": now, "expires_at": now + ttl}
        free = or_(lease.owner == owner, lease.expires_at <= now, lease.renewed_at > now + _WRONG_CLOCK)
        with self._database.writing() as db:
            statement = t.insert_into(db, t.leases).values(name=_LEASE, **mine)
            return changed_one(db, statement.on_conflict_do_update(index_elements=["name"], set_=mine, where=free))

    def renew_pass(self, owner: str, now: datetime, ttl: timedelta) -> bool:
        """Go on with a pass; False when it was taken over meanwhile: stop."""
        with self._database.writing() as db:
            return changed_one(db, update(t.leases).where(_held_by(owner)).values(renewed_at=now, expires_at=now + ttl))

    def pass_owner(self) -> str:
        """Who has begun the pass that was not ended, be its time over or not; empty when there is none."""
        query = select(t.leases.c.owner).where(t.leases.c.name == _LEASE)
        return next((str(row.owner) for row in self._database.rows(query)), "")

    def release_pass(self, owner: str) -> None:
        """End a pass; somebody else's stays."""
        with self._database.writing() as db:
            db.execute(delete(t.leases).where(_held_by(owner)))


def _key(claim: Claim) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in _KEY}


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _held_by(owner: str) -> ColumnElement[bool]:
    return and_(t.leases.c.name == _LEASE, t.leases.c.owner == owner)


def _decision(row: Row[Any]) -> Logged:
    steps = tuple(
        OwnStep(Step(step), n, datetime.fromisoformat(at), anchor) for step, n, at, anchor in json.loads(row.steps)
    )
    return Logged(row.run, row.ticket_id, row.decided_at, steps, row.reason)
