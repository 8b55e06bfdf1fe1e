"""Switching the box off on a phone: what is open, the order, and when the plug may be pulled (beyond #12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page, expect

from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

OPEN = {
    "possible": True,
    "unsent": 3,
    "drafts": 1,
    "oldest_at": "2026-11-22T01:00:00Z",
    "busy": True,
}
LOOK = "/api/alive"
MISSES = 3
"""Answers that fail in a row before the page believes that the box is gone (webui/views/power.js)."""

NOTHING = {"possible": True, "unsent": 0, "drafts": 0, "oldest_at": None, "busy": False}


def looks_of(page: Page) -> list[str]:
    """Grows whenever the page begins to look whether the box is there."""
    begun: list[str] = []
    page.on("request", lambda request: begun.extend(url for url in [request.url] if url.endswith(LOOK)))
    return begun


def next_look(page: Page, looks: list[str], end: Literal["requestfinished", "requestfailed"]) -> None:
    """Let time pass on the page until it looks once more, and none while it waits for the answer."""
    seen = len(looks)
    with page.expect_event(end, lambda request: request.url.endswith(LOOK)):
        while len(looks) == seen:
            page.clock.run_for(100)


def test_what_is_open_is_told_and_then_when_it_may_be_unplugged(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    box.answers |= {"GET /api/box/power": OPEN, "POST /api/box/power/off": {}, "GET /api/alive": {}}
    phone.open(box.url)
    phone.go("/settings")
    page = phone.page
    page.click("#to-power")
    expect(page.locator("#open-work")).to_contain_text("3 件待傳。資料都在盒子裡")
    expect(page.locator("#open-work")).to_contain_text("1 筆看診還沒結束")
    expect(page.locator("#open-work")).to_contain_text("正在寫卡或傳送")
    phone.picture(artefacts, "power")

    page.clock.install()
    page.click("#switch-off")
    expect(page.get_by_text("正在關機，先不要拔電")).to_be_visible()
    phone.picture(artefacts, "power-going")
    phone.hold_clock()
    looks = looks_of(page)
    for _ in range(4):
        next_look(page, looks, "requestfinished")
    expect(page.get_by_text("正在關機，先不要拔電")).to_be_visible()

    box.silent = True
    for _ in range(MISSES):
        expect(page.get_by_text("正在關機，先不要拔電")).to_be_visible()
        next_look(page, looks, "requestfailed")
    expect(page.get_by_text("盒子已停止服務，還在收尾")).to_be_visible()
    phone.picture(artefacts, "power-last")
    # A second of the countdown, and the frame in which it is shown.
    for _ in range(20):
        page.clock.run_for(1_100)
    expect(page.get_by_text("可以拔電了")).to_be_visible()
    phone.picture(artefacts, "power-done")


def test_a_box_with_nothing_open_says_so(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/box/power"] = NOTHING
    phone.open(box.url)
    phone.go("/settings/power")
    expect(phone.page.locator("#open-work")).to_contain_text("沒有待傳的資料。")


def test_a_machine_that_refuses_says_what_to_do(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(409, "GW-DEV-22")

    box.answers |= {"GET /api/box/power": NOTHING, "POST /api/box/power/off": refuse}
    phone.open(box.url)
    phone.go("/settings/power")
    phone.page.click("#switch-off")
    expect(phone.page.get_by_text("盒子沒有辦法自己關機。")).to_be_visible()
    expect(phone.page.get_by_text("資料都在盒子裡。").first).to_be_visible()


def test_every_phone_sees_that_the_box_goes_off(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    box.put("power", {"battery_percent": 4, "under_voltage": False, "switching_off": True})
    expect(phone.page.get_by_text("關機中")).to_be_visible()
