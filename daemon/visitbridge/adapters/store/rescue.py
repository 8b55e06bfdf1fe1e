"""A damaged database at start: kept aside whole, and the newest good backup put in its place."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from visitbridge.adapters.store import backup, binding
from visitbridge.adapters.store.files import put_in_place, sync
from visitbridge.adapters.store.sql_store import SqlStore, open_store
from visitbridge.errors import StoreDamaged
from visitbridge.ports.clock import Clock

log = logging.getLogger(__name__)

KEPT: Final = 2
_PATTERN: Final = "store-*.backup"
# SQLite's own files beside the database; they belong to it, and not to the copy that takes its place.
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal")


class Rescue(msgspec.Struct, frozen=True, kw_only=True):
    """What was done at this start. ``backup_at``: up to when the box remembers. ``kept_as``: the damaged file."""

    at: dt.datetime
    backup_at: dt.datetime
    kept_as: str


class BackupShelf:
    """The copies of one database, numbered, because a clock may jump; the newest is the highest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_first(self) -> list[Path]:
        return sorted(self._folder.glob(_PATTERN), reverse=True)

    async def take(self, store: SqlStore) -> None:
        """Add a checked copy, then let go of the oldest beyond :data:`KEPT`. Raises StoreError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        held = self.newest_first()
        number = int(held[0].stem.removeprefix("store-")) + 1 if held else 1
        await store.back_up(self._folder / f"store-{number:08d}.backup")
        for old in self.newest_first()[KEPT:]:
            old.unlink(missing_ok=True)

    def newest_good(self, key: bytes) -> Path | None:
        """The newest copy that can be read from end to end."""
        for path in self.newest_first():
            try:
                backup.verify(path, key)
            except StoreDamaged:
                log.warning("a backup is damaged too: %s", path.name)
            else:
                return path
        return None


@contextlib.asynccontextmanager
async def open_or_rescue(
    path: Path, key: bytes, *, clock: Clock, shelf: BackupShelf
) -> AsyncIterator[tuple[SqlStore, Rescue | None]]:
    """As :func:`open_store`; a damaged file is replaced by the newest good backup, if there is one.

    Without one the damaged file stays where it is and StoreDamaged is raised: an empty box that works would
    hide what was lost.
    """
    rescue = None
    async with contextlib.AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(open_store(path, key, clock=clock))
        except StoreDamaged:
            good = await asyncio.to_thread(shelf.newest_good, key)
            if good is None:
                raise
            rescue = await asyncio.to_thread(_replace, path, good, clock.now())
            log.error("the database was damaged; kept as %s, a backup is in its place", rescue.kept_as)
            store = await stack.enter_async_context(open_store(path, key, clock=clock))
        yield store, rescue


def _replace(path: Path, good: Path, now: dt.datetime) -> Rescue:
    """Raises StoreFull, StoreReadOnly: then the damaged file is where it was, or aside, and the backup untouched."""
    backup_at = dt.datetime.fromtimestamp(good.stat().st_mtime, dt.UTC)
    unfinished = path.with_name(path.name + ".unfinished")
    source = os.open(good, os.O_RDONLY | os.O_CLOEXEC)
    try:
        backup.copy(source, unfinished)
    finally:
        os.close(source)
    kept_as = f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}"
    try:
        for companion in _COMPANIONS:
            part = path.with_name(path.name + companion)
            if part.exists():
                part.rename(path.with_name(kept_as + companion))
        sync(path.parent)
    except OSError as exc:
        raise binding.translate_os(exc) from exc
    put_in_place(unfinished, path)
    return Rescue(at=now, backup_at=backup_at, kept_as=kept_as)
