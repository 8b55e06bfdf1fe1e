"""What cannot work now names what it lacks and the way on before anybody presses it, and sends nothing that must fail (C03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import record_samples, samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Look, Phone
from tests.webui.studio import Studio

Json = dict[str, Any]

VISIT = f"/visits/{samples.VISIT_ID}"
EMPTY = samples.two_readers(samples.card(), samples.card())
HPC_ONLY = samples.two_readers(samples.card("hpc"), samples.card())

NO_LINE: Json = {"link": samples.link("down", "host")}
NO_SAM: Json = {"box": samples.box(sam_verified_at=None)}
NO_SAM_NO_LINE: Json = {**NO_SAM, **NO_LINE}
UNBOUND: Json = {
    "box": samples.box(bound=False, institution=None, sam_verified_at=None),
    "link": samples.link("down", "not_bound"),
}
NO_UPLINK: Json = {**UNBOUND, "link": samples.link("down", "sim_absent")}
DISABLED: Json = {"box": samples.box(enabled=False), "link": samples.link("down", "device_disabled")}
NO_TIME: Json = {"time": {"trust": "untrusted"}}
NOBODY: Json = {"staff": {"sessions": []}, "phone": samples.phone_topic(session_id="")}
REDUCED: Json = {"staff": {"sessions": []}, "phone": samples.phone_topic(session_id="", reduced=True)}
NO_CODE: Json = {"staff": {"sessions": [samples.staff_session(rights=["QPC"])]}}
USER: Json = {"phone": samples.phone_topic(role="user")}
RESCUED: Json = {"store": {"backup_at": samples.ago(hours=1)}}

TODAY: Json = {"GET /api/plans": record_samples.PLANS, "GET /api/patients": record_samples.PATIENTS}
NO_SETS: Json = {"GET /api/datasets": []}
SETS: Json = {
    "GET /api/datasets": samples.DATASETS,
    "GET /api/datasets/status": {
        "checked_at": None,
        "missing": [],
        "groups": ["default"],
        "loaded_group": "",
    },
}
FINISHED: Json = {
    f"GET /api{VISIT}": samples.finished(),
    f"GET /api{VISIT}/check": {"findings": [], "unfit": []},
}


def refused(code: str) -> Callable[[Any], Any]:
    def answer(_: Any) -> Any:
        raise Refusal(403, code)

    return answer


NO_RECORDS: Json = {
    f"GET /api{VISIT}/records": refused("GW-ACC-20"),
    f"GET /api{VISIT}/leftover": refused("GW-ACC-20"),
}
BUNDLE: Json = {
    "GET /api/support-bundle": {
        "box": {},
        "state": {},
        "settings": {},
        "checks": [],
        "readers": [],
        "jobs": [],
        "links": [],
        "logs": [],
    }
}


NO_SWITCH: Json = {
    "GET /api/box/power": {"possible": False, "unsent": 0, "drafts": 0, "oldest_at": None, "busy": False}
}


@dataclass(frozen=True)
class Lack:
    """``place``: where the action stands on the screen ``path``, once ``before`` was pressed. ``says``: what names the thing
    that lacks. ``ways``: where the way on leads, where it is a press; else it is to wait, or for somebody else.
    """

    name: str
    path: str
    lacking: Json
    place: str
    says: str
    ways: tuple[str, ...] = ()
    answers: Json = field(default_factory=dict)
    before: str = ""


ACTION = ".action-bar"
MAIN = "main"
VPN = "要先連上健保VPN"
SAM = "驗證安全模組"
BIND = "綁定機構"
STAFF = "醫事人員卡認證"
TIME = "時間未校正，連上網路會自動校正"
ROLE = "要用技術人員或負責人的手機"

LACKS = [
    # 安全模組
    Lack("sam home link", "/", NO_SAM_NO_LINE, "[data-chip=sam]", "等 VPN 才能驗證"),
    Lack("sam setup link", "/setup", NO_SAM_NO_LINE, ACTION, VPN),
    # 資料集
    Lack("datasets setup link", "/setup", NO_LINE, ACTION, VPN, answers=NO_SETS),
    Lack("datasets link", "/settings/datasets", NO_LINE, ACTION, VPN, answers=SETS),
    Lack("datasets sam", "/settings/datasets", NO_SAM, ACTION, SAM, ("#/setup",), answers=SETS),
    Lack("datasets bound", "/settings/datasets", UNBOUND, ACTION, BIND, ("#/setup/bind",), answers=SETS),
    Lack("datasets enabled", "/settings/datasets", DISABLED, ACTION, "機構已停用這個盒子", answers=SETS),
    # 醫事人員卡認證
    Lack("sign-in link", "/sign-in", {**NOBODY, **NO_LINE}, MAIN, "健保VPN 目前連不上"),
    Lack("sign-in sam", "/sign-in", {**NOBODY, **NO_SAM}, MAIN, "安全模組今天還沒有驗證", ("#/setup",)),
    Lack("sign-in bound", "/sign-in", {**NOBODY, **UNBOUND}, MAIN, "還沒有綁定機構", ("#/setup/bind",)),
    Lack("sign-in enabled", "/sign-in", {**NOBODY, **DISABLED}, MAIN, "請聯絡機構管理者"),
    Lack("sign-in card", "/sign-in", {**NOBODY, "cards": EMPTY}, MAIN, "請插醫事人員卡"),
    # 看診
    Lack("start card", "/start", {"cards": EMPTY}, MAIN, "請插病人的健保卡"),
    Lack(
        "start staff",
        "/start",
        {**NOBODY, "cards": samples.two_readers(samples.card(), samples.card("nhi"))},
        MAIN,
        "這支手機還沒有人認證",
        ("#/sign-in",),
    ),
    Lack("start code", "/start", NO_CODE, MAIN, "你的權限沒有 QPB", ("#/rights",)),
    Lack("start enabled", "/start", DISABLED, MAIN, "機構已停用這個盒子"),
    Lack("virtual card staff", "/virtual-card", NOBODY, MAIN, "還沒有人認證", ("#/sign-in",)),
    Lack("virtual card code", "/virtual-card", NO_CODE, MAIN, "需要 VC 授權", ("#/rights",)),
    # 雲端與健保卡資料
    Lack(
        "records staff",
        f"{VISIT}/records",
        NOBODY,
        "[data-locked=cloud]",
        "要先認證醫事人員卡",
        ("#/sign-in",),
    ),
    Lack("records code", f"{VISIT}/records", NO_CODE, "[data-locked=cloud]", "沒有 QPB", ("#/rights",)),
    Lack("records link", f"{VISIT}/records", NO_LINE, "[data-locked=cloud]", VPN),
    Lack("records sam", f"{VISIT}/records", NO_SAM, "[data-locked=medical]", SAM, ("#/setup",)),
    Lack("records card", f"{VISIT}/records", {"cards": HPC_ONLY}, "#ask-card", "請插健保卡"),
    # 今日名單與同意
    Lack("today staff", "/today", REDUCED, ACTION, STAFF, ("#/sign-in",), answers=TODAY),
    Lack("today link", "/today", NO_LINE, ACTION, VPN, answers=TODAY),
    Lack("today sam", "/today", NO_SAM, ACTION, SAM, ("#/setup",), answers=TODAY),
    Lack("today time", "/today", NO_TIME, ACTION, TIME, answers=TODAY),
    Lack(
        "plan staff", "/today/add", REDUCED, "section:has(#person-name)", STAFF, ("#/sign-in",), answers=TODAY
    ),
    Lack("consent staff", "/today/p3", REDUCED, ACTION, STAFF, ("#/sign-in",), answers=TODAY),
    Lack("consent time", "/today/p3", NO_TIME, ACTION, TIME, answers=TODAY),
    # 上下傳、匯出、移交
    Lack("send link", "/outbox", NO_LINE, ACTION, "等 VPN 恢復"),
    Lack(
        "export staff",
        f"{VISIT}/export",
        REDUCED,
        MAIN,
        "醫事人員卡認證已到期",
        ("#/sign-in",),
        answers=FINISHED,
    ),
    Lack("handoff role", "/outbox", USER, "#handoff", ROLE, before="#handoff summary"),
    # 盒子自己
    Lack("switch off", "/settings/power", {}, MAIN, "盒子沒有辦法自己關機", answers=NO_SWITCH),
    # 技術人員的事
    Lack("bind role", "/setup/bind", {**UNBOUND, **USER}, MAIN, "請用負責人或技術人員的手機操作"),
    Lack("bind uplink", "/setup/bind", NO_UPLINK, ACTION, "沒有 SIM 卡"),
    Lack("protection role", "/settings/protection", USER, MAIN, "請用負責人或技術人員的手機操作"),
    Lack("rescue role", "/status", {**USER, **RESCUED}, "main .notice.warn", ROLE),
    Lack("support bound", "/settings/support", UNBOUND, ACTION, BIND, ("#/setup/bind",), answers=BUNDLE),
]


def writes(box: FakeBox) -> list[str]:
    """What was asked of the box that is more than to look; opening a draft says who edits it."""
    return [route for route, _ in box.asked if not route.startswith("GET ") and not route.endswith("/editor")]


# All that there is to press at a place but the patient's header, which has its own.
PRESS = """(place) => {
    const all = place.matches("button") ? [place] : [...place.querySelectorAll("button:not(.screen-head *, .patient *)")];
    for (const button of all) button.click();
}"""


def show(box: FakeBox, phone: Phone, lack: Lack) -> None:
    box.topics |= lack.lacking
    box.answers |= NO_RECORDS | lack.answers
    phone.open(f"{box.url}/#{lack.path}")
    phone.page.locator("body").evaluate(
        "(body, what) => what && body.querySelector(what).click()", lack.before
    )


@pytest.mark.parametrize("lack", LACKS, ids=lambda lack: lack.name)
def test_C03_what_cannot_work_names_what_it_lacks_and_sends_nothing(
    box: FakeBox, phone: Phone, lack: Lack
) -> None:
    show(box, phone, lack)
    place = phone.page.locator(lack.place)

    expect(place).to_contain_text(lack.says)
    for way in lack.ways:
        expect(place.locator(f"a[href='{way}']").first).to_be_visible()
    place.evaluate(PRESS)
    phone.settle()
    assert writes(box) == []
    expect(place).to_contain_text(lack.says)


@pytest.mark.parametrize("lack", LACKS, ids=lambda lack: lack.name)
def test_C03_what_cannot_work_is_said_to_everybody(studio: Studio, lack: Lack) -> None:
    show(studio.empty(), studio.phone, lack)
    expect(studio.phone.page.locator(lack.place)).to_contain_text(lack.says)
    studio.phone.settle()
    studio.load_axe()
    found = []
    for look in (Look(), Look(dark=True), Look(320, 568, large=True)):
        studio.phone.dress(look)
        found += studio.axe()

    assert found == []


@pytest.mark.parametrize(
    ("lacking", "says"),
    [
        (NO_LINE, "還在等：VPN"),
        (NO_SAM, "還在等：安全模組"),
        ({"cards": HPC_ONLY}, "還在等：插 王小明 的健保卡"),
        (REDUCED, "還在等：醫事人員卡認證"),
        (NO_TIME, "還在等：時間校正"),
    ],
    ids=["link", "sam", "card", "staff", "time"],
)
def test_C03_a_visit_is_finished_whatever_lacks_and_says_what_it_waits_for(
    box: FakeBox, phone: Phone, lacking: Json, says: str
) -> None:
    box.topics |= lacking
    box.answers[f"POST /api{VISIT}/finish"] = samples.finished()
    phone.open(f"{box.url}/#{VISIT}/finish")

    for mode in ("4", "3", "2"):
        expect(phone.page.locator(f"[data-mode='{mode}']")).to_contain_text(says)
    expect(phone.page.locator("[data-mode='1']")).to_contain_text("現在就能做")
    expect(phone.page.locator("#finish")).to_be_enabled()


def test_C03_without_the_vpn_a_visit_begins_as_f00b_and_says_so_first(box: FakeBox, phone: Phone) -> None:
    box.topics |= NO_LINE
    box.answers["GET /api/visits"] = []
    box.answers["POST /api/visits"] = samples.view(identification="card_offline")
    phone.open(f"{box.url}/#/start")

    expect(phone.page.locator("main")).to_contain_text("健保VPN 目前連不上。這次會以 F00B 看診")
    expect(phone.page.locator("#start-visit")).to_contain_text("F00B")
    phone.page.click("#start-visit")
    phone.page.wait_for_url(f"{box.url}/#{VISIT}")
    assert box.calls("POST /api/visits") == [{"reader_id": "r2", "offline": True}]


@pytest.mark.parametrize(
    ("lacking", "says"),
    [(NO_LINE, "健保VPN 連不上"), (NO_SAM, "安全模組今天還沒有驗證")],
    ids=["link", "sam"],
)
def test_C03_a_locked_phone_says_why_no_card_opens_it(
    box: FakeBox, phone: Phone, lacking: Json, says: str
) -> None:
    box.topics = samples.locked(**lacking)
    phone.open(box.url)

    expect(phone.page.locator("main")).to_contain_text(says)
    expect(phone.page.locator("#pin")).to_have_count(0)
    # Nothing that leads to a screen which a locked phone does not show.
    expect(phone.page.locator("main a")).to_have_count(0)
    expect(phone.page.locator("#ask")).to_be_enabled()


def test_C03_a_phone_offers_to_remove_only_those_that_it_may(box: FakeBox, phone: Phone) -> None:
    owner, user = box.answers["GET /api/phones"]
    box.topics |= {"phone": samples.phone_topic(phone_id="p2", role="user")}
    box.answers["GET /api/phones"] = [owner, user, {**user, "phone_id": "p3", "name": "另一支"}]
    phone.open(f"{box.url}/#/settings/phones")
    rows = phone.page.locator("main .items > .item")

    expect(rows).to_have_count(3)
    expect(rows.filter(has_text=owner["name"]).get_by_role("button")).to_have_count(0)
    expect(rows.filter(has_text="另一支").get_by_role("button")).to_have_count(1)


@pytest.mark.parametrize(
    ("path", "topics", "answers", "says"),
    [
        (
            "/settings/bluetooth",
            {"bluetooth": {"state": "on", "scanning": False, "heard": [], "remembered": [], "pairing": None}},
            {},
            "讀卡機由技術人員連接與移除",
        ),
        ("/setup/site", {}, {}, "只有技術人員或負責人的手機可以更改"),
        (
            "/training",
            {},
            {"GET /api/training": {"offered": True, "phase": "closed", "failed": False}},
            "請技術人員在這一頁開啟",
        ),
        (
            "/settings/roots",
            {},
            {"GET /api/box/roots": refused("GW-ACC-09")},
            "請用負責人或技術人員的手機操作",
        ),
        (
            "/settings/retention",
            {},
            {"GET /api/retention": refused("GW-ACC-09")},
            "請用負責人或技術人員的手機操作",
        ),
    ],
    ids=["bluetooth", "site", "training", "roots", "retention"],
)
def test_C03_what_a_technician_does_is_not_offered_to_others_and_says_whose_it_is(
    box: FakeBox, phone: Phone, path: str, topics: Json, answers: Json, says: str
) -> None:
    box.topics |= USER | topics
    box.answers |= answers
    phone.open(f"{box.url}/#{path}")

    expect(phone.page.locator("main")).to_contain_text(says)
    expect(phone.page.locator("main :is(.action-bar, .items, form) button:enabled")).to_have_count(0)
    assert writes(box) == []


READY = [
    ("/setup", NO_SAM, {}, "#verify-sam", "POST /api/box/sam/verify"),
    ("/setup", {}, NO_SETS, "#download-datasets", "POST /api/datasets/refresh"),
    ("/settings/datasets", {}, SETS, "#refresh-datasets", "POST /api/datasets/refresh"),
    ("/today", {}, TODAY, "#fetch-records", "POST /api/records/fetch"),
    (f"{VISIT}/records", {}, NO_RECORDS, "#ask-card", "POST /api/readers/r2/contents"),
    ("/outbox", {}, {}, "#send-now", "POST /api/outbox/send-now"),
    (f"{VISIT}/export", {}, FINISHED, "#export-fhir", f"POST /api{VISIT}/export"),
    ("/settings/support", {}, BUNDLE, "#support-make", "POST /api/support-bundle"),
    ("/status", RESCUED, {}, "#rescue-seen", "POST /api/box/rescue/seen"),
    ("/start", {}, {}, "#start-visit", "POST /api/visits"),
]


@pytest.mark.parametrize(
    ("path", "topics", "answers", "button", "sends"), READY, ids=[button for *_, button, _ in READY]
)
def test_C03_with_nothing_lacking_each_does_what_it_says(
    box: FakeBox, phone: Phone, path: str, topics: Json, answers: Json, button: str, sends: str
) -> None:
    box.topics |= topics
    box.answers |= answers | {sends: refused("GW-000")}
    phone.open(f"{box.url}/#{path}")
    phone.page.click(button)

    assert len(box.wait_calls(sends)) == 1


@pytest.mark.parametrize(
    ("path", "lacking", "answers", "button"),
    [
        ("/setup", NO_SAM_NO_LINE, {}, "#verify-sam"),
        ("/settings/datasets", NO_LINE, SETS, "#refresh-datasets"),
        ("/sign-in", {**NOBODY, **NO_LINE, "cards": HPC_ONLY}, {}, "#pin"),
        ("/today", NO_LINE, TODAY, "#fetch-records"),
        ("/outbox", NO_LINE, {}, "#send-now"),
    ],
)
def test_C03_the_vpn_coming_back_opens_what_waited_for_it(
    box: FakeBox, phone: Phone, path: str, lacking: Json, answers: Json, button: str
) -> None:
    box.topics |= lacking
    box.answers |= answers
    phone.open(f"{box.url}/#{path}")
    expect(phone.page.locator(f"{button}:enabled")).to_have_count(0)
    box.put("link", samples.link())

    expect(phone.page.locator(button)).to_be_enabled()
