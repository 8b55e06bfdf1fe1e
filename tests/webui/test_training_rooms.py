"""The training rooms of a real box, in Chromium: a lesson passed with nothing of it outside, and hours that pass (ux §3.9)."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.patience import PATIENCE_S
from tests.webui.phone import Phone
from visitbridge.sim.card.profiles import LAB_PIN

COMPLAINT = "訓練用主訴顱內"
TAIPEI = dt.timezone(dt.timedelta(hours=8))
DAY_S = 24 * 3600
WORK_BEGINS_S = 8 * 3600


@dataclass(frozen=True)
class RealBox:
    """A gateway as the unit starts it, without readers; its folder."""

    folder: Path

    @property
    def ready(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "run" / "ready.json").read_bytes())
        return found

    def read_code(self, name: str) -> str:
        shown = json.loads((self.folder / "run" / "presence.json").read_bytes())
        return str(next(one["code"] for one in shown if one["question"]["name"] == name))

    @property
    def rooms(self) -> Path:
        return self.folder / "state" / "training"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[RealBox]:
    (tmp_path / "box.toml").write_text(
        "\n".join(
            (
                f'[box]\nname = "真盒子"\nstate_dir = "{tmp_path}/state"\nruntime_dir = "{tmp_path}/run"',
                '[http]\nbind = "127.0.0.1"\nport = 0\nhosts = ["127.0.0.1", "localhost"]\nplain_port = 0',
                '[datacentre]\nrealm = "production"',
                "[readers]\npcsc = false\nbluetooth = false",
                f'[store]\nkey_file = "{tmp_path}/store.key"',
            )
        ),
        "utf-8",
    )
    command = [sys.executable, "-m", "visitbridge", "run", "--config", str(tmp_path / "box.toml")]
    log = tmp_path / "box.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            running = RealBox(tmp_path)
            _wait_ready(running, process)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_S)
            process.kill()


def _wait_ready(box: RealBox, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not (box.folder / "run" / "ready.json").exists():
        assert process.poll() is None, (box.folder / "box.log").read_text("utf-8")
        assert time.monotonic() < until
        time.sleep(0.1)


def insert(phone: Phone, card_id: str, reader: int = 0) -> None:
    """Into the reader with this index."""
    phone.go("/lessons")
    card = phone.page.locator(f"[data-card={card_id}]")
    card.get_by_role("button").nth(reader).click()
    expect(card.get_by_text("拔出")).to_be_visible()


def pull(phone: Phone, card_id: str) -> None:
    phone.go("/lessons")
    card = phone.page.locator(f"[data-card={card_id}]")
    card.get_by_role("button", name="拔出").click()
    expect(card.get_by_role("button")).to_have_count(2)


def go_in(phone: Phone, box: RealBox) -> None:
    """Pair, open the rooms, and enter them."""
    phone.pair(box.ready["pair_url"], "護理師手機", box.read_code)
    expect(phone.page.locator(".banner")).to_have_count(0)
    phone.go("/training")
    phone.page.click("#training-open")
    phone.page.locator("#training-enter").click()
    expect(phone.page.locator(".banner.training")).to_be_visible()


def let_it_be_eight_in_the_morning(phone: Phone) -> None:
    """In Taipei: then it is the eight hours of a sign-in that end, and not the day."""
    now = dt.datetime.now(TAIPEI)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ahead_s = (WORK_BEGINS_S - (now - midnight).total_seconds()) % DAY_S
    status = phone.page.evaluate(
        """async (advance_s) => (await fetch("/api/lab/time", {
            method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ advance_s }),
        })).status""",
        ahead_s,
    )
    assert status == 204
    phone.page.reload()
    expect(phone.strip_item("link")).to_have_text("健保VPN 正常")


def expect_all_done(phone: Phone) -> None:
    for flag in ("saved", "card", "vpn", "ic"):
        expect(phone.flag(flag)).to_have_class("flag done")


def test_T08_a_lesson_is_opened_passed_and_left_and_stays_in_the_rooms(box: RealBox, phone: Phone) -> None:
    page = phone.page
    go_in(phone, box)

    phone.go("/lessons")
    page.locator("[data-lesson=online] button").click()
    expect(page.locator("#lesson")).to_have_attribute("data-done", "0")
    insert(phone, "hpc-doctor")
    phone.sign_in(LAB_PIN)
    pull(phone, "hpc-doctor")
    insert(phone, "patient-wang")
    expect(page.locator("#lesson")).to_have_attribute("data-done", "2")
    phone.start_visit()
    phone.complain(COMPLAINT)
    phone.add_diagnosis("I10", "I10")
    phone.finish(4)
    expect_all_done(phone)
    phone.go("/lessons")
    expect(page.locator("#lesson .notice.good")).to_be_visible()

    expect(phone.strip_item("hpc_time")).to_be_visible()
    page.click("[data-lapse='28800']")
    expect(phone.strip_item("hpc_time")).to_have_count(0)
    page.click("#training-leave")
    expect(page.locator(".banner")).to_have_count(0)
    phone.go("/settings/box")
    expect(page.get_by_role("textbox", name="盒子名稱")).to_have_value("真盒子")

    outside = [path for path in box.folder.rglob("*") if path.is_file() and box.rooms not in path.parents]
    assert all(COMPLAINT.encode() not in path.read_bytes() for path in outside)
    trail = page.evaluate("async () => await (await fetch('/api/audit')).text()")
    assert "phone.pair" in trail
    assert "visit." not in trail
    phone.go("/training")
    page.click("#training-close")
    expect(page.locator("#training-open")).to_be_visible()
    assert not box.rooms.exists()
    assert phone.troubles == []


def test_F05_the_eight_hours_end_in_the_middle_of_a_visit_and_nothing_is_lost(
    box: RealBox, phone: Phone, artefacts: Path
) -> None:
    page = phone.page
    go_in(phone, box)
    let_it_be_eight_in_the_morning(phone)
    insert(phone, "hpc-doctor")
    phone.sign_in(LAB_PIN)
    expect(phone.strip_item("hpc_time")).to_contain_text("至 16:")
    pull(phone, "hpc-doctor")
    insert(phone, "patient-wang")
    phone.start_visit()
    draft = page.url.partition("#")[2]
    phone.complain(COMPLAINT)
    phone.add_diagnosis("I10", "I10")

    # The hours pass while the draft is open; the page says it, and what was written is there.
    phone.go("/lessons")
    page.click("[data-lapse='28800']")
    expect(phone.strip_item("hpc_time")).to_have_count(0)
    phone.go(draft)
    expect(page.locator(".banner.soft")).to_contain_text("醫事人員卡認證已到期")
    told = page.locator(".notice.warn")
    expect(told).to_contain_text("醫事人員卡認證已到期。")
    expect(told).to_contain_text("已填的內容都在。")
    expect(told).to_contain_text("請重新插卡輸入密碼")
    expect(page.locator("#subjective")).to_have_value(COMPLAINT)
    expect(page.locator("[data-diagnosis=I10]")).to_be_visible()
    phone.settle()
    phone.picture(artefacts, "expired-1-draft")
    page.fill("#objective", "血壓偏高")
    phone.expect_saved()
    page.click("#to-finish")
    expect(page.locator("[data-mode='4'] .row-detail")).to_contain_text("醫事人員卡")
    phone.settle()
    phone.picture(artefacts, "expired-2-finish")

    # Card and PIN again, and the visit goes on where it was.
    insert(phone, "hpc-doctor", reader=1)
    phone.go(draft)
    told.get_by_role("link").click()
    phone.settle()
    phone.picture(artefacts, "expired-3-sign-in")
    page.fill("#pin", LAB_PIN)
    page.click("#sign-in")
    expect(page.locator("#go-on")).to_be_visible()
    page.click("#go-on")
    expect(page.locator("#subjective")).to_have_value(COMPLAINT)
    expect(page.locator("#objective")).to_have_value("血壓偏高")
    expect(page.locator(".banner.soft")).to_have_count(0)
    pull(phone, "hpc-doctor")
    phone.go(draft)
    phone.finish(4)
    expect_all_done(phone)
    phone.settle()
    phone.picture(artefacts, "expired-4-done")
    assert phone.troubles == []
