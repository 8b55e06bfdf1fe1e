"""How ACS's Bluetooth contact readers show themselves.

Source: UUIDs are constants of the vendor's Android library; which of the three pipes goes which way is told by the
ACR1255 manual for the same numbers and is to be checked against the characteristics' flags (hardware.md §1.1).
"""

from __future__ import annotations

NAME_PREFIXES = ("ACR3901U-S1", "ACR3901T-W1")

SERVICE = "ae448001-6e87-df33-adb8-51dfd29be725"
REPLY_PIPE = "ae448002-6e87-df33-adb8-51dfd29be725"
COMMAND_PIPE = "ae448003-6e87-df33-adb8-51dfd29be725"
STATUS_PIPE = "ae448004-6e87-df33-adb8-51dfd29be725"

BATTERY_SERVICE = "ae44180f-6e87-df33-adb8-51dfd29be725"
BATTERY_LEVEL = "ae442a19-6e87-df33-adb8-51dfd29be725"
"""See ``frames.read_battery``: steps, not a percentage."""


def is_ours(name: str) -> bool:
    """Whether an advertised name is of such a reader."""
    return name.startswith(NAME_PREFIXES)
