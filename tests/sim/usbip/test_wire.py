"""USB/IP's messages, held to the bytes that the kernel's documentation prints of a wire (usbip_protocol, EXAMPLE)."""

from __future__ import annotations

import asyncio

import pytest

from visitbridge.errors import DeviceError
from visitbridge.sim.usbip.wire import Done, Status, Submit, Unlink, Unlinked, receive

INTERRUPT_IN = bytes.fromhex(
    "00000001 00000d05 0001000f 00000001 00000001 00000200"
    "00000040 ffffffff 00000000 00000004 00000000 00000000"
)
WRITTEN = bytes.fromhex("ffffffff860008a784ce5ae212376300") + bytes(48)
INTERRUPT_OUT = (
    bytes.fromhex(
        "00000001 00000d06 0001000f 00000000 00000001 00000000"
        "00000040 ffffffff 00000000 00000004 00000000 00000000"
    )
    + WRITTEN
)
# The documentation's table wants -1 in number_of_packets, its capture has that in start_frame; the kernel looks at
# neither unless a transfer is isochronous. The answers here are the captured ones with these two as in the table.
RET_INTERRUPT_OUT = bytes.fromhex(
    "00000003 00000d06 00000000 00000000 00000000 00000000"
    "00000040 00000000 ffffffff 00000000 00000000 00000000"
)
READ = bytes.fromhex("ffffffff860011a784ce5ae2123763612891b1020100000400000000") + bytes(36)
RET_INTERRUPT_IN = (
    bytes.fromhex(
        "00000003 00000d05 00000000 00000000 00000000 00000000"
        "00000040 00000000 ffffffff 00000000 00000000 00000000"
    )
    + READ
)
UNLINK = bytes.fromhex("00000002 00000d07 0001000f 00000000 00000000 00000d05") + bytes(24)


async def read(raw: bytes) -> Submit | Unlink:
    stream = asyncio.StreamReader()
    stream.feed_data(raw)
    stream.feed_eof()
    return await receive(stream)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (INTERRUPT_IN, Submit(seqnum=0xD05, endpoint=1, is_in=True, length=64)),
        (INTERRUPT_OUT, Submit(seqnum=0xD06, endpoint=1, is_in=False, length=64, data=WRITTEN)),
        (UNLINK, Unlink(seqnum=0xD07, unlinked=0xD05)),
    ],
    ids=["IN", "OUT", "unlink"],
)
async def test_the_kernels_messages_are_read(raw: bytes, message: Submit | Unlink) -> None:
    assert await read(raw) == message


@pytest.mark.parametrize(
    ("message", "raw"),
    [
        (Done(seqnum=0xD06, length=64), RET_INTERRUPT_OUT),
        (Done(seqnum=0xD05, length=64, data=READ), RET_INTERRUPT_IN),
        (
            Done(seqnum=0xD05, status=Status.STALLED),
            bytes.fromhex("00000003 00000d05 00000000 00000000 00000000 ffffffe0 00000000 00000000 ffffffff")
            + bytes(12),
        ),
        (
            Unlinked(seqnum=0xD07, status=Status.UNLINKED),
            bytes.fromhex("00000004 00000d07 00000000 00000000 00000000 ffffff98") + bytes(24),
        ),
        (
            Unlinked(seqnum=0xD07, status=Status.OK),
            bytes.fromhex("00000004 00000d07 00000000 00000000 00000000 00000000") + bytes(24),
        ),
    ],
    ids=["OUT", "IN", "stalled", "unlinked", "too late to unlink"],
)
def test_answers_are_written_as_documented(message: Done | Unlinked, raw: bytes) -> None:
    assert message.encode() == raw


@pytest.mark.parametrize(
    "raw",
    [b"\x00\x00\x00\x05" + INTERRUPT_IN[4:], INTERRUPT_IN[:24] + b"\x7f\xff\xff\xff" + INTERRUPT_IN[28:]],
    ids=["unknown command", "longer than any transfer"],
)
async def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(DeviceError):
        await read(raw)


@pytest.mark.parametrize("raw", [b"", INTERRUPT_IN[:-1], INTERRUPT_OUT[:-1]])
async def test_a_stream_that_ends_says_so(raw: bytes) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read(raw)
