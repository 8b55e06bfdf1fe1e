"""The lab's tables beside drugs, tests, visits and allergies: reports, operations, stays, and the drugs with tabs of their own.

Nobody's layout of these is public; what the stand-in answers with are the columns of ``visitbridge.domain.records.SECTIONS``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, NamedTuple

from visitbridge.domain.records import (
    BEGUN,
    DAYS,
    DIAGNOSIS,
    DRUG_CODE,
    DRUG_NAME,
    ENDED,
    ORDER_CODE,
    ORDER_NAME,
    PLACE,
    QUANTITY,
    SECTIONS,
    SEQUENCE_NO,
    SITE,
    TOTAL,
    USAGE,
    VISITED_ON,
    RecordKind,
)
from visitbridge.domain.roc import roc_date
from visitbridge.protocols.datacentre.records import CloudRecord

_HOSPITAL: Final = ("示範醫院（測試）", "9999999901")
_CLINIC: Final = ("示範診所（測試）", "9999999902")


class _Report(NamedTuple):
    """A number among ``values`` is a day, so many after the report's own."""

    kind: RecordKind
    days_ago: int
    place: tuple[str, str]
    values: Mapping[str, str | int]


def _medicine(code: str, name: str, usage: str, quantity: str, days: str, diagnosis: str) -> dict[str, str]:
    return {
        DRUG_CODE: code,
        DRUG_NAME: name,
        USAGE: usage,
        QUANTITY: quantity,
        DAYS: days,
        DIAGNOSIS: diagnosis,
    }


def _result(item: str, value: str, unit: str, reference: str, code: str) -> dict[str, str | int]:
    return {
        "檢驗項目": item,
        "檢驗結果": value,
        "單位": unit,
        "參考值": reference,
        ORDER_CODE: code,
        ORDER_NAME: item,
        "開立日期": -1,
        "實際檢驗日期": 0,
    }


_REPORTS: Final = (
    _Report(
        RecordKind.CONTROLLED,
        33,
        _HOSPITAL,
        {
            **_medicine("TESTCTRL01", "示範安眠錠 5 毫克（管四）", "HS PO", "14", "14", "G47.0"),
            SEQUENCE_NO: "0011",
        },
    ),
    _Report(
        RecordKind.CHINESE,
        9,
        _CLINIC,
        {**_medicine("TESTTCM001", "示範濃縮散（中藥）", "TID PO", "21", "7", "R05"), SEQUENCE_NO: "0013"},
    ),
    _Report(RecordKind.RESULTS, 20, _HOSPITAL, _result("糖化血色素", "7.1", "%", "4.0-5.6", "TESTLAB001")),
    _Report(RecordKind.RESULTS, 20, _HOSPITAL, _result("肌酸酐", "1.4", "mg/dL", "0.7-1.2", "TESTLAB002")),
    _Report(
        RecordKind.IMAGING,
        61,
        _HOSPITAL,
        {
            ORDER_CODE: "TESTIMG001",
            ORDER_NAME: "示範胸部 X 光",
            SITE: "胸部",
            "檢查結果": "兩側肺野無明顯浸潤，心臟大小在正常上限；建議三個月後追蹤。",
            "檔案類型": "DICOM",
            "影像序號": "1",
        },
    ),
    _Report(
        RecordKind.SURGERY,
        290,
        _HOSPITAL,
        {BEGUN: 0, ORDER_CODE: "TESTOP0001", ORDER_NAME: "示範白內障手術", DIAGNOSIS: "H25.9", SITE: "右眼"},
    ),
    _Report(
        RecordKind.DENTAL,
        120,
        _CLINIC,
        {
            ORDER_CODE: "TESTDEN001",
            ORDER_NAME: "示範牙結石清除",
            DIAGNOSIS: "K05.1",
            SITE: "全口",
            TOTAL: "1",
        },
    ),
    _Report(
        RecordKind.DISCHARGE,
        281,
        _HOSPITAL,
        {
            "住院日期": -9,
            "出院日期": 0,
            DIAGNOSIS: "J18.9",
            "出院診斷": "示範肺炎",
            "出院摘要": "抗生素治療後退燒，氧氣需求停止；返家後居家照護。",
        },
    ),
    _Report(
        RecordKind.REHAB,
        45,
        _CLINIC,
        {
            BEGUN: 0,
            ENDED: 0,
            ORDER_CODE: "TESTREH001",
            ORDER_NAME: "示範物理治療",
            DIAGNOSIS: "M17.9",
            TOTAL: "1",
        },
    ),
)
"""Nobody here takes a clotting factor: a table without a line is part of the day's work too."""


def reports_of(today: dt.date) -> dict[RecordKind, tuple[CloudRecord, ...]]:
    """All lines of each of these tables, as they would stand on a day."""
    return {
        kind: tuple(_record(report, today) for report in _REPORTS if report.kind is kind)
        for kind in dict.fromkeys(report.kind for report in _REPORTS)
    }


def _record(report: _Report, today: dt.date) -> CloudRecord:
    on = today - dt.timedelta(days=report.days_ago)
    given = {VISITED_ON: 0, PLACE: report.place[1], **report.values}
    return CloudRecord(
        kind=report.kind,
        on=on,
        institution=report.place[0],
        values={name: _words(given.get(name, ""), on) for name in SECTIONS[report.kind].columns},
    )


def _words(value: str | int, on: dt.date) -> str:
    return value if isinstance(value, str) else roc_date(on + dt.timedelta(days=value))
