"""One Bluetooth device as BlueZ shows it: connecting, pairing, its characteristics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_fast import Variant

from visitbridge.errors import ReaderUnavailable
from visitbridge.ports.gatt import GattLink
from visitbridge.sim.ble.reader import SimulatedReader
from visitbridge.sim.bluez.objects import BluezError, Interface, Method, ObjectTree
from visitbridge.sim.bluez.shapes import Bonding, Shape

DEVICE = "org.bluez.Device1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"

_MTU = 247

AskAgent = Callable[[str, str, list[Any]], Awaitable[list[Any]]]
"""Method of the default agent, signature and arguments; BluezError when it refuses or there is none."""


class Unit:
    """A simulated reader within radio range, or out of it, and what survives a restart of BlueZ: the bond.

    ``passkey``: what the reader shows, has printed on it, or is given, 000000 to 999999. ``stalls``: names of
    Device1 methods that are not answered until :meth:`give_up` or the link's end; ``Connected`` for a disconnection
    that is answered, but not told of until then.
    """

    def __init__(self, reader: SimulatedReader, address: str, shape: Shape, *, rssi_dbm: int = -60) -> None:
        self.reader = reader
        self.address = address
        self.shape = shape
        self.rssi_dbm = rssi_dbm
        self.bonding = shape.bonding
        self.passkey = 123456
        self.is_paired = False
        self.stalls: set[str] = set()
        self.give_up = asyncio.Event()
        self.asked_to_disconnect = asyncio.Event()


class Device:
    """A unit as an object of one adapter. ``is_temporary``: BlueZ forgets it some time after a scan."""

    def __init__(self, tree: ObjectTree, adapter_path: str, unit: Unit, ask_agent: AskAgent) -> None:
        self.unit = unit
        self.path = f"{adapter_path}/dev_{unit.address.replace(':', '_')}"
        self.is_temporary = not unit.is_paired
        self._tree = tree
        self._adapter_path = adapter_path
        self._ask_agent = ask_agent
        self._link: GattLink | None = None
        self._ended = asyncio.Event()
        self._connection: asyncio.Task[None] | None = None
        self._pipes = {
            uuid: f"{self.path}/service{number:04x}/char{number:02x}{place:02x}"
            for number, service in enumerate(unit.shape.services, 10)
            for place, uuid in enumerate(service.characteristics)
        }

    def show(self) -> None:
        """Have it in the tree; one that was found shows its signal."""
        if self.path in self._tree.paths():
            self._tree.set(self.path, DEVICE, RSSI=Variant("n", self.unit.rssi_dbm))
            return
        unit = self.unit
        properties = {
            "Address": Variant("s", unit.address),
            "AddressType": Variant("s", "random"),
            "Name": Variant("s", unit.reader.label),
            "Alias": Variant("s", unit.reader.label),
            "Adapter": Variant("o", self._adapter_path),
            "Paired": Variant("b", unit.is_paired),
            "Bonded": Variant("b", unit.is_paired),
            "Trusted": Variant("b", False),
            "Blocked": Variant("b", False),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "UUIDs": Variant("as", list(unit.shape.advertised)),
            "RSSI": Variant("n", unit.rssi_dbm),
        }
        methods: dict[str, Method] = {
            "Connect": ("", "", self._connect),
            "Disconnect": ("", "", self._disconnect),
            "Pair": ("", "", self._pair),
            "CancelPairing": ("", "", self._cancel_pairing),
        }
        setters = {"Trusted": lambda value: self._tree.set(self.path, DEVICE, Trusted=Variant("b", value))}
        self._tree.add(self.path, {DEVICE: Interface(properties, methods, setters)})

    def hide_signal(self) -> None:
        """BlueZ tells a signal only while it scans."""
        self._tree.set(self.path, DEVICE, RSSI=None)

    async def remove(self) -> None:
        """Take it out of the tree; a connection ends."""
        await self.drop()
        for path in [path for path in self._tree.paths() if path.startswith(f"{self.path}/")]:
            self._tree.remove(path)
        self._tree.remove(self.path)

    async def drop(self) -> None:
        """End the connection, if there is one."""
        self._ended.set()
        if self._connection is not None:
            await asyncio.wait({self._connection})

    async def _connect(self, _caller: str) -> None:
        await self._stall("Connect")
        if self._connection is not None and not self._connection.done():
            return
        self._ended.clear()
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection = asyncio.create_task(self._live(opened))
        await opened

    async def _live(self, opened: asyncio.Future[None]) -> None:
        try:
            async with self.unit.reader.open_link() as link:
                self._link = link
                link.start(self._notify, lambda _error: self._ended.set())
                self.is_temporary = False
                # It was heard once more, or it could not have been connected.
                self._tree.set(self.path, DEVICE, RSSI=Variant("n", self.unit.rssi_dbm))
                self._tree.set(self.path, DEVICE, Connected=Variant("b", True), RSSI=None)
                opened.set_result(None)
                await self._stall("ServicesResolved")
                if not self._ended.is_set():
                    self._offer_services()
                    self._tree.set(self.path, DEVICE, ServicesResolved=Variant("b", True))
                await self._ended.wait()
        except ReaderUnavailable:
            opened.set_exception(BluezError("Failed", "le-connection-abort-by-local"))
        finally:
            self._link = None
            if "Connected" in self.unit.stalls:
                await self.unit.give_up.wait()
            for path in self._pipes.values():
                self._tree.set(path, CHARACTERISTIC, Notifying=Variant("b", False))
            self._tree.set(self.path, DEVICE, ServicesResolved=Variant("b", False))
            self._tree.set(self.path, DEVICE, Connected=Variant("b", False))

    async def _disconnect(self, _caller: str) -> None:
        self.unit.asked_to_disconnect.set()
        if "Connected" in self.unit.stalls:
            self._ended.set()
        else:
            await self.drop()

    async def _pair(self, caller: str) -> None:
        if self.unit.is_paired:
            raise BluezError("AlreadyExists")
        await self._connect(caller)
        await self._stall("Pair")
        await self._agree()
        if self._link is None:
            raise BluezError("AuthenticationFailed", "the device left")
        self.unit.is_paired, self.is_temporary = True, False
        self.unit.reader.on_kept()
        self._tree.set(self.path, DEVICE, Paired=Variant("b", True), Bonded=Variant("b", True))

    async def _agree(self) -> None:
        number = self.unit.passkey
        match self.unit.bonding:
            case Bonding.COMPARE:
                await self._ask_agent("RequestConfirmation", "ou", [self.path, number])
            case Bonding.ENTER:
                answer = await self._ask_agent("RequestPasskey", "o", [self.path])
                if answer != [number]:
                    raise BluezError("AuthenticationFailed")
            case Bonding.SHOW:
                await self._ask_agent("DisplayPasskey", "ouq", [self.path, number, 0])
                await self._stall("passkey")
            case Bonding.JUST_WORKS:
                pass

    async def _cancel_pairing(self, _caller: str) -> None:
        with contextlib.suppress(BluezError):
            await self._ask_agent("Cancel", "", [])
        await self.drop()

    async def _stall(self, name: str) -> None:
        if name in self.unit.stalls:
            waits = [asyncio.ensure_future(event.wait()) for event in (self.unit.give_up, self._ended)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def _offer_services(self) -> None:
        for number, service in enumerate(self.unit.shape.services, 10):
            path = f"{self.path}/service{number:04x}"
            if path in self._tree.paths():
                continue
            described = {"UUID": Variant("s", service.uuid), "Device": Variant("o", self.path)}
            self._tree.add(path, {SERVICE: Interface({**described, "Primary": Variant("b", True)})})
            for uuid, flags in service.characteristics.items():
                self._offer_pipe(path, uuid, flags)

    def _offer_pipe(self, service_path: str, uuid: str, flags: tuple[str, ...]) -> None:
        path = self._pipes[uuid]
        properties = {
            "UUID": Variant("s", uuid),
            "Service": Variant("o", service_path),
            "Flags": Variant("as", list(flags)),
            "Value": Variant("ay", b""),
            "Notifying": Variant("b", False),
            "MTU": Variant("q", _MTU),
        }

        async def start_notify(_caller: str) -> None:
            link = self._usable("notify" in flags)
            await link.subscribe(uuid)
            self._tree.set(path, CHARACTERISTIC, Notifying=Variant("b", True))

        async def stop_notify(_caller: str) -> None:
            self._tree.set(path, CHARACTERISTIC, Notifying=Variant("b", False))

        async def read(_caller: str, _options: dict[str, Variant]) -> list[Any]:
            value = await self._usable("read" in flags).read(uuid)
            self._tree.set(path, CHARACTERISTIC, Value=Variant("ay", value))
            return [value]

        async def write(_caller: str, value: bytes, options: dict[str, Variant]) -> None:
            kind = options["type"].value if "type" in options else "request"
            flag = "write-without-response" if kind == "command" else "write"
            await self._usable(flag in flags).write(uuid, bytes(value))

        methods: dict[str, Method] = {
            "StartNotify": ("", "", start_notify),
            "StopNotify": ("", "", stop_notify),
            "ReadValue": ("a{sv}", "ay", read),
            "WriteValue": ("aya{sv}", "", write),
        }
        self._tree.add(path, {CHARACTERISTIC: Interface(properties, methods)})

    def _usable(self, is_allowed: bool) -> GattLink:
        if self._link is None:
            raise BluezError("NotConnected", "Not Connected")
        if not is_allowed:
            raise BluezError("NotSupported", "Operation is not supported")
        if self.unit.shape.needs_bond and not self.unit.is_paired:
            raise BluezError("NotAuthorized", "Insufficient Authentication")
        return self._link

    def _notify(self, pipe: str, piece: bytes) -> None:
        self._tree.set(self._pipes[pipe], CHARACTERISTIC, Value=Variant("ay", piece))
