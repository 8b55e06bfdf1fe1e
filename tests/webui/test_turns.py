"""Whose turn it is at a reader, and handing it over (A02, D04)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

MINE = str(samples.phone_topic()["phone_id"])


def uses(*, by: str = "phone", phone_id: str = "", name: str = "", seconds: float = 45) -> samples.Json:
    use = {"reader_id": "r2", "by": by, "phone_id": phone_id, "name": name}
    return {"uses": [use | {"ends_at": samples.ahead(seconds=seconds)}]}


@pytest.mark.parametrize(
    ("by", "phone_id", "name", "turn", "words"),
    [
        ("phone", MINE, "這支", "mine", r"由這支手機使用中，還有 [1-4]?\d "),
        ("phone", "another", "陳護理師手機", "phone", r"由「陳護理師手機」使用中，還有 [1-4]?\d "),
        ("box", "", "", "box", r"盒子正在讀寫這張卡，請先不要拔卡"),
    ],
    ids=["mine", "another's", "the box's"],
)
def test_A02_D04_the_readers_page_tells_who_uses_a_reader_and_for_how_long(
    box: FakeBox, phone: Phone, artefacts: Path, by: str, phone_id: str, name: str, turn: str, words: str
) -> None:
    phone.open(f"{box.url}/#/settings/readers")
    box.put("uses", uses(by=by, phone_id=phone_id, name=name, seconds=49))
    row = phone.page.locator("[data-reader=r2]")
    expect(row.locator(f"[data-turn={turn}]")).to_contain_text(re.compile(words))
    expect(row.get_by_role("button", name="換人使用")).to_have_count(int(turn == "mine"))
    expect(phone.page.locator("[data-reader=r1] [data-turn]")).to_have_count(0)
    phone.settle()
    phone.picture(artefacts, f"readers-turn-{turn}")


def test_the_readers_page_says_that_pcscd_is_away(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    phone.open(f"{box.url}/#/settings/readers")
    box.put("cards", {"readers": [], "troubles": ["GW-DEV-04"]})
    expect(phone.page.get_by_text("讀卡機服務沒有執行或剛剛重新啟動")).to_be_visible()
    expect(phone.page.get_by_text("找不到讀卡機")).to_have_count(0)
    phone.settle()
    phone.picture(artefacts, "readers-no-service")


def test_A06_the_readers_page_tells_which_card_goes_where(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    phone.open(f"{box.url}/#/settings/readers")
    phone.page.click("#which-card summary")
    told = phone.page.locator("#which-card")
    expect(told.locator(".row-title")).to_have_text(
        ["健保卡", "醫事人員卡", "醫事機構卡", "自然人憑證、政府單位憑證"]
    )
    expect(told.locator(".row-detail").nth(3)).to_have_text("電腦的晶片讀卡機")
    phone.settle()
    phone.picture(artefacts, "readers-which-card")


def test_A06_a_card_that_is_for_a_computer_is_named_with_its_reader(box: FakeBox, phone: Phone) -> None:
    box.topics["cards"] = samples.two_readers(
        samples.card("institution"), samples.card("unknown", error_code="GW-CRD-04")
    )
    phone.open(f"{box.url}/#/settings/readers")
    expect(phone.page.locator("[data-reader=r1]")).to_contain_text(
        "醫事機構卡：登入 VPN 網站時插在電腦的讀卡機"
    )
    expect(phone.page.locator("[data-reader=r2]")).to_contain_text("GW-CRD-04")


def test_a_card_that_cannot_be_read_yet_is_not_called_a_wrong_one(box: FakeBox, phone: Phone) -> None:
    box.topics["staff"] = {"sessions": []}
    box.topics["cards"] = samples.two_readers(samples.card("reading", error_code="GW-DEV-02"), samples.card())
    phone.open(f"{box.url}/#/settings/readers")
    row = phone.page.locator("[data-reader=r1]")
    expect(row).to_contain_text("讀卡中…")
    expect(row).to_contain_text("讀卡機正在處理另一件事。 GW-DEV-02")
    phone.go("/")
    expect(phone.page.locator("[data-chip=nhi]")).to_contain_text("讀卡機正在處理另一件事。")
    phone.go("/sign-in")
    expect(phone.page.get_by_text("讀卡中…")).to_be_visible()
    box.put("cards", samples.two_readers(samples.card(), samples.card()))
    expect(phone.page.get_by_role("main").get_by_text("請插醫事人員卡")).to_be_visible()


def test_D04_a_turn_is_handed_over_before_its_time_is_up(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/readers/r2/release"] = {}
    phone.open(f"{box.url}/#/settings/readers")
    box.put("uses", uses(phone_id=MINE))
    phone.page.get_by_role("button", name="換人使用").click()
    expect(phone.page.get_by_text("讀卡機可以換人使用了")).to_have_count(1)
    box.put("uses", {"uses": []})
    expect(phone.page.locator("[data-turn]")).to_have_count(0)
    assert len(box.calls("POST /api/readers/r2/release")) == 1


def test_D04_a_turn_runs_out_on_the_page_by_itself(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#/settings/readers")
    # So short that the phone does not miss the box's heartbeat in it, and sets its clock by the box again.
    box.put("uses", uses(phone_id="another", name="陳護理師手機", seconds=20))
    expect(phone.page.locator("[data-turn]")).to_contain_text("還有")
    phone.page.clock.fast_forward(21_000)
    expect(phone.page.locator("[data-turn]")).to_have_count(0)
