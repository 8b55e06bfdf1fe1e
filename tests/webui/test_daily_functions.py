"""What a team does every day is at hand: the bottom bar, two taps to each function, words to search by, no need to refresh."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.webui import record_samples, samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Look, Phone

# What 首頁 leads to, and the heading of the screen that it opens.
FUNCTIONS = {
    "醫事人員卡認證": "醫事人員卡認證",
    "今日名單": "今日名單",
    "出門前檢查": "出門前檢查",
    "看診列表": "列表",
    "上下傳作業": "待傳",
    "資料集": "資料集",
    "讀卡機": "讀卡機",
    "系統設定": "設定",
}


def test_T01_the_bottom_bar_has_five_tabs_on_every_screen_that_a_thumb_reaches(
    box: FakeBox, phone: Phone
) -> None:
    phone.open(box.url)
    for look in (Look(), Look(320, 568), Look(320, 568, large=True)):
        phone.dress(look)
        for path in ("/", "/start", "/visits", "/outbox", "/settings", f"/visits/{samples.VISIT_ID}/stay"):
            phone.go(path)
            tabs = phone.page.locator(".bottom-bar a")
            bar = phone.page.locator(".bottom-bar").bounding_box()
            expect(tabs).to_have_count(5)
            assert bar is not None
            assert bar["y"] + bar["height"] == pytest.approx(look.height, abs=1), path


@pytest.mark.parametrize(("tile", "heading"), FUNCTIONS.items(), ids=FUNCTIONS.keys())
def test_T02_each_daily_function_that_the_box_has_is_two_taps_away(
    tile: str, heading: str, box: FakeBox, phone: Phone
) -> None:
    box.answers.update(record_samples.ANSWERS)
    phone.open(f"{box.url}/#/settings/box")
    phone.page.click(".icon-home")
    phone.page.locator(".tiles").get_by_role("link", name=tile, exact=True).click()

    expect(phone.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()


def test_T02_a_visit_begins_two_taps_after_the_patients_card(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/visits"] = samples.view()
    phone.open(f"{box.url}/#/settings")
    phone.page.click(".icon-visit")
    phone.page.click("#start-visit")

    expect(phone.page.locator("#subjective")).to_be_visible()


def test_T11_what_changes_is_shown_without_a_refresh(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/outbox")
    expect(phone.page.locator("[data-job]")).to_have_count(4)
    box.answers["GET /api/outbox"] = {"summary": samples.queue(), "items": []}
    box.put("queue", samples.queue(1))

    expect(phone.page.locator("[data-job]")).to_have_count(0)
    assert phone.served.count("/") == 1, "the page itself was not loaded again"


def test_T07_codes_are_found_by_words_in_them_from_two_characters_on(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/visits/{samples.VISIT_ID}/pick/icd10")
    phone.page.fill("#search", "J0")

    expect(phone.page.locator(".hit[data-code=J00]")).to_be_visible()
    assert [path for path in phone.served if "catalogue/icd10" in path and "q=J0" in path]
