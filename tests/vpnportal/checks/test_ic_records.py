"""Format 1.0, rule by rule, on bytes written by hand (nhi-domain §3.1, §3.3)."""

from __future__ import annotations

import pytest

from tests.vpnportal.checks.conftest import Judge
from tests.vpnportal.checks.ic_samples import (
    ABNORMAL,
    BARE,
    BARE_TIME,
    DECLARATION,
    HEAD,
    NORMAL,
    ORDER,
    SECOND,
    SIGNED,
    Values,
    abnormal,
    normal,
    record,
    segment,
    upload,
)
from vpnportal.checks.ic_record import check_ic_records


@pytest.mark.parametrize(
    "body",
    [
        normal(),
        normal(orders=()),
        normal(orders=(SECOND, SIGNED)),
        normal(BARE, orders=(ORDER | {"A71": BARE_TIME},)),
        normal({"A23": "AH", "A18": None}),
        normal({"A23": "04", "A31": None, "A32": None}),
        normal({"A23": "AC", "A18": "IC01", "A25": None, "A32": None}),
        normal({"A19": "2", "A54": "1151120"}),
        normal({"A25": "J06.9", "A26": "I10", "A31": "-20"}),
        abnormal(),
        abnormal({"A18": "Z001"}),
        abnormal({"A23": "AH", "A18": None}),
        abnormal({"A23": "AH", "A18": "A020"}),
        abnormal({"A23": "AE", "A18": None}),
        abnormal({"A23": "AI", "A18": None, "A25": None, "A31": None, "A32": None}),
        upload(
            record(NORMAL, (SIGNED,)), record(ABNORMAL | {"A17": "1151123093000"}, (), HEAD | {"A01": "2"})
        ),
    ],
)
def test_what_is_right_is_taken(judge: Judge, body: bytes) -> None:
    assert judge(check_ic_records, body) == []


@pytest.mark.parametrize(
    ("body", "findings"),
    [
        (b"", [("02", "xml")]),
        (b"<RECS></RECS>", [("02", "xml")]),
        (DECLARATION.replace(b"Big5", b"UTF-8") + b"<RECS/>", [("02", "xml")]),
        (DECLARATION + b"<RECS><REC>", [("02", "line 1")]),
        (DECLARATION + b"<RECS>\xff</RECS>", [("Y014", "byte 43")]),
        (DECLARATION + b'<!DOCTYPE a [<!ENTITY b "c">]><RECS>&b;</RECS>', [("02", "DOCTYPE")]),
        (DECLARATION + b'<RECS id="1"/>', [("02", "RECS")]),
        (DECLARATION + b"<RECS></RECS>", [("AA", "RECS")]),
        (DECLARATION + b"<REC></REC>", [("AA", "RECS")]),
        (upload("<XYZ></XYZ>"), [("AE", "REC[0]:XYZ")]),
        (upload("<REC></REC>"), [("AA", "REC[0].MSH")]),
        (upload(f"<REC>{segment('MSH', HEAD)}</REC>"), [("AA", "REC[0].MB")]),
        (
            upload(f"<REC>{segment('MSH', HEAD)}<MB>{segment('MB2', ORDER)}</MB></REC>"),
            [("AA", "REC[0].MB1")],
        ),
        (upload(record(NORMAL), record(NORMAL)), [("C001", "REC[1]")]),
        (upload(*["<REC></REC>"] * 501), [("AG", "RECS")]),
    ],
)
def test_structure(judge: Judge, body: bytes, findings: list[tuple[str, str]]) -> None:
    assert judge(check_ic_records, body) == findings


@pytest.mark.parametrize(
    "tag", ["A11", "A12", "A13", "A14", "A15", "A16", "A17", "A19", "A22", "A25", "A31", "A32"]
)
def test_a_normal_visit_needs(judge: Judge, tag: str) -> None:
    assert ("AA", f"REC[0].{tag}") in judge(check_ic_records, normal({tag: None}, orders=()))


@pytest.mark.parametrize("tag", ["A12", "A13", "A14", "A15", "A17", "A19", "A25", "A31", "A32"])
def test_an_abnormal_visit_needs(judge: Judge, tag: str) -> None:
    assert ("AA", f"REC[0].{tag}") in judge(check_ic_records, abnormal({tag: None}, orders=()))


@pytest.mark.parametrize("tag", ["A11", "A16", "A22"])
def test_an_abnormal_visit_must_not_claim_a_card(judge: Judge, tag: str) -> None:
    assert judge(check_ic_records, abnormal({tag: NORMAL[tag]})) == [("AF", f"REC[0].{tag}")]


@pytest.mark.parametrize(
    ("visit_type", "changes", "findings"),
    [
        ("AH", {"A25": None}, [("AA", "A25")]),
        ("AH", {"A31": None}, [("AA", "A31")]),
        ("AH", {"A32": None}, []),
        ("AC", {"A18": "IC01", "A31": None}, [("AA", "A31")]),
        ("AD", {"A32": None}, [("AA", "A32")]),
        ("AD", {"A24": "a", "A20": "1151101", "A21": "1"}, [("AF", "A20"), ("AF", "A21"), ("AF", "A24")]),
        ("05", {"A18": "0007"}, [("AF", "A31"), ("AF", "A32")]),
        ("AG", {}, []),
    ],
)
def test_the_matrix_by_visit_type(
    judge: Judge, visit_type: str, changes: Values, findings: list[tuple[str, str]]
) -> None:
    body = normal({"A23": visit_type, "A18": None} | dict(changes))
    assert judge(check_ic_records, body) == [(code, f"REC[0].{tag}") for code, tag in findings]


@pytest.mark.parametrize("visit_type", ["AE", "AF", "AG"])
def test_types_that_exist_for_an_order_need_one(judge: Judge, visit_type: str) -> None:
    body = normal({"A23": visit_type, "A18": None}, orders=())
    assert judge(check_ic_records, body) == [("Y012", "REC[0].MB2")]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"A18": None}, ("AD01", "A18")),
        ({"A18": "0000"}, ("AD01", "A18")),
        ({"A18": "1501"}, ("AD01", "A18")),
        ({"A18": "F00B"}, ("AD01", "A18")),
        ({"A18": "0008"}, ("AD01", "A18")),
        ({"A23": "AH", "A18": "0007"}, ("AD14", "A18")),
        ({"A23": "AC", "A18": "0007"}, ("AD13", "A18")),
        ({"A22": "CD" * 64}, ("04", "A22")),
        ({"A11": "900000000002"}, ("04", "A22")),
        ({"A11": "000000000001"}, ("AD", "A11")),
        ({"A14": "3599999999"}, ("06", "A14")),
        ({"A16": "900000000000"}, ("07", "A16")),
        ({"A15": "D100000009"}, ("13", "A15")),
        ({"A25": "J0699"}, ("15", "A25")),
        ({"A25": "E11"}, ("15", "A25")),
        ({"A13": "0300230"}, ("AB", "A13")),
        ({"A13": "1151124"}, ("BE", "A13")),
        ({"A19": "2"}, ("AA", "A54")),
        ({"A19": "2", "A54": "1151124"}, ("BE", "A54")),
        ({"A24": "a"}, ("AA", "A20")),
        ({"A23": "ZA"}, ("AD", "A23")),
        ({"A23": None}, ("AA", "A23")),
        ({"A99": "1"}, ("AE", "A99")),
        ({"A12": "a123456788"}, ("AB", "A12")),
        ({"A31": "123456789"}, ("AC", "A31")),
        ({"A32": "-1"}, ("AB", "A32")),
        ({"A25": " J069"}, ("AB", "A25")),
    ],
)
def test_one_thing_wrong_in_a_normal_visit(judge: Judge, changes: Values, finding: tuple[str, str]) -> None:
    code, tag = finding
    assert (code, f"REC[0].{tag}") in judge(check_ic_records, normal(changes, orders=()))


@pytest.mark.parametrize(
    ("time", "code"), [("1151123100501", "BD"), ("1150822095959", "BH"), ("1151123250000", "AB")]
)
def test_the_time_of_a_visit(judge: Judge, time: str, code: str) -> None:
    assert judge(check_ic_records, abnormal({"A17": time}, orders=())) == [(code, "REC[0].A17")]


@pytest.mark.parametrize("number", [None, "0007", "F00X", "FOOB"])
def test_a_counted_visit_without_card_needs_a_listed_code(judge: Judge, number: str | None) -> None:
    assert judge(check_ic_records, abnormal({"A18": number})) == [("AD02", "REC[0].A18")]


@pytest.mark.parametrize(
    ("head", "finding"),
    [
        ({"A00": "2"}, ("01", "A00")),
        ({"A01": "5"}, ("02", "A01")),
        ({"A02": "2.0"}, ("03", "A02")),
        ({"A02": None}, ("AA", "A02")),
        ({"A01": "3"}, ("D006", "A01")),
    ],
)
def test_the_head(judge: Judge, head: Values, finding: tuple[str, str]) -> None:
    body = upload(record(NORMAL, (), HEAD | dict(head)))
    assert judge(check_ic_records, body) == [(finding[0], f"REC[0].{finding[1]}")]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"A71": "1151123092001"}, ("AD", "A71")),
        ({"A71": None}, ("AA", "A71")),
        ({"A72": None}, ("AA", "A72")),
        ({"A73": None}, ("AA", "A73")),
        ({"A75": None}, ("AA", "A75")),
        ({"A76": None}, ("AA", "A76")),
        ({"A76": "00"}, ("AD", "A76")),
        ({"A76": "93"}, ("AD", "A76")),
        ({"A77": "21.05"}, ("AB", "A77")),
        ({"A77": "123456.7"}, ("AC", "A77")),
        ({"A78": "03"}, ("AD", "A78")),
        ({"A78": "07"}, ("AB", "A78")),
        ({"A72": "3"}, ("AD", "A78")),
        ({"A72": "9"}, ("AB", "A72")),
        ({"A73": "TEST999999"}, ("10", "A73")),
        ({"A73": "R001", "A77": "0"}, ("19", "A72")),
        ({"A72": "G", "A73": "R099", "A78": None}, ("23", "A73")),
        ({"A72": "G", "A73": "R001", "A78": None}, ("AD", "A77")),
        ({"A79": "F" * 40}, ("16", "A79")),
        ({"A79": None}, ("AA", "A79")),
    ],
)
def test_one_thing_wrong_in_an_order(judge: Judge, changes: Values, finding: tuple[str, str]) -> None:
    code, tag = finding
    assert (code, f"REC[0].MB2[1].{tag}") in judge(
        check_ic_records, normal(orders=(SIGNED, SECOND | dict(changes)))
    )


def test_a_signature_stands_for_one_order(judge: Judge) -> None:
    assert judge(check_ic_records, normal(orders=(SIGNED, SIGNED))) == [("16", "REC[0].MB2[1].A79")]


def test_without_a_card_there_is_no_signature_of_an_order(judge: Judge) -> None:
    assert ("AF", "REC[0].MB2[0].A79") in judge(check_ic_records, abnormal(orders=(SIGNED,)))


def test_virtual_orders_are_taken_with_their_type(judge: Judge) -> None:
    virtual = {"A71": ORDER["A71"], "A72": "G", "A73": "R001", "A77": "0"}
    assert judge(check_ic_records, normal(orders=(SIGNED, virtual))) == []
