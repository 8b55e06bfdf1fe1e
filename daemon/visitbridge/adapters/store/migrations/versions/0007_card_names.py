"""Names that people confirmed for cards which cannot hold them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card_names",
        sa.Column("card_no", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("confirmed_at", sa.INTEGER, nullable=False),
        sa.Column("content", sa.BLOB, nullable=False),
    )
