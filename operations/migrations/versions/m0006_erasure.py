"""Who is to be forgotten, and the receipt of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "erasure",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("erasure_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200)),
        sa.Column("tickets", sa.Text),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_at", instant, nullable=False),
        sa.Column("forgotten_at", instant),
        sa.Column("completed_at", instant),
        sa.Column("first_at", instant),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_erasure_id", "erasure", ["erasure_id"], unique=True)
    op.create_index("ix_erasure_state", "erasure", ["state", "seq"])
