"""環境檢測 on a phone: what is broken stands with what to do, and can be tried again (B01)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

READY = [
    {"item": "radio", "state": "ok", "code": "ok", "params": {"bars": 3}},
    {"item": "data", "state": "ok", "code": "ok", "params": {"mb": 84, "month": "2026-11"}},
    {"item": "disk", "state": "ok", "code": "ok", "params": {"percent": 61}},
]
REFUSED = [
    {"item": "radio", "state": "warn", "code": "faint", "params": {"bars": 1}},
    {"item": "apn", "state": "fail", "code": "refused", "params": {"cme": 149}},
    {"item": "dns", "state": "unknown", "code": "unknown", "params": {}},
]


def report(items: list[dict[str, Any]], *, ready: bool) -> dict[str, Any]:
    return {"at": "2026-11-22T01:00:00Z", "ready": ready, "items": items}


def test_what_is_broken_stands_with_what_to_do(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.answers["GET /api/environment"] = report(REFUSED, ready=False)
    box.answers["POST /api/environment/modem/retry"] = {}
    phone.open(box.url)
    phone.go("/settings/environment")
    page = phone.page

    apn = page.locator("[data-item=apn]")
    expect(apn).to_contain_text("電信業者拒絕數據連線（代碼 149）")
    expect(apn).to_contain_text("請技術人員檢查 APN、帳號與密碼")
    expect(apn).to_contain_text("不正常")
    expect(page.locator("[data-item=dns]")).to_contain_text("未檢測")
    phone.picture(artefacts, "environment")

    box.answers["GET /api/environment"] = report(READY, ready=True)
    page.click("#modem-retry")

    expect(page.get_by_text("環境正常")).to_be_visible()
    expect(page.locator("[data-item=data]")).to_contain_text("2026-11 這期用了 84 MB")
    assert len(box.calls("POST /api/environment/modem/retry")) == 1
    expect(page.locator("#modem-retry")).to_have_count(0)


@pytest.mark.parametrize("hop", ["searching", "sim_absent", "modem_absent", "data_refused"])
def test_the_status_page_says_what_is_wrong_with_the_modem(box: FakeBox, phone: Phone, hop: str) -> None:
    phone.open(box.url)
    phone.go("/status")
    box.put("link", {"link": "down", "hop": hop, "since": "2026-11-22T01:00:00Z", "last_success_at": None})

    expect(phone.page.locator(f"[data-hop={hop}]")).to_be_visible()
    assert f"hop.{hop}" not in phone.words()
