"""Brings an open connection to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from visitbridge.adapters.store import binding
from visitbridge.adapters.store.migrations import OLDEST_PROGRAM

FOLDER: Final = Path(__file__).parent


def configuration() -> Config:
    """Alembic's configuration without a connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def upgrade(connection: binding.Connection, revision: str = "head") -> None:
    """Run every missing step up to ``revision`` in one transaction: all of them or none.

    Raises the vendor's errors. Foreign keys are off meanwhile, since rebuilding a table needs that, and
    checked before the commit: StoreError (``retry=never``) when the steps broke one.
    """
    engine = create_engine(
        "sqlite://", creator=lambda: connection, module=binding.DBAPI, poolclass=StaticPool
    )

    @event.listens_for(engine, "begin")
    def begin_immediate(opened: Connection) -> None:
        opened.exec_driver_sql("BEGIN IMMEDIATE")

    connection.execute("PRAGMA foreign_keys=OFF")
    try:
        with engine.connect() as opened:
            config = configuration()
            config.attributes["connection"] = opened
            command.upgrade(config, revision)
            opened.exec_driver_sql(f"PRAGMA application_id={int(OLDEST_PROGRAM)}")
            opened.commit()
    except DBAPIError as exc:
        raise exc.orig or exc from exc
    finally:
        connection.execute("PRAGMA foreign_keys=ON")
