"""The vendor's own examples (Reference Manuals §6.1, §7.1), and every frame there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.errors import DeviceError, Retry
from visitbridge.protocols.acs.frames import Battery, Code, Frame, measure, read_battery, read_notice
from visitbridge.protocols.reader_talk import Notice, Pieces, cut

PRINTED = [
    ("62010063", Code.POWER_ON, ""),
    (
        "121400 3BBE11000041013800000000123456780190 00 73",
        Code.POWERED_ON,
        "3BBE1100004101380000000012345678019000",
    ),
    ("63010062", Code.POWER_OFF, ""),
    ("13010012", Code.POWERED_OFF, ""),
    ("65010064", Code.PRESENCE, ""),
    ("1402000315", Code.PRESENCE_IS, "03"),
    ("6F06008084000008 65", Code.APDU, "8084000008"),
    ("110B00 C17A3BAAD65AFACE9000 18", Code.APDU_DONE, "C17A3BAAD65AFACE9000"),
    ("70010071", Code.AUTHENTICATE_1, ""),
]


@pytest.mark.parametrize(("raw", "code", "payload"), PRINTED)
def test_the_frames_printed_in_the_manual(raw: str, code: Code, payload: str) -> None:
    frame = Frame(code, bytes.fromhex(payload))
    assert frame.encode() == bytes.fromhex(raw)
    assert Frame.decode(bytes.fromhex(raw)) == frame


frames = st.builds(Frame, st.integers(0, 0xFF), st.binary(max_size=272))


@given(frames)
def test_a_frame_goes_there_and_back(frame: Frame) -> None:
    assert Frame.decode(frame.encode()) == frame


@given(st.lists(frames, max_size=4), st.integers(1, 600))
def test_frames_are_put_together_from_pieces_of_any_size(sent: list[Frame], size: int) -> None:
    pieces = Pieces(measure)
    stream = b"".join(frame.encode() for frame in sent)
    got = [Frame.decode(raw) for piece in cut(stream, size) for raw in pieces.feed(piece)]
    assert (got, pieces.kept) == (sent, 0)


@given(frames, st.data())
def test_one_wrong_byte_is_noticed(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(frame.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 0xFF))
    with pytest.raises(DeviceError) as refused:
        Frame.decode(bytes(raw))
    assert refused.value.retry is Retry.UNKNOWN


@pytest.mark.parametrize("raw", ["", "62", "620000", "620100", "62010063 00", "620200 63"])
def test_a_frame_of_another_length_than_it_says_is_none(raw: str) -> None:
    with pytest.raises(DeviceError):
        Frame.decode(bytes.fromhex(raw))


def test_a_length_that_no_frame_has_is_refused_at_once() -> None:
    pieces = Pieces(measure)
    with pytest.raises(DeviceError):
        pieces.feed(bytes.fromhex("11FFFF"))
    assert pieces.kept == 0
    assert pieces.feed(bytes.fromhex("13010012")) == [bytes.fromhex("13010012")]


def test_a_payload_that_fits_no_frame_is_not_sent() -> None:
    with pytest.raises(ValueError, match="too long"):
        Frame(Code.APDU, bytes(273)).encode()


@pytest.mark.parametrize(
    ("value", "notice"), [("5002", Notice.CARD_OUT), ("5003", Notice.CARD_IN), ("5004", Notice.SLEEPING)]
)
def test_notices(value: str, notice: Notice) -> None:
    assert read_notice(bytes.fromhex(value)) is notice


@pytest.mark.parametrize("value", ["", "50", "5001", "500300", "5103"])
def test_other_bytes_on_the_status_pipe_are_no_notice(value: str) -> None:
    with pytest.raises(DeviceError):
        read_notice(bytes.fromhex(value))


@pytest.mark.parametrize(
    ("value", "battery"),
    [
        ("FE", Battery.SUFFICIENT),
        ("FF", Battery.USB_POWER),
        ("00", Battery.EMPTY),
        ("01", Battery.LOW),
        ("FD", Battery.LOW),
    ],
)
def test_battery_steps(value: str, battery: Battery) -> None:
    assert read_battery(bytes.fromhex(value)) is battery


@pytest.mark.parametrize("value", [b"", b"\xfe\xfe"])
def test_a_battery_level_is_one_byte(value: bytes) -> None:
    with pytest.raises(DeviceError):
        read_battery(value)
