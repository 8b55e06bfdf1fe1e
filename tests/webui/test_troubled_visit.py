"""A visit on which everything goes wrong that does on a road, on the real thing: Wi-Fi lost, the wrong card, the staff card gone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.webui.lab import RunningLab
from tests.webui.phone import Phone
from tests.webui.test_flow import PIN, insert, pull
from tests.webui.test_records_flow import ready_phone


def test_Y01_nothing_is_lost_or_written_to_the_wrong_card_and_the_screen_says_what_it_waits_for(
    own_lab: RunningLab, phone: Phone, tmp_path: Path, artefacts: Path
) -> None:
    page = phone.page
    ready_phone(own_lab, phone, tmp_path)
    insert(phone, "patient-wang")
    phone.start_visit()
    draft = page.url.partition("#")[2]
    phone.add_diagnosis("高血壓", "I10")

    # The phone walks out of the box's Wi-Fi in the middle of a sentence, and comes back.
    page.locator("#subjective").focus()
    phone.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".banner.lost")).to_contain_text("手機沒連到盒子")
    page.locator("#subjective").press_sequentially("咳嗽三天")
    expect(page.locator("#objective")).not_to_be_editable()
    phone.picture(artefacts, "troubled-1-out-of-reach")
    phone.context.set_offline(False)
    expect(page.locator(".banner.lost")).to_have_count(0)
    phone.expect_saved()

    # The staff session ends and the patient's card is changed for another before the visit is finished.
    pull(phone, "patient-wang")
    insert(phone, "patient-lin")
    phone.go("/sign-in")
    page.click("#end-session")
    expect(phone.strip_item("hpc")).not_to_contain_text("✓")
    insert(phone, "hpc-doctor", reader=1)
    phone.sign_in(PIN)
    pull(phone, "hpc-doctor")
    phone.go(draft)
    expect(page.locator("#subjective")).to_have_value("咳嗽三天")
    phone.finish(4)
    expect(phone.flag("saved")).to_have_attribute("data-state", "done")
    expect(phone.flag("card")).to_have_attribute("data-state", "waiting")
    expect(page.locator("[data-job='card.write_visit'] .why")).to_contain_text("健保卡")
    phone.picture(artefacts, "troubled-2-other-card")
    result = page.url.partition("#")[2]

    # The right card comes: it is written, once, and the rest goes out.
    pull(phone, "patient-lin")
    insert(phone, "patient-wang")
    phone.go(result)
    for name in ("saved", "card", "vpn", "ic"):
        expect(phone.flag(name)).to_have_attribute("data-state", "done")
    phone.picture(artefacts, "troubled-3-done")
    assert phone.troubles == []
