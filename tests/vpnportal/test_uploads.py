"""Keys, digests and receipts of uploads (data-centre.md §1.2-1.5)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.vpnportal.box import Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.samples import NOW, OFFLINE_VISIT, upload_of
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus, digest_of


async def test_a_visit_is_taken_and_its_receipt_is_signed(portal: RunningPortal, box: Box) -> None:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    receipt = (await box.send("/visits", "k-1", body)).as_(Receipt)
    assert (receipt.key, receipt.kind, receipt.digest) == ("k-1", "visit", digest_of(body))
    assert (receipt.epoch, receipt.accepted_at) == (portal.database.epoch, NOW)
    assert box.bound is not None
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(box.bound.receipt_key_hex)).verify(
        bytes.fromhex(receipt.signature), receipt.signed_bytes()
    )


async def test_the_same_again_gets_the_same_receipt_and_has_one_effect(
    portal: RunningPortal, box: Box
) -> None:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    first = await box.send("/visits", "k-1", body)
    second = await box.send("/visits", "k-1", body)
    assert (first.status, first.body) == (200, second.body)
    assert portal.inbox() == [("k-1", "visit", body)]


async def test_another_body_under_a_used_key_is_a_conflict(portal: RunningPortal, box: Box) -> None:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    await box.send("/visits", "k-1", body)
    problem = (await box.send("/visits", "k-1", body + b" ")).problem(409, "key_conflict")
    assert problem.retry == "never"


async def test_asking_by_key(portal: RunningPortal, box: Box) -> None:
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    assert (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus) == ReceiptStatus(state="unknown_key")
    receipt = (await box.send("/visits", "k-1", body)).as_(Receipt)
    status = (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus)
    assert status == ReceiptStatus(state="receipt", receipt=receipt)
