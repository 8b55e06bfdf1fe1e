"""What is known of a mobile modem, whatever its make (hardware.md §4; rows C01-C06)."""

from __future__ import annotations

import enum

import msgspec


class SimState(enum.StrEnum):
    """``LOCKED``: a lock that no PIN of the SIM opens (network, device). ``BUSY``: ask again soon."""

    READY = "ready"
    ABSENT = "absent"
    PIN = "pin"
    PUK = "puk"
    LOCKED = "locked"
    BUSY = "busy"
    FAILED = "failed"


class Registration(enum.IntEnum):
    """3GPP TS 27.007 §10.1.22, ``stat``. Values from 6 on register for SMS or emergencies only: no data."""

    IDLE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    SMS_HOME = 6
    SMS_ROAMING = 7
    EMERGENCY = 8
    NO_CSFB_HOME = 9
    NO_CSFB_ROAMING = 10

    @property
    def has_data(self) -> bool:
        return self in (
            Registration.HOME,
            Registration.ROAMING,
            Registration.NO_CSFB_HOME,
            Registration.NO_CSFB_ROAMING,
        )


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """None where the modem does not know. RSRP and RSRQ are LTE's, RSSI is every network's."""

    rssi_dbm: int | None = None
    rsrp_dbm: int | None = None
    rsrq_db: float | None = None

    @property
    def bars(self) -> int | None:
        """0 to 4, as phones show it; None when nothing is known."""
        if self.rsrp_dbm is not None:
            return sum(self.rsrp_dbm >= least for least in (-115, -105, -95, -85))
        if self.rssi_dbm is not None:
            return sum(self.rssi_dbm >= least for least in (-107, -97, -87, -77))
        return None


class ApnAuth(enum.StrEnum):
    NONE = "none"
    PAP = "pap"
    CHAP = "chap"


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """The data connection as the contract with the carrier gives it. ``context``: the modem's number for it.

    LTE attaches with context 1, so this is 1 unless the carrier says otherwise.
    """

    apn: str
    context: int = 1
    ip_type: str = "IP"
    auth: ApnAuth = ApnAuth.NONE
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Bearer(context={self.context}, auth={self.auth})"


class BearerState(msgspec.Struct, frozen=True, kw_only=True):
    """``address`` is the one the carrier gave, which the host behind a modem's NAT does not have itself."""

    active: bool
    apn: str = ""
    address: str = ""
    dns: tuple[str, ...] = ()


class ModemIdentity(msgspec.Struct, frozen=True, kw_only=True):
    manufacturer: str
    model: str
    firmware: str


class ModemState(enum.StrEnum):
    """How far the modem has come; the first thing that is missing (issue "Link service").

    ``NONE``: this box has no modem. ``STARTING``: it is there, and how far it is, is still being found out.
    ``REFUSED``: the network refuses the data connection for good.
    """

    NONE = "none"
    STARTING = "starting"
    ABSENT = "absent"
    SILENT = "silent"
    SIM_ABSENT = "sim_absent"
    SIM_PIN = "sim_pin"
    SIM_PUK = "sim_puk"
    SIM_FAILED = "sim_failed"
    SEARCHING = "searching"
    DENIED = "denied"
    REGISTERED = "registered"
    REFUSED = "refused"
    DATA_UP = "data_up"
