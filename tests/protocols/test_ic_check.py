"""Format 1.0 checked on the box: every cell of the V/*/~ table both ways, then the cross rules (nhi-domain §3.1)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.ic_cells import (
    COUNTED,
    FORMATS,
    NORMAL,
    VALUES,
    VISIT_TYPES,
    Cell,
    Format,
    cells,
    lean,
    number_for,
    with_values,
)
from visitbridge.protocols.ic_upload.check import check_record
from visitbridge.protocols.ic_upload.record import RECORD_FIELDS, IcOrder, IcRecord
from visitbridge.protocols.ic_upload.xml import decode, encode

CELLS = tuple(cells())
REQUIRED = [cell for cell in CELLS if cell.mark == "V" and cell.tag != "A23"]
OPTIONAL = [cell for cell in CELLS if cell.mark == "*"]
ABSENT = [cell for cell in CELLS if cell.mark == "~"]
EVERY_KIND = [(visit_type, data_format) for visit_type in VISIT_TYPES for data_format in FORMATS]


def findings(record: IcRecord) -> list[tuple[str, str]]:
    return [(finding.code, finding.field) for finding in check_record(record)]


def name(cell: Cell) -> str:
    return f"{cell.tag}-{cell.visit_type}-{cell.data_format}"


@pytest.mark.parametrize(("visit_type", "data_format"), EVERY_KIND)
def test_a_record_with_all_that_is_required_is_fit(visit_type: str, data_format: Format) -> None:
    assert findings(lean(visit_type, data_format)) == []


@pytest.mark.parametrize("cell", REQUIRED, ids=name)
def test_v_without_it_the_element_is_named(cell: Cell) -> None:
    record = lean(cell.visit_type, cell.data_format)
    assert findings(with_values(record, **{cell.tag: ""})) == [("AA", cell.place)]


@pytest.mark.parametrize("cell", OPTIONAL, ids=name)
def test_star_it_may_be_there(cell: Cell) -> None:
    record = lean(cell.visit_type, cell.data_format)
    assert findings(with_values(record, **{cell.tag: VALUES[cell.tag]})) == []


@pytest.mark.parametrize("cell", ABSENT, ids=name)
def test_tilde_with_it_the_element_is_named(cell: Cell) -> None:
    record = lean(cell.visit_type, cell.data_format)
    assert findings(with_values(record, **{cell.tag: VALUES[cell.tag]})) == [("AF", cell.place)]


@pytest.mark.parametrize(("visit_type", "data_format"), EVERY_KIND)
def test_orders_may_be_missing_except_where_a_visit_is_made_for_them(
    visit_type: str, data_format: Format
) -> None:
    bare = msgspec.structs.replace(lean(visit_type, data_format), orders=())
    expected = {"AE": [("Y012", "MB2")], "AF": [("Y012", "MB2")], "AG": [("Y012", "MB2")]}
    assert findings(bare) == expected.get(visit_type, [])


@pytest.mark.parametrize(("visit_type", "code"), [("", "AA"), ("99", "AD"), ("AL", "AD")])
def test_without_a_visit_type_nothing_else_is_judged(visit_type: str, code: str) -> None:
    assert findings(with_values(IcRecord(data_format="1"), A23=visit_type)) == [(code, "A23")]


def test_vaccinations_are_not_sent_from_here() -> None:
    record = msgspec.structs.replace(lean("01", "1"), data_type="2")
    assert findings(record) == [("01", "A00")]


@pytest.mark.parametrize("data_format", NORMAL)
@pytest.mark.parametrize("visit_type", COUNTED)
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0001", []),
        ("1500", []),
        ("0000", [("AD01", "A18")]),
        ("1501", [("AD01", "A18")]),
        ("F00B", [("AD01", "A18")]),
        ("", [("AD01", "A18")]),
    ],
)
def test_N09_counted_visits_have_a_number_of_the_card(
    visit_type: str, data_format: Format, number: str, expected: list[tuple[str, str]]
) -> None:
    assert findings(with_values(lean(visit_type, data_format), A18=number)) == expected


@pytest.mark.parametrize("data_format", ["2", "4"])
@pytest.mark.parametrize(
    ("visit_type", "number", "expected"),
    [
        ("01", "F00B", []),
        ("04", "Z001", []),
        ("01", "0012", [("AD02", "A18")]),
        ("01", "FOOB", [("AD02", "A18")]),
        ("01", "", [("AD02", "A18")]),
        ("AH", "", []),
        ("AH", "IC08", []),
        ("AH", "0012", [("AD02", "A18")]),
        ("AC", "", []),
        ("AC", "A000", []),
    ],
)
def test_N09_abnormal_records_say_why(
    visit_type: str, data_format: Format, number: str, expected: list[tuple[str, str]]
) -> None:
    assert findings(with_values(lean(visit_type, data_format), A18=number)) == expected


@pytest.mark.parametrize("data_format", NORMAL)
@pytest.mark.parametrize(
    ("visit_type", "number", "expected"),
    [
        ("AC", "IC21", []),
        ("AC", "0012", [("AD13", "A18")]),
        ("AC", "", [("AD13", "A18")]),
        ("AH", "0012", [("AD14", "A18")]),
        ("AH", "F00B", [("AD14", "A18")]),
        ("DA", "0012", [("AD14", "A18")]),
        ("00", "0012", []),
        ("00", "F00B", [("AD01", "A18")]),
    ],
)
def test_N09_other_visits_have_none_or_one_of_their_own(
    visit_type: str, data_format: Format, number: str, expected: list[tuple[str, str]]
) -> None:
    assert findings(with_values(lean(visit_type, data_format), A18=number)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"A19": "2", "A54": "1151120"}, []),
        ({"A19": "2"}, [("AA", "A54")]),
        ({"A19": "3"}, [("AB", "A19")]),
        ({"A54": "1151122"}, [("BE", "A54")]),
        ({"A54": "1150230"}, [("AB", "A54")]),
        ({"A13": "1151122"}, [("BE", "A13")]),
        ({"A13": "0340230"}, [("AB", "A13")]),
        ({"A17": "1151121250000"}, [("AB", "A17"), ("AD", "MB2[0].A71")]),
        ({"A24": "a", "A20": "1151101"}, []),
        ({"A24": "a"}, [("AA", "A20")]),
        ({"A21": "0"}, [("AB", "A21")]),
        ({"A31": "-20"}, []),
        ({"A32": "-20"}, [("AB", "A32")]),
        ({"A31": "123456789"}, [("AC", "A31")]),
        ({"A11": "90000000001"}, [("AB", "A11")]),
        ({"A12": "a123456788"}, [("AB", "A12")]),
        ({"A12": "AC01234567"}, []),
        ({"A14": "35012"}, [("AB", "A14")]),
        ({"A16": "SAM1"}, [("AB", "A16")]),
        ({"A22": "A" * 256}, []),
        ({"A22": "A" * 257}, [("AC", "A22")]),
        ({"A25": "J06.9"}, []),
        ({"A25": "069"}, [("AB", "A25")]),
        ({"A41": "09"}, [("AB", "A41")]),
    ],
)
def test_values_of_a_visit(values: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert findings(with_values(lean("01", "1"), **values)) == expected


@pytest.mark.parametrize(
    ("order_type", "fitting"),
    [
        *(("1", ("01", "02")), ("A", ("01", "02")), ("2", ("05", "06")), ("B", ("05", "06"))),
        *((kind, ("03", "04")) for kind in "345CDE"),
    ],
)
@pytest.mark.parametrize("handover", ["01", "02", "03", "04", "05", "06"])
def test_order_type_and_handover_mark_are_a_pair(
    order_type: str, fitting: tuple[str, ...], handover: str
) -> None:
    record = with_values(lean("01", "1"), A72=order_type, A75="QD PO", A76="7", A78=handover)
    assert (findings(record) == []) is (handover in fitting)
    assert set(findings(record)) <= {("AD", "MB2[0].A78")}


@pytest.mark.parametrize("order_type", ["1", "2", "A", "B"])
def test_drugs_say_how_and_how_long(order_type: str) -> None:
    record = with_values(lean("01", "1"), A72=order_type)
    assert findings(record) == [("AA", "MB2[0].A75"), ("AA", "MB2[0].A76")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"A71": "1151121170531"}, [("AD", "MB2[0].A71")]),
        ({"A76": "0"}, [("AD", "MB2[0].A76")]),
        ({"A76": "1"}, []),
        ({"A76": "92"}, []),
        ({"A76": "93"}, [("AD", "MB2[0].A76")]),
        ({"A77": "99999.9"}, []),
        ({"A77": "1.25"}, [("AB", "MB2[0].A77")]),
        ({"A77": "100000.0"}, [("AC", "MB2[0].A77")]),
        ({"A72": "6"}, [("AB", "MB2[0].A72")]),
        ({"A73": "05301C0000000"}, [("AC", "MB2[0].A73")]),
        ({"A78": "07"}, [("AB", "MB2[0].A78")]),
        ({"A80": "N", "A81": "PENICILLIN"}, []),
        ({"A80": "X"}, [("AB", "MB2[0].A80")]),
        ({"A75": "Q" * 19}, [("AC", "MB2[0].A75")]),
    ],
)
def test_values_of_an_order(values: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert findings(with_values(lean("01", "1"), **values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"A72": "G", "A73": "R001", "A77": "0"}, []),
        ({"A72": "H", "A73": "R004", "A77": "0.0"}, []),
        ({"A72": "G", "A73": "R005"}, []),
        ({"A72": "G", "A73": "R001"}, [("AA", "MB2[0].A77")]),
        ({"A72": "G", "A73": "R002", "A77": "1.0"}, [("AD", "MB2[0].A77")]),
        ({"A72": "1", "A73": "R005", "A75": "QD", "A76": "7", "A79": "CD"}, [("19", "MB2[0].A72")]),
        ({"A72": "G", "A73": "05301C"}, [("23", "MB2[0].A73")]),
    ],
)
def test_M18_virtual_orders_go_with_g_and_h(values: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert findings(with_values(lean("01", "1"), **{"A79": "", **values})) == expected


def test_before_the_card_is_written_there_is_no_signature_to_ask_for() -> None:
    unsigned = with_values(lean("01", "1"), A79="")
    assert [finding.field for finding in check_record(unsigned)] == ["MB2[0].A79"]
    assert check_record(unsigned, pending={"A79"}) == ()


def test_characters_outside_big5_are_named_with_their_position() -> None:
    (finding,) = check_record(with_values(lean("01", "1"), A75="早堃"))
    assert (finding.code, finding.field) == ("Y014", "MB2[0].A75")
    assert "第 2 字 U+5803" in finding.words


def test_words_name_the_line_and_the_field() -> None:
    record = lean("AE", "1")
    second = msgspec.structs.replace(record.orders[0], days="")
    (finding,) = check_record(msgspec.structs.replace(record, orders=(*record.orders, second)))
    assert finding.words == "第 2 筆醫令的天數（A76）：必須填寫"


def test_every_secondary_diagnosis_is_looked_at() -> None:
    record = msgspec.structs.replace(lean("01", "1"), other_diagnoses=("I10", "?"))
    assert findings(record) == [("AB", "A27")]


@given(
    values=st.dictionaries(st.sampled_from(sorted(RECORD_FIELDS)), st.text(max_size=14)),
    order=st.builds(
        IcOrder,
        **{
            name: st.text(max_size=14)
            for name in ("time", "order_type", "code", "days", "quantity", "handover")
        },
    ),
)
def test_whatever_a_record_holds_it_is_judged_and_not_choked_on(
    values: dict[str, str], order: IcOrder
) -> None:
    record = msgspec.structs.replace(lean("01", "1"), **values, orders=(order,))
    assert all(finding.words for finding in check_record(record))


@pytest.mark.parametrize(("visit_type", "data_format"), EVERY_KIND)
def test_what_is_fit_can_be_written_and_read_back(visit_type: str, data_format: Format) -> None:
    record = lean(visit_type, data_format)
    assert number_for(visit_type, data_format) == record.sequence_no
    assert decode(encode([record])) == (record,)
