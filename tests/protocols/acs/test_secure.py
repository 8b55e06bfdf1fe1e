"""Encryption and authentication of the ACR3901, by the vendor's example and by values computed independently.

The authentication's bytes were computed from the published algorithm with the random numbers below (hardware.md
§1.1); they do not come from a device.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import DeviceError, PairingLost, Retry
from visitbridge.protocols.acs.frames import Code, Frame
from visitbridge.protocols.acs.secure import (
    FACTORY_MASTER_KEY,
    MutualAuthentication,
    SessionCipher,
    encrypt,
    rewrite_of,
)

READER_RANDOM = bytes(range(0x10))
HOST_RANDOM = bytes(range(0x10, 0x20))
CHALLENGE = "20110066E644BFE76C6375F27B3A88FDDC13CB15"
RESPONSE = "7121002D434719E660C022133E3EC7A95FA01D52C93175977A928B1C1856B54EDD14EC3C"
PROOF = "211100CF3E0C15AF149DE665985F99152B160D06"
SESSION_KEY = bytes.fromhex("00010203040506071011121314151617")
POWER_ON = "72110090AED8F732D5F72CDE934B8AE3EE757AC0"


def test_the_handshake_byte_for_byte() -> None:
    challenge = Frame(Code.AUTHENTICATED_1, encrypt(FACTORY_MASTER_KEY, READER_RANDOM))
    assert challenge.encode() == bytes.fromhex(CHALLENGE)
    host = MutualAuthentication(FACTORY_MASTER_KEY, HOST_RANDOM)
    response = Frame(Code.AUTHENTICATE_2, host.respond(challenge.payload))
    assert response.encode() == bytes.fromhex(RESPONSE)
    proof = Frame.decode(bytes.fromhex(PROOF))
    sealed = host.finish(proof.payload).seal(Frame(Code.POWER_ON))
    assert sealed.encode() == bytes.fromhex(POWER_ON)
    assert SessionCipher(SESSION_KEY).open(sealed, Code.ENCRYPTED) == Frame(Code.POWER_ON)


def test_the_rewrite_of_the_master_key_printed_in_the_manual() -> None:
    new_key = bytes.fromhex("1122334455667788" * 2)
    assert rewrite_of(FACTORY_MASTER_KEY, b"\x11" * 16, new_key) == bytes.fromhex(
        "F19FD2D2BA1C22E16DC1FE1B4B43D530 27E7DABEA61E4BCD29F69B3625058E41"
    )


def test_a_reader_with_another_key_is_found_out_for_good() -> None:
    host = MutualAuthentication(bytes(16), HOST_RANDOM)
    host.respond(Frame.decode(bytes.fromhex(CHALLENGE)).payload)
    with pytest.raises(PairingLost):
        host.finish(Frame.decode(bytes.fromhex(PROOF)).payload)


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_random_numbers_of_other_lengths_are_refused(length: int) -> None:
    host = MutualAuthentication(FACTORY_MASTER_KEY, HOST_RANDOM)
    with pytest.raises(DeviceError):
        host.respond(bytes(length))
    with pytest.raises(DeviceError):
        host.finish(bytes(length))


@given(st.builds(Frame, st.integers(0, 0xFF), st.binary(max_size=262)))
def test_a_sealed_frame_opens_with_the_same_key_only(frame: Frame) -> None:
    sealed = SessionCipher(SESSION_KEY).seal(frame, Code.ENCRYPTED_REPLY)
    assert SessionCipher(SESSION_KEY).open(Frame.decode(sealed.encode())) == frame


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Code.POWERED_ON, bytes(16)),
        Frame(Code.ENCRYPTED_REPLY),
        Frame(Code.ENCRYPTED_REPLY, bytes(15)),
        Frame(Code.ENCRYPTED_REPLY, encrypt(SESSION_KEY, bytes.fromhex("13010012") + bytes(12))),
        Frame(Code.ENCRYPTED_REPLY, encrypt(SESSION_KEY, bytes.fromhex("13010012") + b"\xff" * 28)),
        Frame(Code.ENCRYPTED_REPLY, encrypt(SESSION_KEY, bytes.fromhex("13FF0012") + b"\xff" * 12)),
        Frame(Code.ENCRYPTED_REPLY, encrypt(bytes(16), bytes.fromhex("13010012") + b"\xff" * 12)),
    ],
    ids=[
        "plain",
        "empty",
        "no whole block",
        "other filling",
        "too much filling",
        "too long inside",
        "other key",
    ],
)
def test_what_does_not_open_is_out_of_step(frame: Frame) -> None:
    with pytest.raises(DeviceError) as refused:
        SessionCipher(SESSION_KEY).open(frame)
    assert refused.value.retry is Retry.UNKNOWN
