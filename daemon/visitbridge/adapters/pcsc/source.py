"""Finds PC/SC readers and tells of every change, without polling and across restarts of pcscd."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable

from visitbridge.adapters.pcsc.channel import PcscReader
from visitbridge.adapters.pcsc.monitor import Monitor
from visitbridge.adapters.pcsc.slots import SlotBook
from visitbridge.errors import DeviceError, PcscUnavailable
from visitbridge.ports.cards import ReaderInfo
from visitbridge.ports.clock import Clock

log = logging.getLogger(__name__)

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
        monitor = Monitor(self._book)
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
