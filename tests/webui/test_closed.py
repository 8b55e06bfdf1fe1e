"""A box that waits to be opened, one that was erased, and the page that sets both up (B11, Y09)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui.conftest import NewPhone
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Look, Phone

LOCKED = {"state": "locked", "takes_cards": True, "readers": [], "erased_at": None, "erased_why": ""}
ERASED = {
    "state": "erased",
    "takes_cards": False,
    "readers": [],
    "erased_at": "2026-11-22T01:00:00Z",
    "erased_why": "order",
}
OPEN = {"state": "open", "takes_cards": False, "readers": [], "erased_at": None, "erased_why": ""}


def close(box: FakeBox, view: dict[str, Any], status: int) -> None:
    box.closed = status
    box.answers["GET /api/lock"] = view


@pytest.mark.parametrize("look", [Look(), Look(dark=True)], ids=lambda look: look.label)
def test_a_locked_box_asks_for_the_phrase_and_opens(
    box: FakeBox, new_phone: NewPhone, artefacts: Path, look: Look
) -> None:
    close(box, LOCKED, 423)
    given: list[Any] = []

    def open_box(body: Any) -> dict[str, Any]:
        given.append(body)
        box.closed = 0
        box.answers["GET /api/lock"] = OPEN
        return {}

    box.answers["POST /api/lock/open-by-phrase"] = open_box
    phone = new_phone(look)
    phone.open(box.url)
    page = phone.page
    expect(page.get_by_role("heading", name="盒子已上鎖")).to_be_visible()
    expect(page.locator("#insert-card")).to_be_visible()
    expect(page.locator("nav")).to_have_count(0)
    phone.picture(artefacts, f"locked-{look.label}")
    page.fill("#phrase", "一二三四五六七八九十甲乙")
    page.click("#open-by-phrase")

    expect(page.locator("nav.bottom-bar")).to_be_visible()
    assert given == [{"phrase": "一二三四五六七八九十甲乙"}]
    assert phone.troubles == []


def test_a_card_in_the_reader_is_offered_as_soon_as_it_is_seen(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    close(box, LOCKED, 423)

    def refuse(_: Any) -> Any:
        raise Refusal(403, "GW-STO-07")

    box.answers["POST /api/lock/open-by-card"] = refuse
    phone.open(box.url)
    box.answers["GET /api/lock"] = {**LOCKED, "readers": ["reader-1"]}
    page = phone.page
    expect(page.locator("#pin")).to_be_visible()
    page.fill("#pin", "123456")
    page.click("#open-by-pin")

    expect(page.get_by_text("無法解鎖")).to_be_visible()
    expect(page.locator("#pin")).to_have_value("")
    assert box.calls("POST /api/lock/open-by-card") == [{"reader_id": "reader-1", "pin": "123456"}]
    phone.picture(artefacts, "locked-card")


def test_an_erased_box_says_so_and_offers_nothing(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    close(box, ERASED, 410)
    phone.open(box.url)

    expect(phone.page.get_by_role("heading", name="盒子已清除")).to_be_visible()
    expect(phone.page.get_by_text("機構要求清除")).to_be_visible()
    expect(phone.page.locator("button, input, nav")).to_have_count(0)
    phone.picture(artefacts, "erased")


def test_the_lock_is_set_with_the_phrase_typed_twice(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}
    box.answers["PUT /api/lock/phrase"] = {"starts_locked": True, "cards": False}
    phone.open(box.url)
    phone.go("/settings/protection")
    page = phone.page
    phone.picture(artefacts, "protection")
    page.fill("#new-phrase", "correct horse battery")
    page.fill("#new-phrase-again", "correct horse batterz")
    page.click("#set-phrase")
    expect(page.get_by_text("兩次輸入不同")).to_be_visible()
    page.fill("#new-phrase-again", "correct horse battery")
    page.click("#set-phrase")

    expect(page.locator("#lock-now")).to_contain_text("要先輸入通行片語")
    expect(page.locator("#new-phrase")).to_have_value("")
    assert box.calls("PUT /api/lock/phrase") == [{"phrase": "correct horse battery", "former": ""}]
    phone.picture(artefacts, "protection-locked")
    box.answers["POST /api/lock/remove"] = {"starts_locked": False, "cards": False}
    page.fill("#former-phrase", "correct horse battery")
    page.click("#remove-lock")
    expect(page.locator("#lock-now")).to_contain_text("開機後直接可用")
    assert box.calls("POST /api/lock/remove") == [{"phrase": "correct horse battery"}]


def test_a_reset_wants_the_name_and_says_what_is_unsent(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}

    def reset(body: Any) -> Any:
        if not body["even_with_unsent"]:
            raise Refusal(409, "GW-STO-09", items=2, drafts=1)
        return {}

    box.answers["POST /api/box/reset"] = reset
    phone.open(box.url)
    phone.go("/settings/protection")
    page = phone.page
    page.click("#reset summary")
    expect(page.locator("#reset-box")).to_be_disabled()
    page.fill("#reset-name", box.topics["box"]["box_name"])
    page.click("#reset-box")
    expect(page.get_by_text("2 筆待處理，1 份草稿")).to_be_visible()
    phone.picture(artefacts, "reset-refused")
    page.click("#reset-even")

    expect(page.get_by_text("盒子正在清除資料")).to_be_visible()


def test_an_order_to_erase_stands_on_every_page(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    phone.open(box.url)
    box.put("erasure", {"ordered_at": "2026-11-22T01:00:00Z", "unsent": 3})

    expect(phone.page.get_by_text("還有 3 筆未送出")).to_be_visible()
    phone.picture(artefacts, "erasure-ordered")


def test_a_phrase_that_is_guessed_soon_is_refused_in_words(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(422, "GW-REQ-02", field="phrase", rule="guessed_soon")

    box.answers["GET /api/lock/settings"] = {"starts_locked": False, "cards": False}
    box.answers["PUT /api/lock/phrase"] = refuse
    phone.open(box.url)
    phone.go("/settings/protection")
    phone.page.fill("#new-phrase", "password1234")
    phone.page.fill("#new-phrase-again", "password1234")
    phone.page.click("#set-phrase")

    expect(phone.page.get_by_role("alert")).to_contain_text("這個片語太容易猜到")
    expect(phone.page.locator("#lock-now")).not_to_contain_text("要先輸入通行片語")
