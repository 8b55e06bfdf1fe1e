"""Misbehaviour of a virtual modem: by name, until something cures it. Never by chance."""

from __future__ import annotations

import enum

import msgspec


class FaultKind(enum.StrEnum):
    """``NO_SERVICE``: finds no network. ``DENIED``: the network turns it away. ``PDP_STUCK``: the data
    connection fails with a transient error. ``PDP_REFUSED``: with a permanent one. ``NO_TRAFFIC``: connected,
    yet nothing passes. ``SILENT``: AT commands get no answer. ``GARBLED``: bytes without sense instead of one.
    ``NO_ADDRESS``: active without an address.
    """

    NO_SERVICE = "no_service"
    DENIED = "denied"
    PDP_STUCK = "pdp_stuck"
    PDP_REFUSED = "pdp_refused"
    NO_ADDRESS = "no_address"
    NO_TRAFFIC = "no_traffic"
    SILENT = "silent"
    GARBLED = "garbled"


class Cure(enum.IntEnum):
    """What ends a fault; each also cures what less would have. ``NEVER``: nothing but :meth:`Faults.end`."""

    REATTACH = 1
    RADIO = 2
    RESET = 3
    POWER = 4
    NEVER = 5


class Fault(msgspec.Struct, frozen=True):
    kind: FaultKind
    cure: Cure = Cure.NEVER


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._now: dict[FaultKind, Cure] = {}

    def __contains__(self, kind: FaultKind) -> bool:
        return kind in self._now

    def begin(self, fault: Fault) -> None:
        self._now[fault.kind] = fault.cure

    def end(self, kind: FaultKind) -> None:
        self._now.pop(kind, None)

    def apply(self, cure: Cure) -> None:
        self._now = {kind: needed for kind, needed in self._now.items() if needed > cure}

    def cured_by(self, kind: FaultKind, cure: Cure) -> bool:
        return self._now.get(kind, Cure.NEVER) <= cure
