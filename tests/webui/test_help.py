"""客服電話: who answers now by Taipei's and the box's clock, also when the box is out of reach (T09, T10, C06, O04)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.webui import samples
from tests.webui.conftest import NewPhone
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Look, Phone

FRIDAY_1230 = "Fri, 20 Nov 2026 04:30:00 GMT"
FRIDAY_2000 = "Fri, 20 Nov 2026 12:00:00 GMT"


def line(phone: Phone, name: str) -> Locator:
    return phone.page.locator(f"[data-line={name}]")


def refuse(_: object) -> object:
    raise Refusal(403, "GW-ACC-20")


@pytest.mark.parametrize(
    ("date", "app", "vpn"),
    [
        (FRIDAY_1230, "13:30 再打", "服務到 19:45"),
        (FRIDAY_2000, "115/11/23 (一) 09:00 再打", "115/11/21 (六) 09:00 再打"),
    ],
)
def test_T09_T10_O04_who_answers_is_told_by_the_boxs_clock(
    box: FakeBox, phone: Phone, date: str, app: str, vpn: str
) -> None:
    box.date = date
    phone.open(f"{box.url}/#/help")

    expect(line(phone, "app")).to_contain_text(app)
    expect(line(phone, "vpn")).to_contain_text(vpn)
    expect(line(phone, "line")).to_contain_text("手冊沒有寫服務時間")


def test_C06_T09_numbers_are_called_at_a_tap(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/help")
    links = phone.page.locator(".hotline a").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")

    assert links == [
        "tel:+88672318122",
        "mailto:ic_service@nhi.gov.tw",
        "tel:+88672318122",
        "tel:+886223443118",
        "tel:+886223110110",
    ]


def test_it_opens_when_the_box_is_gone(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#/settings")
    phone.page.clock.run_for(20_000)
    phone.settle()
    phone.context.set_offline(True)
    phone.page.click("#to-help")

    expect(line(phone, "vpn")).to_be_visible()


def test_an_error_leads_there_and_back(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/consents"] = refuse
    phone.open(f"{box.url}/#/consents")
    phone.page.click(".notice.error a[href='#/help']")
    expect(line(phone, "app")).to_be_visible()
    phone.page.click(".back")

    expect(phone.page.get_by_text("GW-ACC-20")).to_be_visible()


def test_a_phone_that_may_not_see_the_page_is_not_sent_there(box: FakeBox, phone: Phone) -> None:
    box.topics = samples.locked()
    box.answers["POST /api/phone/unlock"] = refuse
    phone.open(box.url)
    phone.page.fill("#unlock-code", "000001")
    phone.page.click("#unlock")

    expect(phone.page.get_by_text("GW-ACC-20")).to_be_visible()
    expect(phone.page.locator("a[href='#/help']")).to_have_count(0)


@pytest.mark.parametrize("look", [Look(), Look(320, 568, large=True)], ids=lambda look: look.label)
def test_the_way_to_help_is_in_the_same_place_on_every_screen(
    look: Look, box: FakeBox, new_phone: NewPhone
) -> None:
    phone = new_phone(look)
    phone.open(box.url)
    places = []
    for path in ("/", "/start", "/visits", "/outbox", "/settings", "/settings/readers", "/status", "/help"):
        phone.go(path)
        place = phone.page.locator(".help-link").bounding_box()
        assert place is not None, path
        places.append((place["x"], place["width"]))
        below = phone.page.locator(".top").bounding_box()
        assert below is not None
        assert 0 <= place["y"] - (below["y"] + below["height"]) <= 32, path

    assert len(set(places)) == 1
    phone.go("/outbox")
    phone.page.click(".help-link")
    expect(phone.page.get_by_role("heading", name="客服電話")).to_be_visible()
