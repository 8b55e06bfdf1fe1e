"""The support bundle on a phone: what is in it stands there before it is made (beyond #13)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

BUNDLE = {
    "made_at": "2026-11-22T01:00:00Z",
    "box": {"version": "0.1.0", "bound": True},
    "state": {"link": "good"},
    "settings": {"link.down_failures": 3, "readers.pcsc": True},
    "checks": [{"item": "dns", "state": "ok", "code": "ok"}],
    "readers": [],
    "jobs": [{"kind": "upload.visit", "state": "queued", "error_code": "", "count": 2}],
    "links": [],
    "logs": [{"text": "link %s (%s)"}] * 12,
}


def test_what_is_in_it_is_shown_and_then_made(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.answers["GET /api/support-bundle"] = BUNDLE
    content = base64.b64encode(b"VBSUPP1\n sealed").decode()
    box.answers["POST /api/support-bundle"] = {"name": "visitbridge-1.support", "content": content}
    phone.open(box.url)
    phone.go("/settings/support")
    page = phone.page
    expect(page.get_by_text("12 項")).to_be_visible()
    expect(page.get_by_text("沒有姓名、身分證號")).to_be_visible()
    phone.picture(artefacts, "support")
    page.click("#support-make")
    expect(page.get_by_text("已製作 visitbridge-1.support")).to_be_visible()
    phone.picture(artefacts, "support-made")
    with page.expect_download() as download:
        page.click("#support-file")

    assert download.value.suggested_filename == "visitbridge-1.support"
    assert Path(download.value.path()).read_bytes() == b"VBSUPP1\n sealed"


def test_a_box_without_the_institutions_key_says_so(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(409, "GW-DC-06")

    box.answers["GET /api/support-bundle"] = BUNDLE
    box.answers["POST /api/support-bundle"] = refuse
    phone.open(box.url)
    phone.go("/settings/support")
    phone.page.click("#support-make")

    expect(phone.page.get_by_text("GW-DC-06")).to_be_visible()
    expect(phone.page.locator("#support-make")).to_be_visible()
