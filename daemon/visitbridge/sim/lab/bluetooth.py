"""The lab's Bluetooth: two simulated readers behind the double of BlueZ, on a D-Bus daemon of the lab's own.

What the readers keep without power, the bond and a key of their own, is in a file beside the box's state, since the box
remembers its half.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from visitbridge.errors import DeviceError, NotFound
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.ble.reader import SimulatedReader
from visitbridge.sim.bluez.bus import open_private_bus
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import BluezDouble, open_bluez
from visitbridge.sim.bluez.shapes import ACR3901, BR301, AdapterState, Bonding
from visitbridge.sim.lab.radio import BluetoothState, UnitState


class _Kept(msgspec.Struct, kw_only=True):
    """What a reader keeps. ``key`` in Base64, empty for the factory's or a family without."""

    paired: bool
    key: str = ""


class LabBluetooth:
    """``address`` belongs into DBUS_SYSTEM_BUS_ADDRESS of the gateway."""

    def __init__(self, double: BluezDouble, units: tuple[Unit, ...], address: str) -> None:
        self.address = address
        self._double = double
        self._units = {unit.reader.reader_id: unit for unit in units}

    @property
    def readers(self) -> dict[str, SimulatedReader]:
        """By the gateway's reader id."""
        return {reader_id: unit.reader for reader_id, unit in self._units.items()}

    def is_paired(self, reader_id: str) -> bool:
        """Whether the gateway has paired with this reader; those of other transports need no pairing."""
        return reader_id not in self._units or self._units[reader_id].is_paired

    def state(self) -> BluetoothState:
        return BluetoothState(
            adapter=self._double.state,
            readers=tuple(
                UnitState(
                    reader_id=reader_id,
                    label=unit.reader.label,
                    in_reach=unit.reader.in_reach,
                    paired=unit.is_paired,
                    passkey=f"{unit.passkey:06d}" if unit.bonding is Bonding.ENTER else "",
                )
                for reader_id, unit in self._units.items()
            ),
        )

    async def set_adapter(self, state: AdapterState) -> None:
        """Switch the adapter off or on, block it, pull it out."""
        await self._double.set_state(state)

    def set_in_reach(self, reader_id: str, *, in_reach: bool) -> None:
        """Switch a reader off or on. Raises NotFound."""
        if reader_id not in self._units:
            raise NotFound("no such Bluetooth reader", field="reader_id")
        reader = self._units[reader_id].reader
        if in_reach:
            reader.in_reach = True
            self._double.find()
        else:
            reader.disappear()


@contextlib.asynccontextmanager
async def open_bluetooth(memory: Path) -> AsyncIterator[LabBluetooth]:
    """Running Bluetooth; ``memory``: the file of what readers keep. Raises DeviceError where there is no D-Bus."""
    units = _units()
    _recall(memory, units)

    def keep() -> None:
        kept = {unit.address: _Kept(paired=unit.is_paired, key=_key_of(unit.reader)) for unit in units}
        memory.write_bytes(msgspec.json.encode(kept))

    for unit in units:
        unit.reader.on_kept = keep
    async with open_private_bus() as bus, open_bluez(bus.address, units) as double:
        yield LabBluetooth(double, units, bus.address)


def _units() -> tuple[Unit, ...]:
    acs = Unit(SimulatedAcr3901("ACR3901U-S1 LAB1", "ble-0200000000a1"), "02:00:00:00:00:A1", ACR3901)
    feitian = Unit(SimulatedBr301("FT_LAB2", "ble-0200000000b2"), "02:00:00:00:00:B2", BR301, rssi_dbm=-78)
    # Not that the real one is known to: so that this way of pairing can be seen as well.
    feitian.bonding = Bonding.ENTER
    return acs, feitian


def _recall(memory: Path, units: tuple[Unit, ...]) -> None:
    if not memory.exists():
        return
    try:
        kept = msgspec.json.decode(memory.read_bytes(), type=dict[str, _Kept])
    except msgspec.DecodeError as exc:
        raise DeviceError(f"{memory.name} is damaged; remove it, and the readers are new") from exc
    for unit in units:
        if unit.address in kept:
            unit.is_paired = kept[unit.address].paired
            if kept[unit.address].key and isinstance(unit.reader, SimulatedAcr3901):
                unit.reader.master_key = base64.b64decode(kept[unit.address].key)


def _key_of(reader: SimulatedReader) -> str:
    return base64.b64encode(reader.master_key).decode() if isinstance(reader, SimulatedAcr3901) else ""
