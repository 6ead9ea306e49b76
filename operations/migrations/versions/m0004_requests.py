"""Requests: tickets that somebody wants to be told about, and what became of each."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "request",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("ticket_id", sa.String(200), nullable=False),
        sa.Column("entry_key", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("category", sa.String(200)),
        sa.Column("priority", sa.String(200)),
        sa.Column("language", sa.String(200)),
        sa.Column("received_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("lease", sa.String(64)),
        sa.Column("body", sa.Text),
        sa.Column("last_error", sa.String(200)),
    )
    op.create_index("ix_request_due", "request", ["state", "next_at"])
    op.create_index("ix_request_received", "request", ["received_at", "id"])
    op.create_index("ix_request_ticket", "request", ["ticket_id"])
