"""What visit teams are to read."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text

from vpnportal.schema.columns import UtcDateTime, metadata

announcements = Table(
    "announcements",
    metadata,
    Column("announcement_id", String(36), primary_key=True),
    Column("institution", String(10), ForeignKey("institutions.code")),
    Column("title", String(80), nullable=False),
    Column("body", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
)
