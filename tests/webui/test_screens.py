"""Every screen and every state of strip and flags: readable, reachable by thumb, in words, kept as a picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.webui import samples
from tests.webui.conftest import OpenPhone
from tests.webui.fake_box import FakeBox, Refusal

VISIT = f"/visits/{samples.VISIT_ID}"
_KEY = re.compile(r"\b[a-z]+(?:_[a-z]+)*\.[a-z_]+(?:\.[a-z_]+)*\b")


def nothing(page: Page) -> None:
    """The screen as it opens."""


@dataclass(frozen=True)
class Screen:
    """``answers`` and ``topics`` replace the sample's; ``act`` brings the screen into its state."""

    name: str
    path: str
    topics: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    act: Callable[[Page], object] = nothing
    paired: bool = True


def refuse(status: int, code: str, **params: Any) -> Callable[[Any], Any]:
    def answer(_: Any) -> Any:
        raise Refusal(status, code, **params)

    return answer


def search(text: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.fill("#search", text)
        expect(page.locator(".hit").first).to_be_visible()

    return act


def sign_in(page: Page) -> None:
    page.fill("#pin", "123456")
    page.click("#sign-in")
    expect(page.get_by_role("alert")).to_be_visible()


def click(selector: str) -> Callable[[Page], None]:
    return lambda page: page.click(selector)


def type_complaint(page: Page) -> None:
    page.fill("#subjective", "咳嗽、喉嚨痛")
    expect(page.locator("[data-save=saved], [data-save=conflict], [data-save=refused]")).to_be_visible()


EMPTY = samples.two_readers(samples.card(), samples.card())
HPC_ONLY = samples.two_readers(samples.card("hpc"), samples.card())
NOBODY: dict[str, Any] = {"sessions": []}
NEW_BOX = samples.box(bound=False, institution=None, sam_id="", sam_valid_until=None, sam_verified_at=None)
OFFLINE = {"link": samples.link("down", "host")}
RESULT = f"{VISIT}/result"

SCREENS = [
    Screen("pair", "/p#0123456789abcdef", paired=False),
    Screen("pair-refused", "/p#0123456789abcdef", paired=False, answers={"POST /api/pair": refuse(403, "GW-ACC-07")}, act=lambda p: (p.fill("#phone-name", "林護理師"), p.click("#pair"))),
    Screen("not-paired", "/", paired=False),
    Screen("setup-new", "/#/setup", topics={"box": NEW_BOX, "link": samples.link("down", "not_bound"), "cards": EMPTY, "staff": NOBODY}, answers={"GET /api/datasets": []}),
    Screen("setup-sam", "/#/setup", topics={"box": samples.box(sam_verified_at=None), "cards": EMPTY, "staff": NOBODY}, answers={"GET /api/datasets": []}),
    Screen("setup-ready", "/#/setup"),
    Screen("bind", "/#/setup/bind", topics={"box": NEW_BOX}),
    Screen("bind-refused", "/#/setup/bind", topics={"box": NEW_BOX}, answers={"POST /api/box/binding": refuse(403, "GW-DC-09", tries_left=3)}, act=lambda p: (p.click("summary"), p.fill("#ticket", "VBBIND1:x"), p.fill("#bind-pin", "0219"), p.click("#bind"))),
    Screen("sign-in-no-card", "/#/sign-in", topics={"cards": EMPTY, "staff": NOBODY}),
    Screen("sign-in", "/#/sign-in", topics={"cards": HPC_ONLY, "staff": NOBODY}),
    Screen("sign-in-two-cards", "/#/sign-in", topics={"cards": samples.two_readers(samples.card("hpc"), samples.card("hpc")), "staff": NOBODY}),
    Screen("sign-in-other", "/#/sign-in", topics={"cards": HPC_ONLY, "staff": {"sessions": [samples.staff_session(phone_ids=["p9"])]}}),
    Screen("sign-in-wrong", "/#/sign-in", topics={"cards": HPC_ONLY, "staff": NOBODY}, answers={"POST /api/staff/sessions": refuse(409, "GW-CRD-06", tries_left=2)}, act=sign_in),
    Screen("sign-in-blocked", "/#/sign-in", topics={"cards": HPC_ONLY, "staff": NOBODY}, answers={"POST /api/staff/sessions": refuse(409, "GW-CRD-07")}, act=sign_in),
    Screen("signed-in", "/#/sign-in"),
    Screen("home", "/"),
    Screen("home-new", "/", topics={"box": NEW_BOX, "link": samples.link("down", "not_bound"), "cards": EMPTY, "staff": NOBODY, "power": {"battery_percent": None, "under_voltage": None}}, answers={"GET /api/visits": []}),
    Screen("home-no-cards", "/", topics={"cards": EMPTY, "staff": NOBODY}, answers={"GET /api/visits": []}),
    Screen("home-odd-card", "/", topics={"cards": samples.two_readers(samples.card("unknown", error_code="GW-CRD-04"), samples.card()), "queue": samples.queue(3, oldest_age="amber")}, answers={"GET /api/visits": []}),
    Screen("home-worst-strip", "/", topics={**OFFLINE, "queue": samples.queue(12, oldest_age="red", attention=1), "staff": {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=12))]}, "power": {"battery_percent": 9, "under_voltage": True}, "time": {"trust": "untrusted"}}),
    Screen("status-good", "/#/status"),
    Screen("status-down", "/#/status", topics=OFFLINE),
    Screen("start", "/#/start"),
    Screen("start-no-card", "/#/start", topics={"cards": EMPTY}, answers={"GET /api/visits": []}),
    Screen("start-offline", "/#/start", topics=OFFLINE),
    Screen("start-no-staff", "/#/start", topics={"staff": NOBODY}),
    Screen("start-disabled-box", "/#/start", topics={"box": samples.box(enabled=False)}),
    Screen("visit", f"/#{VISIT}"),
    Screen("visit-saved", f"/#{VISIT}", act=type_complaint),
    Screen("visit-empty", f"/#{VISIT}", answers={f"GET /api{VISIT}": samples.view(content=samples.content(subjective="", objective="", diagnoses=[], orders=[]))}),
    Screen("visit-offline", f"/#{VISIT}", topics=OFFLINE, answers={f"GET /api{VISIT}": samples.view(identification="card_offline", clock_trusted=False)}),
    Screen("visit-conflict", f"/#{VISIT}", answers={f"PUT /api{VISIT}/content": refuse(409, "GW-REQ-05")}, act=type_complaint),
    Screen("visit-disk-full", f"/#{VISIT}", answers={f"PUT /api{VISIT}/content": refuse(507, "GW-STO-01")}, act=type_complaint),
    Screen("visit-undo", f"/#{VISIT}", act=click("[data-diagnosis=I10] .danger")),
    Screen("pick-empty", f"/#{VISIT}/pick/icd10"),
    Screen("pick-diagnosis", f"/#{VISIT}/pick/icd10", act=search("感")),
    Screen("pick-drug", f"/#{VISIT}/pick/drugs", act=search("acet")),
    Screen("order", f"/#{VISIT}/order/0"),
    Screen("order-by-hand", f"/#{VISIT}/order/0", act=lambda p: p.fill("#total", "18")),
    Screen("claim", f"/#{VISIT}/claim"),
    Screen("finish", f"/#{VISIT}/finish"),
    Screen("finish-offline", f"/#{VISIT}/finish", topics=OFFLINE, answers={f"GET /api{VISIT}": samples.view(identification="card_offline")}),
    Screen("finish-waits", f"/#{VISIT}/finish", topics={**OFFLINE, "cards": EMPTY, "staff": NOBODY}, answers={f"GET /api{VISIT}": samples.view(content=samples.content(diagnoses=[]))}),
    Screen("result-done", f"/#{RESULT}", answers={f"GET /api{VISIT}": samples.finished(receipts={"upload.visit": {"key": "k", "kind": "upload.visit", "accepted_at": samples.ago(), "insurer": {}}})}),
    Screen("result-waiting", f"/#{RESULT}", topics=OFFLINE, answers={f"GET /api{VISIT}": samples.finished(flags=samples.flags(ic="attention"), jobs=samples.WAITING_JOBS)}),
    Screen("prescription", f"/#{VISIT}/prescription", answers={f"GET /api{VISIT}": samples.finished()}),
    Screen("prescription-waits", f"/#{VISIT}/prescription", answers={f"GET /api{VISIT}": samples.finished(), f"GET /api{VISIT}/prescription": {"ready": False, "waiting_for": "waiting.link", "qr_svg": "", "passphrase": ""}}),
    Screen("visits", "/#/visits", answers={"GET /api/visits": [samples.summary(state="finished", sequence_no="F00B")]}),
    Screen("visits-none", "/#/visits", answers={"GET /api/visits": []}),
    Screen("outbox", "/#/outbox", topics={"queue": samples.queue(4, attention=1)}),
    Screen("outbox-empty", "/#/outbox", answers={"GET /api/outbox": {"summary": samples.queue(), "items": []}}),
    Screen("settings", "/#/settings"),
    Screen("readers", "/#/settings/readers"),
    Screen("readers-none", "/#/settings/readers", topics={"cards": {"readers": []}}),
    Screen("phones", "/#/settings/phones"),
    Screen("phones-add", "/#/settings/phones", act=click("#add-phone")),
    Screen("datasets", "/#/settings/datasets"),
    Screen("box", "/#/settings/box"),
    Screen("lab", "/#/lab"),
]
SIZES = [(390, 844, False), (320, 568, False), (390, 844, True)]


def visible_words(page: Page) -> str:
    return page.locator("body").inner_text()


@pytest.mark.parametrize(("width", "height", "dark"), SIZES, ids=lambda v: str(v))
@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: s.name)
def test_screen_is_readable_in_reach_and_in_words(
    screen: Screen, width: int, height: int, dark: bool, box: FakeBox, open_phone: OpenPhone, artefacts: Path
) -> None:
    box.topics.update(screen.topics)
    box.answers.update(screen.answers)
    box.paired = screen.paired
    troubles: list[str] = []

    page = open_phone("about:blank", width=width, height=height, dark=dark)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" and "status of" not in m.text else None)
    page.goto(box.url + screen.path)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    screen.act(page)
    page.wait_for_load_state("networkidle") if not screen.paired else page.wait_for_timeout(150)
    page.screenshot(path=artefacts / f"{screen.name}-{width}{'-dark' if dark else ''}.png", full_page=False)
    page.screenshot(path=artefacts / f"{screen.name}-{width}{'-dark' if dark else ''}-full.png", full_page=True)

    assert troubles == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "reflow: nothing is wider than the phone"
    assert _KEY.findall(visible_words(page)) == [], "a key without words"
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, input:not([type=file]), textarea, summary")]
            .filter((e) => e.checkVisibility() && !e.closest(".unseen"))
            .map((e) => [e, (e.closest("label") ?? e).getBoundingClientRect()])
            .filter(([, box]) => box.height < 44 || box.width < 44)
            .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""
    )
    assert small == [], "targets smaller than a thumb"
