"""The portal's tables, the same on SQLite and PostgreSQL.

Every rule that must hold for several workers at once is a primary or unique key here. Each change of a table is a step
in ``vpnportal/migrations`` too.
"""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from vpnportal.schema.announcements import announcements
from vpnportal.schema.boxes import (
    certificates,
    devices,
    erase_orders,
    health_reports,
    institutions,
    sam_verifications,
    tickets,
)
from vpnportal.schema.columns import UtcDateTime, metadata
from vpnportal.schema.datasets import dataset_codes, dataset_versions
from vpnportal.schema.office import office_acts, office_links, office_sessions
from vpnportal.schema.people import home_care_lists, insured_persons, staff, staff_sessions
from vpnportal.schema.records import card_sightings, cloud_records, consent_uses
from vpnportal.schema.trails import audit_alerts, audit_heads, audit_rows
from vpnportal.schema.uploads import (
    card_intents,
    handoff_refusals,
    prescription_codes,
    receipts,
    upload_records,
    uploads,
)

__all__ = [
    "UtcDateTime",
    "announcements",
    "audit_alerts",
    "audit_heads",
    "audit_rows",
    "card_intents",
    "card_sightings",
    "certificates",
    "cloud_records",
    "consent_uses",
    "dataset_codes",
    "dataset_versions",
    "devices",
    "erase_orders",
    "handoff_refusals",
    "health_reports",
    "home_care_lists",
    "institutions",
    "insured_persons",
    "meta",
    "metadata",
    "office_acts",
    "office_links",
    "office_sessions",
    "prescription_codes",
    "receipts",
    "sam_verifications",
    "staff",
    "staff_sessions",
    "tickets",
    "upload_records",
    "uploads",
]

meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
