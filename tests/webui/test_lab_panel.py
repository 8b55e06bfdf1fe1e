"""The lab panel: a card that leaves by itself at a chosen command (issue 5, Simulators)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.webui.fake_box import FakeBox
from tests.webui.phone import Phone

INSERT = "POST /api/lab/cards/other/insert"


@pytest.fixture
def panel(box: FakeBox, phone: Phone) -> Phone:
    box.answers[INSERT] = {}
    box.answers["GET /api/lab/state"] = free_reader(box.answers["GET /api/lab/state"])
    phone.open(f"{box.url}/#/lab")
    return phone


def free_reader(lab: dict[str, object]) -> dict[str, object]:
    """With one more reader, which is empty."""
    readers = lab["readers"]
    assert isinstance(readers, list)
    return lab | {"readers": [*readers, {"reader_id": "r3", "label": "讀卡機 3"}]}


def insert(panel: Phone, box: FakeBox) -> object:
    panel.page.get_by_role("button", name="把不是健保卡插入 讀卡機 3").click()
    panel.settle()
    return box.calls(INSERT)[-1]


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_card_is_put_in_that_leaves_at_a_chosen_command(
    box: FakeBox, panel: Phone, artefacts: Path, when: str
) -> None:
    panel.page.click(f"[data-leave={when}]")
    panel.page.fill("#leave-nth", "14")
    panel.picture(artefacts, f"lab-leave-{when}")
    assert insert(panel, box) == {"reader_id": "r3", "pull": {"when": when, "nth": 14}}


def test_a_card_stays_unless_it_was_told_to_leave(box: FakeBox, panel: Phone) -> None:
    expect(panel.page.locator("#leave-nth")).to_have_count(0)
    assert insert(panel, box) == {"reader_id": "r3"}


def test_each_card_tells_how_many_commands_it_got(panel: Phone, artefacts: Path) -> None:
    expect(panel.page.locator("[data-card=patient-1]")).to_contain_text("在 讀卡機 2 · 收到 2 個指令")
    expect(panel.page.locator("[data-card=patient-2]")).to_contain_text("沒有插入 · 在第 14 個指令被抽出")
    expect(panel.page.locator("[data-card=other] .row-detail")).to_have_text("沒有插入")
    panel.picture(artefacts, "lab-commands")
