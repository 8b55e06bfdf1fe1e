"""The Bluetooth adapter through BlueZ: its state, scans, and calls to the devices it knows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from visitbridge.adapters.ble import failures
from visitbridge.adapters.ble.binding.agent import agent_arguments
from visitbridge.adapters.ble.binding.connection import Bluez
from visitbridge.adapters.ble.binding.values import options
from visitbridge.adapters.ble.bluez import ADAPTER, CHARACTERISTIC, DEVICE, AgentCall, BluezFault, Signal
from visitbridge.adapters.ble.mirror import Mirror, address_in
from visitbridge.errors import DeviceError, ReaderRemoved
from visitbridge.ports.bluetooth import VIRTUAL_ADAPTER_NAME, RadioState

log = logging.getLogger(__name__)

CALL_S = 10.0
_NO_ANSWER = frozenset({"late", "org.freedesktop.DBus.Error.NoReply"})


class Listener(Protocol):
    """What a connection hears."""

    def value(self, pipe: str, value: bytes) -> None: ...

    def lost(self, error: DeviceError) -> None: ...


class Radio:
    """Works while :meth:`open_bus` is open; before and after that bluetoothd counts as not running.

    ``listeners``: who hears of a device, by its address. ``on_agent_call``: who hears what BlueZ asks while it pairs;
    nobody else may agree to anything. ``is_blocked``: whether the machine keeps Bluetooth off (rfkill).
    """

    def __init__(self, *, allow_virtual: bool, is_blocked: Callable[[], bool]) -> None:
        self.mirror = Mirror()
        self.listeners: dict[str, Listener] = {}
        self._allow_virtual = allow_virtual
        self._asks_rfkill = is_blocked
        self._bluez: Bluez | None = None
        self._has_service = False
        self._is_blocked = False
        self._is_scanning = False
        self._on_change: list[Callable[[], None]] = []
        self.on_agent_call: Callable[[AgentCall], None] | None = None
        self._news = asyncio.Event()
        self._on_lost: Callable[[DeviceError], None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> RadioState:
        if not self._has_service:
            return RadioState.NO_SERVICE
        adapter = self.mirror.adapter
        if adapter is None or (self.is_virtual and not self._allow_virtual):
            return RadioState.MISSING
        if adapter.get("Powered"):
            return RadioState.ON
        is_blocked = self._is_blocked or adapter.get("PowerState") == "off-blocked"
        return RadioState.BLOCKED if is_blocked else RadioState.OFF

    @property
    def is_virtual(self) -> bool:
        return (self.mirror.adapter or {}).get("Name") == VIRTUAL_ADAPTER_NAME

    @property
    def is_scanning(self) -> bool:
        return self._is_scanning

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of state, scan or devices."""
        self._on_change.append(listener)

    async def wait_until(self, condition: Callable[[], bool], *, deadline_s: float) -> bool:
        """Wait until a condition on the mirror holds; whether it did in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while not condition():
                    await self._news.wait()
        return condition()

    @contextlib.asynccontextmanager
    async def open_bus(self, on_lost: Callable[[DeviceError], None]) -> AsyncIterator[None]:
        """Listen to BlueZ; ``on_lost`` hears of the bus's end. Raises BluetoothUnavailable without a bus."""
        self._on_lost = on_lost
        bluez = Bluez(self._take, self._agent_asks)
        try:
            try:
                await bluez.run(bluez.connect, deadline_s=CALL_S)
            except BluezFault as exc:
                raise failures.of_the_adapter(exc) from exc
            self._bluez = bluez
            await self._begin()
            yield
        finally:
            self._bluez = None
            self._end()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await bluez.close()

    async def power_on(self) -> None:
        """Switch the adapter on; it is on when this returns. Raises BluetoothUnavailable."""
        bluez = self.running()
        self._is_blocked = False
        try:
            await bluez.run(bluez.power_on, deadline_s=CALL_S)
        except BluezFault as exc:
            # Busy with switching it, as bluetoothd is after rfkill.
            if not exc.name.endswith(".Busy"):
                self._is_blocked = exc.name.endswith(".Blocked") or self._is_kept_off()
                self._changed()
                if self._is_blocked:
                    raise failures.unavailable(RadioState.BLOCKED, str(exc)) from exc
                raise failures.of_the_adapter(exc) from exc
        # BlueZ answers first and tells of it afterwards.
        if not await self.wait_until(lambda: self.state is not RadioState.OFF, deadline_s=CALL_S):
            self._is_blocked = self._is_kept_off()
            self._changed()
        self.require_on()

    async def start_scan(self) -> None:
        """Look for Bluetooth LE devices until :meth:`stop_scan`. Raises BluetoothUnavailable."""
        self.require_on()
        if self._is_scanning:
            return
        self._is_scanning = True
        try:
            await self.adapter_call("SetDiscoveryFilter", options(Transport="le"))
            await self.adapter_call("StartDiscovery")
        except DeviceError:
            self._is_scanning = False
            raise
        self._changed()

    async def stop_scan(self) -> None:
        """End the scan; a scan that is over is no error."""
        was_scanning, self._is_scanning = self._is_scanning, False
        if was_scanning and self._bluez is not None:
            try:
                await self.adapter_call("StopDiscovery")
            except DeviceError as exc:
                log.info("the scan could not be ended: %s", exc)
        self._changed()

    def require_on(self) -> None:
        """Raises BluetoothUnavailable unless the adapter is on."""
        if self.state is not RadioState.ON:
            raise failures.unavailable(self.state)

    async def device_call(self, address: str, method: str, *, deadline_s: float = CALL_S) -> None:
        """Call a method of ``org.bluez.Device1``. Raises BluezFault, BluetoothUnavailable."""
        bluez = self.running()
        await bluez.ask(
            lambda: getattr(bluez.central(address).rmt_device.remote_device_methods, method),
            deadline_s=deadline_s,
        )

    async def pipe_call(self, path: str, method: str, *args: object) -> Any:
        """Call a method of ``org.bluez.GattCharacteristic1``. Raises BluezFault, BluetoothUnavailable."""
        bluez = self.running()
        return await bluez.ask(lambda: getattr(bluez.pipe(path), method), *args, deadline_s=CALL_S)

    async def hang_up(self, address: str) -> None:
        """End a connection, or an attempt at one; it is over when this returns."""
        if self._has_service and self.mirror.device(address) is not None:
            try:
                await self.device_call(address, "Disconnect")
            except (BluezFault, DeviceError) as exc:
                log.info("could not disconnect: %s", exc)
            # BlueZ answers first and tells of it afterwards; the next connection must not take it for its own end.
            await self.wait_until(lambda: not self._is_connected(address), deadline_s=CALL_S)

    def _is_connected(self, address: str) -> bool:
        return bool((self.mirror.device(address) or {}).get("Connected"))

    async def adapter_call(self, method: str, *args: object) -> None:
        """Call a method of ``org.bluez.Adapter1``. Raises BluetoothUnavailable."""
        bluez = self.running()
        try:
            await bluez.ask(
                lambda: getattr(bluez.adapter().adapter_methods, method), *args, deadline_s=CALL_S
            )
        except BluezFault as exc:
            raise failures.of_the_adapter(exc) from exc

    def running(self) -> Bluez:
        """The connection to BlueZ. Raises BluetoothUnavailable without one, or without bluetoothd."""
        if self._bluez is None or not self._has_service:
            raise failures.unavailable(RadioState.NO_SERVICE)
        return self._bluez

    async def _begin(self) -> None:
        """Look at everything there is; bluetoothd may be away or on its way out again. One that is slow is asked again."""
        if self._bluez is None:
            return
        bluez = self._bluez
        try:
            self.mirror.load(await bluez.run(bluez.objects, deadline_s=CALL_S))
            self._has_service = True
            is_off = self.state is RadioState.OFF
            await self._register_agent(bluez)
            if is_off:
                await self.power_on()
        except (BluezFault, DeviceError) as exc:
            log.info("bluetooth: %s", exc)
            if isinstance(exc, BluezFault) and exc.name in _NO_ANSWER:
                self._start(self._begin())
        self._changed()

    async def _register_agent(self, bluez: Bluez) -> None:
        try:
            await bluez.ask(
                lambda: bluez.agent_manager().RegisterAgent, *agent_arguments(), deadline_s=CALL_S
            )
        except BluezFault as exc:
            # Registered by an earlier call whose answer came too late.
            if not exc.name.endswith(".AlreadyExists"):
                raise

    def _is_kept_off(self) -> bool:
        """A simulated adapter is not the machine's to switch."""
        return not self.is_virtual and self._asks_rfkill()

    def _end(self) -> None:
        self._has_service = self._is_scanning = self._is_blocked = False
        self.mirror.load({})
        for listener in list(self.listeners.values()):
            listener.lost(ReaderRemoved("bluetoothd went away"))
        self._changed()

    def _take(self, signal: Signal) -> None:
        match signal.kind:
            case "bus_lost":
                self._end()
                if self._on_lost is not None:
                    self._on_lost(failures.unavailable(RadioState.NO_SERVICE, "the D-Bus connection ended"))
            case "owner":
                self._end()
                if signal.values["is_there"]:
                    self._start(self._begin())
            case _:
                self._heed(signal, self.mirror.take(signal))

    def _heed(self, signal: Signal, properties: dict[str, Any]) -> None:
        if signal.interface == CHARACTERISTIC:
            listener = self.listeners.get(address_in(signal.path))
            if signal.kind == "changed" and "Value" in signal.values and listener is not None:
                listener.value(properties.get("UUID", ""), bytes(signal.values["Value"]))
            return
        is_gone = signal.kind == "removed"
        if signal.interface == DEVICE and (is_gone or signal.values.get("Connected") is False):
            listener = self.listeners.get(address_in(signal.path))
            if listener is not None:
                listener.lost(ReaderRemoved("the connection to the reader ended"))
        if signal.interface == ADAPTER:
            if is_gone or signal.values.get("Powered") is False:
                self._is_scanning = False
                self._is_blocked = signal.kind == "changed" and self._is_kept_off()
            if signal.values.get("Powered"):
                self._is_blocked = False
            if signal.kind == "added" and self.state is RadioState.OFF:
                self._start(self._power_on_quietly())
        self._changed()

    def _agent_asks(self, call: AgentCall) -> None:
        if self.on_agent_call is None:
            call.refuse()
        else:
            self.on_agent_call(call)

    async def _power_on_quietly(self) -> None:
        with contextlib.suppress(DeviceError):
            await self.power_on()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _changed(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
        for listener in self._on_change:
            listener()
