"""The only file that knows pyscard: its raw ``SCard*`` calls, as typed functions that raise.

All of them block and belong into a lane, except :func:`cancel`, which is made to be called from elsewhere.
pyscard gives result codes signed or unsigned depending on its version; here they are always unsigned.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec
from smartcard import scard

# pcsc-lite's name for "the list of readers changed" (SCardGetStatusChange(3), PnP notification).
PNP_READER = "\\\\?PnP?\\Notification"
# PCSCLITE_MAX_READERS_CONTEXTS: what pcscd can hold, and what one SCardGetStatusChange can ask about.
MOST_READERS = 16

UNAWARE: int = scard.SCARD_STATE_UNAWARE


class Outcome(enum.IntEnum):
    """PC/SC result codes that are told apart (pcsclite.h)."""

    COMM_ERROR = 0x80100013
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    NOT_READY = 0x80100010
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    UNKNOWN_READER = 0x80100009
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_READERS_AVAILABLE = 0x8010002E
    UNSUPPORTED_CARD = 0x80100065
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069


class Attribute(enum.IntEnum):
    """What a driver may tell of its reader (PC/SC part 3, §3.1.2)."""

    VENDOR_NAME = scard.SCARD_ATTR_VENDOR_NAME
    VENDOR_IFD_TYPE = scard.SCARD_ATTR_VENDOR_IFD_TYPE
    VENDOR_IFD_VERSION = scard.SCARD_ATTR_VENDOR_IFD_VERSION
    VENDOR_IFD_SERIAL_NO = scard.SCARD_ATTR_VENDOR_IFD_SERIAL_NO


class ScardError(Exception):
    """A PC/SC call that did not succeed; ``outcome`` is its unsigned result code."""

    def __init__(self, call: str, outcome: int) -> None:
        super().__init__(f"{call}: {outcome:#010x}")
        self.outcome = outcome


class SlotStatus(msgspec.Struct, frozen=True):
    """One entry of SCardGetStatusChange; ``raw`` are its event state bits with the event count above them."""

    name: str
    raw: int
    atr: bytes

    @property
    def believed(self) -> int:
        """What the next :func:`wait_change` wants to hear."""
        return self.raw & ~scard.SCARD_STATE_CHANGED

    @property
    def is_changed(self) -> bool:
        return bool(self.raw & scard.SCARD_STATE_CHANGED)

    @property
    def is_present(self) -> bool:
        return bool(self.raw & scard.SCARD_STATE_PRESENT)

    @property
    def is_mute(self) -> bool:
        return bool(self.raw & scard.SCARD_STATE_MUTE)

    @property
    def is_gone(self) -> bool:
        return bool(self.raw & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE))

    @property
    def events(self) -> int:
        """How many insertions and removals pcscd has seen in this slot, modulo 65536."""
        return self.raw >> 16 & 0xFFFF


def establish_context() -> int:
    """A new connection to pcscd."""
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _check("SCardEstablishContext", code)
    return context


def release_context(context: int) -> None:
    """Give a context back; one that pcscd has already forgotten is no error."""
    scard.SCardReleaseContext(context)


def cancel(context: int) -> None:
    """End a :func:`wait_change` that another thread is in; one that is not running is no error."""
    scard.SCardCancel(context)


def list_readers(context: int) -> list[str]:
    """Names of all slots, none when there is no reader."""
    try:
        code, names = scard.SCardListReaders(context, [])
    except SystemError as exc:
        # What pyscard 2.0 raises when libpcsclite has no list to give because pcscd went away.
        raise ScardError("SCardListReaders", Outcome.NO_SERVICE) from exc
    if _unsigned(code) == Outcome.NO_READERS_AVAILABLE:
        return []
    _check("SCardListReaders", code)
    return list(names)


def wait_change(context: int, believed: Sequence[tuple[str, int]], timeout_ms: int) -> list[SlotStatus]:
    """Wait until a slot differs from what is believed of it; an empty list when none did in time.

    For :data:`PNP_READER`, too, what is believed is what was told last: pcscd from 2.3 on counts there how often
    readers came and went, and tells at once of all that did since. To those before, the number means nothing.
    """
    code, states = scard.SCardGetStatusChange(context, timeout_ms, list(believed))
    if _unsigned(code) == Outcome.TIMEOUT:
        return []
    _check("SCardGetStatusChange", code)
    return [SlotStatus(name, raw, bytes(atr)) for name, raw, atr in states]


def connect(context: int, name: str) -> tuple[int, int]:
    """Power the card and keep every other program away from it: (card handle, protocol)."""
    code, card, protocol = scard.SCardConnect(
        context, name, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    _check("SCardConnect", code)
    return card, protocol


def connect_reader(context: int, name: str) -> int:
    """A handle to the reader itself, card or not."""
    code, reader, _ = scard.SCardConnect(
        context, name, scard.SCARD_SHARE_DIRECT, scard.SCARD_PROTOCOL_UNDEFINED
    )
    _check("SCardConnect", code)
    return reader


def read_attribute(reader: int, attribute: Attribute) -> bytes:
    """Empty where the driver has no such attribute."""
    code, value = scard.SCardGetAttrib(reader, attribute)
    return bytes(value) if code == scard.SCARD_S_SUCCESS else b""


def disconnect_reader(reader: int) -> None:
    """Leave the card in it as it is; a handle already dead is no error."""
    scard.SCardDisconnect(reader, scard.SCARD_LEAVE_CARD)


def reset(card: int, *, warm: bool) -> int:
    """Reset the card behind a handle, without or with its power taken: the protocol from now on."""
    code, protocol = scard.SCardReconnect(
        card,
        scard.SCARD_SHARE_EXCLUSIVE,
        scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        scard.SCARD_RESET_CARD if warm else scard.SCARD_UNPOWER_CARD,
    )
    _check("SCardReconnect", code)
    return protocol


def is_t0(protocol: int) -> bool:
    return protocol == scard.SCARD_PROTOCOL_T0


def read_atr(card: int) -> bytes:
    code, _, _, _, atr = scard.SCardStatus(card)
    _check("SCardStatus", code)
    return bytes(atr)


def transmit(card: int, protocol: int, command: bytes) -> bytes:
    """One command to the card and its answer, exactly as the card gave it."""
    code, answer = scard.SCardTransmit(card, protocol, list(command))
    _check("SCardTransmit", code)
    if len(answer) < 2:
        # How some drivers tell of a card that was pulled in the middle of a command.
        raise ScardError("SCardTransmit", Outcome.NOT_TRANSACTED)
    return bytes(answer)


def disconnect(card: int) -> None:
    """Cut the card's power, so that it forgets a verified PIN; a handle already dead is no error."""
    scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)


def _check(call: str, code: int) -> None:
    if code != scard.SCARD_S_SUCCESS:
        raise ScardError(call, _unsigned(code))


def _unsigned(code: int) -> int:
    return code & 0xFFFFFFFF
