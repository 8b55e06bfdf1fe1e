"""Dialogues with an ACR3901, message by message as the manuals print them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.protocols.reader_script import play
from visitbridge.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    DeviceError,
    ReaderUnavailable,
    Retry,
    VisitBridgeError,
)
from visitbridge.protocols.acs.frames import Code, Frame
from visitbridge.protocols.acs.talk import AcsTalk, SleepAfter
from visitbridge.protocols.reader_talk import Dialogue, xor_of

Asked = tuple[str, Frame]

CHALLENGE = bytes.fromhex("66E644BFE76C6375F27B3A88FDDC13CB")
RESPONSE = "7121002D434719E660C022133E3EC7A95FA01D52C93175977A928B1C1856B54EDD14EC3C"
PROOF = bytes.fromhex("CF3E0C15AF149DE665985F99152B160D")
ABSENT: Asked = ("65010064", Frame(Code.PRESENCE_IS, b"\x01"))
PRESENT: Asked = ("65010064", Frame(Code.PRESENCE_IS, b"\x02"))
ATR = bytes.fromhex("3BBE1100004101380000000012345678019000")


def written(frame: str) -> str:
    """A frame in hex with the checksum that the manual leaves out."""
    raw = bytes.fromhex(frame)
    return (raw + bytes((xor_of(raw),))).hex()


def refused(code: Code, error: int = 0x01) -> Frame:
    return Frame(code | 0x80, bytes((error,)))


def test_power_on_and_off() -> None:
    talk = AcsTalk()
    assert play(talk.power_on(), [("62010063", Frame(Code.POWERED_ON, ATR))]) == ATR
    play(talk.power_off(), [("63010062", Frame(Code.POWERED_OFF))])


def test_a_reset_takes_the_power_and_gives_it_again() -> None:
    script = [("63010062", Frame(Code.POWERED_OFF)), ("62010063", Frame(Code.POWERED_ON, ATR))]
    assert play(AcsTalk().reset(), script) == ATR


@pytest.mark.parametrize(("state", "is_in"), [(1, False), (2, True), (3, True)])
def test_presence(state: int, is_in: bool) -> None:
    script = [("65010064", Frame(Code.PRESENCE_IS, bytes((state,))))]
    assert play(AcsTalk().presence(), script) is is_in


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x04", b"\x01\x01"])
def test_a_reader_that_does_not_know_says_so(payload: bytes) -> None:
    with pytest.raises(ReaderUnavailable):
        play(AcsTalk().presence(), [("65010064", Frame(Code.PRESENCE_IS, payload))])


@pytest.mark.parametrize(("presence", "error"), [(ABSENT, CardAbsent), (PRESENT, CardMute)])
def test_a_failed_power_on_is_told_apart_by_presence(presence: Asked, error: type[VisitBridgeError]) -> None:
    with pytest.raises(error) as failed:
        play(AcsTalk().power_on(), [("62010063", refused(Code.POWERED_ON)), presence])
    assert failed.value.retry is Retry.LATER


def test_powering_off_a_card_that_is_gone_is_no_error() -> None:
    play(AcsTalk().power_off(), [("63010062", refused(Code.POWERED_OFF)), ABSENT])


def test_powering_off_may_fail() -> None:
    with pytest.raises(DeviceError):
        play(AcsTalk().power_off(), [("63010062", refused(Code.POWERED_OFF)), PRESENT])


def test_a_short_command() -> None:
    script = [("6F0600808400000865", Frame(Code.APDU_DONE, bytes.fromhex("C17A3BAAD65AFACE9000")))]
    assert play(AcsTalk().transmit(bytes.fromhex("8084000008")), script) == bytes.fromhex(
        "C17A3BAAD65AFACE9000"
    )


@pytest.mark.parametrize(("presence", "error"), [(ABSENT, CardRemoved), (PRESENT, DeviceError)])
def test_a_failed_command_leaves_doubt(presence: Asked, error: type[VisitBridgeError]) -> None:
    with pytest.raises(error) as failed:
        play(
            AcsTalk().transmit(bytes.fromhex("8084000008")),
            [("6F0600808400000865", refused(Code.APDU_DONE)), presence],
        )
    assert type(failed.value) is error
    assert failed.value.retry is Retry.UNKNOWN


def test_600_bytes_go_to_the_card_as_the_manual_prints_it() -> None:
    apdu = bytes.fromhex("00D6000000024F") + bytes(index % 251 for index in range(593))
    more = Frame(Code.APDU_EXTENDED_DONE, b"\x10")
    script = [
        (written("67070101" + apdu[:261].hex()), more),
        (written("67070103" + apdu[261:522].hex()), more),
        (written("67500002" + apdu[522:].hex()), Frame(Code.APDU_EXTENDED_DONE, b"\x00\x90\x00")),
    ]
    assert play(AcsTalk().transmit(apdu), script) == b"\x90\x00"


def test_600_bytes_come_from_the_card_as_the_manual_prints_it() -> None:
    answer = bytes(index % 251 for index in range(600)) + b"\x90\x00"
    script = [
        (written("6709000000B08700000258"), Frame(Code.APDU_EXTENDED_DONE, b"\x01" + answer[:256])),
        (written("67020010"), Frame(Code.APDU_EXTENDED_DONE, b"\x03" + answer[256:512])),
        (written("67020010"), Frame(Code.APDU_EXTENDED_DONE, b"\x02" + answer[512:])),
    ]
    assert play(AcsTalk().transmit(bytes.fromhex("00B08700000258")), script) == answer


@pytest.mark.parametrize("part", [b"", b"\x02", b"\x03", b"\x10", b"\x55"])
def test_an_extended_answer_must_begin_at_its_beginning(part: bytes) -> None:
    script = [(written("6709000000B08700000258"), Frame(Code.APDU_EXTENDED_DONE, part))]
    with pytest.raises(DeviceError) as failed:
        play(AcsTalk().transmit(bytes.fromhex("00B08700000258")), script)
    assert failed.value.retry is Retry.UNKNOWN


def test_authentication_then_encryption() -> None:
    talk = AcsTalk(random=lambda length: bytes(range(0x10, 0x10 + length)))
    play(
        talk.authenticate(),
        [
            ("70010071", Frame(Code.AUTHENTICATED_1, CHALLENGE)),
            (RESPONSE, Frame(Code.AUTHENTICATED_2, PROOF)),
        ],
    )
    power_on = talk.power_on()
    assert next(power_on).message == bytes.fromhex("72110090AED8F732D5F72CDE934B8AE3EE757AC0")
    with pytest.raises(DeviceError, match="not encrypted"):
        power_on.send(Frame(Code.POWERED_ON, ATR))


@pytest.mark.parametrize(
    "replies",
    [
        [refused(Code.AUTHENTICATED_1)],
        [Frame(Code.AUTHENTICATED_2, CHALLENGE)],
        [Frame(Code.AUTHENTICATED_1, CHALLENGE), refused(Code.AUTHENTICATED_2)],
        [Frame(Code.AUTHENTICATED_1, CHALLENGE), Frame(Code.AUTHENTICATED_2, CHALLENGE)],
    ],
    ids=["refused at once", "wrong step", "response refused", "wrong proof"],
)
def test_authentication_that_fails(replies: list[Frame]) -> None:
    talk = AcsTalk(random=lambda length: bytes(range(0x10, 0x10 + length)))
    with pytest.raises(DeviceError):
        play(talk.authenticate(), list(zip(("70010071", RESPONSE), replies, strict=False)))


ESCAPES: list[tuple[Callable[[AcsTalk], Dialogue[Frame, object]], str, str, object]] = [
    (AcsTalk.serial, "6B03000200", "820AFFFFFFFFFFFFFFFFFFFF", b"\xff" * 10),
    (AcsTalk.firmware, "6B03000400", "840856362E30302E3030", "V6.00.00"),
    (lambda talk: talk.sleep_after(SleepAfter.S90), "6B04000D0101", "8D0100", None),
]


@pytest.mark.parametrize(
    ("ask", "request_", "answer", "result"), ESCAPES, ids=["serial", "firmware", "sleep"]
)
def test_escapes_printed_in_the_manual(
    ask: Callable[[AcsTalk], Dialogue[Frame, object]], request_: str, answer: str, result: object
) -> None:
    script = [(written(request_), Frame(Code.ESCAPE_DONE, bytes.fromhex(answer)))]
    assert play(ask(AcsTalk()), script) == result


@pytest.mark.parametrize("answer", ["", "82", "8402", "820301", "82010102", "0200"])
def test_an_answer_to_another_escape_is_refused(answer: str) -> None:
    with pytest.raises(DeviceError):
        play(AcsTalk().serial(), [(written("6B03000200"), Frame(Code.ESCAPE_DONE, bytes.fromhex(answer)))])


def test_the_sleep_option_may_be_refused() -> None:
    script = [(written("6B04000D0104"), Frame(Code.ESCAPE_DONE, b"\x8d\x01\x01"))]
    with pytest.raises(DeviceError) as failed:
        play(AcsTalk().sleep_after(SleepAfter.NEVER), script)
    assert failed.value.retry is Retry.NEVER


REWRITE = "6B23000720F19FD2D2BA1C22E16DC1FE1B4B43D53027E7DABEA61E4BCD29F69B3625058E41"
NEW_KEY = bytes.fromhex("1122334455667788" * 2)


def test_the_master_key_is_rotated_as_the_manual_prints_it() -> None:
    talk = AcsTalk(random=bytes)
    script = [
        (written("6B03000F00"), Frame(Code.ESCAPE_DONE, b"\x8f\x10" + b"\x11" * 16)),
        (written(REWRITE), Frame(Code.ESCAPE_DONE, b"\x87\x01\x00")),
    ]
    play(talk.rotate_master_key(NEW_KEY), script)
    with pytest.raises(DeviceError) as stranger:
        play(
            talk.authenticate(),
            [
                ("70010071", Frame(Code.AUTHENTICATED_1, bytes(16))),
                (response_with(NEW_KEY), Frame(Code.AUTHENTICATED_2, bytes(16))),
            ],
        )
    assert stranger.value.retry is Retry.NEVER


def test_a_refused_rotation_leaves_the_old_key() -> None:
    talk = AcsTalk(random=bytes)
    script = [
        (written("6B03000F00"), Frame(Code.ESCAPE_DONE, b"\x8f\x10" + b"\x11" * 16)),
        (written(REWRITE), Frame(Code.ESCAPE_DONE, b"\x87\x01\x01")),
    ]
    with pytest.raises(DeviceError):
        play(talk.rotate_master_key(NEW_KEY), script)
    dialogue = talk.authenticate()
    next(dialogue)
    turn = dialogue.send(Frame(Code.AUTHENTICATED_1, bytes(16)))
    assert turn.message == bytes.fromhex(response_with(b"\xff" * 16))


def response_with(key: bytes) -> str:
    """The host's response to a challenge of zeros, when its own random number is zeros too."""
    own = decrypt_alone(key, bytes(16))
    return written("712100" + (own + decrypt_alone(key, own)).hex())


def decrypt_alone(key: bytes, block: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(block) + decryptor.finalize()
