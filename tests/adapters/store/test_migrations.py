"""The schema that the migrations build is the one that the statements are written for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tests.adapters.store.builders import KEY
from visitbridge.adapters.store import binding, open_store
from visitbridge.adapters.store.migrations import OLDEST_PROGRAM, REVISIONS
from visitbridge.adapters.store.migrations.upgrade import configuration, upgrade
from visitbridge.adapters.store.tables import metadata
from visitbridge.errors import Retry, StoreError
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def connection(path: Path) -> Iterator[binding.Connection]:
    opened = binding.connect_encrypted(path, KEY)
    yield opened
    opened.close()


def table_names(connection: binding.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


class ColumnKind(NamedTuple):
    type: str
    not_null: bool
    has_default: bool


def columns(connection: binding.Connection, table: str) -> dict[str, ColumnKind]:
    rows = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
    return {
        name: ColumnKind(kind, bool(not_null), default is not None or hidden > 0)
        for _, name, kind, not_null, default, _, hidden in rows
    }


def test_the_revisions_we_list_are_those_that_alembic_finds() -> None:
    script = ScriptDirectory.from_config(configuration())
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_the_migrated_schema_is_the_declared_one(connection: binding.Connection) -> None:
    upgrade(connection)
    engine = create_engine(
        "sqlite://", creator=lambda: connection, module=binding.DBAPI, poolclass=StaticPool
    )
    with engine.connect() as opened:
        context = MigrationContext.configure(
            opened, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    assert table_names(connection) == {*metadata.tables, "alembic_version"}


def test_steps_since_the_oldest_program_only_expand(connection: binding.Connection, tmp_path: Path) -> None:
    """What a program wrote at ``OLDEST_PROGRAM`` it can still write: its columns are there, and new ones ask for nothing."""
    older = binding.connect_encrypted(tmp_path / "older.db", KEY)
    upgrade(older, OLDEST_PROGRAM)
    upgrade(connection)
    try:
        tables = table_names(older) - {"alembic_version"}
        before = {table: columns(older, table) for table in tables}
    finally:
        older.close()
    after = {table: columns(connection, table) for table in tables}

    assert {table: dict(found.items() & after[table].items()) for table, found in before.items()} == before
    added = [
        (table, name, kind)
        for table in tables
        for name, kind in after[table].items()
        if name not in before[table]
    ]
    assert [each for each in added if each[2].not_null and not each[2].has_default] == []


@pytest.mark.parametrize("table", ["jobs", "visit_revisions", "job_revisions", "visit_editors"])
def test_tables_without_rowid_are_made_so(connection: binding.Connection, table: str) -> None:
    upgrade(connection)
    (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    assert made.rstrip().endswith("WITHOUT ROWID")


def test_a_migration_that_fails_changes_nothing(
    connection: binding.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute("CREATE TABLE receipts (in_the_way INTEGER)")
    with pytest.raises(binding.VendorError, match="already exists"):
        upgrade(connection)
    assert table_names(connection) == {"receipts"}
    assert not connection.in_transaction
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_steps_that_leave_rows_without_what_they_belong_to_change_nothing(
    connection: binding.Connection,
) -> None:
    """As one would that rebuilds a table and loses rows of it, for which foreign keys have to be off."""
    upgrade(connection, REVISIONS[-2])
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute(
        "INSERT INTO visit_editors (visit_id, phone_id, taken_at) VALUES ('lost', 'phone-1', 0)"
    )
    tables = table_names(connection)
    with pytest.raises(StoreError) as refused:
        upgrade(connection)

    assert refused.value.retry is Retry.NEVER
    assert table_names(connection) == tables
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISIONS[-2],)


async def test_reopening_runs_no_migration(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(path, KEY, clock=clock):
        pass
    monkeypatch.setattr(
        "visitbridge.adapters.store.migrations.upgrade.upgrade", lambda _: pytest.fail("ran again")
    )
    async with open_store(path, KEY, clock=clock):
        pass
