"""Rows of a visit that only a whole box can show: code tables, corrections, what was taken over, what the HIS fetches."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.scenario.day import Day, open_day

TAIPEI = dt.timezone(dt.timedelta(hours=8))


@pytest.fixture
async def box() -> AsyncIterator[Day]:
    """Signed in, with the card of 王測試 in the reader."""
    async with open_day(use_pcscd=False) as day:
        await day.sign_in()
        await day.insert("patient-wang")
        yield day


def drug(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "drug",
        "code": code,
        "dose": 1,
        "frequency": "QD",
        "route": "PO",
        "days": 7,
        "total": 7,
        **changes,
    }


def path_of(visit: dict[str, Any]) -> str:
    return f"/api/visits/{visit['visit']['visit_id']}"


async def test_M14_all_that_the_details_of_an_order_show(box: Day) -> None:
    """M14: 處方代碼, 健保代碼, 中英名, 價格, 慢箋, 調劑次數, 天數, 數量, 頻率, 途徑 as they were ordered, 適應症 from the data set."""
    (hit,) = await box.call("GET", "/api/catalogue/drugs?q=TEST000001")
    assert (hit["code"], hit["name_zh"]) == ("TEST000001", "示範降血壓錠 5 毫克")
    assert hit["name_en"] == "Demo antihypertensive A tablet 5 mg"
    assert (hit["attributes"]["price"], hit["attributes"]["indication"]) == ("2.5", "高血壓")

    visit = await box.start()
    ordered = drug(
        hit["code"],
        own_code="院內-12",
        name=hit["name_zh"],
        price=2.5,
        chronic=True,
        refills=3,
        days=28,
        total=28,
    )
    await box.save(visit, {"orders": [ordered]})
    (kept,) = (await box.call("GET", path_of(visit)))["visit"]["content"]["orders"]
    assert {name: kept[name] for name in ordered} == ordered


@pytest.mark.parametrize("asked", ["05307C", "醫師訪視費（在宅）", "doctor visit at home"])
async def test_M16_the_payment_standard_is_found_by_code_chinese_and_english(box: Day, asked: str) -> None:
    hit, *_ = await box.call("GET", f"/api/catalogue/fees?q={asked}")
    assert (hit["code"], hit["name_zh"], hit["attributes"]["price"]) == (
        "05307C",
        "醫師訪視費（在宅）",
        "1631",
    )


async def test_Q03_what_was_taken_over_can_be_deleted_and_put_back(box: Day) -> None:
    first = await box.start()
    await box.save(
        first, {"diagnoses": [{"code": "I10"}], "orders": [drug("TEST000001"), drug("TEST000014")]}
    )
    await box.finish(first, 1)
    second = await box.start()
    taken = await box.call(
        "POST",
        f"{path_of(second)}/carry-in",
        {
            "revision": second["visit"]["revision"],
            "from_visit_id": first["visit"]["visit_id"],
            "sections": ["diagnoses", "orders"],
        },
    )
    second["visit"]["revision"] = taken["revision"]
    whole = (await box.call("GET", path_of(second)))["visit"]["content"]
    assert [order["code"] for order in whole["orders"]] == ["TEST000001", "TEST000014"]

    await box.save(second, {**whole, "orders": whole["orders"][1:]})
    left = (await box.call("GET", path_of(second)))["visit"]["content"]
    assert [order["code"] for order in left["orders"]] == ["TEST000014"]
    await box.save(second, whole)
    assert (await box.call("GET", path_of(second)))["visit"]["content"] == whole
    former = (await box.call("GET", path_of(first)))["visit"]["content"]
    assert [order["code"] for order in former["orders"]] == ["TEST000001", "TEST000014"]


async def test_N11_what_the_portal_sends_back_is_for_a_person_and_the_others_go_on(box: Day) -> None:
    """N11: the reason in the portal's words and by field, nothing of the others held up, corrected and sent once."""
    await box.link("down", shown="down")
    visits = [await box.start()]
    await box.pull()
    await box.insert("patient-lin")
    visits.append(await box.start())
    for visit in visits:
        await box.save(visit, {"diagnoses": [{"code": "I10"}], "orders": [drug("TEST000014")]})
        await box.finish(visit, 3)
    await box.lab.ask(
        "POST",
        "/portal/faults",
        {
            "route": "POST /visits",
            "occurrence": 1,
            "fault": "reject",
            "check_code": "AD",
            "field": "content.claim.department",
            "words": "就醫科別錯誤",
        },
    )
    await box.link("up", shown="unstable,good")

    def uploads_left(answer: dict[str, Any]) -> list[dict[str, Any]]:
        return [item for item in answer["items"] if item["kind"].startswith("upload.")]

    def has_stopped(answer: dict[str, Any]) -> bool:
        return [item["needs_person"] for item in uploads_left(answer)] == [True]

    (item,) = uploads_left(await box.until("/api/outbox", has_stopped))
    assert (item["state"], [reason["code"] for reason in item["waiting_for"]]) == (
        "rejected",
        ["waiting.person"],
    )
    assert (item["error"]["field"], item["error"]["retry"]) == ("content.claim.department", "never")
    assert "就醫科別錯誤" in item["error"]["verbatim"]
    assert item["error"]["words"]["now"]
    sent_back, other = sorted(visits, key=lambda visit: visit["visit"]["visit_id"] != item["visit_id"])
    await box.flags(other, vpn="done")
    assert (await box.call("GET", "/api/state"))["queue"]["attention"] == 1

    whole = await box.call("GET", path_of(sent_back))
    sent_back["visit"]["revision"] = whole["visit"]["revision"]
    await box.save(sent_back, {**whole["visit"]["content"], "special_note": "科別已更正"})
    await box.flags(sent_back, vpn="done")
    sent = [json.loads(body)["visit"] for body in box.uploads("visit")]
    assert sorted(visit["visit_id"] for visit in sent) == sorted(
        visit["visit"]["visit_id"] for visit in visits
    )
    assert (await box.call("GET", "/api/state"))["queue"]["attention"] == 0


async def test_R02_the_his_gets_the_file_and_the_receipts_that_the_portal_gave(box: Day) -> None:
    """R02: the scheme's file of a visit, and its receipts by kind, both as the other side has them."""
    visit = await box.start()
    early = await box.call("POST", f"{path_of(visit)}/export", {"form": "scheme"})
    await box.save(visit, {"diagnoses": [{"code": "I10"}], "orders": [drug("TEST000014")]})
    await box.finish(visit)
    done = await box.flags(visit, card="done", vpn="done", ic="done")
    file = await box.call("POST", f"{path_of(visit)}/export", {"form": "scheme"})

    assert early["code"] == "GW-REQ-10"
    (exported,) = json.loads(base64.b64decode(file["content"]).decode("big5"))
    insurer = {kind: receipt["insurer"] for kind, receipt in done["receipts"].items()}
    assert (exported["A12"], exported["A18"]) == ("A123456788", done["visit"]["sequence"]["number"])
    assert exported["A22"] == insurer["card.write_visit"]["signature"]
    assert exported["enc"] == insurer["upload.visit"]["visit_identifier"]
    assert exported["ic_xml"].encode("big5") in box.uploads("ic_record")
    held = box.portal("select key, kind, digest from receipts")
    assert {(each["key"], each["kind"], each["digest"]) for each in done["receipts"].values()} == {*held}
    assert [kind for _, kind, _ in sorted(held, key=lambda row: row[1])] == [
        "card_prescription",
        "card_visit",
        "ic_record",
        "visit",
    ]


async def test_R02_the_receipts_of_a_month_are_those_that_the_portal_holds(box: Day) -> None:
    """R02: one line for each finished visit, in their order, as objects and as a table; days that make no sense are refused."""
    visits = [await box.start()]
    await box.save(visits[0], {"diagnoses": [{"code": "I10"}], "orders": [drug("TEST000014")]})
    await box.finish(visits[0])
    await box.flags(visits[0], card="done", vpn="done", ic="done")
    await box.pull()
    await box.insert("patient-lin")
    visits.append(await box.start())
    await box.save(visits[1], {"diagnoses": [{"code": "I10"}]})
    await box.finish(visits[1], 1)
    first, second = (
        dt.datetime.fromisoformat(each["visit"]["visit_at"]).astimezone(TAIPEI).date() for each in visits
    )
    found = await box.call(
        "POST", "/api/reconciliation", {"since": first.isoformat(), "until": second.isoformat()}
    )

    assert [line["visit_id"] for line in found["visits"]] == [each["visit"]["visit_id"] for each in visits]
    assert [line["flags"]["vpn"] for line in found["visits"]] == ["done", "not_wanted"]
    sent, kept = found["visits"]
    held = box.portal("select key, kind, digest from receipts")
    assert {(each["key"], each["kind"], each["digest"]) for each in sent["receipts"].values()} == {*held}
    assert (len(held), kept["receipts"]) == (4, {})
    table = csv.DictReader(io.StringIO(base64.b64decode(found["content"]).decode("utf-8-sig")))
    assert [(row["visit_id"], row["upload.visit.receipt"], row["upload.ic.digest"]) for row in table] == [
        (sent["visit_id"], sent["receipts"]["upload.visit"]["key"], sent["receipts"]["upload.ic"]["digest"]),
        (kept["visit_id"], "", ""),
    ]

    before = {"since": "2020-01-01", "until": "2020-01-31"}
    assert (await box.call("POST", "/api/reconciliation", before))["visits"] == []
    for days in ({**before, "until": "2020-02-01"}, {**before, "until": "2019-12-31"}):
        assert (await box.call("POST", "/api/reconciliation", days))["field"] == "until"
