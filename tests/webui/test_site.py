"""健保署網站上的準備 on a phone: what is open, who said what is done, saying it, and what people ask meanwhile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.webui import samples, site_samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone
from visitbridge.domain.site_steps import SiteState, SiteStep

LIST = "GET /api/site-steps"


def row(page: Page, step: str) -> Locator:
    return page.locator(f"[data-step={step}]")


def open_site(box: FakeBox, phone: Phone, steps: list[Any]) -> Page:
    box.answers[LIST] = steps
    phone.open(box.url)
    phone.go("/setup/site")
    return phone.page


def test_A04_A05_each_step_stands_under_who_takes_it_and_with_which_card(box: FakeBox, phone: Phone) -> None:
    page = open_site(box, phone, site_samples.NEW)
    groups = page.locator("section.group")

    expect(groups).to_have_count(3)
    expect(groups.nth(0)).to_contain_text("用醫事機構卡或政府單位憑證卡登入")
    expect(groups.nth(0).locator("[data-step]")).to_have_count(1)
    expect(groups.nth(1)).to_contain_text("用醫事人員卡、健保卡或自然人憑證登入")
    assert groups.nth(1).locator("[data-step]").evaluate_all("all => all.map((one) => one.dataset.step)") == [
        "service_qpa",
        "service_qpb",
        "service_qpc",
        "users",
        "grants",
    ]
    expect(page.get_by_text("盒子看不到健保署網站")).to_be_visible()
    expect(page.locator("#site-count")).to_have_text("已辦好 0 / 8 項")


def test_A07_a_service_goes_from_applied_for_to_approved_with_who_and_when(
    box: FakeBox, phone: Phone
) -> None:
    page = open_site(box, phone, site_samples.NEW)
    service = row(page, "service_qpb")
    said: list[Any] = []

    def say(body: Any) -> Any:
        said.append(body["state"])
        state = SiteState(body["state"])
        fresh = samples.site_step(SiteStep.SERVICE_VISITS, state, by="林管理", hours=1)
        return [fresh if one["step"] == "service_qpb" else one for one in site_samples.NEW]

    box.answers["PUT /api/site-steps/service_qpb"] = say
    service.get_by_role("button", name="已申請：", exact=False).click()
    expect(service).to_contain_text("已申請，等核可")
    expect(service).to_contain_text("林管理 115/11/23 (一) 13:32 勾選")
    expect(page.get_by_role("status")).to_have_text("健保服務申請：居家輕量藍牙方案（院所）：已申請，等核可")
    service.get_by_role("button", name="已核可：", exact=False).click()
    expect(service).to_contain_text("已辦好")
    service.get_by_role("button", name="改回未辦：", exact=False).click()
    box.wait_calls("PUT /api/site-steps/service_qpb", 3)
    expect(service).not_to_contain_text("已辦好")

    assert said == ["applied", "done", "open"]


def test_A12_an_application_that_waits_tells_the_next_full_hour(box: FakeBox, phone: Phone) -> None:
    page = open_site(box, phone, site_samples.PART)

    expect(row(page, "application")).to_contain_text("審核中")
    expect(row(page, "application")).to_contain_text("整點自動核定，下一次是 15:00")
    expect(row(page, "users")).to_contain_text(re.compile("技術手機 .*取消"))
    expect(page.locator("#site-count")).to_have_text("已辦好 2 / 8 項")


def test_A03_a_users_phone_reads_and_changes_nothing(box: FakeBox, phone: Phone) -> None:
    box.topics["phone"] = samples.phone_topic(role="user")
    page = open_site(box, phone, site_samples.PART)

    expect(row(page, "managers")).to_contain_text("王代表")
    expect(page.get_by_text("只有技術人員或負責人的手機可以更改。")).to_be_visible()
    expect(page.locator("[data-step] button")).to_have_count(0)


def test_a_refusal_stands_with_its_step(box: FakeBox, phone: Phone) -> None:
    page = open_site(box, phone, site_samples.NEW)

    def refuse(_: Any) -> Any:
        raise Refusal(403, "GW-ACC-09")

    box.answers["PUT /api/site-steps/managers"] = refuse
    row(page, "managers").get_by_role("button").click()

    expect(row(page, "managers").get_by_role("alert")).to_contain_text("GW-ACC-09")
    expect(row(page, "managers")).to_contain_text("未辦")


@pytest.mark.parametrize(
    ("fold", "words"),
    [
        (
            "site-cards",
            ["醫事人員卡、健保卡、自然人憑證、醫事機構卡、政府單位憑證卡", "健保讀卡機：", "晶片讀卡機："],
        ),
        (
            "site-prepare",
            ["4G VPN", "分享網路", "藍牙或 USB 讀卡機", "iOS 15 以上", "Chrome 100", "不必安裝 App"],
        ),
        ("site-next", ["從相簿選", "註冊號碼", "不是醫事人員卡密碼", "識別碼"]),
    ],
    ids=["A19 A06", "B16 B17", "B05 B06 B07"],
)
def test_what_people_ask_meanwhile_is_on_the_page(
    box: FakeBox, phone: Phone, fold: str, words: list[str]
) -> None:
    page = open_site(box, phone, site_samples.NEW)
    page.locator(f"#{fold} > summary").click()

    for each in words:
        expect(page.locator(f"#{fold}")).to_contain_text(each)


def test_B07_name_and_identification_are_there_to_be_copied(box: FakeBox, phone: Phone) -> None:
    page = open_site(box, phone, site_samples.NEW)
    page.locator("#site-next > summary").click()
    fields = page.locator("#site-next input")

    assert [fields.nth(n).input_value() for n in range(2)] == [
        samples.box()["box_name"],
        samples.box()["sheet_id"],
    ]


def test_A07_the_set_up_page_and_the_survey_lead_to_it(box: FakeBox, phone: Phone) -> None:
    box.answers[LIST] = site_samples.PART
    box.answers["GET /api/environment"] = {
        "at": "2026-11-22T01:00:00Z",
        "ready": True,
        "items": [{"item": "site", "state": "warn", "code": "open", "params": {"count": 6}}],
    }
    phone.open(box.url)
    page = phone.page
    phone.go("/setup")
    expect(page.locator("#to-site")).to_contain_text("已辦好 2 / 8 項")
    page.click("#to-site")
    expect(page.locator("#site-count")).to_be_visible()
    phone.go("/settings/environment")
    expect(page.locator("[data-item=site]")).to_contain_text("還有 6 項沒有勾選")
    page.locator("[data-item=site] a").click()
    expect(page.locator("#site-count")).to_be_visible()


def test_A04_a_step_is_said_by_keys_alone(box: FakeBox, phone: Phone) -> None:
    page = open_site(box, phone, site_samples.NEW)
    box.answers["PUT /api/site-steps/managers"] = samples.SITE_STEPS
    row(page, "managers").get_by_role("button").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#site-count")).to_have_text("已辦好 8 / 8 項")


@pytest.mark.parametrize(("field", "captures"), [("#qr2-photo", "environment"), ("#qr2-album", None)])
def test_B05_a_code_is_photographed_or_picked_from_the_album(
    box: FakeBox, phone: Phone, field: str, captures: str | None, tmp_path: Path
) -> None:
    picture = tmp_path / "qr2.png"
    Image.new("RGB", (40, 40), "white").save(picture)
    box.topics["box"] = samples.box(bound=False, institution=None)
    box.answers["POST /api/box/binding/photo"] = {"ticket": "VBBIND1:x"}
    phone.open(box.url)
    phone.go("/setup/bind")
    page = phone.page

    assert page.locator(field).get_attribute("capture") == captures
    page.set_input_files(field, picture)
    expect(page.locator(".notice.good")).to_be_visible()
