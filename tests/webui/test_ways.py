"""健保卡讀取方式: three ways at the start of a visit, none of them hidden; a setting says which stands first (H03, I01, S05, S06)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

KEEP = "PUT /api/phone/identify-by"
NO_PATIENT = samples.two_readers(samples.card("hpc"), samples.card())
# What each way shows, by its value.
SHOWN = {
    "card": "請插病人的健保卡",
    "virtual_card": "用虛擬健保卡（QR Code）",
    "photo": "還不能用拍照 AI 辨識看診",
}


@pytest.mark.parametrize("first", SHOWN, ids=["H03 card", "S05 virtual card", "S06 I01 photo"])
def test_S05_S06_the_setting_says_what_stands_first_and_shuts_nothing(
    box: FakeBox, phone: Phone, first: str
) -> None:
    box.topics |= {"cards": NO_PATIENT, "identify": {"by": first}}
    phone.open(f"{box.url}/#/start")
    main = phone.page.locator("main")

    expect(phone.page.locator(f"[name=identify-by][value={first}]")).to_be_checked()
    expect(main).to_contain_text(SHOWN[first])
    for way, words in SHOWN.items():
        phone.page.locator(f"[name=identify-by][value={way}]").check()
        expect(main).to_contain_text(words)
        expect(main.get_by_text(SHOWN["card"])).to_have_count(int(way == "card"))
    assert box.calls(KEEP) == [], "a visit's own way is no new setting"


def test_I01_by_photo_says_that_this_box_cannot_and_what_to_do(box: FakeBox, phone: Phone) -> None:
    box.topics |= {"cards": NO_PATIENT}
    phone.open(f"{box.url}/#/start")
    phone.page.get_by_label("拍照").check()
    notice = phone.page.locator("main .notice.warn")

    expect(notice).to_contain_text("沒有拍照，也沒有送出任何資料")
    expect(notice).to_contain_text("請改用實體健保卡")
    expect(notice.get_by_role("link", name="客服電話")).to_have_attribute("href", "#/help")
    expect(phone.page.locator("input[type=file]")).to_have_count(0)


@pytest.mark.parametrize("first", ["virtual_card", "photo"])
def test_H03_a_card_that_is_put_in_is_used_whatever_stands_first(
    box: FakeBox, phone: Phone, first: str
) -> None:
    box.topics |= {"cards": NO_PATIENT, "identify": {"by": first}}
    phone.open(f"{box.url}/#/start")
    expect(phone.page.locator(".ways")).to_be_visible()
    box.put("cards", samples.topics()["cards"])

    expect(phone.page.locator("#start-visit")).to_be_visible()
    expect(phone.page.locator(".patient")).to_contain_text("王小明")
    expect(phone.page.locator(".ways")).to_have_count(0)


@pytest.mark.parametrize(("label", "by"), [("虛擬卡", "virtual_card"), ("拍照", "photo")], ids=["S05", "S06"])
def test_S05_S06_the_setting_is_kept_by_the_box_for_this_phone(
    box: FakeBox, phone: Phone, label: str, by: str
) -> None:
    box.answers[KEEP] = {}
    phone.open(f"{box.url}/#/settings")
    expect(phone.page.get_by_label("健保卡", exact=True)).to_be_checked()
    phone.page.get_by_label(label).check()

    assert box.wait_calls(KEEP) == [{"by": by}]
    expect(phone.page.locator("#app > [role=status]")).to_contain_text(f"看診時先顯示：{label}")
    expect(phone.page.get_by_label(label)).to_be_checked()


def test_S06_a_setting_that_is_not_kept_says_so_and_shows_what_still_holds(
    box: FakeBox, phone: Phone
) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(409, "GW-LNK-03")

    box.answers[KEEP] = refuse
    phone.open(f"{box.url}/#/settings")
    phone.page.get_by_label("拍照").click()

    expect(phone.page.get_by_role("alert")).to_be_visible()
    expect(phone.page.get_by_label("健保卡", exact=True)).to_be_checked()
