"""Predictions that were given: append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "prediction",
        sa.Column("seq", serial, sa.Identity(), primary_key=True),
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("ticket_id", sa.String(200)),
        sa.Column("release", sa.String(32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_prediction_id", "prediction", ["prediction_id"], unique=True)
    op.create_index("ix_prediction_ticket", "prediction", ["ticket_id", "seq"])
