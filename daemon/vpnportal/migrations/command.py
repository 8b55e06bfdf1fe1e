"""Alembic's commands over our steps."""

from __future__ import annotations

import io

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from vpnportal.migrations.upgrade import FOLDER


def configuration() -> Config:
    """Alembic's configuration without a connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def run_steps(connection: Connection, revision: str) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def script_for(dialect: str) -> str:
    """The SQL of all steps, as another kind of server would be told."""
    config = configuration()
    config.output_buffer = script = io.StringIO()
    config.attributes["dialect"] = dialect
    command.upgrade(config, "head", sql=True)
    return script.getvalue()
