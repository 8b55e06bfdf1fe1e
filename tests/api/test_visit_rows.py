"""The visit over the API, row by row of the acceptance table (A01, H19-H20, M01-M23, N01-N09, Y04-Y05)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.visit_house import DRUG, VisitHouse, content, open_visit_house
from visitbridge.domain.visit import Position
from visitbridge.sim.clock import FakeClock

VISIT_FEE = {"kind": "service", "code": "05307C", "price": 1631.0, "total": 1.0}


@pytest.fixture
async def box(tmp_path: Path, clock: FakeClock) -> AsyncIterator[VisitHouse]:
    async with open_visit_house(tmp_path, clock) as opened:
        yield opened


async def kept(box: VisitHouse, **changes: Any) -> dict[str, Any]:
    """The content as the box has it after a save."""
    whole: dict[str, Any] = (await box.filled(**changes))["visit"]["content"]
    return whole


async def refusal(box: VisitHouse, **changes: Any) -> tuple[str, str, str]:
    """Code, field and rule of what a finish with upload says to a visit that was saved."""
    error = (await box.finish(await box.filled(**changes))).json["error"]
    return error["code"], error["field"], error["params"].get("rule", "")


async def test_M01_a_visit_begins_and_ends_by_two_explicit_acts(box: VisitHouse) -> None:
    draft = await box.start()
    assert draft["visit"]["state"] == "draft"
    finished = await box.finished()
    assert (finished["visit"]["visit_id"], finished["visit"]["state"]) == (
        draft["visit"]["visit_id"],
        "finished",
    )


async def test_M02_the_time_of_the_visit_is_the_boxs(box: VisitHouse) -> None:
    visit = (await box.start())["visit"]
    assert dt.datetime.fromisoformat(visit["visit_at"]) == box.room.clock.now()
    assert visit["clock_trusted"] is True


async def test_M06_what_a_screen_counts_is_what_was_saved_last(box: VisitHouse) -> None:
    """M06: 診斷（共 N 筆）, 處方（共 N 筆）, 虛擬醫令, 特別記載, after adding, deleting, and a save that came too late."""
    codes = ["I10", "E11.9"]

    def counted(view: dict[str, Any]) -> tuple[int, int, int, str]:
        whole = view["visit"]["content"]
        diagnoses, orders, virtual = (len(whole[n]) for n in ("diagnoses", "orders", "virtual_orders"))
        return diagnoses, orders, virtual, whole["special_note"]

    draft = await box.start()
    assert counted(draft) == (0, 0, 0, "")
    full = {"diagnoses": [{"code": code} for code in codes], "orders": [DRUG, {**DRUG, "note": "二"}]}
    await box.save(draft, content(**full, virtual_orders=["R001"], special_note="跌倒高風險"))
    assert counted(await box.get(draft)) == (2, 2, 1, "跌倒高風險")
    late = {"visit": {**draft["visit"]}}
    await box.save(draft, content(orders=[], special_note=""))
    assert counted(await box.get(draft)) == (1, 0, 0, "")
    late["visit"]["revision"] -= 1
    assert (await box.save(late, content(**full))).code == "GW-REQ-05"
    assert counted(await box.get(draft)) == (1, 0, 0, "")


@pytest.mark.parametrize(
    ("setting", "dataset", "code"),
    [
        ("case_type", "case_types", "A1"),
        ("department", "departments", "AC"),
        ("payment_category", "payment_categories", "9"),
        ("visit_type", "visit_types", "AH"),
        ("dispensing", "dispensing", "1"),
        ("copay", "copay", "001"),
    ],
)
async def test_M03_each_of_the_six_settings_is_kept_or_refused_by_its_data_set(
    box: VisitHouse, setting: str, dataset: str, code: str
) -> None:
    box.room.catalogue.sets[dataset] = {code}
    assert (await kept(box, claim={setting: code}))["claim"][setting] == code
    answer = await box.save(await box.get(await box.start()), content(claim={setting: "ZZ"}))
    assert (answer.status, answer.json["error"]["field"]) == (422, f"content.claim.{setting}")


@pytest.mark.parametrize(
    ("member", "row"), [("subjective", "M04"), ("objective", "M05"), ("special_note", "M19")]
)
async def test_M04_M05_M19_free_texts_are_kept_as_typed(box: VisitHouse, member: str, row: str) -> None:
    text = f"{row} 咳嗽、喉嚨痛\n第二行 髎"
    assert (await kept(box, **{member: text}))[member] == text
    too_long = await box.save(await box.start(), content(**{member: "長" * 4001}))
    assert (too_long.status, too_long.json["error"]["field"]) == (400, f"content.{member}")


async def test_M07_diagnoses_keep_their_order_up_to_twenty(box: VisitHouse) -> None:
    codes = [f"I10.{number}" for number in range(20)]
    box.room.catalogue.sets["icd10"].update(codes)
    whole = await kept(box, diagnoses=[{"code": code} for code in codes])
    assert [diagnosis["code"] for diagnosis in whole["diagnoses"]] == codes
    more = await box.save(await box.start(), content(diagnoses=[{"code": "I10"}] * 21))
    assert (more.status, more.json["error"]["field"]) == (400, "content.diagnoses")


@pytest.mark.parametrize(
    ("diagnoses", "field", "rule"),
    [
        ([], "content.diagnoses", "diagnosis"),
        ([{"code": "I10"}, {"code": "I10"}], "content.diagnoses[1].code", "diagnosis_twice"),
    ],
)
async def test_M07_what_leaves_the_box_has_one_main_diagnosis_and_none_twice(
    box: VisitHouse, diagnoses: list[dict[str, str]], field: str, rule: str
) -> None:
    assert await refusal(box, diagnoses=diagnoses) == ("GW-REQ-02", field, rule)


@pytest.mark.parametrize("kind", ["drug", "material", "service", "test", "self_paid"])
async def test_M09_orders_of_every_kind_are_kept_and_leave(box: VisitHouse, kind: str) -> None:
    order = DRUG if kind == "drug" else {"kind": kind, "code": "X1", "total": 2.0, "price": 10.0}
    finished = await box.finished(orders=[order])
    assert [kept["kind"] for kept in finished["visit"]["content"]["orders"]] == [kind]


async def test_M10_controlled_drugs_are_not_issued(box: VisitHouse) -> None:
    answer = await box.save(await box.start(), content(orders=[{**DRUG, "kind": "controlled"}]))
    error = answer.json["error"]
    assert (answer.status, error["field"], error["params"]["rule"]) == (
        422,
        "content.orders[0].kind",
        "controlled",
    )


async def test_M10_nor_is_a_drug_that_the_data_set_calls_controlled(box: VisitHouse) -> None:
    box.room.catalogue.attributes["TEST000001"] = {"controlled": "3"}
    answer = await box.save(await box.start(), content())
    error = answer.json["error"]
    assert (answer.status, error["field"], error["params"]["rule"]) == (
        422,
        "content.orders[0].code",
        "controlled",
    )


async def test_M12_an_order_of_ones_own_is_marked_and_kept_with_both_codes(box: VisitHouse) -> None:
    own = {**DRUG, "code": "NOTINSET", "own_code": "院內-7", "name": "自製藥膏", "self_entered": True}
    (order,) = (await kept(box, orders=[own]))["orders"]
    assert (order["code"], order["own_code"], order["self_entered"]) == ("NOTINSET", "院內-7", True)


async def test_M13_every_field_of_an_order_is_kept(box: VisitHouse) -> None:
    box.room.catalogue.sets["frequencies"].add("TID")
    order = {
        **DRUG,
        "name": "測試錠",
        "frequency": "TID",
        "days": 28,
        "total": 84.0,
        "chronic": True,
        "refills": 3,
        "price": 1.5,
        "note": "飯後",
        "percentage": 100,
    }
    (stored,) = (await kept(box, orders=[order]))["orders"]
    assert {name: stored[name] for name in order} == order


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"total": 3.0}, "total", "total_differs"),
        ({"days": 8, "total": 8.0}, "days", "days_ordinary"),
        ({"long_term": True, "days": 32, "total": 32.0}, "days", "days_chronic"),
        ({"chronic": True, "refills": 4, "days": 28, "total": 28.0}, "refills", "refills_days"),
        ({"frequency": ""}, "frequency", "missing"),
        ({"kind": "self_paid", "total": 3.0}, "total", "total_differs"),
        ({"kind": "self_paid", "route": ""}, "route", "missing"),
    ],
)
async def test_M13_what_leaves_the_box_keeps_to_arithmetic_and_law(
    box: VisitHouse, changes: dict[str, Any], member: str, rule: str
) -> None:
    assert await refusal(box, orders=[{**DRUG, **changes}]) == (
        "GW-REQ-02",
        f"content.orders[0].{member}",
        rule,
    )


async def test_M09_M13_a_medicine_that_the_patient_pays_for_is_bound_by_no_days_of_the_insurers(
    box: VisitHouse,
) -> None:
    paid = {**DRUG, "kind": "self_paid", "code": "SP1", "days": 14, "total": 14.0}
    (order,) = (await box.finished(orders=[paid]))["visit"]["content"]["orders"]
    assert {name: order[name] for name in paid} == paid


async def test_M13_a_total_that_a_person_typed_and_marked_leaves(box: VisitHouse) -> None:
    finished = await box.finished(orders=[{**DRUG, "total": 3.0, "total_overridden": True}])
    assert finished["visit"]["content"]["orders"][0]["total"] == 3.0


async def test_M18_virtual_orders_leave_once_their_proof_is_with_the_chart(box: VisitHouse) -> None:
    assert await refusal(box, virtual_orders=["R001", "R004"]) == (
        "GW-REQ-02",
        "content.virtual_orders",
        "proof_affidavit",
    )
    finished = await box.finished(virtual_orders=["R001", "R004"], proofs_kept=["affidavit"])
    assert finished["visit"]["content"]["virtual_orders"] == ["R001", "R004"]


@pytest.mark.parametrize("codes", [["X001"], ["R003", "R003"]])
async def test_M18_what_is_no_virtual_order_is_refused(box: VisitHouse, codes: list[str]) -> None:
    answer = await box.save(await box.start(), content(virtual_orders=codes))
    field = f"content.virtual_orders[{len(codes) - 1}]"
    assert (answer.status, answer.json["error"]["field"]) == (422, field)


@pytest.mark.parametrize(("code", "share"), [("K00", 82), ("001", 0), ("801", 0)])
async def test_M20_who_is_exempt_pays_nothing(box: VisitHouse, code: str, share: int) -> None:
    finished = await box.finished(orders=[VISIT_FEE], claim={"copay": code})
    assert finished["visit"]["content"]["copay_points"] == share


async def test_M21_amounts_are_computed_when_the_visit_is_finished(box: VisitHouse) -> None:
    whole = (await box.finished(orders=[VISIT_FEE, {**DRUG, "price": 1.5}]))["visit"]["content"]
    assert (whole["fee_points"], whole["copay_points"]) == (1642, 82)


@pytest.mark.parametrize(
    ("published", "points"),
    [
        ({"price": "1700"}, 1700),
        ({"price": "0"}, 0),
        ({}, 1631),
        ({"price": "1,700"}, 1631),
        ({"price": "99999999"}, 1631),
    ],
)
async def test_M21_a_proposed_fee_has_the_points_of_the_loaded_payment_standard(
    box: VisitHouse, published: dict[str, str], points: int
) -> None:
    """M21, A10: else those that the plan was published with."""
    box.room.catalogue.sets["fees"] = {"05307C"}
    box.room.catalogue.attributes["05307C"] = published
    advice = await box.get(await box.filled(), "/advice")
    assert [(fee["code"], fee["points"]) for fee in advice["fees"]] == [("05307C", points)]


async def test_M21_amounts_that_a_person_typed_stay(box: VisitHouse) -> None:
    typed = {"fee_points": 100, "copay_points": 50, "amounts_by_hand": True}
    whole = (await box.finished(orders=[VISIT_FEE], **typed))["visit"]["content"]
    assert {name: whole[name] for name in typed} == typed


async def test_M22_a_draft_that_was_thrown_away_comes_back_whole(box: VisitHouse) -> None:
    draft = await box.filled(subjective="頭暈")
    path = f"/api/visits/{draft['visit']['visit_id']}"
    gone = (await box.phone.post(f"{path}/discard", {"revision": draft["visit"]["revision"]})).json
    assert gone["visit"]["state"] == "discarded"
    back = (await box.phone.post(f"{path}/restore", {"revision": gone["visit"]["revision"]})).json
    assert (back["visit"]["state"], back["visit"]["content"]) == ("draft", draft["visit"]["content"])


async def test_Q03_clearing_history_takes_what_is_old_and_away_and_leaves_the_rest(box: VisitHouse) -> None:
    """Q03, S04: counts are told first; what was never sent stays however old it is, and what was thrown away goes."""
    kept_visit = await box.finished(1)
    box.room.clock.advance(60.0)
    gone = await box.filled()
    path = f"/api/visits/{gone['visit']['visit_id']}"
    await box.phone.post(f"{path}/discard", {"revision": gone["visit"]["revision"]})
    box.room.clock.advance(40 * 86_400.0)
    told = (await box.owner.get("/api/retention?months=1")).json
    assert {name: told[name] for name in ("clear", "keep", "not_uploaded", "cleared")} == {
        "clear": 1,
        "keep": 1,
        "not_uploaded": 1,
        "cleared": 0,
    }
    assert len((await box.phone.get("/api/visits")).json) == 2
    cleared = (await box.owner.post("/api/retention", {"months": 1})).json
    assert (cleared["cleared"], cleared["clear"], cleared["keep"]) == (1, 0, 1)
    assert [line["visit_id"] for line in (await box.phone.get("/api/visits")).json] == [
        kept_visit["visit"]["visit_id"]
    ]
    assert (await box.phone.get(path)).code == "GW-REQ-04"


async def test_M23_special_items_are_kept_up_to_four(box: VisitHouse) -> None:
    box.room.catalogue.sets["special_items"] = {"EC", "H8", "HA", "HB", "HC"}
    items = ["EC", "H8", "HA", "HB"]
    assert (await kept(box, claim={"special_items": items}))["claim"]["special_items"] == items
    more = await box.save(await box.start(), content(claim={"special_items": [*items, "HC"]}))
    assert (more.status, more.json["error"]["field"]) == (400, "content.claim.special_items")
    odd = await box.save(await box.get(await box.start()), content(claim={"special_items": ["ZZ"]}))
    assert (odd.status, odd.json["error"]["field"]) == (422, "content.claim.special_items[0]")


async def test_A01_six_programmes_and_what_is_public_of_their_claims(box: VisitHouse) -> None:
    lines = (await box.phone.get("/api/programmes")).json
    assert [line["programme"] for line in lines] == [
        "home_integrated",
        "home_care",
        "respiratory",
        "hospice",
        "psychiatric",
        "dental",
    ]
    assert lines[0]["case_types"] == ["E1", "A1", "A5", "31"]
    assert (await kept(box, programme="hospice"))["programme"] == "hospice"
    odd = await box.save(await box.get(await box.start()), content(programme="clinic"))
    assert (odd.status, odd.json["error"]["field"]) == (422, "content.programme")


async def test_H19_preventive_care_with_the_physical_card_gets_no_remark(box: VisitHouse) -> None:
    advice = await box.get(await box.filled(claim={"visit_type": "AC"}), "/advice")
    assert advice["physical_card_wanted"] is False


async def test_H20_the_months_next_visit_is_proposed_as_a_follow_up(box: VisitHouse) -> None:
    await box.finished(mode=1)
    box.room.clock.advance(60.0)
    again = await box.start()
    assert again["visit"]["content"]["claim"]["visit_type"] == "AH"
    advice = await box.get(again, "/advice")
    assert advice["courses"] == [{"kind": "physical", "visits": 1, "number": ""}]


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (1, []),
        (2, ["card.write_visit", "card.write_prescription"]),
        (3, ["card.write_visit", "card.write_prescription", "upload.visit"]),
        (4, ["card.write_visit", "card.write_prescription", "upload.visit", "upload.ic"]),
    ],
)
async def test_N01_the_four_ways_to_finish(box: VisitHouse, mode: int, kinds: list[str]) -> None:
    finished = await box.finished(mode)
    assert [job["kind"] for job in finished["jobs"]] == kinds
    assert finished["flags"] == {
        "saved": "done",
        "card": "waiting" if mode >= 2 else "not_wanted",
        "vpn": "waiting" if mode >= 3 else "not_wanted",
        "ic": "waiting" if mode >= 4 else "not_wanted",
    }


async def test_N01_everything_that_is_lacking_is_told_before_it_is_tried(box: VisitHouse) -> None:
    draft = await box.filled(diagnoses=[], orders=[{**DRUG, "route": ""}])
    advice = await box.get(draft, "/advice")
    assert [lack["field"] for lack in advice["lacking"]] == ["content.diagnoses", "content.orders[0].route"]


async def test_N02_saving_alone_keeps_a_visit_that_lacks_everything(box: VisitHouse) -> None:
    finished = (await box.finish(await box.start(), 1)).json
    assert (finished["visit"]["state"], finished["jobs"]) == ("finished", [])


async def test_N05_N09_without_the_data_centre_the_number_is_f00b(box: VisitHouse) -> None:
    box.room.world.link_up = False
    finished = await box.finished()
    assert (finished["visit"]["identification"], finished["visit"]["sequence"]["number"]) == (
        "card_offline",
        "F00B",
    )
    assert finished["notice"] == "visit.offline.link"


async def test_N09_with_the_data_centre_the_number_comes_from_the_card(box: VisitHouse) -> None:
    finished = await box.finished()
    assert (finished["visit"]["identification"], finished["visit"]["sequence"]) == ("card", None)
    assert finished["jobs"][0]["kind"] == "card.write_visit"


@pytest.mark.parametrize(("hours", "age"), [(0, "fresh"), (12, "amber"), (20, "red"), (24, "overdue")])
async def test_N12_every_open_item_tells_its_age(box: VisitHouse, hours: int, age: str) -> None:
    finished = await box.finished()
    box.room.clock.advance(hours * 3600.0)
    view = await box.get(finished)
    assert {job["age"] for job in view["jobs"]} == {age}
    due_at = dt.datetime.fromisoformat(view["jobs"][-1]["due_at"])
    assert due_at - dt.datetime.fromisoformat(view["visit"]["visit_at"]) == dt.timedelta(hours=24)


async def test_T05_a_visit_keeps_where_it_was(box: VisitHouse) -> None:
    box.room.position = Position(
        latitude=23.5, longitude=121.0, accuracy_m=8.0, fixed_at=box.room.clock.now()
    )
    assert (await box.start())["visit"]["position"]["latitude"] == 23.5


async def test_arrival_and_departure_are_kept_and_make_sense(box: VisitHouse) -> None:
    arrived, departed = "2026-11-22T09:00:00+08:00", "2026-11-22T08:00:00+08:00"
    occasion = {"arrived_at": arrived, "departed_at": departed, "emergency": True}
    assert await refusal(box, occasion=occasion) == ("GW-REQ-02", "content.occasion.departed_at", "stay")


async def test_a_moment_without_a_zone_is_refused(box: VisitHouse) -> None:
    answer = await box.save(await box.start(), content(occasion={"arrived_at": "2026-11-22T09:00:00"}))
    assert (answer.status, answer.json["error"]["field"]) == (400, "content.occasion.arrived_at")


async def test_a_signature_is_kept_shown_and_cleared(box: VisitHouse) -> None:
    draft = await box.start()
    path = f"/api/visits/{draft['visit']['visit_id']}/signature"
    drawing = {"signer": "family", "relation": "女兒", "strokes": [[1, 2, 3, 4], [5, 6]]}
    signed = await box.phone.put(path, drawing)
    assert (signed.status, signed.json["drawing"]) == (200, drawing)
    assert (await box.get(draft))["signature"] == signed.json
    assert (await box.phone.delete(path)).status == 204
    assert (await box.get(draft))["signature"] is None


@pytest.mark.parametrize(
    "strokes", [[], [[]], [[1]], [[1, 2, 3]], [[1001, 0]], [[0, 401]], [[-1, 0]], [[0, 0]] * 201, "x"]
)
async def test_what_is_no_drawing_is_refused(box: VisitHouse, strokes: Any) -> None:
    path = f"/api/visits/{(await box.start())['visit']['visit_id']}/signature"
    answer = await box.phone.put(path, {"signer": "patient", "strokes": strokes})
    assert answer.status in {400, 422}


async def test_Y04_another_phone_goes_on_where_the_first_one_stopped(box: VisitHouse) -> None:
    draft = await box.filled(subjective="頭暈")
    second = await box.pair("陳醫師 Pixel")
    taken = (await second.post(f"/api/visits/{draft['visit']['visit_id']}/editor", {"take": True})).json
    assert taken["visit"]["content"]["subjective"] == "頭暈"
    saved = await box.save(draft, content(subjective="頭暈兩天"), second)
    assert saved.status == 200


async def test_Y05_one_editor_seen_by_all_until_another_takes_over(box: VisitHouse) -> None:
    draft = await box.filled()
    second = await box.pair("陳醫師 Pixel")
    path = f"/api/visits/{draft['visit']['visit_id']}/editor"
    asked = (await second.post(path, {})).json
    assert asked["editor"]["phone_name"] == "林護理師 iPhone"
    refused = await box.save(draft, content(subjective="同時"), second)
    assert (refused.status, refused.code) == (409, "GW-REQ-08")
    taken = (await second.post(path, {"take": True})).json
    assert taken["editor"]["phone_name"] == "陳醫師 Pixel"
    late = await box.save(draft, content(subjective="晚了"))
    assert (late.status, late.code) == (409, "GW-REQ-08")
    assert (await second.delete(path)).status == 204
    assert (await box.get(draft))["editor"] is None


async def test_M01_twenty_diagnoses_and_twenty_orders_are_saved_and_finished(box: VisitHouse) -> None:
    diagnoses = [f"I10.{number}" for number in range(20)]
    drugs = [f"TEST1000{number:02d}" for number in range(20)]
    box.room.catalogue.sets["icd10"].update(diagnoses)
    box.room.catalogue.sets["drugs"].update(drugs)
    finished = await box.finished(
        diagnoses=[{"code": code} for code in diagnoses], orders=[{**DRUG, "code": code} for code in drugs]
    )
    whole = finished["visit"]["content"]
    assert [one["code"] for one in whole["diagnoses"]] == diagnoses
    assert [one["code"] for one in whole["orders"]] == drugs
    assert finished["flags"]["saved"] == "done"
