"""Brings a database to the newest schema, and refuses one that is newer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table, text

from visitbridge.errors import SchemaNewer, StoreDamaged
from vpnportal.migrations import REVISIONS

FOLDER: Final = Path(__file__).parent

_ONE_AT_A_TIME: Final = 0x5642_504F
"""Any number that no other program on the same server locks: PostgreSQL's advisory locks have numbers, not names."""

_versions = table("alembic_version", column("version_num"))


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run every missing step up to ``revision`` inside the connection's transaction; nothing when there is none.

    Workers that open a database at once wait for each other. Raises SchemaNewer for a later program's database,
    StoreDamaged when rows do not fit each other afterwards.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ONE_AT_A_TIME})
    found = revision_of(connection)
    if found is not None and found not in REVISIONS:
        raise SchemaNewer(f"schema {found}, this program knows {REVISIONS[-1]}")
    if found == REVISIONS[-1]:
        return
    # Most openings end above, and Alembic takes longer to import than they last.
    from vpnportal.migrations.command import run_steps  # noqa: PLC0415

    run_steps(connection, revision)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise StoreDamaged("rows of the database refer to others that are not there")


def revision_of(connection: Connection) -> str | None:
    """The last step that was run; None for a database of a program before there were steps, or an empty one."""
    if not inspect(connection).has_table(_versions.name):
        return None
    return connection.execute(select(_versions.c.version_num)).scalar_one_or_none()
