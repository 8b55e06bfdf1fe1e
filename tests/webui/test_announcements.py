"""公告訊息 (T04) and the guided tour (B04, T03) as a person meets them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.webui import samples
from tests.webui.announcement_samples import PLAIN, URGENT, line
from tests.webui.conftest import NewPhone
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Look, Phone

STEPS = ["strip", "cards", "action", "tiles", "outbox", "settings"]
SMALL = "() => [...document.querySelectorAll('.tour button')].filter((b) => b.getBoundingClientRect().height < 44).length"


@pytest.fixture
def news(box: FakeBox) -> FakeBox:
    lines = [line(URGENT, "颱風停止上班", urgent=True), line(PLAIN, "系統維護")]
    box.topics["announcements"] = {"items": lines}
    box.answers["GET /api/announcements"] = [{**one, "body": f"{one['title']}內容\n第二段"} for one in lines]

    def read(_: Any) -> dict[str, Any]:
        lines[0]["read"] = True
        box.put("announcements", {"items": lines})
        box.answers["GET /api/announcements"] = [{**one, "body": ""} for one in lines]
        return {}

    box.answers[f"POST /api/announcements/{URGENT}/read"] = read
    return box


def test_T04_an_urgent_one_is_on_the_start_page_until_it_is_read(news: FakeBox, phone: Phone) -> None:
    phone.open(news.url)
    page = phone.page
    expect(page.locator(".tiles a[href='#/announcements'] .tag")).to_have_text("2")
    page.click("[data-urgent]")
    page.locator(f"[data-announcement='{URGENT}'] summary").click()
    expect(page.locator(f"[data-announcement='{URGENT}']")).to_have_attribute("data-read", "true")
    phone.go("/")

    expect(page.locator("[data-urgent]")).to_have_count(0)
    expect(page.locator(".tiles a[href='#/announcements'] .tag")).to_have_text("1")
    assert len(news.calls(f"POST /api/announcements/{URGENT}/read")) == 1


def test_T04_one_that_is_over_counts_for_nothing(box: FakeBox, phone: Phone) -> None:
    over = line(URGENT, "過期", urgent=True, expires_at=samples.ago(minutes=1))
    box.topics["announcements"] = {"items": [over]}
    phone.open(box.url)

    expect(phone.page.locator(".tiles")).to_be_visible()
    expect(phone.page.locator("[data-urgent], .tiles .tag")).to_have_count(0)


@pytest.fixture
def newcomer(box: FakeBox) -> FakeBox:
    """Somebody who has not taken the tour, with no patient's card in."""
    box.topics |= {
        "tour": {"taken": False},
        "cards": samples.two_readers(samples.card("hpc"), samples.card()),
    }

    def taken(_: Any) -> dict[str, Any]:
        box.put("tour", {"taken": True})
        return {}

    box.answers["POST /api/tour/taken"] = taken
    return box


def step(page: Page) -> str:
    return str(page.locator(".tour").get_attribute("data-step"))


@pytest.mark.parametrize(
    "look", [Look(), Look(320, 568), Look(320, 568, large=True), Look(dark=True)], ids=lambda look: look.label
)
def test_B04_T03_the_tour_goes_from_part_to_part_by_keyboard_and_is_over_for_good(
    newcomer: FakeBox, new_phone: NewPhone, artefacts: Any, look: Look
) -> None:
    phone = new_phone(look)
    phone.open(newcomer.url)
    phone.dress(look)
    page = phone.page
    expect(page.locator(".tour")).to_have_attribute("data-step", "offer")
    seen = []
    for wanted in STEPS:
        page.focus("#tour-next")
        page.keyboard.press("Enter")
        expect(page.locator(".tour")).to_have_attribute("data-step", wanted)
        expect(page.locator(".tour-part")).to_have_count(1)
        panel, part = page.locator(".tour").bounding_box(), page.locator(".tour-part").bounding_box()
        banner = page.locator(".banner.virtual").bounding_box()
        assert panel is not None
        assert part is not None
        assert banner is not None
        assert panel["y"] >= banner["y"] + banner["height"]
        covered = min(panel["y"] + panel["height"], part["y"] + part["height"]) - max(panel["y"], part["y"])
        seen.append((wanted, covered < part["height"] / 2))
        expect(page.locator("#tour-title")).to_be_focused()
        assert page.evaluate(SMALL) == 0
        phone.picture(artefacts, f"tour-{wanted}-{look.label}")
    page.click("#tour-back")
    expect(page.locator(".tour")).to_have_attribute("data-step", "outbox")
    page.click("#tour-next")
    page.click("#tour-next")
    expect(page.locator(".tour")).to_have_count(0)
    phone.go("/settings")
    phone.go("/")

    assert seen == [(wanted, True) for wanted in STEPS]
    expect(page.locator(".tour, .tour-part")).to_have_count(0)
    assert len(newcomer.calls("POST /api/tour/taken")) == 1
    assert phone.troubles == []


def test_B04_T03_it_can_be_skipped_by_escape_and_replayed_from_the_help_page(
    newcomer: FakeBox, phone: Phone
) -> None:
    phone.open(newcomer.url)
    page = phone.page
    expect(page.locator(".tour")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("第一次用這個盒子？")
    page.keyboard.press("Escape")
    expect(page.locator(".tour")).to_have_count(0)
    phone.go("/help")
    page.click("#tour-again")

    expect(page.locator(".tour")).to_have_attribute("data-step", "strip")
    page.click("#tour-skip")
    expect(page.locator(".tour")).to_have_count(0)


def test_B04_T03_whoever_put_a_patients_card_in_is_offered_it_afterwards(
    newcomer: FakeBox, phone: Phone
) -> None:
    empty, newcomer.topics["cards"] = newcomer.topics["cards"], samples.topics()["cards"]
    phone.open(newcomer.url)
    phone.page.click("#go-start")
    expect(phone.page.locator("#start-visit")).to_be_visible()
    phone.go("/")
    offered_over_the_card = phone.page.locator(".tour").count()
    newcomer.put("cards", empty)

    expect(phone.page.locator(".tour")).to_be_visible()
    assert offered_over_the_card == 0


def test_B04_T03_it_never_stands_over_a_card_that_is_being_used(newcomer: FakeBox, phone: Phone) -> None:
    use = {"reader_id": "r1", "by": "box", "phone_id": "", "name": "", "ends_at": samples.ago(minutes=-1)}
    newcomer.topics["uses"] = {"uses": [use]}
    phone.open(newcomer.url)
    phone.settle()
    shown_over_the_card = phone.page.locator(".tour").count()
    newcomer.put("uses", {"uses": []})

    expect(phone.page.locator(".tour")).to_be_visible()
    assert shown_over_the_card == 0
