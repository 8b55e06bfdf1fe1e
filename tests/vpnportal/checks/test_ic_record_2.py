"""The portal judges format 2.0 by a table of its own, without asking the box's rules."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import create_engine

from visitbridge.domain.people import Institution
from vpnportal.checks import Situation, Verdict
from vpnportal.checks.ic_record import check_ic_records

GOOD = (
    "<RECS><REC><MSH><H00>1</H00><H01>A</H01></MSH><MB><MB1><M01>900000000001</M01><M02>900000000001</M02>"
    "<M03>A123456788</M03><M04>0390101</M04><M05>9900000001</M05><M06>B123456780</M06><M07>01</M07>"
    "<M11>1151122093000</M11><M12>1</M12><M14>S</M14><M15>0TEST000000000000001</M15><M23>0</M23></MB1>"
    "<MB2><D02>1</D02><D03>001</D03><D06>AC1</D06><D09>28</D09></MB2>"
    "<MB2><D02>2</D02><D03>002</D03><D06>05301C</D06></MB2></MB></REC></RECS>"
)


def judge(text: str) -> Verdict:
    with create_engine("sqlite://").connect() as connection:
        situation = Situation(
            connection=connection,
            institution=Institution(code="9900000001", name="示範"),
            sam_id="900000000001",
            now=dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC),
        )
        return check_ic_records(f'<?xml version="1.0" encoding="Big5"?>{text}'.encode("big5"), situation)


def test_a_good_record_is_taken_and_known_by_place_person_and_time() -> None:
    verdict = judge(GOOD)

    assert verdict.findings == ()
    assert [note.key for note in verdict.records] == ["2.0 9900000001 A123456788 1151122093000"]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("<M03>A123456788</M03>", "", "AA", "M03"),
        ("<M15>0TEST000000000000001</M15>", "", "AA", "M15"),
        ("0TEST000000000000001", "SHORT", "AC", "M15"),
        ("<H01>A</H01>", "<H01>Z</H01>", "AD", "H01"),
        ("<H01>A</H01>", "<H01>B</H01>", "AF", "M01"),
        ("<M05>9900000001</M05>", "<M05>9900000002</M05>", "06", "M05"),
        ("<M01>900000000001</M01>", "<M01>900000000009</M01>", "07", "M01"),
        ("<D03>002</D03>", "<D03>001</D03>", "AD", "D03"),
        ("<D03>002</D03>", "<D03>2</D03>", "AD", "D03"),
        ("<D06>AC1</D06>", "", "AA", "D06"),
        ("<D09>28</D09>", "<D09>91</D09>", "D040", "D09"),
        ("<M23>0</M23>", "<M23>2</M23>", "AF", "D02"),
        ("<MB1>", "<MB3>", "02", "xml"),
    ],
)
def test_a_wrong_record_is_refused_by_code_and_field(old: str, new: str, code: str, field: str) -> None:
    assert old in GOOD

    found = [(each.code, each.field) for each in judge(GOOD.replace(old, new)).findings]

    assert found
    assert [each for each in found if each[0] == code] != []
    assert any(each[1].endswith(field) or each[1].startswith("line") for each in found)


def test_the_same_record_twice_is_one_too_many() -> None:
    record = GOOD.removeprefix("<RECS>").removesuffix("</RECS>")

    assert [each.code for each in judge(f"<RECS>{record}{record}</RECS>").findings] == ["C001"]
