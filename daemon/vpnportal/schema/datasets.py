"""Code tables that boxes download."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table

from vpnportal.schema.columns import UtcDateTime, metadata

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
