"""The double itself: an adapter, what scanning finds, and the agent that pairing asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from visitbridge.ports.bluetooth import VIRTUAL_ADAPTER_NAME
from visitbridge.sim.bluez.device import Device, Unit
from visitbridge.sim.bluez.objects import BluezError, Interface, Method, ObjectTree
from visitbridge.sim.bluez.shapes import AdapterState

ADAPTER = "org.bluez.Adapter1"
ADAPTER_PATH = "/org/bluez/hci0"
ADAPTER_ADDRESS = "02:00:00:00:00:01"

_AGENTS = "org.bluez.AgentManager1"
_AGENT = "org.bluez.Agent1"
_WATCH_NAMES = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
_AGENT_ERRORS = {
    "org.bluez.Error.Rejected": "AuthenticationRejected",
    "org.bluez.Error.Canceled": "AuthenticationCanceled",
}
TEMPORARY_S = 30.0
"""How long BlueZ keeps what a scan found (main.conf, TemporaryTimeout)."""


class BluezDouble:
    """``org.bluez`` for as long as :func:`open_bluez` is open."""

    def __init__(self, bus: MessageBus, units: Sequence[Unit], state: AdapterState) -> None:
        self._bus = bus
        self._tree = ObjectTree(bus)
        self._devices = [Device(self._tree, ADAPTER_PATH, unit, self._ask_agent) for unit in units]
        self._agent: tuple[str, str] | None = None
        self._scanning: set[str] = set()
        self._released = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None
        self._state = AdapterState.MISSING
        self._switched: AdapterState | None = None
        self._tells_switching = True
        self._filters: list[dict[str, Variant]] = []
        bus.add_message_handler(self._when_name_changes)
        agents: dict[str, Method] = {
            "RegisterAgent": ("os", "", self._register_agent),
            "RequestDefaultAgent": ("o", "", lambda _caller, _path: None),
            "UnregisterAgent": ("o", "", self._unregister_agent),
        }
        self._tree.add("/org/bluez", {_AGENTS: Interface(methods=agents)})
        self._show_adapter(state)

    @property
    def state(self) -> AdapterState:
        return self._state

    @property
    def is_scanning(self) -> bool:
        return bool(self._scanning)

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The discovery filters that were set, oldest first."""
        return [{name: value.value for name, value in given.items()} for given in self._filters]

    async def set_state(self, state: AdapterState) -> None:
        """Switch the adapter off or on, block it, pull it out."""
        if state is not AdapterState.ON:
            self._scanning.clear()
            for device in self._devices:
                await device.drop()
        self._show_adapter(state)

    def hold_switching(self) -> None:
        """When clients switch the adapter, answer, but tell nobody before :meth:`tell_switching`."""
        self._tells_switching = False

    def tell_switching(self) -> None:
        """End :meth:`hold_switching`; what clients set last holds now."""
        self._tells_switching = True
        if self._switched is not None:
            self._show_adapter(self._switched)
            self._switched = None

    async def expire(self) -> None:
        """What BlueZ does 30 s after a scan: forget devices that were only found."""
        for device in [device for device in self._devices if device.is_temporary]:
            await device.remove()

    async def forget(self, unit: Unit) -> None:
        """As if somebody removed the device behind the box's back."""
        await self._remove(next(device for device in self._devices if device.unit is unit))

    async def wait_unused(self) -> None:
        """Return when nobody scans and there is no agent."""
        while self._scanning or self._agent is not None:
            self._released.clear()
            await self._released.wait()

    def find(self) -> None:
        """An advertisement of everything in range; heard only while somebody scans."""
        for device in self._devices:
            if self._scanning and device.unit.reader.in_reach:
                device.show()

    async def close(self) -> None:
        """All connections end, and no call is answered any more."""
        if self._expiry is not None:
            self._expiry.cancel()
        for device in self._devices:
            device.unit.give_up.set()
            await device.drop()
            device.unit.give_up.clear()
        await self._tree.close()

    def _show_adapter(self, state: AdapterState) -> None:
        before, self._state = self._state, state
        if state is AdapterState.MISSING:
            for path in [path for path in self._tree.paths() if path.startswith(ADAPTER_PATH)]:
                self._tree.remove(path)
            return
        is_on = state is AdapterState.ON
        power = {"on": "on", "off": "off", "blocked": "off-blocked"}[state.value]
        if before is not AdapterState.MISSING:
            self._tree.set(
                ADAPTER_PATH,
                ADAPTER,
                Powered=Variant("b", is_on),
                PowerState=Variant("s", power),
                Discovering=Variant("b", self.is_scanning),
            )
            return
        properties = {
            "Address": Variant("s", ADAPTER_ADDRESS),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", VIRTUAL_ADAPTER_NAME),
            "Alias": Variant("s", VIRTUAL_ADAPTER_NAME),
            "Powered": Variant("b", is_on),
            "PowerState": Variant("s", power),
            "Discovering": Variant("b", False),
            "UUIDs": Variant("as", []),
            "Roles": Variant("as", ["central", "peripheral"]),
        }
        methods: dict[str, Method] = {
            "StartDiscovery": ("", "", self._start_discovery),
            "StopDiscovery": ("", "", self._stop_discovery),
            "SetDiscoveryFilter": ("a{sv}", "", lambda _caller, given: self._filters.append(given)),
            "RemoveDevice": ("o", "", self._remove_device),
        }
        self._tree.add(
            ADAPTER_PATH, {ADAPTER: Interface(properties, methods, {"Powered": self._set_powered})}
        )
        for device in self._devices:
            if device.unit.is_paired:
                device.show()
                device.hide_signal()

    def _set_powered(self, value: bool) -> None:
        if self._state is AdapterState.BLOCKED:
            raise BluezError("Blocked", "Blocked through rfkill")
        if self._switched is not None:
            raise BluezError("Busy")
        # As BlueZ does: the call is answered before the change is told of.
        self._switched = AdapterState.ON if value else AdapterState.OFF
        if self._tells_switching:
            asyncio.get_running_loop().call_soon(self.tell_switching)

    def _start_discovery(self, caller: str) -> None:
        if self._state is not AdapterState.ON:
            raise BluezError("NotReady", "Resource Not Ready")
        if caller in self._scanning:
            raise BluezError("InProgress", "Operation already in progress")
        if self._expiry is not None:
            self._expiry.cancel()
        self._scanning.add(caller)
        self._tree.set(ADAPTER_PATH, ADAPTER, Discovering=Variant("b", True))
        asyncio.get_running_loop().call_soon(self.find)

    def _stop_discovery(self, caller: str) -> None:
        if caller not in self._scanning:
            raise BluezError("Failed", "No discovery started")
        self._end_scan(caller)

    def _end_scan(self, caller: str) -> None:
        self._scanning.discard(caller)
        if self._scanning:
            return
        self._tree.set(ADAPTER_PATH, ADAPTER, Discovering=Variant("b", False))
        for device in self._devices:
            device.hide_signal()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(TEMPORARY_S, lambda: loop.create_task(self.expire()))

    async def _remove_device(self, _caller: str, path: str) -> None:
        device = next((device for device in self._devices if device.path == path), None)
        if device is None or path not in self._tree.paths():
            raise BluezError("DoesNotExist", "Does Not Exist")
        await self._remove(device)

    async def _remove(self, device: Device) -> None:
        device.unit.is_paired, device.is_temporary = False, True
        device.unit.reader.on_kept()
        await device.remove()

    def _register_agent(self, caller: str, path: str, _capability: str) -> None:
        if self._agent is not None and self._agent[0] == caller:
            raise BluezError("AlreadyExists", "Already Exists")
        self._agent = (caller, path)

    def _unregister_agent(self, caller: str, _path: str) -> None:
        if self._agent is None or self._agent[0] != caller:
            raise BluezError("DoesNotExist", "Does Not Exist")
        self._agent = None

    async def _ask_agent(self, member: str, signature: str, body: list[Any]) -> list[Any]:
        if self._agent is None:
            raise BluezError("AuthenticationFailed", "no agent")
        owner, path = self._agent
        answer = await self._bus.call(
            Message(
                destination=owner,
                path=path,
                interface=_AGENT,
                member=member,
                signature=signature,
                body=body,
            )
        )
        if answer.message_type is MessageType.ERROR:
            raise BluezError(_AGENT_ERRORS.get(answer.error_name or "", "AuthenticationFailed"))
        return answer.body

    def _when_name_changes(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and not message.body[2]:
            gone = message.body[0]
            if self._agent is not None and self._agent[0] == gone:
                self._agent = None
            if gone in self._scanning:
                self._end_scan(gone)
            self._released.set()


@contextlib.asynccontextmanager
async def open_bluez(
    address: str, units: Sequence[Unit], state: AdapterState = AdapterState.ON
) -> AsyncIterator[BluezDouble]:
    """A running double on the bus at ``address``; its end looks like bluetoothd's. Units outlive it."""
    bus = await MessageBus(bus_address=address).connect()
    try:
        await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[_WATCH_NAMES],
            )
        )
        double = BluezDouble(bus, units, state)
        await bus.request_name("org.bluez")
        try:
            yield double
        finally:
            await double.close()
    finally:
        bus.disconnect()
