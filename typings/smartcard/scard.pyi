# The part of pyscard's raw PC/SC API that adapters.pcsc uses. Every call returns its PC/SC result code first and raises
# `error` only for arguments it cannot convert. APDUs and ATRs are lists of byte values.
from collections.abc import Sequence

class error(Exception): ...

INFINITE: int
SCARD_SCOPE_SYSTEM: int
SCARD_SHARE_EXCLUSIVE: int
SCARD_SHARE_SHARED: int
SCARD_SHARE_DIRECT: int
SCARD_PROTOCOL_UNDEFINED: int
SCARD_PROTOCOL_T0: int
SCARD_PROTOCOL_T1: int
SCARD_PROTOCOL_RAW: int
SCARD_LEAVE_CARD: int
SCARD_RESET_CARD: int
SCARD_UNPOWER_CARD: int
SCARD_EJECT_CARD: int

SCARD_STATE_UNAWARE: int
SCARD_STATE_IGNORE: int
SCARD_STATE_CHANGED: int
SCARD_STATE_UNKNOWN: int
SCARD_STATE_UNAVAILABLE: int
SCARD_STATE_EMPTY: int
SCARD_STATE_PRESENT: int
SCARD_STATE_ATRMATCH: int
SCARD_STATE_EXCLUSIVE: int
SCARD_STATE_INUSE: int
SCARD_STATE_MUTE: int
SCARD_STATE_UNPOWERED: int

SCARD_S_SUCCESS: int
SCARD_F_COMM_ERROR: int
SCARD_F_INTERNAL_ERROR: int
SCARD_E_CANCELLED: int
SCARD_E_INVALID_HANDLE: int
SCARD_E_INVALID_PARAMETER: int
SCARD_E_INVALID_VALUE: int
SCARD_E_NOT_READY: int
SCARD_E_NOT_TRANSACTED: int
SCARD_E_NO_MEMORY: int
SCARD_E_NO_READERS_AVAILABLE: int
SCARD_E_NO_SERVICE: int
SCARD_E_NO_SMARTCARD: int
SCARD_E_PROTO_MISMATCH: int
SCARD_E_READER_UNAVAILABLE: int
SCARD_E_SERVICE_STOPPED: int
SCARD_E_SHARING_VIOLATION: int
SCARD_E_SYSTEM_CANCELLED: int
SCARD_E_TIMEOUT: int
SCARD_E_UNKNOWN_READER: int
SCARD_W_REMOVED_CARD: int
SCARD_W_RESET_CARD: int
SCARD_W_UNPOWERED_CARD: int
SCARD_W_UNRESPONSIVE_CARD: int
SCARD_W_UNSUPPORTED_CARD: int

SCARD_ATTR_ATR_STRING: int
SCARD_ATTR_VENDOR_NAME: int
SCARD_ATTR_VENDOR_IFD_TYPE: int
SCARD_ATTR_VENDOR_IFD_SERIAL_NO: int
SCARD_ATTR_VENDOR_IFD_VERSION: int

def SCardEstablishContext(scope: int, /) -> tuple[int, int]: ...
def SCardReleaseContext(context: int, /) -> int: ...
def SCardIsValidContext(context: int, /) -> int: ...
def SCardCancel(context: int, /) -> int: ...
def SCardListReaders(context: int, groups: Sequence[str], /) -> tuple[int, list[str]]: ...

# A state is (reader name, state now believed); the answer adds the ATR. The high word of a state counts events.
def SCardGetStatusChange(
    context: int, timeout_ms: int, states: Sequence[tuple[str, int] | tuple[str, int, Sequence[int]]], /
) -> tuple[int, list[tuple[str, int, list[int]]]]: ...
def SCardConnect(context: int, reader: str, share_mode: int, protocols: int, /) -> tuple[int, int, int]: ...
def SCardReconnect(card: int, share_mode: int, protocols: int, initialization: int, /) -> tuple[int, int]: ...
def SCardDisconnect(card: int, disposition: int, /) -> int: ...
def SCardBeginTransaction(card: int, /) -> int: ...
def SCardEndTransaction(card: int, disposition: int, /) -> int: ...

# (result, reader name, state, protocol, ATR)
def SCardStatus(card: int, /) -> tuple[int, str, int, int, list[int]]: ...
def SCardTransmit(card: int, protocol: int, command: Sequence[int], /) -> tuple[int, list[int]]: ...
def SCardControl(card: int, code: int, data: Sequence[int], /) -> tuple[int, list[int]]: ...
def SCardGetAttrib(card: int, attribute: int, /) -> tuple[int, list[int]]: ...
def SCardGetErrorMessage(code: int, /) -> str: ...
def SCARD_CTL_CODE(code: int, /) -> int: ...
