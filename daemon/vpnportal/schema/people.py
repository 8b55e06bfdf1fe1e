"""Health professionals and insured persons."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, String, Table, Text

from vpnportal.schema.columns import UtcDateTime, metadata

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
