"""Who may do what, as a phone shows it: locks with their reasons (F06), codes with their meaning (A08, A16, A17), who signs (F09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

VISIT = f"/visits/{samples.VISIT_ID}"
NOBODY: dict[str, Any] = {"sessions": []}


def refuse(code: str) -> Callable[[Any], Any]:
    def answer(_: Any) -> Any:
        raise Refusal(403, code)

    return answer


def with_rights(*rights: str, **changes: Any) -> dict[str, Any]:
    return {"sessions": [samples.staff_session(rights=list(rights), **changes)]}


@pytest.mark.parametrize(
    ("topics", "reason", "way"),
    [
        ({"staff": NOBODY}, "要先認證醫事人員卡", "#/sign-in"),
        ({"staff": with_rights("QPA", "QPC")}, "你的權限沒有 QPB 居家就醫，這裡不開放", "#/rights"),
        ({"link": samples.link("down", "host")}, "要先連上健保VPN", ""),
    ],
    ids=["nobody", "no code", "no line"],
)
def test_F06_medical_section_and_cloud_are_locked_with_the_reason(
    box: FakeBox, phone: Phone, topics: dict[str, Any], reason: str, way: str
) -> None:
    box.topics |= topics
    box.answers[f"GET /api{VISIT}/records"] = refuse("GW-ACC-02")
    box.answers[f"GET /api{VISIT}/leftover"] = refuse("GW-ACC-02")
    phone.open(box.url)
    phone.go(f"{VISIT}/records")
    page = phone.page

    for panel in ("medical", "cloud"):
        locked = page.locator(f"[data-locked={panel}]")
        expect(locked.locator("svg.lock")).to_be_visible()
        expect(locked).to_contain_text(reason)
        assert locked.locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))") == [
            way for way in [way] if way
        ]
    expect(page.locator("#ask-card")).to_have_count(0)
    assert box.calls("POST /api/readers/r2/contents") == []


def test_F06_a_verified_card_takes_the_locks_away(box: FakeBox, phone: Phone) -> None:
    box.put("staff", NOBODY)
    box.answers[f"GET /api{VISIT}/records"] = refuse("GW-ACC-20")
    phone.open(box.url)
    phone.go(f"{VISIT}/records")
    expect(phone.page.locator("[data-locked]")).to_have_count(2)
    box.put("staff", samples.topics()["staff"])

    expect(phone.page.locator("[data-locked]")).to_have_count(0)
    expect(phone.page.locator("#ask-card")).to_be_enabled()


CODES: list[dict[str, Any]] = [
    {"right": "QPA", "held": True, "opens": []},
    {"right": "QPB", "held": True, "opens": ["visits", "records", "consent-ledger"]},
    {"right": "QPC", "held": False, "opens": []},
    {"right": "IMQ", "held": False, "opens": []},
    {"right": "VC", "held": False, "opens": []},
]


@pytest.mark.parametrize(
    ("code", "held", "words"),
    [
        ("QPB", "true", ["已授權", "在盒子上開放：看診、雲端資料、同意紀錄"]),
        ("QPC", "false", ["未授權", "處方箋作業", "機構管理者"]),
        ("IMQ", "false", ["未授權", "急診檢傷一至三級", "健保署先授權機構", "還沒有用到這個代碼的功能"]),
        ("VC", "false", ["未授權", "審核認證碼", "分區業務組", "還沒有用到這個代碼的功能"]),
    ],
    ids=["A08 QPB", "A08 QPC", "A17 IMQ", "A14 A16 VC"],
)
def test_each_code_says_what_it_is_what_it_opens_and_whom_to_ask(
    box: FakeBox, phone: Phone, code: str, held: str, words: list[str]
) -> None:
    box.answers["GET /api/rights"] = CODES
    phone.open(box.url)
    phone.go("/sign-in")
    phone.page.click("#to-rights")
    row = phone.page.locator(f"[data-right={code}]")

    expect(row).to_have_attribute("data-held", held)
    for each in words:
        expect(row).to_contain_text(each)


def test_A08_what_a_persons_codes_do_not_open_is_not_offered(box: FakeBox, phone: Phone) -> None:
    box.topics["staff"] = with_rights("QPC", name="藥師樣本", kind="pharmacist")
    box.answers["GET /api/visits"] = refuse("GW-ACC-04")
    box.answers["GET /api/rights"] = CODES
    phone.open(box.url)
    page = phone.page

    expect(page.locator("#home-locked")).to_contain_text("沒有 QPB")
    for gone in ("#/today", "#/visits", "#/outbox"):
        expect(page.locator(f".tiles a[href='{gone}']")).to_have_count(0)
    expect(page.locator("#go-start")).to_have_count(0)
    page.click("#home-locked")
    expect(page.locator("[data-right=QPB]")).to_be_visible()


def test_A08_who_is_refused_for_a_code_is_led_to_what_it_means(box: FakeBox, phone: Phone) -> None:
    box.topics["staff"] = with_rights("QPC")
    box.answers["GET /api/outbox"] = refuse("GW-ACC-04")
    box.answers["GET /api/rights"] = CODES
    phone.open(box.url)
    phone.go("/outbox")
    phone.page.locator(".notice.error a[href='#/rights']").click()

    expect(phone.page.locator("[data-right=QPC]")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/", "/start", VISIT, f"{VISIT}/order/0", f"{VISIT}/finish", "/outbox", "/settings"]
)
def test_F09_who_signs_is_at_the_top_of_every_screen(box: FakeBox, phone: Phone, path: str) -> None:
    phone.open(box.url)
    phone.go(path)
    expect(phone.page.locator("h1")).not_to_be_empty()
    expect(phone.strip_item("hpc")).to_contain_text("醫事人員卡 ✓ 陳樣本")
    box.put("staff", {"sessions": [samples.staff_session(name="林樣本")]})

    expect(phone.strip_item("hpc")).to_contain_text("醫事人員卡 ✓ 林樣本")


@pytest.mark.parametrize(
    "staff", [NOBODY, with_rights("QPB", name="林樣本")], ids=["nobody", "somebody else"]
)
def test_F09_a_visit_says_who_signs_it_whoever_is_signed_in_now(
    box: FakeBox, phone: Phone, staff: dict[str, Any]
) -> None:
    box.topics["staff"] = staff
    phone.open(box.url)
    phone.go(VISIT)

    expect(phone.page.locator(".visit-facts")).to_contain_text(
        samples.view()["visit"]["practitioner"]["name"]
    )
