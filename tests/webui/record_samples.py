"""Plain data for the screens about today's list, consents, records, carry-in and leaving; invented people only."""

from __future__ import annotations

from typing import Any

from tests.webui.samples import ORDER, VISIT_ID, ago, ahead
from visitbridge.domain.datasets import QPA_SETS
from visitbridge.domain.records import SECTIONS, RecordKind

Json = dict[str, Any]

CONSENT: Json = {
    "consent_id": "c1",
    "name": "王小明",
    "id_masked": "A12****788",
    "birth_date": "1948-03-09",
    "act": "given",
    "at": ago(days=2),
    "who": "T0003",
    "terms": {
        "kinds": [kind.value for kind in RecordKind],
        "signer": "family",
        "signed_on": "2026-11-20",
        "until": "2026-12-20",
    },
    "counts": True,
    "fetched_at": ago(minutes=40),
}


def plan(plan_id: str, name: str, **changes: Any) -> Json:
    return {
        "plan_id": plan_id,
        "planned_at": ahead(hours=2),
        "name": name,
        "id_masked": "A12****788",
        "birth_date": "1948-03-09",
        "consent": None,
        "fetched_at": None,
        **changes,
    }


PLANS = [
    plan("p1", "王小明", consent=CONSENT, fetched_at=CONSENT["fetched_at"]),
    plan("p2", "林樣本", consent={**CONSENT, "consent_id": "c2", "fetched_at": None}),
    plan("p3", "陳測試"),
]

PATIENTS: list[Json] = [
    {
        "visit_id": VISIT_ID,
        "visit_at": ago(days=28),
        "name": "王小明",
        "id_masked": "A12****788",
        "birth_date": "1948-03-09",
    }
]

DRUG_ROW: Json = {
    "on": "2026-11-10",
    "institution": "示範醫院（測試）",
    "values": {
        "門住診別": "門診",
        "主診斷碼": "I10",
        "藥品健保代碼": "TEST000001",
        "用法用量": "QD PO",
        "就醫日期": "1151110",
        "慢連箋領藥日": "",
        "藥品用量": "28",
        "給藥日數": "28",
        "就醫序號": "0012",
        "醫事機構代碼": "9999999901",
        "慢連箋原處方醫事機構代碼": "",
        "藥品名稱": "示範降血壓錠 5 毫克",
    },
}


def table(kind: RecordKind, *rows: Json, more: tuple[str, ...] = ()) -> Json:
    columns, keys = SECTIONS[kind]
    return {"kind": kind.value, "columns": [*columns, *more], "keys": list(keys), "rows": list(rows)}


def row(on: str, **values: str) -> Json:
    return {"on": on, "institution": "示範醫院（測試）", "values": values}


ROWS: dict[RecordKind, list[Json]] = {
    RecordKind.DRUGS: [DRUG_ROW, {**DRUG_ROW, "on": "2026-10-10"}],
    RecordKind.ALLERGIES: [row("2025-10-18", 過敏藥物="示範抗生素", 過敏症狀="皮疹", 嚴重程度="輕度")],
    RecordKind.RESULTS: [
        row("2026-11-02", 檢驗項目="糖化血色素", 檢驗結果="7.1", 單位="%", 參考值="4.0-5.6"),
        row("2026-11-02", 檢驗項目="肌酸酐", 檢驗結果="1.4", 單位="mg/dL", 參考值="0.7-1.2"),
    ],
    RecordKind.DISCHARGE: [
        row(
            "2026-02-14",
            主診斷碼="J18.9",
            出院診斷="示範肺炎",
            出院摘要="抗生素治療後退燒，氧氣需求停止；返家後居家照護。",
        )
    ],
}


RECORDS: Json = {
    "as_of": ago(minutes=40),
    "fetched_at": ago(minutes=40),
    "until": ahead(days=7),
    "tables": [
        table(kind, *ROWS.get(kind, []), more=("藥品名稱",) if kind is RecordKind.DRUGS else ())
        for kind in RecordKind
    ],
}

ALLERGIES: Json = {
    "known": True,
    "as_of": ago(minutes=40),
    "recorded": [
        {
            "drug": "示範抗生素",
            "symptom": "皮疹",
            "severity": "輕度",
            "on": "2025-10-18",
            "institution": "示範醫院（測試）",
        }
    ],
}

LEFTOVER: Json = {
    "known": True,
    "as_of": ago(minutes=40),
    "uncounted": 0,
    "medicines": [
        {
            "group": "示範降壓成分甲, 錠劑",
            "names": ["示範降血壓錠 5 毫克"],
            "codes": ["TEST000001"],
            "remaining_days": 15,
            "usable_until": "2026-12-07",
            "next_fill_on": "2026-11-27",
            "is_duplicate": True,
            "approximate": False,
            "fills": [{"institution": "示範醫院（測試）", "fetched_on": "2026-11-10", "days": 28}],
        }
    ],
}
UNKNOWN_LEFTOVER: Json = {"known": False, "as_of": None, "medicines": [], "uncounted": 0}

FORMER: list[Json] = [
    {
        "visit_id": "former-1",
        "visit_at": ago(days=28),
        "practitioner": "陳樣本",
        "subjective": "頭暈,偶爾胸悶",
        "objective": "BP 150/90",
        "special_note": "",
        "diagnoses": [{"code": "I10", "name_zh": "本態性(原發性)高血壓", "name_en": ""}],
        "orders": [ORDER],
        "claim": {
            "case_type": "E1",
            "department": "EA",
            "payment_category": "4",
            "visit_type": "01",
            "dispensing": "0",
            "copay": "K00",
            "special_items": ["EC"],
        },
    },
    {
        "visit_id": "former-2",
        "visit_at": ago(days=60),
        "practitioner": "陳樣本",
        "subjective": "",
        "objective": "",
        "special_note": "怕打針",
        "diagnoses": [],
        "orders": [],
        "claim": {
            "case_type": "E1",
            "department": "EA",
            "payment_category": "4",
            "visit_type": "01",
            "dispensing": "0",
            "copay": "K00",
            "special_items": [],
        },
    },
]


def item(name: str, state: str, code: str, **params: Any) -> Json:
    return {"item": name, "state": state, "code": code, "params": params}


DEPARTURE_BAD: Json = {
    "at": ago(seconds=5),
    "ready": False,
    "items": [
        item("list", "ok", "ok", count=3, first="09:00", last="16:30"),
        item("sam", "ok", "ok", days=402),
        item("hpc", "fail", "too_short", until="16:00", count=1, first="16:30"),
        item("records", "fail", "due", count=1),
        item("datasets", "warn", "empty", count=2),
        item("clock", "ok", "data_centre"),
        item("readers", "ok", "ok", count=2),
        item("power", "warn", "low", percent=18),
        item("queue", "ok", "ok"),
    ],
}
DEPARTURE_GOOD: Json = {
    "at": ago(seconds=5),
    "ready": True,
    "items": [
        item("list", "ok", "ok", count=3, first="09:00", last="16:30"),
        item("sam", "ok", "ok", days=402),
        item("hpc", "ok", "ok", until="17:42"),
        item("records", "ok", "ok", count=2),
        item("datasets", "ok", "today", days=0),
        item("clock", "ok", "data_centre"),
        item("readers", "ok", "ok", count=2),
        item("power", "ok", "ok", percent=82),
        item("queue", "ok", "ok"),
    ],
}


def dataset(name: str, rows: int, **changes: Any) -> Json:
    return {
        "name": name,
        "version": "20261121T010203000000Z",
        "group": "default",
        "rows": rows,
        "sha256": "00" * 32,
        "loaded_at": ago(days=1),
        "previous": "20261101T010203000000Z",
        "added": 12,
        "removed": 3,
        "changed": 5,
        **changes,
    }


DATASETS = [
    dataset("icd10", 96802),
    dataset("drugs", 45035, previous="", added=0, removed=0, changed=0),
    *(dataset(name, 8) for name in QPA_SETS[:5]),
]
DATASET_STATUS: Json = {
    "checked_at": ago(hours=3),
    "missing": [],
    "empty": ["packages", "device_settings"],
    "groups": ["default", "hospice"],
    "loaded_group": "default",
}

ANSWERS: Json = {
    "GET /api/plans": PLANS,
    "GET /api/patients": PATIENTS,
    "GET /api/consents": [CONSENT, {**CONSENT, "consent_id": "c2", "name": "林樣本", "counts": False}],
    "GET /api/consents/c1/records": RECORDS,
    f"GET /api/visits/{VISIT_ID}/records": RECORDS,
    f"GET /api/visits/{VISIT_ID}/leftover": LEFTOVER,
    f"GET /api/visits/{VISIT_ID}/allergies": ALLERGIES,
    f"GET /api/visits/{VISIT_ID}/former": FORMER,
    "GET /api/departure": DEPARTURE_GOOD,
    "GET /api/datasets": DATASETS,
    "GET /api/datasets/status": DATASET_STATUS,
}
