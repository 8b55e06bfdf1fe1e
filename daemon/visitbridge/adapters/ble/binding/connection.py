"""A connection to BlueZ, with bluezero's adapter and centrals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dbus
from bluezero.adapter import Adapter
from bluezero.central import Central
from bluezero.dbus_tools import get_managed_objects

from visitbridge.adapters.ble.binding.agent import Agent
from visitbridge.adapters.ble.binding.glib import GlibThread
from visitbridge.adapters.ble.binding.values import plain
from visitbridge.adapters.ble.bluez import (
    ADAPTER,
    CHARACTERISTIC,
    DEVICE,
    NAME,
    AgentCall,
    BluezFault,
    Objects,
    Signal,
)

_PROPERTIES = "org.freedesktop.DBus.Properties"
_OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
_BUS = "org.freedesktop.DBus"


class Bluez(GlibThread):
    """A connection to BlueZ. Make it inside a running event loop; ``tell`` and ``ask_person`` run there."""

    def __init__(self, tell: Callable[[Signal], None], ask_person: Callable[[AgentCall], None]) -> None:
        super().__init__()
        self._tell = tell
        self._ask_person = ask_person
        self._bus: dbus.SystemBus | None = None
        self._agent: Agent | None = None
        self._adapter: Adapter | None = None
        self._centrals: dict[str, Central] = {}
        self._pipes: dict[str, dbus.Interface] = {}

    async def close(self) -> None:
        """Let go of the bus and end the thread."""
        try:
            await self.run(self.disconnect, deadline_s=5.0)
        finally:
            await self.end()

    # Everything below runs in GLib's thread.

    def connect(self) -> None:
        """Connect to the bus, listen, offer the agent."""
        self.disconnect()
        bus = self._bus = dbus.SystemBus()
        # libdbus ends the process otherwise.
        bus.set_exit_on_disconnect(False)
        bus.call_on_disconnection(lambda _bus: self._say(Signal("bus_lost")))
        bus.add_signal_receiver(self._owner_changed, "NameOwnerChanged", _BUS, arg0=NAME)
        bus.add_signal_receiver(self._added, "InterfacesAdded", _OBJECT_MANAGER, NAME)
        bus.add_signal_receiver(self._removed, "InterfacesRemoved", _OBJECT_MANAGER, NAME)
        for interface in (ADAPTER, DEVICE, CHARACTERISTIC):
            bus.add_signal_receiver(
                self._changed, "PropertiesChanged", _PROPERTIES, NAME, path_keyword="path", arg0=interface
            )
        self._agent = Agent(bus, self._agent_asks)

    def disconnect(self) -> None:
        """Forget the connection, if there is one."""
        self.drop()
        if self._agent is not None:
            self._agent.remove_from_connection()
            self._agent = None
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def drop(self) -> None:
        """Forget every object of BlueZ: its paths or its process changed."""
        self._adapter = None
        self._centrals.clear()
        self._pipes.clear()

    def objects(self) -> Objects:
        """Everything BlueZ has: path → interface → properties. Does not start bluetoothd."""
        if self._bus is None or not self._bus.name_has_owner(NAME):
            raise BluezFault("no_service")
        found: Objects = plain(get_managed_objects())
        return found

    def adapter(self) -> Adapter:
        """The first adapter. Raises BluezFault, ``no_adapter`` when there is none."""
        if self._adapter is None:
            # Without an address bluezero makes and leaves one more for each there is.
            found = next((found[ADAPTER] for found in self.objects().values() if ADAPTER in found), None)
            if found is None:
                raise BluezFault("no_adapter")
            self._adapter = _quiet(Adapter(found["Address"]))
        return self._adapter

    def power_on(self) -> None:
        """Switch the adapter on."""
        if not self.adapter().powered:
            self.adapter().powered = True

    def central(self, address: str) -> Central:
        """The central role towards a device. Raises BluezFault, ``unknown_device`` for one BlueZ does not know."""
        if address not in self._centrals:
            try:
                central = Central(address, self.adapter().address)
            except ValueError as exc:
                raise BluezFault("unknown_device") from exc
            _quiet(central.dongle)
            self._centrals[address] = central
        return self._centrals[address]

    def forget(self, address: str) -> None:
        """Drop what is held of a device."""
        self._centrals.pop(address, None)

    def trust(self, address: str) -> None:
        """Have BlueZ accept the device's own connections, and keep it."""
        self.central(address).rmt_device.trusted = True

    def pipe(self, path: str) -> Any:
        """The methods of a characteristic."""
        if path not in self._pipes:
            self._pipes[path] = dbus.Interface(self._object(path), CHARACTERISTIC)
        return self._pipes[path]

    def agent_manager(self) -> Any:
        """Its methods, to register the agent at :func:`agent_arguments`."""
        return dbus.Interface(self._object("/org/bluez"), "org.bluez.AgentManager1")

    def _object(self, path: str) -> Any:
        if self._bus is None:
            raise BluezFault("no_bus")
        return self._bus.get_object(NAME, path, introspect=False)

    def _say(self, signal: Signal) -> None:
        self.post(self._tell, signal)

    def _agent_asks(self, call: AgentCall) -> None:
        self.post(self._ask_person, call)

    def _owner_changed(self, _name: str, _old: str, new: str) -> None:
        self.drop()
        self._say(Signal("owner", values={"is_there": bool(new)}))

    def _added(self, path: str, interfaces: dict[str, dict[str, Any]]) -> None:
        for name, values in interfaces.items():
            self._say(Signal("added", str(path), str(name), plain(values)))

    def _removed(self, path: str, interfaces: list[str]) -> None:
        if ADAPTER in interfaces:
            self.drop()
        for name in interfaces:
            self._say(Signal("removed", str(path), str(name)))

    def _changed(self, interface: str, values: dict[str, Any], gone: list[str], path: str = "") -> None:
        names = tuple(str(name) for name in gone)
        self._say(Signal("changed", str(path), str(interface), plain(values), names))


def _quiet(adapter: Adapter) -> Adapter:
    """Take its signal receivers off; nothing public does."""
    bus, added, removed = adapter.bus, adapter._interfaces_added, adapter._interfaces_removed  # noqa: SLF001
    bus.remove_signal_receiver(added, "InterfacesAdded", _OBJECT_MANAGER)
    bus.remove_signal_receiver(removed, "InterfacesRemoved", _OBJECT_MANAGER)
    changed = adapter._properties_changed  # noqa: SLF001
    bus.remove_signal_receiver(changed, "PropertiesChanged", _PROPERTIES, arg0=DEVICE)
    return adapter
