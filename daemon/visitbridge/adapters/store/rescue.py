"""A damaged database at start: kept aside whole, and the newest good backup put in its place."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from visitbridge.adapters.disk_errors import disk_error
from visitbridge.adapters.private_files import write_private
from visitbridge.adapters.store import backup
from visitbridge.adapters.store.files import discard, put_in_place, sync
from visitbridge.adapters.store.sql_store import SqlStore, open_store
from visitbridge.errors import StoreDamaged
from visitbridge.ports.clock import Clock

log = logging.getLogger(__name__)

KEPT: Final = 2
_PATTERN: Final = f"store-{8 * '[0-9]'}.backup"
# SQLite's own files beside the database; they belong to it, and not to the copy that takes its place.
_COMPANIONS: Final = ("", "-wal", "-shm", "-journal")
_NOTE: Final = ".rescued"


class Rescue(msgspec.Struct, frozen=True, kw_only=True):
    """What was done at a start. ``backup_at``: up to when the box remembers. ``kept_as``: the damaged file."""

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
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise disk_error(exc) from exc
        held = self.newest_first()
        number = int(held[0].stem.removeprefix("store-")) + 1 if held else 1
        await store.back_up(self._folder / f"store-{number:08d}.backup")
        for old in self.newest_first()[KEPT:]:
            discard(old)

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

    The rescue is told at every start until :func:`rescue_is_known`: the process may die before it told anybody. Without
    a backup the damaged file stays where it is and StoreDamaged is raised: an empty box that works would
    hide what was lost.
    """
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
        yield store, await asyncio.to_thread(_told_by, path)


def rescue_is_known(path: Path) -> None:
    """What :func:`open_or_rescue` told is kept in the database by now."""
    discard(_note_of(path))


def _replace(path: Path, good: Path, now: dt.datetime) -> Rescue:
    """Raises StoreFull, StoreReadOnly: then the damaged file is where it was, or aside, and the backup untouched."""
    backup_at = dt.datetime.fromtimestamp(good.stat().st_mtime, dt.UTC)
    rescue = Rescue(at=now, backup_at=backup_at, kept_as=_free_name(path, now))
    unfinished = path.with_name(path.name + ".unfinished")
    source = os.open(good, os.O_RDONLY | os.O_CLOEXEC)
    try:
        backup.copy(source, unfinished)
        write_private(_note_of(path), msgspec.json.encode(rescue))
        _set_aside(path, rescue.kept_as)
        sync(path.parent)
        put_in_place(unfinished, path)
    except OSError as exc:
        raise disk_error(exc) from exc
    finally:
        os.close(source)
        discard(unfinished)
    return rescue


def _free_name(path: Path, now: dt.datetime) -> str:
    """A name that nothing has yet: a clock without a battery may stand at the same second after every start."""
    first = f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}"
    names = itertools.chain([first], (f"{first}-{number}" for number in itertools.count(2)))
    return next(
        name for name in names if not any(path.with_name(name + part).exists() for part in _COMPANIONS)
    )


def _set_aside(path: Path, kept_as: str) -> None:
    """The database first: without its WAL it would be taken for a whole one."""
    for companion in _COMPANIONS:
        part = path.with_name(path.name + companion)
        if part.exists():
            part.rename(path.with_name(kept_as + companion))


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + _NOTE)


def _told_by(path: Path) -> Rescue | None:
    try:
        return msgspec.json.decode(_note_of(path).read_bytes(), type=Rescue)
    except FileNotFoundError:
        return None
