"""Before leaving and at the bedside, by thumb, on the real thing: list, consent, download, the line cut, records, carry-in."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.webui.lab import RunningLab
from tests.webui.phone import Phone
from tests.webui.test_flow import PIN, insert, photograph_qr2, pull, set_link


def ready_phone(lab: RunningLab, phone: Phone, folder: Path) -> None:
    """Paired, bound, data sets loaded, a doctor signed in."""
    phone.pair(lab.pair_url, "林護理師 iPhone", lab.read_code)
    picture, number = photograph_qr2(phone, folder)
    phone.go("/setup/bind")
    phone.bind(picture, number)
    expect(phone.page.locator("[data-step=sam][data-done=true]")).to_be_visible()
    phone.page.click("#download-datasets")
    expect(phone.page.locator("[data-step=datasets][data-done=true]")).to_be_visible()
    insert(phone, "hpc-doctor")
    phone.sign_in(PIN)
    expect(phone.page.get_by_text("卡片現在可以拔出")).to_be_visible()
    pull(phone, "hpc-doctor")


def test_L06_L02_M17_Q02_B15_from_the_list_to_the_bedside(
    own_lab: RunningLab, phone: Phone, tmp_path: Path, artefacts: Path
) -> None:
    page = phone.page
    ready_phone(own_lab, phone, tmp_path)

    phone.go("/today/add")
    page.fill("#time", "23:00")
    page.fill("#person-name", "王測試")
    page.fill("#person-id", "a123456788")
    page.fill("#person-birth", "30/03/08")
    page.click("#add-person")
    page.locator("[data-plan]").click(position={"x": 40, "y": 12})
    expect(page.locator("#save-consent")).to_be_disabled()
    page.check("#signed")
    page.click("#save-consent")
    expect(page.get_by_text("同意有效到")).to_be_visible()
    phone.picture(artefacts, "flow-20-consent")

    phone.go("/departure")
    expect(page.locator("[data-item=records]")).to_have_attribute("data-state", "fail")
    phone.picture(artefacts, "flow-21-not-ready")
    page.locator("[data-item=records] a").click()
    page.click("#fetch-records")
    expect(page.locator("[data-plan]")).to_have_attribute("data-records", "here")
    phone.go("/departure")
    expect(page.locator("[data-item=records]")).to_have_attribute("data-state", "ok")

    # At the home there is no line; what was downloaded is read all the same, and says what it is.
    set_link(phone, "down")
    expect(phone.strip_item("link")).to_have_text("VPN 中斷")
    insert(phone, "patient-wang")
    phone.start_visit()
    phone.expect_saved()
    page.click("#to-records")
    expect(page.get_by_text("以下為出門前下載")).to_be_visible()
    expect(page.locator("[data-left=TEST000001]")).to_contain_text("還有 15 天")
    page.click("[data-tab=drugs]")
    expect(page.locator(".record-cards .item")).to_have_count(3)
    page.click("#turn")
    expect(page.locator(".record-table th[scope=col]")).to_have_count(1 + 11 + 3)
    phone.picture(artefacts, "flow-22-records")

    phone.page.go_back()
    page.click("#to-carry-in")
    expect(page.get_by_text("盒子裡沒有這位病人的歷史就醫")).to_be_visible()

    # Withdrawn: nothing is left to read, and 餘藥 is unknown, which is not none.
    phone.go("/today")
    page.locator("[data-plan]").click(position={"x": 40, "y": 12})
    page.click("summary")
    page.click("#revoke-consent")
    expect(page.get_by_text("還沒有書面同意")).to_be_visible()
    phone.go("/visits")
    page.locator(".visit-row a").first.click()
    page.click("#to-records")
    expect(page.get_by_text("無法查詢餘藥")).to_be_visible()
    phone.picture(artefacts, "flow-23-withdrawn")
