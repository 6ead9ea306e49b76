"""The tables of the operational store, for both databases. A change here needs a migration; a test compares the two."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: goes in with any offset, comes out in UTC. SQLite keeps no offset, so UTC is what it is given."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without an offset: nobody could say later which instant it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a time with an offset, found {value.isoformat()} without one")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read it back as UTC, whatever zone the server shows."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts rowids by itself, and only when the type is exactly INTEGER.
SERIAL = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("idempotency_key", String(200), nullable=False),
    Column("ticket_id", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("batch", BigInteger),
    Index("ux_inbox_idempotency_key", "idempotency_key", unique=True),
    Index("ix_inbox_ticket", "ticket_id", "seq"),
    Index("ix_inbox_batch", "kind", "batch", "seq"),
    sqlite_autoincrement=True,
)
Index("ix_inbox_unstamped", inbox.c.seq, sqlite_where=inbox.c.batch.is_(None), postgresql_where=inbox.c.batch.is_(None))

# One row. It outlives the rows that it counted, so no batch number is given twice; its lock is the stampers' queue.
inbox_stamp = Table(
    "inbox_stamp",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_batch", BigInteger, nullable=False),
)

# What models said, without the words that they said it of. Append-only; no drain takes it.
prediction = Table(
    "prediction",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("prediction_id", String(64), nullable=False),
    Column("ticket_id", String(200)),
    Column("release", String(32), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ux_prediction_id", "prediction_id", unique=True),
    Index("ix_prediction_ticket", "ticket_id", "seq"),
    sqlite_autoincrement=True,
)

# The worker alone changes an incident. `body` is JSON as the service reads it; `turn` is the worker's step that did it.
incident = Table(
    "incident",
    metadata,
    Column("incident_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("evidence", Text),
    Index("ix_incident_state", "state", "first_at", "incident_id"),
    Index("ix_incident_turn", "turn"),
)

incident_signal = Table(
    "incident_signal",
    metadata,
    Column("signal_id", String(64), primary_key=True),
    Column("incident_id", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("dimension", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_incident_signal", "incident_id", "known_at"),
)

# What people decided: written by whoever heard it, carried out, or refused, by the worker in the order of `seq`.
incident_note = Table(
    "incident_note",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("note_key", String(200), nullable=False),
    Column("incident_id", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("who", String(200), nullable=False),
    Column("reason", Text),
    Column("merge_into", String(64)),
    Column("made_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("refused", Text),
    Index("ux_incident_note_key", "note_key", unique=True),
    Index("ix_incident_note", "incident_id", "seq"),
    sqlite_autoincrement=True,
)
Index(
    "ix_incident_note_waiting",
    incident_note.c.seq,
    sqlite_where=incident_note.c.settled_at.is_(None),
    postgresql_where=incident_note.c.settled_at.is_(None),
)

# Every change of an incident, in order: what a stream resumes from.
incident_change = Table(
    "incident_change",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("change_key", String(100), nullable=False),
    Column("incident_id", String(64), nullable=False),
    Column("change", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ux_incident_change_key", "change_key", unique=True),
    sqlite_autoincrement=True,
)

# One row. Who writes incidents moves it on from the turn that was read; the signals' version goes with them.
incident_turn = Table(
    "incident_turn",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
    Column("signals_version", BigInteger),
    Column("clock", UtcDateTime),
)

# What is to be sent, at least once, under a key that stays.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("outbox_key", String(200), nullable=False),
    Column("receiver", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("last_error", Text),
    Index("ux_outbox_key", "outbox_key", unique=True),
    Index("ix_outbox_due", "state", "next_at"),
    sqlite_autoincrement=True,
)

# A ticket that somebody wants to be told about. The row is the truth: who works on it holds its lease, and `next_at` is
# when it is due, or when the lease runs out. `body` has results as JSON, `last_error` the name of a class.
request = Table(
    "request",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("ticket_id", String(200), nullable=False),
    Column("entry_key", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("category", String(200)),
    Column("priority", String(200)),
    Column("language", String(200)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("lease", String(64)),
    Column("body", Text),
    Column("last_error", String(200)),
    Index("ix_request_due", "state", "next_at"),
    Index("ix_request_received", "received_at", "id"),
    Index("ix_request_ticket", "ticket_id"),
)

# Who may come in. The secret itself is kept nowhere: `hash` is SHA-256 of it.
api_key = Table(
    "api_key",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("rate", Integer, nullable=False),
)

# Who changed what, in ids; written with the change, never changed.
audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("key_id", String(16)),
    Column("subject", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(500), nullable=False),
    Column("detail", Text, nullable=False),
    Column("request_id", String(64)),
    Index("ix_audit_action", "action", "seq"),
    sqlite_autoincrement=True,
)

# Who is to be forgotten. `subject` and `tickets` are in clear until that is done; then `digest` alone stands for them.
erasure = Table(
    "erasure",
    metadata,
    Column("seq", SERIAL, Identity(), primary_key=True),
    Column("erasure_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("digest", String(32), nullable=False),
    Column("subject", String(200)),
    Column("tickets", Text),
    Column("who", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("forgotten_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("first_at", UtcDateTime),
    Column("receipt", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("error", Text),
    Index("ux_erasure_id", "erasure_id", unique=True),
    Index("ix_erasure_state", "state", "seq"),
    sqlite_autoincrement=True,
)
