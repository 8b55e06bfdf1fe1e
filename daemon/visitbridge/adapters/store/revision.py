"""Which schema a database has, and bringing it to the one that this program works with."""

from __future__ import annotations

import logging

from visitbridge.adapters.store import binding
from visitbridge.adapters.store.migrations import REVISIONS
from visitbridge.errors import SchemaNewer

log = logging.getLogger(__name__)


def bring_up_to_date(connection: binding.Connection) -> None:
    """Run the migrations that are missing; a newer schema that is fit for this program stays as it is.

    Raises SchemaNewer, and what the migrations raise.
    """
    version = _schema_version(connection)
    if version == REVISIONS[-1]:
        return
    if version is not None and version not in REVISIONS:
        if not _is_made_for(connection, REVISIONS[-1]):
            raise SchemaNewer("the database's schema is none that this version knows")
        log.warning("the database was used by a newer version, which left it fit for this one")
        return
    # Alembic takes 0.1 s to import and is needed once per release.
    from visitbridge.adapters.store.migrations.upgrade import upgrade  # noqa: PLC0415

    upgrade(connection)


def _is_made_for(connection: binding.Connection, revision: str) -> bool:
    """Whether a program that ends at ``revision`` may work with a schema it does not know."""
    oldest = int(connection.execute("PRAGMA application_id").fetchone()[0])
    return 0 < oldest <= int(revision)


def _schema_version(connection: binding.Connection) -> str | None:
    """Name of the last migration; None in a new file."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
