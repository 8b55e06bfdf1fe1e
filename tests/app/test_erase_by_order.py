"""The institution's order over real TLS: disabled at once, work still comes in, erased only when a person confirmed (B11)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.app.box import RunningBox, config_for, running_box
from tests.patience import PATIENCE_S
from tests.vpnportal.portal import RunningPortal, open_running_portal
from visitbridge.adapters.keys import RING_FILES
from visitbridge.config import Config, LinkSection
from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from vpnportal.devices import set_enabled
from vpnportal.erase_orders import EraseCase, confirm_erasure, last_case, order_erasure


def quick(folder: Path) -> Config:
    return msgspec.structs.replace(config_for(folder), link=LinkSection(probe_good_s=0.2, good_after_s=0.1))


async def bind(box: RunningBox, portal: RunningPortal) -> None:
    ticket = portal.issue_ticket()
    text = encode_ticket(BindTicket(url=portal.url, token=ticket.token, ca_pem=portal.ca_pem))
    status, _ = await box.ask(
        "POST", "/api/box/binding", json={"ticket": text, "pin": ticket.pin, "name": "測試盒"}
    )
    assert status == 200


def case_of(portal: RunningPortal) -> EraseCase | None:
    device_id = portal.device.device_id
    return portal.database.transact(lambda connection: last_case(connection, device_id))


def state_of(portal: RunningPortal) -> str:
    case = case_of(portal)
    return "none" if case is None else case.state


async def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def seen(box: RunningBox, topic: str, name: str, value: object) -> None:
    """Wait until the phones are told so."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (await box.ask("GET", "/api/state"))[1][topic].get(name) != value:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def test_an_order_is_answered_and_obeyed_only_after_its_confirmation(tmp_path: Path) -> None:
    """Y09: a stolen box."""
    config = quick(tmp_path)
    async with open_running_portal(tmp_path / "portal") as portal, running_box(config) as box:
        await box.pair()
        await bind(box, portal)
        device = portal.device
        portal.database.transact(lambda connection: order_erasure(connection, device, portal.clock.now()))
        await until(lambda: state_of(portal) == "reported")
        await seen(box, "box", "enabled", False)
        _, state = await box.ask("GET", "/api/state")
        _, refused = await box.ask("POST", "/api/visits", json={"reader_id": "r"})
        portal.database.transact(
            lambda connection: confirm_erasure(connection, device, unsent=0, now=portal.clock.now())
        )
        await box.wait_next()
        case = case_of(portal)

    assert case is not None
    assert (case.state, case.unsent) == ("erased", 0)
    assert state["erasure"]["unsent"] == 0
    assert refused["error"]["code"] in {"GW-DC-05", "GW-ACC-02"}
    assert not any((config.box.state_dir / name).exists() for name in RING_FILES)


async def test_B10_B11_a_disabled_box_tells_its_phones_and_is_told_when_that_is_over(tmp_path: Path) -> None:
    async with (
        open_running_portal(tmp_path / "portal") as portal,
        running_box(quick(tmp_path)) as box,
    ):
        await box.pair()
        await bind(box, portal)
        device_id = portal.device.device_id
        portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))
        await seen(box, "box", "enabled", False)
        await seen(box, "link", "link", "good")
        portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=True))
        await seen(box, "box", "enabled", True)
