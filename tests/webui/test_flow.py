"""One home visit on the real thing, by thumb: box, pcscd, cards, TLS and portal run; Chromium is the phone."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.webui.lab import RunningLab
from tests.webui.phone import Phone, roc_today

PIN = "123456"


def insert(phone: Phone, card_id: str, reader: int = 0) -> None:
    """Through the lab panel: put a card into the reader with this index."""
    phone.go("/lab")
    card = phone.page.locator(f"[data-card={card_id}]")
    card.locator("button").nth(reader).click()
    expect(card.get_by_role("button", name="拔出")).to_be_visible()


def pull(phone: Phone, card_id: str) -> None:
    phone.go("/lab")
    card = phone.page.locator(f"[data-card={card_id}]")
    card.get_by_role("button", name="拔出").click()
    expect(card.get_by_role("button", name="拔出")).to_have_count(0)


def set_link(phone: Phone, mode: str) -> None:
    phone.go("/lab")
    phone.page.click(f"[data-link={mode}]")
    expect(phone.page.locator(f"[data-link={mode}]")).to_have_attribute("aria-pressed", "true")


def photograph_qr2(phone: Phone, folder: Path) -> tuple[Path, str]:
    """The picture of QR-2 that the lab panel shows, and its registration number."""
    phone.go("/lab")
    source = phone.page.locator(".qr-screen img").get_attribute("src") or ""
    picture = folder / "qr2.png"
    picture.write_bytes(base64.b64decode(source.partition(",")[2]))
    return picture, phone.page.locator("#lab-pin").inner_text()


def test_a_visit_from_card_to_receipt_and_one_with_the_vpn_cut(
    own_lab: RunningLab, phone: Phone, tmp_path: Path, artefacts: Path
) -> None:
    # The first set-up: pair, bind by QR-2, verify the security module, fetch data sets, sign in.
    phone.pair(own_lab.pair_url, "林護理師 iPhone", own_lab.read_code)
    assert "#" not in phone.page.url, "the token stays in no history"
    expect(phone.page.locator(".banner.virtual")).to_be_visible()
    phone.picture(artefacts, "flow-01-new-box")
    picture, number = photograph_qr2(phone, tmp_path)
    phone.go("/setup/bind")
    phone.bind(picture, number)
    phone.page.locator("#verify-sam, #download-datasets").first.wait_for()
    phone.picture(artefacts, "flow-02-bound")
    expect(phone.page.locator("[data-step=sam][data-done=true]")).to_be_visible()
    phone.page.click("#download-datasets")
    expect(phone.page.locator("[data-step=datasets][data-done=true]")).to_be_visible()

    insert(phone, "hpc-doctor")
    phone.sign_in(PIN)
    expect(phone.page.get_by_text("卡片現在可以拔出")).to_be_visible()
    phone.picture(artefacts, "flow-03-signed-in")
    pull(phone, "hpc-doctor")

    # Online: the card is read, the visit written, uploaded, and the prescription ready.
    insert(phone, "patient-wang")
    phone.go("/")
    expect(phone.page.locator(".patient")).to_be_visible()
    phone.picture(artefacts, "flow-04-patient")
    phone.start_visit()
    phone.complain("咳嗽三天,夜間較明顯")
    phone.add_diagnosis("急性上呼吸道", "J06.9")
    phone.picture(artefacts, "flow-05-draft")
    phone.page.click("#add-order")
    phone.page.fill("#search", "tab")
    phone.page.locator(".hit").first.click()
    phone.page.get_by_role("button", name="TID", exact=True).click()
    phone.page.get_by_role("button", name="PO", exact=True).click()
    phone.page.fill("#days", "7")
    expect(phone.page.locator("#total")).to_have_value("21")
    phone.expect_saved()
    phone.picture(artefacts, "flow-06-order")
    phone.page.click("#order-done")
    phone.finish(4)
    for name in ("saved", "card", "vpn", "ic"):
        expect(phone.flag(name)).to_have_attribute("data-state", "done")
    expect(phone.page.locator("#sequence")).to_have_text(re.compile(r"^\d{4}$"))
    assert roc_today() in phone.words()
    phone.picture(artefacts, "flow-07-done")
    phone.page.click("#to-prescription")
    expect(phone.page.locator("#prescription-qr")).to_be_visible()
    expect(phone.page.locator("#passphrase")).not_to_be_empty()
    phone.picture(artefacts, "flow-08-prescription")
    pull(phone, "patient-wang")

    # The VPN is cut: the second patient goes as F00B and waits, in words.
    set_link(phone, "down")
    expect(phone.strip_item("link")).to_have_text("VPN 中斷")
    insert(phone, "patient-lin")
    phone.go("/start")
    expect(phone.page.get_by_text("這次會以 F00B 看診")).to_be_visible()
    phone.picture(artefacts, "flow-09-offline")
    phone.start_visit()
    phone.add_diagnosis("高血壓", "I10")
    phone.finish(4)
    expect(phone.page.locator("#sequence")).to_have_text("F00B")
    expect(phone.flag("saved")).to_have_attribute("data-state", "done")
    expect(phone.flag("vpn")).to_have_attribute("data-state", "waiting")
    expect(phone.page.locator("[data-job='upload.visit'] .why")).to_contain_text("VPN")
    phone.picture(artefacts, "flow-10-waiting")
    result = phone.page.url

    # The VPN returns: everything drains by itself.
    set_link(phone, "up")
    phone.open(result)
    for name in ("vpn", "ic"):
        expect(phone.flag(name)).to_have_attribute("data-state", "done")
    expect(phone.strip_item("queue")).to_have_text("0 待傳")
    phone.picture(artefacts, "flow-11-drained")
    phone.go("/visits")
    phone.picture(artefacts, "flow-12-visits")
    assert phone.troubles == []
