"""protocols/apdu.py: expected bytes are written out from ISO/IEC 7816-3 §12.1, not made by our encoder."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import CardError
from visitbridge.protocols.apdu import Command, Response, StatusWord, pin_tries_left

CASES = [
    pytest.param(Command(0x00, 0x70, 0x80, 0x01), "00708001", id="case 1"),
    pytest.param(Command(0x00, 0xC0, 0x00, 0x00, le=0x1C), "00C000001C", id="case 2 short"),
    pytest.param(Command(0x00, 0xB0, 0x00, 0x00, le=256), "00B0000000", id="case 2 short, all"),
    pytest.param(Command(0x00, 0xCA, 0x11, 0x00, b"\x00\x00"), "00CA1100020000", id="case 3, NHI basic read"),
    pytest.param(Command(0x00, 0xA4, 0x04, 0x00, b"\xa0\x01", le=256), "00A4040002A00100", id="case 4 short"),
    pytest.param(Command(0x00, 0xB0, 0x00, 0x00, le=257), "00B00000000101", id="case 2 extended"),
    pytest.param(Command(0x00, 0xB0, 0x00, 0x00, le=65536), "00B00000000000", id="case 2 extended, all"),
    pytest.param(
        Command(0x00, 0xD6, 0x00, 0x00, b"\x07", extended=True), "00D6000000000107", id="case 3 extended"
    ),
    pytest.param(
        Command(0x00, 0x88, 0x00, 0x00, b"\x07", le=300), "00880000 00 0001 07 012C", id="case 4 extended"
    ),
]


@pytest.mark.parametrize(("command", "raw"), CASES)
def test_encodes_each_case(command: Command, raw: str) -> None:
    assert command.encode() == bytes.fromhex(raw)


@pytest.mark.parametrize(("command", "raw"), CASES)
def test_decodes_each_case(command: Command, raw: str) -> None:
    decoded = Command.decode(bytes.fromhex(raw))

    assert (decoded.header, decoded.data, decoded.le) == (command.header, command.data, command.le)
    assert decoded.needs_extended == command.needs_extended


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "00A404",
        "00A40400020A",
        "00A4040001AABBCC",
        "00A4040000 00",
        "00A40400 00 0000 AA",
        "00A404000002AABBCCDDEE",
    ],
)
def test_refuses_bytes_that_are_no_command(raw: str) -> None:
    with pytest.raises(CardError):
        Command.decode(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("cla", "data_length", "le"), [(256, 0, None), (-1, 0, None), (0, 65536, None), (0, 0, 0), (0, 0, 65537)]
)
def test_refuses_values_that_do_not_fit(cla: int, data_length: int, le: int | None) -> None:
    with pytest.raises(ValueError, match=r"APDU|Le"):
        Command(cla, 0, 0, 0, bytes(data_length), le)


@given(
    header=st.binary(min_size=4, max_size=4),
    data=st.one_of(st.binary(max_size=300), st.binary(min_size=65530, max_size=65535)),
    le=st.none() | st.integers(1, 65536),
    extended=st.booleans(),
)
def test_round_trip(header: bytes, data: bytes, le: int | None, extended: bool) -> None:
    command = Command(header[0], header[1], header[2], header[3], data, le, extended)

    decoded = Command.decode(command.encode())

    assert (decoded.header, decoded.data, decoded.le) == (header, data, le)


@given(raw=st.binary(max_size=20))
def test_bytes_are_a_command_only_if_they_re_encode_the_same(raw: bytes) -> None:
    with contextlib.suppress(CardError):
        assert Command.decode(raw).encode() == raw


@given(data=st.binary(max_size=300), sw=st.integers(0, 0xFFFF))
def test_response_round_trip(data: bytes, sw: int) -> None:
    assert Response.decode(Response(data, sw).encode()) == Response(data, sw)


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_response_needs_a_status_word(raw: bytes) -> None:
    with pytest.raises(CardError):
        Response.decode(raw)


def test_response_names_its_status() -> None:
    response = Response(b"", 0x6A82)

    assert response.sw == StatusWord.FILE_NOT_FOUND
    assert response.sw_hex == "6A82"
    assert not response.is_ok


@pytest.mark.parametrize(
    ("status", "left"), [(0x63C2, 2), (0x63C0, 0), (0x6983, 0), (0x9000, None), (0x6300, None)]
)
def test_pin_tries_left(status: int, left: int | None) -> None:
    assert pin_tries_left(status) == left
