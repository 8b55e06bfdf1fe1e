"""What is left of each paired phone's session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_sessions",
        sa.Column(
            "phone_id",
            sa.TEXT,
            sa.ForeignKey("phones.phone_id", ondelete="CASCADE"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("content", sa.BLOB, nullable=False),
    )
