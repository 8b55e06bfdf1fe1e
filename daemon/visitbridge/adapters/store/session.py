"""Statements compiled once, when they are first run, and the session that runs them: the way to the connection for every repository.

SQLAlchemy Core writes the SQL; running it through Core's own execution costs as much again as SQLite
itself (docs/decisions), so compiled text goes straight to the driver.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ClauseElement, Select, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from visitbridge.adapters.store import binding

_DIALECT: Final = SQLiteDialect_pysqlite(paramstyle="named")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)

Row = tuple[Any, ...]


class Statement:
    """SQL text with named parameters. A start runs a few of all there are, and is not made longer by the others."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause: Final = clause

    @cached_property
    def sql(self) -> str:
        return self._compiled[0]

    @cached_property
    def constants(self) -> Mapping[str, Any]:
        """The values that the expression itself held."""
        return self._compiled[1]

    @cached_property
    def writes(self) -> bool:
        return not self.sql.lstrip().startswith(("SELECT", "WITH"))

    @cached_property
    def _compiled(self) -> tuple[str, Mapping[str, Any]]:
        compiled = self._clause.compile(dialect=_DIALECT)
        return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


def limited(query: Select[Any]) -> Statement:
    """A query that takes the parameter ``limit``.

    SQLite looks at a bound limit when it plans, and plans anew at every run because it might have changed
    (25 µs). A sum is not looked at.
    """
    return Statement(query.suffix_with(text("LIMIT (:limit + 0)")))


class Access(enum.Enum):
    """What may be done through a session now."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class Session:
    """Runs statements on one connection while a transaction is open; refuses them outside."""

    def __init__(self, connection: binding.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._access = Access.NONE

    @contextlib.contextmanager
    def granting(self, access: Access) -> Iterator[None]:
        self._access = access
        try:
            yield
        finally:
            self._access = Access.NONE

    def run(self, statement: Statement, **values: object) -> int:
        """Run a statement and return the number of rows it changed."""
        return self._execute(statement, values).rowcount

    def add(self, statement: Statement, **values: object) -> int:
        """Run an insert into a table with an integer key and return the key."""
        key = self._execute(statement, values).lastrowid
        if key is None:
            raise RuntimeError("the statement inserted nothing")
        return key

    def row(self, statement: Statement, **values: object) -> Row | None:
        row: Row | None = self._execute(statement, values).fetchone()
        return row

    def rows(self, statement: Statement, **values: object) -> list[Row]:
        try:
            return self._execute(statement, values).fetchall()
        except binding.VendorError as exc:
            raise binding.translate(exc, self._path) from exc

    def _execute(self, statement: Statement, values: dict[str, object]) -> binding.Cursor:
        if self._access is Access.NONE:
            raise RuntimeError("a transaction was used after its function had returned")
        if statement.writes and self._access is not Access.WRITE:
            raise RuntimeError("a read transaction was used to write")
        if statement.constants:
            values = {**statement.constants, **values}
        try:
            return self._connection.execute(statement.sql, values)
        except binding.VendorError as exc:
            raise binding.translate(exc, self._path) from exc


def micros(moment: dt.datetime) -> int:
    """Microseconds since 1970 UTC. Raises TypeError for a naive datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def micros_or_none(moment: dt.datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def from_micros(value: int) -> dt.datetime:
    """Aware UTC."""
    return _EPOCH + dt.timedelta(microseconds=value)


def from_micros_or_none(value: int | None) -> dt.datetime | None:
    return None if value is None else from_micros(value)
