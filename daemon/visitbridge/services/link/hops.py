"""From a failed probe and the state of the uplink to the first broken hop (ux §3.6)."""

from __future__ import annotations

from visitbridge.domain.modem import ModemState
from visitbridge.errors import (
    BoundElsewhere,
    DataCentreError,
    DeviceDisabled,
    LinkDown,
    NotBound,
    PortalUntrusted,
    VisitBridgeError,
)

CERTAIN = frozenset({"not_bound", "bound_elsewhere", "device_disabled"})
"""Not a matter of the line: asking more often does not help."""

UNBOUND = frozenset({"not_bound", "bound_elsewhere"})
"""The box has no data centre to ask."""

MODEM_HOPS: dict[ModemState, str] = {
    ModemState.NONE: "",
    ModemState.STARTING: "starting",
    ModemState.ABSENT: "modem_absent",
    ModemState.SILENT: "modem_silent",
    ModemState.SIM_ABSENT: "sim_absent",
    ModemState.SIM_PIN: "sim_locked",
    ModemState.SIM_PUK: "sim_blocked",
    ModemState.SIM_FAILED: "sim_failed",
    ModemState.SEARCHING: "searching",
    ModemState.DENIED: "denied",
    ModemState.REGISTERED: "no_data",
    ModemState.REFUSED: "data_refused",
    ModemState.DATA_UP: "",
}
"""What is broken before the network is reached; empty where the network is."""

NEAR_HOPS = frozenset(hop for hop in MODEM_HOPS.values() if hop) | {"no_uplink"}


def hop_of(error: VisitBridgeError) -> str:
    if isinstance(error, BoundElsewhere):
        return "bound_elsewhere"
    if isinstance(error, NotBound):
        return "not_bound"
    if isinstance(error, DeviceDisabled):
        return "device_disabled"
    if isinstance(error, PortalUntrusted):
        return "tls"
    if isinstance(error, DataCentreError):
        return "data_centre"
    return error.hop if isinstance(error, LinkDown) else "network"


def heard_something(error: VisitBridgeError) -> bool:
    """Whether anything at all came back from beyond the uplink."""
    if isinstance(error, LinkDown):
        return error.heard
    return isinstance(error, PortalUntrusted | DataCentreError) and not isinstance(error, NotBound)
