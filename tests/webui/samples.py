"""Plain data for the fake box: one institution, one doctor, invented patients (checksum-invalid ids)."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from visitbridge.api.qr import qr_svg
from visitbridge.domain.site_steps import SiteState, SiteStep, next_approval, states_of

Json = dict[str, Any]

VISIT_ID = "019aa7c0-5d10-7000-8000-000000000001"


# A Monday at 14:32:10 in Taipei. The ten seconds keep what is shown in whole minutes the same while a test runs.
NOW = dt.datetime(2026, 11, 23, 6, 32, 10, tzinfo=dt.UTC)


def ago(**delta: float) -> str:
    return (NOW - dt.timedelta(**delta)).isoformat()


def ahead(**delta: float) -> str:
    return (NOW + dt.timedelta(**delta)).isoformat()


PATIENT: Json = {
    "name": "王小明",
    "card_no_tail": "0001",
    "id_masked": "A12****788",
    "birth_date": "1948-03-09",
    "sex": "M",
    "name_open": False,
}


def card(kind: str = "none", *, error_code: str = "", patient: Json | None = None) -> Json:
    return {"kind": kind, "insertion": 1, "error_code": error_code, "patient": patient}


def reader(reader_id: str, name: str, inside: Json) -> Json:
    return {
        "reader_id": reader_id,
        "name": name,
        "transport": "pcsc",
        "state": "empty" if inside["kind"] == "none" else "card",
        "virtual": True,
        "battery_percent": None,
        "battery_low": None,
        "signal_dbm": None,
        "sleeps": False,
        "trouble": "",
        "card": inside,
    }


def two_readers(first: Json, second: Json) -> Json:
    return {
        "readers": [reader("r1", "虛擬讀卡機 1", first), reader("r2", "虛擬讀卡機 2", second)],
        "troubles": [],
    }


def staff_session(**changes: Any) -> Json:
    return {
        "session_id": "s1",
        "staff_id": "D900000001",
        "name": "陳樣本",
        "kind": "doctor",
        "rights": ["QPB", "VC"],
        "started_at": ago(hours=4, minutes=50),
        "ends_at": ahead(hours=3, minutes=10),
        "phone_ids": ["p1"],
        **changes,
    }


def link(state: str = "good", hop: str = "") -> Json:
    return {"link": state, "hop": hop, "since": ago(minutes=12), "last_success_at": ago(minutes=12)}


def queue(depth: int = 0, **changes: Any) -> Json:
    return {
        "depth": depth,
        "attention": 0,
        "sending": 0,
        "oldest_at": ago(hours=2, minutes=5) if depth else None,
        "oldest_age": "fresh",
        "last_success_at": ago(hours=3),
        **changes,
    }


def box(**changes: Any) -> Json:
    return {
        "bound": True,
        "box_name": "訪視盒 7F3A",
        "sheet_id": "0a5a2c1e-7f3a-4b57-9a55-2f0f6d5f7f3a",
        "version": "0.1.0",
        "institution": {"code": "9999999901", "name": "測試居家醫療所"},
        "sam_id": "990000000328",
        "sam_valid_until": "2027-12-31",
        "sam_verified_at": ago(seconds=30),
        "dataset_group": "default",
        "enabled": True,
        **changes,
    }


def phone_topic(**changes: Any) -> Json:
    return {
        "phone_id": "p1",
        "name": "林護理師 iPhone",
        "role": "owner",
        "state": "open",
        "session_id": "s1",
        "reduced": False,
        "idle_s": 900.0,
        "has_code": True,
        **changes,
    }


def question(**changes: Any) -> Json:
    return {
        "request_id": "q1",
        "phone_id": "p9",
        "purpose": "pair",
        "name": "陳醫師 Pixel",
        "role": "user",
        "expires_at": ahead(minutes=3),
        "allowed_by": "",
        **changes,
    }


def locked(state: str = "locked", **changes: Any) -> Json:
    """What the box tells a locked phone: nothing about people."""
    return {
        "phone": phone_topic(state=state, session_id=""),
        "mode": {"virtual": True, "training": False, "lessons": False},
        "box": box(),
        "link": link(),
        "cards": two_readers(card("hpc"), card("nhi")),
        "time": {"trust": "data_centre"},
        **changes,
    }


def topics(**changes: Any) -> Json:
    """A signed-in team with a patient's card in the second reader."""
    return {
        "phone": phone_topic(),
        "mode": {"virtual": True, "training": False, "lessons": False},
        "box": box(),
        "link": link(),
        "queue": queue(),
        "cards": two_readers(card("hpc"), card("nhi", patient=PATIENT)),
        "staff": {"sessions": [staff_session()]},
        "time": {"trust": "data_centre"},
        "power": {"battery_percent": 62, "under_voltage": False},
        "identify": {"by": "card"},
        **changes,
    }


def flags(saved: str = "done", card: str = "waiting", vpn: str = "waiting", ic: str = "waiting") -> Json:
    return {"saved": saved, "card": card, "vpn": vpn, "ic": ic}


ORDER: Json = {
    "kind": "drug",
    "code": "AC12345100",
    "name": "ACETAMINOPHEN TABLETS 500MG",
    "dose": 1.0,
    "frequency": "TID",
    "route": "PO",
    "days": 7,
    "total": 21.0,
    "total_overridden": False,
    "chronic": False,
    "refills": 0,
    "price": 1.5,
    "note": "",
    "self_entered": False,
    "own_code": "",
    "long_term": False,
    "percentage": 100,
}
VISIT_FEE: Json = {
    **ORDER,
    "kind": "service",
    "code": "05307C",
    "name": "居家訪視費",
    "dose": 0.0,
    "frequency": "",
    "route": "",
    "days": 0,
    "total": 1.0,
    "price": 1631.0,
}


def content(**changes: Any) -> Json:
    return {
        "programme": "home_integrated",
        "claim": {
            "case_type": "E1",
            "department": "EA",
            "payment_category": "4",
            "visit_type": "01",
            "dispensing": "0",
            "copay": "K00",
            "special_items": ["EC"],
        },
        "subjective": "咳嗽三天,夜間較明顯,無發燒",
        "objective": "BP 138/82, SpO₂ 96%,雙肺呼吸音清",
        "diagnoses": [
            {"code": "J06.9", "name_zh": "急性上呼吸道感染", "name_en": "Acute upper respiratory infection"},
            {"code": "I10", "name_zh": "本態性(原發性)高血壓", "name_en": "Essential (primary) hypertension"},
        ],
        "orders": [copy.deepcopy(ORDER)],
        "virtual_orders": [],
        "proofs_kept": [],
        "virtual_order_note": "",
        "special_note": "",
        "occasion": {
            "arrived_at": None,
            "departed_at": None,
            "remote": False,
            "under_served": False,
            "emergency": False,
            "holiday": False,
        },
        "fee_points": 0,
        "copay_points": 0,
        "amounts_by_hand": False,
        **changes,
    }


def visit(**changes: Any) -> Json:
    return {
        "visit_id": VISIT_ID,
        "revision": 3,
        "state": "draft",
        "patient": {
            "card_no": "900000000001",
            "name": "王小明",
            "name_big5": "",
            "id_no": "A123456788",
            "birth_date": "1948-03-09",
            "sex": "M",
            "issued_date": "2020-01-01",
        },
        "identification": "card",
        "practitioner": {"staff_id": "D900000001", "name": "陳樣本", "kind": "doctor"},
        "institution": {"code": "9999999901", "name": "測試居家醫療所"},
        "visit_at": ago(minutes=9),
        "clock_trusted": True,
        "content": content(),
        "finished_at": None,
        "finish_mode": None,
        "sequence": None,
        "position": None,
        **changes,
    }


def job(kind: str, **changes: Any) -> Json:
    return {
        "job_id": f"job-{kind}",
        "kind": kind,
        "visit_id": VISIT_ID,
        "patient_name": "王○明",
        "visit_at": ago(hours=2, minutes=5),
        "state": "queued",
        "needs_person": False,
        "waiting_for": [],
        "age": "fresh",
        "due_at": ahead(hours=21, minutes=55),
        "attempts": 0,
        "revision": 3,
        "error": None,
        **changes,
    }


WAITING_JOBS: list[Json] = [
    job("card.write_visit", waiting_for=[{"code": "waiting.card", "params": {"name": "王○明"}}]),
    job("upload.visit", waiting_for=[{"code": "waiting.link", "params": {}}], attempts=2, age="amber"),
    job("upload.ic", state="unknown", attempts=1),
]
REJECTED_JOB: Json = job(
    "upload.ic",
    job_id="job-rejected",
    patient_name="林○本",
    state="rejected",
    needs_person=True,
    attempts=1,
    error={"code": "GW-DC-01", "field": "claim.department", "words": "就醫科別代碼不符"},
)


EDITOR: Json = {"phone_id": "p1", "phone_name": "林護理師 iPhone"}
OTHER_EDITOR: Json = {"phone_id": "p2", "phone_name": "陳醫師 Pixel"}
# A name in a few strokes, as a finger leaves it.
STROKES = [
    [180, 120, 330, 112],
    [170, 190, 340, 182],
    [150, 270, 360, 258],
    [255, 112, 250, 268],
    [520, 110, 516, 300, 490, 280],
    [440, 170, 420, 240],
    [590, 165, 640, 250],
    [720, 130, 720, 240, 800, 240, 800, 130, 720, 130],
    [720, 186, 800, 184],
]
SIGNATURE: Json = {
    "drawing": {"signer": "family", "relation": "女兒", "strokes": STROKES},
    "signed_at": ago(minutes=2),
    "revision": 3,
}


def view(*, editor: Json | None = EDITOR, signature: Json | None = None, **changes: Any) -> Json:
    return {
        "visit": visit(**changes),
        "flags": flags(),
        "jobs": [],
        "receipts": {},
        "notice": "",
        "editor": editor,
        "signature": signature,
    }


def advice(**changes: Any) -> Json:
    return {
        "revision": 3,
        "lacking": [],
        "proofs": [],
        "visit_type": "01",
        "courses": [],
        "case_type_fits": True,
        "special_item": "",
        "physical_card_wanted": False,
        "fees": [
            {
                "code": "05307C",
                "points": 1631,
                "performer": "doctor",
                "care": "home",
                "remote": False,
                "group": None,
                "over_hour": None,
            }
        ],
        "percentage": 100,
        "fee_points": 1663,
        "copay_points": 82,
        **changes,
    }


LEFTOVER: Json = {
    "known": True,
    "as_of": ago(hours=6),
    "uncounted": 0,
    "medicines": [
        {
            "group": "ACETAMINOPHEN",
            "names": ["ACETAMINOPHEN TABLETS 500MG"],
            "codes": ["AC12345100"],
            "remaining_days": 11,
            "usable_until": "2026-12-03",
            "next_fill_on": "2026-11-23",
            "is_duplicate": True,
            "approximate": True,
            "fills": [{"institution": "9999999902", "fetched_on": "2026-11-04", "days": 30}],
        }
    ],
}
PROGRAMMES: list[Json] = [
    {"programme": name, "case_types": case_types, "special_item": item, "visit_type": visit_type}
    for name, case_types, item, visit_type in (
        ("home_integrated", ["E1", "A1", "A5", "31"], "EC", "01"),
        ("home_care", ["A1", "A6", "A7"], "", "01"),
        ("respiratory", [], "", "01"),
        ("hospice", ["A5"], "", "01"),
        ("psychiatric", ["A2"], "", "01"),
        ("dental", [], "", "02"),
    )
]


def finished(**changes: Any) -> Json:
    shown = view(
        state="finished",
        finished_at=ago(minutes=1),
        finish_mode=4,
        sequence={"number": "0007", "source": "card", "taken_at": ago(minutes=1)},
    )
    return {**shown, "flags": flags(card="done", vpn="done", ic="done"), **changes}


def finished_as(mode: int, **changes: Any) -> Json:
    """With less than all."""
    shown = finished(**changes)
    return {**shown, "visit": {**shown["visit"], "finish_mode": mode}}


def summary(**changes: Any) -> Json:
    return {
        "visit_id": VISIT_ID,
        "revision": 3,
        "state": "draft",
        "patient_name": "王小明",
        "card_no": "900000000001",
        "visit_at": ago(minutes=9),
        "sequence_no": "",
        "flags": flags(),
        **changes,
    }


DATASETS: list[Json] = [
    {
        "name": "icd10",
        "version": "2023.1",
        "group": "default",
        "rows": 96802,
        "sha256": "00" * 32,
        "loaded_at": ago(days=1),
    },
    {
        "name": "drugs",
        "version": "2026.10",
        "group": "default",
        "rows": 45035,
        "sha256": "00" * 32,
        "loaded_at": ago(days=1),
    },
]
HITS: list[Json] = [
    {
        "code": "J06",
        "name_zh": "急性上呼吸道感染,多處及未明示部位",
        "name_en": "Acute upper respiratory infections of multiple and unspecified sites",
        "billable": False,
        "attributes": {},
        "favourite": False,
    },
    {
        "code": "J06.9",
        "name_zh": "急性上呼吸道感染",
        "name_en": "Acute upper respiratory infection, unspecified",
        "billable": True,
        "attributes": {},
        "favourite": True,
    },
    {
        "code": "J00",
        "name_zh": "急性鼻咽炎(感冒)",
        "name_en": "Acute nasopharyngitis [common cold]",
        "billable": True,
        "attributes": {},
        "favourite": False,
    },
]


def hit(code: str, name_zh: str, **attributes: str) -> Json:
    return {
        "code": code,
        "name_zh": name_zh,
        "name_en": "",
        "billable": True,
        "attributes": attributes,
        "favourite": False,
    }


COPAY_HITS: list[Json] = [hit("K00", "居家照護部分負擔 5%"), hit("001", "重大傷病")]
DRUG_HITS: list[Json] = [
    {
        "code": "AC12345100",
        "name_zh": "",
        "name_en": "ACETAMINOPHEN TABLETS 500MG",
        "billable": True,
        "attributes": {
            "frequency": "TID",
            "route": "PO",
            "days": "7",
            "price": "1.5",
            "indication": "退燒、止痛",
        },
        "favourite": False,
    },
    hit("BC99999100", "測試嗎啡錠", controlled="1"),
]


def lab_card(
    card_id: str,
    label: str,
    kind: str,
    reader_id: str | None,
    *,
    commands: int = 0,
    left_by_itself: bool = False,
) -> Json:
    return {
        "card_id": card_id,
        "label": label,
        "kind": kind,
        "reader_id": reader_id,
        "commands": commands,
        "left_by_itself": left_by_itself,
    }


LAB: Json = {
    "cards": [
        lab_card("patient-1", "健保卡 王小明", "nhi", "r2", commands=2),
        lab_card("patient-2", "健保卡 林樣本", "nhi", None, commands=14, left_by_itself=True),
        lab_card("doctor", "醫事人員卡 陳樣本醫師", "hpc", "r1", commands=3),
        lab_card("other", "不是健保卡", "unknown", None),
    ],
    "readers": [{"reader_id": "r1", "label": "讀卡機 1"}, {"reader_id": "r2", "label": "讀卡機 2"}],
    "link": {"mode": "up", "delay_ms": 0},
    "portal": {"clock_offset_s": 0, "faults": []},
    "binding": None,
}
SVG = qr_svg("https://10.77.0.1/p#sample")

HISTORY: Json = {
    "points": [
        {
            "at": ago(minutes=5 * back + 1),
            "link": "down" if 40 <= back < 60 else "unstable" if back < 4 else "good",
            "queue_depth": max(0, 30 - abs(back - 40)),
        }
        for back in range(200, 0, -1)
    ]
}
RETENTION: Json = {
    "months": 3,
    "before": ago(days=92),
    "cleared": 0,
    "clear": 42,
    "keep": 2,
    "open": 1,
    "unconfirmed": 0,
    "drafts": 1,
    "not_uploaded": 0,
}


def site_step(step: SiteStep, state: SiteState = SiteState.OPEN, *, by: str = "", hours: float = 0) -> Json:
    """One line of 健保署網站上的準備; ``hours`` ago ``by`` said so."""
    waits = step is SiteStep.APPLICATION and state is SiteState.APPLIED
    return {
        "step": step.value,
        "state": state.value,
        "by": by,
        "at": ago(hours=hours) if by else None,
        "states": [one.value for one in states_of(step)],
        "approval_at": next_approval(NOW).isoformat() if waits else None,
    }


SITE_STEPS = [site_step(step, SiteState.DONE, by="林管理", hours=48) for step in SiteStep]


def answers(**changes: Any) -> Json:
    """Answers of a box in daily use; keys of ``changes`` are replaced whole."""
    visit_path = f"/api/visits/{VISIT_ID}"
    return {
        "GET /api/visits": [summary()],
        f"GET {visit_path}": view(),
        f"GET {visit_path}/advice": advice(),
        f"GET {visit_path}/leftover": {"known": False, "as_of": None, "medicines": [], "uncounted": 0},
        f"GET {visit_path}/allergies": {"known": False, "as_of": None, "recorded": []},
        f"PUT {visit_path}/signature": lambda body: {"drawing": body, "signed_at": ago(), "revision": 3},
        "GET /api/programmes": PROGRAMMES,
        "GET /api/phrases": [
            {"phrase_id": "2", "text": "雙肺呼吸音清，無囉音"},
            {"phrase_id": "1", "text": "傷口乾淨，無滲液，換藥後覆蓋"},
        ],
        "GET /api/catalogue/special_items": [hit("EC", "居家醫療照護整合計畫")],
        "GET /api/catalogue/fees": [hit("05307C", "居家照護醫師訪視費(次)")],
        "GET /api/catalogue/copay": COPAY_HITS,
        "GET /api/catalogue/packages": [
            hit("P01", "高血壓追蹤", orders="[]", diagnoses="[]"),
        ],
        "GET /api/site-steps": SITE_STEPS,
        f"PUT {visit_path}/content": lambda body: {"revision": body["revision"] + 1, "saved_at": ago()},
        f"GET {visit_path}/prescription": {
            "ready": True,
            "waiting_for": "",
            "qr_svg": SVG,
            "passphrase": "482913",
        },
        "GET /api/datasets": DATASETS,
        "GET /api/catalogue/icd10": HITS,
        "GET /api/catalogue/drugs": DRUG_HITS,
        "GET /api/outbox": {"summary": queue(3), "items": [REJECTED_JOB, *WAITING_JOBS]},
        "GET /api/handoffs": {"waiting": 0, "has_key": True},
        "GET /api/retention": RETENTION,
        "GET /api/history": HISTORY,
        "GET /api/phones": [
            {
                "phone_id": "p1",
                "name": "林護理師 iPhone",
                "paired_at": ago(days=3),
                "used_at": ago(),
                "role": "owner",
            },
            {
                "phone_id": "p2",
                "name": "陳醫師 Pixel",
                "paired_at": ago(days=3),
                "used_at": ago(hours=20),
                "role": "user",
            },
        ],
        "POST /api/pair": {"request": "r-secret", "expires_at": ahead(minutes=3)},
        "POST /api/pair/look": {"allowed": False, "expires_at": ahead(minutes=3)},
        "POST /api/pair/confirm": {"phone_id": "p1", "name": "林護理師"},
        "POST /api/presence/q1/allow": {"code": "271828"},
        "POST /api/phone/ask": {"request": "r-secret", "expires_at": ahead(minutes=3)},
        "POST /api/phone/use": {},
        "POST /api/phone/lock": {},
        "POST /api/pairing-links": {
            "url": "https://10.77.0.1/p#sample",
            "token_expires_at": ahead(minutes=10),
            "qr_svg": SVG,
        },
        "GET /api/lab/state": LAB,
        **changes,
    }
