"""設定資料組別: whose data sets the box uses, and changing it (B13, S02)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui import record_samples, samples
from tests.webui.fake_box import FakeBox, Refusal
from tests.webui.phone import Phone

STATUS = "GET /api/datasets/status"
CHOOSE = "PUT /api/datasets/group"


def status(*groups: str, loaded: str = "default") -> dict[str, Any]:
    return {**record_samples.DATASET_STATUS, "groups": list(groups), "loaded_group": loaded}


@pytest.fixture(autouse=True)
def _two_groups(box: FakeBox) -> None:
    box.answers |= {**record_samples.ANSWERS, STATUS: status("default", "hospice")}


def test_S02_another_group_is_chosen_and_shown_as_the_one_in_use(box: FakeBox, phone: Phone) -> None:
    used = samples.box(dataset_group="hospice")

    def choose(_: Any) -> list[Any]:
        box.answers[STATUS] = status("default", "hospice", loaded="hospice")
        box.topics["box"] = used
        return []

    box.answers[CHOOSE] = choose
    phone.open(f"{box.url}/#/settings")
    expect(phone.page.locator("a[href='#/settings/datasets']")).to_contain_text("default")
    phone.page.click("a[href='#/settings/datasets']")
    expect(phone.page.locator("[name=dataset-group][value=default]")).to_be_checked()
    expect(phone.page.locator("#use-group")).to_have_count(0)
    phone.page.locator("[name=dataset-group][value=hospice]").check()
    phone.page.click("#use-group")

    assert box.wait_calls(CHOOSE) == [{"group": "hospice"}]
    box.put("box", used)
    expect(phone.page.locator("#app > [role=status]")).to_contain_text("已改用資料組別 hospice")
    expect(phone.page.locator(".choice", has_text="hospice")).to_contain_text("現在用的")
    expect(phone.page.locator("#use-group")).to_have_count(0)
    expect(phone.page.locator("#dataset-group .notice.warn")).to_have_count(0)


def test_S02_a_group_that_came_in_part_only_says_what_visits_use_meanwhile(
    box: FakeBox, phone: Phone
) -> None:
    box.topics["box"] = samples.box(dataset_group="hospice")
    phone.open(f"{box.url}/#/settings/datasets")
    notice = phone.page.locator("#dataset-group .notice.warn")

    expect(notice).to_contain_text("已改用 hospice，但還沒有全部下載")
    expect(notice).to_contain_text("看診先用 default 的舊資料")
    expect(phone.page.locator("#refresh-datasets")).to_be_enabled()


def test_S02_what_was_refused_is_said_in_the_insurers_words(box: FakeBox, phone: Phone) -> None:
    def refuse(_: Any) -> Any:
        raise Refusal(409, "GW-LNK-03")

    box.answers[CHOOSE] = refuse
    phone.open(f"{box.url}/#/settings/datasets")
    phone.page.locator("[name=dataset-group][value=hospice]").check()
    phone.page.click("#use-group")

    expect(phone.page.locator("#dataset-group").get_by_role("alert")).to_contain_text("GW-LNK-03")
    expect(phone.page.locator(".choice", has_text="default")).to_contain_text("現在用的")


@pytest.mark.parametrize(
    ("topics", "groups", "says"),
    [
        ({"phone": samples.phone_topic(role="user")}, ("default", "hospice"), "請用技術人員或負責人的手機"),
        ({}, ("default",), "機構只有這一組"),
        ({}, (), "還不知道機構有哪些組"),
    ],
    ids=["no technician", "one group", "never told"],
)
def test_S02_where_nothing_can_be_chosen_the_group_is_told_with_the_reason(
    box: FakeBox, phone: Phone, topics: dict[str, Any], groups: tuple[str, ...], says: str
) -> None:
    box.topics |= topics
    box.answers[STATUS] = status(*groups)
    phone.open(f"{box.url}/#/settings/datasets")
    group = phone.page.locator("#dataset-group")

    expect(group).to_contain_text("資料組別 default")
    expect(group).to_contain_text(says)
    expect(group.locator("input, button")).to_have_count(0)


def test_S02_without_the_vpn_the_button_says_what_it_lacks(box: FakeBox, phone: Phone) -> None:
    box.topics["link"] = samples.link("down", "host")
    phone.open(f"{box.url}/#/settings/datasets")
    phone.page.locator("[name=dataset-group][value=hospice]").check()

    expect(phone.page.locator("#use-group")).to_be_disabled()
    expect(phone.page.locator("#use-group")).to_contain_text("要先連上健保VPN")
