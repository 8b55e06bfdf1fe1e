"""The Bluetooth readers that this box remembers, each kept connected while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from visitbridge.adapters.ble.reader import BleReader
from visitbridge.errors import DeviceError, ReaderUnavailable
from visitbridge.ports.cards import ReaderInfo


class BleReaders:
    """A source of readers that come and go (``ports.cards.ReaderSource``). One :meth:`watch` at a time."""

    def __init__(self, readers: Sequence[BleReader[Any]] = ()) -> None:
        self._readers = {reader.info.reader_id: reader for reader in readers}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._news: asyncio.Queue[ReaderInfo | DeviceError | asyncio.Task[None]] | None = None

    def readers(self) -> tuple[BleReader[Any], ...]:
        """See ``ports.cards.ReaderSource``."""
        return tuple(self._readers.values())

    def find(self, reader_id: str) -> BleReader[Any] | None:
        """The reader with this id."""
        return self._readers.get(reader_id)

    def get(self, reader_id: str) -> BleReader[Any]:
        """The reader with this id. Raises ReaderUnavailable."""
        reader = self.find(reader_id)
        if reader is None:
            raise ReaderUnavailable(reader_id)
        return reader

    def admit(self, reader: BleReader[Any]) -> None:
        """Connect with one more reader; one with the same id is dismissed."""
        self.dismiss(reader.info.reader_id)
        self._readers[reader.info.reader_id] = reader
        if self._news is not None:
            self._run(reader, self._news)

    def dismiss(self, reader_id: str) -> None:
        """End the connection with a reader, of which nothing is told any more. One that is not there is no error."""
        self._readers.pop(reader_id, None)
        task = self._running.pop(reader_id, None)
        if task is not None:
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def wake(self) -> None:
        """Have every reader tried now that is waited for."""
        for reader in self._readers.values():
            reader.wake()

    def fail(self, error: DeviceError) -> None:
        """End :meth:`watch` with this error."""
        if self._news is not None:
            self._news.put_nowait(error)

    async def watch(self) -> AsyncGenerator[ReaderInfo, None]:
        """See ``ports.cards.ReaderSource``; readers are connected while somebody watches."""
        news = self._news = asyncio.Queue()
        for reader in self._readers.values():
            self._run(reader, news)
        try:
            while True:
                item = await news.get()
                if isinstance(item, DeviceError):
                    raise item
                if isinstance(item, ReaderInfo):
                    yield item
                elif not item.cancelled():
                    item.result()
        finally:
            self._news = None
            tasks = [*self._running.values(), *self._leaving]
            self._running.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _run(
        self, reader: BleReader[Any], news: asyncio.Queue[ReaderInfo | DeviceError | asyncio.Task[None]]
    ) -> None:
        task = asyncio.create_task(reader.run(news.put_nowait), name=f"reader-{reader.info.reader_id}")
        task.add_done_callback(news.put_nowait)
        self._running[reader.info.reader_id] = task
