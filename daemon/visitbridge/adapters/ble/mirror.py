"""BlueZ's objects as its signals tell of them, so that nothing has to be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from visitbridge.adapters.ble.bluez import ADAPTER, CHARACTERISTIC, DEVICE, Objects, Signal
from visitbridge.adapters.ble.families import family_of
from visitbridge.ports.bluetooth import Heard

_FAINTEST_DBM = -200


class Mirror:
    """Empty until :meth:`load`. Addresses are as in ``AA:BB:CC:DD:EE:FF``."""

    def __init__(self) -> None:
        self._objects: Objects = {}
        self._signals_dbm: dict[str, int] = {}

    def load(self, objects: Objects) -> None:
        """Take everything at once."""
        self._objects = objects
        for _, device in self._devices():
            self._note_signal(device)

    def take(self, signal: Signal) -> dict[str, Any]:
        """Note an object that was added, removed or changed; the properties of its interface now."""
        interfaces = self._objects.setdefault(signal.path, {})
        if signal.kind == "removed":
            gone = interfaces.pop(signal.interface, {})
            if not interfaces:
                del self._objects[signal.path]
            return gone
        if signal.kind == "added":
            interfaces[signal.interface] = {}
        properties = interfaces.setdefault(signal.interface, {})
        properties.update(signal.values)
        for name in signal.gone:
            properties.pop(name, None)
        if signal.interface == DEVICE:
            self._note_signal(properties)
        return properties

    @property
    def adapter(self) -> dict[str, Any] | None:
        """Properties of the first adapter."""
        return next((found[ADAPTER] for found in self._objects.values() if ADAPTER in found), None)

    def addresses(self) -> frozenset[str]:
        """Of every device that BlueZ knows."""
        return frozenset(device["Address"] for _, device in self._devices())

    def device(self, address: str) -> dict[str, Any] | None:
        """Properties of a device; None for one that BlueZ does not know."""
        return next((device for _, device in self._devices() if device["Address"] == address), None)

    def path_of(self, address: str) -> str | None:
        """Where the device is."""
        return next((path for path, device in self._devices() if device["Address"] == address), None)

    def signal_dbm(self, address: str) -> int | None:
        """How well a device was heard when it last was."""
        return self._signals_dbm.get(address)

    def heard(self) -> tuple[Heard, ...]:
        """See ``ports.bluetooth.Bluetooth``."""
        found = []
        for _, device in self._devices():
            name = str(device.get("Name") or "")
            family = family_of(name, frozenset(device.get("UUIDs", ())))
            if family is not None:
                signal_dbm = self.signal_dbm(device["Address"])
                found.append(
                    Heard(address=device["Address"], name=name, family=family, signal_dbm=signal_dbm)
                )
        return tuple(sorted(found, key=lambda heard: (-(heard.signal_dbm or _FAINTEST_DBM), heard.address)))

    def pipes(self, address: str) -> dict[str, tuple[str, frozenset[str]]]:
        """A device's characteristics: UUID → where it is, and flags."""
        return {
            pipe["UUID"]: (path, frozenset(pipe["Flags"]))
            for path, interfaces in self._objects.items()
            if address_in(path) == address and (pipe := interfaces.get(CHARACTERISTIC))
        }

    def _note_signal(self, device: dict[str, Any]) -> None:
        if "RSSI" in device and "Address" in device:
            self._signals_dbm[device["Address"]] = device["RSSI"]

    def _devices(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, interfaces in self._objects.items():
            if "Address" in interfaces.get(DEVICE, {}):
                yield path, interfaces[DEVICE]


def address_in(path: str) -> str:
    """The address in an object path; empty where there is none."""
    parts = (part.removeprefix("dev_") for part in path.split("/") if part.startswith("dev_"))
    return next(parts, "").replace("_", ":")
