"""Files that are complete, or not there: written aside, synced, renamed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from visitbridge.adapters.disk_errors import disk_error

log = logging.getLogger(__name__)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def put_in_place(finished: Path, target: Path) -> None:
    """Rename a synced file, durable when this returns. Raises StoreFull, StoreReadOnly."""
    try:
        finished.replace(target)
        sync(target.parent)
    except OSError as exc:
        raise disk_error(exc) from exc


def discard(path: Path) -> None:
    """Remove what is of no use, if it is there. A disk that refuses is met by whoever writes next."""
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        log.warning("%s stays: %s", path.name, disk_error(exc).code)
