"""Format 2.0 as far as it is known: names, rules of certainty B, and the way there and back."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.visit_export.samples import VISIT
from visitbridge.domain.visit import OrderKind
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.ic_upload.from_visit import build_ic_record
from visitbridge.protocols.ic_upload_2.record import Ic2Record, record_2_of
from visitbridge.protocols.ic_upload_2.xml import check, decode, encode

GOLDEN = Path(__file__).parent / "golden/visit.xml"
IDENTIFIER = "0TEST000000000000001"
RECORD = record_2_of(
    build_ic_record(VISIT, VISIT.sequence, sam_id="900000000001", signature="SIGNATURE"), VISIT, IDENTIFIER
)
TAG = re.compile(r"H0[01]|M(0[1-9]|[1-4][0-9]|5[0-6])|D(0[1-9]|1[0-5])")


def with_body(**changes: str) -> Ic2Record:
    body = {tag: value for tag, value in {**RECORD.body, **changes}.items() if value}
    return msgspec.structs.replace(RECORD, body=body)


def with_order(**changes: str) -> Ic2Record:
    order = {tag: value for tag, value in {**RECORD.orders[0], **changes}.items() if value}
    return msgspec.structs.replace(RECORD, orders=(order, *RECORD.orders[1:]))


def test_a_visit_is_the_golden_file() -> None:
    assert encode([RECORD]) == GOLDEN.read_bytes()


def test_only_names_of_the_format_are_used() -> None:
    names = [*RECORD.head, *RECORD.body, *(tag for order in RECORD.orders for tag in order)]

    assert [name for name in names if not TAG.fullmatch(name)] == []


def test_it_says_what_format_1_says_and_what_is_new() -> None:
    assert RECORD.head == {"H00": "1", "H01": "A"}
    assert (RECORD.body["M03"], RECORD.body["M13"], RECORD.body["M35"]) == ("A123456788", "0012", "I10")
    assert (RECORD.body["M15"], RECORD.body["M20"], RECORD.body["M21"]) == (IDENTIFIER, "28", "84")
    assert (RECORD.body["M23"], RECORD.body["M26"], RECORD.body["M51"]) == ("0", "3", "4")
    assert [order["D03"] for order in RECORD.orders] == ["001", "002"]
    assert (RECORD.orders[0]["D04"], RECORD.orders[0]["D08"], RECORD.orders[0]["D14"]) == ("C", "BID", "PO")


def test_an_abnormal_record_leaves_out_what_a_card_would_have_given() -> None:
    abnormal = record_2_of(build_ic_record(VISIT, None, sam_id="900000000001"), VISIT, "")

    assert abnormal.head["H01"] == "B"
    assert not {"M01", "M02", "M14", "M15"} & set(abnormal.body)
    assert decode(encode([abnormal])) == (abnormal,)


TEXT = st.text(
    alphabet=st.characters(codec="big5", exclude_categories=("Cc", "Cs"), exclude_characters="<>&\"'"),
    max_size=20,
)


@given(signature=TEXT.filter(lambda text: bool(text.strip())), site=TEXT)
def test_a_record_reads_back(signature: str, site: str) -> None:
    record = with_body(M14=signature)
    record = msgspec.structs.replace(record, orders=with_order(D07=site).orders)

    assert decode(encode([record])) == (record,)


def test_the_five_characters_of_xml_are_written_full_width() -> None:
    (read,) = decode(encode([with_body(M14="a<b>&\"'")]))

    assert read.body["M14"] == "a＜b＞＆”’"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        *(
            (with_body(**{tag: ""}), tag)
            for tag in ("M03", "M04", "M05", "M06", "M07", "M11", "M12", "M01", "M02", "M14")
        ),
        (with_body(M15=""), "M15"),
        (with_body(M15="short"), "M15"),
        (with_body(M23="2"), "M23"),
        (with_body(M03="A12345678𠮷"), "M03"),
        (with_order(D09="0"), "D09"),
        (with_order(D09="91"), "D09"),
        (with_order(D03="2"), "D03"),
        (with_order(D03="002"), "D03"),
        (msgspec.structs.replace(RECORD, orders=RECORD.orders * 300), "MB2"),
        (msgspec.structs.replace(RECORD, head={"H00": "1", "H01": "B"}), "M01"),
    ],
)
def test_what_would_be_refused_is_refused_here_by_its_field(record: Ic2Record, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        check(record)

    assert caught.value.field == field


@pytest.mark.parametrize("days", ["1", "90"])
def test_days_up_to_ninety_are_taken(days: str) -> None:
    record = with_order(D09=days)

    assert decode(encode([record])) == (record,)


@pytest.mark.parametrize(
    "data", [b"", b"<RECS>", b"<X></X>", b"<!DOCTYPE x><RECS></RECS>", b"<RECS><REC></REC></RECS>", b"\xff"]
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(FieldInvalid):
        decode(data)


def test_a_visit_without_drugs_says_so() -> None:
    services = tuple(order for order in VISIT.content.orders if order.kind is OrderKind.SERVICE)
    visit = msgspec.structs.replace(VISIT, content=msgspec.structs.replace(VISIT.content, orders=services))
    record = record_2_of(build_ic_record(visit, visit.sequence, sam_id="9", signature="S"), visit, IDENTIFIER)

    assert record.body["M23"] == "2"
    check(record)
