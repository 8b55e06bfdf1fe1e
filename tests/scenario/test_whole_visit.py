"""A whole visit on real parts: twenty diagnoses, twenty orders of every kind, virtual order, fee, stay, signature."""

from __future__ import annotations

import base64
import itertools
import json

from tests.scenario.day import Day, Json
from visitbridge.protocols.ic_upload.xml import decode

OTHERS = [
    {"kind": "service", "code": "05307C", "name": "醫師訪視費", "total": 1, "price": 1631},
    {"kind": "material", "code": "TESTMAT00001", "name": "示範導尿管", "total": 2, "price": 60},
    {"kind": "test", "code": "TESTLAB001", "name": "糖化血色素", "total": 1, "price": 200},
    {"kind": "self_paid", "code": "TESTSELF01", "name": "示範營養品", "total": 3, "price": 65},
]


async def _content(day: Day) -> Json:
    """As a team would fill it in; codes are those of the data sets on the box."""
    found = [await day.call("GET", f"/api/catalogue/icd10?q={word}&limit=30") for word in ("病", "I", "症")]
    diagnoses = list({hit["code"]: hit for hit in itertools.chain(*found) if hit["billable"]}.values())[:20]
    drugs = [
        hit
        for hit in await day.call("GET", "/api/catalogue/drugs?q=示範&limit=40")
        if "controlled" not in hit["attributes"]
    ][:16]
    ordered = [
        {
            "kind": "drug",
            "code": drug["code"],
            "name": drug["name_zh"],
            "dose": 1,
            "frequency": "QD",
            "route": "PO",
            "days": 28,
            "total": 28,
            "long_term": True,
        }
        for drug in drugs
    ]
    return {
        "subjective": "走路會喘三天，下肢水腫",
        "objective": "BP 142/86，SpO₂ 94%",
        "special_note": "家屬希望下週再訪",
        "diagnoses": [{"code": hit["code"], "name_zh": hit["name_zh"]} for hit in diagnoses],
        "orders": [*ordered, *OTHERS],
        "virtual_orders": ["R003", "R004"],
        "virtual_order_note": "病情變化，改藥",
        "occasion": {"under_served": True},
        "claim": {"special_items": ["EC"]},
    }


async def test_M01_N01_a_whole_visit_is_on_the_card_and_at_the_portal_once(day: Day) -> None:
    await day.sign_in()
    await day.insert("patient-wang")
    visit = await day.start()
    content = await _content(day)
    assert (len(content["diagnoses"]), len(content["orders"])) == (20, 20)
    saved = await day.save(visit, content)
    assert "revision" in saved, saved
    path = f"/api/visits/{visit['visit']['visit_id']}"
    signed = await day.call(
        "PUT",
        f"{path}/signature",
        {"signer": "family", "relation": "女兒", "strokes": [[100, 100, 800, 300]]},
    )
    assert "signed_at" in signed, signed
    advice = await day.call("GET", f"{path}/advice")
    assert advice["lacking"] == []

    finished = await day.finish(visit)
    assert "flags" in finished, finished
    done = await day.flags(visit, saved="done", card="done", vpn="done", ic="done")
    whole = done["visit"]["content"]
    # The visit, two catheters and a test; 4 % of the visit alone, since the area is under-served.
    assert (whole["fee_points"], whole["copay_points"]) == (1631 + 120 + 200, 65)
    assert done["signature"] == signed

    (body,) = day.uploads("visit")
    sent = json.loads(body)["visit"]["content"]
    assert sent == whole
    (record,) = decode(day.uploads("ic_record")[0])
    assert record.main_diagnosis == content["diagnoses"][0]["code"].replace(".", "")
    assert len(record.other_diagnoses) == 5, "what the format has room for"
    assert [line.order_type for line in record.orders] == ["1"] * 16 + ["3", "4", "3", "G", "G"]
    assert (record.fee, record.copay) == ("1951", "65")

    # The subscript of SpO₂ is in no Big5 file; a person says what to write instead.
    for form in ("scheme", "claim", "fhir", "table"):
        file = await day.call("POST", f"{path}/export", {"form": form, "chosen": {"₂": "2"}})
        assert "content" in file, file
        written = base64.b64decode(file["content"])
        drugs = [order["code"].encode() for order in content["orders"] if order["kind"] == "drug"]
        assert all(code in written for code in drugs), form


async def test_H20_the_second_visit_of_the_month_is_a_follow_up_without_a_number(day: Day) -> None:
    await day.sign_in()
    await day.insert("patient-wang")
    for visit_type in ("01", "AH"):
        visit = await day.start()
        assert visit["visit"]["content"]["claim"]["visit_type"] == visit_type
        content = {**visit["visit"]["content"], "diagnoses": [{"code": "I10"}]}
        await day.save(visit, content)
        await day.finish(visit)
        await day.flags(visit, card="done", vpn="done", ic="done")
    first, second = (decode(body)[0] for body in day.uploads("ic_record"))
    assert (first.visit_type, first.sequence_no) == ("01", "0001")
    assert (second.visit_type, second.sequence_no) == ("AH", "")
