"""The data centre's answer (GW-DC)."""

from __future__ import annotations

from visitbridge.errors.base import Retry, VisitBridgeError


class DataCentreError(VisitBridgeError):
    """The data centre answered, and not with what was asked for."""

    code = "GW-DC-00"


class Rejected(DataCentreError):
    """Refused for good: ``insurer_code`` as given, ``field`` where named, ``words`` shown verbatim."""

    code = "GW-DC-01"

    def __init__(
        self,
        detail: str = "",
        *,
        insurer_code: str = "",
        words: str = "",
        field: str | None = None,
        retry: Retry | None = None,
    ) -> None:
        super().__init__(detail, field=field, params={"insurer_code": insurer_code}, retry=retry)
        self.insurer_code = insurer_code
        self.words = words


class DataCentreBusy(DataCentreError):
    """429, 500 before acting, or 503; ``retry_after_s`` when the other side named it."""

    code = "GW-DC-02"
    default_retry = Retry.LATER

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class DataCentreGarbled(DataCentreError):
    """An answer that does not follow the protocol; whether the request acted is not known."""

    code = "GW-DC-03"
    default_retry = Retry.UNKNOWN


class KeyConflict(DataCentreError):
    """The key is known with another digest: the box's and the other side's records differ."""

    code = "GW-DC-04"


class DeviceDisabled(DataCentreError):
    """The institution disabled this box (B11): new visits stop, unsent work is kept."""

    code = "GW-DC-05"


class NotBound(DataCentreError):
    """The box has no client certificate yet (B05)."""

    code = "GW-DC-06"


class BoundElsewhere(NotBound):
    """The binding is another institution's than the one whose work this box holds: the box has to be erased first."""

    code = "GW-DC-11"


class SamNotVerified(DataCentreError):
    """The cloud security module was not verified today (E02)."""

    code = "GW-DC-07"
    default_retry = Retry.LATER


class StaffTokenRefused(DataCentreError):
    """The staff token is no longer valid on the other side (F05)."""

    code = "GW-DC-08"


class BindRefused(DataCentreError):
    """QR-2 token or registration number refused; ``params`` may carry ``tries_left``."""

    code = "GW-DC-09"


class ReceiptRefused(DataCentreError):
    """A receipt whose signature, key, kind or digest is not the job's: it proves nothing."""

    code = "GW-DC-10"
    default_retry = Retry.UNKNOWN
