"""Cloud records of the lab's patients: invented, and dated relative to the day on which they are recorded.

Columns are those of the two tables that the seeds show (features L02, L04), and of the allergy table (nhi-domain §7.1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection

from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import roc_date
from visitbridge.protocols.datacentre.records import CloudRecord
from vpnportal.database import insert_if_absent
from vpnportal.schema import cloud_records

_HOSPITAL = "示範醫院（測試）"
_CLINIC = "示範診所（測試）"

_DRUGS = (
    (12, _HOSPITAL, "I10", "TEST000001", "QD PO", 28, 28, "0012"),
    (40, _HOSPITAL, "E11.9", "TEST000006", "BID PO", 28, 56, "0011"),
    (75, _CLINIC, "J06.9", "TEST000014", "TID PO", 5, 15, "0010"),
)
_TESTS = (
    (20, _HOSPITAL, "02", "E11.9", "TESTLAB001", "糖化血色素", "7.1 %", "4.0-5.6"),
    (20, _HOSPITAL, "02", "N18.9", "TESTLAB002", "肌酸酐", "1.4 mg/dL", "0.7-1.2"),
)
_ALLERGIES = ((400, _HOSPITAL, "示範抗生素", "皮疹", "輕度"),)


def seed_records(connection: Connection, id_numbers: Mapping[str, int], today: dt.date) -> None:
    """Record the first ``n`` lines of every table for each id, once."""
    for id_no, lines in id_numbers.items():
        for kind, records in _tables(today).items():
            for number, record in enumerate(records[:lines]):
                row = {
                    "id_no": id_no,
                    "kind": kind,
                    "number": number,
                    "document": msgspec.json.encode(record),
                }
                insert_if_absent(connection, cloud_records, row)


def _tables(today: dt.date) -> dict[RecordKind, tuple[CloudRecord, ...]]:
    return {
        RecordKind.DRUGS: tuple(_drugs(today)),
        RecordKind.TESTS: tuple(_tests(today)),
        RecordKind.ALLERGIES: tuple(_allergies(today)),
    }


def _drugs(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, diagnosis, code, usage, days, quantity, sequence_no in _DRUGS:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.DRUGS,
            on=on,
            institution=place,
            values={
                "門住診別": "門診",
                "主診斷碼": diagnosis,
                "藥品健保代碼": code,
                "用法用量": usage,
                "就醫日期": roc_date(on),
                "慢連箋領藥日": "",
                "藥品用量": str(quantity),
                "給藥日數": str(days),
                "就醫序號": sequence_no,
                "慢連箋原處方醫事機構代碼": "",
            },
        )


def _tests(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, department, diagnosis, code, name, value, reference in _TESTS:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.TESTS,
            on=on,
            institution=place,
            values={
                "門住診別": "門診",
                "費用年月": roc_date(on)[:5],
                "就醫科別代碼": department,
                "主診斷碼": diagnosis,
                "醫令代碼": code,
                "醫令名稱": name,
                "檢驗結果": value,
                "參考值": reference,
                "執行時間-起": roc_date(on),
                "執行時間-迄": roc_date(on),
                "醫令總量": "1",
            },
        )


def _allergies(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, drug, symptom, severity in _ALLERGIES:
        yield CloudRecord(
            kind=RecordKind.ALLERGIES,
            on=today - dt.timedelta(days=days_ago),
            institution=place,
            values={"過敏藥物": drug, "過敏症狀": symptom, "嚴重程度": severity},
        )
