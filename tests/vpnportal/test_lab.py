"""Lab control: only for a lab, only for programs on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.lab import LabClient
from tests.vpnportal.portal import RunningPortal, open_running_portal
from tests.vpnportal.samples import OFFLINE_VISIT, upload_of
from tests.vpnportal.test_uploads import IC_RECORD
from visitbridge.protocols.datacentre.device import decode_ticket
from vpnportal.lab_data import LAB_DEVICE


async def test_a_portal_without_the_lab_has_no_lab(tmp_path: Path) -> None:
    async with open_running_portal(tmp_path, lab=False) as portal, open_box(portal.url, portal.ca_pem) as box:
        assert portal.lab_url == ""
        assert (await box.ask("GET", "/../../lab/state")).status == 404
        assert not any(path.startswith("/lab") for _, path in portal.routes())


async def test_the_clock_is_set(portal: RunningPortal, bound: Box, lab: LabClient) -> None:
    status, answer = await lab.call("POST", "/clock", {"offset_s": 86400})
    assert (status, answer) == (200, {"now": "2026-11-24T02:00:00Z", "clock_offset_s": 86400.0})
    assert (await bound.ask("GET", "/device")).headers["DC-Time"].startswith("2026-11-24")


async def test_the_inbox_shows_what_came(portal: RunningPortal, box: Box, lab: LabClient) -> None:
    await box.send("/visits", "k-1", upload_of(OFFLINE_VISIT, portal.device.sam.sam_id))
    await box.send("/ic-records", "k-2", IC_RECORD)
    _, inbox = await lab.call("GET", "/inbox")
    assert [receipt["key"] for receipt in inbox["receipts"]] == ["k-1", "k-2"]
    assert inbox["visits"][0]["body"]["visit"]["visit_id"] == OFFLINE_VISIT.visit_id
    assert inbox["ic_records"][0]["body"] == IC_RECORD.decode("big5")
    assert (inbox["recognitions"], inbox["deliveries"]) == ([], [])


async def test_a_ticket_from_the_lab_binds_a_box(
    portal: RunningPortal, stranger: Box, lab: LabClient
) -> None:
    status, handout = await lab.call("POST", "/tickets", {"url": "https://relay.test:1"})
    assert status == 201
    assert handout["qr_png_data_url"].startswith("data:image/png;base64,iVBOR")
    ticket = decode_ticket(handout["ticket"])
    assert (ticket.url, ticket.ca_pem) == ("https://relay.test:1", portal.ca_pem)
    await stranger.bind(ticket.token, handout["pin"])
    assert portal.device.bound_at is not None


async def test_a_ticket_names_this_portal_by_itself(portal: RunningPortal, lab: LabClient) -> None:
    _, handout = await lab.call("POST", "/tickets", {})
    assert decode_ticket(handout["ticket"]).url == portal.url


@pytest.mark.parametrize(
    ("act", "enabled", "orders"),
    [("disable", False, ("disable",)), ("erase", False, ("disable", "erase")), ("enable", True, ())],
)
async def test_devices_are_stopped_and_started(
    portal: RunningPortal, bound: Box, lab: LabClient, act: str, enabled: bool, orders: tuple[str, ...]
) -> None:
    assert (await lab.call("POST", f"/devices/{LAB_DEVICE}/{act}"))[0] == 204
    assert (portal.device.enabled, portal.device.orders) == (enabled, orders)


async def test_a_restore_is_done_at_once(portal: RunningPortal, lab: LabClient) -> None:
    await lab.call("POST", "/backups", {"name": "one"})
    old = portal.database.epoch
    status, answer = await lab.call("POST", "/restore", {"name": "one"})
    assert (status, answer["epoch"]) == (200, portal.database.epoch)
    assert portal.database.epoch != old


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/faults", {"route": "*", "fault": "explode"}, 400),
        ("POST", "/faults", {"route": "*", "fault": "delay", "unknown": 1}, 400),
        ("POST", "/faults", {"route": "*", "fault": "delay", "occurrence": 0}, 400),
        ("POST", "/faults", {"route": "*", "fault": "restore", "backup": "none"}, 422),
        ("POST", "/clock", {"offset_s": "x"}, 400),
        ("POST", "/tickets", {"name": "nobody"}, 422),
        ("POST", "/backups", {"name": "../x"}, 422),
        ("POST", "/restore", {"name": "none"}, 422),
        ("GET", "/nowhere", None, 404),
    ],
)
async def test_orders_that_make_no_sense(
    lab: LabClient, method: str, path: str, body: object, status: int
) -> None:
    answer = await lab.call(method, path, body)
    assert answer[0] == status
    assert answer[1]["status"] == status


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {"Host": "evil.test"}])
async def test_web_pages_are_kept_out(portal: RunningPortal, lab: LabClient, headers: dict[str, str]) -> None:
    status, _ = await lab.call("POST", "/clock", {"offset_s": 86400}, **headers)
    assert status == 403
    assert portal.clock.offset_s == 0.0
