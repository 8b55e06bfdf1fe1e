"""How the UI behaves: keys and focus, secrets, lost streams, languages, and how little it weighs."""

from __future__ import annotations

import gzip
import re
import threading
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from tests.webui import samples
from tests.webui.fake_box import WEBUI, FakeBox, Refusal
from tests.webui.keys import Keys
from tests.webui.phone import Look, Phone
from visitbridge.api.resources.documents import first_words
from visitbridge.api.static import read_webui
from visitbridge.words import load_catalogue

VISIT = f"/visits/{samples.VISIT_ID}"
HPC_ONLY = samples.two_readers(samples.card("hpc"), samples.card())
NOBODY: dict[str, Any] = {"sessions": []}

FIRST_LOAD_REQUESTS = 25
GZIP_BYTES = 60_000
VISIT_GZIP_BYTES = 61_500
# Twenty seconds after a page came, whatever is done with it then.
FETCHED_AHEAD = {"/views/help.js", "/core/hotlines.js"}
WORDS = "/api/words/zh-Hant-TW"
FIRST_WORDS = f"{WORDS}/first"
CHINESE = re.compile(r"[一-鿿]")


SERVED = read_webui(WEBUI)


def gzipped(path: str) -> int:
    """Bytes that the box sends for a file: packed, and without the types that are for the checker."""
    document = SERVED[path]
    return len(document.zipped or document.plain)


def words_gzipped(phone: Phone) -> int:
    """Bytes of the words that a phone asked for."""
    texts = load_catalogue().texts("zh-Hant-TW")
    size = {WORDS: dict(texts), FIRST_WORDS: first_words(texts)}
    return sum(
        len(gzip.compress(msgspec.json.encode(size[path]), 9)) for path in phone.served if path in size
    )


def test_a_hand_off_counts_only_when_the_file_is_said_to_be_safe(box: FakeBox, phone: Phone) -> None:
    made = {"handoff_id": "h1", "name": "visitbridge-h1.handoff", "content": "VkI=", "items": 3, "left": 1}
    box.answers["POST /api/handoffs"] = made
    box.answers["POST /api/handoffs/h1/confirm"] = {"items": 3}
    phone.open(f"{box.url}/#/outbox")
    phone.page.click("#handoff summary")
    phone.page.click("#handoff-make")
    with phone.page.expect_download() as download:
        phone.page.click("#handoff-file")

    assert download.value.path().read_bytes() == b"VB"
    assert box.calls("POST /api/handoffs/h1/confirm") == []
    phone.page.click("#handoff-confirm")
    expect(phone.page.locator("#handoff-make")).to_be_visible()
    assert len(box.calls("POST /api/handoffs/h1/confirm")) == 1


def test_C03_a_file_that_nobody_could_open_is_not_offered(box: FakeBox, phone: Phone) -> None:
    """The key comes with an answer of the data centre; before that the button says so, and sends nothing."""
    box.answers["GET /api/handoffs"] = {"waiting": 0, "has_key": False}
    phone.open(f"{box.url}/#/outbox")
    phone.page.click("#handoff summary")

    expect(phone.page.locator("#handoff-make")).to_be_disabled()
    expect(phone.page.locator("#handoff-make")).to_contain_text("資料中心還沒有給收件金鑰")
    assert box.calls("POST /api/handoffs") == []


def test_what_was_handed_off_is_taken_back_when_the_file_was_lost(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/outbox"] = {"summary": samples.queue(0), "items": []}
    box.answers["GET /api/handoffs"] = {"waiting": 2, "has_key": True}
    box.answers["POST /api/handoffs/take-back"] = {"items": 2}
    phone.open(f"{box.url}/#/outbox")
    phone.page.click("#handoff summary")
    expect(phone.page.locator("#handoff")).to_contain_text("2")
    box.answers["GET /api/handoffs"] = {"waiting": 0, "has_key": True}
    phone.page.click("#handoff-take-back")

    expect(phone.page.locator("#handoff")).to_have_count(0)
    assert len(box.calls("POST /api/handoffs/take-back")) == 1


def test_the_last_day_is_drawn(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/outbox")
    chart = phone.page.locator("#history svg")
    expect(chart).to_be_visible()

    expect(phone.page.locator("#history rect[data-link=down]")).to_have_count(20)
    assert "30" in (chart.get_attribute("aria-label") or "")


def test_S04_history_is_cleared_after_its_counts_were_seen(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/retention"] = samples.RETENTION | {"clear": 0, "cleared": 42}
    phone.open(f"{box.url}/#/settings/retention")
    expect(phone.page.locator("#retention-counts")).to_contain_text("42 筆")
    phone.page.click("#clear-history")

    expect(phone.page.get_by_text("已刪除 42 筆").first).to_be_visible()
    assert box.calls("POST /api/retention") == [{"months": 3}]
    expect(phone.page.locator("#clear-history")).to_have_count(0)


def test_the_first_load_is_light(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)

    assert len(phone.served) <= FIRST_LOAD_REQUESTS, phone.served
    own = [path for path in phone.served if not path.startswith("/api/")]
    assert sum(map(gzipped, own)) + words_gzipped(phone) <= GZIP_BYTES


def test_the_start_page_comes_with_its_words_and_every_other_screen_with_all(
    box: FakeBox, phone: Phone
) -> None:
    phone.open(box.url)
    assert [path for path in phone.served if path.startswith(WORDS)] == [FIRST_WORDS]

    phone.go("/settings")
    assert [path for path in phone.served if path.startswith(WORDS)] == [FIRST_WORDS, WORDS]
    phone.go("/outbox")
    phone.go("/")
    assert phone.served.count(WORDS) == 1


def test_a_word_that_the_start_page_lacks_is_fetched_and_never_shown_as_its_key(
    box: FakeBox, phone: Phone
) -> None:
    rest = threading.Event()
    box.delays[f"GET {WORDS}"] = rest
    box.topics["cards"] = samples.two_readers(samples.card("unknown", error_code="GW-CRD-04"), samples.card())
    phone.page.goto(box.url)
    chip = phone.page.locator("[data-chip=nhi]")
    expect(chip).to_have_text("健保卡")
    rest.set()

    expect(chip).to_contain_text(load_catalogue().texts("zh-Hant-TW")["error.GW-CRD-04.what"])


def test_a_page_that_hears_nothing_at_first_says_so_and_comes_to_life(box: FakeBox, phone: Phone) -> None:
    box.refuse_streams = True
    phone.page.goto(box.url)
    expect(phone.page.locator(".banner.lost")).to_be_visible()
    box.refuse_streams = False

    expect(phone.page.locator(".card-chips")).to_be_visible()


def test_a_whole_visit_is_light(box: FakeBox, phone: Phone) -> None:
    box.answers[f"POST /api{VISIT}/finish"] = samples.finished()
    for path in ("/", "/#/sign-in", "/#/start", f"/#{VISIT}"):
        phone.open(box.url + path)
    phone.add_diagnosis("J0", "J00")
    phone.add_drug("acet", "AC12345100", frequency="BID", days=7)
    phone.page.click("#to-finish")
    phone.page.click("#finish")
    phone.page.click("#to-prescription")
    expect(phone.page.locator("#passphrase")).to_be_visible()

    files = {path for path in phone.served if not path.startswith("/api/")} - FETCHED_AHEAD
    assert sum(map(gzipped, files)) <= VISIT_GZIP_BYTES


def test_a_button_is_busy_at_once_and_until_the_box_has_answered(box: FakeBox, phone: Phone) -> None:
    answer = threading.Event()
    box.delays["POST /api/outbox/send-now"] = answer
    box.answers["POST /api/outbox/send-now"] = {}
    phone.open(f"{box.url}/#/outbox")
    busy_when_painted = phone.page.evaluate(
        """() => new Promise((done) => {
            const button = document.getElementById("send-now");
            requestAnimationFrame(() => done(button.getAttribute("aria-busy")));
            button.click();
        })"""
    )
    phone.page.evaluate("document.getElementById('send-now').click()")

    assert busy_when_painted == "true", "the very next frame shows it, whatever the box takes"
    answer.set()
    expect(phone.page.locator("#send-now")).to_have_attribute("aria-busy", "false")
    assert len(box.calls("POST /api/outbox/send-now")) == 1, "a second press while busy does nothing"


def test_the_pin_stays_nowhere(box: FakeBox, phone: Phone) -> None:
    answer = threading.Event()
    box.topics.update(cards=HPC_ONLY, staff=NOBODY)
    box.delays["POST /api/staff/sessions"] = answer
    box.answers["POST /api/staff/sessions"] = samples.staff_session()
    phone.open(f"{box.url}/#/sign-in")
    phone.page.fill("#pin", "739182")
    phone.page.press("#pin", "Enter")

    expect(phone.page.locator("#pin")).to_have_value("")
    assert box.wait_calls("POST /api/staff/sessions") == [{"reader_id": "r1", "pin": "739182"}]
    answer.set()
    box.put("staff", {"sessions": [samples.staff_session()]})
    expect(phone.page.locator("#end-session")).to_be_visible()
    assert "739182" not in phone.page.content()
    assert "739182" not in phone.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert "739182" not in phone.page.url


def test_the_pairing_token_leaves_the_address_before_anything_is_typed(box: FakeBox, phone: Phone) -> None:
    box.paired = False
    phone.open(f"{box.url}/p#0123456789abcdef")
    assert "0123456789abcdef" not in phone.page.url

    phone.page.fill("#phone-name", "林護理師")
    phone.page.click("#pair")
    expect(phone.page.locator("#pair-code")).to_be_visible()
    box.paired = True
    phone.page.fill("#pair-code", "271 828")
    phone.page.click("#pair-code-send")
    expect(phone.page.locator(".strip")).to_be_visible()
    assert box.calls("POST /api/pair") == [{"token": "0123456789abcdef", "name": "林護理師"}]
    assert box.calls("POST /api/pair/confirm") == [{"request": "r-secret", "code": "271828"}]
    assert phone.page.url == f"{box.url}/"


def test_a_removed_phone_is_told_how_to_come_back(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/visits")
    box.paired = False
    phone.go("/outbox")

    expect(phone.page.get_by_text("這支手機還沒配對")).to_be_visible()


def test_a_stream_without_heartbeat_counts_as_lost_after_35_s(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.open(box.url)
    phone.hold_clock()
    # The last that it hears: from now on, however long the page took to come.
    box.put("queue", samples.queue(1))
    expect(phone.strip_item("queue")).to_contain_text("1 待傳")
    phone.page.clock.run_for(30_000)
    expect(phone.page.locator(".banner.lost")).to_have_count(0)

    box.refuse_streams = True
    phone.page.clock.run_for(6_000)
    expect(phone.page.locator(".banner.lost")).to_be_visible()

    box.refuse_streams = False
    phone.page.clock.run_for(10_000)
    expect(phone.page.locator(".banner.lost")).to_have_count(0)


COUNT_HEARTBEATS = """() => {
    const read = ReadableStreamDefaultReader.prototype.read;
    window.heartbeats = 0;
    ReadableStreamDefaultReader.prototype.read = async function () {
        const piece = await read.call(this);
        if (!piece.done && new TextDecoder().decode(piece.value).includes(": still here")) window.heartbeats += 1;
        return piece;
    };
}"""
"""Counts what the page itself has read of its stream, before the page takes it."""


def test_a_heartbeat_keeps_the_stream(box: FakeBox, phone: Phone) -> None:
    phone.page.clock.install()
    phone.page.add_init_script(f"({COUNT_HEARTBEATS})()")
    phone.open(box.url)
    phone.hold_clock()
    for beats in range(1, 4):
        phone.page.clock.run_for(15_000)
        box.beat()
        while phone.page.evaluate("window.heartbeats") < beats:
            pass
    phone.page.clock.run_for(20_000)

    expect(phone.page.locator(".banner.lost")).to_have_count(0)
    assert phone.served.count("/api/events") == 1


def test_a_page_that_comes_back_asks_for_the_whole_state_again(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    box.topics["link"] = samples.link("down", "host")
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(phone.strip_item("link")).to_have_text("VPN 中斷")


def test_G03_the_strip_keeps_its_order_and_its_words(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    strip = phone.page.locator("[data-strip]")

    assert strip.evaluate_all("(items) => items.map((item) => item.dataset.strip)") == [
        *("link", "queue", "sam", "hpc", "nhi", "hpc_time", "power"),
    ]
    words = strip.all_inner_texts()
    assert words[:5] == ["健保VPN 正常", "0 待傳", "安全模組 ✓", "醫事人員卡 ✓ 陳樣本", "健保卡 王小明"]
    assert re.fullmatch(r"剩 3 時 (9|10) 分\(至 \d\d:\d\d\)", words[5])
    assert words[6] == "電量 62%"


@pytest.mark.parametrize(
    ("topic", "value", "item", "words"),
    [
        ("link", samples.link("unstable"), "link", "VPN 不穩"),
        ("link", samples.link("down"), "link", "VPN 中斷"),
        ("queue", samples.queue(3), "queue", "3 待傳 · 最久 2 時"),
        ("queue", samples.queue(3, attention=1), "queue", "1 需處理"),
        ("queue", samples.queue(3, sending=2), "queue", "傳送中 2/3"),
        (
            "staff",
            {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=14))]},
            "hpc_time",
            re.compile(r"^剩 1\d 分,請重驗$"),
        ),
        ("power", {"battery_percent": 62, "under_voltage": True}, "power", "電壓不足"),
        ("time", {"trust": "untrusted"}, "clock", "時間未校正"),
        ("cards", HPC_ONLY, "nhi", "請插健保卡"),
    ],
)
def test_the_strip_says_each_state_in_its_fixed_words(
    topic: str, value: dict[str, Any], item: str, words: str | re.Pattern[str], box: FakeBox, phone: Phone
) -> None:
    phone.open(box.url)
    box.put(topic, value)

    expect(phone.strip_item(item)).to_have_text(words)


def test_a_lost_link_is_announced_once(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    box.put("link", samples.link("down", "host"))

    expect(phone.page.locator("#app > [role=status]")).to_have_text("VPN 中斷")


def test_the_end_of_a_sign_in_is_announced_at_an_hour_a_quarter_and_five_minutes_only(
    box: FakeBox, phone: Phone
) -> None:
    status = phone.page.locator("#app > [role=status]")
    phone.open(box.url)
    box.put("staff", {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=59))]})
    expect(status).to_contain_text("剩")

    phone.page.evaluate("document.querySelector('#app > [role=status]').textContent = ''")
    box.put("staff", {"sessions": [samples.staff_session(ends_at=samples.ahead(minutes=40))]})
    expect(phone.strip_item("hpc_time")).to_contain_text(re.compile(r"剩 (39|40) 分"))
    expect(status).to_have_text("")


def test_an_error_leads_to_what_helps(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(403, "GW-ACC-02")

    box.answers["POST /api/visits"] = refuse
    phone.open(f"{box.url}/#/start")
    phone.page.click("#start-visit")
    alert = phone.page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("GW-ACC-02")

    alert.get_by_role("link", name="醫事人員卡認證").click()
    expect(phone.page.locator("#end-session")).to_be_visible()


@pytest.mark.parametrize(
    ("state", "words", "act"),
    [
        ("queued", "暫停", "hold"),
        ("held", "繼續", "release"),
        ("queued", "重試", "retry"),
        ("unknown", "查詢結果", "retry"),
        ("rejected", "以健保端已收的前一版為準", "accept-former"),
    ],
)
def test_what_waits_can_be_held_released_and_tried_again(
    state: str, words: str, act: str, box: FakeBox, phone: Phone
) -> None:
    conflict = {
        "code": "GW-DC-04",
        "words": {"what": "", "where": "", "now": ""},
        "field": "",
        "verbatim": "",
    }
    item = samples.job("upload.visit", state=state, error={"rejected": conflict}.get(state))
    box.answers["GET /api/outbox"] = {"summary": samples.queue(1), "items": [item]}
    box.answers[f"POST /api/outbox/{item['job_id']}/{act}"] = item
    phone.open(f"{box.url}/#/outbox")
    phone.page.get_by_role("button", name=words, exact=True).click()

    assert len(box.wait_calls("GET /api/outbox", 2)) == 2
    assert len(box.calls(f"POST /api/outbox/{item['job_id']}/{act}")) == 1


def test_a_screen_is_fetched_anew_after_the_phone_was_away(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/outbox")
    expect(phone.page.locator("[data-job]")).to_have_count(4)
    box.go_silent()
    expect(phone.page.locator(".banner.lost")).to_be_visible()
    box.answers["GET /api/outbox"] = {"summary": samples.queue(), "items": []}
    box.silent = False

    expect(phone.page.locator("[data-job]")).to_have_count(0)


# What has the focus when the microtasks run that follow a heading's coming, before anything else can happen.
FOCUS_AT_ONCE = """() => new Promise((told) => {
  const leaving = document.querySelector("h1");
  new MutationObserver((_, watch) => {
    const heading = document.querySelector("h1");
    if (!heading || heading === leaving) return;
    watch.disconnect();
    told(document.activeElement === heading ? "heading" : document.activeElement.id);
  }).observe(document.body, { childList: true, subtree: true });
  location.hash = window.goTo;
})"""


@pytest.mark.parametrize(
    ("path", "focused"), [("/help", "heading"), (f"{VISIT}/pick/icd10", "search")], ids=["help", "search"]
)
def test_the_focus_never_leaves_what_somebody_began_to_type_in(
    path: str, focused: str, box: FakeBox, phone: Phone
) -> None:
    """It moves in the same breath as the screen comes, and not once more."""
    phone.open(f"{box.url}/#{VISIT}")
    expect(phone.page.locator("#subjective")).to_be_visible()
    phone.page.evaluate("(to) => { window.goTo = to; }", path)
    assert phone.page.evaluate(FOCUS_AT_ONCE) == focused


def test_a_new_screen_takes_the_focus_to_its_heading(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url)
    phone.go("/outbox")

    expect(phone.page.locator("h1")).to_be_focused()
    expect(phone.page.locator("h1")).to_have_text("待傳")


def test_a_visit_can_be_written_from_the_keyboard_alone(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    keys = Keys(phone)
    phone.page.locator("#subjective").focus()
    keys.type("cough")
    keys.use("#add-diagnosis")
    expect(phone.page.locator("#search")).to_be_focused()
    keys.type("J0")
    expect(phone.page.locator(".hit").first).to_be_visible()
    keys.use(".hit[data-code='J00']")
    expect(phone.page.locator("[data-diagnosis=J00]")).to_be_visible()
    keys.use("#to-finish")
    expect(phone.page.locator("[data-mode='4'] input")).to_be_checked()


@pytest.mark.parametrize(
    "look",
    [Look(), Look(large=True), Look(320, 568), Look(320, 568, large=True)],
    ids=lambda look: look.label,
)
def test_the_focus_is_under_no_bar_however_much_the_bars_say(box: FakeBox, phone: Phone, look: Look) -> None:
    box.topics["mode"] = {**samples.topics()["mode"], "training": True, "lessons": True}
    box.topics["phone"] = samples.phone_topic(reduced=True)
    box.topics["staff"] = NOBODY
    phone.open(f"{box.url}/#{VISIT}")
    phone.dress(look)
    keys = Keys(phone)
    keys.reach("#to-finish")
    keys.reach(".back", by="Shift+Tab")


def test_typing_chinese_searches_when_the_character_is_chosen_not_while_it_is_spelt(
    box: FakeBox, phone: Phone
) -> None:
    phone.page.clock.install()
    phone.open(f"{box.url}/#{VISIT}/pick/icd10")
    phone.page.locator("#search").evaluate(
        """(field) => {
            field.dispatchEvent(new CompositionEvent("compositionstart"));
            field.value = "ㄍㄢ";
            field.dispatchEvent(new Event("input", {bubbles: true}));
        }"""
    )
    phone.page.clock.run_for(1000)
    assert [path for path in phone.served if "/api/catalogue" in path] == []

    phone.page.locator("#search").evaluate(
        """(field) => {
            field.value = "感";
            field.dispatchEvent(new CompositionEvent("compositionend"));
        }"""
    )
    phone.page.clock.run_for(1000)
    expect(phone.page.locator(".hit").first).to_be_visible()


def test_a_heading_that_cannot_be_billed_cannot_be_chosen(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}/pick/icd10")
    phone.page.fill("#search", "J06")

    expect(phone.page.locator(".hit[data-code=J06]")).to_be_disabled()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/#/start",
        "/#/virtual-card",
        "/#/outbox",
        "/#/settings",
        f"/#{VISIT}",
        f"/#{VISIT}/finish",
        "/#/lab",
    ],
)
def test_english_is_whole(path: str, box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#/settings")
    phone.page.click("#language")
    expect(phone.page.locator("html")).to_have_attribute("lang", "en")

    phone.open(box.url + path)
    expect(phone.page.locator("html")).to_have_attribute("lang", "en")
    data = f"{samples.topics()} {samples.view()} {samples.LAB} {samples.COPAY_HITS} 中文"
    assert set(CHINESE.findall(phone.words())) <= set(CHINESE.findall(data)), (
        "Chinese that is no patient's, no name"
    )


def test_a_phone_on_its_side_keeps_room_for_the_content(box: FakeBox, phone: Phone) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    phone.dress(Look(844, 390))

    expect(phone.page.locator(".action-bar")).to_have_css("position", "static")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 844


@pytest.mark.parametrize("banner", [".banner.virtual", ".banner.lost"])
def test_a_phone_on_its_side_or_with_its_keyboard_up_still_shows_what_must_not_be_overlooked(
    box: FakeBox, phone: Phone, banner: str
) -> None:
    phone.open(f"{box.url}/#{VISIT}")
    phone.dress(Look(390, 400))
    box.refuse_streams = banner == ".banner.lost"
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(phone.page.locator(banner)).to_be_visible()
    phone.page.locator("#to-records").scroll_into_view_if_needed()
    phone.page.evaluate("window.scrollTo(0, 600)")

    expect(phone.page.locator(banner)).to_be_in_viewport(ratio=1)
    expect(phone.page.locator(".strip")).not_to_be_in_viewport()
