"""證號: masked until a tap, whole for twenty seconds or until another tap, asked of the box each time (ux §3.4)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
SHOW = f"POST /api{VISIT}/identity"
WHOLE = "A123456788"


@pytest.fixture
def page(box: FakeBox, phone: Phone) -> Page:
    box.answers[SHOW] = {"id_no": WHOLE}
    phone.page.clock.install()
    phone.open(f"{box.url}/#{VISIT}")
    return phone.page


def test_a_tap_shows_it_and_another_hides_it(box: FakeBox, page: Page) -> None:
    number = page.locator("#identity")
    expect(number).to_have_text("A12****788")
    number.click()
    expect(number).to_have_text(WHOLE)
    expect(number).to_have_attribute("aria-pressed", "true")
    number.click()

    expect(number).to_have_text("A12****788")
    assert len(box.calls(SHOW)) == 1


def test_it_hides_itself_and_is_asked_for_anew(box: FakeBox, phone: Phone, page: Page) -> None:
    number = page.locator("#identity")
    number.click()
    expect(number).to_have_text(WHOLE)
    phone.hold_clock()
    page.clock.run_for(10_000)
    expect(number).to_have_text(WHOLE)
    page.clock.run_for(10_100)
    expect(number).to_have_text("A12****788")
    number.click()

    expect(number).to_have_text(WHOLE)
    assert len(box.calls(SHOW)) == 2, "each showing is a row of the trail"


def test_a_screen_that_was_left_shows_it_no_more(page: Page, phone: Phone) -> None:
    page.locator("#identity").click()
    expect(page.locator("#identity")).to_have_text(WHOLE)
    phone.go(f"{VISIT}/stay")

    expect(page.locator("#identity")).to_have_text("A12****788")


def test_a_refusal_is_said_and_shows_nothing(box: FakeBox, page: Page) -> None:
    def refuse(_: object) -> object:
        raise Refusal(403, "GW-ACC-02")

    box.answers[SHOW] = refuse
    page.locator("#identity").click()

    expect(page.get_by_role("alert")).to_contain_text("GW-ACC-02")
    expect(page.locator("#identity")).to_have_text("A12****788")
