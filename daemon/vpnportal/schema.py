"""The portal's tables, the same on SQLite and PostgreSQL.

Every rule that must hold for several workers at once is a primary or unique key here.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

SCHEMA_VERSION = 1

metadata = MetaData()


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware UTC in and out; SQLite has no zone, so what it keeps is UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

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
    Column("health_at", UtcDateTime),
    Column("health", Text),
    UniqueConstraint("institution", "name"),
)

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

staff = Table(
    "staff",
    metadata,
    Column("institution", ForeignKey("institutions.code"), primary_key=True),
    Column("hpc_no", String(20), primary_key=True),
    Column("staff_id", String(20), nullable=False),
    Column("id_no", String(10), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("rights", String(40), nullable=False),
    Column("revoked", Boolean, nullable=False),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("certificate_serial", ForeignKey("certificates.serial"), nullable=False),
    Column("institution", String(10), nullable=False),
    Column("hpc_no", String(20), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

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

dataset_versions = Table(
    "dataset_versions",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("dataset_group", String(40), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("imported_at", UtcDateTime, nullable=False),
    Column("current", Boolean, nullable=False),
)

dataset_codes = Table(
    "dataset_codes",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("dataset_group", String(40), primary_key=True),
    Column("code", String(20), primary_key=True),
    Column("billable", Boolean, nullable=False),
)

insured_persons = Table(
    "insured_persons",
    metadata,
    Column("id_no", String(10), primary_key=True),
    Column("birth_date", Date, nullable=False),
    Column("insured", Boolean, nullable=False),
)

home_care_lists = Table(
    "home_care_lists",
    metadata,
    Column("institution", ForeignKey("institutions.code"), primary_key=True),
    Column("id_no", String(10), primary_key=True),
)

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
