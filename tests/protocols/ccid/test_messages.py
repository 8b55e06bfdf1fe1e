"""CCID messages byte by byte (CCID Rev. 1.1 §6), and those a bR301BLE was seen to send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import DeviceError, Retry
from visitbridge.protocols.ccid.messages import (
    CcidCommand,
    CcidReply,
    CommandKind,
    Icc,
    Outcome,
    ReplyKind,
    measure,
    read,
)
from visitbridge.protocols.reader_talk import Notice, Pieces, cut

COMMANDS = [
    ("62 00000000 00 05 000000", CcidCommand(kind=CommandKind.ICC_POWER_ON, seq=5)),
    ("62 00000000 00 06 020000", CcidCommand(kind=CommandKind.ICC_POWER_ON, seq=6, params=b"\x02\x00\x00")),
    ("63 00000000 01 FF 000000", CcidCommand(kind=CommandKind.ICC_POWER_OFF, slot=1, seq=255)),
    ("65 00000000 00 00 000000", CcidCommand(kind=CommandKind.GET_SLOT_STATUS)),
    (
        "6F 05000000 00 07 001000 00B0000000",
        CcidCommand(
            kind=CommandKind.XFR_BLOCK, seq=7, params=b"\x00\x10\x00", data=bytes.fromhex("00B0000000")
        ),
    ),
    ("6B 02000000 00 01 000000 0200", CcidCommand(kind=CommandKind.ESCAPE, seq=1, data=b"\x02\x00")),
]
REPLIES = [
    (
        "80 02000000 00 09 000000 9000",
        CcidReply(kind=ReplyKind.DATA_BLOCK, seq=9, data=b"\x90\x00"),
    ),
    (
        "80 00000000 00 01 40FE00",
        CcidReply(kind=ReplyKind.DATA_BLOCK, seq=1, outcome=Outcome.FAILED, error=0xFE),
    ),
    (
        "80 00000000 00 01 41FE00",
        CcidReply(kind=ReplyKind.DATA_BLOCK, seq=1, icc=Icc.INACTIVE, outcome=Outcome.FAILED, error=0xFE),
    ),
    (
        "80 00000000 00 02 800300",
        CcidReply(kind=ReplyKind.DATA_BLOCK, seq=2, outcome=Outcome.TIME_EXTENSION, error=3),
    ),
    ("80 00000000 00 03 000010", CcidReply(kind=ReplyKind.DATA_BLOCK, seq=3, extra=0x10)),
    ("81 00000000 00 04 020001", CcidReply(kind=ReplyKind.SLOT_STATUS, seq=4, icc=Icc.ABSENT, extra=1)),
]


@pytest.mark.parametrize(("raw", "command"), COMMANDS)
def test_commands(raw: str, command: CcidCommand) -> None:
    assert command.encode() == bytes.fromhex(raw)
    assert CcidCommand.decode(bytes.fromhex(raw)) == command


@pytest.mark.parametrize(("raw", "reply"), REPLIES)
def test_replies(raw: str, reply: CcidReply) -> None:
    assert reply.encode() == bytes.fromhex(raw)
    assert read(bytes.fromhex(raw)) == reply


@pytest.mark.parametrize(
    ("raw", "notice"),
    [("5002", Notice.CARD_OUT), ("5003", Notice.CARD_IN), ("51000700", Notice.HARDWARE_ERROR)],
)
def test_notices(raw: str, notice: Notice) -> None:
    assert measure(bytes.fromhex(raw)) == len(bytes.fromhex(raw))
    assert read(bytes.fromhex(raw)) is notice


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "80 00000000 00 00 0000",
        "80 01000000 00 00 000000",
        "80 00000000 00 00 000000 00",
        "99 00000000 00 00 000000",
        "80 00000000 00 00 030000",
        "80 00000000 00 00 C00000",
    ],
    ids=["nothing", "short header", "data missing", "too much", "type", "ICC status", "command status"],
)
def test_other_bytes_are_no_reply(raw: str) -> None:
    with pytest.raises(DeviceError) as refused:
        CcidReply.decode(bytes.fromhex(raw))
    assert refused.value.retry is Retry.UNKNOWN


@pytest.mark.parametrize("raw", ["80 00000000 00 00 000000", "62 00000000 00 00 0000"])
def test_other_bytes_are_no_command(raw: str) -> None:
    with pytest.raises(DeviceError):
        CcidCommand.decode(bytes.fromhex(raw))


@pytest.mark.parametrize(("slot", "seq", "params"), [(256, 0, 3), (0, -1, 3), (0, 0, 2)])
def test_values_that_fit_no_header_are_refused(slot: int, seq: int, params: int) -> None:
    with pytest.raises(ValueError, match="CCID header"):
        CcidCommand(kind=CommandKind.ESCAPE, slot=slot, seq=seq, params=bytes(params))


@pytest.mark.parametrize("begin", ["00", "62", "52", "80FFFFFFFF", "8006010000"])
def test_what_begins_no_message_is_refused_at_once(begin: str) -> None:
    pieces = Pieces(measure)
    with pytest.raises(DeviceError):
        pieces.feed(bytes.fromhex(begin))
    assert pieces.kept == 0


byte = st.integers(0, 0xFF)
replies = st.builds(
    CcidReply,
    kind=st.sampled_from(ReplyKind),
    data=st.binary(max_size=261),
    slot=byte,
    seq=byte,
    icc=st.sampled_from(Icc),
    outcome=st.sampled_from(Outcome),
    error=byte,
    extra=byte,
)
commands = st.builds(
    CcidCommand,
    kind=st.sampled_from(CommandKind),
    data=st.binary(max_size=300),
    slot=byte,
    seq=byte,
    params=st.binary(min_size=3, max_size=3),
)


@given(commands)
def test_a_command_goes_there_and_back(command: CcidCommand) -> None:
    assert CcidCommand.decode(command.encode()) == command


@given(st.lists(st.one_of(replies, st.sampled_from(["5002", "5003"])), max_size=5), st.integers(1, 300))
def test_replies_and_notices_are_put_together_from_pieces_of_any_size(
    sent: list[CcidReply | str], size: int
) -> None:
    stream = b"".join(item.encode() if isinstance(item, CcidReply) else bytes.fromhex(item) for item in sent)
    notices = {"5002": Notice.CARD_OUT, "5003": Notice.CARD_IN}
    pieces = Pieces(measure)
    got = [read(raw) for piece in cut(stream, size) for raw in pieces.feed(piece)]
    assert got == [item if isinstance(item, CcidReply) else notices[item] for item in sent]
    assert pieces.kept == 0
