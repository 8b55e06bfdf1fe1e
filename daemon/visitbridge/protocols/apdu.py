"""Command and response APDUs, ISO/IEC 7816-3 §12.1 and ISO/IEC 7816-4 §5: cases 1 to 4, short and extended."""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

import msgspec

from visitbridge.errors import CardError

SHORT_LE_MAX = 256
EXTENDED_LE_MAX = 65536


class StatusWord(enum.IntEnum):
    """Status words by name (ISO/IEC 7816-4 §5.6); cards may answer others."""

    OK = 0x9000
    WARNING_UNCHANGED = 0x6200
    WARNING_CHANGED = 0x6300
    EXECUTION_ERROR = 0x6400
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    SECURITY_NOT_SATISFIED = 0x6982
    AUTHENTICATION_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    SECURE_MESSAGING_INCORRECT = 0x6988
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    MEMORY_FULL = 0x6A84
    WRONG_P1_P2 = 0x6A86
    DATA_NOT_FOUND = 0x6A88
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00


def pin_tries_left(status: int) -> int | None:
    """Tries left after a failed VERIFY: ``63Cx`` gives x, ``6983`` gives 0, other words None."""
    if status & 0xFFF0 == 0x63C0:
        return status & 0x000F
    return 0 if status == StatusWord.AUTHENTICATION_BLOCKED else None


class Command(msgspec.Struct, frozen=True):
    """One command APDU.

    ``le``: greatest length of the answer's data in bytes (1 to 65536), None when no data is asked for.
    ``extended`` forces extended length fields; they are also used where short ones cannot say it.
    Raises ValueError when a value does not fit its field.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    extended: bool = False

    def __post_init__(self) -> None:
        if (self.cla | self.ins | self.p1 | self.p2) & ~0xFF:
            raise ValueError("a header field of a command APDU is one byte")
        if len(self.data) > 0xFFFF:
            raise ValueError("a command APDU carries at most 65535 bytes")
        if self.le is not None and not 1 <= self.le <= EXTENDED_LE_MAX:
            raise ValueError("Le is 1 to 65536, or None")

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def needs_extended(self) -> bool:
        return self.extended or len(self.data) > 0xFF or (self.le or 0) > SHORT_LE_MAX

    def encode(self) -> bytes:
        """The bytes that go to the card."""
        if not self.needs_extended:
            lc = bytes((len(self.data),)) + self.data if self.data else b""
            le = b"" if self.le is None else bytes((self.le & 0xFF,))
            return self.header + lc + le
        le = b"" if self.le is None else struct.pack(">H", self.le & 0xFFFF)
        if self.data:
            return self.header + b"\x00" + struct.pack(">H", len(self.data)) + self.data + le
        return self.header + (b"\x00" + le if le else b"")

    @classmethod
    def decode(cls, raw: bytes) -> Command:
        """Inverse of :meth:`encode`, by the length rules of ISO/IEC 7816-3 §12.1.3.

        Raises CardError (``GW-CRD-00``) for bytes that are no command APDU.
        """
        lengths = Lengths.of(raw)
        cla, ins, p1, p2 = raw[:4]
        data = raw[lengths.data_at : lengths.data_at + lengths.lc]
        return cls(cla, ins, p1, p2, data, lengths.le, lengths.extended)


class Lengths(NamedTuple):
    """What the length fields of a command APDU say: ``lc`` bytes of data from offset ``data_at``, ``le`` as in Command."""

    data_at: int
    lc: int
    le: int | None
    extended: bool

    @classmethod
    def of(cls, raw: bytes) -> Lengths:
        """By the rules of ISO/IEC 7816-3 §12.1.3. Raises CardError (``GW-CRD-00``) for bytes that are no command APDU."""
        count = len(raw) - 4
        if count < 0:
            raise CardError("command APDU shorter than its header")
        if count == 0:
            return cls(4, 0, None, False)
        if count == 1:
            return cls(4, 0, raw[4] or SHORT_LE_MAX, False)
        if lc := raw[4]:
            if count == 1 + lc:
                return cls(5, lc, None, False)
            if count == 2 + lc:
                return cls(5, lc, raw[-1] or SHORT_LE_MAX, False)
            raise CardError("command APDU length does not match Lc")
        if count == 3:
            return cls(4, 0, int.from_bytes(raw[5:], "big") or EXTENDED_LE_MAX, True)
        lc = int.from_bytes(raw[5:7], "big") if count > 3 else 0
        if lc and count == 3 + lc:
            return cls(7, lc, None, True)
        if lc and count == 5 + lc:
            return cls(7, lc, int.from_bytes(raw[-2:], "big") or EXTENDED_LE_MAX, True)
        raise CardError("command APDU length does not match extended Lc")


class Response(msgspec.Struct, frozen=True):
    """One response APDU: data and status word."""

    data: bytes
    sw: int

    @property
    def is_ok(self) -> bool:
        return self.sw == StatusWord.OK

    @property
    def sw_hex(self) -> str:
        """Status word as 4 upper-case hex digits, the form used in scripts and words."""
        return f"{self.sw:04X}"

    def encode(self) -> bytes:
        return self.data + struct.pack(">H", self.sw)

    @classmethod
    def decode(cls, raw: bytes) -> Response:
        """Raises CardError (``GW-CRD-00``) when there is no status word."""
        if len(raw) < 2:
            raise CardError("response APDU without status word")
        return cls(bytes(raw[:-2]), int.from_bytes(raw[-2:], "big"))
