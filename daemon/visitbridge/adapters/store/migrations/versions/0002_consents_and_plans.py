"""Consents with the records they allow, planned visits, and whose visit a visit is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS = (
    """
    CREATE TRIGGER consents_are_not_changed BEFORE UPDATE ON consents
    BEGIN SELECT RAISE(ABORT, 'lines of the consent ledger are not changed'); END
    """,
    """
    CREATE TRIGGER consents_are_not_deleted BEFORE DELETE ON consents
    BEGIN SELECT RAISE(ABORT, 'lines of the consent ledger are not deleted'); END
    """,
)


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("number", sa.INTEGER, primary_key=True, nullable=False),
        sa.Column("content", sa.TEXT, nullable=False),
        sa.Column("chain", sa.TEXT, nullable=False),
        sa.Column("consent_id", sa.TEXT, sa.Computed("json_extract(content, '$.consent_id')")),
        sa.Column("id_no", sa.TEXT, sa.Computed("json_extract(content, '$.person.id_no')")),
    )
    op.create_index("consents_by_id", "consents", ["consent_id"])
    op.create_index("consents_of_person", "consents", ["id_no"])
    op.create_table(
        "record_copies",
        sa.Column("consent_id", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("id_no", sa.TEXT, nullable=False),
        sa.Column("fetched_at", sa.INTEGER, nullable=False),
        sa.Column("purge_at", sa.INTEGER, nullable=False),
        sa.Column("content", sa.BLOB, nullable=False),
    )
    op.create_index("record_copies_of_person", "record_copies", ["id_no"])
    op.create_index("record_copies_by_end", "record_copies", ["purge_at"])
    op.create_table(
        "planned_visits",
        sa.Column("plan_id", sa.TEXT, primary_key=True, nullable=False),
        sa.Column("planned_at", sa.INTEGER, nullable=False),
        sa.Column("content", sa.BLOB, nullable=False),
    )
    op.create_index("planned_visits_by_time", "planned_visits", ["planned_at"])
    op.add_column("visits", sa.Column("id_no", sa.TEXT, nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE visits SET id_no = json_extract(CAST(content AS TEXT), '$.patient.id_no')")
    op.create_index("visits_of_person", "visits", ["id_no"])
    for trigger in _TRIGGERS:
        op.execute(trigger)
