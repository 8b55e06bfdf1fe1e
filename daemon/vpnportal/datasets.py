"""Data sets that boxes download: versioned, all or nothing, one current version per name and group (B13)."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.uploads import DataSetInfo, DataSetRow
from vpnportal.database import Database
from vpnportal.devices import DEFAULT_GROUP
from vpnportal.schema import dataset_codes, dataset_versions

KEPT_VERSIONS = 3
"""Of each set; a box that is in the middle of an older one can finish its download."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODES_PER_INSERT = 5000


class DataSetShelf:
    """The versions that are on offer; their bytes are files in ``folder``."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def put(
        self, name: str, rows: Iterable[DataSetRow], now: dt.datetime, *, group: str = DEFAULT_GROUP
    ) -> tuple[DataSetInfo, bool]:
        """Make ``rows`` the current version; says whether it differs from the one before.

        Raises FieldInvalid (``name``, ``group``) for what is no plain word.
        """
        for field, value in (("name", name), ("group", group)):
            if not _NAME.fullmatch(value):
                raise FieldInvalid("up to 40 lower-case letters, digits and _", field=field)
        given = tuple(rows)
        content = b"".join(msgspec.json.encode(row) + b"\n" for row in given)
        info = DataSetInfo(
            name=name,
            version=f"{now:%Y%m%dT%H%M%S%fZ}",
            rows=len(given),
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            group=group,
        )
        current = self._database.transact(lambda connection: _current(connection, name, group))
        if current is not None and current.sha256 == info.sha256:
            return current, False
        path = self._path(info)
        _write_durably(path, content)
        outdated = self._database.transact(lambda connection: _replace(connection, info, given, now))
        for old in outdated:
            self._path(old).unlink(missing_ok=True)
        return info, True

    def has(self, name: str, group: str = DEFAULT_GROUP) -> bool:
        return self._database.transact(lambda connection: _current(connection, name, group)) is not None

    def groups(self, connection: Connection) -> tuple[str, ...]:
        """All that have a current set of their own, by name (S02)."""
        rows = connection.execute(
            select(dataset_versions.c.dataset_group)
            .where(dataset_versions.c.current.is_(True))
            .distinct()
            .order_by(dataset_versions.c.dataset_group)
        )
        return tuple(rows.scalars())

    def manifest(self, connection: Connection, group: str) -> tuple[DataSetInfo, ...]:
        """The current sets for boxes of a group: its own, and the default ones that it has no own of."""
        rows = connection.execute(
            select(dataset_versions)
            .where(
                dataset_versions.c.current.is_(True),
                dataset_versions.c.dataset_group.in_((group, DEFAULT_GROUP)),
            )
            .order_by(dataset_versions.c.name)
        )
        chosen: dict[str, DataSetInfo] = {}
        for info in map(_info, rows.mappings()):
            if info.name not in chosen or info.group == group:
                chosen[info.name] = info
        return tuple(chosen.values())

    def file(self, connection: Connection, name: str, version: str, group: str) -> Path | None:
        """The bytes of a version that a box of ``group`` may have, or None."""
        row = connection.execute(
            select(dataset_versions).where(
                dataset_versions.c.name == name,
                dataset_versions.c.version == version,
                dataset_versions.c.dataset_group.in_((group, DEFAULT_GROUP)),
            )
        )
        found = row.mappings().one_or_none()
        return None if found is None else self._path(_info(found))

    def all_current(self, connection: Connection) -> tuple[DataSetInfo, ...]:
        rows = connection.execute(
            select(dataset_versions)
            .where(dataset_versions.c.current.is_(True))
            .order_by(dataset_versions.c.name, dataset_versions.c.dataset_group)
        )
        return tuple(_info(row) for row in rows.mappings())

    def _path(self, info: DataSetInfo) -> Path:
        return self._folder / f"{info.name}-{info.version}.jsonl"


def _current(connection: Connection, name: str, group: str) -> DataSetInfo | None:
    row = connection.execute(
        select(dataset_versions).where(
            dataset_versions.c.name == name,
            dataset_versions.c.dataset_group == group,
            dataset_versions.c.current.is_(True),
        )
    )
    found = row.mappings().one_or_none()
    return None if found is None else _info(found)


def _replace(
    connection: Connection, info: DataSetInfo, rows: tuple[DataSetRow, ...], now: dt.datetime
) -> tuple[DataSetInfo, ...]:
    """Switch to the new version and return those that are too old to keep."""
    of_set = (dataset_versions.c.name == info.name) & (dataset_versions.c.dataset_group == info.group)
    connection.execute(update(dataset_versions).where(of_set).values(current=False))
    connection.execute(
        insert(dataset_versions).values(
            name=info.name,
            version=info.version,
            dataset_group=info.group,
            rows=info.rows,
            size_bytes=info.size_bytes,
            sha256=info.sha256,
            imported_at=now,
            current=True,
        )
    )
    connection.execute(
        delete(dataset_codes).where(
            dataset_codes.c.name == info.name, dataset_codes.c.dataset_group == info.group
        )
    )
    for start in range(0, len(rows), _CODES_PER_INSERT):
        connection.execute(
            insert(dataset_codes),
            [
                {
                    "name": info.name,
                    "dataset_group": info.group,
                    "code": row.code,
                    "billable": row.billable,
                }
                for row in rows[start : start + _CODES_PER_INSERT]
            ],
        )
    versions = connection.execute(
        select(dataset_versions).where(of_set).order_by(dataset_versions.c.version.desc())
    )
    outdated = tuple(_info(row) for row in versions.mappings())[KEPT_VERSIONS:]
    for old in outdated:
        connection.execute(delete(dataset_versions).where(of_set, dataset_versions.c.version == old.version))
    return outdated


def _info(row: RowMapping) -> DataSetInfo:
    return DataSetInfo(
        name=row["name"],
        version=row["version"],
        rows=row["rows"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        group=row["dataset_group"],
    )


def _write_durably(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
