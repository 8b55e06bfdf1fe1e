"""停用與清除 on the office's pages: step by step, by whose box it is, and written down (B11, Y09)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.portal import RunningPortal, open_running_portal
from tests.vpnportal.test_office import ALL, ELSEWHERE, Browser, open_browser
from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.erasure import EraseReport
from vpnportal.lab_data import LAB_DEVICE


@pytest.fixture
async def portal(tmp_path: Path) -> AsyncIterator[RunningPortal]:
    async with open_running_portal(tmp_path, office=True) as running:
        yield running


@pytest.fixture
async def box(portal: RunningPortal) -> AsyncIterator[Box]:
    async with open_box(portal.url, portal.ca_pem) as opened:
        ticket = portal.issue_ticket()
        await opened.bind(ticket.token, ticket.pin)
        yield opened


@pytest.fixture
async def browser(portal: RunningPortal) -> AsyncIterator[Browser]:
    async with open_browser(portal) as opened:
        await opened.enter(ALL)
        yield opened


@pytest.fixture
def ending(portal: RunningPortal) -> str:
    return f"/boxes/{portal.device.device_id}/ending"


async def status(box: Box) -> DeviceStatus:
    return (await box.ask("GET", "/device")).as_(DeviceStatus)


async def tell(box: Box, unsent: int) -> None:
    order = (await status(box)).erase
    assert order is not None
    report = EraseReport(order_id=order.order_id, state="ready", unsent=unsent, oldest_at=None)
    assert (await box.ask("POST", "/device/erasure", report)).status == 204


async def test_B11_a_box_is_disabled_and_enabled_again(
    browser: Browser, box: Box, portal: RunningPortal, ending: str
) -> None:
    _, page = await browser.get(ending)
    assert "停用這個盒子" in page
    assert portal.device.enabled, "looking changes nothing"

    assert (await browser.post(f"{ending}/disable"))[0] == 303
    disabled = portal.device.enabled
    assert (await browser.post(f"{ending}/enable"))[0] == 303

    assert (disabled, portal.device.enabled) == (False, True)
    _, shown = await browser.get(ending.removesuffix("/ending"))
    assert re.findall("王管理員　(停用|恢復啟用)", shown) == ["恢復啟用", "停用"]


async def test_B11_erasing_takes_its_name_its_answer_and_its_number(
    browser: Browser, box: Box, portal: RunningPortal, ending: str
) -> None:
    wrong_name, _ = await browser.post(f"{ending}/erase", name="另一個")
    early, _ = await browser.post(f"{ending}/erase-confirm", unsent="0")
    assert (await status(box)).erase is None
    assert (await browser.post(f"{ending}/erase", name=LAB_DEVICE))[0] == 303
    waiting, _ = await browser.post(f"{ending}/erase-confirm", unsent="0")
    await tell(box, 3)
    _, page = await browser.get(ending)
    wrong_number, trouble = await browser.post(f"{ending}/erase-confirm", unsent="2")
    before = (await status(box)).erase
    assert (await browser.post(f"{ending}/erase-confirm", unsent="3"))[0] == 303
    order = (await status(box)).erase

    assert (wrong_name, early, waiting, wrong_number) == (400, 400, 400, 400)
    assert "輸入會失去的件數「3」" in page
    assert "件數和盒子回報的不同" in trouble
    assert before is not None
    assert order is not None
    assert (before.step, order.step, order.unsent) == ("prepare", "confirm", 3)
    _, shown = await browser.get(ending.removesuffix("/ending"))
    assert re.findall("王管理員　(要求清除|確認清除)　(.*?)<", shown) == [
        ("確認清除", "3 件"),
        ("要求清除", ""),
    ]


@pytest.mark.parametrize("act", ["erase-withdraw", "enable"])
async def test_B11_an_order_is_withdrawn(browser: Browser, box: Box, ending: str, act: str) -> None:
    await browser.post(f"{ending}/erase", name=LAB_DEVICE)
    await tell(box, 0)

    assert (await browser.post(f"{ending}/{act}"))[0] == 303

    told = await status(box)
    assert (told.erase, "erase" in told.orders, told.enabled) == (None, False, act == "enable")


@pytest.mark.parametrize("act", ["disable", "enable", "erase", "erase-confirm", "erase-withdraw"])
async def test_another_institution_ends_nothing_here(
    browser: Browser, box: Box, portal: RunningPortal, ending: str, act: str
) -> None:
    portal.add_device("別家的盒子", Institution(code="9999999994", name="別家"))
    await browser.enter(ELSEWHERE)
    assert (await browser.get(ending))[0] == 404

    found, _ = await browser.post(f"{ending}/{act}", name=LAB_DEVICE, unsent="0")

    assert found == 404
    assert portal.device.enabled


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
async def test_another_site_ends_nothing(
    browser: Browser, box: Box, portal: RunningPortal, ending: str, origin: str
) -> None:
    assert (await browser.post(f"{ending}/disable", origin=origin))[0] == 403
    assert portal.device.enabled


async def test_an_act_that_is_none_is_not_there(browser: Browser, ending: str) -> None:
    assert (await browser.post(f"{ending}/explode"))[0] == 404
