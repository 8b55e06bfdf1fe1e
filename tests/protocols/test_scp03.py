"""protocols/scp03.py against published vectors.

AES-CMAC: NIST SP 800-38B, appendix D.1 (AES-128). Channel: sessions recorded with real cards, as published in the
tests of osmocom pySim (``SCP03_Test_AES128_11``, ``_03``, ``_33``) and, for the session keys, a session with an NXP P71
published as a GlobalPlatformPro trace.
"""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response
from visitbridge.protocols.nhi.testkeys import StaticKeys
from visitbridge.protocols.scp03 import (
    CardChannel,
    HostChannel,
    InitializeUpdate,
    SecurityLevel,
    initialize_update,
)
from visitbridge.protocols.scp03_keys import card_challenge, cmac, derive

SP800_38B_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
SP800_38B_MESSAGE = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_cmac_examples_of_sp800_38b(length: int, expected: str) -> None:
    message = bytes.fromhex(SP800_38B_MESSAGE)[:length]

    assert cmac(bytes.fromhex(SP800_38B_KEY), message).hex() == expected


P71_KEY = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
P71_CONTEXT = bytes.fromhex("FE0530CF61BAA9F3" + "83FA042C5C10F778")


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (0x04, "7392646744DF8721131C4A995A845BAE"),
        (0x06, "CD9F750E543E0CF862B0EA73E3812113"),
        (0x07, "D1B695D89DE01992B6CB238BDFB006D9"),
    ],
)
def test_session_keys_of_a_recorded_session(constant: int, expected: str) -> None:
    assert derive(P71_KEY, constant, 128, P71_CONTEXT) == bytes.fromhex(expected)


@pytest.mark.parametrize(("constant", "expected"), [(0x00, "148C0CAF84B0E110"), (0x01, "7B54E3B21E27DA5F")])
def test_cryptograms_of_a_recorded_session(constant: int, expected: str) -> None:
    session_mac = bytes.fromhex("CD9F750E543E0CF862B0EA73E3812113")

    assert derive(session_mac, constant, 64, P71_CONTEXT) == bytes.fromhex(expected)


def test_pseudo_random_card_challenge_of_a_recorded_session() -> None:
    isd = bytes.fromhex("A000000151000000")

    assert card_challenge(P71_KEY, 2, isd) == bytes.fromhex("83FA042C5C10F778")


KEYS = StaticKeys(
    enc=bytes.fromhex("000102030405060708090a0b0c0d0e0f"),
    mac=bytes.fromhex("101112131415161718191a1b1c1d1e1f"),
)
PLAIN_COMMANDS = (
    "80E2910006BF3E035C015A00",
    "80F22002",
    "80ca006600",
    "80F220020a4f0212345c054f9f70c5",
    "80f28002024f0000",
)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    level: SecurityLevel
    initialize_update: str
    update_answer: str
    external_authenticate: str
    commands: tuple[str, ...]
    first_answer: str


RECORDINGS = [
    pytest.param(
        Recording(
            level=SecurityLevel.C_MAC | SecurityLevel.R_MAC,
            initialize_update="8050300008b13e5f938fc108c400",
            update_answer="000000000000000000003003703eb51047495b249f66c484c1d2ef1948000002",
            external_authenticate="84821100107d5f5826a993ebc89eea24957fa0b3ce",
            commands=(
                "84e291000ebf3e035c015a558d036518a2829700",
                "84f220020863a63f8959827fb2",
                "84ca006608a0c6a4a74166f7ce00",
                "84f22002124f0212345c054f9f70c52249b50272656536",
                "84f280020a4f00e91443f6dce6b8ed00",
            ),
            first_answer="bf3e125a1089882119900000000000000000000005971be68992dbbdfa",
        ),
        id="level 11",
    ),
    pytest.param(
        Recording(
            level=SecurityLevel.C_MAC | SecurityLevel.C_ENCRYPTION,
            initialize_update="80503000088e1552d0513c60f300",
            update_answer="0000000000000000000030037030760cd2c47c1dd395065fe5ead8a9d7000001",
            external_authenticate="8482030010fd4721a14d9b07003c451d2f8ae6bb21",
            commands=(
                "84e2910018ca9c00f6713d79bc8baa642bdff51c3f6a4082d3bd9ad26c00",
                "84f2200208c9811b11f1264cf1",
                "84ca006608e10ab60b3054798800",
                "84f22002184e2908bdb48b2315a55482e9e936ca122d6ecfae7d17416e",
                "84f28002180dd10a6b6193e5340b9e77d32d5a179cd710ac2773aefb2800",
            ),
            first_answer="bf3e125a1089882119900000000000000000000005",
        ),
        id="level 03",
    ),
    pytest.param(
        Recording(
            level=SecurityLevel.FULL,
            initialize_update="8050300008fdf38259a1e0de4400",
            update_answer="000000000000000000003003703b1aca81e821f219081cdc01c26b372d000003",
            external_authenticate="84823300108c36f96bcc00724a4e13ad591d7da3f0",
            commands=(
                "84e2910018267a85dfe4a98fca6fb0527e0dfecce4914e40401433c87f00",
                "84f2200208ac6a59024bed84cc",
                "84ca006608409912ad8fb7aed000",
                "84f22002185f3dafc3ac14c381536a488bf44e06d056df9d74dbd21e5a",
                "84f280021865165105be3373347d0424d4400af2ac393f569ec779389e00",
            ),
            first_answer="f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb2e68f8a0144975b9",
        ),
        id="level 33",
    ),
]


def _open_host(recording: Recording) -> HostChannel:
    host_challenge = bytes.fromhex(recording.initialize_update)[5:13]
    update = InitializeUpdate.decode(bytes.fromhex(recording.update_answer))
    return HostChannel(KEYS, host_challenge, update, level=recording.level)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_host_says_what_the_recorded_host_said(recording: Recording) -> None:
    host_challenge = bytes.fromhex(recording.initialize_update)[5:13]
    channel = _open_host(recording)

    said = [
        initialize_update(host_challenge, key_version=0x30).encode().hex(),
        channel.external_authenticate().encode().hex(),
        *(channel.wrap(Command.decode(bytes.fromhex(plain))).encode().hex() for plain in PLAIN_COMMANDS),
    ]

    assert said == [recording.initialize_update, recording.external_authenticate, *recording.commands]


@pytest.mark.parametrize("recording", RECORDINGS)
def test_host_opens_what_the_recorded_card_answered(recording: Recording) -> None:
    channel = _open_host(recording)
    channel.external_authenticate()
    channel.wrap(Command.decode(bytes.fromhex(PLAIN_COMMANDS[0])))

    answer = channel.unwrap(Response.decode(bytes.fromhex(recording.first_answer + "9000")))

    assert answer.data.hex() == "bf3e125a1089882119900000000000000000000005"


def test_initialize_update_answer_round_trips_byte_by_byte() -> None:
    raw = bytes.fromhex("000000000000000000003003703b1aca81e821f219081cdc01c26b372d000003")

    assert InitializeUpdate.decode(raw).encode() == raw


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("00000000000000000000300270" + "00" * 19, id="SCP02"),
        pytest.param("00000000000000000000300300" + "00" * 19, id="i=00"),
        pytest.param("00" * 31, id="short"),
    ],
)
def test_refuses_another_protocol(answer: str) -> None:
    with pytest.raises(CardError):
        InitializeUpdate.decode(bytes.fromhex(answer))


def _pair(level: SecurityLevel = SecurityLevel.FULL) -> tuple[HostChannel, CardChannel]:
    card = CardChannel(
        KEYS, bytes(8), diversification=bytes(10), key_version=1, sequence_counter=7, aid=b"\xf0TEST"
    )
    host = HostChannel(KEYS, bytes(8), card.update, level=level)
    card.authenticate(host.external_authenticate())
    return host, card


LEVELS = [
    SecurityLevel.C_MAC,
    SecurityLevel(0x03),
    SecurityLevel(0x11),
    SecurityLevel(0x13),
    SecurityLevel.FULL,
]


@pytest.mark.parametrize("level", LEVELS)
@given(
    exchanges=st.lists(
        st.tuples(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from([0x9000, 0x6283])),
        max_size=5,
    )
)
def test_both_ends_understand_each_other(
    level: SecurityLevel, exchanges: list[tuple[bytes, bytes, int]]
) -> None:
    host, card = _pair(level)
    wrapped = [host.wrap(Command(0x80, 0xDA, 0x01, 0x30, sent, le=256)) for sent, _, _ in exchanges]

    heard: list[bytes] = []
    answers: list[tuple[bytes, int]] = []
    for command, (_, answer, status) in zip(wrapped, exchanges, strict=True):
        heard.append(card.unwrap(Command.decode(command.encode())).data)
        opened = host.unwrap(card.wrap(Response(answer, status)))
        answers.append((opened.data, opened.sw))

    assert heard == [sent for sent, _, _ in exchanges]
    assert answers == [(answer, status) for _, answer, status in exchanges]


def test_nothing_readable_travels() -> None:
    host, card = _pair()
    secret = b"1150101090000" * 4

    command = host.wrap(Command(0x80, 0xDA, 0x01, 0x30, secret, le=256))
    card.unwrap(command)
    answer = card.wrap(Response(secret, 0x9000))

    assert secret[:13] not in command.encode() + answer.encode()


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


@pytest.mark.parametrize(
    "at", [0, -9, -8, -1], ids=["first byte", "last of the data", "first of the MAC", "last"]
)
def test_card_refuses_a_changed_command_and_closes(at: int) -> None:
    host, card = _pair()
    command = host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"record", le=256))
    changed = msgspec.structs.replace(command, data=_flip(command.data, at % len(command.data)))

    with pytest.raises(CardError):
        card.unwrap(changed)

    assert not card.is_open
    with pytest.raises(CardError):
        card.unwrap(command)


@pytest.mark.parametrize("field", ["p1", "p2", "ins"])
def test_card_refuses_a_changed_header(field: str) -> None:
    host, card = _pair()
    command = host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"record", le=256))

    with pytest.raises(CardError):
        card.unwrap(msgspec.structs.replace(command, **{field: 0x55}))


def test_card_refuses_a_command_out_of_order() -> None:
    host, card = _pair()
    host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"one"))
    second = host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"two"))

    with pytest.raises(CardError):
        card.unwrap(second)


def test_card_refuses_a_replay() -> None:
    host, card = _pair()
    command = host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"one"))
    card.unwrap(command)

    with pytest.raises(CardError):
        card.unwrap(command)


def test_card_refuses_a_bare_command_in_an_open_channel() -> None:
    _, card = _pair()

    with pytest.raises(CardError):
        card.unwrap(Command(0x80, 0xDA, 0x01, 0x30, b"one"))


@pytest.mark.parametrize("at", range(0, 24, 5))
def test_host_refuses_a_changed_answer(at: int) -> None:
    host, card = _pair()
    card.unwrap(host.wrap(Command(0x80, 0xCA, 0x01, 0x01, le=256)))
    answer = card.wrap(Response(b"closed", 0x9000))

    with pytest.raises(CardError):
        host.unwrap(Response(_flip(answer.data, at), 0x9000))


def test_host_refuses_a_success_invented_by_the_relay() -> None:
    host, _ = _pair()
    host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"one"))

    with pytest.raises(CardError):
        host.unwrap(Response(b"", 0x9000))


def test_error_status_words_travel_bare() -> None:
    host, card = _pair()
    card.unwrap(host.wrap(Command(0x80, 0xDA, 0x01, 0x30, b"one")))

    answer = card.wrap(Response(b"not to be seen", 0x6985))

    assert answer == Response(b"", 0x6985)
    assert host.unwrap(answer) == Response(b"", 0x6985)


def test_host_refuses_a_card_with_other_keys() -> None:
    other = StaticKeys(enc=bytes(16), mac=bytes(16))
    card = CardChannel(other, bytes(8), diversification=bytes(10), key_version=1, sequence_counter=1, aid=b"")

    with pytest.raises(CardError):
        HostChannel(KEYS, bytes(8), card.update)


def test_card_refuses_a_host_with_other_keys() -> None:
    card = CardChannel(KEYS, bytes(8), diversification=bytes(10), key_version=1, sequence_counter=1, aid=b"")
    recorded = HostChannel(KEYS, bytes(8), card.update).external_authenticate()
    later = CardChannel(KEYS, bytes(8), diversification=bytes(10), key_version=1, sequence_counter=2, aid=b"")

    with pytest.raises(CardError):
        later.authenticate(recorded)
    assert not later.is_open
