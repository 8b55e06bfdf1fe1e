"""The transports that `test_readers.py` runs on, each as a source of readers and the slots to put cards into."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol

from tests.bluetooth import acr3901_unit, br301_unit, open_bluetooth
from tests.pcsc import clients_of
from visitbridge.adapters.ble.care import PlainCare
from visitbridge.adapters.ble.families import AcsFamily, FeitianFamily
from visitbridge.adapters.ble.fleet import BleReaders
from visitbridge.adapters.ble.reader import BleReader
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.ports.cards import ReaderInfo, ReaderSource
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.pcscd import open_pcscd
from visitbridge.sim.readers import VirtualReaders
from visitbridge.sim.socket_readers import SocketReaders
from visitbridge.sim.vpcd import Connect, VpcdSlot

_PATIENCE_S = 60.0
"""How long to wait for what a reader is going to tell: an emulated machine takes its time."""


class Slot(Protocol):
    """Where a test puts cards."""

    @property
    def label(self) -> str: ...

    @property
    def reader_id(self) -> str: ...

    async def insert(self, card: Contacts) -> None: ...

    async def pull(self) -> None: ...

    def hold_answers(self) -> None: ...

    def give_answers(self) -> None: ...


class Watching:
    """Everything that ``watch`` told, and waiting for what it is going to tell."""

    def __init__(self) -> None:
        self.told: list[ReaderInfo] = []
        self.changed = asyncio.Condition()

    async def follow(self, source: ReaderSource) -> None:
        changes = source.watch()
        async for info in changes:
            async with self.changed:
                self.told.append(info)
                self.changed.notify_all()

    async def wait_told(self, condition: Callable[[ReaderInfo], bool]) -> ReaderInfo:
        """The newest state of some slot that fulfils the condition, now or as soon as there is one."""
        async with asyncio.timeout(_PATIENCE_S), self.changed:
            while not (found := [info for info in self.newest().values() if condition(info)]):
                await self.changed.wait()
            return found[0]

    async def wait_slots(self, count: int) -> None:
        """Wait until this many slots were told of."""
        async with asyncio.timeout(_PATIENCE_S), self.changed:
            await self.changed.wait_for(lambda: len(self.newest()) >= count)

    def newest(self) -> dict[str, ReaderInfo]:
        return {info.reader_id: info for info in self.told}


class Bench:
    """A source with its slots: ``slots[n]`` belongs to ``reader_ids[n]``. ``are_virtual``: as the box can tell.

    ``keeps_order``: slots are told of in the order of their readers; readers by radio answer when they can.
    ``soon_s``: within it a command certainly reaches the card.
    """

    def __init__(
        self,
        source: ReaderSource,
        slots: tuple[Slot, ...],
        clock: FakeClock,
        *,
        are_virtual: bool = True,
        keeps_order: bool = True,
        soon_s: float = 0.2,
    ) -> None:
        self.source = source
        self.slots = slots
        self.clock = clock
        self.are_virtual = are_virtual
        self.soon_s = soon_s
        self.arranged: Callable[[Iterable[str]], list[str]] = list if keeps_order else sorted
        self.watching = Watching()
        self._task: asyncio.Task[None]

    @property
    def reader_ids(self) -> list[str]:
        return [reader.info.reader_id for reader in self.source.readers()]

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        watching = self.watching = Watching()
        self._task = asyncio.create_task(watching.follow(self.source))
        try:
            await watching.wait_slots(len(self.slots))
            yield
        finally:
            await self.end_watch()

    async def end_watch(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


@contextlib.asynccontextmanager
async def open_in_process(clock: FakeClock) -> AsyncIterator[Bench]:
    source = VirtualReaders(clock, slots=2)
    async with (bench := Bench(source, source.slots, clock)).watched():
        yield bench


@contextlib.asynccontextmanager
async def open_sockets(clock: FakeClock) -> AsyncIterator[Bench]:
    ports = free_ports(2)
    source = SocketReaders([("127.0.0.1", port) for port in ports], clock)
    slots = tuple(
        VpcdSlot(f"Virtual reader {number}", f"virtual-{number}", _connector(port))
        for number, port in enumerate(ports, 1)
    )
    try:
        async with (bench := Bench(source, slots, clock)).watched():
            yield bench
    finally:
        for slot in slots:
            await slot.pull()


@contextlib.asynccontextmanager
async def open_pcsc(clock: FakeClock) -> AsyncIterator[Bench]:
    async with open_pcscd(slots=4) as pcscd:
        with clients_of(pcscd.socket_path):
            source = PcscReaders(clock, allow_virtual=True)
            try:
                async with (bench := Bench(source, pcscd.slots, clock)).watched():
                    yield bench
            finally:
                await source.close()


@contextlib.asynccontextmanager
async def open_acr3901(clock: FakeClock) -> AsyncIterator[Bench]:
    slots = tuple(SimulatedAcr3901(f"ACR3901U-S1 {number}", f"ble-{number}") for number in (1, 2))
    source = BleReaders([BleReader(slot, PlainCare(AcsFamily), clock) for slot in slots])
    async with (bench := Bench(source, slots, clock)).watched():
        yield bench


@contextlib.asynccontextmanager
async def open_br301(clock: FakeClock) -> AsyncIterator[Bench]:
    slots = tuple(SimulatedBr301(f"FT_{number}", f"ble-{number}") for number in (1, 2))
    source = BleReaders([BleReader(slot, PlainCare(FeitianFamily), clock) for slot in slots])
    async with (bench := Bench(source, slots, clock)).watched():
        yield bench


@contextlib.asynccontextmanager
async def open_acr3901_bluez(clock: FakeClock) -> AsyncIterator[Bench]:
    async with _open_bluez(clock, [acr3901_unit(number) for number in (1, 2)]) as bench:
        yield bench


@contextlib.asynccontextmanager
async def open_br301_bluez(clock: FakeClock) -> AsyncIterator[Bench]:
    async with _open_bluez(clock, [br301_unit(number) for number in (1, 2)]) as bench:
        yield bench


@contextlib.asynccontextmanager
async def _open_bluez(clock: FakeClock, units: Sequence[Unit]) -> AsyncIterator[Bench]:
    async with (
        open_bluetooth(clock, units) as (source, _),
        (bench := Bench(source, tuple(unit.reader for unit in units), clock, keeps_order=False)).watched(),
    ):
        yield bench


OpenBench = Callable[[FakeClock], contextlib.AbstractAsyncContextManager[Bench]]

BENCHES: dict[str, OpenBench] = {
    "in-process": open_in_process,
    "sockets": open_sockets,
    "pcscd": open_pcsc,
    "ACR3901": open_acr3901,
    "bR301": open_br301,
    "ACR3901 through BlueZ": open_acr3901_bluez,
    "bR301 through BlueZ": open_br301_bluez,
}


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as taken:
        sockets = [taken.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in sockets]


def _connector(port: int) -> Connect:
    async def connect() -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        except OSError:
            connection.close()
            raise
        return connection

    return connect
