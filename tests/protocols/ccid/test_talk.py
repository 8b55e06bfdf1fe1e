"""Dialogues with a CCID slot: numbering, strays, time extension, chaining, and what failures mean."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.reader_script import play
from visitbridge.errors import CardAbsent, CardMute, CardRemoved, DeviceError, Retry, VisitBridgeError
from visitbridge.protocols.ccid.messages import CcidCommand, CcidReply, Icc, Outcome, ReplyKind
from visitbridge.protocols.ccid.talk import CcidTalk
from visitbridge.protocols.reader_talk import Dialogue, Turn

ATR = bytes.fromhex("3B6900004943432D4E48492030")
APDU = bytes.fromhex("00A4040000")
POWER_ON = "62 00000000 00 {:02X} {:02X}0000"
TRANSFER = "6F 05000000 00 01 000000 00A4040000"


def block(seq: int, data: bytes = b"", *, chain: int = 0) -> CcidReply:
    return CcidReply(kind=ReplyKind.DATA_BLOCK, seq=seq, data=data, extra=chain)


def failure(
    seq: int, error: int, *, icc: Icc = Icc.ACTIVE, kind: ReplyKind = ReplyKind.DATA_BLOCK
) -> CcidReply:
    return CcidReply(kind=kind, seq=seq, icc=icc, outcome=Outcome.FAILED, error=error)


def test_power_on_gives_the_atr() -> None:
    assert play(CcidTalk().power_on(), [(POWER_ON.format(1, 0), block(1, ATR))]) == ATR


def test_a_reset_leaves_the_power_on() -> None:
    assert play(CcidTalk().reset(), [(POWER_ON.format(1, 0), block(1, ATR))]) == ATR


@pytest.mark.parametrize("error", [0xFE, 0xFD, 0xF8, 0xF7], ids=["mute", "parity", "TS", "TCK"])
def test_a_card_without_a_clean_answer_to_reset_is_tried_with_every_voltage(error: int) -> None:
    """A dirty chip is the card's trouble, not the connection's (CCID Rev. 1.1, table 6.2-2)."""
    tries = [(POWER_ON.format(1 + power, power), failure(1 + power, error)) for power in range(4)]
    with pytest.raises(CardMute) as mute:
        play(CcidTalk().power_on(), tries)
    assert mute.value.retry is Retry.LATER
    assert play(CcidTalk().power_on(), [*tries[:2], (POWER_ON.format(3, 2), block(3, ATR))]) == ATR


@pytest.mark.parametrize("kind", [ReplyKind.DATA_BLOCK, ReplyKind.SLOT_STATUS])
def test_power_on_of_an_empty_slot(kind: ReplyKind) -> None:
    with pytest.raises(CardAbsent):
        play(CcidTalk().power_on(), [(POWER_ON.format(1, 0), failure(1, 0xFE, icc=Icc.ABSENT, kind=kind))])


def test_power_on_that_fails_otherwise_is_not_repeated() -> None:
    with pytest.raises(DeviceError):
        play(CcidTalk().power_on(), [(POWER_ON.format(1, 0), failure(1, 0xFB))])


@pytest.mark.parametrize(
    ("icc", "outcome", "is_in"),
    [
        (Icc.ACTIVE, Outcome.OK, True),
        (Icc.INACTIVE, Outcome.OK, True),
        (Icc.ABSENT, Outcome.OK, False),
        (Icc.ABSENT, Outcome.FAILED, False),
    ],
)
def test_presence(icc: Icc, outcome: Outcome, is_in: bool) -> None:
    reply = CcidReply(kind=ReplyKind.SLOT_STATUS, seq=1, icc=icc, outcome=outcome, error=0xFE)
    assert play(CcidTalk().presence(), [("65 00000000 00 01 000000", reply)]) is is_in


def test_powering_off_a_card_that_is_gone_is_no_error() -> None:
    gone = failure(1, 0xFE, icc=Icc.ABSENT, kind=ReplyKind.SLOT_STATUS)
    play(CcidTalk().power_off(), [("63 00000000 00 01 000000", gone)])


def test_powering_off_may_fail() -> None:
    with pytest.raises(DeviceError):
        play(
            CcidTalk().power_off(),
            [("63 00000000 00 01 000000", failure(1, 0xFB, kind=ReplyKind.SLOT_STATUS))],
        )


def test_late_and_repeated_replies_are_dropped() -> None:
    strays = [block(0, b"\x6a\x82"), block(2, b"\x6a\x82"), CcidReply(kind=ReplyKind.SLOT_STATUS, seq=1)]
    script = [(TRANSFER, strays[0]), *[("", stray) for stray in strays[1:]], ("", block(1, b"\x90\x00"))]
    assert play(CcidTalk().transmit(APDU), script) == b"\x90\x00"


def test_a_reader_that_keeps_answering_something_else_is_given_up() -> None:
    script = [(TRANSFER, block(0)), *[("", block(0))] * 10]
    with pytest.raises(DeviceError) as lost:
        play(CcidTalk().transmit(APDU), script)
    assert lost.value.retry is Retry.UNKNOWN


@pytest.mark.parametrize(("factor", "patience"), [(0, 1), (1, 1), (7, 7), (255, 255)])
def test_a_time_extension_is_granted_without_sending_again(factor: int, patience: int) -> None:
    dialogue = CcidTalk().transmit(APDU)
    next(dialogue)
    asked = CcidReply(kind=ReplyKind.DATA_BLOCK, seq=1, outcome=Outcome.TIME_EXTENSION, error=factor)
    assert dialogue.send(asked) == Turn(patience=patience)
    with pytest.raises(StopIteration) as done:
        dialogue.send(block(1, b"\x90\x00"))
    assert done.value.value == b"\x90\x00"


@pytest.mark.parametrize(
    ("reply", "error", "retry"),
    [
        (failure(1, 0xFE, icc=Icc.ABSENT), CardRemoved, Retry.UNKNOWN),
        (failure(1, 0xFE), CardMute, Retry.UNKNOWN),
        (failure(1, 0xE0), DeviceError, Retry.LATER),
        (failure(1, 0x07), DeviceError, Retry.NEVER),
        (failure(1, 0xFD), DeviceError, Retry.UNKNOWN),
        (failure(1, 0xFB), DeviceError, Retry.UNKNOWN),
    ],
)
def test_what_a_failed_command_means(reply: CcidReply, error: type[VisitBridgeError], retry: Retry) -> None:
    with pytest.raises(error) as failed:
        play(CcidTalk().transmit(APDU), [(TRANSFER, reply)])
    assert (type(failed.value), failed.value.retry) == (error, retry)


def test_600_bytes_go_to_the_card_in_blocks() -> None:
    apdu = bytes(index % 251 for index in range(600))
    script = [
        ("6F 05010000 00 01 000100" + apdu[:261].hex(), block(1, chain=0x10)),
        ("6F 05010000 00 02 000300" + apdu[261:522].hex(), block(2, chain=0x10)),
        ("6F 4E000000 00 03 000200" + apdu[522:].hex(), block(3, b"\x90\x00")),
    ]
    assert play(CcidTalk().transmit(apdu), script) == b"\x90\x00"


def test_600_bytes_come_from_the_card_in_blocks() -> None:
    answer = bytes(index % 251 for index in range(602))
    script = [
        (TRANSFER, block(1, answer[:261], chain=1)),
        ("6F 00000000 00 02 001000", block(2, answer[261:522], chain=3)),
        ("6F 00000000 00 03 001000", block(3, answer[522:], chain=2)),
    ]
    assert play(CcidTalk().transmit(APDU), script) == answer


@pytest.mark.parametrize(
    "chains",
    [[2], [3], [0x10], [9], [1, 0], [1, 1], [1, 3, 1]],
    ids=lambda chains: "-".join(map(str, chains)),
)
def test_blocks_that_do_not_fit_together_leave_doubt(chains: list[int]) -> None:
    more = "6F 00000000 00 {:02X} 001000"
    script = [
        (TRANSFER if seq == 1 else more.format(seq), block(seq, b"\x00", chain=chain))
        for seq, chain in enumerate(chains, 1)
    ]
    with pytest.raises(DeviceError) as failed:
        play(CcidTalk().transmit(APDU), script)
    assert failed.value.retry is Retry.UNKNOWN


def test_an_answer_without_end_ends() -> None:
    more = [
        (f"6F 00000000 00 {seq & 0xFF:02X} 001000", block(seq & 0xFF, bytes(261), chain=3))
        for seq in range(2, 300)
    ]
    with pytest.raises(DeviceError, match="do not fit together"):
        play(CcidTalk().transmit(APDU), [(TRANSFER, block(1, bytes(261), chain=1)), *more])


@pytest.mark.parametrize("early", [block(1, b"\x90\x00"), block(1), block(1, b"\x90", chain=0x10)])
def test_a_reader_that_answers_too_early_leaves_doubt(early: CcidReply) -> None:
    dialogue = CcidTalk().transmit(bytes(300))
    next(dialogue)
    with pytest.raises(DeviceError) as failed:
        dialogue.send(early)
    assert failed.value.retry is Retry.UNKNOWN


def test_an_escape() -> None:
    reply = CcidReply(kind=ReplyKind.ESCAPE, seq=1, data=b"\x82\x00")
    assert play(CcidTalk().escape(b"\x02\x00"), [("6B 02000000 00 01 000000 0200", reply)]) == b"\x82\x00"


def test_an_escape_may_be_unknown_to_the_reader() -> None:
    with pytest.raises(DeviceError) as failed:
        play(
            CcidTalk().escape(b"\x02"),
            [("6B 01000000 00 01 000000 02", failure(1, 0, kind=ReplyKind.ESCAPE))],
        )
    assert failed.value.retry is Retry.NEVER


def test_numbers_go_round() -> None:
    talk = CcidTalk()
    for seq in [*range(1, 256), 0, 1]:
        play(talk.power_off(), [(f"63 00000000 00 {seq:02X} 000000", slot_status(seq))])


def slot_status(seq: int) -> CcidReply:
    return CcidReply(kind=ReplyKind.SLOT_STATUS, seq=seq, icc=Icc.INACTIVE)


DIALOGUES: list[Callable[[CcidTalk], Dialogue[CcidReply, object]]] = [
    CcidTalk.power_on,
    CcidTalk.power_off,
    CcidTalk.reset,
    CcidTalk.presence,
    lambda talk: talk.transmit(bytes(600)),
    lambda talk: talk.escape(b"\x01"),
]


@given(
    st.sampled_from(DIALOGUES),
    st.lists(
        st.builds(
            CcidReply,
            kind=st.sampled_from(ReplyKind),
            data=st.binary(max_size=3),
            seq=st.integers(0, 4),
            icc=st.sampled_from(Icc),
            outcome=st.sampled_from(Outcome),
            error=st.integers(0, 255),
            extra=st.sampled_from([0, 1, 2, 3, 0x10, 0x55]),
        ),
        max_size=40,
    ),
)
def test_any_replies_end_in_a_result_or_a_typed_error(
    begin: Callable[[CcidTalk], Dialogue[CcidReply, object]], replies: list[CcidReply]
) -> None:
    dialogue = begin(CcidTalk())
    turns = [next(dialogue)]
    with contextlib.suppress(VisitBridgeError):
        turns.extend(map(dialogue.send, replies))
    commands = [CcidCommand.decode(turn.message) for turn in turns if turn.message]
    assert [command.seq for command in commands] == list(range(1, len(commands) + 1))
