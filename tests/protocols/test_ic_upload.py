"""Format 1.0 of the IC-card upload: bytes by the field table, cross rules of nhi-domain §3.1."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.people import BasicRecord, Institution, Sex, StaffKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import (
    ClaimSettings,
    Diagnosis,
    Identification,
    Order,
    OrderKind,
    Practitioner,
    Sequence,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.ic_upload.check import check_record
from visitbridge.protocols.ic_upload.from_visit import build_ic_record
from visitbridge.protocols.ic_upload.record import IcOrder, IcRecord
from visitbridge.protocols.ic_upload.xml import decode, encode

VISIT_AT = dt.datetime(2026, 11, 21, 17, 5, 30, tzinfo=TAIPEI)

VISIT = Visit(
    visit_id="v1",
    revision=1,
    state=VisitState.FINISHED,
    patient=BasicRecord(
        card_no="900000000018",
        name="測試一",
        name_big5="",
        id_no="A123456788",
        birth_date=dt.date(1945, 3, 2),
        sex=Sex.MALE,
        issued_date=dt.date(2020, 1, 1),
    ),
    identification=Identification.CARD,
    practitioner=Practitioner(staff_id="s1", name="測試醫師", kind=StaffKind.DOCTOR, id_no="B123456781"),
    institution=Institution(code="3501200000", name="測試診所"),
    visit_at=VISIT_AT,
    clock_trusted=True,
    content=VisitContent(
        claim=ClaimSettings(dispensing="1"),
        diagnoses=(Diagnosis(code="J06.9"), Diagnosis(code="I10")),
        orders=(
            Order(
                kind=OrderKind.DRUG, code="DEMO000001", dose=1, frequency="TID", route="PO", days=7, total=21
            ),
            Order(kind=OrderKind.SERVICE, code="05301C", total=1),
            Order(kind=OrderKind.SELF_PAID, code="OWN1", total=1),
        ),
        fee_points=1631,
        copay_points=82,
    ),
)
FROM_CARD = Sequence(number="0012", source="card", taken_at=VISIT_AT)
OFFLINE = Sequence(number="F00B", source="box", taken_at=VISIT_AT)

NORMAL = (
    '<?xml version="1.0" encoding="Big5"?>\n'
    "<RECS><REC><MSH><A00>1</A00><A01>1</A01><A02>1.0</A02></MSH><MB><MB1>"
    "<A11>900000000018</A11><A12>A123456788</A12><A13>0340302</A13><A14>3501200000</A14><A15>B123456781</A15>"
    "<A16>SAM000000001</A16><A17>1151121170530</A17><A18>0012</A18><A19>1</A19><A22>AB</A22><A23>01</A23>"
    "<A25>J069</A25><A26>I10</A26><A31>1631</A31><A32>82</A32></MB1>"
    "<MB2><A71>1151121170530</A71><A72>1</A72><A73>DEMO000001</A73><A75>TID PO</A75><A76>7</A76>"
    "<A77>21.0</A77><A78>02</A78></MB2>"
    "<MB2><A71>1151121170530</A71><A72>3</A72><A73>05301C</A73><A77>1.0</A77><A78>04</A78></MB2>"
    "</MB></REC></RECS>"
).encode("ascii")


def test_a_visit_with_a_number_from_the_card_becomes_these_bytes() -> None:
    record = build_ic_record(VISIT, FROM_CARD, sam_id="SAM000000001", signature="AB")
    assert encode([record]) == NORMAL


@pytest.mark.parametrize("absent", ["card_no", "sam_id", "signature"])
def test_an_offline_visit_is_abnormal_and_leaves_out_what_only_a_card_gives(absent: str) -> None:
    record = build_ic_record(VISIT, OFFLINE, sam_id="SAM000000001", signature="AB")
    assert (record.data_format, record.sequence_no) == ("2", "F00B")
    assert getattr(record, absent) == ""


def test_a_make_up_write_names_the_actual_date() -> None:
    record = build_ic_record(VISIT, FROM_CARD, sam_id="SAM000000001", make_up=True)
    assert (record.make_up, record.actual_date) == ("2", "1151121")


@pytest.mark.parametrize(
    ("kind", "chronic", "dispensing", "order_type", "handover"),
    [
        (OrderKind.DRUG, False, "0", "1", "01"),
        (OrderKind.DRUG, False, "1", "1", "02"),
        (OrderKind.DRUG, True, "0", "2", "05"),
        (OrderKind.DRUG, True, "1", "2", "06"),
        (OrderKind.MATERIAL, False, "0", "4", "03"),
        (OrderKind.TEST, False, "1", "3", "04"),
    ],
)
def test_order_type_and_handover_mark_belong_together(
    kind: OrderKind, chronic: bool, dispensing: str, order_type: str, handover: str
) -> None:
    content = VisitContent(
        claim=ClaimSettings(dispensing=dispensing),
        diagnoses=(Diagnosis(code="I10"),),
        orders=(Order(kind=kind, code="X", chronic=chronic, days=1),),
    )
    record = build_ic_record(msgspec.structs.replace(VISIT, content=content), FROM_CARD, sam_id="S")
    assert (record.orders[0].order_type, record.orders[0].handover) == (order_type, handover)


def test_virtual_orders_go_with_type_g_and_quantity_zero() -> None:
    content = VisitContent(diagnoses=(Diagnosis(code="I10"),), virtual_orders=("R001",))
    record = build_ic_record(msgspec.structs.replace(VISIT, content=content), FROM_CARD, sam_id="S")
    assert record.orders == (IcOrder(time="1151121170530", order_type="G", code="R001", quantity="0"),)


def test_no_diagnosis_no_record() -> None:
    bare = msgspec.structs.replace(VISIT, content=VisitContent())
    with pytest.raises(FieldInvalid) as caught:
        build_ic_record(bare, FROM_CARD, sam_id="S")
    assert caught.value.field == "diagnoses"


def test_a_usage_that_does_not_fit_is_refused_and_never_cut() -> None:
    drug = msgspec.structs.replace(VISIT.content.orders[0], frequency="QW(1,2,3,4,6,7)", route="INHL")
    content = msgspec.structs.replace(VISIT.content, orders=(drug,))
    record = build_ic_record(msgspec.structs.replace(VISIT, content=content), OFFLINE, sam_id="S")

    assert ("AC", "MB2[0].A75") in [(each.code, each.field) for each in check_record(record)]
    with pytest.raises(FieldInvalid) as refused:
        encode([record])
    assert refused.value.field == "A75"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (IcRecord(data_format="1", visit_type="001"), "A23"),
        (IcRecord(data_format="1", fee="1x"), "A31"),
        (IcRecord(data_format="1", orders=(IcOrder(time="1", order_type="1", code="𠮷"),)), "A73"),
        (IcRecord(data_format="1", other_diagnoses=("A123456789",)), "A26"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_never_cut(record: IcRecord, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        encode([record])
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"<RECS><REC>", "RECS"),
        (b"<OTHER></OTHER>", "RECS"),
        (b"\xff\xff", "RECS"),
        (b'<!DOCTYPE x [<!ENTITY e "x">]><RECS></RECS>', "RECS"),
        (b"<RECS><REC><MB><MB1></MB1></MB></REC></RECS>", "MSH"),
        (b"<RECS><REC><MSH><A00>1</A00><A01>1</A01></MSH></REC></RECS>", "MB1"),
        (b"<RECS><REC><MSH><A00>1</A00><A01>9</A01></MSH><MB><MB1/></MB></REC></RECS>", "A01"),
    ],
)
def test_damaged_files_are_refused_by_name(data: bytes, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        decode(data)
    assert caught.value.field == field


_DIGITS = st.text("0123456789", min_size=1, max_size=7)
_WORD = st.text("ABCDEFGHIJ0123456789測試&<>", min_size=1, max_size=6)
_ORDERS = st.builds(
    IcOrder, time=_DIGITS, order_type=st.sampled_from("1234"), code=_WORD, usage=_WORD, quantity=_DIGITS
)
_RECORDS = st.builds(
    IcRecord,
    data_format=st.sampled_from(["1", "2", "3", "4"]),
    id_no=_WORD,
    visit_time=_DIGITS,
    main_diagnosis=_WORD,
    other_diagnoses=st.lists(_WORD, max_size=5).map(tuple),
    fee=_DIGITS,
    orders=st.lists(_ORDERS, max_size=4).map(tuple),
)


@given(st.lists(_RECORDS, max_size=3))
def test_what_was_encoded_decodes_to_the_same(records: list[IcRecord]) -> None:
    assert decode(encode(records)) == tuple(records)


@pytest.mark.parametrize(
    ("sequence", "signatures", "signed"),
    [
        (FROM_CARD, ["01" * 20, "02" * 20], ["01" * 20, "02" * 20]),
        (FROM_CARD, ["01" * 20], ["", ""]),
        (OFFLINE, ["01" * 20, "02" * 20], ["", ""]),
    ],
    ids=["one per order on the card", "of another prescription", "not from the card"],
)
def test_orders_carry_the_signatures_of_their_card_receipt(
    sequence: Sequence, signatures: list[str], signed: list[str]
) -> None:
    record = build_ic_record(VISIT, sequence, sam_id="S", order_signatures=signatures)
    assert [order.signature for order in record.orders] == signed
