"""Every fault of data-centre.md §4 over TLS: what the box sees, and what is true afterwards."""

from __future__ import annotations

import asyncio
import datetime as dt

import aiohttp
import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.lab import LabClient
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.relay import sign_in
from tests.vpnportal.samples import NOW, OFFLINE_VISIT, upload_of
from visitbridge.protocols.datacentre.common import MissingAnswer, MissingRequest, Receipt, ReceiptStatus
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.records import RecordsQuery

VISITS = "POST /visits"

RECOGNITION = {
    "card_no": "900000000001",
    "id_no": "A123456788",
    "recognised_at": NOW - dt.timedelta(minutes=1),
    "visit_id": "01930000-0000-7000-8000-00000000000a",
    "offline": True,
}


@pytest.fixture
def body(portal: RunningPortal) -> bytes:
    return upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)


async def status_of(box: Box, key: str) -> str:
    return (await box.ask("GET", f"/receipts/{key}")).as_(ReceiptStatus).state


async def test_a_lost_reply_has_its_effect(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "lose_reply")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await box.send("/visits", "k-1", body)
    assert await status_of(box, "k-1") == "receipt"
    again = (await box.send("/visits", "k-1", body)).as_(Receipt)
    assert again == (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus).receipt
    assert portal.inbox() == [("k-1", "visit", body)]


async def test_a_refused_connection_has_none(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "refuse")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await box.send("/visits", "k-1", body)
    assert await status_of(box, "k-1") == "unknown_key"
    assert portal.inbox() == []


@pytest.mark.parametrize(("fault", "status"), [("error_500", 500), ("unavailable_503", 503)])
async def test_an_error_before_acting_may_be_tried_again(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes, fault: str, status: int
) -> None:
    await lab.arm(VISITS, fault, retry_after_s=7)
    answer = await box.send("/visits", "k-1", body)
    assert answer.problem(status, "unavailable").retry == "later"
    assert answer.headers.get("Retry-After") == {500: None, 503: "7"}[status]
    assert portal.inbox() == []
    assert (await box.send("/visits", "k-1", body)).status == 200


async def test_a_garbled_answer_has_its_effect(box: Box, lab: LabClient, body: bytes) -> None:
    await lab.arm(VISITS, "malformed_body")
    assert (await box.send("/visits", "k-1", body)).body == b'{"broken'
    assert await status_of(box, "k-1") == "receipt"


async def test_another_epoch_on_one_answer(portal: RunningPortal, box: Box, lab: LabClient) -> None:
    await lab.arm("GET /device", "wrong_epoch")
    first, second = await box.ask("GET", "/device"), await box.ask("GET", "/device")
    assert first.headers["DC-Epoch"] == "0" * 32
    assert second.headers["DC-Epoch"] == portal.database.epoch


async def test_a_doubled_request_has_one_effect(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "accept_twice")
    assert (await box.send("/visits", "k-1", body)).status == 200
    assert portal.inbox() == [("k-1", "visit", body)]


async def test_a_rejection_names_code_field_and_words_and_frees_the_key(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "reject", check_code="AD02", field="visit.sequence.number", words="測試")
    problem = (await box.send("/visits", "k-1", body)).problem(422, "checks_failed")
    assert [(check.code, check.field, check.words) for check in problem.checks] == [
        ("AD02", "visit.sequence.number", "測試")
    ]
    assert portal.inbox() == []
    assert (await box.send("/visits", "k-1", body)).status == 200


async def test_a_delay_only_delays(box: Box, lab: LabClient, body: bytes) -> None:
    await lab.arm(VISITS, "delay", seconds=0.05)
    assert (await box.send("/visits", "k-1", body)).status == 200
    assert await lab.seen() == [(1, 1)]


async def test_a_stalled_request_is_never_served(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "stall", seconds=3600)
    sending = asyncio.ensure_future(box.send("/visits", "k-1", body))
    while await lab.seen() != [(1, 1)]:
        pass
    assert not sending.done()
    await lab.call("DELETE", "/faults")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await sending
    assert portal.inbox() == []


async def test_a_request_at_work_is_in_progress_and_its_double_is_told_so(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await lab.arm(VISITS, "delay_work", seconds=3600)
    sending = asyncio.ensure_future(box.send("/visits", "k-1", body))
    while await status_of(box, "k-1") != "in_progress":
        pass
    double = await box.send("/visits", "k-1", body)
    assert double.problem(409, "in_progress").retry == "later"
    await lab.call("DELETE", "/faults")
    assert (await sending).status == 200
    assert await status_of(box, "k-1") == "receipt"
    assert len(portal.inbox()) == 1


@pytest.mark.parametrize("fault", ["expire_certificate", "revoke_certificate"])
async def test_a_certificate_that_ends_in_the_middle(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes, fault: str
) -> None:
    await lab.arm(VISITS, fault)
    (await box.send("/visits", "k-1", body)).problem(401, "certificate_refused")
    (await box.ask("GET", "/device")).problem(401, "certificate_refused")
    assert portal.inbox() == []


async def test_a_staff_token_that_ends_in_the_middle(box: Box, lab: LabClient) -> None:
    staff = await sign_in(box)
    await lab.arm("POST /records/query", "expire_token")
    answer = await box.ask(
        "POST", "/records/query", RecordsQuery(id_no="A123456788"), headers={"Staff-Token": staff.token}
    )
    answer.problem(403, "staff_required")


async def test_a_box_that_is_disabled_in_the_middle(box: Box, lab: LabClient, body: bytes) -> None:
    await lab.arm(VISITS, "disable_device")
    assert (await box.send("/visits", "k-1", body)).status == 200
    (await box.ask("POST", "/staff/sessions")).problem(403, "device_disabled")
    assert not (await box.ask("GET", "/device")).as_(DeviceStatus).enabled


async def test_a_clock_that_jumps(box: Box, lab: LabClient) -> None:
    await lab.arm("GET /device", "clock_offset", offset_s=3600)
    assert (await box.ask("GET", "/device")).headers["DC-Time"] == "2026-11-23T03:00:00.000Z"


async def test_a_restore_brings_a_new_epoch_that_lacks_what_came_later(
    portal: RunningPortal, box: Box, lab: LabClient, body: bytes
) -> None:
    await box.send("/recognitions", "before", RECOGNITION)
    assert (await lab.call("POST", "/backups", {"name": "morning"}))[0] == 201
    await box.send("/visits", "after", body)
    old = portal.database.epoch
    await lab.arm("POST /receipts/missing", "restore", backup="morning")
    answer = await box.ask("POST", "/receipts/missing", MissingRequest(keys=("before", "after")))
    assert answer.as_(MissingAnswer).missing == ("after",)
    assert answer.headers["DC-Epoch"] == portal.database.epoch != old
    assert (await box.send("/visits", "after", body)).as_(Receipt).epoch == portal.database.epoch


async def test_only_the_named_occurrences_are_hit(box: Box, lab: LabClient) -> None:
    await lab.arm("GET /device", "error_500", occurrence=2, times=2)
    statuses = [(await box.ask("GET", "/device")).status for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert await lab.seen() == [(4, 2)]


async def test_a_fault_can_be_for_every_request(box: Box, lab: LabClient) -> None:
    await lab.arm("*", "error_500", times=100)
    assert [(await box.ask("GET", path)).status for path in ("/device", "/datasets")] == [500, 500]


async def test_a_path_with_a_value_is_named_by_its_template(box: Box, lab: LabClient) -> None:
    await lab.arm("GET /receipts/{key}", "error_500")
    assert (await box.ask("GET", "/receipts/k-1")).status == 500
