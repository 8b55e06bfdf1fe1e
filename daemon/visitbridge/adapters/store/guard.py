"""A small file beside the database: one process at a time, and whether a key is the right one.

SQLCipher gives the same answer to a wrong key and to a destroyed first page; what has to be done about
them is opposite. The guard holds a value derived from the key, from which the key can't be had.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.errors import StoreError

_PURPOSE: Final = b"visitbridge: which key opens this store"
_CHECK_BYTES: Final = 32


class Guard:
    """Holds ``<database>.guard`` locked until ``release``.

    Raises StoreError when another process holds it.
    """

    def __init__(self, database: Path, key: bytes) -> None:
        self._check = hmac.digest(key, _PURPOSE, hashlib.sha256)
        path = database.with_name(database.name + ".guard")
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise disk_error(exc) from exc
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            os.close(self._fd)
            raise StoreError("another process has the store open") from exc

    def knows_key(self) -> bool:
        """Whether this key has opened the database before."""
        return hmac.compare_digest(os.pread(self._fd, _CHECK_BYTES, 0), self._check)

    def remember_key(self) -> None:
        """Note that the key opens the database. Raises StoreFull, StoreReadOnly."""
        if self.knows_key():
            return
        try:
            os.pwrite(self._fd, self._check, 0)
            os.fsync(self._fd)
        except OSError as exc:
            raise disk_error(exc) from exc

    def release(self) -> None:
        os.close(self._fd)
