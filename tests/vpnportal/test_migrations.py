"""The portal's schema: what the steps build, from nothing and from what older programs left."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import DatabaseError

from visitbridge.errors import ConfigError, SchemaNewer, StoreDamaged
from vpnportal.database import Database, open_database
from vpnportal.devices import list_devices
from vpnportal.migrations import REVISIONS
from vpnportal.migrations.command import configuration, script_for
from vpnportal.migrations.upgrade import revision_of
from vpnportal.schema import meta, metadata, receipts, staff

BEFORE_STEPS = Path(__file__).parents[1] / "vectors" / "portal-before-steps.sql"
"""Written by the program as it was at 637ce1a, with one box, one person and one ticket, all invented."""

EPOCH_BEFORE_STEPS = "e6033dd759ade26b8f3621cc7cb89cd7"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "portal.db"


@pytest.fixture
def older(file: Path) -> Path:
    """A database of a program that knew no steps."""
    with contextlib.closing(sqlcipher3.dbapi2.connect(str(file))) as connection:
        connection.executescript(BEFORE_STEPS.read_text("utf-8"))
    return file


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{file}") as database:
        yield database


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def test_the_revisions_we_list_are_those_that_alembic_finds() -> None:
    script = ScriptDirectory.from_config(configuration())
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS
    assert script.get_heads() == [REVISIONS[-1]]


def test_steps_from_nothing_build_what_the_statements_are_written_for(file: Path) -> None:
    with opened(file) as database:
        assert database.transact(differences) == []
        assert set(database.transact(lambda connection: inspect(connection).get_table_names())) == {
            *metadata.tables,
            "alembic_version",
        }


def test_a_folder_of_an_older_program_is_brought_up_to_date_and_keeps_its_data(older: Path) -> None:
    with opened(older) as database:
        assert database.epoch == EPOCH_BEFORE_STEPS
        assert database.transact(differences) == []
        assert [device.name for device in database.transact(list_devices)] == ["舊盒子"]
        names = database.transact(lambda connection: connection.execute(select(staff.c.name)).scalars().all())
    assert names == ["測試護理師"]
    with opened(older) as again:
        assert again.epoch == EPOCH_BEFORE_STEPS


def test_the_program_before_steps_finds_a_database_newer_than_itself(older: Path) -> None:
    query = select(meta.c.value).where(meta.c.name == "schema_version")
    with opened(older) as database:
        assert int(database.transact(lambda connection: connection.execute(query).scalar_one())) > 1


def test_a_backup_of_an_older_program_comes_back_up_to_date(older: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "live.db") as live:
        epoch = live.restore(older)
        assert epoch not in {EPOCH_BEFORE_STEPS, ""}
        assert live.transact(differences) == []
        assert [device.name for device in live.transact(list_devices)] == ["舊盒子"]


def test_a_later_programs_database_is_refused_and_left_alone(file: Path) -> None:
    with opened(file) as database:
        database.transact(
            lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        )
    with pytest.raises(SchemaNewer, match="schema 9999, this program knows"), opened(file):
        pass
    with contextlib.closing(sqlcipher3.dbapi2.connect(str(file))) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_step_that_fails_leaves_the_database_as_it_was(older: Path) -> None:
    with contextlib.closing(sqlcipher3.dbapi2.connect(str(older))) as connection:
        connection.execute("ALTER TABLE meta RENAME COLUMN value TO worth")
    with pytest.raises(ConfigError) as caught, opened(older):
        pass
    assert isinstance(caught.value.__cause__, DatabaseError)
    with contextlib.closing(sqlcipher3.dbapi2.connect(str(older))) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert not tables & {"alembic_version", "erase_orders", "audit_rows"}


def test_rows_that_refer_to_nothing_are_not_taken_over(older: Path) -> None:
    with contextlib.closing(sqlcipher3.dbapi2.connect(str(older))) as connection:
        connection.execute("DELETE FROM institutions")
        connection.commit()
    with pytest.raises(StoreDamaged), opened(older):
        pass


def test_opening_a_current_database_runs_no_step(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(file) as database:
        assert database.transact(revision_of) == REVISIONS[-1]
    monkeypatch.setattr("vpnportal.migrations.command.run_steps", lambda *_: pytest.fail("ran again"))
    with opened(file):
        pass


def test_foreign_keys_hold_again_after_the_steps(file: Path) -> None:
    row = {"key": "k", "institution": "9999999995", "device_id": "nobody", "kind": "visit", "digest": "d"}
    with opened(file) as database:
        now = database.transact(
            lambda connection: connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()
        )
        assert now == 1
        with pytest.raises(DatabaseError):
            database.transact(
                lambda connection: connection.execute(insert(receipts).values(**row, document=b""))
            )


def test_the_steps_are_good_for_postgresql() -> None:
    script = script_for("postgresql")
    made = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", script))
    assert made == {*metadata.tables, "alembic_version"}
    assert "DATETIME" not in script
    assert "TIMESTAMP WITH TIME ZONE" in script
