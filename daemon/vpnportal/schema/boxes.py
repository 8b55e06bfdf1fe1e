"""Boxes of institutions: what each is, its tickets, certificates and security module, orders to erase."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vpnportal.schema.columns import UtcDateTime, metadata

institutions = Table(
    "institutions",
    metadata,
    Column("code", String(10), primary_key=True),
    Column("name", Text, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", String(36), primary_key=True),
    Column("institution", ForeignKey("institutions.code"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("dataset_group", String(40), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("orders", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("bound_at", UtcDateTime),
    Column("sheet_id", String(36)),
    Column("told_name", String(80)),
    Column("kind", Text),
    Column("os_version", Text),
    Column("software_version", Text),
    Column("sam_id", String(12), nullable=False, unique=True),
    Column("sam_valid_from", Date, nullable=False),
    Column("sam_valid_until", Date, nullable=False),
    Column("last_upload_at", UtcDateTime),
    Column("last_contact_at", UtcDateTime),
    Column("note", String(200)),
    UniqueConstraint("institution", "name"),
)

health_reports = Table(
    "health_reports",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("pin_salt", LargeBinary, nullable=False),
    Column("pin_hash", LargeBinary, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("used_by_key", String(64)),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("public_key_hash", String(64), nullable=False),
    Column("pem", Text, nullable=False),
)

sam_verifications = Table(
    "sam_verifications",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("verified_at", UtcDateTime, nullable=False),
)

erase_orders = Table(
    "erase_orders",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("sheet_id", String(36), nullable=False),
    Column("ordered_at", UtcDateTime, nullable=False),
    Column("reported_at", UtcDateTime),
    Column("unsent", Integer),
    Column("oldest_at", UtcDateTime),
    Column("confirmed_at", UtcDateTime),
    Column("confirmed_unsent", Integer),
    Column("erased_at", UtcDateTime),
    Column("cancelled_at", UtcDateTime),
)
