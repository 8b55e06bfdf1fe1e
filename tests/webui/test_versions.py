"""版本紀錄 on a technician's phone (S03)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

HEALTH = {
    "up_since": "2026-11-22T01:00:00Z",
    "versions": {
        "program": "0.1.0",
        "schema": "0006",
        "system": "Debian GNU/Linux 12 (bookworm)",
        "image": "",
        "python": "3.11.2",
        "datasets": [{"name": "icd10", "version": "20261101"}, {"name": "drugs", "version": "20261115"}],
    },
}


def test_S03_the_versions_of_all_that_runs_are_on_one_page(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    box.answers["GET /api/health"] = HEALTH
    phone.open(box.url)
    phone.go("/settings")
    page = phone.page
    page.get_by_text("版本紀錄").click()
    expect(page.locator("dl.facts").first).to_contain_text("0.1.0")
    expect(page.locator("dl.facts").first).to_contain_text("bookworm")
    expect(page.locator("#set-versions")).to_contain_text("20261115")
    phone.picture(artefacts, "versions")


def test_who_may_not_see_them_is_told(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(403, "GW-ACC-09")

    box.answers["GET /api/health"] = refuse
    phone.open(box.url)
    phone.go("/settings/versions")
    expect(phone.page.get_by_text("GW-ACC-09")).to_be_visible()
