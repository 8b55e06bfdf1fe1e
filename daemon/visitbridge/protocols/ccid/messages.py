"""CCID messages: a 10-byte header and data, both ways (USB-IF, CCID Rev. 1.1, §6)."""

from __future__ import annotations

import enum
import struct

import msgspec

from visitbridge.protocols.reader_talk import Notice, out_of_step

HEADER_LENGTH = 10
DATA_MAX = 261
"""Data of one message of the readers of interest: dwMaxCCIDMessageLength 271 less the header."""

# A message type nobody sends with more: the escapes and parameters are shorter than a block.
_MESSAGE_MAX = HEADER_LENGTH + DATA_MAX
_HEADER = struct.Struct("<BIBB3s")


class CommandKind(enum.IntEnum):
    """bMessageType of what the host sends (§6.1)."""

    SET_PARAMETERS = 0x61
    ICC_POWER_ON = 0x62
    ICC_POWER_OFF = 0x63
    GET_SLOT_STATUS = 0x65
    SECURE = 0x69
    T0_APDU = 0x6A
    ESCAPE = 0x6B
    GET_PARAMETERS = 0x6C
    RESET_PARAMETERS = 0x6D
    ICC_CLOCK = 0x6E
    XFR_BLOCK = 0x6F
    MECHANICAL = 0x71
    ABORT = 0x72
    SET_DATA_RATE_AND_CLOCK = 0x73


class ReplyKind(enum.IntEnum):
    """bMessageType of what the reader answers (§6.2)."""

    DATA_BLOCK = 0x80
    SLOT_STATUS = 0x81
    PARAMETERS = 0x82
    ESCAPE = 0x83
    DATA_RATE_AND_CLOCK = 0x84


class NoticeKind(enum.IntEnum):
    """bMessageType of what comes unasked (§6.3)."""

    SLOT_CHANGE = 0x50
    HARDWARE_ERROR = 0x51


class Icc(enum.IntEnum):
    """bmICCStatus, bits 1-0 of bStatus (§6.2.6)."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class Outcome(enum.IntEnum):
    """bmCommandStatus, bits 7-6 of bStatus (§6.2.6)."""

    OK = 0
    FAILED = 1
    TIME_EXTENSION = 2


class SlotError(enum.IntEnum):
    """bError (§6.2.6, table 6.2-2); values 01h to 7Fh are the offset of the field at fault."""

    NOT_SUPPORTED = 0x00
    SLOT_BUSY = 0xE0
    PIN_CANCELLED = 0xEF
    PIN_TIMEOUT = 0xF0
    BUSY_WITH_AUTO_SEQUENCE = 0xF2
    DEACTIVATED_PROTOCOL = 0xF3
    PROCEDURE_BYTE_CONFLICT = 0xF4
    CLASS_NOT_SUPPORTED = 0xF5
    PROTOCOL_NOT_SUPPORTED = 0xF6
    BAD_TCK = 0xF7
    BAD_TS = 0xF8
    HARDWARE = 0xFB
    OVERRUN = 0xFC
    PARITY = 0xFD
    ICC_MUTE = 0xFE
    ABORTED = 0xFF


class Power(enum.IntEnum):
    """bPowerSelect (§6.1.1)."""

    AUTOMATIC = 0
    V5 = 1
    V3 = 2
    V1_8 = 3


class CcidCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Host to reader. ``params``: bytes 7 to 9, by kind; byte 7 is the lowest. Values that do not fit: ValueError."""

    kind: CommandKind
    data: bytes = b""
    slot: int = 0
    seq: int = 0
    params: bytes = bytes(3)

    def __post_init__(self) -> None:
        if len(self.params) != 3 or not (0 <= self.slot <= 0xFF and 0 <= self.seq <= 0xFF):
            raise ValueError("a CCID header has one byte for slot and sequence number, three for parameters")

    def encode(self) -> bytes:
        return _HEADER.pack(self.kind, len(self.data), self.slot, self.seq, self.params) + self.data

    @classmethod
    def decode(cls, raw: bytes) -> CcidCommand:
        """Inverse of :meth:`encode`. Raises DeviceError for bytes that are no command."""
        kind, data, slot, seq, params = _parts_of(raw)
        try:
            return cls(kind=CommandKind(kind), data=data, slot=slot, seq=seq, params=params)
        except ValueError as exc:
            raise out_of_step(f"no CCID command has type {kind:02X}") from exc


class CcidReply(msgspec.Struct, frozen=True, kw_only=True):
    """Reader to host. ``extra``: byte 9: bChainParameter, bClockStatus or bProtocolNum, by kind."""

    kind: ReplyKind
    data: bytes = b""
    slot: int = 0
    seq: int = 0
    icc: Icc = Icc.ACTIVE
    outcome: Outcome = Outcome.OK
    error: int = 0
    extra: int = 0

    def encode(self) -> bytes:
        tail = bytes((self.outcome << 6 | self.icc, self.error, self.extra))
        return _HEADER.pack(self.kind, len(self.data), self.slot, self.seq, tail) + self.data

    @classmethod
    def decode(cls, raw: bytes) -> CcidReply:
        """Inverse of :meth:`encode`. Raises DeviceError for bytes that are no reply."""
        kind, data, slot, seq, (status, error, extra) = _parts_of(raw)
        try:
            return cls(
                kind=ReplyKind(kind),
                data=data,
                slot=slot,
                seq=seq,
                icc=Icc(status & 0x03),
                outcome=Outcome(status >> 6),
                error=error,
                extra=extra,
            )
        except ValueError as exc:
            raise out_of_step(f"no CCID reply has type {kind:02X} and status {status:02X}") from exc


def measure(begin: bytes) -> int | None:
    """How long the message from a reader is that begins so; for ``reader_talk.Pieces``.

    Notifications (one slot) are 2 bytes, hardware errors 4 (§6.3), replies as their header says.
    """
    if begin[0] == NoticeKind.SLOT_CHANGE:
        return 2
    if begin[0] == NoticeKind.HARDWARE_ERROR:
        return 4
    if begin[0] not in frozenset(ReplyKind):
        raise out_of_step(f"no CCID message from a reader has type {begin[0]:02X}")
    if len(begin) < 5:
        return None
    length = HEADER_LENGTH + int.from_bytes(begin[1:5], "little")
    if length > _MESSAGE_MAX:
        raise out_of_step("a CCID message longer than the reader's greatest")
    return length


def read(message: bytes) -> CcidReply | Notice:
    """A whole message from a reader with one slot. Raises DeviceError."""
    if message[0] == NoticeKind.SLOT_CHANGE:
        return Notice.CARD_IN if message[1] & 0x01 else Notice.CARD_OUT
    if message[0] == NoticeKind.HARDWARE_ERROR:
        return Notice.HARDWARE_ERROR
    return CcidReply.decode(message)


def _parts_of(raw: bytes) -> tuple[int, bytes, int, int, bytes]:
    if len(raw) < HEADER_LENGTH:
        raise out_of_step("a CCID message shorter than its header")
    kind, length, slot, seq, tail = _HEADER.unpack_from(raw)
    if len(raw) != HEADER_LENGTH + length:
        raise out_of_step("a CCID message whose length is not the one it says")
    return kind, raw[HEADER_LENGTH:], slot, seq, tail
