"""How the simulated readers look from outside: what they advertise, and their characteristics."""

from __future__ import annotations

import enum

import msgspec

from visitbridge.protocols.acs import profile as acs
from visitbridge.protocols.feitian import profile as feitian

_BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"


class Bonding(enum.Enum):
    """What pairing takes (Bluetooth Core vol. 3 part H §2.3.5.1)."""

    JUST_WORKS = "just_works"
    COMPARE = "compare"  # both show the same number
    ENTER = "enter"  # the reader's number, printed on it, is entered at the box
    SHOW = "show"  # the box's number is entered at the reader


class AdapterState(enum.Enum):
    """``OFF``: can be switched on. ``BLOCKED``: by rfkill, so that it cannot. ``MISSING``: no adapter."""

    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"
    MISSING = "missing"


class Service(msgspec.Struct, frozen=True):
    """``characteristics``: UUID → flags as BlueZ names them."""

    uuid: str
    characteristics: dict[str, tuple[str, ...]]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """``advertised``: service UUIDs. ``needs_bond``: nothing is readable or writable before pairing."""

    advertised: tuple[str, ...]
    services: tuple[Service, ...]
    needs_bond: bool
    bonding: Bonding


# That the vendor's app bonds with this family only is all that is public about its pairing (hardware.md §1.1).
ACR3901 = Shape(
    advertised=(acs.SERVICE,),
    services=(
        Service(
            acs.SERVICE,
            {
                acs.REPLY_PIPE: ("notify",),
                acs.COMMAND_PIPE: ("write-without-response", "write"),
                acs.STATUS_PIPE: ("notify",),
            },
        ),
        Service(acs.BATTERY_SERVICE, {acs.BATTERY_LEVEL: ("read", "notify")}),
    ),
    needs_bond=True,
    bonding=Bonding.JUST_WORKS,
)

BR301 = Shape(
    advertised=(feitian.SERVICES[0],),
    services=(
        Service(
            feitian.SERVICES[0],
            {
                feitian.write_pipe(feitian.SERVICES[0]): ("write",),
                feitian.notify_pipe(feitian.SERVICES[0]): ("notify",),
            },
        ),
        Service(_BATTERY_SERVICE, {feitian.BATTERY_LEVEL: ("read",)}),
    ),
    needs_bond=False,
    bonding=Bonding.JUST_WORKS,
)
