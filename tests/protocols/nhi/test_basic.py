"""The public 57-byte record; bytes written out from nhi-domain §1.2, not made by our encoder."""

from __future__ import annotations

import datetime as dt
import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.people import BasicRecord, Sex
from visitbridge.errors import CardError
from visitbridge.protocols.nhi.basic import (
    READ_BASIC,
    SELECT_NHI,
    decode_basic,
    decode_name,
    encode_basic,
    encode_name,
)

WANG_BIG5 = bytes.fromhex("A4FDB4FAB8D5")
"""王測試 in Big5, by the code chart."""

RAW = b"900000000001" + WANG_BIG5 + bytes(14) + b"A123456788" + b"0300308" + b"M" + b"1090501"

RECORD = BasicRecord(
    card_no="900000000001",
    name="王測試",
    name_big5="A4FDB4FAB8D5",
    id_no="A123456788",
    birth_date=dt.date(1941, 3, 8),
    sex=Sex.MALE,
    issued_date=dt.date(2020, 5, 1),
)


def test_the_two_commands_are_those_of_public_readers() -> None:
    assert SELECT_NHI.hex() == "00a4040010" + "d1580000010000000000000000001100"
    assert READ_BASIC.hex() == "00ca1100020000"


def test_decodes_a_record() -> None:
    assert decode_basic(RAW) == RECORD


def test_encodes_a_record() -> None:
    assert encode_basic(RECORD) == RAW


def test_ignores_what_follows_the_57th_byte() -> None:
    assert decode_basic(RAW + b"\x31" + bytes(14)) == RECORD


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param(WANG_BIG5.ljust(20, b"\x00"), "王測試", id="padded with NUL"),
        pytest.param(WANG_BIG5.ljust(20, b" "), "王測試", id="padded with space"),
        pytest.param(WANG_BIG5 + b"\x00".ljust(14, b"\xff"), "王測試", id="noise after NUL"),
        pytest.param(bytes.fromhex("B3AF FA40 A5BB").ljust(20, b"\x00"), "陳*本", id="user-defined area"),
        pytest.param(bytes.fromhex("B3AF F9DA A5BB").ljust(20, b"\x00"), "陳恒本", id="ETEN addition"),
        pytest.param(b"LI, *A".ljust(20), "LI, *A", id="Latin"),
        pytest.param(WANG_BIG5 + b"\xa4", "王測試*", id="cut in the middle of a character"),
        pytest.param(b"\x07A\x1b".ljust(20, b"\x00"), "*A*", id="control characters"),
        pytest.param(b"\xa1\x40" + WANG_BIG5 + b"\xa1\x40", "王測試", id="full-width spaces"),
        pytest.param(bytes(20), "", id="empty"),
    ],
)
def test_names_as_cards_hold_them(field: bytes, expected: str) -> None:
    assert decode_name(field) == expected


@given(field=st.binary(max_size=20))
def test_any_bytes_read_as_a_printable_name(field: bytes) -> None:
    name = decode_name(field)

    assert all(character.isprintable() or character == "\u3000" for character in name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("王測試", WANG_BIG5 + bytes(14)),
        ("陳𨋢", bytes.fromhex("B3AF") + b"*" + bytes(17)),
        ("王" * 11, bytes.fromhex("A4FD") * 10),
        ("A" + "王" * 10, b"A" + bytes.fromhex("A4FD") * 9 + b"\x00"),
    ],
    ids=["short", "not in Big5", "cut", "cut at a character boundary"],
)
def test_encodes_names_into_20_bytes(name: str, expected: bytes) -> None:
    assert encode_name(name) == expected


def _with(at: int, piece: bytes) -> bytes:
    return RAW[:at] + piece + RAW[at + len(piece) :]


DAMAGED = [
    pytest.param(RAW[:56], None, id="short"),
    pytest.param(_with(0, b"9O"), "card_no", id="letter in the card number"),
    pytest.param(_with(0, b"\xb9"), "card_no", id="card number not ASCII"),
    pytest.param(_with(32, b"\xff"), "id_no", id="id not ASCII"),
    pytest.param(_with(34, b"\x00"), "id_no", id="NUL in the id"),
    pytest.param(_with(42, b"0301308"), "birth_date", id="no such month"),
    pytest.param(_with(42, b"       "), "birth_date", id="no birth date"),
    pytest.param(_with(49, b"X"), "sex", id="unknown sex"),
    pytest.param(_with(50, b"1090532"), "issued_date", id="no such day"),
]


@pytest.mark.parametrize(("raw", "field"), DAMAGED)
def test_a_damaged_record_names_the_field(raw: bytes, field: str | None) -> None:
    with pytest.raises(CardError) as caught:
        decode_basic(raw)

    assert caught.value.field == field


@pytest.mark.parametrize(("raw", "field"), DAMAGED)
def test_a_damaged_record_is_not_quoted_in_the_traceback(raw: bytes, field: str | None) -> None:
    with pytest.raises(CardError) as caught:
        decode_basic(raw)

    text = "".join(traceback.format_exception(caught.value, chain=True))
    assert "A123456788" not in text
    assert "900000000001" not in text
    assert r"\xa4\xfd" not in text


@pytest.mark.parametrize(
    "record",
    [
        pytest.param({"card_no": "9000"}, id="short card number"),
        pytest.param({"id_no": "A1234567880"}, id="long id"),
        pytest.param({"name_big5": "A4FD" * 11}, id="long name"),
    ],
)
def test_refuses_to_encode_what_does_not_fit(record: dict[str, str]) -> None:
    changed = msgspec.structs.replace(RECORD, **record)

    with pytest.raises(ValueError, match="does not fit"):
        encode_basic(changed)


@given(
    card_no=st.text("0123456789", min_size=12, max_size=12),
    name=st.text(st.sampled_from("王林陳測試樣本AB *"), max_size=10),
    born=st.dates(dt.date(1912, 1, 1), dt.date(2910, 12, 31)),
    issued=st.dates(dt.date(1912, 1, 1), dt.date(2910, 12, 31)),
    sex=st.sampled_from(Sex),
)
def test_round_trip(card_no: str, name: str, born: dt.date, issued: dt.date, sex: Sex) -> None:
    stripped = name.strip()
    raw_name = encode_name(stripped).rstrip(b"\x00")
    record = BasicRecord(
        card_no=card_no,
        name=decode_name(raw_name),
        name_big5=raw_name.hex().upper(),
        id_no="A123456788",
        birth_date=born,
        sex=sex,
        issued_date=issued,
    )

    assert decode_basic(encode_basic(record)) == record
