"""What the lab's panel sees and changes of its Bluetooth, whether or not this machine has the parts for it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from visitbridge.sim.bluez.shapes import AdapterState


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """``passkey``: six digits to enter at the phone; empty where pairing needs none."""

    reader_id: str
    label: str
    in_reach: bool
    paired: bool
    passkey: str


class BluetoothState(msgspec.Struct, frozen=True, kw_only=True):
    adapter: AdapterState
    readers: tuple[UnitState, ...]


class LabRadio(Protocol):
    def state(self) -> BluetoothState: ...

    async def set_adapter(self, state: AdapterState) -> None:
        """Switch the adapter off or on, block it, pull it out."""
        ...

    def set_in_reach(self, reader_id: str, *, in_reach: bool) -> None:
        """Switch a reader off or on. Raises NotFound."""
        ...
