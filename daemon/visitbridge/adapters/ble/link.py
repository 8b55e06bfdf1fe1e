"""A reader behind BlueZ as the driver wants it (``ports.gatt``)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from visitbridge.adapters.ble import failures
from visitbridge.adapters.ble.binding.values import options, write_arguments
from visitbridge.adapters.ble.bluez import BluezFault
from visitbridge.adapters.ble.radio import Radio
from visitbridge.errors import DeviceError, PairingLost, ReaderRemoved, ReaderUnavailable
from visitbridge.ports.bluetooth import RadioState

# The kernel gives an attempt up after 20 s; looking for a reader that is off takes so long each time.
_CONNECT_S = 25.0
_RESOLVE_S = 20.0


class BluezLink:
    """``ports.gatt.GattLink`` to a device that is connected."""

    def __init__(self, radio: Radio, address: str) -> None:
        self._radio = radio
        self._address = address
        self._on_value: Callable[[str, bytes], None] | None = None
        self._on_lost: Callable[[DeviceError], None] | None = None
        self._subscribed: set[str] = set()
        self._pipes: dict[str, tuple[str, frozenset[str]]] = {}
        self._error: DeviceError | None = None

    def start(self, on_value: Callable[[str, bytes], None], on_lost: Callable[[DeviceError], None]) -> None:
        """See ``ports.gatt.GattLink``."""
        self._on_value, self._on_lost = on_value, on_lost
        if self._error is not None:
            on_lost(self._error)

    def flags(self, pipe: str) -> frozenset[str]:
        """See ``ports.gatt.GattLink``."""
        return self._pipes[pipe][1] if pipe in self._pipes else frozenset()

    async def subscribe(self, pipe: str) -> None:
        """See ``ports.gatt.GattLink``; returns once BlueZ has switched the notifications on."""
        self._subscribed.add(pipe)
        await self._call(pipe, "StartNotify")

    async def write(self, pipe: str, piece: bytes) -> None:
        """See ``ports.gatt.GattLink``; acknowledged by the reader where the characteristic allows it."""
        is_acknowledged = "write" in self.flags(pipe)
        await self._call(pipe, "WriteValue", *write_arguments(piece, is_acknowledged=is_acknowledged))

    async def read(self, pipe: str) -> bytes:
        """See ``ports.gatt.GattLink``."""
        return bytes(await self._call(pipe, "ReadValue", options()))

    def value(self, pipe: str, value: bytes) -> None:
        """From the radio: a characteristic has a new value, be it by a notification or by reading it."""
        if self._on_value is not None and pipe in self._subscribed:
            self._on_value(pipe, value)

    def lost(self, error: DeviceError) -> None:
        """From the radio: nothing comes any more."""
        if self._error is None:
            self._error = error
            if self._on_lost is not None:
                self._on_lost(error)

    def take_pipes(self) -> None:
        """Take every characteristic anew: places may have changed since the last connection."""
        self._pipes = self._radio.mirror.pipes(self._address)

    async def _call(self, pipe: str, method: str, *args: object) -> bytes:
        if self._error is not None:
            raise ReaderRemoved("the connection to the reader ended") from self._error
        if not self.flags(pipe):
            raise DeviceError("the reader lacks a characteristic of its family")
        try:
            answer: bytes = await self._radio.pipe_call(self._pipes[pipe][0], method, *args)
        except BluezFault as exc:
            raise failures.while_talking(exc) from exc
        return answer


class BluezPeripheral:
    """``ports.gatt.Peripheral``: a remembered reader. ``reader_id`` is made of the address."""

    def __init__(
        self,
        radio: Radio,
        address: str,
        label: str,
        *,
        connect_s: float = _CONNECT_S,
        resolve_s: float = _RESOLVE_S,
    ) -> None:
        self._radio = radio
        self._address = address
        self._connect_s = connect_s
        self._resolve_s = resolve_s
        self.label = label
        self.reader_id = reader_id_of(address)

    @property
    def virtual(self) -> bool:
        return self._radio.is_virtual

    @property
    def signal_dbm(self) -> int | None:
        return self._radio.mirror.signal_dbm(self._address)

    @contextlib.asynccontextmanager
    async def open_link(self) -> AsyncIterator[BluezLink]:
        """See ``ports.gatt.Peripheral``."""
        radio, address = self._radio, self._address
        if radio.state is not RadioState.ON:
            raise ReaderUnavailable(f"Bluetooth: {radio.state}")
        if radio.mirror.device(address) is None:
            raise PairingLost("BlueZ does not know this reader; it has to be paired again")
        if address in radio.listeners:
            raise ReaderUnavailable("the reader is in use by a former connection")
        link = radio.listeners[address] = BluezLink(radio, address)
        try:
            try:
                await radio.device_call(address, "Connect", deadline_s=self._connect_s)
                await self._wait_services()
                link.take_pipes()
            except BluezFault as exc:
                raise failures.while_connecting(exc) from exc
            yield link
        finally:
            del radio.listeners[address]
            await radio.hang_up(address)

    async def _wait_services(self) -> None:
        def device() -> dict[str, object]:
            return self._radio.mirror.device(self._address) or {}

        def is_settled() -> bool:
            return bool(device().get("ServicesResolved")) or not device().get("Connected")

        await self._radio.wait_until(is_settled, deadline_s=self._resolve_s)
        if not device().get("ServicesResolved"):
            raise ReaderUnavailable("the reader's services were not found")


def reader_id_of(address: str) -> str:
    """A reader's id, from its Bluetooth address."""
    return f"ble-{address.replace(':', '').lower()}"
