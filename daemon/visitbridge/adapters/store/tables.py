"""The tables of the box's database. Migrations build them; statements are compiled from them.

Times are INTEGER microseconds since 1970 UTC, ids and codes TEXT, content msgspec JSON in a BLOB.
"""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    INTEGER,
    TEXT,
    Column,
    Computed,
    ForeignKey,
    Index,
    MetaData,
    Table,
    text,
)

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False)


def _integer(name: str) -> Column[int]:
    return Column(name, INTEGER, nullable=False)


def _blob(name: str) -> Column[bytes]:
    return Column(name, BLOB, nullable=False)


visits = Table(
    "visits",
    metadata,
    Column("visit_id", TEXT, primary_key=True, nullable=False),
    _integer("revision"),
    _text("state"),
    _text("card_no"),
    _text("patient_name"),
    _integer("visit_at"),
    _text("sequence_no"),
    _integer("saved_at"),
    _blob("content"),
    Column("id_no", TEXT, nullable=False, server_default=text("''")),
    Index("visits_by_state", "state", "visit_at"),
    Index("visits_by_card", "card_no", "visit_at"),
    Index("visits_of_person", "id_no"),
    Index("visits_by_time", "visit_at"),
)

visit_revisions = Table(
    "visit_revisions",
    metadata,
    Column(
        "visit_id", TEXT, ForeignKey("visits.visit_id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    Column("revision", INTEGER, primary_key=True, nullable=False),
    _integer("saved_at"),
    _blob("content"),
    sqlite_with_rowid=False,
)

visit_editors = Table(
    "visit_editors",
    metadata,
    Column(
        "visit_id", TEXT, ForeignKey("visits.visit_id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    _text("phone_id"),
    _integer("taken_at"),
    sqlite_with_rowid=False,
)

visit_signatures = Table(
    "visit_signatures",
    metadata,
    Column(
        "visit_id", TEXT, ForeignKey("visits.visit_id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    _blob("content"),
)

printed_prescriptions = Table(
    "printed_prescriptions",
    metadata,
    Column(
        "visit_id", TEXT, ForeignKey("visits.visit_id", ondelete="CASCADE"), primary_key=True, nullable=False
    ),
    _integer("copies"),
)

# ``rest`` holds the fields of a job that no column holds. Leasing and settling rewrite this row several times, so
# it is kept small, and there are no more indexes than questions: a page that a commit touches costs more than a row.
jobs = Table(
    "jobs",
    metadata,
    Column("job_id", TEXT, primary_key=True, nullable=False),
    _text("kind"),
    Column("key", TEXT, nullable=False, unique=True),
    _text("visit_id"),
    _integer("position"),
    _text("state"),
    _text("needs"),
    _text("digest"),
    _integer("revision"),
    _integer("created_at"),
    _integer("due_at"),
    Column("not_before", INTEGER),
    _integer("fence"),
    _blob("rest"),
    Column("payload_id", INTEGER),
    Index("jobs_of_visit", "visit_id", "position"),
    Index("jobs_by_state", "state", "due_at", "created_at"),
    sqlite_with_rowid=False,
)

# What goes out; none while it is empty. A trigger deletes it with its job.
job_payloads = Table(
    "job_payloads",
    metadata,
    Column("id", INTEGER, primary_key=True, nullable=False),
    _blob("payload"),
)

# ``content``: the former job as JSON, its payload included.
job_revisions = Table(
    "job_revisions",
    metadata,
    Column("job_id", TEXT, ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("revision", INTEGER, primary_key=True, nullable=False),
    _integer("replaced_at"),
    _blob("content"),
    sqlite_with_rowid=False,
)

receipts = Table(
    "receipts",
    metadata,
    Column("key", TEXT, primary_key=True, nullable=False),
    Column("job_id", TEXT, ForeignKey("jobs.job_id"), nullable=False),
    _text("epoch"),
    _integer("accepted_at"),
    _integer("stored_at"),
    _blob("content"),
    Index("receipts_of_job", "job_id"),
    Index("receipts_by_time", "accepted_at"),
    Index("receipts_by_epoch", "epoch"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", TEXT, primary_key=True, nullable=False),
    _text("value"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", INTEGER, primary_key=True, nullable=False),
    _integer("at"),
    _text("who"),
    _text("act"),
    _text("record"),
    _text("phone_id"),
    _text("why"),
    _text("chain"),
)

phones = Table(
    "phones",
    metadata,
    Column("phone_id", TEXT, primary_key=True, nullable=False),
    _text("name"),
    Column("token_hash", TEXT, nullable=False, unique=True),
    _integer("paired_at"),
    _integer("used_at"),
)

phone_sessions = Table(
    "phone_sessions",
    metadata,
    Column(
        "phone_id",
        TEXT,
        ForeignKey("phones.phone_id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    _blob("content"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("session_id", TEXT, primary_key=True, nullable=False),
    _integer("started_at"),
    _blob("content"),
)

datasets = Table(
    "datasets",
    metadata,
    Column("name", TEXT, primary_key=True, nullable=False),
    _blob("content"),
)

link_history = Table(
    "link_history",
    metadata,
    Column("at", INTEGER, primary_key=True, nullable=False),
    _text("link"),
    _integer("queue_depth"),
)

# What is looked for comes from the line itself, so that nobody can hide one by changing a column beside it.
consents = Table(
    "consents",
    metadata,
    Column("number", INTEGER, primary_key=True, nullable=False),
    _text("content"),
    _text("chain"),
    Column("consent_id", TEXT, Computed("json_extract(content, '$.consent_id')")),
    Column("id_no", TEXT, Computed("json_extract(content, '$.person.id_no')")),
    Index("consents_by_id", "consent_id"),
    Index("consents_of_person", "id_no"),
)

record_copies = Table(
    "record_copies",
    metadata,
    Column("consent_id", TEXT, primary_key=True, nullable=False),
    _text("id_no"),
    _integer("fetched_at"),
    _integer("purge_at"),
    _blob("content"),
    Index("record_copies_of_person", "id_no"),
    Index("record_copies_by_end", "purge_at"),
)

planned_visits = Table(
    "planned_visits",
    metadata,
    Column("plan_id", TEXT, primary_key=True, nullable=False),
    _integer("planned_at"),
    _blob("content"),
    Index("planned_visits_by_time", "planned_at"),
)

bluetooth_readers = Table(
    "bluetooth_readers",
    metadata,
    Column("reader_id", TEXT, primary_key=True, nullable=False),
    _blob("content"),
)

card_names = Table(
    "card_names",
    metadata,
    Column("card_no", TEXT, primary_key=True, nullable=False),
    _integer("confirmed_at"),
    _blob("content"),
)
