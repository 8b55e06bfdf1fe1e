"""The database: what holds on SQLite, and that the same schema is good SQL for PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from visitbridge.errors import ConfigError, SchemaNewer, StoreDamaged, VisitBridgeError
from vpnportal.database import Database, insert_if_absent, open_database
from vpnportal.schema import devices, institutions, metadata, receipts

POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/portal.db"


def add_institution(connection: Connection) -> None:
    connection.execute(insert(institutions).values(code="9999999995", name="示範"))


def names(database: Database) -> list[str]:
    query = select(institutions.c.name)
    return list(database.transact(lambda connection: connection.execute(query).scalars().all()))


def test_its_life_has_one_epoch(url: str) -> None:
    with open_database(url) as first:
        epoch = first.epoch
    with open_database(url) as second:
        assert second.epoch == epoch
        assert len(epoch) == 32


def test_a_transaction_that_fails_leaves_nothing(url: str) -> None:
    def fail(connection: Connection) -> None:
        add_institution(connection)
        raise RuntimeError

    with open_database(url) as database:
        with pytest.raises(RuntimeError):
            database.transact(fail)
        assert names(database) == []
        database.transact(add_institution)
        with pytest.raises(IntegrityError):
            database.transact(add_institution)
        assert names(database) == ["示範"]


def test_the_file_is_written_through(url: str) -> None:
    with open_database(url) as database:
        settings = database.transact(
            lambda connection: [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )
    assert settings == ["wal", 2, 1]


def test_times_come_back_aware(url: str) -> None:
    taipei = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    device = {
        "device_id": "d",
        "institution": "9999999995",
        "name": "n",
        "dataset_group": "default",
        "enabled": True,
        "created_at": taipei,
        "sam_id": "900000000000",
        "sam_valid_from": taipei.date(),
        "sam_valid_until": taipei.date(),
    }
    with open_database(url) as database:
        database.transact(add_institution)
        database.transact(lambda connection: connection.execute(insert(devices).values(device)))
        stored = database.transact(
            lambda connection: connection.execute(select(devices.c.created_at)).scalar_one()
        )
    assert stored == dt.datetime(2026, 11, 22, 23, 0, tzinfo=dt.UTC)


def test_an_insert_says_whether_it_was_new(url: str) -> None:
    row = {"code": "9999999995", "name": "示範"}
    with open_database(url) as database:
        outcomes = [
            database.transact(lambda connection: insert_if_absent(connection, institutions, row))
            for _ in range(2)
        ]
    assert outcomes == [True, False]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("sqlite:///{folder}/junk.db", b"no database " * 100, StoreDamaged),
        ("sqlite:///{folder}/none/portal.db", b"", ConfigError),
        ("mysql://host/name", b"", ConfigError),
        ("nonsense", b"", ConfigError),
    ],
)
def test_urls_that_cannot_be_used(
    tmp_path: Path, name: str, content: bytes, error: type[VisitBridgeError]
) -> None:
    (tmp_path / "junk.db").write_bytes(content)
    with pytest.raises(error), open_database(name.format(folder=tmp_path)):
        pass


def test_a_backup_of_a_newer_program_is_refused(url: str, tmp_path: Path) -> None:
    backup = tmp_path / "newer.db"
    with open_database(url) as database:
        database.back_up(backup)
        with open_database(f"sqlite:///{backup}") as newer:
            newer.transact(
                lambda connection: connection.exec_driver_sql(
                    "UPDATE alembic_version SET version_num = '9999'"
                )
            )
        epoch = database.epoch
        with pytest.raises(SchemaNewer):
            database.restore(backup)
        assert database.epoch == epoch


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_every_table_is_good_for_postgresql(table: Table) -> None:
    statement = str(CreateTable(table).compile(dialect=POSTGRESQL))
    assert f"CREATE TABLE {table.name}" in statement
    assert "DATETIME" not in statement


def test_the_insert_that_may_meet_its_double_is_good_for_postgresql() -> None:
    statement = postgresql.insert(receipts).values(key="k").on_conflict_do_nothing()
    assert "ON CONFLICT DO NOTHING" in str(statement.compile(dialect=POSTGRESQL))
