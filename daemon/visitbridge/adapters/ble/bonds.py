"""Devices that the box is paired with, through BlueZ."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from visitbridge.adapters.ble import failures
from visitbridge.adapters.ble.bluez import AgentCall, BluezFault
from visitbridge.adapters.ble.radio import CALL_S, Radio


class Bonds:
    """One pairing at a time."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    async def pair(self, address: str, on_call: Callable[[AgentCall], None], *, deadline_s: float) -> None:
        """Pair; ``on_call`` hears what BlueZ asks. Raises PairingFailed, BluetoothUnavailable."""
        radio = self._radio
        radio.require_on()
        bluez = radio.running()
        radio.on_agent_call = on_call
        is_done = False
        try:
            await self._bond(address, deadline_s)
            await bluez.run(bluez.trust, address, deadline_s=CALL_S)
            is_done = True
        except BluezFault as exc:
            raise failures.while_pairing(exc) from exc
        finally:
            radio.on_agent_call = None
            if not is_done:
                with contextlib.suppress(BluezFault):
                    await radio.device_call(address, "CancelPairing")
            await radio.hang_up(address)

    async def forget(self, address: str) -> None:
        """Remove a device and its bond. Raises BluetoothUnavailable; one that BlueZ does not know is no error."""
        path = self._radio.mirror.path_of(address)
        if path is not None:
            bluez = self._radio.running()
            await self._radio.adapter_call("RemoveDevice", path)
            await bluez.run(bluez.forget, address, deadline_s=CALL_S)

    async def _bond(self, address: str, deadline_s: float) -> None:
        try:
            await self._radio.device_call(address, "Pair", deadline_s=deadline_s)
        except BluezFault as exc:
            # A bond that BlueZ kept and the box's store did not.
            if not exc.name.endswith(".AlreadyExists"):
                raise
