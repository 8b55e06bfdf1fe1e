"""The kernel's switches that keep Bluetooth off: flight mode, and the machine's own (rfkill).

bluetoothd of Debian 12 (5.66) never says that one of them is on: the adapter is off, and to switch it on has "failed".
"""

from __future__ import annotations

from pathlib import Path

SWITCHES = Path("/sys/class/rfkill")


def is_blocked(switches: Path = SWITCHES) -> bool:
    """Whether one of them is on (Linux, Documentation/ABI/stable/sysfs-class-rfkill). False where there is none."""
    return any(
        _read(switch / "type") == "bluetooth" and "1" in {_read(switch / "soft"), _read(switch / "hard")}
        for switch in switches.glob("*")
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        # Its adapter was pulled out meanwhile.
        return ""
