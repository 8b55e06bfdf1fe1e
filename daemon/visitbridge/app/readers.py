"""Which card readers the box has, by configuration.

What a transport is made of is loaded where it is switched on: a start without it is shorter, and one with it fails at once when
something is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from visitbridge.app.options import Options
from visitbridge.config import ReadersSection
from visitbridge.ports.cards import ReaderSource
from visitbridge.ports.clock import Clock
from visitbridge.ports.store import Store
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.readers.desk import ReaderDesk
from visitbridge.services.readers.roster import Roster

Opener = Callable[[ReadersSection, Options, Clock], AbstractAsyncContextManager[ReaderSource | None]]


@contextlib.asynccontextmanager
async def _open_pcsc(
    config: ReadersSection, options: Options, clock: Clock
) -> AsyncIterator[ReaderSource | None]:
    if not config.pcsc:
        yield None
        return
    from visitbridge.adapters.pcsc.source import PcscReaders  # noqa: PLC0415

    readers = PcscReaders(clock, allow_virtual=options.allow_virtual)
    try:
        yield readers
    finally:
        await readers.close()


@contextlib.asynccontextmanager
async def _open_bluetooth(
    config: ReadersSection, options: Options, clock: Clock
) -> AsyncIterator[ReaderSource | None]:
    if not config.bluetooth:
        yield None
        return
    from visitbridge.adapters.ble.source import BluetoothReaders  # noqa: PLC0415

    yield BluetoothReaders(clock, allow_virtual=options.allow_virtual)


@contextlib.asynccontextmanager
async def _open_sockets(
    config: ReadersSection, _options: Options, clock: Clock
) -> AsyncIterator[ReaderSource | None]:
    if not config.socket:
        yield None
        return
    from visitbridge.sim.socket_readers import SocketReaders  # noqa: PLC0415

    addresses = [address.rpartition(":") for address in config.socket]
    yield SocketReaders([(host, int(port)) for host, _, port in addresses], clock)


OPENERS: Mapping[str, Opener] = {"pcsc": _open_pcsc, "bluetooth": _open_bluetooth, "socket": _open_sockets}


@contextlib.asynccontextmanager
async def open_readers(
    config: ReadersSection, options: Options, clock: Clock
) -> AsyncIterator[dict[str, ReaderSource]]:
    """Every transport that is switched on, by name."""
    async with contextlib.AsyncExitStack() as stack:
        opened = {
            name: await stack.enter_async_context(opener(config, options, clock))
            for name, opener in OPENERS.items()
        }
        yield {name: source for name, source in opened.items() if source is not None}


def new_reader_desk(
    sources: Mapping[str, ReaderSource], store: Store, cards: CardDesk, board: LiveBoard, clock: Clock
) -> ReaderDesk | None:
    """Pairing of Bluetooth readers, where Bluetooth is switched on."""
    bluetooth = sources.get("bluetooth")
    if bluetooth is None:
        return None
    from visitbridge.adapters.ble.source import BluetoothReaders  # noqa: PLC0415

    if not isinstance(bluetooth, BluetoothReaders):
        raise TypeError("readers over Bluetooth that cannot be paired")
    return ReaderDesk(bluetooth, Roster(store, clock), cards, board, clock)
