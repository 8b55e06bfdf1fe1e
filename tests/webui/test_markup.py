"""What comes from the box is text on the page, never markup."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

SHOWN = "document.body.innerText + [...document.querySelectorAll('input')].map((i) => i.value).join(' ')"
MARKUP = "<img src=x onerror=\"document.title='broken in'\"><b>王</b>"


def test_markup_in_names_is_shown_as_it_is_written(box: FakeBox, phone: Phone) -> None:
    box.topics["box"] = {**box.topics["box"], "box_name": MARKUP}
    box.topics["phone"] = {**box.topics["phone"], "name": MARKUP}
    phone.open(box.url)
    for path, at_least in (("/settings", 1), ("/settings/box", 1), ("/settings/protection", 0)):
        phone.go(path)
        expect(phone.page.locator("img[src=x]")).to_have_count(0)
        shown = phone.page.evaluate(SHOWN)
        assert shown.count("onerror") >= at_least

    assert phone.page.title() != "broken in"
