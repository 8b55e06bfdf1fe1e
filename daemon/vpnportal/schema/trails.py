"""Audit trails that boxes keep, as they told of them and sent them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table

from vpnportal.schema.columns import UtcDateTime, metadata

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("sheet_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("chain", String(64), nullable=False),
    Column("key_hex", String(64), nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
)

audit_rows = Table(
    "audit_rows",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("sheet_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("chain", String(64), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
)

audit_alerts = Table(
    "audit_alerts",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("number", Integer, nullable=False),
    Column("known_number", Integer, nullable=False),
    Column("seen_at", UtcDateTime),
)
