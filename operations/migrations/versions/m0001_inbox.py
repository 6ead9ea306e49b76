"""The inbox: append-only rows and the number of the last batch."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables and the row that counts batches."""
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "inbox",
        sa.Column("seq", serial, sa.Identity(), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("idempotency_key", sa.String(200), nullable=False),
        sa.Column("ticket_id", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    unstamped = sa.text("batch IS NULL")
    op.create_index("ux_inbox_idempotency_key", "inbox", ["idempotency_key"], unique=True)
    op.create_index("ix_inbox_ticket", "inbox", ["ticket_id", "seq"])
    op.create_index("ix_inbox_batch", "inbox", ["kind", "batch", "seq"])
    op.create_index("ix_inbox_unstamped", "inbox", ["seq"], sqlite_where=unstamped, postgresql_where=unstamped)
    stamp = op.create_table(
        "inbox_stamp",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_batch", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(stamp, [{"id": 1, "last_batch": 0}])
