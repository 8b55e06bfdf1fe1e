"""What a waiting step says of itself: what it waits for, once, and after a doubt what is in doubt (N12, Y03)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone


def reason(code: str, **params: str) -> samples.Json:
    return {"code": f"waiting.{code}", "params": params}


CARD = reason("card", name="王○明")
TORN = "寫卡時卡片離開或沒有回應，還沒確認有沒有寫入。盒子會先檢查卡片，不會重複寫。"
UNANSWERED = "已送出但沒收到回覆。盒子會先查詢，不會重複。"


@pytest.mark.parametrize(
    ("kind", "state", "waiting_for", "words"),
    [
        ("card.write_visit", "unknown", [CARD], f"{TORN} 請插王○明的健保卡"),
        ("upload.visit", "unknown", [reason("link")], f"{UNANSWERED} 等 VPN"),
        ("upload.visit", "unknown", [], UNANSWERED),
        ("card.write_visit", "executing", [reason("working")], "處理中"),
        ("upload.visit", "held", [reason("release")], "已暫停，等人按「繼續」"),
        ("card.write_visit", "queued", [reason("link"), CARD], "等 VPN、請插王○明的健保卡"),
        ("upload.ic", "queued", [], "待傳"),
    ],
)
def test_a_step_says_what_it_waits_for_and_what_is_in_doubt(
    box: FakeBox, phone: Phone, kind: str, state: str, waiting_for: list[samples.Json], words: str
) -> None:
    item = samples.job(kind, state=state, waiting_for=waiting_for)
    box.answers["GET /api/outbox"] = {"summary": samples.queue(1), "items": [item]}
    phone.open(f"{box.url}/#/outbox")

    expect(phone.page.locator(f"[data-job='{kind}'] .why")).to_have_text(words)
