"""The door of the training rooms as a phone sees it (ux §3.9, T08): in, marked on every page, out, and never by mistake."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.webui import samples, training_samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

TRAINING_CLOSED = 409


def expect_watermark(page: Page, content: str) -> None:
    """Its style sheet is fetched by itself, and comes when it comes."""
    page.wait_for_function(
        "(wanted) => getComputedStyle(document.documentElement, '::after').content === wanted", arg=content
    )


@pytest.fixture
def inside(box: FakeBox) -> FakeBox:
    """The rooms' own gateway, as the phone meets it behind the door."""
    box.topics["mode"] = training_samples.INSIDE
    box.answers.update(training_samples.rooms("online", 1))
    return box


@pytest.mark.parametrize(
    "path", ["/", "/visits", "/outbox", "/settings", f"/visits/{samples.VISIT_ID}", "/help"]
)
def test_every_page_in_the_rooms_bears_the_stripes_the_watermark_and_the_title(
    inside: FakeBox, phone: Phone, path: str
) -> None:
    phone.open(f"{inside.url}/#{path}")

    expect(phone.page.locator(".banner.training")).to_contain_text("訓練模式")
    expect(phone.page.locator(".banner.virtual")).to_have_count(0)
    expect_watermark(phone.page, '"訓練"')
    expect(phone.page).to_have_title(re.compile("^訓練 · "))
    assert phone.troubles == []


def test_the_banner_leads_to_the_lessons_and_there_to_the_way_out(inside: FakeBox, phone: Phone) -> None:
    inside.answers["POST /api/training/leave"] = {}
    phone.open(f"{inside.url}/#/outbox")
    phone.page.click(".banner.training a")
    expect(phone.page.locator("[data-task=card]")).to_have_attribute("aria-current", "step")
    inside.topics["mode"] = samples.topics()["mode"]
    phone.page.click("#training-leave")

    expect(phone.page.locator(".banner.virtual")).to_be_visible()
    assert len(inside.calls("POST /api/training/leave")) == 1
    expect_watermark(phone.page, "none")
    expect(phone.page).to_have_url(f"{inside.url}/")


def test_going_in_begins_the_page_anew(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/training"] = training_samples.view("open")

    def enter(_: Any) -> dict[str, Any]:
        box.topics["mode"] = training_samples.INSIDE
        return {}

    box.answers["POST /api/training/enter"] = enter
    phone.open(f"{box.url}/#/training")
    expect(phone.page.get_by_text("還有 1 份看診未完成")).to_be_visible()
    phone.page.click("#training-enter")

    expect(phone.page.locator(".banner.training")).to_be_visible()


def test_a_page_that_was_left_open_begins_anew_when_its_phone_went_in(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/settings")
    phone.page.evaluate("() => { window.before = true; }")
    box.topics["mode"] = training_samples.INSIDE
    box.snapshot()

    expect(phone.page.locator(".banner.training")).to_be_visible()
    assert phone.page.evaluate("() => window.before ?? false") is False


def test_when_the_rooms_close_nothing_goes_back_to_real_work_by_itself(inside: FakeBox, phone: Phone) -> None:
    inside.answers["POST /api/training/leave"] = {}
    phone.open(f"{inside.url}/#/outbox")
    inside.closed = TRAINING_CLOSED
    inside.go_silent()
    inside.silent = False

    expect(phone.page.get_by_role("heading", name="訓練已經結束")).to_be_visible()
    expect(phone.page.locator("nav")).to_have_count(0)
    assert inside.calls("POST /api/training/leave") == []


def test_a_technician_opens_and_closes_the_rooms(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/training"] = training_samples.view("closed")

    def begin(_: Any) -> dict[str, Any]:
        box.answers["GET /api/training"] = training_samples.view("open")
        return training_samples.view("opening")

    box.answers["POST /api/training"] = begin
    box.answers["POST /api/training/close"] = training_samples.view("closing")
    phone.open(f"{box.url}/#/training")
    phone.page.click("#training-open")
    expect(phone.page.locator("#training-phase")).to_have_attribute("data-phase", "open")
    phone.page.click("#training-close")
    expect(phone.page.locator("#training-phase")).to_have_attribute("data-phase", "closing")

    assert box.calls("POST /api/training/close") == [{"keep": False}]


def test_hours_pass_at_the_press_of_a_button(inside: FakeBox, phone: Phone) -> None:
    phone.open(f"{inside.url}/#/lessons")
    phone.page.click("[data-lapse='28800']")
    phone.settle()

    assert inside.calls("POST /api/lab/time") == [{"advance_s": 28800}]
