"""Every error this daemon raises on purpose, as one tree.

Each leaf has a stable ``code`` (shown to people, greppable in a support bundle), a ``retry`` class that
services act on, and words in the catalogue (``visitbridge/words``), looked up by code. Messages are for
engineers and carry no personal data: no names, ids, card numbers, PINs, APDU bodies.

::

    VisitBridgeError
    ├── ConfigError      GW-CFG  the box is set up wrongly
    ├── DeviceError      GW-DEV  a reader, the modem or a lane
    ├── CardError        GW-CRD  the card itself, or which card it is
    ├── LinkError        GW-LNK  the way to the data centre
    ├── DataCentreError  GW-DC   the data centre's answer
    ├── StoreError       GW-STO  the box's own disk and database
    ├── AccessError      GW-ACC  who may do what
    └── RequestError     GW-REQ  what a phone sent
"""

from __future__ import annotations

import enum
from typing import ClassVar


class Retry(enum.StrEnum):
    """What a caller may do after an error.

    ``LATER``: nothing happened; the same thing may be tried again by itself.
    ``NEVER``: trying again gives the same answer; a person has to change something.
    ``UNKNOWN``: it may have happened; ask or read back first, never repeat.
    """

    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"


class VisitBridgeError(Exception):
    """Base of the tree.

    ``detail`` is for logs. ``field`` names the input at fault, in the API's own path notation
    (``orders[2].days``). ``params`` fill the placeholders of the words; they are shown to the phone that
    asked and must not carry personal data. ``retry`` overrides the class's default for this one case.
    """

    code: ClassVar[str] = "GW-000"
    default_retry: ClassVar[Retry] = Retry.NEVER

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        params: dict[str, str | int] | None = None,
        retry: Retry | None = None,
    ) -> None:
        super().__init__(f"{self.code} {detail}".rstrip())
        self.detail = detail
        self.field = field
        self.params = dict(params or {})
        self.retry = retry or self.default_retry


class ConfigError(VisitBridgeError):
    """The configuration cannot be used; ``problems`` holds all of them, one line each."""

    code = "GW-CFG-01"

    def __init__(self, detail: str = "", *, problems: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(problems) or detail)
        self.problems = problems or (detail,)


class VirtualNotAllowed(ConfigError):
    """A simulated device was asked for without ``--allow-virtual``."""

    code = "GW-CFG-02"


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


class CardError(VisitBridgeError):
    """The card, or which card it is."""

    code = "GW-CRD-00"


class CardAbsent(CardError):
    """No card in the reader."""

    code = "GW-CRD-01"
    default_retry = Retry.LATER


class CardRemoved(CardError):
    """The card was pulled during an exchange; the last command may have acted."""

    code = "GW-CRD-02"
    default_retry = Retry.UNKNOWN


class CardMute(CardError):
    """A card is there but gives no ATR (upside down, dirty, broken)."""

    code = "GW-CRD-03"
    default_retry = Retry.LATER


class NotNhiCard(CardError):
    """The card does not hold the application that is needed."""

    code = "GW-CRD-04"


class WrongCard(CardError):
    """Another person's card; nothing was written (Y01)."""

    code = "GW-CRD-05"


class PinWrong(CardError):
    """The card refused the PIN; ``params['tries_left']`` when the card reports it."""

    code = "GW-CRD-06"


class PinBlocked(CardError):
    """The card's PIN try counter is used up."""

    code = "GW-CRD-07"


class CardRefused(CardError):
    """The card answered a status word that the script did not expect; ``params['sw']`` in hex."""

    code = "GW-CRD-08"


class WrongCardKind(CardError):
    """A health-professional card where a patient's is needed, or the reverse (D05)."""

    code = "GW-CRD-09"


class CardRealmMixed(CardError):
    """A test card against production data or the reverse (nhi-domain §1.4: mixing locks cards)."""

    code = "GW-CRD-10"


class LinkError(VisitBridgeError):
    """The way to the data centre."""

    code = "GW-LNK-00"
    default_retry = Retry.LATER


class LinkDown(LinkError):
    """The data centre cannot be reached; nothing was sent.

    ``hop``: the first one that failed, ``network``, ``dns``, ``host`` or ``data_centre``. ``heard``: something came
    back all the same (a refusal, "no such name"), so the line itself carries traffic.
    """

    code = "GW-LNK-03"

    def __init__(
        self, detail: str = "", *, hop: str = "network", heard: bool = False, retry: Retry | None = None
    ) -> None:
        super().__init__(detail, retry=retry)
        self.hop = hop
        self.heard = heard


class ReplyLost(LinkError):
    """A request left the box and no answer came back: ask by key before sending again."""

    code = "GW-LNK-04"
    default_retry = Retry.UNKNOWN


class PortalUntrusted(LinkError):
    """The data centre's certificate does not match the trust store; nothing was sent."""

    code = "GW-LNK-05"


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


class StoreError(VisitBridgeError):
    """The box's own disk and database."""

    code = "GW-STO-00"
    default_retry = Retry.LATER


class StoreFull(StoreError):
    """No space left: nothing was saved."""

    code = "GW-STO-01"


class StoreDamaged(StoreError):
    """The database file fails its integrity check."""

    code = "GW-STO-02"
    default_retry = Retry.NEVER


class SchemaNewer(StoreError):
    """The database was written by a newer version of this program."""

    code = "GW-STO-03"
    default_retry = Retry.NEVER


class StoreKeyWrong(StoreError):
    """The key does not open the database."""

    code = "GW-STO-04"
    default_retry = Retry.NEVER


class StoreReadOnly(StoreError):
    """The file system does not take writes: nothing was saved."""

    code = "GW-STO-05"


class AccessError(VisitBridgeError):
    """Who may do what."""

    code = "GW-ACC-00"


class NotPaired(AccessError):
    """The phone has no session with this box."""

    code = "GW-ACC-01"


class StaffRequired(AccessError):
    """Needs a signed-in health professional (F06)."""

    code = "GW-ACC-02"


class StaffExpired(AccessError):
    """The staff session is over (F05); what was typed is kept."""

    code = "GW-ACC-03"


class RightMissing(AccessError):
    """The person lacks the service code; ``params['right']`` (A08)."""

    code = "GW-ACC-04"


class HostRefused(AccessError):
    """The Host header names no address of this box."""

    code = "GW-ACC-05"


class OriginRefused(AccessError):
    """A write that does not come from this box's own pages."""

    code = "GW-ACC-06"


class PairingRefused(AccessError):
    """The pairing token is used, expired or unknown."""

    code = "GW-ACC-07"


class TooManyTries(AccessError):
    """Rate limit; ``params['wait_s']``."""

    code = "GW-ACC-08"
    default_retry = Retry.LATER


class RoleMissing(AccessError):
    """The phone's role does not reach; ``params['role']`` is the one that would (A03)."""

    code = "GW-ACC-09"


class RequestError(VisitBridgeError):
    """What a phone sent."""

    code = "GW-REQ-00"


class MalformedBody(RequestError):
    """Not JSON, or JSON of the wrong shape; ``field`` says where."""

    code = "GW-REQ-01"


class FieldInvalid(RequestError):
    """A well-formed value that the rules refuse; ``field`` names it."""

    code = "GW-REQ-02"


class BodyTooLarge(RequestError):
    """Over the limit; ``params['limit_kb']``."""

    code = "GW-REQ-03"


class NotFound(RequestError):
    """No such thing on this box."""

    code = "GW-REQ-04"


class StaleRevision(RequestError):
    """Somebody else changed it meanwhile; ``params['revision']`` is the current one (Y05)."""

    code = "GW-REQ-05"


class UnknownCode(RequestError):
    """A code that is in no loaded data set; ``field`` names it."""

    code = "GW-REQ-06"


class ClockUntrusted(RequestError):
    """Needs trusted time (Y10): 時間未校正."""

    code = "GW-REQ-07"
    default_retry = Retry.LATER


class DraftHeld(RequestError):
    """Another phone is editing this draft; take-over is possible (Y05)."""

    code = "GW-REQ-08"


class MethodRefused(RequestError):
    """The address exists but does not take this HTTP method."""

    code = "GW-REQ-09"


class VisitClosed(RequestError):
    """The visit is finished or discarded, and nothing of it was sent back for correction."""

    code = "GW-REQ-10"


class JobNotMovable(RequestError):
    """The outbox item is being worked on, or is past the point where this can be done to it."""

    code = "GW-REQ-11"


class UploadUnfit(RequestError):
    """The box's own check before an upload found what would be refused; nothing was sent.

    ``words`` name the first field at fault and what is wrong with it, ``field`` is the upload's own element.
    """

    code = "GW-REQ-12"

    def __init__(self, detail: str = "", *, words: str, field: str) -> None:
        super().__init__(detail, field=field)
        self.words = words
