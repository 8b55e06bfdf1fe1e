"""How often the prescription of a visit was printed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printed_prescriptions",
        sa.Column(
            "visit_id",
            sa.TEXT,
            sa.ForeignKey("visits.visit_id", ondelete="CASCADE"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("copies", sa.INTEGER, nullable=False),
    )
