"""A name that the card could not hold is asked for where the visit starts (G07)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

ON_CARD = samples.PATIENT | {"name": "陳*樣本", "name_open": True}
CONFIRMED = ON_CARD | {"name": "陳𠮷樣本", "name_open": False}
ROUTE = "PUT /api/readers/r2/name"


def cards(patient: samples.Json) -> samples.Json:
    return samples.two_readers(samples.card("hpc"), samples.card("nhi", patient=patient))


def refuse(_: Any) -> Any:
    raise Refusal(422, "GW-REQ-02", field="name")


def test_G07_the_whole_name_is_asked_for_and_not_again(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.topics = samples.topics(cards=cards(ON_CARD))
    box.answers[ROUTE] = {}
    phone.open(f"{box.url}/#/start")
    asked = phone.page.locator("#card-name")
    expect(asked).to_contain_text("卡片上的姓名是「陳*樣本」")
    # It can wait: the visit may begin all the same.
    expect(phone.page.locator("#start-visit")).to_be_enabled()
    phone.settle()
    phone.picture(artefacts, "card-name")

    phone.page.fill("#whole-name", "陳𠮷樣本")
    phone.page.click("#confirm-name")
    box.put("cards", cards(CONFIRMED))

    expect(asked).to_have_count(0)
    expect(phone.page.locator(".patient-name")).to_have_text("陳𠮷樣本")
    assert box.calls(ROUTE) == [{"name": "陳𠮷樣本"}]


def test_G07_a_name_that_cannot_be_this_cards_is_refused_beside_the_field(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    box.topics = samples.topics(cards=cards(ON_CARD))
    box.answers[ROUTE] = refuse
    phone.open(f"{box.url}/#/start")
    phone.page.fill("#whole-name", "林樣本")
    phone.page.click("#confirm-name")
    expect(phone.page.locator("#card-name [role=alert]")).to_contain_text("和卡片上讀得到的字不同")
    expect(phone.page.locator("#whole-name")).to_have_value("林樣本")
    phone.settle()
    phone.picture(artefacts, "card-name-refused")


def test_G07_a_whole_name_asks_nothing_and_loads_nothing(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/start")
    expect(phone.page.locator(".patient-name")).to_be_visible()
    expect(phone.page.locator("#card-name")).to_have_count(0)
    assert "/components/card_name.js" not in phone.served
