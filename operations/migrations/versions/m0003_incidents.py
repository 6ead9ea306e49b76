"""Incidents, what was decided about them, their changes, and what is to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the row that counts turns."""
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "incident",
        sa.Column("incident_id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text),
    )
    op.create_index("ix_incident_state", "incident", ["state", "first_at", "incident_id"])
    op.create_index("ix_incident_turn", "incident", ["turn"])
    op.create_table(
        "incident_signal",
        sa.Column("signal_id", sa.String(64), primary_key=True),
        sa.Column("incident_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("dimension", sa.Text, nullable=False),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("known_at", instant, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_incident_signal", "incident_signal", ["incident_id", "known_at"])
    op.create_table(
        "incident_note",
        sa.Column("seq", serial, sa.Identity(), primary_key=True),
        sa.Column("note_key", sa.String(200), nullable=False),
        sa.Column("incident_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("merge_into", sa.String(64)),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("settled_at", instant),
        sa.Column("refused", sa.Text),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("settled_at IS NULL")
    op.create_index("ux_incident_note_key", "incident_note", ["note_key"], unique=True)
    op.create_index("ix_incident_note", "incident_note", ["incident_id", "seq"])
    op.create_index(
        "ix_incident_note_waiting", "incident_note", ["seq"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "incident_change",
        sa.Column("seq", serial, sa.Identity(), primary_key=True),
        sa.Column("change_key", sa.String(100), nullable=False),
        sa.Column("incident_id", sa.String(64), nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_incident_change_key", "incident_change", ["change_key"], unique=True)
    turn = op.create_table(
        "incident_turn",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("signals_version", sa.BigInteger),
        sa.Column("clock", instant),
    )
    op.bulk_insert(turn, [{"id": 1, "turn": 0}])
    op.create_table(
        "outbox",
        sa.Column("seq", serial, sa.Identity(), primary_key=True),
        sa.Column("outbox_key", sa.String(200), nullable=False),
        sa.Column("receiver", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("sent_at", instant),
        sa.Column("last_error", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_outbox_key", "outbox", ["outbox_key"], unique=True)
    op.create_index("ix_outbox_due", "outbox", ["state", "next_at"])
