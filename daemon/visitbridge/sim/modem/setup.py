"""What a virtual modem is like when it is switched on."""

from __future__ import annotations

import datetime as dt

import msgspec


class ModemSetup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``family``: ``sim7600`` or ``ec25``, for identification and the dialects of GNSS and clock.

    ``sim_pin`` empty: the SIM asks for none. ``apn``, ``user``, ``password``: what the network demands;
    anything else is refused for good (+CME ERROR 149 or 133). ``network_time``: UTC that NITZ tells once
    registered, None for a network that tells none. ``needs_sim``: contexts are refused while the SIM is not ready.
    ``knows_authentication``: False for firmware without +CGAUTH. ``position``: latitude, longitude in degrees.
    """

    family: str = "sim7600"
    sim_present: bool = True
    sim_pin: str = ""
    pin_tries: int = 3
    apn: str = "vpn.example"
    user: str = ""
    password: str = ""
    address: str = "10.64.0.7"
    dns: tuple[str, ...] = ("10.1.1.1", "10.1.1.2")
    rssi: int = 21
    rsrp: int = 60
    network_time: dt.datetime | None = None
    zone_quarters: int = 32
    position: tuple[float, float] | None = None
    registers_after_s: float = 0.02
    reboots_in_s: float = 0.1
    tells_tries: bool = True
    needs_sim: bool = False
    knows_authentication: bool = True
