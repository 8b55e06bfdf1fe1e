"""What an error of BlueZ means for whoever asked."""

from __future__ import annotations

from visitbridge.adapters.ble.bluez import BluezFault
from visitbridge.errors import (
    BluetoothUnavailable,
    DeviceError,
    PairingFailed,
    PairingLost,
    ReaderRemoved,
    ReaderUnavailable,
)
from visitbridge.ports.bluetooth import RadioState

_ERROR = "org.bluez.Error."
_NOT_ALLOWED = frozenset({f"{_ERROR}NotPermitted", f"{_ERROR}NotAuthorized"})
_NO_PERMISSION = frozenset(
    {f"{_ERROR}AuthenticationRejected", f"{_ERROR}AuthenticationFailed", f"{_ERROR}AuthenticationCanceled"}
)
_NO_SERVICE = ("no_service", "no_bus", "org.freedesktop.DBus.Error.")


def while_connecting(fault: BluezFault) -> DeviceError:
    """Nothing was sent to the reader."""
    return ReaderUnavailable(str(fault))


def while_talking(fault: BluezFault) -> DeviceError:
    """A piece of a command may have reached the reader."""
    if fault.name in _NOT_ALLOWED:
        return PairingLost("the reader wants to be paired first")
    return ReaderRemoved(str(fault))


def while_pairing(fault: BluezFault) -> DeviceError:
    """Whether trying again helps depends on a person: the code, the reader's own button."""
    if fault.name in _NO_PERMISSION:
        return PairingFailed(str(fault), params={"reason": "refused"})
    if fault.name == "late" or fault.name.endswith("AuthenticationTimeout"):
        return PairingFailed(str(fault), params={"reason": "late"})
    return PairingFailed(str(fault), params={"reason": "unreachable"})


def of_the_adapter(fault: BluezFault) -> BluetoothUnavailable:
    """The adapter did not do what it was told."""
    if fault.name == f"{_ERROR}Blocked":
        return unavailable(RadioState.BLOCKED, str(fault))
    if fault.name.startswith(_NO_SERVICE):
        return unavailable(RadioState.NO_SERVICE, str(fault))
    if fault.name == "no_adapter":
        return unavailable(RadioState.MISSING, str(fault))
    return unavailable(RadioState.OFF, str(fault))


def unavailable(state: RadioState, detail: str = "") -> BluetoothUnavailable:
    """The error for an adapter in this state."""
    return BluetoothUnavailable(detail, params={"state": state.value})
