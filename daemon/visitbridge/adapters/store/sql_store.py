"""The store: group commit in front of the database's lane."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from visitbridge.adapters.store import backup
from visitbridge.adapters.store.database import Database, Outcome
from visitbridge.adapters.store.files import discard, put_in_place
from visitbridge.adapters.store.transaction import SqlTransaction
from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Transaction
from visitbridge.runtime.lane import Lane, LaneStatistics

T = TypeVar("T")
log = logging.getLogger(__name__)

# After so many commits the WAL is moved into the file once nobody waits; after so many more, even so.
_CHECKPOINT_WHEN_IDLE: Final = 100
_CHECKPOINT_AT_LAST: Final = 400
_COPY_DEADLINE_S: Final = 600.0


class _Ticket(Generic[T]):
    __slots__ = ("future", "work")

    def __init__(self, work: Callable[[SqlTransaction], T], future: asyncio.Future[T]) -> None:
        self.work = work
        self.future = future


class SqlStore:
    """Implements ``ports.store.Store``.

    Writes asked for while a commit is under way form the next batch: one transaction, one fsync, one hop
    into the lane for all of them. A caller that is cancelled before its batch starts writes nothing; one
    that is cancelled later may find its work done.
    """

    def __init__(self, database: Database, lane: Lane, *, deadline_s: float = 30.0) -> None:
        self._database = database
        self._lane = lane
        self._deadline_s = deadline_s
        self._waiting: list[_Ticket[Any]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._one_copy = asyncio.Lock()

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """See ``ports.store.Store``. Raises LaneLate when the disk hangs."""
        return await self._lane.call(self._database.read, work, deadline_s=self._deadline_s)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """See ``ports.store.Store``. Raises LaneLate when the disk hangs: the outcome is unknown then."""
        if self._closing:
            raise StoreError("the store is closing")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Ticket(work, future))
        if self._idle.is_set():
            self._idle.clear()
            self._start_batch()
        return await future

    async def back_up(self, target: Path) -> None:
        """Put a checked copy of the database at ``target``, encrypted with the same key; a former one is replaced.

        Writes go on meanwhile; the copy holds what was committed when it began. Raises StoreFull where it would leave
        them too little room, StoreReadOnly, StoreDamaged, and StoreError (``retry=later``) when trouble with the disk
        spoiled the copy; nothing is left of it then.
        """
        async with self._one_copy:
            copying = Lane("store-copy")
            unfinished = target.with_name(target.name + ".unfinished")
            try:
                source = await self._lane.call(self._database.begin_copy, deadline_s=self._deadline_s)
                try:
                    await copying.call(backup.expect_room, source, unfinished, deadline_s=self._deadline_s)
                    await copying.call(backup.copy, source, unfinished, deadline_s=_COPY_DEADLINE_S)
                finally:
                    await self._lane.call(self._database.end_copy, deadline_s=self._deadline_s)
                await copying.call(self._database.verify_copy, unfinished, deadline_s=_COPY_DEADLINE_S)
                await copying.call(put_in_place, unfinished, target, deadline_s=self._deadline_s)
            finally:
                await copying.close()
                discard(unfinished)

    def statistics(self) -> LaneStatistics:
        return self._lane.statistics()

    async def close(self) -> None:
        """Finish what was asked for, then close the file. Later calls raise StoreError or LaneClosed."""
        self._closing = True
        await self._idle.wait()
        await self._lane.call(self._database.close, deadline_s=self._deadline_s)
        await self._lane.close()

    def _start_batch(self) -> None:
        batch = [ticket for ticket in self._waiting if not ticket.future.cancelled()]
        self._waiting.clear()
        if not batch:
            self._idle.set()
            return
        answer = self._lane.start(
            self._database.write, [ticket.work for ticket in batch], deadline_s=self._deadline_s
        )
        answer.add_done_callback(lambda done: self._finish_batch(batch, done))

    def _finish_batch(self, batch: list[_Ticket[Any]], done: asyncio.Future[list[Outcome]]) -> None:
        error = done.exception()
        outcomes = [Outcome(error=error) for _ in batch] if error is not None else done.result()
        for ticket, outcome in zip(batch, outcomes, strict=True):
            _settle(ticket.future, outcome)
        if self._database.commits_in_wal >= (_CHECKPOINT_AT_LAST if self._waiting else _CHECKPOINT_WHEN_IDLE):
            self._lane.start(self._database.checkpoint, deadline_s=self._deadline_s).add_done_callback(_note)
        self._start_batch()


def _note(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("checkpoint: %s", error)


def _settle(future: asyncio.Future[T], outcome: Outcome) -> None:
    if future.done():
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)


@contextlib.asynccontextmanager
async def open_store(path: Path, key: bytes, *, clock: Clock) -> AsyncIterator[SqlStore]:
    """Open the box's database for this process alone, creating it when there is none.

    ``key`` is 32 random bytes. Raises StoreKeyWrong, StoreDamaged, SchemaNewer, StoreFull, StoreReadOnly;
    StoreError when another process has it open.
    """
    lane = Lane("store")
    database = Database(path, key, clock)
    try:
        await lane.call(database.open, deadline_s=120.0)
    except BaseException:
        await lane.close()
        raise
    store = SqlStore(database, lane)
    try:
        yield store
    finally:
        await store.close()
