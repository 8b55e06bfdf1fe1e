"""主機憑證 on a technician's phone: what is trusted, and adding the next root (Y11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

FIRST, SECOND = "0a1b" * 16, "2c3d" * 16
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def root(fingerprint: str, source: str) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "subject": "CN=visitbridge lab portal CA",
        "source": source,
        "added_at": "2026-11-22T01:00:00Z",
        "begins_at": "2026-11-22T00:00:00Z",
        "ends_at": "2036-11-19T00:00:00Z",
    }


def open_roots(box: FakeBox, phone: Phone) -> None:
    box.answers["GET /api/box/roots"] = {"roots": [root(FIRST, "binding")]}
    phone.open(box.url)
    phone.go("/settings/roots")


def test_Y11_a_technician_adds_the_new_root_from_its_file(
    box: FakeBox, phone: Phone, artefacts: Path, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_text(PEM, "ascii")
    both = {"roots": [root(FIRST, "binding"), root(SECOND, "technician")]}
    box.answers["POST /api/box/roots"] = both
    open_roots(box, phone)
    page = phone.page

    expect(page.locator(f"[data-root='{FIRST}']")).to_contain_text("0A 1B 0A 1B")
    expect(page.locator(f"[data-root='{FIRST}']")).to_contain_text("綁定時 · 有效到")
    expect(page.locator("#add-root")).to_be_disabled()
    expect(page.get_by_text("移除")).to_have_count(0)
    phone.picture(artefacts, "roots")
    page.set_input_files("#root-file", tmp_path / "root.pem")
    expect(page.locator("#root-pem")).to_have_value(PEM)
    page.click("#add-root")

    expect(page.locator(f"[data-root='{SECOND}']")).to_contain_text("技術人員加入")
    assert box.calls("POST /api/box/roots") == [{"pem": PEM}]
    expect(page.locator("#root-pem")).to_have_value("")
    phone.picture(artefacts, "roots-two")


def test_a_root_is_removed_only_when_asked_twice(box: FakeBox, phone: Phone) -> None:
    open_roots(box, phone)
    box.answers["GET /api/box/roots"] = {"roots": [root(FIRST, "binding"), root(SECOND, "technician")]}
    box.answers[f"DELETE /api/box/roots/{FIRST}"] = {"roots": [root(SECOND, "technician")]}
    phone.go("/settings")
    phone.go("/settings/roots")
    first = phone.page.locator(f"[data-root='{FIRST}']")

    first.get_by_role("button", name="移除").click()
    expect(first).to_contain_text("不再信任用它簽發的主機")
    assert box.calls(f"DELETE /api/box/roots/{FIRST}") == []
    first.get_by_role("button", name="移除").click()

    expect(first).to_have_count(0)
    assert len(box.calls(f"DELETE /api/box/roots/{FIRST}")) == 1


def test_what_is_no_root_is_refused_in_words(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    def refuse(_: object) -> None:
        raise Refusal(422, "GW-CRT-06")

    box.answers["POST /api/box/roots"] = refuse
    open_roots(box, phone)
    phone.page.fill("#root-pem", "x")
    phone.page.click("#add-root")

    expect(phone.page.locator("[role=alert]")).to_contain_text("GW-CRT-06")
    phone.picture(artefacts, "roots-refused")


def test_the_box_page_shows_what_to_compare_at_pairing(box: FakeBox, phone: Phone, artefacts: Path) -> None:
    box.topics["certificate"] = {
        "fingerprint": FIRST,
        "ends_at": "2029-02-20T00:00:00Z",
        "own": True,
        "refused": "",
    }
    phone.open(box.url)
    phone.go("/settings/box")

    expect(phone.page.locator("main")).to_contain_text(" ".join(["0A 1B"] * 16))
    expect(phone.page.locator("main")).to_contain_text("網頁憑證（盒子自己的）")
    phone.page.get_by_text("網頁憑證").scroll_into_view_if_needed()
    phone.picture(artefacts, "box-certificate")


def test_Y11_the_status_page_says_that_the_host_is_not_believed_and_where_to_mend_it(
    box: FakeBox, phone: Phone, artefacts: Path
) -> None:
    phone.open(box.url)
    phone.go("/status")
    box.put("link", {"link": "down", "hop": "tls", "since": "2026-11-22T01:00:00Z", "last_success_at": None})
    main = phone.page.locator("main")

    expect(main).to_contain_text("GW-LNK-05")
    expect(main).to_contain_text("資料都在盒子裡")
    phone.picture(artefacts, "status-untrusted")
    main.get_by_role("link", name="主機憑證").click()

    expect(phone.page.get_by_role("heading", name="主機憑證")).to_be_visible()
