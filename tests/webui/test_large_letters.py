"""大字: one phone's letters, kept on that phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.webui.conftest import NewPhone
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

LARGER = 1.25


def letters_px(page: Page) -> float:
    size: float = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    return size


def test_large_letters_stay_after_a_reload_and_go_when_switched_off(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/settings")
    ordinary = letters_px(phone.page)
    phone.page.click("#large-letters")
    assert letters_px(phone.page) == ordinary * LARGER

    phone.page.reload()
    phone.settle()
    expect(phone.page.locator("#large-letters")).to_be_checked()
    assert letters_px(phone.page) == ordinary * LARGER

    phone.page.click("#large-letters")
    phone.page.reload()
    phone.settle()
    expect(phone.page.locator("#large-letters")).not_to_be_checked()
    assert letters_px(phone.page) == ordinary


def test_the_choice_is_one_phones_own(box: FakeBox, new_phone: NewPhone) -> None:
    first, second = new_phone(), new_phone()
    first.open(f"{box.url}/#/settings")
    first.page.click("#large-letters")
    second.open(f"{box.url}/#/settings")

    assert letters_px(first.page) == letters_px(second.page) * LARGER


def test_without_storage_the_choice_lasts_as_long_as_the_page(box: FakeBox, phone: Phone) -> None:
    phone.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    phone.open(f"{box.url}/#/settings")
    ordinary = letters_px(phone.page)
    phone.page.click("#large-letters")

    assert letters_px(phone.page) == ordinary * LARGER
    phone.page.reload()
    phone.settle()
    assert letters_px(phone.page) == ordinary
