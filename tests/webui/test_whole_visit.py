"""A whole visit by thumb on the real thing: twenty diagnoses, twenty orders, fee, signature; and a second phone at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.webui.ear import Ear
from tests.webui.lab import RunningLab, open_running_lab
from tests.webui.phone import Phone
from tests.webui.test_flow import PIN, insert, photograph_qr2, pull
from visitbridge.protocols.visit_export import claim_xml, csv_table, scheme_json

MANY = 20
_IN_USE = "/api/phone/use"


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with open_running_lab(tmp_path_factory.mktemp("whole")) as running:
        yield running


def ask(phone: Phone, method: str, path: str) -> Any:
    """What the box answers to this phone's page."""
    return phone.page.evaluate(
        """async ([method, path]) => {
        const asked = method === "GET" ? {} : { headers: { "Content-Type": "application/json" }, body: "{}" };
        const answer = await fetch(path, { method, ...asked });
        return answer.json();
      }""",
        [method, path],
    )


def downloaded(phone: Phone, link: str) -> bytes:
    """What a tap on a link saves."""
    with phone.page.expect_download() as saving:
        phone.page.click(link)
    return Path(saving.value.path()).read_bytes()


def exported(phone: Phone, form: str) -> bytes:
    phone.page.click(f"#export-{form}")
    expect(phone.page.locator(f"#export-file[data-form={form}]")).to_be_visible()
    return downloaded(phone, "#export-file")


def set_up(phone: Phone, lab: RunningLab, folder: Path) -> None:
    """Pair, bind, verify the security module, fetch the data sets, sign in."""
    phone.pair(lab.pair_url, "林護理師 iPhone", lab.read_code)
    picture, number = photograph_qr2(phone, folder)
    phone.go("/setup/bind")
    phone.bind(picture, number)
    expect(phone.page.locator("[data-step=sam][data-done=true]")).to_be_visible()
    phone.page.click("#download-datasets")
    expect(phone.page.locator("[data-step=datasets][data-done=true]")).to_be_visible()
    insert(phone, "hpc-doctor")
    phone.sign_in(PIN)
    pull(phone, "hpc-doctor")


def take_over(taker: Phone, watcher: Phone, draft: str) -> None:
    """Press 接手編輯 on one phone; the box tells the other one in a single event, and it shows that without asking anything."""
    ear = Ear(watcher)
    watcher.page.evaluate("() => { window.samePage = true; }")
    asked_before = len(watcher.served)
    taker.page.click("#take-over")
    expect(taker.page.locator("#subjective")).to_be_editable()
    expect(watcher.page.locator("#take-over")).to_be_visible()

    assert [editor["visit_id"] for editor in ear.changes("editor")] == [draft.rpartition("/")[2]]
    assert watcher.page.evaluate("window.samePage")
    # A page fetches its help ahead when it has been open for a while; that asks nothing of the box.
    asked = {path for path in watcher.served[asked_before:] if path.startswith("/api/")}
    assert asked <= {_IN_USE}


def test_M01_Y05_twenty_diagnoses_and_orders_with_a_second_phone_looking_on(
    chromium: Browser, own_lab: RunningLab, phone: Phone, tmp_path: Path, artefacts: Path
) -> None:
    set_up(phone, own_lab, tmp_path)
    insert(phone, "patient-wang")
    phone.start_visit()
    draft = phone.page.url.partition("#")[2]
    phone.complain("走路會喘三天")
    found = [
        ask(phone, "GET", f"/api/catalogue/icd10?q={word}&limit=60") for word in ("病", "症", "炎", "I1")
    ]
    codes = list(dict.fromkeys(hit["code"] for hits in found for hit in hits if hit["billable"]))[:MANY]
    drugs = ask(phone, "GET", "/api/catalogue/drugs?q=tab&limit=100")
    drug_codes = [hit["code"] for hit in drugs if "controlled" not in hit["attributes"]][: MANY - 1]
    assert (len(codes), len(drug_codes)) == (MANY, MANY - 1)
    for code in codes:
        phone.add_diagnosis(code, code)
    for code in drug_codes:
        phone.add_drug(code, code, frequency="TID", days=7)
    expect(phone.page.locator("[data-diagnosis]")).to_have_count(MANY)

    # The visit fee, what the visit costs, and the signature.
    phone.page.click("#stay")
    phone.page.locator("[data-fee='05307C'] button").click()
    phone.expect_saved()
    phone.page.click("#departed_at-now")
    phone.expect_saved()
    phone.picture(artefacts, "whole-stay")
    phone.page.click("#part-done")
    phone.page.click("#signature")
    phone.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    field = phone.page.locator("#sign-here").bounding_box()
    assert field is not None
    phone.page.mouse.move(field["x"] + 30, field["y"] + 30)
    phone.page.mouse.down()
    phone.page.mouse.move(field["x"] + 200, field["y"] + 80, steps=10)
    phone.page.mouse.up()
    phone.page.click("#keep-signature")
    expect(phone.page.locator("#signature")).to_contain_text("病人本人簽於")

    # A second phone looks on, takes over, and gives the visit back; each sees it at once.
    second = Phone(chromium)
    try:
        link = ask(phone, "POST", "/api/pairing-links")
        second.pair(link["url"], "陳醫師 Pixel", own_lab.read_code)
        insert(second, "hpc-doctor", reader=1)
        second.sign_in(PIN)
        pull(second, "hpc-doctor")
        second.go(draft)
        expect(second.page.get_by_text("林護理師 iPhone 正在編輯這份草稿")).to_be_visible()
        expect(second.page.locator("[data-order]")).to_have_count(MANY)
        second.picture(artefacts, "whole-second-phone")
        take_over(second, phone, draft)
        take_over(phone, second, draft)
        assert second.troubles == []
    finally:
        second.close()

    # Everything goes out once, and is at the portal as it was written.
    phone.finish(4)
    for name in ("saved", "card", "vpn", "ic"):
        expect(phone.flag(name)).to_have_attribute("data-state", "done")
    phone.picture(artefacts, "whole-done")
    visit = ask(phone, "GET", f"/api{draft}")
    content = visit["visit"]["content"]
    assert [one["code"] for one in content["diagnoses"]] == codes
    assert [one["code"] for one in content["orders"]] == [*drug_codes, "05307C"]
    assert (content["copay_points"], visit["signature"]["drawing"]["signer"]) == (82, "patient")
    assert json.dumps(visit["receipts"], ensure_ascii=False).count("accepted_at") >= 3

    # It leaves for other programs, and on paper, with nothing missing.
    phone.page.click("#to-export")
    files = {form: exported(phone, form) for form in ("scheme", "claim", "fhir", "table")}
    phone.picture(artefacts, "whole-exported")
    (scheme,) = scheme_json.decode(files["scheme"])
    assert [order.p01_2 for order in scheme.pres] == [*drug_codes, "05307C"]
    assert [line["p4"] for line in claim_xml.decode(files["claim"]).cases[0].lines] == [*drug_codes, "05307C"]
    kinds = [entry["resource"]["resourceType"] for entry in json.loads(files["fhir"])["entry"]]
    assert (kinds.count("Condition"), kinds.count("MedicationRequest")) == (MANY, MANY - 1)
    assert [row["order_code"] for row in csv_table.decode(files["table"])] == [*drug_codes, "05307C"]
    phone.go(f"{draft}/prescription")
    phone.page.click("#paper-make")
    paper = downloaded(phone, "#paper-open")
    assert paper.startswith(b"%PDF-")
    assert phone.troubles == []
