"""Taking in the hand-off file of a box: the same checks, keys and receipts as by the link (beyond #17)."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.vpnportal.box import DEVICE, Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW, OFFLINE_VISIT, upload_of
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import MissingRequest, Problem, Receipt, ReceiptStatus, digest_of
from visitbridge.protocols.datacentre.device import DeviceStatus
from visitbridge.protocols.datacentre.handoff import (
    Handoff,
    HandoffItem,
    Refused,
    RefusedAnswer,
    public_key,
    seal,
)
from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.app import build_upload_desk
from vpnportal.devices import set_enabled
from vpnportal.folders import make_folders
from vpnportal.handoff import Taken, load_handoff_key, take_in
from vpnportal.receipts import ReceiptBook, load_signing_key


async def file_of(
    box: Box,
    portal: RunningPortal,
    *items: HandoffItem,
    sheet_id: str = "",
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Sealed to the key that the portal tells its boxes, signed with ``key`` or the box's own."""
    status = (await box.ask("GET", "/device")).as_(DeviceStatus)
    handoff = Handoff(
        handoff_id="h-1",
        institution=portal.device.institution.code,
        sheet_id=sheet_id or DEVICE.sheet_id,
        made_at=NOW,
        items=items,
    )
    signer = key or box.key
    return seal(
        handoff,
        public_key(status.handoff_key_hex),
        lambda data: signer.sign(data, ec.ECDSA(hashes.SHA256())),
    )


async def take(portal: RunningPortal, file: bytes) -> list[Taken]:
    keys = make_folders(portal.folder).keys
    receipts = ReceiptBook(portal.database, load_signing_key(keys), portal.clock)
    desk = build_upload_desk(portal.database, receipts, portal.clock)
    return [taken async for taken in take_in(file, load_handoff_key(keys), portal.database, desk, at=NOW)]


def visit_item(portal: RunningPortal, key: str = "k-1") -> HandoffItem:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    return HandoffItem(kind=UploadKind.VISIT, key=key, body=body)


async def test_a_disabled_boxs_file_is_taken_in(portal: RunningPortal, box: Box) -> None:
    file = await file_of(box, portal, visit_item(portal))
    device_id = portal.device.device_id
    portal.database.transact(lambda connection: set_enabled(connection, device_id, enabled=False))

    assert await take(portal, file) == [Taken(UploadKind.VISIT, "k-1")]


async def test_an_item_ends_in_the_receipt_that_the_box_then_finds(portal: RunningPortal, box: Box) -> None:
    item = visit_item(portal)
    file = await file_of(box, portal, item)
    first, again = await take(portal, file), await take(portal, file)

    assert first == again == [Taken(UploadKind.VISIT, "k-1")]
    assert portal.inbox() == [("k-1", "visit", item.body)]
    status = (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus)
    assert status.receipt is not None
    assert status.receipt.digest == digest_of(item.body)
    assert (await box.send("/visits", "k-1", item.body)).as_(Receipt) == status.receipt


async def test_one_refused_item_stops_no_other(portal: RunningPortal, box: Box) -> None:
    bad = HandoffItem(kind=UploadKind.RECOGNITION, key="k-0", body=b"{")
    taken = await take(portal, await file_of(box, portal, bad, visit_item(portal)))

    assert [(each.key, each.code) for each in taken] == [("k-0", "malformed"), ("k-1", "")]


async def refused(box: Box, *keys: str) -> tuple[Refused, ...]:
    return (await box.ask("POST", "/handoffs/refused", MissingRequest(keys=keys))).as_(RefusedAnswer).refused


async def test_a_refusal_is_kept_for_the_box_to_ask_about(portal: RunningPortal, box: Box) -> None:
    bad = HandoffItem(kind=UploadKind.VISIT, key="k-0", body=upload_of(OFFLINE_VISIT, "000000000000"))
    file = await file_of(box, portal, bad, visit_item(portal))
    await take(portal, file)
    await take(portal, file)

    by_link = await box.send("/visits", "k-2", bad.body)
    (found,) = await refused(box, "k-0", "k-1", "never")
    assert (found.key, found.digest) == ("k-0", digest_of(bad.body))
    assert (found.problem.field, found.problem.checks[0].code) == ("sam_id", "07")
    assert msgspec.json.decode(by_link.body, type=Problem).field == found.problem.field


async def test_a_refusal_is_over_once_there_is_a_receipt(portal: RunningPortal, box: Box) -> None:
    item = HandoffItem(kind=UploadKind.DELIVERY, key="k-0", body=b"{}")
    await take(portal, await file_of(box, portal, msgspec.structs.replace(item, kind=UploadKind.VISIT)))
    before = await refused(box, "k-0")
    await take(portal, await file_of(box, portal, item))

    assert [each.key for each in before] == ["k-0"]
    assert await refused(box, "k-0") == ()


async def test_a_box_that_is_not_bound_here_is_refused(portal: RunningPortal, box: Box) -> None:
    with pytest.raises(FieldInvalid) as caught:
        await take(portal, await file_of(box, portal, visit_item(portal), sheet_id="another"))

    assert caught.value.field == "file"
    assert portal.inbox() == []


async def test_a_file_that_another_signed_in_the_boxs_name_is_refused(
    portal: RunningPortal, box: Box
) -> None:
    forged = await file_of(box, portal, visit_item(portal), key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(FieldInvalid) as caught:
        await take(portal, forged)

    assert caught.value.field == "file"
    assert portal.inbox() == []


async def run_import(portal: RunningPortal, content: bytes) -> tuple[int | None, str]:
    """``vpnportal handoff import`` as a process of its own, beside the running portal; status and all output."""
    file = portal.folder / "box.handoff"
    file.write_bytes(content)
    command = ("-m", "vpnportal", "handoff", "import", str(file), "--dir", str(portal.folder))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_the_command_works_beside_a_running_portal(portal: RunningPortal, box: Box) -> None:
    delivery = HandoffItem(kind=UploadKind.DELIVERY, key="k-1", body=b"{}")
    bad = HandoffItem(kind=UploadKind.RECOGNITION, key="k-0", body=b"{")
    status, output = await run_import(portal, await file_of(box, portal, bad, delivery))

    assert status == 0
    assert output == "refused  recognition  k-0  malformed\n1 taken, 1 refused\n"
    assert portal.inbox() == [("k-1", "delivery", b"{}")]


async def test_the_command_names_what_is_wrong_with_a_file(portal: RunningPortal, box: Box) -> None:
    status, output = await run_import(portal, (await file_of(box, portal, visit_item(portal)))[:-1])

    assert (status, output) == (1, "vpnportal: file: damaged, or sealed to another key\n")
    assert portal.inbox() == []
