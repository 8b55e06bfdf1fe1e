"""The only module that knows sqlcipher3: how a database file is opened, and what its errors mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.errors import Retry, StoreDamaged, StoreError, StoreFull, StoreReadOnly

Connection = dbapi2.Connection
Cursor = dbapi2.Cursor
VendorError = dbapi2.Error
DBAPI: Final = dbapi2

KEY_BYTES: Final = 32
# Half of SQLCipher's usual size: a commit touches about eight pages, each of which is encrypted, sealed and written.
PAGE_BYTES: Final = 2048
# What a WAL is cut down to once a large transaction has passed.
_LARGEST_WAL_BYTES: Final = 16 * 2**20

# Result codes, https://sqlite.org/rescode.html
_BUSY, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 8, 10, 11, 13, 14, 26


def connect_encrypted(path: Path, key: bytes) -> Connection:
    """Open (or create) a SQLCipher file with a raw 256-bit key, for this process alone.

    Locking is exclusive, so the WAL index lives in memory and there is no ``-shm`` file to go wrong on a
    full disk. Commits are on disk when they return (``synchronous=FULL``).
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"the store's key has {KEY_BYTES} bytes")
    connection = _connect(path)
    try:
        # It would write to stderr what we say by a typed error.
        connection.execute("PRAGMA cipher_log_level=NONE")
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.execute(f"PRAGMA cipher_page_size={PAGE_BYTES}")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={_LARGEST_WAL_BYTES}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_plain(path: Path) -> Connection:
    """Open (or create) an unencrypted file with the same, current SQLite library."""
    return _connect(path)


def connect_immutable(path: Path) -> Connection:
    """Open a finished, unencrypted file that nobody will ever write again: no locks, no side files."""
    return _connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _connect(path: Path | str, *, uri: bool = False) -> Connection:
    return dbapi2.connect(str(path), timeout=0, isolation_level=None, check_same_thread=False, uri=uri)


def is_not_a_database(error: VendorError) -> bool:
    """True for the answer that a wrong key and a destroyed first page have in common."""
    return _code(error) & 0xFF == _NOTADB


def translate(error: VendorError, path: Path) -> StoreError:
    """The typed error for a vendor's one. ``path`` is asked why the disk refuses when SQLite can't say."""
    code = _code(error)
    detail = _name(error)
    primary = code & 0xFF
    if primary == _FULL:
        return StoreFull(detail)
    if primary == _READONLY:
        return StoreReadOnly(detail)
    if primary in {_CORRUPT, _NOTADB}:
        return StoreDamaged(detail)
    if primary in {_IOERR, _CANTOPEN}:
        return _disk_error(detail, path)
    if primary == _BUSY:
        return StoreError(f"{detail}: another process uses the file")
    return StoreError(detail, retry=Retry.NEVER)


def _disk_error(detail: str, path: Path) -> StoreError:
    try:
        disk = os.statvfs(path.parent)
    except OSError as exc:
        return disk_error(exc)
    if disk.f_flag & os.ST_RDONLY:
        return StoreReadOnly(detail)
    if disk.f_bavail == 0:
        return StoreFull(detail)
    return StoreError(detail)


def _code(error: VendorError) -> int:
    code = getattr(error, "sqlite_errorcode", 0)
    return code if isinstance(code, int) else 0


def _name(error: VendorError) -> str:
    """The result code's name only: SQLite's message may quote a value."""
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
