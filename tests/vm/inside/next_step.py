"""What the release after this one adds to the store: a table that the program before it does not know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "NEXT"
down_revision = "HEAD"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("of_the_next_release", sa.Column("id", sa.INTEGER, primary_key=True, nullable=False))
