"""Fixed-width card records; literal bytes follow the offsets of nhi-domain §2.2."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.people import BasicRecord, Sex
from visitbridge.domain.roc import roc_time
from visitbridge.errors import CardError
from visitbridge.protocols.nhi.records import (
    DiagnosisRecord,
    LastSequence,
    OrderRecord,
    Register,
    VisitRecord,
)

VISIT_RAW = (
    b"01" + b" " + b"1151122103000" + b"2" + b"0042" + b"3599999999" + b"00001631" + b"00000082" + b"0" * 22
)
VISIT = VisitRecord(
    visit_type="01",
    visit_time="1151122103000",
    sequence_no="0042",
    institution="3599999999",
    is_make_up=True,
    outpatient_fee=1631,
    outpatient_copay=82,
)

ORDER_RAW = (
    b"1151122103000" + b"1" + b"DEMO000001  " + b"      " + b"BID PO            " + b"07" + b"00014.5" + b"01"
)
ORDER = OrderRecord(
    visit_time="1151122103000",
    order_type="1",
    code="DEMO000001",
    usage="BID PO",
    days=7,
    quantity_tenths=145,
    dispensing="01",
)

REGISTER_RAW = (
    b"900000000001"
    + bytes.fromhex("A4FDB4FAB8D5")
    + bytes(14)
    + b"A123456788"
    + b"0300308"
    + b"M"
    + b"1090501"
    + b"1"
    + b"01"
    + b"3"
    + b"1291231"
    + b"06"
    + b"       "
    + b"0"
)
REGISTER = Register(
    basic=BasicRecord(
        card_no="900000000001",
        name="王測試",
        name_big5="A4FDB4FAB8D5",
        id_no="A123456788",
        birth_date=dt.date(1941, 3, 8),
        sex=Sex.MALE,
        issued_date=dt.date(2020, 5, 1),
    ),
    is_cancelled=False,
    insurer="01",
    insured_status="3",
    valid_until=dt.date(2040, 12, 31),
    uses_left=6,
)

DIAGNOSES_RAW = b"1 " + b"I10    " + b"  " + b"E119   " + b" " * 36


def test_lengths_are_the_insurers() -> None:
    assert [len(raw) for raw in (VISIT_RAW, ORDER_RAW, REGISTER_RAW, DIAGNOSES_RAW)] == [69, 61, 78, 54]


def test_visit_record_both_ways() -> None:
    assert VISIT.encode() == VISIT_RAW
    assert VisitRecord.decode(VISIT_RAW) == VISIT


def test_order_record_both_ways() -> None:
    assert ORDER.encode() == ORDER_RAW
    assert OrderRecord.decode(ORDER_RAW) == ORDER


def test_register_both_ways() -> None:
    assert REGISTER.encode() == REGISTER_RAW
    assert Register.decode(REGISTER_RAW) == REGISTER


def test_diagnoses_both_ways() -> None:
    record = DiagnosisRecord(codes=("I10", "E11.9"))

    assert record.encode() == DIAGNOSES_RAW
    assert DiagnosisRecord.decode(DIAGNOSES_RAW) == DiagnosisRecord(codes=("I10", "E119"))


def test_last_sequence_both_ways() -> None:
    assert LastSequence(roc_year=115, number=42).encode() == b"1150042"
    assert LastSequence.decode(b"1150042") == LastSequence(roc_year=115, number=42)


def test_blank_numbers_read_as_zero() -> None:
    blank_fees = VISIT_RAW[:31] + b" " * 38

    assert VisitRecord.decode(blank_fees).outpatient_fee == 0


@pytest.mark.parametrize(("mark", "insured"), [("1", True), ("8", True), ("5", False), (" ", False)])
def test_who_is_insured(mark: str, insured: bool) -> None:
    raw = REGISTER_RAW[:60] + mark.encode() + REGISTER_RAW[61:]

    assert Register.decode(raw).is_insured is insured


@pytest.mark.parametrize(("mark", "cancelled"), [("1", False), ("2", True)])
def test_cancel_mark(mark: str, cancelled: bool) -> None:
    raw = REGISTER_RAW[:57] + mark.encode() + REGISTER_RAW[58:]

    assert Register.decode(raw).is_cancelled is cancelled


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        pytest.param(VISIT_RAW[:-1], None, id="short"),
        pytest.param(VISIT_RAW + b" ", None, id="long"),
        pytest.param(b"01 1151322103000" + VISIT_RAW[16:], "visit_time", id="no such month"),
        pytest.param(
            VISIT_RAW[:31] + b"0000163X" + VISIT_RAW[39:], "outpatient_fee", id="letter in a number"
        ),
        pytest.param(
            VISIT_RAW[:31] + b"    1631" + VISIT_RAW[39:], "outpatient_fee", id="half-padded number"
        ),
        pytest.param(b"\xa4" + VISIT_RAW[1:], None, id="not ASCII"),
    ],
)
def test_a_damaged_visit_is_refused(raw: bytes, field: str | None) -> None:
    with pytest.raises(CardError) as caught:
        VisitRecord.decode(raw)

    assert caught.value.field == field
    assert "3599999999" not in str(caught.value)


@pytest.mark.parametrize("quantity", [b"00014,5", b"14.5   ", b"0014.55", b"       ", b"+0014.5"])
def test_a_quantity_has_one_decimal(quantity: bytes) -> None:
    with pytest.raises(CardError) as caught:
        OrderRecord.decode(ORDER_RAW[:52] + quantity + ORDER_RAW[59:])

    assert caught.value.field == "quantity"


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(
            VisitRecord(visit_type="01", visit_time="115", sequence_no="", institution="3599999999"),
            id="time",
        ),
        pytest.param(
            VisitRecord(
                visit_type="011", visit_time="1151122103000", sequence_no="", institution="3599999999"
            ),
            id="type",
        ),
        pytest.param(
            VisitRecord(
                visit_type="01",
                visit_time="1151122103000",
                sequence_no="",
                institution="3599999999",
                outpatient_fee=10**8,
            ),
            id="fee",
        ),
        pytest.param(DiagnosisRecord(codes=("I10",) * 7), id="seven diagnoses"),
        pytest.param(DiagnosisRecord(codes=("I10.12345",)), id="long diagnosis"),
    ],
)
def test_refuses_to_encode_what_does_not_fit(record: VisitRecord | DiagnosisRecord) -> None:
    with pytest.raises(ValueError, match=r"fit|characters|six"):
        record.encode()


moments = st.datetimes(dt.datetime(1912, 1, 1), dt.datetime(2900, 1, 1)).map(  # noqa: DTZ001 (made aware below)
    lambda moment: roc_time(moment.replace(tzinfo=dt.UTC))
)
plain = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126))


@given(
    visit_time=moments,
    visit_type=st.text("0123456789A", min_size=2, max_size=2),
    sequence_no=st.just("") | st.from_regex(r"[0-9]{4}", fullmatch=True),
    is_make_up=st.booleans(),
    money=st.tuples(*[st.integers(0, 10**7 - 1)] * 5),
)
def test_visit_round_trip(
    visit_time: str, visit_type: str, sequence_no: str, is_make_up: bool, money: tuple[int, ...]
) -> None:
    record = VisitRecord(
        visit_type=visit_type,
        visit_time=visit_time,
        sequence_no=sequence_no,
        institution="3599999999",
        is_make_up=is_make_up,
        outpatient_fee=money[0],
        outpatient_copay=money[1],
        inpatient_fee=money[2],
        copay_short=money[3],
        copay_long=money[4],
    )

    assert VisitRecord.decode(record.encode()) == record


@given(
    visit_time=moments,
    order_type=st.sampled_from("12345ABCDEGHJK"),
    code=plain.filter(lambda text: len(text) <= 12),
    usage=plain.filter(lambda text: len(text) <= 18),
    days=st.integers(0, 99),
    quantity_tenths=st.integers(0, 999_999),
)
def test_order_round_trip(
    visit_time: str, order_type: str, code: str, usage: str, days: int, quantity_tenths: int
) -> None:
    record = OrderRecord(
        visit_time=visit_time,
        order_type=order_type,
        code=code,
        usage=usage,
        days=days,
        quantity_tenths=quantity_tenths,
        dispensing="02",
    )

    assert OrderRecord.decode(record.encode()) == record


@given(
    codes=st.lists(st.from_regex(r"[A-Z][0-9A-Z]{2,6}", fullmatch=True), max_size=6).map(tuple),
    is_make_up=st.booleans(),
)
def test_diagnoses_round_trip(codes: tuple[str, ...], is_make_up: bool) -> None:
    record = DiagnosisRecord(codes=codes, is_make_up=is_make_up)

    assert len(record.encode()) == 54
    assert DiagnosisRecord.decode(record.encode()) == record
