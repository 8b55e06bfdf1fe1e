"""Bluetooth readers that were paired, with their own keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bluetooth_readers",
        sa.Column("reader_id", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("content", sa.BLOB, nullable=False),
    )
