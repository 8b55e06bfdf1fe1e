"""Messages of USB/IP once a device is imported: 48 bytes of header and data (Linux, Documentation/usb/usbip_protocol).

Isochronous transfers are not spoken: no card reader has them.
"""

from __future__ import annotations

import asyncio
import enum
import struct

import msgspec

from visitbridge.errors import DeviceError

HEADER_LENGTH = 48
_TRANSFER_MAX = 1 << 20
"""More than any driver of a card reader asks for in one transfer; what is longer is a broken stream."""

_BASIC = struct.Struct(">IIIII")
_SUBMIT = struct.Struct(">IIiiI8s")
_UNLINK = struct.Struct(">I24x")
_DONE = struct.Struct(">iIiiI8x")
_UNLINKED = struct.Struct(">i24x")
_NO_ISO_PACKETS = -1
_DIRECTION_IN = 1


class Command(enum.IntEnum):
    """The first word of every message."""

    SUBMIT = 1
    UNLINK = 2
    RET_SUBMIT = 3
    RET_UNLINK = 4


class Status(enum.IntEnum):
    """How a transfer ended: a negative Linux error number."""

    OK = 0
    STALLED = -32  # EPIPE
    UNLINKED = -104  # ECONNRESET


class Submit(msgspec.Struct, frozen=True, kw_only=True):
    """USBIP_CMD_SUBMIT. ``length``: bytes to give for IN at most, bytes of ``data`` for OUT."""

    seqnum: int
    endpoint: int
    is_in: bool
    length: int
    setup: bytes = bytes(8)
    data: bytes = b""


class Unlink(msgspec.Struct, frozen=True, kw_only=True):
    """USBIP_CMD_UNLINK of the transfer ``unlinked``."""

    seqnum: int
    unlinked: int


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """USBIP_RET_SUBMIT. ``length``: bytes that were transferred; ``data`` only for IN."""

    seqnum: int
    status: Status = Status.OK
    length: int = 0
    data: bytes = b""

    def encode(self) -> bytes:
        basic = _BASIC.pack(Command.RET_SUBMIT, self.seqnum, 0, 0, 0)
        return basic + _DONE.pack(self.status, self.length, 0, _NO_ISO_PACKETS, 0) + self.data


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """USBIP_RET_UNLINK. ``status`` OK: the transfer had ended before."""

    seqnum: int
    status: Status

    def encode(self) -> bytes:
        return _BASIC.pack(Command.RET_UNLINK, self.seqnum, 0, 0, 0) + _UNLINKED.pack(self.status)


async def receive(stream: asyncio.StreamReader) -> Submit | Unlink:
    """The kernel's next message.

    Raises DeviceError for what is none, asyncio.IncompleteReadError or ConnectionError at the end of the stream.
    """
    header = await stream.readexactly(HEADER_LENGTH)
    command, seqnum, _, direction, endpoint = _BASIC.unpack_from(header)
    body = header[_BASIC.size :]
    match command:
        case Command.SUBMIT:
            _, length, _, _, _, setup = _SUBMIT.unpack(body)
            if length > _TRANSFER_MAX:
                raise DeviceError(f"a USB/IP transfer of {length} bytes")
            is_in = direction == _DIRECTION_IN
            data = b"" if is_in else await stream.readexactly(length)
            return Submit(
                seqnum=seqnum, endpoint=endpoint, is_in=is_in, length=length, setup=setup, data=data
            )
        case Command.UNLINK:
            return Unlink(seqnum=seqnum, unlinked=_UNLINK.unpack(body)[0])
        case _:
            raise DeviceError(f"no USB/IP command has number {command:#x}")
