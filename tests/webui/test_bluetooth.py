"""Bluetooth readers on a phone: what is nearby, what pairing asks, what is remembered, and why it does not work (D01-D03)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone
from tests.webui.samples import card, reader, topics

Json = dict[str, Any]

NEAR: Json = {
    "address": "02:00:00:00:00:A1",
    "name": "ACR3901U-S1-0042",
    "family": "acs",
    "signal_dbm": -50,
    "remembered": False,
}
FAR: Json = {
    **NEAR,
    "address": "02:00:00:00:00:B1",
    "name": "FT_00B1",
    "family": "feitian",
    "signal_dbm": -85,
}
KNOWN: Json = {
    "reader_id": "ble-0200000000a2",
    "address": "02:00:00:00:00:A2",
    "name": "一號讀卡機",
    "model": "ACR3901U-S1-0007",
    "family": "acs",
    "own_key": True,
}


def bluetooth(**changes: Any) -> Json:
    return {
        "state": "on",
        "scanning": False,
        "heard": [],
        "pairing": None,
        "remembered": [],
        **changes,
    }


def pairing(phase: str, number: str = "", error_code: str = "") -> Json:
    return {
        "address": NEAR["address"],
        "name": "一號讀卡機",
        "phase": phase,
        "number": number,
        "error_code": error_code,
    }


@pytest.fixture
def box() -> Iterator[FakeBox]:
    slot = {**reader("ble-0200000000a2", "一號讀卡機", card()), "transport": "ble", "virtual": False}
    state = topics(
        bluetooth=bluetooth(),
        cards={"readers": [{**slot, "battery_percent": 15, "battery_low": True, "signal_dbm": -62}]},
    )
    answers: dict[str, Any] = {
        f"{method} /api/bluetooth/{what}": {}
        for method, what in (
            ("POST", "scan"),
            ("DELETE", "scan"),
            ("POST", "power"),
            ("POST", "pairing"),
            ("POST", "pairing/answer"),
            ("DELETE", "pairing"),
            ("PUT", "readers/ble-0200000000a2"),
            ("DELETE", "readers/ble-0200000000a2"),
        )
    }
    with FakeBox(state, answers).open_server() as running:
        yield running


def test_D01_the_readers_page_shows_battery_and_signal_and_leads_on(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    phone.open(box.url)
    phone.go("/settings/readers")
    row = phone.page.locator("[data-reader=ble-0200000000a2]")
    expect(row).to_contain_text("電量低")
    expect(row).to_contain_text("藍牙")
    expect(row).to_contain_text("-62 dBm")
    phone.picture(artefacts, "readers-ble")

    phone.page.click("#bluetooth")

    expect(phone.page.get_by_role("heading", name="藍牙讀卡機")).to_be_visible()


@pytest.mark.parametrize(
    ("sleeps", "words"), [(True, "讀卡機睡著了或不在附近，請碰一下它的開關或插卡"), (False, "讀卡機沒有回應")]
)
def test_D03_a_reader_that_is_away_says_what_helps(
    box: FakeBox, phone: Phone, artefacts: Path, sleeps: bool, words: str
) -> None:
    slot = {**reader("ble-0200000000a2", "一號讀卡機", card()), "transport": "ble", "virtual": False}
    box.put("cards", {"readers": [{**slot, "state": "unavailable", "sleeps": sleeps}], "troubles": []})
    phone.open(box.url)
    phone.go("/settings/readers")
    expect(phone.page.locator("[data-reader=ble-0200000000a2]")).to_contain_text(words)
    phone.picture(artefacts, f"readers-away-{sleeps}")


def test_a_reader_whose_pairing_was_lost_says_what_helps(box: FakeBox, phone: Phone) -> None:
    slot = {**reader(KNOWN["reader_id"], KNOWN["name"], card()), "transport": "ble", "virtual": False}
    away = {**slot, "state": "unavailable", "sleeps": True, "trouble": "GW-DEV-23"}
    box.put("cards", {"readers": [away], "troubles": []})
    box.put("bluetooth", bluetooth(remembered=[KNOWN]))
    phone.open(box.url)
    phone.go("/settings/readers")
    row = phone.page.locator(f"[data-reader={KNOWN['reader_id']}]")
    expect(row).to_contain_text("這台讀卡機和盒子的配對失效了。")
    expect(row).to_contain_text("再重新連接；若它在別的盒子用過，請先在那個盒子移除。 GW-DEV-23")
    expect(row).not_to_contain_text("睡著")
    phone.page.click("#bluetooth")
    expect(row).to_contain_text("這台讀卡機和盒子的配對失效了。")
    expect(row).not_to_contain_text("沒有連線")


def test_D02_it_scans_only_while_the_page_is_shown(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    phone.go("/settings/readers")
    assert box.calls("POST /api/bluetooth/scan") == []

    phone.go("/settings/bluetooth")
    box.wait_calls("POST /api/bluetooth/scan")
    assert box.calls("DELETE /api/bluetooth/scan") == []
    phone.go("/settings")

    box.wait_calls("DELETE /api/bluetooth/scan")


def test_D03_a_reader_is_found_named_compared_and_remembered(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    phone.open(box.url)
    phone.go("/settings/bluetooth")
    page = phone.page
    box.put("bluetooth", bluetooth(scanning=True, heard=[NEAR, FAR]))

    expect(page.locator(f'[data-address="{NEAR["address"]}"]')).to_contain_text("訊號強")
    expect(page.locator(f'[data-address="{FAR["address"]}"]')).to_contain_text("訊號弱")
    phone.picture(artefacts, "bluetooth-nearby")
    page.get_by_role("button", name="飛天", exact=True).click()
    expect(page.locator(f'[data-address="{NEAR["address"]}"]')).to_have_count(0)
    page.get_by_role("button", name="全部", exact=True).click()

    page.get_by_role("button", name="連接 ACR3901U-S1-0042").click()
    page.fill("#reader-name", "一號讀卡機")
    phone.picture(artefacts, "bluetooth-name")
    page.click("#pair")
    assert box.wait_calls("POST /api/bluetooth/pairing") == [
        {"address": NEAR["address"], "name": "一號讀卡機"}
    ]

    box.put("bluetooth", bluetooth(scanning=True, heard=[NEAR], pairing=pairing("compare", "012345")))
    expect(page.locator("#pairing-number")).to_have_text("012 345")
    phone.picture(artefacts, "bluetooth-compare")
    page.click("#agree")
    assert box.wait_calls("POST /api/bluetooth/pairing/answer") == [{"agree": True, "number": ""}]

    known = {**KNOWN, "address": NEAR["address"]}
    box.put(
        "bluetooth",
        bluetooth(heard=[{**NEAR, "remembered": True}], pairing=pairing("done"), remembered=[known]),
    )
    expect(page.get_by_role("main").get_by_text("已連接 一號讀卡機")).to_be_visible()
    expect(page.locator("#nearby [data-address]")).to_have_count(0)
    phone.picture(artefacts, "bluetooth-done")
    page.click("#close-pairing")
    box.wait_calls("DELETE /api/bluetooth/pairing")


def test_a_passkey_is_entered_in_six_digits(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    phone.open(box.url)
    phone.go("/settings/bluetooth")
    box.put("bluetooth", bluetooth(pairing=pairing("enter")))
    page = phone.page
    expect(page.locator("#agree")).to_be_disabled()

    page.fill("#pairing-enter", "00 12a34")
    phone.picture(artefacts, "bluetooth-enter")
    expect(page.locator("#agree")).to_be_enabled()
    page.click("#agree")

    assert box.wait_calls("POST /api/bluetooth/pairing/answer") == [{"agree": True, "number": "001234"}]


def test_a_pairing_that_failed_says_what_to_do(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    phone.open(box.url)
    phone.go("/settings/bluetooth")
    box.put("bluetooth", bluetooth(pairing=pairing("failed", error_code="GW-DEV-16")))

    expect(phone.page.get_by_role("main").get_by_text("沒有連上 一號讀卡機")).to_be_visible()
    expect(phone.page.get_by_text("核對配對碼後再試一次")).to_be_visible()
    phone.picture(artefacts, "bluetooth-failed")


def test_S01_a_reader_is_renamed_and_removed(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.topics["bluetooth"] = bluetooth(remembered=[KNOWN])
    phone.open(box.url)
    phone.go("/settings/bluetooth")
    page = phone.page
    row = page.locator("[data-reader=ble-0200000000a2]")
    expect(row).to_contain_text("已連線")
    row.get_by_role("button", name="改名").click()
    page.fill("#new-name", "二號讀卡機")
    page.click("#save-name")
    assert box.wait_calls("PUT /api/bluetooth/readers/ble-0200000000a2") == [{"name": "二號讀卡機"}]

    row.get_by_role("button", name="移除").click()
    assert box.calls("DELETE /api/bluetooth/readers/ble-0200000000a2") == []
    phone.picture(artefacts, "bluetooth-remove")
    page.click("#remove-sure")
    box.wait_calls("DELETE /api/bluetooth/readers/ble-0200000000a2")


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("off", "藍牙關閉中"),
        ("blocked", "藍牙被鎖住"),
        ("missing", "找不到藍牙裝置"),
        ("no_service", "藍牙服務沒有執行"),
    ],
)
def test_why_bluetooth_does_not_work(
    state: str, title: str, box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    box.topics["bluetooth"] = bluetooth(state=state, remembered=[KNOWN])
    phone.open(box.url)
    phone.go("/settings/bluetooth")

    expect(phone.page.get_by_text(title)).to_be_visible()
    expect(phone.page.locator("#power-on")).to_have_count(1 if state == "off" else 0)
    assert box.calls("POST /api/bluetooth/scan") == []
    phone.picture(artefacts, f"bluetooth-{state}")


def test_who_is_no_technician_sees_readers_and_changes_nothing(box: FakeBox, phone: Phone) -> None:
    box.topics["phone"] = {**box.topics["phone"], "role": "user"}
    box.topics["bluetooth"] = bluetooth(remembered=[KNOWN])
    phone.open(box.url)
    phone.go("/settings/bluetooth")

    expect(phone.page.get_by_text("讀卡機由技術人員連接與移除。")).to_be_visible()
    expect(phone.page.get_by_role("button", name="移除")).to_have_count(0)
    assert box.calls("POST /api/bluetooth/scan") == []


def test_the_lab_switches_simulated_readers_and_the_adapter(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    unit = {"reader_id": "ble-0200000000b2", "label": "FT_LAB2", "in_reach": True, "paired": False}
    lab: dict[str, object] = {
        "cards": [],
        "readers": [],
        "bluetooth": {"adapter": "on", "readers": [{**unit, "passkey": "123456"}]},
        "link": {"mode": "up", "delay_ms": 0},
        "portal": {"clock_offset_s": 0, "faults": []},
        "binding": None,
    }
    box.answers.update(
        {
            "GET /api/lab/state": lab,
            "POST /api/lab/bluetooth": {},
            "POST /api/lab/readers/ble-0200000000b2/reach": {},
        }
    )
    phone.open(box.url)
    phone.go("/lab")
    page = phone.page
    row = page.locator("[data-radio=ble-0200000000b2]")
    expect(row).to_contain_text("背面印著 123456")
    phone.picture(artefacts, "lab-bluetooth")
    page.click("[data-adapter=blocked]")
    box.wait_calls("POST /api/lab/bluetooth")
    row.get_by_role("button", name="關掉電源").click()
    box.wait_calls("POST /api/lab/readers/ble-0200000000b2/reach")

    assert box.calls("POST /api/lab/bluetooth") == [{"state": "blocked"}]
    assert box.calls("POST /api/lab/readers/ble-0200000000b2/reach") == [{"in_reach": False}]
