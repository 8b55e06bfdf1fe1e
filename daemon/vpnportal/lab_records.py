"""Cloud records of the lab's patients: invented, and dated relative to the day on which they are recorded.

Columns are those of ``visitbridge.domain.records.SECTIONS``; names and results stand beside them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection

from visitbridge.domain.records import (
    CLASSIFICATION,
    DAYS,
    DRUG_CODE,
    DRUG_NAME,
    INGREDIENT,
    REFILLED_ON,
    USAGE,
    RecordKind,
)
from visitbridge.domain.roc import roc_date
from visitbridge.protocols.datacentre.records import CloudRecord
from vpnportal.database import insert_if_absent
from vpnportal.lab_reports import reports_of
from vpnportal.schema import cloud_records

_HOSPITAL = ("示範醫院（測試）", "9999999901")
_CLINIC = ("示範診所（測試）", "9999999902")

_DRUGS = (
    (
        12,
        _HOSPITAL,
        "I10",
        "TEST000001",
        "示範降血壓錠 5 毫克",
        "示範降壓成分甲, 錠劑, 5 毫克",
        "QD PO",
        28,
        28,
        "0012",
    ),
    (
        40,
        _HOSPITAL,
        "E11.9",
        "TEST000006",
        "示範降血糖錠 500 毫克",
        "示範降糖成分甲, 錠劑, 500 毫克",
        "BID PO",
        28,
        56,
        "0011",
    ),
    (
        75,
        _CLINIC,
        "J06.9",
        "TEST000014",
        "示範止痛錠 500 毫克",
        "示範止痛成分甲, 錠劑, 500 毫克",
        "TID PO",
        5,
        15,
        "0010",
    ),
)
_TESTS = (
    (20, _HOSPITAL, "02", "E11.9", "TESTLAB001", "糖化血色素", "7.1 %", "4.0-5.6"),
    (20, _HOSPITAL, "02", "N18.9", "TESTLAB002", "肌酸酐", "1.4 mg/dL", "0.7-1.2"),
)
_VISITS = (
    (12, _HOSPITAL, "02", "I10", "0012"),
    (40, _HOSPITAL, "02", "E11.9", "0011"),
    (75, _CLINIC, "01", "J06.9", "0010"),
)
_ALLERGIES = ((400, _HOSPITAL, "示範抗生素", "皮疹", "輕度"),)


def seed_records(connection: Connection, id_numbers: Mapping[str, int], today: dt.date) -> None:
    """Record the first ``n`` lines of every table for each id, once."""
    for id_no, lines in id_numbers.items():
        for kind, records in tables_of(today).items():
            for number, record in enumerate(records[:lines]):
                row = {
                    "id_no": id_no,
                    "kind": kind,
                    "number": number,
                    "document": msgspec.json.encode(record),
                }
                insert_if_absent(connection, cloud_records, row)


def tables_of(today: dt.date) -> dict[RecordKind, tuple[CloudRecord, ...]]:
    """All lines of each table, as they would stand on a day."""
    return {
        RecordKind.DRUGS: tuple(_drugs(today)),
        RecordKind.TESTS: tuple(_tests(today)),
        RecordKind.VISITS: tuple(_visits(today)),
        RecordKind.ALLERGIES: tuple(_allergies(today)),
        **reports_of(today),
    }


def _drugs(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, diagnosis, code, name, group, usage, days, quantity, sequence_no in _DRUGS:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.DRUGS,
            on=on,
            institution=place[0],
            values={
                "門住診別": "門診",
                "主診斷碼": diagnosis,
                DRUG_CODE: code,
                USAGE: usage,
                "就醫日期": roc_date(on),
                REFILLED_ON: "",
                "藥品用量": str(quantity),
                DAYS: str(days),
                "就醫序號": sequence_no,
                "醫事機構代碼": place[1],
                "慢連箋原處方醫事機構代碼": "",
                DRUG_NAME: name,
                INGREDIENT: group.partition(",")[0],
                CLASSIFICATION: group,
            },
        )


def _tests(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, department, diagnosis, code, name, value, reference in _TESTS:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.TESTS,
            on=on,
            institution=place[0],
            values={
                "門住診別": "門診",
                "費用年月": roc_date(on)[:5],
                "就醫科別代碼": department,
                "主診斷碼": diagnosis,
                "醫令代碼": code,
                "診療部位": "",
                "執行時間-起": roc_date(on),
                "執行時間-迄": roc_date(on),
                "醫令總量": "1",
                "醫事機構代碼": place[1],
                "就醫日期": roc_date(on),
                "醫令名稱": name,
                "檢驗結果": value,
                "參考值": reference,
            },
        )


def _visits(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, department, diagnosis, sequence_no in _VISITS:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.VISITS,
            on=on,
            institution=place[0],
            values={
                "就醫日期": roc_date(on),
                "門住診別": "門診",
                "就醫科別代碼": department,
                "主診斷碼": diagnosis,
                "就醫序號": sequence_no,
                "醫事機構代碼": place[1],
            },
        )


def _allergies(today: dt.date) -> Iterator[CloudRecord]:
    for days_ago, place, drug, symptom, severity in _ALLERGIES:
        on = today - dt.timedelta(days=days_ago)
        yield CloudRecord(
            kind=RecordKind.ALLERGIES,
            on=on,
            institution=place[0],
            values={"過敏藥物": drug, "過敏症狀": symptom, "嚴重程度": severity, "上傳日期": roc_date(on)},
        )
