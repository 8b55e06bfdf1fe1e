"""The only file that knows bluezero, and under it dbus-python and GLib.

One thread runs GLib's main loop and owns every D-Bus object. Into it go functions (:meth:`Bluez.run`) and calls whose
answer is not waited for there (:meth:`Bluez.ask`), so that a device that does not answer holds up nobody else; out of
it come :class:`Signal` and :class:`AgentCall`, on the event loop.

bluezero 0.9.1 is used for its adapter and centrals, and around its faults: ``Central.connect`` waits without end, so ``Connect`` is called on its device; every adapter leaves three signal receivers behind, of which each
asks BlueZ for all its objects at every change, so they are taken off and one set of our own is used for the life of a
connection to the bus; its characteristics ask BlueZ five times for all its objects before one is found, ``start_notify``
does not tell when it is done and ``write_value`` takes no options, so characteristics are called at their paths; there is
no pairing agent, so one is here. It finds objects by the unique name of
bluetoothd, so all of them are dropped when that restarts.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple, Unpack

import dbus
import dbus.mainloop.glib
import dbus.service
from bluezero.adapter import Adapter
from bluezero.central import Central
from bluezero.dbus_tools import get_managed_objects
from dbus.exceptions import DBusException
from gi.repository import GLib

from visitbridge.adapters.ble.bluez import (
    ADAPTER,
    CHARACTERISTIC,
    DEVICE,
    NAME,
    AgentCall,
    BluezFault,
    Objects,
    Signal,
    fail,
    in_time,
    settle,
)

_AGENT = "org.bluez.Agent1"
_AGENT_PATH = "/visitbridge/agent"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
_BUS = "org.freedesktop.DBus"

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Refused(DBusException):
    _dbus_error_name = "org.bluez.Error.Rejected"


class Bluez:
    """A connection to BlueZ. Make it inside a running event loop; ``tell`` and ``ask_person`` run there."""

    def __init__(self, tell: Callable[[Signal], None], ask_person: Callable[[AgentCall], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell = tell
        self._ask_person = ask_person
        self._bus: dbus.SystemBus | None = None
        self._agent: _Agent | None = None
        self._adapter: Adapter | None = None
        self._centrals: dict[str, Central] = {}
        self._pipes: dict[str, dbus.Interface] = {}
        dbus.mainloop.glib.threads_init()
        self._main = GLib.MainLoop()
        self._thread = threading.Thread(target=self._main.run, name="lane-glib", daemon=True)
        self._thread.start()

    async def run(self, fn: Callable[[Unpack[Ts]], T], *args: *Ts, deadline_s: float) -> T:
        """Run a function in GLib's thread. Raises BluezFault, ``late`` when it does not end in time."""
        future: asyncio.Future[T] = self._loop.create_future()

        def work() -> None:
            try:
                self._post(settle, future, fn(*args))
            except DBusException as exc:
                self._post(fail, future, BluezFault(exc.get_dbus_name() or "unnamed", exc.get_dbus_message()))
            except (AttributeError, KeyError, TypeError) as exc:
                # What bluezero makes of objects that vanished between two of its questions.
                self._post(fail, future, BluezFault("vanished", type(exc).__name__))
            except BaseException as exc:  # noqa: BLE001 - raised again in the task that asked
                self._post(fail, future, exc)

        _soon(work)
        return await in_time(future, deadline_s)

    async def ask(self, find: Callable[[], Any], *args: object, deadline_s: float) -> Any:
        """Call the D-Bus method that ``find`` gives and wait for its answer outside of GLib's thread.

        Raises BluezFault, ``late`` when there is no answer in time.
        """
        future: asyncio.Future[Any] = self._loop.create_future()

        def ask() -> None:
            find()(
                *args,
                reply_handler=lambda *values: self._post(
                    settle, future, _plain(values[0] if values else None)
                ),
                error_handler=lambda exc: self._post(
                    fail, future, BluezFault(exc.get_dbus_name() or "unnamed", exc.get_dbus_message())
                ),
                timeout=deadline_s,
            )

        await self.run(ask, deadline_s=deadline_s)
        return await in_time(future, deadline_s)

    async def close(self) -> None:
        """Let go of the bus and end the thread."""
        try:
            await self.run(self.disconnect, deadline_s=5.0)
        finally:
            _soon(self._main.quit)
            await asyncio.to_thread(self._thread.join, 5.0)

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
        self._agent = _Agent(bus, self._agent_asks)

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
        found: Objects = _plain(get_managed_objects())
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
        self._post(self._tell, signal)

    def _agent_asks(self, call: AgentCall) -> None:
        self._post(self._ask_person, call)

    def _owner_changed(self, _name: str, _old: str, new: str) -> None:
        self.drop()
        self._say(Signal("owner", values={"is_there": bool(new)}))

    def _added(self, path: str, interfaces: dict[str, dict[str, Any]]) -> None:
        for name, values in interfaces.items():
            self._say(Signal("added", str(path), str(name), _plain(values)))

    def _removed(self, path: str, interfaces: list[str]) -> None:
        if ADAPTER in interfaces:
            self.drop()
        for name in interfaces:
            self._say(Signal("removed", str(path), str(name)))

    def _changed(self, interface: str, values: dict[str, Any], gone: list[str], path: str = "") -> None:
        names = tuple(str(name) for name in gone)
        self._say(Signal("changed", str(path), str(interface), _plain(values), names))

    def _post(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *args)


class _Agent(dbus.service.Object):
    def __init__(self, bus: dbus.Connection, ask: Callable[[AgentCall], None]) -> None:
        super().__init__(bus, _AGENT_PATH)
        self._ask = ask

    def _pass_on(
        self, method: str, path: str, number: int, ok: Callable[..., None], fail: Callable[[Exception], None]
    ) -> None:
        def answer(value: int | None) -> None:
            _soon(ok if value is None else (lambda: ok(dbus.UInt32(value))))

        self._ask(
            AgentCall(
                method, str(path), int(number), answer, lambda: _soon(lambda: fail(_Refused("refused")))
            )
        )

    def _note(self, method: str, path: str = "", number: int = 0) -> None:
        self._ask(AgentCall(method, str(path), int(number), lambda _value: None, lambda: None))

    @dbus.service.method(_AGENT, in_signature="ou", async_callbacks=("ok", "fail"))
    def RequestConfirmation(self, device: str, passkey: int, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestConfirmation", device, passkey, ok, fail)

    @dbus.service.method(_AGENT, in_signature="o", out_signature="u", async_callbacks=("ok", "fail"))
    def RequestPasskey(self, device: str, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestPasskey", device, 0, ok, fail)

    @dbus.service.method(_AGENT, in_signature="o", async_callbacks=("ok", "fail"))
    def RequestAuthorization(self, device: str, ok: Any, fail: Any) -> None:  # noqa: N802
        self._pass_on("RequestAuthorization", device, 0, ok, fail)

    @dbus.service.method(_AGENT, in_signature="ouq")
    def DisplayPasskey(self, device: str, passkey: int, _entered: int) -> None:  # noqa: N802
        self._note("DisplayPasskey", device, passkey)

    @dbus.service.method(_AGENT)
    def Cancel(self) -> None:  # noqa: N802
        self._note("Cancel")

    @dbus.service.method(_AGENT)
    def Release(self) -> None:  # noqa: N802
        self._note("Release")


def agent_arguments() -> tuple[str, str]:
    """For RegisterAgent: where the agent is, and that it has a display and keys."""
    return dbus.ObjectPath(_AGENT_PATH), "KeyboardDisplay"


def write_arguments(piece: bytes, *, is_acknowledged: bool) -> tuple[object, object]:
    """For WriteValue."""
    kind = "request" if is_acknowledged else "command"
    return dbus.ByteArray(piece), dbus.Dictionary({"type": kind}, signature="sv")


def options(**values: object) -> object:
    """A dictionary argument of BlueZ's methods."""
    return dbus.Dictionary(values, signature="sv")


def _quiet(adapter: Adapter) -> Adapter:
    """Take its signal receivers off; nothing public does."""
    bus, added, removed = adapter.bus, adapter._interfaces_added, adapter._interfaces_removed  # noqa: SLF001
    bus.remove_signal_receiver(added, "InterfacesAdded", _OBJECT_MANAGER)
    bus.remove_signal_receiver(removed, "InterfacesRemoved", _OBJECT_MANAGER)
    changed = adapter._properties_changed  # noqa: SLF001
    bus.remove_signal_receiver(changed, "PropertiesChanged", _PROPERTIES, arg0=DEVICE)
    return adapter


def _plain(value: Any) -> Any:
    """A D-Bus value as Python's own types; an array of bytes as bytes."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, dbus.Array):
        return bytes(value) if value.signature == "y" else [_plain(inner) for inner in value]
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else value


def _soon(fn: Callable[[], None]) -> None:
    """Have GLib's thread run this, not only once it has nothing else to do."""
    GLib.idle_add(fn, priority=GLib.PRIORITY_DEFAULT)
