"""Readers behind BlueZ without a radio: a D-Bus daemon of the test's own, the double, and the real binding."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from tests.system_bus import LINK
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.ports.bluetooth import ReaderFamily, RememberedReader
from visitbridge.ports.clock import Clock
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.bluez.bus import PrivateBus, open_private_bus
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import BluezDouble, open_bluez
from visitbridge.sim.bluez.shapes import ACR3901, BR301, AdapterState

NOON = dt.datetime(2026, 3, 4, 4, 0, tzinfo=dt.UTC)


@contextlib.contextmanager
def system_bus_at(socket_path: Path) -> Iterator[None]:
    """Make libdbus in this process take this bus for the system's; see ``tests/system_bus.py``."""
    LINK.unlink(missing_ok=True)
    LINK.symlink_to(socket_path)
    try:
        yield
    finally:
        LINK.unlink()


class Vault:
    """Keys as a store would keep them, with everything that happened to them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, bytes | None]] = []
        self.key: bytes | None = None
        self.next_key: bytes | None = None

    async def prepare(self, reader_id: str, key: bytes | None, next_key: bytes) -> None:
        self.events.append(("prepare", next_key))
        self.key, self.next_key = key, next_key

    async def settle(self, reader_id: str, key: bytes | None) -> None:
        self.events.append(("settle", key))
        self.key, self.next_key = key, None


def acr3901_unit(number: int = 1, *, is_paired: bool = True) -> Unit:
    return _unit(
        Unit(
            SimulatedAcr3901(f"ACR3901U-S1 {number}", f"ble-0200000000a{number}"),
            f"02:00:00:00:00:A{number}",
            ACR3901,
        ),
        is_paired,
    )


def br301_unit(number: int = 1, *, is_paired: bool = True) -> Unit:
    return _unit(
        Unit(SimulatedBr301(f"FT_{number}", f"ble-0200000000b{number}"), f"02:00:00:00:00:B{number}", BR301),
        is_paired,
    )


def _unit(unit: Unit, is_paired: bool) -> Unit:
    unit.is_paired = is_paired
    return unit


def remembered(unit: Unit, *, key: bytes | None = None, next_key: bytes | None = None) -> RememberedReader:
    """The unit as the box would know it."""
    return RememberedReader(
        reader_id=unit.reader.reader_id,
        address=unit.address,
        family=ReaderFamily.ACS if isinstance(unit.reader, SimulatedAcr3901) else ReaderFamily.FEITIAN,
        model=unit.reader.label,
        name=unit.reader.label,
        remembered_at=NOON,
        key=key,
        next_key=next_key,
    )


def system_bus_of(bus: PrivateBus) -> contextlib.AbstractContextManager[None]:
    """:func:`system_bus_at` for a bus of the test's own."""
    return system_bus_at(Path(bus.address.removeprefix("unix:path=")))


@contextlib.asynccontextmanager
async def open_bus() -> AsyncIterator[PrivateBus]:
    """A private bus that this process takes for the system's."""
    async with open_private_bus() as bus:
        with system_bus_of(bus):
            yield bus


@contextlib.asynccontextmanager
async def open_bluetooth(
    clock: Clock, units: Sequence[Unit], *, state: AdapterState = AdapterState.ON
) -> AsyncIterator[tuple[BluetoothReaders, BluezDouble]]:
    """Bluetooth with the paired ones of these units remembered. Nobody watches yet."""
    async with open_bus() as bus, open_bluez(bus.address, units, state) as double:
        source = BluetoothReaders(clock, allow_virtual=True)
        for unit in units:
            if unit.is_paired:
                source.admit(remembered(unit), Vault())
        yield source, double
