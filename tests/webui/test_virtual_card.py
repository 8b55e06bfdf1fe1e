"""A virtual NHI card by the photo of its QR code: a clear answer to every picture, and always a way on (H03, H04, H07, H08)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import qrcode
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

PHOTO = "POST /api/virtual-cards/photo"
NO_PATIENT = samples.two_readers(samples.card(), samples.card())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """What a phone's camera or album gives."""
    path = tmp_path / "code.png"
    with path.open("wb") as png:
        qrcode.make("9f3b7c0d5e21a84466aa").save(png)
    return path


@pytest.mark.parametrize(
    ("code", "title", "detail"),
    [
        ("maybe_virtual_card", "這可能是虛擬健保卡", "病人的 QR Code 沒有被用掉"),
        ("binding", "這不是虛擬健保卡的 QR Code", "QR-2"),
        ("wifi", "這不是虛擬健保卡的 QR Code", "Wi-Fi"),
        ("address", "這不是虛擬健保卡的 QR Code", "網址"),
        ("prescription", "這不是虛擬健保卡的 QR Code", "處方箋"),
        ("other", "這不是虛擬健保卡的 QR Code", "再拍一次"),
    ],
    ids=lambda value: f"H07 {value}",
)
def test_every_code_gets_an_answer_and_a_way_on(
    box: FakeBox, phone: Phone, picture: Path, code: str, title: str, detail: str
) -> None:
    box.answers[PHOTO] = {"code": code}
    phone.open(f"{box.url}/#/virtual-card")
    phone.page.set_input_files("#card-qr-photo", picture)
    answer = phone.page.locator(".notice.warn")

    expect(answer).to_contain_text(title)
    expect(answer).to_contain_text(detail)
    expect(answer.get_by_role("link", name="客服電話")).to_have_attribute("href", "#/help")
    expect(phone.page.locator("#app > [role=status]")).to_contain_text(title)
    phone.page.click("#use-card")
    expect(phone.page.locator("h1")).to_have_text("看診")


def test_H03_the_start_page_leads_to_it_while_no_card_is_in(box: FakeBox, phone: Phone) -> None:
    box.topics["cards"] = NO_PATIENT
    phone.open(f"{box.url}/#/start")
    phone.page.get_by_label("虛擬卡").check()
    phone.page.click("#to-virtual-card")

    expect(phone.page.locator("h1")).to_have_text("虛擬健保卡")


def test_H08_a_screenshot_from_the_album_is_read_too_and_the_same_one_again(
    box: FakeBox, phone: Phone, picture: Path
) -> None:
    def no_code(_: Any) -> Any:
        raise Refusal(422, "GW-REQ-02", field="photo")

    box.answers[PHOTO] = no_code
    phone.open(f"{box.url}/#/virtual-card")
    phone.page.set_input_files("#card-qr-album", picture)
    expect(phone.page.get_by_role("alert")).to_contain_text("照片")
    expect(phone.page.get_by_text("只有一個清楚的 QR Code")).to_be_visible()
    box.answers[PHOTO] = {"code": "maybe_virtual_card"}
    phone.page.set_input_files("#card-qr-album", picture)

    expect(phone.page.locator(".notice.warn")).to_contain_text("這可能是虛擬健保卡")
    expect(phone.page.get_by_role("alert")).to_have_count(0)
    assert len(box.calls(PHOTO)) == 2


@pytest.mark.parametrize(
    ("rights", "words", "way"),
    [(["QPB"], "現在登入的人沒有 VC", "#/rights"), (None, "還沒有人認證", "#/sign-in")],
    ids=["A14 without VC", "A14 nobody"],
)
def test_who_may_not_use_it_is_told_before_anything_is_photographed(
    box: FakeBox, phone: Phone, rights: list[str] | None, words: str, way: str
) -> None:
    box.topics["staff"] = {"sessions": [samples.staff_session(rights=rights)] if rights else []}
    phone.open(f"{box.url}/#/virtual-card")

    expect(phone.page.locator(".notice.warn")).to_contain_text(words)
    expect(phone.page.locator(f".notice.warn a[href='{way}']")).to_be_visible()
    expect(phone.page.locator("input[type=file]")).to_have_count(0)
    expect(phone.page.locator("#use-card")).to_be_visible()
