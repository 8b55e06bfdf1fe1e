"""Who looks after boxes in the office, and what they did there."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from vpnportal.schema.columns import UtcDateTime, metadata

office_links = Table(
    "office_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("who", String(80), nullable=False),
    Column("institution", ForeignKey("institutions.code")),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

office_sessions = Table(
    "office_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("who", String(80), nullable=False),
    Column("institution", ForeignKey("institutions.code")),
    Column("started_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

office_acts = Table(
    "office_acts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("act", String(40), nullable=False),
    Column("device_id", ForeignKey("devices.device_id")),
    Column("detail", Text, nullable=False),
)
