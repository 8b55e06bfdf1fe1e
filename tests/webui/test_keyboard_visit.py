"""A whole visit without touching the screen, on the real thing: Tab, Enter, Space and letters, from 看診 to the four flags."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.webui.keys import Keys
from tests.webui.lab import RunningLab
from tests.webui.phone import Phone
from tests.webui.test_flow import insert
from tests.webui.test_records_flow import ready_phone


def test_a_visit_is_done_by_keys_alone_and_the_focus_is_always_seen(
    own_lab: RunningLab, phone: Phone, tmp_path: Path, artefacts: Path
) -> None:
    page, keys = phone.page, Keys(phone)
    ready_phone(own_lab, phone, tmp_path)
    insert(phone, "patient-wang")
    phone.go("/")

    # 看診, and the visit of the card that is in.
    keys.use(".tab[href='#/start']")
    expect(page.locator("#start-visit")).to_be_visible()
    keys.use("#start-visit")
    expect(page.locator("#subjective")).to_be_visible()

    # Complaint and findings; a diagnosis found by typing.
    keys.reach("#subjective")
    keys.type("cough for three days")
    keys.reach("#objective")
    keys.type("BT 37.2")
    keys.use("#add-diagnosis")
    expect(page.locator("#search")).to_be_focused()
    keys.type("J06.9")
    keys.use(".hit[data-code='J06.9']")
    expect(page.locator("[data-diagnosis='J06.9']")).to_be_visible()

    # A drug: how often, by which way, how long.
    keys.use("#add-order")
    expect(page.locator("#search")).to_be_focused()
    keys.type("tab")
    expect(page.locator(".hit").first).to_be_visible()
    drug = page.locator(".hit:enabled").first.get_attribute("data-code")
    keys.use(f".hit[data-code='{drug}']")
    keys.use(".pill:text-is('TID')", "Space")
    keys.use(".pill:text-is('PO')", "Space")
    keys.reach("#days")
    keys.press("ControlOrMeta+A")
    keys.type("7")
    phone.expect_saved()
    phone.picture(artefacts, "keyboard-1-days")
    keys.use("#order-done")
    expect(page.locator(f"[data-order='{drug}']")).to_be_visible()

    # Back over the whole draft, upwards, and on to its end.
    keys.reach("#subjective", by="Shift+Tab")
    expect(page.locator("#subjective")).to_have_value("cough for three days")
    expect(page.locator("#objective")).to_have_value("BT 37.2")
    keys.use("#to-finish")
    expect(page.locator("[data-mode='4'] input")).to_be_checked()
    keys.reach("[data-mode='4'] input")
    phone.picture(artefacts, "keyboard-2-finish")
    keys.use("#finish", "Space")
    expect(page.locator(".flags")).to_be_visible()
    for name in ("saved", "card", "vpn", "ic"):
        expect(phone.flag(name)).to_have_attribute("data-state", "done")
    phone.picture(artefacts, "keyboard-3-done")
    assert phone.troubles == []
