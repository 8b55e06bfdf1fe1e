"""A reader, the modem, or a lane (GW-DEV)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class DeviceError(VisitBridgeError):
    """A reader, the modem, or the thread that owns one."""

    code = "GW-DEV-00"
    default_retry = Retry.LATER


class ReaderUnavailable(DeviceError):
    """No such reader, or it does not answer."""

    code = "GW-DEV-01"


class ReaderBusy(DeviceError):
    """Another session holds the reader; ``params`` may name ``owner`` and ``remaining_s``."""

    code = "GW-DEV-02"


class ReaderTaken(ReaderBusy):
    """It is another phone's turn at the reader; ``params`` has ``owner`` (the phone's name) and ``remaining_s``."""

    code = "GW-DEV-20"


class ReaderRemoved(DeviceError):
    """The reader went away while in use."""

    code = "GW-DEV-03"
    default_retry = Retry.UNKNOWN


class PcscUnavailable(DeviceError):
    """pcscd does not run or has just restarted."""

    code = "GW-DEV-04"


class DeviceTimeout(DeviceError):
    """No answer within the deadline; whether the device acted is not known."""

    code = "GW-DEV-05"
    default_retry = Retry.UNKNOWN


class LaneLate(DeviceError):
    """A call into a blocking library outlived its deadline; its lane is being rebuilt."""

    code = "GW-DEV-06"
    default_retry = Retry.UNKNOWN


class ModemAbsent(DeviceError):
    """No modem is plugged in, or it left the bus (a reset does that for some seconds)."""

    code = "GW-DEV-10"


class ModemTaken(ModemAbsent):
    """Another program holds the modem's port: the gateway, or a technician's tool."""

    code = "GW-DEV-21"


class ModemSilent(DeviceError):
    """The modem does not answer on its AT port, or answers nothing that makes sense."""

    code = "GW-DEV-11"


class ModemRefused(DeviceError):
    """The modem answered a command with an error; ``cme`` is its 3GPP number where it gave one.

    ``retry`` is NEVER for the permanent ones (TS 27.007 §9.2): a person has to change something.
    """

    code = "GW-DEV-12"

    def __init__(self, detail: str = "", *, cme: int | None = None, retry: Retry | None = None) -> None:
        super().__init__(detail, params={} if cme is None else {"cme": cme}, retry=retry)
        self.cme = cme


class SimPinRefused(DeviceError):
    """The SIM refused the configured PIN. It is not tried again: three wrong ones lock the SIM."""

    code = "GW-DEV-13"
    default_retry = Retry.NEVER


class HookFailed(DeviceError):
    """A configured command (modem power, reboot) did not do its work."""

    code = "GW-DEV-14"


class BluetoothUnavailable(DeviceError):
    """The adapter is off, blocked or missing, or bluetoothd does not run; ``params['state']`` says which."""

    code = "GW-DEV-15"


class PairingFailed(DeviceError):
    """A reader was not paired; ``params['reason']``: refused, late, unreachable, cancelled."""

    code = "GW-DEV-16"
    default_retry = Retry.NEVER


class PairingLost(DeviceError):
    """Reader and box do not know each other any more: the bond or the reader's key is another's on one side."""

    code = "GW-DEV-23"
    default_retry = Retry.NEVER


class SwitchOffRefused(DeviceError):
    """The machine does not switch itself off: nobody to ask, or who was asked said no."""

    code = "GW-DEV-22"
    default_retry = Retry.NEVER


class PaperFailed(DeviceError):
    """A page could not be made: the font is missing, or memory or time ran out."""

    code = "GW-DEV-17"
    default_retry = Retry.LATER
