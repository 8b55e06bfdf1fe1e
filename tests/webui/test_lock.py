"""Locking and opening a phone, pairing another one, several people on one phone: as two hands see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
TYPED = "咳嗽三天,夜間較明顯,今早開始發燒"


def lock(box: FakeBox, state: str = "locked") -> None:
    """The box locks this phone: its stream begins anew with nothing about people."""
    box.topics = samples.locked(state)
    box.snapshot()


def opening(box: FakeBox, topics: Any, answer: Any) -> Callable[[Any], Any]:
    """An answer that opens the phone: what it may see is there from then on, as on a box, and not a moment sooner.

    A locked page asks for the state anew by itself, so topics that are put back any earlier may open it unasked.
    """

    def open_up(_: Any) -> Any:
        box.topics = topics
        return answer

    return open_up


def refuse_locked(_: Any) -> Any:
    raise Refusal(403, "GW-ACC-11")


def test_a_locked_phone_shows_nothing_of_anybody(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.locator("#subjective")).to_be_visible()

    lock(box)

    expect(phone.page.locator("#unlock-code")).to_be_visible()
    shown = phone.page.content()
    assert [part for part in ("王小明", "A12", "咳嗽", "陳樣本") if part in shown] == []
    expect(phone.page.locator(".bottom-bar, .strip")).to_have_count(0)


def test_text_typed_at_the_moment_of_the_lock_is_saved_once_the_phone_is_open(
    box: FakeBox, phone: Phone
) -> None:
    saved = box.answers[f"PUT /api{VISIT}/content"]
    phone.open(f"{box.url}/#{VISIT}")
    box.answers[f"PUT /api{VISIT}/content"] = refuse_locked
    open_topics, box.topics = box.topics, samples.locked("over")
    phone.page.fill("#subjective", TYPED)
    expect(phone.page.get_by_text("已連續使用 12 小時")).to_be_visible()
    assert TYPED not in phone.page.content()

    box.answers[f"PUT /api{VISIT}/content"] = saved
    box.answers["POST /api/staff/sessions"] = opening(box, open_topics, samples.staff_session())
    phone.page.fill("#pin", "123456")
    phone.page.click("#sign-in")

    expect(phone.page.locator("#subjective")).to_have_value(TYPED)
    phone.expect_saved()
    assert box.calls(f"PUT /api{VISIT}/content")[-1]["content"]["subjective"] == TYPED


def test_the_code_is_kept_nowhere_and_opens_the_screen_that_was_there(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/phone/unlock"] = opening(box, box.topics, {})
    phone.open(f"{box.url}/#/outbox")
    lock(box)
    phone.page.fill("#unlock-code", "739182")
    phone.page.click("#unlock")

    expect(phone.page.locator(".bottom-bar")).to_be_visible()
    expect(phone.page).to_have_url(f"{box.url}/#/outbox")
    assert box.calls("POST /api/phone/unlock") == [{"code": "739182"}]
    assert "739182" not in phone.page.content()
    assert "739182" not in phone.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_a_phone_that_nobody_touches_warns_and_then_hides_everything(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#{VISIT}")
    phone.hold_clock()
    phone.page.clock.fast_forward(13 * 60_000)
    expect(phone.page.locator("#stay-open")).to_have_count(0)
    phone.page.clock.fast_forward(75_000)
    expect(phone.page.locator("#stay-open")).to_be_visible()

    phone.page.clock.fast_forward(60_000)
    phone.page.clock.resume()

    expect(phone.page.locator("h1")).to_have_text("已鎖定")
    assert "王小明" not in phone.page.content()


def test_a_touch_keeps_the_phone_open_and_tells_the_box_once_a_minute(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#/outbox")
    phone.hold_clock()
    for minute in range(1, 21):
        phone.page.clock.run_for(60_000)
        phone.page.mouse.click(10, 500)
        phone.page.clock.run_for(2_000)
        # What is still on its way when the next minute is skipped would be given up for want of an answer.
        box.wait_calls("POST /api/phone/use", minute)

    expect(phone.page.locator(".bottom-bar")).to_be_visible()
    assert len(box.calls("POST /api/phone/use")) == 20


def test_a_phone_that_asks_is_allowed_here_and_shown_its_code(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/visits")
    box.put("presence", {"questions": [samples.question()]})
    expect(phone.page.get_by_text("「陳醫師 Pixel」要配對這個盒子")).to_be_visible()
    phone.page.click("#allow")

    expect(phone.page.locator(".shown-code")).to_have_text("271 828")
    box.put("presence", {"questions": []})
    expect(phone.page.locator(".asks")).to_have_count(0)


def test_a_phone_that_was_refused_is_told_so(box: FakeBox, phone: Phone) -> None:
    refused = threading.Event()

    def look(_: Any) -> Any:
        if refused.is_set():
            raise Refusal(403, "GW-ACC-07")
        return {"allowed": True, "expires_at": samples.ahead(minutes=3)}

    box.paired = False
    box.answers["POST /api/pair/look"] = look
    phone.page.clock.install()
    phone.open(f"{box.url}/p#0123456789abcdef")
    phone.page.fill("#phone-name", "林護理師")
    phone.page.click("#pair")
    phone.page.clock.run_for(2_100)
    expect(phone.page.get_by_text("已被允許")).to_be_visible()
    refused.set()
    phone.page.clock.run_for(2_100)

    expect(phone.page.get_by_role("alert")).to_contain_text("GW-ACC-07")


def test_a_code_of_ones_own_is_set_right_after_pairing(box: FakeBox, phone: Phone) -> None:
    box.paired = False
    box.answers["PUT /api/phone/code"] = {}
    phone.open(f"{box.url}/p#0123456789abcdef")
    phone.page.fill("#phone-name", "林護理師")
    phone.page.fill("#own-code", "271828")
    phone.page.click("#pair")
    expect(phone.page.locator("#pair-code")).to_be_visible()
    box.paired = True
    phone.page.fill("#pair-code", "314159")
    phone.page.click("#pair-code-send")

    expect(phone.page.locator(".strip")).to_be_visible()
    assert box.calls("PUT /api/phone/code") == [{"code": "271828"}]


def test_A02_one_press_changes_who_is_at_work(box: FakeBox, phone: Phone) -> None:
    nurse = samples.staff_session(session_id="s2", name="林樣本", kind="nurse")
    box.topics.update(staff={"sessions": [samples.staff_session(), nurse]})
    box.answers["POST /api/staff/sessions/s2/use"] = nurse
    phone.open(f"{box.url}/#/sign-in")
    expect(phone.page.get_by_text("陳樣本 已認證")).to_be_visible()
    box.topics.update(phone=samples.phone_topic(session_id="s2"))
    phone.page.get_by_role("button", name="林樣本").click()

    expect(phone.page.get_by_text("林樣本 已認證")).to_be_visible()
    expect(phone.strip_item("hpc")).to_contain_text("林樣本")
