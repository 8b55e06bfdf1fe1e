"""What a phone says about safety is true: saved only after the box's answer, nothing typed is lost, nothing overwritten."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.conftest import NewPhone
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
SAVE = f"PUT /api{VISIT}/content"
SCREEN = f"/#{VISIT}"


class Draft:
    """The box's one draft, for a test that looks at what arrived."""

    def __init__(self, box: FakeBox) -> None:
        self.revision = 3
        self.content: Any = samples.content(subjective="")
        box.answers[f"GET /api{VISIT}"] = lambda _: samples.view(revision=self.revision, content=self.content)
        box.answers[SAVE] = self.save

    def save(self, body: Any) -> Any:
        if body["revision"] != self.revision:
            raise Refusal(409, "GW-REQ-05", revision=self.revision)
        self.revision += 1
        self.content = body["content"]
        return {"revision": self.revision, "saved_at": samples.ago()}


@pytest.fixture
def draft(box: FakeBox) -> Draft:
    return Draft(box)


def test_saved_is_said_only_after_the_box_has_answered(box: FakeBox, draft: Draft, phone: Phone) -> None:
    answer = threading.Event()
    box.delays[SAVE] = answer
    phone.open(box.url + SCREEN)

    phone.page.fill("#subjective", "咳")
    expect(phone.page.locator("[data-save=saving]")).to_be_visible()
    expect(phone.page.locator("[data-save=saved]")).to_have_count(0)

    answer.set()
    phone.expect_saved()
    assert draft.content["subjective"] == "咳"


def test_a_full_disk_is_never_called_saved_and_the_text_stays(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(507, "GW-STO-01")

    box.answers[SAVE] = refuse
    phone.open(box.url + SCREEN)

    phone.page.fill("#subjective", "喉嚨痛")
    alert = phone.page.get_by_role("alert")
    expect(alert).to_contain_text("GW-STO-01")
    expect(phone.page.locator("[data-save=refused]")).to_contain_text("未存")
    expect(phone.page.locator("#subjective")).to_have_value("喉嚨痛")

    box.answers[SAVE] = draft.save
    alert.get_by_role("button", name="再試一次").click()
    phone.expect_saved()
    assert draft.content["subjective"] == "喉嚨痛"


def test_text_typed_without_the_box_is_kept_and_saved_when_it_is_back(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(box.url + SCREEN)
    phone.page.locator("#subjective").focus()
    box.go_silent()
    expect(phone.page.locator(".banner.lost")).to_contain_text("手機沒連到盒子")
    expect(phone.strip_item("link")).to_have_text("手機沒連到盒子")

    expect(phone.page.locator("#objective")).not_to_be_editable()
    phone.page.locator("#subjective").press_sequentially("夜間咳嗽")
    expect(phone.page.locator("[data-save=unreached]")).to_be_visible()
    expect(phone.page.locator("[data-diagnosis=I10] .danger")).to_be_disabled()
    assert draft.revision == 3

    box.silent = False
    expect(phone.page.locator(".banner.lost")).to_have_count(0)
    phone.expect_saved()
    assert draft.content["subjective"] == "夜間咳嗽"


def test_text_survives_a_closed_page_while_the_box_is_away(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(box.url + SCREEN)
    phone.page.locator("#subjective").focus()
    box.go_silent()
    phone.page.locator("#subjective").press_sequentially("頭暈")
    expect(phone.page.locator("[data-save=unreached]")).to_be_visible()
    phone.page.goto("about:blank")

    box.silent = False
    phone.open(box.url + SCREEN)
    expect(phone.page.locator("#subjective")).to_have_value("頭暈")
    phone.expect_saved()
    assert draft.content["subjective"] == "頭暈"
    assert phone.page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('vb.draft'))") == []


def test_a_save_whose_answer_was_lost_is_asked_about_and_not_sent_twice(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    def arrive_and_vanish(body: Any) -> Any:
        draft.save(body)
        box.answers[SAVE] = draft.save
        raise ConnectionAbortedError

    box.answers[SAVE] = arrive_and_vanish
    phone.open(box.url + SCREEN)
    phone.page.fill("#subjective", "嘔吐")
    expect(phone.page.locator("[data-save=unreached]")).to_be_visible()

    phone.page.locator("#subjective").press_sequentially("兩次")
    box.go_silent()
    expect(phone.page.locator(".banner.lost")).to_be_visible()
    box.silent = False
    phone.expect_saved()
    assert draft.content["subjective"] == "嘔吐兩次"
    assert [call["revision"] for call in box.calls(SAVE)] == [3, 4]


def test_another_phones_change_is_not_overwritten(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(box.url + SCREEN)
    draft.save({"revision": 3, "content": samples.content(subjective="另一支手機寫的")})

    phone.page.fill("#subjective", "我寫的")
    expect(phone.page.locator("[data-save=conflict]")).to_be_visible()
    expect(phone.page.get_by_label("這支手機上的文字")).to_have_value(
        "我寫的\n" + samples.content()["objective"]
    )
    phone.page.click("#reload-draft")
    expect(phone.page.locator("#subjective")).to_have_value("另一支手機寫的")
    assert draft.content["subjective"] == "另一支手機寫的"


def test_what_one_phone_saves_the_other_shows(box: FakeBox, draft: Draft, new_phone: NewPhone) -> None:
    nurse, doctor = new_phone(), new_phone()
    nurse.open(box.url + SCREEN)
    doctor.open(box.url + SCREEN)

    nurse.complain("腹痛")
    box.put(
        "visit", {"visit_id": samples.VISIT_ID, "revision": draft.revision, "state": "draft", "flags": {}}
    )

    expect(doctor.page.locator("#subjective")).to_have_value("腹痛")


def test_a_deleted_diagnosis_can_be_taken_back(box: FakeBox, draft: Draft, phone: Phone) -> None:
    phone.open(box.url + SCREEN)
    phone.page.locator("[data-diagnosis='J06.9'] .danger").click()
    expect(phone.page.locator("[data-diagnosis='J06.9']")).to_have_count(0)
    phone.expect_saved()

    phone.page.click("#undo")
    expect(phone.page.locator("[data-diagnosis]").first).to_have_attribute("data-diagnosis", "J06.9")
    phone.expect_saved()
    assert [d["code"] for d in draft.content["diagnoses"]] == ["J06.9", "I10"]


def test_a_total_typed_by_hand_is_marked_and_stays_when_the_days_change(
    box: FakeBox, draft: Draft, phone: Phone
) -> None:
    phone.open(f"{box.url}/#{VISIT}/order/0")
    phone.page.fill("#days", "14")
    expect(phone.page.locator("#total")).to_have_value("42")

    phone.page.fill("#total", "40")
    phone.page.fill("#days", "7")
    expect(phone.page.locator("#total")).to_have_value("40")
    expect(phone.page.locator("#total-note")).to_contain_text("21")
    phone.expect_saved()
    order = draft.content["orders"][0]
    assert (order["total"], order["total_overridden"], order["days"]) == (40, True, 7)

    phone.page.click("#total-computed")
    phone.expect_saved()
    order = draft.content["orders"][0]
    assert (order["total"], order["total_overridden"]) == (21, False)


def test_a_correction_is_sent_once_and_only_when_asked(box: FakeBox, phone: Phone) -> None:
    box.answers[f"GET /api{VISIT}"] = samples.finished(jobs=[samples.REJECTED_JOB])
    phone.open(f"{box.url}/#{VISIT}/correct")

    phone.page.fill("#objective", "更正後的內容")
    phone.page.locator("#objective").blur()
    phone.page.locator("[data-diagnosis=I10] .danger").click()
    phone.settle()
    assert box.calls(SAVE) == []

    phone.page.click("#resend")
    expect(phone.page.locator(".flags")).to_be_visible()
    assert [call["content"]["objective"] for call in box.calls(SAVE)] == ["更正後的內容"]


def test_finishing_without_an_answer_asks_the_box_before_it_says_anything(box: FakeBox, phone: Phone) -> None:
    def finish_and_vanish(_: Any) -> Any:
        box.answers[f"GET /api{VISIT}"] = samples.finished()
        raise ConnectionAbortedError

    box.answers[f"POST /api{VISIT}/finish"] = finish_and_vanish
    phone.open(f"{box.url}/#{VISIT}/finish")
    phone.page.click("#finish")

    expect(phone.flag("saved")).to_have_attribute("data-state", "done")
    assert len(box.calls(f"POST /api{VISIT}/finish")) == 1
