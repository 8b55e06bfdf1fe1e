"""What differs between modem families (hardware.md §4.1-4.2). Facts marked [G] there are choices made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

GnssDialect = Literal["none", "simcom", "quectel"]
ClockDialect = Literal["standard", "quectel"]


class ModemProfile(msgspec.Struct, frozen=True, kw_only=True):
    """``usb``: vendor:product pairs, hex. ``at_interfaces``: USB interface numbers of AT ports, best first, where the
    serial ports come first; ``network_first``: how many interfaces of its network card a product has before them.

    ``password_first``: +CGAUTH takes password before user, as some SIMCom manuals print it. ``setup``: sent at
    every start, refusals ignored. ``dial``: brings the host's ECM or RNDIS interface up where the firmware
    does not do that by itself once context 1 is active. ``clock``: how the network's time is asked for. Quectel's
    ``+CTZU=1`` keeps GMT in the clock that ``+CCLK`` tells (``=3`` local time, and which of them it holds now is not to
    be seen), so its own ``+QLTS`` is asked, which also tells nothing but what the network said.
    """

    name: str
    usb: tuple[str, ...] = ()
    at_interfaces: tuple[int, ...] = ()
    network_first: Mapping[str, int] = {}
    password_first: bool = False
    setup: tuple[str, ...] = ()
    dial: str = ""
    gnss: GnssDialect = "none"
    clock: ClockDialect = "standard"
    radio_rest_s: float = 10.0

    def place_of(self, identity: str, interface: int) -> int:
        """The number that ``interface`` of a product has among the serial ports, counted from the first of them."""
        return interface - self.network_first.get(identity, 0)


GENERIC = ModemProfile(name="generic")

SIM7600 = ModemProfile(
    name="sim7600",
    usb=("1e0e:9001", "1e0e:9011", "1e0e:9018"),
    at_interfaces=(2, 3),
    network_first={"1e0e:9011": 2},
    gnss="simcom",
)

EC25 = ModemProfile(
    name="ec25",
    usb=("2c7c:0125", "2c7c:0121", "2c7c:0191", "2c7c:0195", "2c7c:0296", "2c7c:0306"),
    at_interfaces=(2, 3),
    gnss="quectel",
    clock="quectel",
)

PROFILES: Mapping[str, ModemProfile] = {profile.name: profile for profile in (GENERIC, SIM7600, EC25)}
