"""Frames of the ACR3901 family over Bluetooth: code, length (little-endian), payload, checksum.

Source: ACR3901T-W1 Reference Manual V1.02 and ACR3901U-S1 Reference Manual V1.09, §6.1, word for word parallel.
"""

from __future__ import annotations

import enum

import msgspec

from visitbridge.protocols.reader_talk import Notice, out_of_step, xor_of

BLOCK_MAX = 261
"""APDU bytes of one block of an extended exchange (§6.1.4.6)."""

# Encrypted: chain parameter, a block and its frame, filled up to AES blocks, and a checksum.
_LENGTH_MAX = 17 * 16 + 1
_OVERHEAD = 4


class Code(enum.IntEnum):
    """First byte of a frame: what the host asks, and what the reader answers when all is well (+ 80h when not)."""

    SET_PARAMETERS = 0x61
    POWER_ON = 0x62
    POWER_OFF = 0x63
    PRESENCE = 0x65
    APDU_EXTENDED = 0x67
    ESCAPE = 0x6B
    APDU = 0x6F
    AUTHENTICATE_1 = 0x70
    AUTHENTICATE_2 = 0x71
    ENCRYPTED = 0x72

    APDU_DONE = 0x11
    POWERED_ON = 0x12
    POWERED_OFF = 0x13
    PRESENCE_IS = 0x14
    ESCAPE_DONE = 0x15
    PARAMETERS_SET = 0x16
    APDU_EXTENDED_DONE = 0x17
    AUTHENTICATED_1 = 0x20
    AUTHENTICATED_2 = 0x21
    ENCRYPTED_REPLY = 0x22


FAILED = 0x80
"""Added to the code of a reply that is an error; the payload is one error code, whose list is not public."""


class Frame(msgspec.Struct, frozen=True):
    """One frame. ``code``: a :class:`Code`, in a failure's reply with ``FAILED`` added."""

    code: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Raises ValueError for a payload that no frame takes."""
        if len(self.payload) + 1 > _LENGTH_MAX:
            raise ValueError("a frame's payload is too long")
        body = bytes((self.code,)) + (len(self.payload) + 1).to_bytes(2, "little") + self.payload
        return body + bytes((xor_of(body),))

    @classmethod
    def decode(cls, raw: bytes) -> Frame:
        """Inverse of :meth:`encode`. Raises DeviceError for a wrong length or checksum."""
        if len(raw) < _OVERHEAD or len(raw) != measure(raw):
            raise out_of_step("a frame whose length is not the one it says")
        if xor_of(raw):
            raise out_of_step("a frame with a wrong checksum")
        return cls(raw[0], raw[3:-1])


def measure(begin: bytes) -> int | None:
    """How long the frame is that begins so; for ``reader_talk.Pieces``. Raises DeviceError for impossible lengths."""
    if len(begin) < 3:
        return None
    length = int.from_bytes(begin[1:3], "little")
    if not 1 <= length <= _LENGTH_MAX:
        raise out_of_step("a frame of impossible length")
    return 3 + length


class Battery(enum.Enum):
    """The reader's own battery, in the steps it tells (§6.1.2); it has no percentage."""

    SUFFICIENT = "sufficient"
    LOW = "low"
    EMPTY = "empty"
    USB_POWER = "usb_power"


def read_battery(value: bytes) -> Battery:
    """The battery characteristic, one byte. Raises DeviceError for another length."""
    if len(value) != 1:
        raise out_of_step("a battery level of another length than one byte")
    return {0x00: Battery.EMPTY, 0xFE: Battery.SUFFICIENT, 0xFF: Battery.USB_POWER}.get(value[0], Battery.LOW)


_NOTICES = {b"\x50\x02": Notice.CARD_OUT, b"\x50\x03": Notice.CARD_IN, b"\x50\x04": Notice.SLEEPING}


def read_notice(value: bytes) -> Notice:
    """What comes through the status pipe (§6.1.2), never encrypted. Raises DeviceError for anything else."""
    notice = _NOTICES.get(value)
    if notice is None:
        raise out_of_step("an unknown notice on the status pipe")
    return notice
