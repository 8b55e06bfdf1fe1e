"""Copies of the database file, made while the store goes on working."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.adapters.store import binding
from visitbridge.errors import StoreDamaged, StoreFull

SPARE_BYTES: Final = 32 * 2**20
"""What a backup leaves free: twice the largest WAL. Visits are saved there while a copy is made, and after it."""

_CHUNK_BYTES: Final = 2**20


def expect_room(source: int, target: Path) -> None:
    """Raise StoreFull where a copy of an open file would leave less than :data:`SPARE_BYTES` free."""
    try:
        target.unlink(missing_ok=True)
        disk = os.statvfs(target.parent)
        needed = os.fstat(source).st_size + SPARE_BYTES
    except OSError as exc:
        raise disk_error(exc) from exc
    if disk.f_bavail * disk.f_frsize < needed:
        raise StoreFull("no room for a copy beside the work")


def copy(source: int, target: Path) -> None:
    """Copy an open file, on disk when this returns; a former target is replaced. Raises StoreFull, StoreReadOnly."""
    try:
        target.unlink(missing_ok=True)
        with target.open("xb") as file:
            offset = 0
            while chunk := os.pread(source, _CHUNK_BYTES, offset):
                file.write(chunk)
                offset += len(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise disk_error(exc) from exc


def verify(path: Path, key: bytes) -> None:
    """Open a copy and read all of it. Raises StoreDamaged, for a wrong key too."""
    try:
        connection = binding.connect_encrypted(path, key)
        try:
            expect_sound(connection)
        finally:
            connection.close()
    except binding.VendorError as exc:
        raise StoreDamaged("the copy can not be read") from exc


def expect_sound(connection: binding.Connection) -> None:
    """Read every page and check the trees; SQLCipher checks each page's MAC on the way. Raises StoreDamaged."""
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()
    except binding.VendorError as exc:
        raise StoreDamaged("a page could not be read") from exc
    if verdict != ("ok",):
        raise StoreDamaged("the file fails its check")
