"""The visit's parts by thumb: each choice reaches the box as the field that it is (A01, M09-M23, Y04, Y05)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
API = f"/api{VISIT}"
SAVE = f"PUT {API}/content"


class Draft:
    """The box's one draft: what arrived, who edits it, what is signed."""

    def __init__(self, box: FakeBox) -> None:
        self.box = box
        self.revision = 3
        self.content: Any = copy.deepcopy(samples.content())
        self.editor: Any = samples.EDITOR
        self.signature: Any = None
        box.answers[f"GET {API}"] = self.view
        box.answers[f"POST {API}/editor"] = self.edit
        box.answers[SAVE] = self.save
        box.answers[f"PUT {API}/signature"] = self.sign
        box.answers[f"DELETE {API}/signature"] = self.clear

    def view(self, _: Any = None) -> Any:
        return samples.view(
            editor=self.editor, signature=self.signature, revision=self.revision, content=self.content
        )

    def edit(self, body: Any) -> Any:
        self.editor = samples.EDITOR if body["take"] else self.editor
        return self.view()

    def save(self, body: Any) -> Any:
        if self.editor != samples.EDITOR:
            raise Refusal(409, "GW-REQ-08")
        self.revision += 1
        self.content = body["content"]
        return {"revision": self.revision, "saved_at": samples.ago()}

    def sign(self, body: Any) -> Any:
        self.signature = {"drawing": body, "signed_at": samples.ago(), "revision": self.revision}
        return self.signature

    def clear(self, _: Any) -> Any:
        self.signature = None
        return {}

    def taken_by(self, editor: Any) -> None:
        """Another phone takes it over; all phones are told."""
        self.editor = editor
        self.box.put("editor", {"visit_id": samples.VISIT_ID, **editor})


@pytest.fixture
def draft(box: FakeBox) -> Draft:
    return Draft(box)


def swipe_left(page: Page, selector: str, far_px: int) -> None:
    """A finger's touch, moved in steps (M22)."""
    page.evaluate(
        """([selector, far]) => {
        const item = document.querySelector(selector);
        const box = item.getBoundingClientRect();
        const y = box.top + box.height / 2;
        const touch = (x) => [new Touch({ identifier: 1, target: item, clientX: x, clientY: y })];
        const send = (type, x) => item.dispatchEvent(new TouchEvent(type, { bubbles: true, cancelable: true,
          touches: type === "touchend" ? [] : touch(x), changedTouches: touch(x) }));
        send("touchstart", box.right - 20);
        for (const step of [0.3, 0.6, 1]) send("touchmove", box.right - 20 - far * step);
        send("touchend", box.right - 20 - far);
      }""",
        [selector, far_px],
    )


def test_Y05_the_other_phone_looks_on_and_takes_over_in_one_tap(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    draft.editor = samples.OTHER_EDITOR
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.get_by_text("陳醫師 Pixel 正在編輯這份草稿")).to_be_visible()
    expect(phone.page.locator("#subjective")).not_to_be_editable()
    phone.page.get_by_text("放棄這次看診").click()
    for control in ("#to-finish", "[data-diagnosis=I10] .danger", "[data-order] .danger", "#discard"):
        expect(phone.page.locator(control)).to_be_disabled()
    expect(phone.page.locator("#add-order")).to_have_count(0)

    phone.page.click("#take-over")
    expect(phone.page.locator("#subjective")).to_be_editable()
    phone.complain("接手後寫的")
    assert draft.content["subjective"] == "接手後寫的"


def test_Y05_a_take_over_is_seen_at_once_and_unsaved_text_stays_to_be_copied(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    draft.editor = samples.OTHER_EDITOR
    phone.page.fill("#subjective", "還沒存到的字")
    expect(phone.page.locator("[data-save=conflict]")).to_be_visible()
    draft.taken_by(samples.OTHER_EDITOR)

    expect(phone.page.get_by_text("陳醫師 Pixel 正在編輯這份草稿")).to_be_visible()
    expect(phone.page.get_by_label("這支手機上的文字")).to_have_value(
        "還沒存到的字\n" + samples.content()["objective"]
    )
    expect(phone.page.locator("#subjective")).not_to_be_editable()


def test_Y05_what_the_editor_saves_shows_on_the_phone_that_looks_on(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    draft.editor = samples.OTHER_EDITOR
    phone.open(f"{box.url}/#{VISIT}")
    draft.content = samples.content(subjective="對方寫的")
    draft.revision += 1
    box.put(
        "visit", {"visit_id": samples.VISIT_ID, "revision": draft.revision, "state": "draft", "flags": {}}
    )
    expect(phone.page.locator("#subjective")).to_have_value("對方寫的")


def test_Y04_a_draft_that_nobody_edits_is_this_phones(box: FakeBox, draft: Draft, phone: Phone) -> None:
    draft.editor = None
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.locator("#subjective")).to_be_editable()


@pytest.mark.parametrize(
    ("list_name", "selector"), [("diagnoses", "[data-diagnosis='I10']"), ("orders", "[data-order]")]
)
def test_M22_Q03_a_swipe_deletes_and_can_be_taken_back(
    box: FakeBox, draft: Draft, phone: Phone, list_name: str, selector: str
) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    before = draft.content[list_name]
    swipe_left(phone.page, selector, 60)
    expect(phone.page.locator(selector)).to_have_count(1)
    swipe_left(phone.page, selector, 160)
    expect(phone.page.locator(selector)).to_have_count(0)
    phone.expect_saved()
    assert len(draft.content[list_name]) == len(before) - 1

    phone.page.click("#undo")
    expect(phone.page.locator(selector)).to_have_count(1)
    phone.expect_saved()
    assert draft.content[list_name] == before


def test_M22_an_offer_to_undo_lasts_ten_seconds(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#{VISIT}")
    phone.hold_clock()
    phone.page.locator("[data-order] .danger").click()
    expect(phone.page.locator("#undo")).to_be_visible()
    phone.page.clock.run_for(9_800)
    expect(phone.page.locator("#undo")).to_be_visible()
    phone.page.clock.run_for(400)
    expect(phone.page.locator("#undo")).to_have_count(0)


def test_M22_a_draft_thrown_away_comes_back(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers[f"POST {API}/discard"] = lambda body: samples.view(
        state="discarded", revision=body["revision"] + 1
    )
    box.answers[f"POST {API}/restore"] = lambda body: samples.view(revision=body["revision"] + 1)
    phone.open(f"{box.url}/#{VISIT}")
    phone.page.get_by_text("放棄這次看診").click()
    phone.page.click("#discard")
    phone.page.click("#undo")
    assert box.wait_calls(f"POST {API}/restore") == [{"revision": 4}]
    expect(phone.page.locator("#subjective")).to_be_visible()


def test_A01_a_programme_brings_its_case_type_and_special_item(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(f"{box.url}/#{VISIT}/claim")
    phone.page.select_option("#programme", "hospice")
    phone.expect_saved()
    claim = draft.content["claim"]
    assert draft.content["programme"] == "hospice"
    assert (claim["case_type"], claim["special_items"], claim["visit_type"]) == ("A5", [], "01")
    phone.page.select_option("#programme", "dental")
    phone.expect_saved()
    assert draft.content["claim"]["visit_type"] == "02"


def test_M23_special_items_are_added_and_deleted(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers[f"GET {API}/advice"] = samples.advice(special_item="H8")
    phone.open(f"{box.url}/#{VISIT}/claim")
    phone.page.click("#add-special")
    expect(phone.page.locator("[data-special=H8]")).to_be_visible()
    phone.page.locator("[data-special=EC] .danger").click()
    phone.expect_saved()
    assert draft.content["claim"]["special_items"] == ["H8"]


def test_H20_the_proposed_visit_type_is_taken_in_one_tap(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers[f"GET {API}/advice"] = samples.advice(
        visit_type="AH", courses=[{"kind": "physical", "visits": 2, "number": "0007"}]
    )
    phone.open(f"{box.url}/#{VISIT}/claim")
    expect(phone.page.locator("#courses")).to_contain_text("0007")
    phone.page.click("#take-visit-type")
    phone.expect_saved()
    assert draft.content["claim"]["visit_type"] == "AH"


def test_M18_a_virtual_order_its_proof_and_its_reason(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/virtual-orders")
    expect(phone.page.locator("[data-proof]")).to_have_count(0)
    phone.page.locator("[data-virtual=R001] input").check()
    phone.page.locator("[data-proof=affidavit] input").check()
    phone.page.locator("[data-virtual=R004] input").check()
    phone.page.fill("#virtual_order_note", "出國兩週")
    phone.expect_saved()
    assert draft.content["virtual_orders"] == ["R001", "R004"]
    assert draft.content["proofs_kept"] == ["affidavit"]
    assert draft.content["virtual_order_note"] == "出國兩週"


def test_M21_amounts_follow_the_box_until_a_person_types_one(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(f"{box.url}/#{VISIT}/stay")
    expect(phone.page.locator("#fee_points")).to_have_value("1663")
    expect(phone.page.locator("#copay_points")).to_have_value("82")
    phone.page.fill("#copay_points", "132")
    phone.expect_saved()
    content = draft.content
    assert (content["fee_points"], content["copay_points"], content["amounts_by_hand"]) == (1663, 132, True)
    phone.page.click("#amounts-computed")
    phone.expect_saved()
    assert draft.content["amounts_by_hand"] is False


def test_M04_M05_phrases_are_kept_added_deleted_and_taken_back(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    kept = [{"phrase_id": "1", "text": "雙肺呼吸音清"}]

    def keep(body: Any) -> Any:
        kept.insert(0, {"phrase_id": str(len(kept) + 1), "text": body["text"]})
        return kept

    box.answers["GET /api/phrases"] = lambda _: kept
    box.answers["POST /api/phrases"] = keep
    box.answers["DELETE /api/phrases/1"] = {}
    phone.open(f"{box.url}/#{VISIT}")
    phone.page.click("#objective-phrases")
    phone.page.click("#keep-phrase")
    expect(phone.page.locator("#phrases li")).to_have_count(2)
    phone.page.get_by_role("button", name="刪除 雙肺呼吸音清").click()
    expect(phone.page.locator("#phrases li")).to_have_count(1)
    phone.page.click("#undo")
    expect(phone.page.locator("#phrases li")).to_have_count(3)

    phone.page.locator("#phrases li button.row-text").first.click()
    expect(phone.page.locator("#objective")).to_have_value(samples.content()["objective"] + "\n雙肺呼吸音清")
    phone.expect_saved()
    assert draft.content["objective"].endswith("\n雙肺呼吸音清")


def test_a_visit_fee_becomes_an_order_with_its_percentage(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers[f"GET {API}/advice"] = samples.advice(percentage=170)
    phone.open(f"{box.url}/#{VISIT}/stay")
    phone.page.locator("[data-fee='05307C'] button").click()
    expect(phone.page.locator("[data-fee='05307C']")).to_contain_text("已加入")
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert (order["kind"], order["code"], order["price"], order["percentage"], order["total"]) == (
        "service",
        "05307C",
        1631,
        170,
        1,
    )


def test_arrival_and_departure_are_taipeis_time_whatever_the_phones(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    box.answers[f"GET {API}"] = lambda _: samples.view(
        visit_at="2026-11-22T14:30:00+00:00", revision=draft.revision, content=draft.content
    )
    box.answers[f"POST {API}/editor"] = box.answers[f"GET {API}"]
    phone.open(f"{box.url}/#{VISIT}/stay")
    expect(phone.page.locator("#arrived_at")).to_have_value("22:30")
    phone.page.fill("#arrived_at", "22:10")
    phone.page.locator("#arrived_at").blur()
    phone.page.fill("#departed_at", "00:20")
    phone.page.locator("#departed_at").blur()
    phone.page.locator("#emergency").check()
    phone.expect_saved()
    occasion = draft.content["occasion"]
    assert occasion["arrived_at"] == "2026-11-22T14:10:00.000Z"
    assert occasion["departed_at"] == "2026-11-22T16:20:00.000Z", "the first 00:20 after the arrival"
    assert occasion["emergency"] is True


def test_a_signature_is_drawn_kept_cleared_and_taken_back(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/signature")
    phone.page.get_by_label("家屬").check()
    phone.page.fill("#relation", "女兒")
    phone.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    field = phone.page.locator("#sign-here").bounding_box()
    assert field is not None
    phone.page.mouse.move(field["x"] + 2, field["y"] + 2)
    phone.page.mouse.down()
    phone.page.mouse.move(field["x"] + field["width"] / 2, field["y"] + field["height"] / 2)
    phone.page.mouse.up()
    phone.page.click("#keep-signature")
    expect(phone.page.locator("#signature")).to_contain_text("家屬簽於")
    assert draft.signature is not None
    drawing = draft.signature["drawing"]
    assert (drawing["signer"], drawing["relation"]) == ("family", "女兒")
    ((first_x, first_y, *_, last_x, last_y),) = drawing["strokes"]
    assert first_x <= 10
    assert first_y <= 10
    assert abs(last_x - 500) <= 5
    assert abs(last_y - 200) <= 5

    phone.go(f"{VISIT}/signature")
    phone.page.click("#clear-signature")
    expect(phone.page.locator("#sign-here")).to_be_visible()
    assert draft.signature is None
    phone.page.click("#undo")
    expect(phone.page.locator("#clear-signature")).to_be_visible()
    assert box.calls(f"PUT {API}/signature") == [drawing, drawing]


@pytest.mark.parametrize(
    ("category", "kind"),
    [("materials", "material"), ("fees", "service"), ("tests", "test"), ("self_paid", "self_paid")],
)
def test_M09_M11_M16_every_category_becomes_its_kind_of_order(
    box: FakeBox, draft: Draft, phone: Phone, category: str, kind: str
) -> None:
    box.answers[f"GET /api/catalogue/{category}"] = [samples.hit("X1", "測試項目", price="120")]
    phone.open(f"{box.url}/#{VISIT}/pick/drugs")
    phone.page.click(f"[data-category={category}]")
    expect(phone.page.locator(f"[data-category={category}][aria-pressed=true]")).to_be_visible()
    phone.page.fill("#search", "測試")
    phone.page.click(".hit[data-code=X1]")
    expect(phone.page.locator("#price")).to_have_value("120")
    expect(phone.page.locator("#dose")).to_have_count(int(kind == "self_paid"))
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert (order["kind"], order["code"], order["price"], order["total"]) == (kind, "X1", 120, 1)


def test_M09_M13_a_self_paid_medicine_is_told_how_it_is_taken_and_a_dressing_is_not(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    box.answers["GET /api/catalogue/self_paid"] = [samples.hit("X1", "測試項目", price="120")]
    phone.open(f"{box.url}/#{VISIT}/pick/self_paid")
    phone.page.fill("#search", "測試")
    phone.page.click(".hit[data-code=X1]")
    phone.page.fill("#total", "3")
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert (order["total"], order["total_overridden"]) == (3, False), "nothing is computed for a dressing"

    phone.page.locator("#dose").press_sequentially("0.5")
    for choice in ("BID", "EXT", "14 天"):
        phone.page.get_by_role("button", name=choice, exact=True).click()
    expect(phone.page.locator("#total")).to_have_value("14")
    phone.page.fill("#total", "10")
    expect(phone.page.locator("#total-note")).to_contain_text("自填，與計算的 14 不同")
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert [order[name] for name in ("dose", "frequency", "route", "days", "total", "total_overridden")] == [
        *(0.5, "BID", "EXT", 14),
        *(10, True),
    ]

    for choice in ("BID", "EXT"):
        phone.page.get_by_role("button", name=choice, exact=True).click()
    phone.page.fill("#days", "")
    phone.page.fill("#dose", "")
    expect(phone.page.locator("#total-note")).to_have_count(0)
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert [order[name] for name in ("dose", "frequency", "route", "days", "total")] == [0, "", "", 0, 10]


def test_M11_a_self_paid_row_brings_how_it_is_taken(box: FakeBox, draft: Draft, phone: Phone) -> None:
    preset = {"dose": "1", "frequency": "BID", "route": "PO", "days": "14"}
    box.answers["GET /api/catalogue/self_paid"] = [samples.hit("X1", "測試項目", **preset)]
    phone.open(f"{box.url}/#{VISIT}/pick/self_paid")
    phone.page.fill("#search", "測試")
    phone.page.click(".hit[data-code=X1]")
    expect(phone.page.locator("#total")).to_have_value("28")
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert (order["kind"], order["total"], order["long_term"]) == ("self_paid", 28, False)


def test_M09_a_package_adds_its_diagnoses_and_orders_once(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers["GET /api/catalogue/packages"] = [
        samples.hit(
            "P01",
            "高血壓追蹤",
            diagnoses='[{"code": "I10", "name_zh": "高血壓"}, {"code": "E11.9", "name_zh": "糖尿病"}]',
            orders='[{"kind": "drug", "code": "TEST000001", "name": "測試錠", "frequency": "BID", "route": "PO", "days": 28}]',
        )
    ]
    phone.open(f"{box.url}/#{VISIT}/pick/packages")
    phone.page.click(".hit[data-code=P01]")
    expect(phone.page.locator("[data-diagnosis]")).to_have_count(3)
    phone.expect_saved()
    assert [one["code"] for one in draft.content["diagnoses"]] == ["J06.9", "I10", "E11.9"]
    order = draft.content["orders"][-1]
    assert (order["code"], order["dose"], order["total"], order["long_term"]) == ("TEST000001", 1, 56, True)


def test_M10_controlled_drugs_have_a_notice_and_nothing_to_choose(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    notice = "本APP不提供開立管制藥品專用處方箋之功能, 若有開立, 請依管制藥品管理條例規定辦理。"
    phone.open(f"{box.url}/#{VISIT}/pick/controlled")
    expect(phone.page.locator("#controlled-notice")).to_have_text(notice)
    expect(phone.page.locator("#search, .hit")).to_have_count(0)

    phone.page.click("[data-category=drugs]")
    phone.page.fill("#search", "嗎啡")
    expect(phone.page.locator(".hit[data-code=BC99999100]")).to_be_disabled()
    expect(phone.page.locator("#controlled-notice")).to_have_text(notice)


def test_M06_the_counters_follow_what_is_added_and_deleted(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.get_by_role("heading", name="診斷（共 2 筆）")).to_be_visible()
    expect(phone.page.get_by_role("heading", name="處方（共 1 筆）")).to_be_visible()
    phone.page.locator("[data-diagnosis=I10] .danger").click()
    phone.page.locator("[data-order] .danger").click()
    expect(phone.page.get_by_role("heading", name="診斷（共 1 筆）")).to_be_visible()
    expect(phone.page.get_by_role("heading", name="處方（共 0 筆）")).to_be_visible()
    expect(phone.page.locator("#virtual-orders")).to_contain_text("共 0 筆")


def test_M07_a_diagnosis_shows_its_names_and_what_is_written_on_the_card(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    item = phone.page.locator("[data-diagnosis='J06.9']")
    for words in ("J06.9", "寫卡 J069", "急性上呼吸道感染", "Acute upper respiratory infection", "主診斷"):
        expect(item).to_contain_text(words)


@pytest.mark.parametrize(("dataset", "member"), [("frequencies", "frequency"), ("routes", "route")])
def test_M15_frequencies_and_routes_come_from_their_data_sets(
    box: FakeBox, draft: Draft, phone: Phone, dataset: str, member: str
) -> None:
    box.answers[f"GET /api/catalogue/{dataset}"] = [samples.hit("XX9", "資料集裡的一項")]
    phone.open(f"{box.url}/#{VISIT}/order/0")
    phone.page.locator(f"a.more[href*={dataset}]").click()
    phone.page.click(".hit[data-code=XX9]")
    expect(phone.page.get_by_role("button", name="XX9", exact=True)).to_have_attribute("aria-pressed", "true")
    phone.expect_saved()
    assert draft.content["orders"][0][member] == "XX9"


def test_M12_an_order_of_ones_own_is_marked(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/pick/drugs")
    phone.page.locator("#own-order summary").click()
    phone.page.fill("#own-nhi-code", "a000000001")
    phone.page.fill("#own-own-code", "院內-7")
    phone.page.fill("#own-name", "自製藥膏")
    phone.page.click("#add-own")
    expect(phone.page.locator("#order-done")).to_be_visible()
    expect(phone.page.get_by_text("自行新增")).to_be_visible()
    phone.expect_saved()
    order = draft.content["orders"][-1]
    assert (order["code"], order["own_code"], order["name"], order["self_entered"]) == (
        "A000000001",
        "院內-7",
        "自製藥膏",
        True,
    )


def test_M13_the_kinds_of_prescription_and_the_price(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/order/0")
    phone.page.get_by_role("button", name="慢箋", exact=True).click()
    phone.page.get_by_role("button", name="3 次", exact=True).click()
    phone.page.fill("#price", "1.25")
    phone.expect_saved()
    order = draft.content["orders"][0]
    assert (order["chronic"], order["long_term"], order["refills"], order["price"]) == (True, False, 3, 1.25)
    phone.page.get_by_role("button", name="慢性病", exact=True).click()
    phone.expect_saved()
    order = draft.content["orders"][0]
    assert (order["chronic"], order["long_term"], order["refills"]) == (False, True, 0)


def test_M14_the_details_of_an_order(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/order/0")
    phone.page.locator("#order-detail summary").click()
    expect(phone.page.locator("#order-detail")).to_contain_text("退燒、止痛")


def test_M17_three_choices_where_something_is_left(box: FakeBox, draft: Draft, phone: Phone) -> None:
    box.answers[f"GET {API}/leftover"] = samples.LEFTOVER
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.locator("[data-order=AC12345100]")).to_contain_text("餘")
    phone.page.locator("[data-order=AC12345100] a").click()
    expect(phone.page.locator("[data-left=some]")).to_contain_text("還有 11 天")
    phone.page.click("#left-days")
    expect(phone.page.locator("#left-fills")).to_contain_text("領 30 天")
    phone.page.click("#left-prescribe")
    expect(phone.page.locator("#left-close")).to_have_count(0)

    phone.go(VISIT)
    phone.page.locator("[data-order=AC12345100] a").click()
    phone.page.click("#left-close")
    expect(phone.page.locator("[data-order]")).to_have_count(0)
    phone.expect_saved()
    assert draft.content["orders"] == []


NOT_LOOKED_UP = "目前無法查詢餘藥（不代表沒有餘藥）"


@pytest.mark.parametrize(
    ("known", "uncounted", "words"),
    [(True, 0, "紀錄裡沒有這項餘藥"), (True, 1, NOT_LOOKED_UP), (False, 0, NOT_LOOKED_UP)],
    ids=["none", "a line that could not be counted", "no records"],
)
def test_M17_what_cannot_be_looked_up_is_not_called_none(
    box: FakeBox, draft: Draft, phone: Phone, known: bool, uncounted: int, words: str
) -> None:
    box.answers[f"GET {API}/leftover"] = {
        "known": known,
        "as_of": samples.ago(hours=1) if known else None,
        "medicines": [],
        "uncounted": uncounted,
    }
    phone.open(f"{box.url}/#{VISIT}/order/0")
    expect(phone.page.locator("[data-left]")).to_contain_text(words)


def test_N01_what_is_lacking_leads_to_where_it_is_mended(box: FakeBox, draft: Draft, phone: Phone) -> None:
    lack = {"field": "content.orders[0].days", "params": {"rule": "days_ordinary", "most": 7}}
    box.answers[f"GET {API}/advice"] = lambda _: samples.advice(
        lacking=[lack] if draft.content["orders"][0]["days"] > 7 else []
    )
    draft.content["orders"][0] |= {"days": 14, "total": 42.0}
    phone.open(f"{box.url}/#{VISIT}/finish")
    expect(phone.page.locator("#lacking a")).to_be_visible()
    expect(phone.page.locator("[data-mode]")).to_have_count(0)
    expect(phone.page.locator("#fill-in")).to_have_attribute("href", f"#{VISIT}")

    phone.page.locator("#lacking a").click()
    phone.page.fill("#days", "7")
    phone.expect_saved()
    phone.go(f"{VISIT}/finish")
    expect(phone.page.locator("[data-mode='4'] input")).to_be_checked()
    expect(phone.page.locator("#lacking")).to_have_count(0)


def test_N01_a_visit_that_lacks_something_ends_only_by_a_press_that_says_for_good(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    draft.content["diagnoses"] = []
    box.answers[f"POST {API}/finish"] = samples.finished_as(1)
    phone.open(f"{box.url}/#{VISIT}/finish")
    expect(phone.page.locator("main .notice.warn")).to_contain_text("內容已存在盒子，可以先離開，回來再補")
    expect(phone.page.locator("#finish")).to_be_hidden()
    phone.page.click("#save-only summary")
    expect(phone.page.locator("#save-only")).to_contain_text("不寫卡、不上傳，之後也不能再補")
    phone.page.click("#finish")

    assert [call["mode"] for call in box.wait_calls(f"POST {API}/finish")] == [1]


@pytest.mark.parametrize(
    ("visit_type", "card", "shown"),
    [
        ("01", "waiting", "待取號"),
        ("AH", "waiting", "這次不取號"),
        ("AH", "done", "這次不取號"),
        ("00", "done", "這次不取號"),
        ("01", "not_wanted", "沒有"),
    ],
)
def test_a_visit_that_takes_no_number_is_not_said_to_wait_for_one(
    box: FakeBox, phone: Phone, visit_type: str, card: str, shown: str
) -> None:
    content = samples.content()
    content["claim"]["visit_type"] = visit_type
    box.answers[f"GET {API}"] = {
        **samples.view(state="finished", finished_at=samples.ago(minutes=1), finish_mode=4, content=content),
        "flags": samples.flags(card=card),
    }
    phone.open(f"{box.url}/#{VISIT}/result")

    expect(phone.page.locator("#sequence")).to_have_text(shown)


def test_N01_what_was_finished_with_less_than_all_is_taken_further_from_its_result(
    box: FakeBox, phone: Phone
) -> None:
    def finish(_: Any) -> Any:
        box.answers[f"GET {API}"] = samples.finished()
        return samples.finished()

    box.answers[f"GET {API}"] = samples.finished_as(
        2, flags=samples.flags(card="done", vpn="not_wanted", ic="not_wanted")
    )
    box.answers[f"POST {API}/finish"] = finish
    phone.open(f"{box.url}/#{VISIT}/result")
    expect(phone.page.locator("#go-further h2")).to_have_text("目前做到：儲存＋寫卡")
    expect(phone.page.locator("#go-further button")).to_have_text(
        ["儲存＋寫卡＋VPN＋IC卡上傳", "儲存＋寫卡＋VPN"]
    )
    phone.page.click("#further-4")

    assert [call["mode"] for call in box.wait_calls(f"POST {API}/finish")] == [4]
    expect(phone.page.locator("#go-further")).to_have_count(0)


@pytest.mark.parametrize(
    ("order", "leads"), [(samples.ORDER, 1), (samples.VISIT_FEE, 0)], ids=["drug", "fee"]
)
def test_O01_only_a_visit_with_a_medicine_leads_to_the_pharmacys_code(
    box: FakeBox, phone: Phone, order: dict[str, Any], leads: int
) -> None:
    shown = samples.finished()
    box.answers[f"GET {API}"] = {
        **shown,
        "visit": {**shown["visit"], "content": samples.content(orders=[order])},
    }
    phone.open(f"{box.url}/#{VISIT}/result")
    expect(phone.page.locator("main")).to_contain_text(order["name"])
    expect(phone.page.locator("#to-prescription")).to_have_count(leads)


@pytest.mark.parametrize(
    ("part", "done"),
    [("#add-diagnosis", ".back"), ("#stay", "#part-done"), ("#order-0", "#order-done")],
    ids=["pick", "part", "order"],
)
@pytest.mark.usefixtures("draft")
def test_back_from_a_part_one_goes_on_where_one_was(box: FakeBox, phone: Phone, part: str, done: str) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    phone.page.click(part)
    expect(phone.page.locator(part)).to_have_count(0)
    phone.page.click(done)

    expect(phone.page.locator(part)).to_be_focused()
    expect(phone.page.locator(part)).to_be_in_viewport(ratio=1)
    phone.page.click(".icon-home")
    phone.page.locator(f"main a[href='#{VISIT}']").click()
    expect(phone.page.locator("h1")).to_be_focused()
