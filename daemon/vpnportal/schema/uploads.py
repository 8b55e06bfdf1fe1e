"""Receipts, and what they were given for."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table

from vpnportal.schema.columns import UtcDateTime, metadata

receipts = Table(
    "receipts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("institution", String(10), nullable=False),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False, index=True),
    Column("document", LargeBinary, nullable=False),
)

card_intents = Table(
    "card_intents",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("institution", String(10), nullable=False),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("card_no", String(12), nullable=False),
    Column("visit_time", String(13), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Index("card_intents_of_visit", "card_no", "visit_time"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("key", ForeignKey("receipts.key"), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("institution", String(10), nullable=False),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

handoff_refusals = Table(
    "handoff_refusals",
    metadata,
    Column("institution", String(10), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("refused_at", UtcDateTime, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

upload_records = Table(
    "upload_records",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("institution", String(10), primary_key=True),
    Column("record_key", String(120), primary_key=True),
    Column("key", ForeignKey("uploads.key"), nullable=False),
    Column("mark", String(20), nullable=False),
)

prescription_codes = Table(
    "prescription_codes",
    metadata,
    Column("code", String(8), primary_key=True),
    Column("key", ForeignKey("receipts.key"), nullable=False, unique=True),
)
