"""The first schema: visits, jobs, receipts, settings, audit, phones, staff sessions, data sets, link history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TRIGGERS = (
    """
    CREATE TRIGGER payload_goes_with_its_job AFTER DELETE ON jobs
    BEGIN DELETE FROM job_payloads WHERE id = OLD.payload_id; END
    """,
    """
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit rows are not changed'); END
    """,
    """
    CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit rows are not deleted'); END
    """,
    """
    CREATE TRIGGER open_job_is_not_deleted BEFORE DELETE ON jobs
    WHEN OLD.state NOT IN ('confirmed', 'handed_off')
    BEGIN SELECT RAISE(ABORT, 'an open job is not deleted'); END
    """,
    """
    CREATE TRIGGER visit_with_open_job_is_not_deleted BEFORE DELETE ON visits
    WHEN EXISTS (
      SELECT 1 FROM jobs WHERE visit_id = OLD.visit_id AND state NOT IN ('confirmed', 'handed_off')
    )
    BEGIN SELECT RAISE(ABORT, 'a visit with an open job is not deleted'); END
    """,
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.TEXT, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.INTEGER, nullable=False)


def _blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.BLOB, nullable=False)


def _owner(name: str, target: str) -> sa.Column[str]:
    return sa.Column(
        name, sa.TEXT, sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True, nullable=False
    )


def upgrade() -> None:
    _create_work()
    _create_registers()
    for trigger in _TRIGGERS:
        op.execute(trigger)


def _create_work() -> None:
    op.create_table(
        "visits",
        sa.Column("visit_id", sa.TEXT, primary_key=True, nullable=False),
        _integer("revision"),
        _text("state"),
        _text("card_no"),
        _text("patient_name"),
        _integer("visit_at"),
        _text("sequence_no"),
        _integer("saved_at"),
        _blob("content"),
    )
    op.create_index("visits_by_state", "visits", ["state", "visit_at"])
    op.create_index("visits_by_card", "visits", ["card_no", "visit_at"])
    op.create_index("visits_by_time", "visits", ["visit_at"])
    op.create_table(
        "visit_revisions",
        _owner("visit_id", "visits.visit_id"),
        sa.Column("revision", sa.INTEGER, primary_key=True, nullable=False),
        _integer("saved_at"),
        _blob("content"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.TEXT, primary_key=True, nullable=False),
        _text("kind"),
        sa.Column("key", sa.TEXT, nullable=False, unique=True),
        _text("visit_id"),
        _integer("position"),
        _text("state"),
        _text("needs"),
        _text("digest"),
        _integer("revision"),
        _integer("created_at"),
        _integer("due_at"),
        sa.Column("not_before", sa.INTEGER),
        _integer("fence"),
        _blob("rest"),
        sa.Column("payload_id", sa.INTEGER),
        sqlite_with_rowid=False,
    )
    op.create_index("jobs_of_visit", "jobs", ["visit_id", "position"])
    op.create_index("jobs_by_state", "jobs", ["state", "due_at", "created_at"])
    op.create_table(
        "job_payloads", sa.Column("id", sa.INTEGER, primary_key=True, nullable=False), _blob("payload")
    )
    op.create_table(
        "job_revisions",
        _owner("job_id", "jobs.job_id"),
        sa.Column("revision", sa.INTEGER, primary_key=True, nullable=False),
        _integer("replaced_at"),
        _blob("content"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("key", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("job_id", sa.TEXT, sa.ForeignKey("jobs.job_id"), nullable=False),
        _text("epoch"),
        _integer("accepted_at"),
        _integer("stored_at"),
        _blob("content"),
    )
    op.create_index("receipts_of_job", "receipts", ["job_id"])
    op.create_index("receipts_by_time", "receipts", ["accepted_at"])
    op.create_index("receipts_by_epoch", "receipts", ["epoch"])


def _create_registers() -> None:
    op.create_table("settings", sa.Column("name", sa.TEXT, primary_key=True, nullable=False), _text("value"))
    op.create_table(
        "audit",
        sa.Column("number", sa.INTEGER, primary_key=True, nullable=False),
        _integer("at"),
        _text("who"),
        _text("act"),
        _text("record"),
        _text("phone_id"),
        _text("why"),
        _text("chain"),
    )
    op.create_table(
        "phones",
        sa.Column("phone_id", sa.TEXT, primary_key=True, nullable=False),
        _text("name"),
        sa.Column("token_hash", sa.TEXT, nullable=False, unique=True),
        _integer("paired_at"),
        _integer("used_at"),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("session_id", sa.TEXT, primary_key=True, nullable=False),
        _integer("started_at"),
        _blob("content"),
    )
    op.create_table(
        "datasets", sa.Column("name", sa.TEXT, primary_key=True, nullable=False), _blob("content")
    )
    op.create_table(
        "link_history",
        sa.Column("at", sa.INTEGER, primary_key=True, nullable=False),
        _text("link"),
        _integer("queue_depth"),
    )
