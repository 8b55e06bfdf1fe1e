"""Records upright and on their side, and the acts on today's list, against a box that is only its face (L02-L07, Q02)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import record_samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Look, Phone
from tests.webui.samples import VISIT_ID
from visitbridge.domain.records import RecordKind

RECORDS = "/#/consents/c1/records"


@pytest.fixture(autouse=True)
def _answers(box: FakeBox) -> None:
    box.answers.update(record_samples.ANSWERS)


def test_L05_T06_turning_the_phone_or_the_button_gives_the_whole_table(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    phone.open(box.url + RECORDS)
    cards, table = phone.page.locator(".record-cards"), phone.page.locator(".record-table")
    expect(cards).to_be_visible()
    expect(table).to_be_hidden()
    phone.page.click("#turn")
    expect(table).to_be_visible()
    expect(cards).to_be_hidden()
    phone.page.click("#turn")
    phone.dress(Look(844, 390))
    expect(phone.page.locator("#turn")).to_be_hidden()
    expect(table).to_be_visible()
    expect(cards).to_be_hidden()
    place = table.bounding_box()
    assert place is not None
    assert place["width"] == 844 - 32
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 844
    table.scroll_into_view_if_needed()
    phone.picture(artefacts, "records-landscape")


def test_L02_all_eleven_columns_and_the_first_one_stays(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url + RECORDS)
    phone.page.click("#turn")
    expect(phone.page.locator(".record-table")).to_be_visible()
    head = phone.page.locator(".record-table thead th").all_inner_texts()
    first = phone.page.locator(".record-table tbody th").first
    before = first.bounding_box()
    phone.page.locator(".record-table").evaluate("table => { table.scrollLeft = 400; }")

    assert head[:4] == ["醫事機構", "門住診別", "主診斷碼", "藥品健保代碼"]
    assert len(head) == 1 + 11 + 1
    assert first.bounding_box() == before


def test_L07_other_tables_by_a_tap(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url + RECORDS)
    phone.page.click("[data-tab=results]")
    expect(phone.page.locator("[data-tab=results]")).to_have_attribute("aria-pressed", "true")
    expect(phone.page.locator(".record-cards .item").first).to_contain_text(
        "檢驗項目：糖化血色素檢驗結果：7.1單位：%參考值：4.0-5.6"
    )


def test_W05_every_table_is_there_with_its_lines_or_is_said_to_have_none(box: FakeBox, phone: Phone) -> None:
    phone.open(box.url + RECORDS)
    tabs = phone.page.locator("[data-tab]")
    expect(tabs).to_have_text(["雲端藥歷 2", "過敏藥 1", "檢驗結果 2", "出院病摘 1"])
    expect(phone.page.locator("[data-empty]")).to_have_text(
        "沒有資料：特定管制藥品、特定凝血因子、中醫用藥、檢查檢驗、影像病理、歷次就醫、手術明細、牙科處置、復健醫療"
    )


def test_L06_who_was_refused_is_named_and_the_others_are_fetched(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/records/fetch"] = [
        {"consent_id": "c1", "fetched_at": record_samples.CONSENT["fetched_at"], "words": ""},
        {"consent_id": "c2", "fetched_at": None, "words": "此人不在貴院居家照護名單內，無法查詢。"},
    ]
    phone.open(box.url + "/#/today")
    phone.page.click("#fetch-records")
    expect(phone.page.get_by_text("林樣本：此人不在貴院居家照護名單內，無法查詢。")).to_be_visible()
    assert box.calls("POST /api/records/fetch") == [{"consent_ids": ["c1", "c2"]}]


@pytest.mark.parametrize(
    ("path", "said"),
    [("/#/today", "沒有書面同意"), ("/#/today/p3", "還沒有書面同意")],
    ids=["list", "person"],
)
def test_L06_without_the_time_no_consent_is_called_missing(
    box: FakeBox, phone: Phone, path: str, said: str
) -> None:
    box.topics["time"] = {"trust": "untrusted"}
    phone.open(box.url + path)
    expect(phone.page.get_by_text("時間未校正，還看不出有沒有同意")).to_be_visible()
    expect(phone.page.get_by_text(said, exact=True)).to_have_count(0)


def test_L06_a_consent_is_sent_as_it_stands_on_paper(box: FakeBox, phone: Phone) -> None:
    box.answers["POST /api/plans/p3/consent"] = record_samples.CONSENT
    phone.open(box.url + "/#/today/p3")
    page = phone.page
    page.uncheck("[name=visits]")
    page.get_by_label("家屬").check()
    page.fill("#signed-on", "115/11/20")
    page.get_by_role("button", name="90 天").click()
    page.check("#signed")
    page.fill("#signed-on", "115/02/30")
    expect(page.locator("#save-consent")).to_be_disabled()
    page.fill("#signed-on", "115/11/20")
    page.click("#save-consent")
    expect(page.get_by_role("status").first).to_contain_text("已登錄同意")
    terms = {
        "kinds": [kind.value for kind in RecordKind if kind is not RecordKind.VISITS],
        "signer": "family",
        "signed_on": "2026-11-20",
        "until": "2027-02-18",
    }
    assert box.calls("POST /api/plans/p3/consent") == [{"terms": terms}]


def test_Q02_only_chosen_sections_are_asked_for_and_what_was_left_out_is_said(
    box: FakeBox, phone: Phone
) -> None:
    path = f"POST /api/visits/{VISIT_ID}/carry-in"
    left: list[dict[str, Any]] = [{"section": "orders", "what": "GONE00001", "reason": "unknown"}]
    box.answers[path] = {"revision": 4, "left_out": left}
    phone.open(f"{box.url}/#/visits/{VISIT_ID}/carry-in")
    phone.page.uncheck("[name=diagnoses]")
    phone.page.check("[name=subjective]")
    phone.page.click("#carry-in")
    expect(phone.page.get_by_text(re.compile("GONE00001.*現行資料集沒有這個代碼"))).to_be_visible()
    (asked,) = box.calls(path)
    assert asked["sections"] == ["orders", "subjective"]
    assert asked["from_visit_id"] == "former-1"


def test_L01_card_and_cloud_with_the_card_in_the_reader(box: FakeBox, phone: Phone) -> None:
    visit = {
        "visit_type": "01",
        "visit_time": "1151110093000",
        "sequence_no": "0012",
        "institution": "9999999901",
        "make_up": False,
    }
    box.answers["POST /api/readers/r2/contents"] = {"visits": [visit], "orders": []}
    now = {**record_samples.RECORDS, "fetched_at": None, "until": None}
    box.answers["POST /api/readers/r2/records"] = now

    def refuse(_: Any) -> Any:
        raise Refusal(403, "GW-ACC-20")

    box.answers[f"GET /api/visits/{VISIT_ID}/records"] = refuse
    box.answers[f"GET /api/visits/{VISIT_ID}/leftover"] = record_samples.UNKNOWN_LEFTOVER
    phone.open(f"{box.url}/#/visits/{VISIT_ID}/records")
    expect(phone.page.get_by_text("無法查詢餘藥")).to_be_visible()
    phone.page.click("#ask-card")
    expect(phone.page.get_by_text("以下為剛才查詢")).to_be_visible()
    phone.page.click("[data-tab=card_visits]")
    expect(phone.page.locator(".record-cards")).to_contain_text("115/11/10 9999999901")


@pytest.mark.parametrize("path", ["", "/order/0"])
def test_W05_allergies_stand_where_a_medicine_is_prescribed(box: FakeBox, phone: Phone, path: str) -> None:
    phone.open(f"{box.url}/#/visits/{VISIT_ID}{path}")
    expect(phone.page.locator(".notice.error")).to_have_text("過敏藥：開立前請確認示範抗生素 · 皮疹 · 輕度")


def signed_out(_: Any) -> Any:
    raise Refusal(403, "GW-ACC-03")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"known": True, "as_of": None, "recorded": []}, "雲端沒有過敏藥紀錄，請再問病人。"),
        ({"known": False, "as_of": None, "recorded": []}, "無法查詢過敏藥，請問病人。"),
        (signed_out, "無法查詢過敏藥，請問病人。"),
    ],
    ids=["none", "unknown", "signed-out"],
)
def test_W05_what_nobody_can_tell_is_not_called_no_allergy(
    box: FakeBox, phone: Phone, known: Any, said: str
) -> None:
    box.answers[f"GET /api/visits/{VISIT_ID}/allergies"] = known
    phone.open(f"{box.url}/#/visits/{VISIT_ID}/order/0")
    expect(phone.page.get_by_text(said)).to_be_visible()


def test_R02_the_receipts_of_this_month_and_the_last_as_a_file(box: FakeBox, phone: Phone) -> None:
    file = {"visits": [], "name": "receipts.csv", "content": "VkI="}
    box.answers["POST /api/reconciliation"] = file
    box.answers[f"GET /api/visits/{VISIT_ID}/check"] = {"findings": [], "unfit": []}
    phone.open(f"{box.url}/#/visits/{VISIT_ID}/export")
    for name in ("this", "last"):
        phone.page.click(f"#reconcile-{name}")
        with phone.page.expect_download() as download:
            phone.page.click("#export-file")
        assert download.value.path().read_bytes() == b"VB"
    assert box.calls("POST /api/reconciliation") == [
        {"since": "2026-11-01", "until": "2026-11-30"},
        {"since": "2026-10-01", "until": "2026-10-31"},
    ]
