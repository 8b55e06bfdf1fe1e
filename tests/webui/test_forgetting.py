"""A removed phone keeps nothing of the box in its browser, also where the browser does not do it by itself (V14.3.1)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
TYPED = "咳嗽三天,夜間較明顯"
KEPT = "JSON.stringify({...localStorage, ...sessionStorage})"


@pytest.mark.parametrize(("code", "left"), [("GW-ACC-17", False), ("GW-ACC-01", True)])
def test_what_was_typed_is_forgotten_with_the_phone(
    box: FakeBox, phone: Phone, code: str, left: bool
) -> None:
    def refuse(_: object) -> object:
        raise Refusal(401, code)

    phone.open(f"{box.url}/#{VISIT}")
    box.answers[f"PUT /api{VISIT}/content"] = refuse
    phone.page.evaluate("text => localStorage.setItem('left from another visit', text)", TYPED)
    phone.page.fill("#subjective", TYPED)

    expect(phone.page.locator(".strip")).to_have_count(0)

    assert (TYPED in phone.page.evaluate(KEPT)) is left
    assert TYPED not in phone.page.content()
