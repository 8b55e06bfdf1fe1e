"""Finds PC/SC readers and tells of every change, without polling and across restarts of pcscd."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable

from visitbridge.adapters.pcsc import binding
from visitbridge.adapters.pcsc.binding import MOST_READERS, PNP_READER, Outcome, ScardError
from visitbridge.adapters.pcsc.channel import PcscReader
from visitbridge.adapters.pcsc.slots import SlotBook
from visitbridge.errors import DeviceError, LaneLate, PcscUnavailable
from visitbridge.ports.cards import ReaderInfo
from visitbridge.ports.clock import Clock
from visitbridge.runtime.lane import Lane

log = logging.getLogger(__name__)

_CALL_S = 5.0
# One waiting call; nothing but its end wakes the process up while no card moves.
_WAIT_MS = 60_000
_WAIT_S = _WAIT_MS / 1000 + _CALL_S
# While pcscd is away. Under systemd its socket starts it, so this matters only where there is no socket unit.
_RETRY_S = 1.0


class PcscReaders:
    """All slots that pcscd knows (``ports.cards.ReaderSource``). One :meth:`watch` at a time.

    ``allow_virtual``: take virtual readers too. Create it inside a running event loop; ``close`` at the end.
    """

    def __init__(self, clock: Clock, *, allow_virtual: bool = False) -> None:
        self._clock = clock
        self._book = SlotBook(allow_virtual=allow_virtual)
        self._readers: dict[str, PcscReader] = {}
        self._on_trouble: list[Callable[[DeviceError | None], None]] = []

    def when_trouble(self, listener: Callable[[DeviceError | None], None]) -> None:
        """See ``ports.cards.Reporting``."""
        self._on_trouble.append(listener)

    def readers(self) -> tuple[PcscReader, ...]:
        """Every slot seen so far, those that are away included."""
        return tuple(self._readers.values())

    async def watch(self) -> AsyncIterator[ReaderInfo]:
        """See ``ports.cards.ReaderSource``. Absence and restarts of pcscd show as UNAVAILABLE slots.

        Raises LaneLate when pcscd is there and does not answer.
        """
        monitor = _Monitor(self._book)
        told_away = told_all = False
        try:
            while True:
                try:
                    changes = await monitor.next_changes()
                except PcscUnavailable as exc:
                    if not told_away:
                        log.warning("%s; looking for it every %g s", exc, _RETRY_S)
                        self._tell(exc)
                    told_away = True
                    changes = self._book.lose_all()
                else:
                    if told_away:
                        log.info("pcscd answers again")
                        self._tell(None)
                    told_away = False
                self._add_readers()
                for info in changes if told_all else self._book.infos():
                    yield info
                told_all = True
                if told_away:
                    await self._clock.wait_until(self._clock.monotonic() + _RETRY_S)
        finally:
            await monitor.close()

    async def close(self) -> None:
        """Let all cards go. Sessions still open end with an error."""
        for reader in self._readers.values():
            await reader.close()

    def _tell(self, trouble: DeviceError | None) -> None:
        for listener in self._on_trouble:
            listener(trouble)

    def _add_readers(self) -> None:
        for info in self._book.infos():
            if info.reader_id not in self._readers:
                self._readers[info.reader_id] = PcscReader(
                    info.reader_id, self._clock, look_up=self._book.info, name_of=self._book.name_of
                )


class _Monitor:
    """The lane that waits in SCardGetStatusChange, and a second one, as only another thread can end the wait."""

    def __init__(self, book: SlotBook) -> None:
        self._book = book
        self._lane = Lane("pcsc-watch")
        self._waker = Lane("pcsc-cancel")
        self._context: int | None = None
        self._believed: dict[str, int] = {}
        self._list_again = True

    async def next_changes(self) -> list[ReaderInfo]:
        """Wait for the next changes, at most a minute. Raises PcscUnavailable, LaneLate."""
        try:
            return await self._look()
        except ScardError as exc:
            self._list_again = True
            if exc.outcome == Outcome.UNKNOWN_READER:
                return []
            self._believed.clear()
            if self._context is not None:
                context, self._context = self._context, None
                await self._lane.call(binding.release_context, context, deadline_s=_CALL_S)
            raise PcscUnavailable(str(exc)) from exc

    async def close(self) -> None:
        if self._context is not None:
            await self._end_wait(self._context)
        await self._lane.close(grace_s=_CALL_S)
        await self._waker.close(grace_s=_CALL_S)

    async def _look(self) -> list[ReaderInfo]:
        if self._context is None:
            self._context = await self._lane.call(binding.establish_context, deadline_s=_CALL_S)
        if self._list_again:
            names = await self._lane.call(binding.list_readers, self._context, deadline_s=_CALL_S)
            self._believed = {name: self._believed.get(name, binding.UNAWARE) for name in names}
            self._list_again = False
            if gone := self._book.keep(names):
                return gone
        believed = list(self._believed.items())
        if len(believed) < MOST_READERS:
            # With all places taken no reader can come, and there is no room for the question.
            believed.append((PNP_READER, len(believed) << 16))
        statuses = await self._lane.call(
            binding.wait_change, self._context, believed, _WAIT_MS, deadline_s=_WAIT_S
        )
        for status in statuses:
            if status.name == PNP_READER:
                self._list_again |= status.is_changed
            else:
                self._believed[status.name] = status.believed
                self._list_again |= status.is_gone
        return self._book.update(statuses)

    async def _end_wait(self, context: int) -> None:
        """Give the context back. A cancel that comes before the wait began is lost, so it is repeated."""
        for _ in range(10):
            try:
                await self._waker.call(binding.cancel, context, deadline_s=_CALL_S)
                await self._lane.call(binding.release_context, context, deadline_s=0.2)
            except LaneLate:
                continue
            return
        log.warning("pcscd does not let go of a waiting call; its thread is left behind")
