"""The first schema that has steps: institutions and their boxes, people, trails, receipts and uploads, data sets, records.

Programs before it made tables as they went, and never changed one. What a database of theirs has is left as it is.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT: Final = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_boxes()
    _create_trails()
    _create_people()
    _create_uploads()
    _create_datasets()
    _create_records()
    # Programs before this one look here, and say that the database is newer than they are.
    op.execute("DELETE FROM meta WHERE name = 'schema_version'")
    op.execute("INSERT INTO meta (name, value) VALUES ('schema_version', '2')")


def _table(name: str, *items: SchemaItem) -> None:
    op.create_table(name, *items, if_not_exists=True)


def _index(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, if_not_exists=True)


def _filled(name: str, kind: type[TypeEngine[Any]] | TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create_boxes() -> None:
    _table("meta", _filled("name", sa.String(40)), _filled("value", sa.Text), sa.PrimaryKeyConstraint("name"))
    _table(
        "institutions",
        _filled("code", sa.String(10)),
        _filled("name", sa.Text),
        sa.PrimaryKeyConstraint("code"),
    )
    _table(
        "devices",
        _filled("device_id", sa.String(36)),
        _filled("institution", sa.String(10)),
        _filled("name", sa.String(80)),
        _filled("dataset_group", sa.String(40)),
        _filled("enabled", sa.Boolean),
        _filled("orders", sa.Text),
        _filled("created_at", _MOMENT),
        sa.Column("bound_at", _MOMENT),
        sa.Column("sheet_id", sa.String(36)),
        sa.Column("told_name", sa.String(80)),
        sa.Column("kind", sa.Text),
        sa.Column("os_version", sa.Text),
        sa.Column("software_version", sa.Text),
        _filled("sam_id", sa.String(12)),
        _filled("sam_valid_from", sa.Date),
        _filled("sam_valid_until", sa.Date),
        sa.Column("last_upload_at", _MOMENT),
        sa.Column("health_at", _MOMENT),
        sa.Column("health", sa.Text),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"]),
        sa.PrimaryKeyConstraint("device_id"),
        sa.UniqueConstraint("institution", "name"),
        sa.UniqueConstraint("sam_id"),
    )
    _table(
        "tickets",
        _filled("token_hash", sa.String(64)),
        _filled("device_id", sa.String(36)),
        _filled("pin_salt", sa.LargeBinary),
        _filled("pin_hash", sa.LargeBinary),
        _filled("tries_left", sa.Integer),
        _filled("expires_at", _MOMENT),
        sa.Column("used_at", _MOMENT),
        sa.Column("used_by_key", sa.String(64)),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    _table(
        "certificates",
        _filled("serial", sa.String(40)),
        _filled("device_id", sa.String(36)),
        _filled("issued_at", _MOMENT),
        _filled("valid_until", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
        _filled("public_key_hash", sa.String(64)),
        _filled("pem", sa.Text),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("serial"),
    )
    _table(
        "sam_verifications",
        _filled("device_id", sa.String(36)),
        _filled("day", sa.Date),
        _filled("verified_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("device_id", "day"),
    )
    _table(
        "erase_orders",
        _filled("order_id", sa.String(36)),
        _filled("device_id", sa.String(36)),
        _filled("sheet_id", sa.String(36)),
        _filled("ordered_at", _MOMENT),
        sa.Column("reported_at", _MOMENT),
        sa.Column("unsent", sa.Integer),
        sa.Column("oldest_at", _MOMENT),
        sa.Column("confirmed_at", _MOMENT),
        sa.Column("confirmed_unsent", sa.Integer),
        sa.Column("erased_at", _MOMENT),
        sa.Column("cancelled_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("order_id"),
    )


def _create_trails() -> None:
    _table(
        "audit_heads",
        _filled("device_id", sa.String(36)),
        _filled("sheet_id", sa.String(36)),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        _filled("chain", sa.String(64)),
        _filled("key_hex", sa.String(64)),
        _filled("told_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("device_id", "sheet_id", "number"),
    )
    _table(
        "audit_rows",
        _filled("device_id", sa.String(36)),
        _filled("sheet_id", sa.String(36)),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        _filled("at", _MOMENT),
        _filled("chain", sa.String(64)),
        _filled("document", sa.LargeBinary),
        _filled("kept_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("device_id", "sheet_id", "number"),
    )
    _table(
        "audit_alerts",
        _filled("alert_id", sa.String(36)),
        _filled("device_id", sa.String(36)),
        _filled("raised_at", _MOMENT),
        _filled("kind", sa.String(20)),
        _filled("number", sa.Integer),
        _filled("known_number", sa.Integer),
        sa.Column("seen_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("alert_id"),
    )


def _create_people() -> None:
    _table(
        "staff",
        _filled("institution", sa.String(10)),
        _filled("hpc_no", sa.String(20)),
        _filled("staff_id", sa.String(20)),
        _filled("id_no", sa.String(10)),
        _filled("name", sa.Text),
        _filled("kind", sa.String(20)),
        _filled("rights", sa.String(40)),
        _filled("revoked", sa.Boolean),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"]),
        sa.PrimaryKeyConstraint("institution", "hpc_no"),
    )
    _table(
        "staff_sessions",
        _filled("token_hash", sa.String(64)),
        _filled("device_id", sa.String(36)),
        _filled("certificate_serial", sa.String(40)),
        _filled("institution", sa.String(10)),
        _filled("hpc_no", sa.String(20)),
        _filled("started_at", _MOMENT),
        _filled("valid_until", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.ForeignKeyConstraint(["certificate_serial"], ["certificates.serial"]),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    _table(
        "insured_persons",
        _filled("id_no", sa.String(10)),
        _filled("birth_date", sa.Date),
        _filled("insured", sa.Boolean),
        sa.PrimaryKeyConstraint("id_no"),
    )
    _table(
        "home_care_lists",
        _filled("institution", sa.String(10)),
        _filled("id_no", sa.String(10)),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"]),
        sa.PrimaryKeyConstraint("institution", "id_no"),
    )


def _create_uploads() -> None:
    _table(
        "receipts",
        _filled("key", sa.String(64)),
        _filled("institution", sa.String(10)),
        _filled("device_id", sa.String(36)),
        _filled("kind", sa.String(20)),
        _filled("digest", sa.String(64)),
        _filled("accepted_at", _MOMENT),
        _filled("document", sa.LargeBinary),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("key"),
    )
    _index("ix_receipts_accepted_at", "receipts", ["accepted_at"])
    _table(
        "card_intents",
        _filled("key", sa.String(64)),
        _filled("digest", sa.String(64)),
        _filled("institution", sa.String(10)),
        _filled("device_id", sa.String(36)),
        _filled("card_no", sa.String(12)),
        _filled("visit_time", sa.String(13)),
        _filled("opened_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("key", "digest"),
    )
    _index("card_intents_of_visit", "card_intents", ["card_no", "visit_time"])
    _table(
        "uploads",
        _filled("key", sa.String(64)),
        _filled("kind", sa.String(20)),
        _filled("institution", sa.String(10)),
        _filled("device_id", sa.String(36)),
        _filled("received_at", _MOMENT),
        _filled("body", sa.LargeBinary),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.ForeignKeyConstraint(["key"], ["receipts.key"]),
        sa.PrimaryKeyConstraint("key"),
    )
    _table(
        "handoff_refusals",
        _filled("institution", sa.String(10)),
        _filled("key", sa.String(64)),
        _filled("digest", sa.String(64)),
        _filled("refused_at", _MOMENT),
        _filled("document", sa.LargeBinary),
        sa.PrimaryKeyConstraint("institution", "key"),
    )
    _table(
        "upload_records",
        _filled("kind", sa.String(20)),
        _filled("institution", sa.String(10)),
        _filled("record_key", sa.String(120)),
        _filled("key", sa.String(64)),
        _filled("mark", sa.String(20)),
        sa.ForeignKeyConstraint(["key"], ["uploads.key"]),
        sa.PrimaryKeyConstraint("kind", "institution", "record_key"),
    )
    _table(
        "prescription_codes",
        _filled("code", sa.String(8)),
        _filled("key", sa.String(64)),
        sa.ForeignKeyConstraint(["key"], ["receipts.key"]),
        sa.PrimaryKeyConstraint("code"),
        sa.UniqueConstraint("key"),
    )


def _create_datasets() -> None:
    _table(
        "dataset_versions",
        _filled("name", sa.String(40)),
        _filled("version", sa.String(40)),
        _filled("dataset_group", sa.String(40)),
        _filled("rows", sa.Integer),
        _filled("size_bytes", sa.Integer),
        _filled("sha256", sa.String(64)),
        _filled("imported_at", _MOMENT),
        _filled("current", sa.Boolean),
        sa.PrimaryKeyConstraint("name", "version"),
    )
    _table(
        "dataset_codes",
        _filled("name", sa.String(40)),
        _filled("dataset_group", sa.String(40)),
        _filled("code", sa.String(20)),
        _filled("billable", sa.Boolean),
        sa.PrimaryKeyConstraint("name", "dataset_group", "code"),
    )


def _create_records() -> None:
    _table(
        "cloud_records",
        _filled("id_no", sa.String(10)),
        _filled("kind", sa.String(20)),
        _filled("number", sa.Integer),
        _filled("document", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id_no", "kind", "number"),
    )
    _table(
        "card_sightings",
        _filled("device_id", sa.String(36)),
        _filled("id_no", sa.String(10)),
        _filled("seen_at", _MOMENT),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.PrimaryKeyConstraint("device_id", "id_no"),
    )
    _table(
        "consent_uses",
        _filled("institution", sa.String(10)),
        _filled("consent", sa.String(64)),
        _filled("used_at", _MOMENT),
        _filled("device_id", sa.String(36)),
        _filled("staff_id", sa.String(20)),
        _filled("id_no", sa.String(10)),
        _filled("kinds", sa.String(200)),
        _filled("signed_on", sa.Date),
        _filled("until", sa.Date),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"]),
        sa.ForeignKeyConstraint(["institution"], ["institutions.code"]),
        sa.PrimaryKeyConstraint("institution", "consent", "used_at"),
    )
