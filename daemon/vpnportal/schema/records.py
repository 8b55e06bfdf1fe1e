"""Cloud records, and who looked at whose."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, LargeBinary, String, Table

from vpnportal.schema.columns import UtcDateTime, metadata

cloud_records = Table(
    "cloud_records",
    metadata,
    Column("id_no", String(10), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

card_sightings = Table(
    "card_sightings",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("id_no", String(10), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)

consent_uses = Table(
    "consent_uses",
    metadata,
    Column("institution", ForeignKey("institutions.code"), primary_key=True),
    Column("consent", String(64), primary_key=True),
    Column("used_at", UtcDateTime, primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("staff_id", String(20), nullable=False),
    Column("id_no", String(10), nullable=False),
    Column("kinds", String(200), nullable=False),
    Column("signed_on", Date, nullable=False),
    Column("until", Date, nullable=False),
)
