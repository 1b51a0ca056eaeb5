"""The tables as the queries see them; `migrations` makes them, and a test holds the two together.

No table points at another: the ledger outlives its ticket (trap 4), an adoption outlives a ticket's leaving the scope.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Enum,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

from bridge.core.model import Attribute, Role, Step, require_aware
from bridge.mail_ports import Fate, Sending
from bridge.ports import ClaimState


class Moment(TypeDecorator[datetime]):
    """A moment as UTC text of fixed width, which sorts as time does and reads well in any SQL shell: 2026-11-22T09:00:00.000000Z."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text of a moment; a naive one raises ValueError."""
        if value is None:
            return None
        require_aware(value, "a moment for the store")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment of a text, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


def _word(kind: type[StrEnum]) -> Enum:
    return Enum(
        kind, native_enum=False, create_constraint=False, values_callable=lambda words: [word.value for word in words]
    )


metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

ledger = Table(
    "ledger",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True),
    Column("step", _word(Step), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("anchor", Text, primary_key=True),
    Column("state", _word(ClaimState), nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("journal_id", BigInteger),
    Column("saw", BigInteger),
)

refusals = Table(
    "refusals",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True),
    Column("attribute", _word(Attribute), primary_key=True),
    Column("name", Text, primary_key=True),
    # A value can be longer than an index entry may be, so that its SHA-256 stands in the key.
    Column("digest", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("refused_at", Moment, nullable=False),
)

speakers = Table(
    "speakers",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True),
    Column("journal_id", BigInteger, primary_key=True),
    Column("role", _word(Role), nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False),
    # Neither is known of a ticket that failed before it could be read once.
    Column("updated_on", Moment),
    Column("read_at", Moment),
    Column("next_at", Moment),
    Column("closed", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("put_aside_until", Moment),
    Column("reason", Text, nullable=False),
    # As the last look found them, for the figures: nothing is decided from them.
    Column("clock", Text, nullable=False, server_default=""),
    Column("due", Moment),
    # In this order it serves both halves of `due`: a back-off that is over, and no back-off but a moment that has come.
    Index("ix_tickets_wake", "put_aside_until", "next_at"),
)

adoptions = Table(
    "adoptions",
    metadata,
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False),
    Column("adopted_at", Moment, nullable=False),
)

settings = Table("settings", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("run", Text, nullable=False),
    Column("ticket_id", BigInteger, nullable=False, index=True),
    Column("decided_at", Moment, nullable=False),
    Column("steps", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("renewed_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    # What it counts in: a minute, a poll. A new one begins from zero.
    Column("span", Text, nullable=False),
    Column("used", Integer, nullable=False),
)

# Mail. `purge` empties senders, Message-IDs, recipients, reasons and texts; keys, fates and states stay for good (trap 4).

letters = Table(
    "letters",
    metadata,
    Column("key", Text, primary_key=True),
    # The first claim's moment, which no take-over moves: the thread's order, and what the day's cap counts.
    Column("seen_at", Moment, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("sender", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("fate", _word(Fate)),
    Column("ticket_id", BigInteger, index=True),
    Column("settled_at", Moment),
    Index("ix_letters_sender", "sender", "seen_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    # Set: a person wants it handled anew; the row stays until that is settled.
    Column("released_at", Moment),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("ticket_id", BigInteger, nullable=False, index=True),
    Column("journal_id", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("mail", LargeBinary, nullable=False),
    Column("state", _word(Sending), nullable=False),
    Column("tries", Integer, nullable=False),
    # When it is to be sent, was claimed, was sent or was given up, by the state.
    Column("next_at", Moment),
    Column("reason", Text, nullable=False),
    Index("ix_outbox_wake", "state", "next_at"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    # As addresses are compared.
    Column("folded", Text, nullable=False, index=True),
)


def insert_into(db: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say ON CONFLICT, which both databases write in the same words."""
    return sqlite.insert(table) if db.dialect.name == "sqlite" else postgresql.insert(table)
