"""Every error this daemon raises on purpose, as one tree.

Each leaf has a stable ``code`` (shown to people, greppable in a support bundle), a ``retry`` class that
services act on, and words in the catalogue (``visitbridge/words``), looked up by code. Messages are for
engineers and carry no personal data: no names, ids, card numbers, PINs, APDU bodies.

::

    VisitBridgeError
    ├── ConfigError      GW-CFG  the box is set up wrongly
    ├── CertificateError GW-CRT  a certificate, chain or key
    ├── DeviceError      GW-DEV  a reader, the modem or a lane
    ├── CardError        GW-CRD  the card itself, or which card it is
    ├── LinkError        GW-LNK  the way to the data centre
    ├── DataCentreError  GW-DC   the data centre's answer
    ├── StoreError       GW-STO  the box's own disk and database
    ├── AccessError      GW-ACC  who may do what
    └── RequestError     GW-REQ  what a phone sent
"""

from visitbridge.errors.access import (
    AccessError,
    HostRefused,
    NotPaired,
    OriginRefused,
    PairingRefused,
    RightMissing,
    RoleMissing,
    StaffExpired,
    StaffRequired,
    TooManyTries,
)
from visitbridge.errors.base import (
    Retry,
    VisitBridgeError,
)
from visitbridge.errors.card import (
    CardAbsent,
    CardError,
    CardMute,
    CardRealmMixed,
    CardRefused,
    CardRemoved,
    NotNhiCard,
    PinBlocked,
    PinWrong,
    WrongCard,
    WrongCardKind,
)
from visitbridge.errors.certificate import (
    CertificateError,
    CertificateUnreadable,
    ChainBroken,
    IssueRefused,
    KeyMismatch,
    NameMissing,
    NotAnAuthority,
    OutsideValidity,
)
from visitbridge.errors.configuration import (
    ConfigError,
    VirtualNotAllowed,
)
from visitbridge.errors.datacentre import (
    BindRefused,
    DataCentreBusy,
    DataCentreError,
    DataCentreGarbled,
    DeviceDisabled,
    KeyConflict,
    NotBound,
    ReceiptRefused,
    Rejected,
    SamNotVerified,
    StaffTokenRefused,
)
from visitbridge.errors.device import (
    DeviceError,
    DeviceTimeout,
    HookFailed,
    LaneLate,
    ModemAbsent,
    ModemRefused,
    ModemSilent,
    PcscUnavailable,
    ReaderBusy,
    ReaderRemoved,
    ReaderUnavailable,
    SimPinRefused,
)
from visitbridge.errors.link import (
    LinkDown,
    LinkError,
    PortalUntrusted,
    ReplyLost,
)
from visitbridge.errors.request import (
    BodyTooLarge,
    ClockUntrusted,
    DraftHeld,
    FieldInvalid,
    JobNotMovable,
    MalformedBody,
    MethodRefused,
    NotFound,
    RequestError,
    StaleRevision,
    UnknownCode,
    UploadUnfit,
    VisitClosed,
)
from visitbridge.errors.store import (
    SchemaNewer,
    StoreDamaged,
    BoxErased,
    BoxLocked,
    CardCannotUnlock,
    StoreError,
    StoreFull,
    StoreKeyWrong,
    StoreReadOnly,
)

    UnlockRefused,
    WorkUnsent,
__all__ = [
    "AccessError",
    "BindRefused",
    "BodyTooLarge",
    "BoxErased",
    "BoxLocked",
    "CardAbsent",
    "CardCannotUnlock",
    "CardError",
    "CardMute",
    "CardRealmMixed",
    "CardRefused",
    "CardRemoved",
    "CertificateError",
    "CertificateUnreadable",
    "ChainBroken",
    "ClockUntrusted",
    "ConfigError",
    "DataCentreBusy",
    "DataCentreError",
    "DataCentreGarbled",
    "DeviceDisabled",
    "DeviceError",
    "DeviceTimeout",
    "DraftHeld",
    "FieldInvalid",
    "HookFailed",
    "HostRefused",
    "IssueRefused",
    "JobNotMovable",
    "KeyConflict",
    "KeyMismatch",
    "LaneLate",
    "LinkDown",
    "LinkError",
    "MalformedBody",
    "MethodRefused",
    "ModemAbsent",
    "ModemRefused",
    "ModemSilent",
    "NameMissing",
    "NotAnAuthority",
    "NotBound",
    "NotFound",
    "NotNhiCard",
    "NotPaired",
    "OriginRefused",
    "OutsideValidity",
    "PairingRefused",
    "PcscUnavailable",
    "PinBlocked",
    "PinWrong",
    "PortalUntrusted",
    "ReaderBusy",
    "ReaderRemoved",
    "ReaderUnavailable",
    "ReceiptRefused",
    "Rejected",
    "ReplyLost",
    "RequestError",
    "Retry",
    "RightMissing",
    "RoleMissing",
    "SamNotVerified",
    "SchemaNewer",
    "SimPinRefused",
    "StaffExpired",
    "StaffRequired",
    "StaffTokenRefused",
    "StaleRevision",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreKeyWrong",
    "StoreReadOnly",
    "TooManyTries",
    "UnknownCode",
    "UnlockRefused",
    "UploadUnfit",
    "VirtualNotAllowed",
    "VisitBridgeError",
    "VisitClosed",
    "WorkUnsent",
    "WrongCard",
    "WrongCardKind",
]
