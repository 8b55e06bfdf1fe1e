"""A simulated reader (``sim/ble``) as a Bluetooth LE peripheral: Bumble's GATT server and security in front of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue
from bumble.gatt import Service as GattService
from bumble.hci import Address
from bumble.host import Host
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from visitbridge.errors import DeviceError, ReaderUnavailable
from visitbridge.ports.gatt import GattLink
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.shapes import Bonding

_ADVERTISED_EVERY_MS = 200.0
_GONE_S = 10.0
_PROPERTIES = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
}
_OPEN = Characteristic.Permissions.READABLE | Characteristic.Permissions.WRITEABLE
_BONDED = (
    Characteristic.Permissions.READ_REQUIRES_ENCRYPTION | Characteristic.Permissions.WRITE_REQUIRES_ENCRYPTION
)
_CAPABILITY = {
    Bonding.JUST_WORKS: PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT,
    Bonding.COMPARE: PairingDelegate.IoCapability.DISPLAY_OUTPUT_AND_YES_NO_INPUT,
    Bonding.ENTER: PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY,
    Bonding.SHOW: PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY,
}


class Fingers(PairingDelegate):
    """Who holds the reader: reads its number, compares, types what the box shows."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(
            _CAPABILITY[unit.bonding],
            local_responder_key_distribution=PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY,
        )
        self._unit = unit
        self.compared: list[int] = []
        self.typed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def compare_numbers(self, number: int, digits: int) -> bool:
        """Press the reader's button, whatever it shows; the box's person compares."""
        self.compared.append(number)
        return True

    async def generate_passkey(self) -> int:
        """What is printed on the reader."""
        return self._unit.passkey

    async def get_number(self) -> int:
        """What is typed at the reader, as soon as it is."""
        return await self.typed


class Peripheral:
    """One reader on the air; a central's connection opens the reader's own link."""

    def __init__(self, unit: Unit, controller: Controller) -> None:
        self._unit = unit
        self._reader: GattLink | None = None
        self._link_task: asyncio.Task[None] | None = None
        self._is_powered = False
        self._device = Device(
            name=unit.reader.label,
            address=Address(unit.address),
            host=Host(controller, AsyncPipeSink(controller)),
        )
        self._pipes: dict[str, Characteristic[bytes]] = {}
        for service in unit.shape.services:
            pipes = [self._pipe(uuid, flags) for uuid, flags in service.characteristics.items()]
            self._device.add_service(GattService(service.uuid, pipes))
        self._device.on("connection", self._connected)
        self.fingers = Fingers(unit)

    @contextlib.asynccontextmanager
    async def switched_on(self, unit: Unit) -> AsyncIterator[None]:
        """Be heard, and be this unit to whoever connects."""
        self._unit = unit
        self.fingers = Fingers(unit)
        self._device.pairing_config_factory = lambda _connection: PairingConfig(
            mitm=unit.bonding is not Bonding.JUST_WORKS, delegate=self.fingers
        )
        if not self._is_powered:
            await self._device.power_on()
            self._is_powered = True
        await self._advertise()
        try:
            yield
        finally:
            await self._device.stop_advertising()
            if self._link_task is not None:
                self._link_task.cancel()
                await asyncio.wait({self._link_task}, timeout=_GONE_S)

    async def forget_bonds(self) -> None:
        """As when its battery was empty for long."""
        assert self._device.keystore is not None
        await self._device.keystore.delete_all()

    async def _advertise(self) -> None:
        uuids = b"".join(bytes.fromhex(uuid.replace("-", ""))[::-1] for uuid in self._unit.shape.advertised)
        name = self._unit.reader.label.encode()
        await self._device.start_advertising(
            auto_restart=True,
            advertising_data=bytes(
                AdvertisingData(
                    [
                        (AdvertisingData.FLAGS, b"\x06"),
                        (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuids),
                    ]
                )
            ),
            scan_response_data=bytes(AdvertisingData([(AdvertisingData.COMPLETE_LOCAL_NAME, name)])),
            advertising_interval_min=_ADVERTISED_EVERY_MS,
            advertising_interval_max=_ADVERTISED_EVERY_MS,
        )

    def _pipe(self, uuid: str, flags: tuple[str, ...]) -> Characteristic[bytes]:
        properties = Characteristic.Properties(0)
        for flag in flags:
            properties |= _PROPERTIES[flag]

        async def read(_connection: Connection) -> bytes:
            return await self._link().read(uuid)

        async def write(_connection: Connection, piece: bytes) -> None:
            await self._link().write(uuid, bytes(piece))

        pipe: Characteristic[bytes] = Characteristic(
            uuid,
            properties,
            _OPEN | _BONDED if self._unit.shape.needs_bond else _OPEN,
            CharacteristicValue(read=read, write=write),
        )
        self._pipes[uuid] = pipe
        return pipe

    def _link(self) -> GattLink:
        if self._reader is None:
            raise DeviceError("nobody is connected")
        return self._reader

    def _connected(self, connection: Connection) -> None:
        self._link_task = asyncio.create_task(self._live(connection))

    async def _live(self, connection: Connection) -> None:
        """One connection, until either side ends it."""
        gone, lost = asyncio.Event(), asyncio.Event()
        connection.on("disconnection", lambda _reason: gone.set())
        connection.on("disconnection", lambda _reason: lost.set())
        values: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        notifying = asyncio.create_task(self._notify(connection, values))
        try:
            async with self._unit.reader.open_link() as reader:
                reader.start(lambda pipe, value: values.put_nowait((pipe, value)), lambda _error: lost.set())
                for pipe, characteristic in self._pipes.items():
                    if characteristic.properties & Characteristic.Properties.NOTIFY:
                        await reader.subscribe(pipe)
                self._reader = reader
                await lost.wait()
        except ReaderUnavailable:
            lost.set()
        finally:
            self._reader = None
            notifying.cancel()
            if not gone.is_set():
                await connection.disconnect()
            await asyncio.wait({notifying})

    async def _notify(self, connection: Connection, values: asyncio.Queue[tuple[str, bytes]]) -> None:
        while True:
            pipe, value = await values.get()
            await self._device.notify_subscriber(connection, self._pipes[pipe], value)
