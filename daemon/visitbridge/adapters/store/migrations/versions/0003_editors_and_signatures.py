"""Which phone edits a draft, and the signature under a visit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _of_visit() -> sa.Column[str]:
    return sa.Column(
        "visit_id",
        sa.TEXT,
        sa.ForeignKey("visits.visit_id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    )


def upgrade() -> None:
    op.create_table(
        "visit_editors",
        _of_visit(),
        sa.Column("phone_id", sa.TEXT, nullable=False),
        sa.Column("taken_at", sa.INTEGER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "visit_signatures",
        _of_visit(),
        sa.Column("content", sa.BLOB, nullable=False),
    )
