"""Ways out of the box: the modem into the VPN, or a router or phone that has one (C01, B16)."""

from __future__ import annotations

import enum

import msgspec


class UplinkKind(enum.StrEnum):
    MODEM = "modem"
    ETHERNET = "ethernet"
    HOTSPOT = "hotspot"


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """``interface`` empty: whatever the machine's routes say. ``dns``: servers behind this uplink, may be none."""

    name: str
    kind: UplinkKind
    interface: str = ""
    dns: tuple[str, ...] = ()
