"""Supply voltage and battery, as the kernel tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from visitbridge.services.power import PowerFound

_THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
_UNDER_VOLTAGE_NOW = 1 << 0


class BoardPower:
    """Implements ``services.power.PowerProbe``. ``sysfs``: where the kernel's device tree of files is mounted.

    Under-voltage: the Raspberry Pi's own watch, by the driver raspberrypi-hwmon (``in0_lcrit_alarm``) or else the
    firmware's ``get_throttled`` in hexadecimal, bit 0. Battery: the first supply of type ``Battery`` that feeds the
    box (Documentation/ABI/testing/sysfs-class-power); those of scope ``Device`` belong to readers and keyboards.
    """

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._sysfs = sysfs

    async def read(self) -> PowerFound:
        percent, discharging = self._battery()
        return PowerFound(
            under_voltage=self.under_voltage(), battery_percent=percent, discharging=discharging
        )

    def close(self) -> None:
        """Nothing is held between looks."""

    def under_voltage(self) -> bool | None:
        """None where neither driver nor firmware tells."""
        for sensor in self._folders("class/hwmon"):
            if _text(sensor / "name") == "rpi_volt":
                alarm = _text(sensor / "in0_lcrit_alarm")
                return alarm == "1" if alarm in {"0", "1"} else None
        bits = _number(_text(self._sysfs / _THROTTLED), base=16)
        return None if bits is None else bool(bits & _UNDER_VOLTAGE_NOW)

    def _battery(self) -> tuple[int | None, bool | None]:
        """Charge, and whether it runs down (``status``: Charging, Discharging, Full, Not charging, Unknown)."""
        for supply in self._folders("class/power_supply"):
            if _text(supply / "type") != "Battery" or _text(supply / "scope") == "Device":
                continue
            percent = _number(_text(supply / "capacity"), base=10)
            if percent is not None and 0 <= percent <= 100:
                status = _text(supply / "status")
                return percent, None if status in {"", "Unknown"} else status == "Discharging"
        return None, None

    def _folders(self, name: str) -> Iterator[Path]:
        folder = self._sysfs / name
        return iter(sorted(folder.iterdir()) if folder.is_dir() else [])


def _text(file: Path) -> str:
    """Empty when there is no such file or its driver does not answer."""
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _number(text: str, *, base: int) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None
