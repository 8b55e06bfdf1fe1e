"""Where a card is asked for: one that was put in and does not serve is named there, not asked for again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone
from visitbridge.words import load_catalogue

SCREENS = {"start": "請插病人的健保卡", "sign-in": "請插醫事人員卡"}
INSIDE = {
    "being read": (samples.card("reading"), "讀卡中…請讓卡片留在讀卡機裡"),
    "in a busy reader": (samples.card("reading", error_code="GW-DEV-02"), "讀卡中…請等它做好再試"),
    "upside down": (samples.card("mute", error_code="GW-CRD-03"), "讀不到卡片的晶片。"),
    "of something else": (samples.card("unknown", error_code="GW-CRD-04"), "可能不是健保卡或醫事人員卡"),
    "of the institution": (samples.card("institution"), "醫事機構卡：登入 VPN 網站時插在電腦的讀卡機"),
}
UNREACHED: dict[str, tuple[list[samples.Json], str]] = {
    "none": ([], "找不到讀卡機"),
    "silent": ([{"state": "unavailable"}], "讀卡機沒有回應"),
    "no longer paired": (
        [{"state": "unavailable", "sleeps": True, "trouble": "GW-DEV-23"}],
        "這台讀卡機和盒子的配對失效了。",
    ),
    "asleep": ([{"state": "unavailable", "sleeps": True}], "讀卡機睡著了或不在附近"),
}


def look(box: FakeBox, phone: Phone, screen: str, cards: samples.Json) -> None:
    """The screen as somebody sees it who has nothing but these readers and is not signed in."""
    box.topics |= {"cards": cards, "staff": {"sessions": []}}
    box.answers["GET /api/visits"] = []
    phone.open(f"{box.url}/#/{screen}")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("inside", INSIDE)
def test_a_card_that_does_not_serve_is_named_until_it_leaves(
    box: FakeBox, phone: Phone, screen: str, inside: str
) -> None:
    card, words = INSIDE[inside]
    look(box, phone, screen, samples.two_readers(samples.card(), card))
    main = phone.page.locator("main")

    expect(main).to_contain_text(words)
    expect(main).not_to_contain_text(SCREENS[screen])
    box.put("cards", samples.two_readers(samples.card(), samples.card()))
    expect(main).to_contain_text(SCREENS[screen])
    expect(main).not_to_contain_text(words)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("readers", UNREACHED)
def test_no_card_is_asked_for_without_a_reader_to_put_it_into(
    box: FakeBox, phone: Phone, screen: str, readers: str
) -> None:
    states, words = UNREACHED[readers]
    found = [samples.reader("r1", "虛擬讀卡機 1", samples.card()) | state for state in states]
    look(box, phone, screen, {"readers": found, "troubles": []})
    main = phone.page.locator("main")

    expect(main).to_contain_text(words)
    expect(main).not_to_contain_text(SCREENS[screen])
    expect(main.get_by_role("link", name="讀卡機", exact=True)).to_have_attribute(
        "href", "#/settings/readers"
    )


def test_the_start_page_names_a_card_of_the_institution(box: FakeBox, phone: Phone) -> None:
    box.topics["cards"] = samples.two_readers(samples.card("institution"), samples.card())
    phone.open(box.url)

    expect(phone.page.locator("[data-chip=nhi]")).to_contain_text(
        load_catalogue().texts("zh-Hant-TW")["error.GW-CRD-09.what"]
    )


def test_a_card_of_the_other_kind_is_no_mistake(box: FakeBox, phone: Phone) -> None:
    """The doctor's card may stay while the patient's is looked for."""
    look(box, phone, "start", samples.two_readers(samples.card("hpc"), samples.card()))

    expect(phone.page.locator("main")).to_contain_text(SCREENS["start"])
    expect(phone.page.locator("main .notice.warn").filter(has_text="卡片種類")).to_have_count(0)
