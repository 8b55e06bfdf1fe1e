"""One database, reached from one thread: transactions that are on disk when they return.

SQLite for a lab or a training server, PostgreSQL by URL for more (docs/decisions). The event loop never waits
for a disk: :meth:`Database.run` hops to the database's own thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlcipher3.dbapi2
from sqlalchemy import (
    Connection,
    Engine,
    StaticPool,
    Table,
    Update,
    create_engine,
    event,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from visitbridge.errors import ConfigError, StoreDamaged
from vpnportal.migrations.upgrade import upgrade
from vpnportal.schema import meta

T = TypeVar("T")

# sqlcipher3 without a key is plain SQLite, and newer than Debian 12's, whose WAL mode can corrupt a file that two
# programs write.
_SQLITE: Final[dict[str, Any]] = {
    "module": sqlcipher3.dbapi2,
    "poolclass": StaticPool,
    "hide_parameters": True,
}


class Database:
    """Transactions on one engine. ``epoch`` is the id of this database's life (data-centre.md §1.5)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="portal-database")
        with _unchecked_keys(engine):
            self.epoch = self.transact(_prepare)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` as one transaction in the database's thread; committed when this returns."""
        return await self.call(lambda: self.transact(work))

    async def call(self, function: Callable[[], T]) -> T:
        """Run plain code that uses :meth:`transact` in the database's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` as one transaction in the calling thread; an exception undoes it."""
        with self._turn, self._engine.begin() as connection:
            return work(connection)

    def back_up(self, target: Path) -> None:
        """Copy the whole database to a new file while in use. SQLite only: raises ConfigError otherwise."""
        if target.exists():
            raise ConfigError("the backup file exists already; choose another name")
        with self._turn, contextlib.closing(sqlcipher3.dbapi2.connect(str(target))) as copy:
            self._sqlite_connection().backup(copy)

    def restore(self, source: Path) -> str:
        """Replace all content by a backup's, give it a new epoch, and return that.

        Raises ConfigError when ``source`` is no backup of this program or an earlier one's, SchemaNewer when it is a later
        one's.
        """
        if not source.is_file():
            raise ConfigError("there is no such backup file")
        with contextlib.closing(sqlcipher3.dbapi2.connect(":memory:")) as staged:
            # Staged in memory, so that the live database changes in one step and never holds the old epoch.
            epoch = new_epoch()
            try:
                with contextlib.closing(
                    sqlcipher3.dbapi2.connect(f"{source.as_uri()}?mode=ro", uri=True)
                ) as backup:
                    backup.backup(staged)
                engine = create_engine("sqlite://", creator=lambda: staged, **_SQLITE)
                with engine.begin() as connection:
                    if not inspect(connection).has_table(meta.name):
                        raise ConfigError("the file is not a backup of this program")
                    upgrade(connection)
                    connection.execute(_epoch_becomes(epoch))
            except (DatabaseError, sqlcipher3.dbapi2.DatabaseError) as exc:
                raise ConfigError("the file is not a backup of this program") from exc
            with self._turn:
                staged.backup(self._sqlite_connection())
        self.epoch = epoch
        return epoch

    def start_new_epoch(self) -> str:
        """Begin a new life after a restore that was done with a database server's own tools."""
        epoch = new_epoch()
        self.transact(lambda connection: connection.execute(_epoch_becomes(epoch)))
        self.epoch = epoch
        return epoch

    def close(self) -> None:
        """End the thread and the connections; work that was begun is finished first."""
        self._thread.shutdown()
        self._engine.dispose()

    def _sqlite_connection(self) -> sqlcipher3.dbapi2.Connection:
        if self._engine.dialect.name != "sqlite":
            raise ConfigError("backup and restore are for SQLite; use the database server's own tools")
        return _sqlite_driver(self._engine)


@contextlib.contextmanager
def open_database(url: str) -> Iterator[Database]:
    """Open the database at an SQLAlchemy URL, made on first use and brought to the newest schema.

    Raises SchemaNewer for a later program's database, ConfigError for a URL that cannot be used, StoreDamaged for a
    file that is no database.
    """
    engine = _engine(url)
    try:
        database = Database(engine)
    except DatabaseError as exc:
        engine.dispose()
        if "not a database" in str(exc.orig):
            raise StoreDamaged("the file is not a database") from exc
        raise ConfigError(
            "the database cannot be opened; is the server running, is the folder there?"
        ) from exc
    except BaseException:
        engine.dispose()
        raise
    try:
        yield database
    finally:
        database.close()


def new_epoch() -> str:
    return secrets.token_hex(16)


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """``INSERT … ON CONFLICT DO NOTHING``; says whether the row is new."""
    insert_row: sqlite.Insert | postgresql.Insert = (
        postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    )
    return connection.execute(insert_row.values(dict(values)).on_conflict_do_nothing()).rowcount == 1


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, hide_parameters=True)
    except (ArgumentError, ImportError) as exc:
        raise ConfigError("the database URL cannot be used; is its driver installed?") from exc
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError("the database URL must be sqlite:///… or postgresql+psycopg://…")
    engine = create_engine(parsed, connect_args={"check_same_thread": False, "timeout": 30.0}, **_SQLITE)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def _unchecked_keys(engine: Engine) -> Iterator[None]:
    """SQLite makes a table anew to change it, which foreign keys are in the way of; outside transactions only."""
    if engine.dialect.name != "sqlite":
        yield
        return
    driver = _sqlite_driver(engine)
    driver.execute("PRAGMA foreign_keys = OFF")
    yield
    driver.execute("PRAGMA foreign_keys = ON")


def _sqlite_driver(engine: Engine) -> sqlcipher3.dbapi2.Connection:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
    if not isinstance(driver, sqlcipher3.dbapi2.Connection):
        raise TypeError("the engine was made with another driver")
    return driver


def _prepare(connection: Connection) -> str:
    """Bring the schema up to date and return the epoch, a new one for a new database."""
    is_new = not inspect(connection).has_table(meta.name)
    upgrade(connection)
    if is_new:
        insert_if_absent(connection, meta, {"name": "epoch", "value": new_epoch()})
    epoch: str | None = connection.execute(
        select(meta.c.value).where(meta.c.name == "epoch")
    ).scalar_one_or_none()
    if epoch is None:
        raise StoreDamaged("the database has no epoch")
    return epoch


def _epoch_becomes(epoch: str) -> Update:
    return update(meta).where(meta.c.name == "epoch").values(value=epoch)
