"""The list of boxes: reports of their health, their last contact, a note; the office that looks at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("last_contact_at", sa.DateTime(timezone=True)))
    op.add_column("devices", sa.Column("note", sa.String(200)))
    # Any JSON was taken as a report until here, and nothing read it.
    op.drop_column("devices", "health")
    op.drop_column("devices", "health_at")
    op.create_table(
        "health_reports",
        sa.Column(
            "device_id", sa.String(36), sa.ForeignKey("devices.device_id"), primary_key=True, nullable=False
        ),
        sa.Column("quarter", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "office_links",
        sa.Column("token_hash", sa.String(64), primary_key=True, nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("institution", sa.String(10), sa.ForeignKey("institutions.code")),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "office_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True, nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("institution", sa.String(10), sa.ForeignKey("institutions.code")),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "office_acts",
        sa.Column("number", sa.Integer, primary_key=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("device_id", sa.String(36), sa.ForeignKey("devices.device_id")),
        sa.Column("detail", sa.Text, nullable=False),
    )
