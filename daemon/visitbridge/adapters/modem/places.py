"""Where a modem's ports are now: by USB identity in sysfs, or at a link that a udev rule keeps."""

from __future__ import annotations

from pathlib import Path

import msgspec

from visitbridge.adapters.modem.profiles import ModemProfile

_SYSFS = Path("/sys")
_DEV = Path("/dev")
_PSEUDO_TERMINALS = Path("/dev/pts")


class LinkedPort:
    """A path that somebody else keeps pointing at the port: a udev SYMLINK, or the simulator.

    A pseudo-terminal is a simulated modem; it is not there unless ``allow_virtual``.
    """

    def __init__(self, path: Path, *, allow_virtual: bool = False) -> None:
        self._path = path
        self._allow_virtual = allow_virtual

    def at_port(self) -> Path | None:
        try:
            port = self._path.resolve(strict=True)
        except OSError:
            return None
        virtual = port.is_relative_to(_PSEUDO_TERMINALS)
        return None if virtual and not self._allow_virtual else self._path


class UsbPorts:
    """Ports of the first modem on the bus that the profile knows; ``serial`` picks one of several alike."""

    def __init__(
        self, profile: ModemProfile, *, serial: str = "", sysfs: Path = _SYSFS, dev: Path = _DEV
    ) -> None:
        self._profile = profile
        self._serial = serial
        self._sysfs = sysfs
        self._dev = dev

    def at_port(self) -> Path | None:
        ports = self._ports()
        return next((ports[n] for n in self._profile.at_interfaces if n in ports), None)

    def _ports(self) -> dict[int, Path]:
        """Place among the modem's serial ports → device file."""
        found: dict[int, Path] = {}
        for port in usb_serial_ports(sysfs=self._sysfs, dev=self._dev):
            if port.identity in self._profile.usb and self._serial in ("", port.serial):
                found.setdefault(self._profile.place_of(port.identity, port.interface), port.device)
        return found


class UsbSerialPort(msgspec.Struct, frozen=True, kw_only=True):
    """``identity``: vendor:product, hex. ``interface``: of the USB device, the same at every restart."""

    device: Path
    identity: str
    serial: str
    interface: int


def usb_serial_ports(*, sysfs: Path = _SYSFS, dev: Path = _DEV) -> tuple[UsbSerialPort, ...]:
    """Every serial port on USB, in the order of device names."""
    found = []
    for entry in sorted((sysfs / "class/tty").glob("tty*")):
        interface = _ancestor_with(entry / "device", "bInterfaceNumber")
        device = None if interface is None else _ancestor_with(interface.parent, "idVendor")
        if interface is None or device is None:
            continue
        found.append(
            UsbSerialPort(
                device=dev / entry.name,
                identity=f"{_read(device / 'idVendor')}:{_read(device / 'idProduct')}",
                serial=_read(device / "serial"),
                interface=int(_read(interface / "bInterfaceNumber") or "0", 16),
            )
        )
    return tuple(found)


def _ancestor_with(path: Path, name: str) -> Path | None:
    """``path`` or the nearest folder above it that holds ``name``."""
    try:
        start = path.resolve(strict=True)
    except OSError:
        return None
    return next((folder for folder in (start, *start.parents) if (folder / name).is_file()), None)


def _read(file: Path) -> str:
    """Content of a sysfs file; empty when the device left meanwhile."""
    try:
        return file.read_text("ascii", "replace").strip()
    except OSError:
        return ""
