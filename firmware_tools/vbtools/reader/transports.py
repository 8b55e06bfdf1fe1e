"""The readers of this machine, by the gateway's own drivers; the only module of the tools that uses them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from vbtools.reader.keys import KeyFile
from visitbridge import RELEASED_AT
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.errors import NotFound
from visitbridge.ports.bluetooth import Bluetooth
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderSource, ReaderState


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``keys``: the file that remembers Bluetooth readers; None leaves Bluetooth alone. ``wait_s``: for readers to answer."""

    usb: bool
    keys: Path | None
    allow_virtual: bool
    wait_s: float


class Transports:
    """Use :func:`open_transports`. ``bluetooth`` and ``keys`` where Bluetooth was asked for."""

    def __init__(self, bluetooth: Bluetooth | None, keys: KeyFile | None, wait_s: float) -> None:
        self.bluetooth = bluetooth
        self.keys = keys
        self.wait_s = wait_s
        self._sources: list[ReaderSource] = []
        self._infos: dict[str, ReaderInfo] = {}
        self._news = asyncio.Event()

    def readers(self) -> list[ReaderInfo]:
        """Everything that was told of so far, in the order of ids."""
        return [self._infos[reader_id] for reader_id in sorted(self._infos)]

    def find(self, asked: str) -> CardReader:
        """By id or the beginning of one; empty means the only one. Raises NotFound (``reader``)."""
        fitting = [reader_id for reader_id in self._infos if reader_id == asked]
        fitting = fitting or [reader_id for reader_id in self._infos if reader_id.startswith(asked)]
        if len(fitting) != 1:
            known = ", ".join(sorted(self._infos)) or "none"
            raise NotFound(f"{asked or 'the only reader'} among: {known}", field="reader")
        return next(
            reader
            for source in self._sources
            for reader in source.readers()
            if reader.info.reader_id == fitting[0]
        )

    async def wait_answering(self) -> None:
        """Until every reader answers that is known of, at most as long as the options say."""
        until_s = time.monotonic() + self.wait_s
        while not self._infos or self._silent():
            self._news.clear()
            try:
                async with asyncio.timeout(until_s - time.monotonic()):
                    await self._news.wait()
            except TimeoutError:
                return

    async def wait_card(self, reader: CardReader) -> ReaderInfo:
        """A card in this reader, mute or not, now or soon. What is there at the end of the wait is told."""
        until_s = time.monotonic() + self.wait_s
        while reader.info.state in {ReaderState.EMPTY, ReaderState.UNAVAILABLE}:
            self._news.clear()
            try:
                async with asyncio.timeout(until_s - time.monotonic()):
                    await self._news.wait()
            except TimeoutError:
                break
        return reader.info

    async def follow(self, source: ReaderSource) -> None:
        """Listen to a source, for ever. Raises DeviceError when it fails."""
        self._sources.append(source)
        async for info in source.watch():
            self._infos[info.reader_id] = info
            self._news.set()

    def _silent(self) -> bool:
        return any(info.state is ReaderState.UNAVAILABLE for info in self._infos.values())


@contextlib.asynccontextmanager
async def open_transports(options: Options) -> AsyncIterator[Transports]:
    """The readers that are asked for, watched as long as the block lasts.

    Raises DeviceError when a transport fails meanwhile, FieldInvalid for a file of keys that cannot be used.
    """
    clock = SystemClock(floor=RELEASED_AT)
    async with contextlib.AsyncExitStack() as stack:
        sources: list[ReaderSource] = []
        if options.usb:
            pcsc = PcscReaders(clock, allow_virtual=options.allow_virtual)
            stack.push_async_callback(pcsc.close)
            sources.append(pcsc)
        bluetooth = keys = None
        if options.keys is not None:
            keys = KeyFile(options.keys)
            bluetooth = BluetoothReaders(clock, allow_virtual=options.allow_virtual)
            for reader in keys.all():
                bluetooth.admit(reader, keys)
            sources.append(bluetooth)
        transports = Transports(bluetooth, keys, options.wait_s)
        tasks = [asyncio.create_task(transports.follow(source)) for source in sources]
        stack.push_async_callback(_end, tasks)
        await transports.wait_answering()
        yield transports


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
