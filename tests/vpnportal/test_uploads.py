"""Keys, digests and receipts of uploads (data-centre.md §1.2-1.5)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.checks.ic_samples import ABNORMAL, HEAD, ORDER, record, upload
from tests.vpnportal.portal import RunningPortal, open_running_portal
from tests.vpnportal.samples import NOW, OFFLINE_VISIT, VISIT_AT, upload_of
from visitbridge.domain.people import Institution
from visitbridge.protocols.datacentre.common import (
    MissingAnswer,
    MissingRequest,
    Receipt,
    ReceiptStatus,
    digest_of,
)
from visitbridge.protocols.datacentre.uploads import PrecheckAnswer, Recognition
from visitbridge.protocols.ic_upload.from_visit import build_ic_record
from visitbridge.protocols.ic_upload.xml import encode
from vpnportal.uploads import UNAMBIGUOUS

RECOGNITION = Recognition(
    card_no="900000000001",
    id_no="A123456788",
    recognised_at=VISIT_AT,
    visit_id="01930000-0000-7000-8000-00000000000a",
    offline=True,
)
IC_RECORD = upload(record(ABNORMAL, (ORDER,), HEAD | {"A01": "2"}))


@pytest.fixture
def body(portal: RunningPortal) -> bytes:
    return upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)


def numbered(number: int) -> Recognition:
    return msgspec.structs.replace(RECOGNITION, visit_id=f"visit-{number}")


async def test_a_receipt_says_what_was_taken_and_is_signed(
    portal: RunningPortal, box: Box, body: bytes
) -> None:
    receipt = (await box.send("/visits", "k-1", body)).as_(Receipt)
    assert (receipt.key, receipt.kind, receipt.digest) == ("k-1", "visit", digest_of(body))
    assert (receipt.epoch, receipt.accepted_at) == (portal.database.epoch, NOW)
    assert box.bound is not None
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(box.bound.receipt_key_hex)).verify(
        bytes.fromhex(receipt.signature), receipt.signed_bytes()
    )


@pytest.mark.parametrize(
    ("path", "kind", "upload"),
    [
        ("/ic-records", "ic_record", IC_RECORD),
        ("/recognitions", "recognition", RECOGNITION),
        ("/deliveries", "delivery", {"delivered_at": "2026-11-23T02:00:00Z"}),
    ],
)
async def test_every_kind_ends_in_a_receipt(box: Box, path: str, kind: str, upload: object) -> None:
    assert (await box.send(path, "k-1", upload)).as_(Receipt).kind == kind


async def test_the_same_again_gets_the_same_receipt_and_has_one_effect(
    portal: RunningPortal, box: Box, body: bytes
) -> None:
    first = await box.send("/visits", "k-1", body)
    second = await box.send("/visits", "k-1", body)
    assert (first.status, first.body) == (200, second.body)
    assert portal.inbox() == [("k-1", "visit", body)]


async def test_many_at_once_have_one_effect(portal: RunningPortal, box: Box, body: bytes) -> None:
    answers = await asyncio.gather(*(box.send("/visits", "k-1", body) for _ in range(8)))
    assert {answer.status for answer in answers} <= {200, 409}
    receipts = {answer.body for answer in answers if answer.status == 200}
    assert len(receipts) == 1
    assert len(portal.inbox()) == 1


@pytest.mark.parametrize("change", [b" ", b"\n"])
async def test_another_body_under_a_used_key_is_a_conflict(box: Box, body: bytes, change: bytes) -> None:
    await box.send("/visits", "k-1", body)
    assert (await box.send("/visits", "k-1", body + change)).problem(409, "key_conflict").retry == "never"


async def test_another_kind_under_a_used_key_is_a_conflict(box: Box) -> None:
    await box.send("/deliveries", "k-1", b"{}")
    (await box.send("/recognitions", "k-1", RECOGNITION)).problem(409, "key_conflict")


async def test_asking_by_key(box: Box, body: bytes) -> None:
    assert (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus) == ReceiptStatus(state="unknown_key")
    receipt = (await box.send("/visits", "k-1", body)).as_(Receipt)
    status = (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus)
    assert status == ReceiptStatus(state="receipt", receipt=receipt)


async def test_a_refused_upload_leaves_nothing_and_its_key_free(
    portal: RunningPortal, box: Box, body: bytes
) -> None:
    wrong = upload_of(OFFLINE_VISIT, "900000000000")
    problem = (await box.send("/visits", "k-1", wrong)).problem(422, "checks_failed")
    assert (problem.retry, problem.field, problem.checks[0].code) == ("never", "sam_id", "07")
    assert (await box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus).state == "unknown_key"
    assert portal.inbox() == []
    assert (await box.send("/visits", "k-1", body)).status == 200


async def test_a_visit_is_taken_once_whatever_the_key(portal: RunningPortal, box: Box, body: bytes) -> None:
    await box.send("/visits", "k-1", body)
    problem = (await box.send("/visits", "k-2", body)).problem(422, "checks_failed")
    assert [(check.code, check.field) for check in problem.checks] == [("C001", "visit.visit_id")]
    assert len(portal.inbox()) == 1


async def test_a_correction_needs_its_original_and_the_original_only_once(
    portal: RunningPortal, box: Box
) -> None:
    correction = upload(record(ABNORMAL, (), HEAD | {"A01": "4"}))
    early = (await box.send("/ic-records", "k-1", correction)).problem(422, "checks_failed")
    assert [check.code for check in early.checks] == ["D006"]
    assert (await box.send("/ic-records", "k-2", IC_RECORD)).status == 200
    again = (await box.send("/ic-records", "k-3", IC_RECORD)).problem(422, "checks_failed")
    assert [check.code for check in again.checks] == ["C001"]
    assert (await box.send("/ic-records", "k-4", correction)).status == 200


async def test_what_the_box_builds_for_an_offline_visit_passes(portal: RunningPortal, box: Box) -> None:
    practitioner = msgspec.structs.replace(OFFLINE_VISIT.practitioner, id_no="D100000001")
    visit = msgspec.structs.replace(OFFLINE_VISIT, practitioner=practitioner)
    built = encode([build_ic_record(visit, visit.sequence, sam_id=portal.device.sam.sam_id)])
    assert (await box.send("/ic-records", "k-1", built)).as_(Receipt).digest == digest_of(built)


@pytest.mark.parametrize(
    ("path", "upload", "findings"),
    [
        ("/ic-records/precheck", IC_RECORD, []),
        ("/ic-records/precheck", b"", [("02", "xml")]),
        ("/visits/precheck", upload_of(OFFLINE_VISIT, "900000000000"), [("07", "sam_id")]),
    ],
)
async def test_a_pre_check_finds_the_same_and_does_nothing(
    portal: RunningPortal, box: Box, path: str, upload: bytes, findings: list[tuple[str, str]]
) -> None:
    answer = (await box.ask("POST", path, upload)).as_(PrecheckAnswer)
    assert [(check.code, check.field) for check in answer.checks] == findings
    assert portal.inbox() == []


async def test_a_prescription_gets_a_code_that_can_be_read_aloud(box: Box, body: bytes) -> None:
    receipt = (await box.send("/visits", "k-1", body)).as_(Receipt)
    code = receipt.insurer["prescription_code"]
    assert len(code) == 8
    assert set(code) <= set(UNAMBIGUOUS)
    assert not set("01OIL") & set(UNAMBIGUOUS)


async def test_a_visit_without_orders_gets_none(portal: RunningPortal, box: Box) -> None:
    content = msgspec.structs.replace(OFFLINE_VISIT.content, orders=())
    visit = msgspec.structs.replace(OFFLINE_VISIT, content=content)
    receipt = (await box.send("/visits", "k-1", upload_of(visit, portal.device.sam.sam_id))).as_(Receipt)
    assert set(receipt.insurer) == {"visit_identifier"}
    assert len(receipt.insurer["visit_identifier"]) == 20


async def test_another_institution_neither_sees_nor_takes_a_key(portal: RunningPortal, box: Box) -> None:
    assert (await box.send("/deliveries", "k-1", b"{}")).status == 200
    elsewhere = portal.add_device("別家", Institution(code="9999999994", name="另一家"))
    async with open_box(portal.url, portal.ca_pem) as other:
        ticket = portal.issue_ticket(elsewhere.device_id)
        await other.bind(ticket.token, ticket.pin)
        await other.ask("POST", "/sam/verify")
        assert (await other.ask("GET", "/receipts/k-1")).as_(ReceiptStatus).state == "unknown_key"
        missing = await other.ask("POST", "/receipts/missing", MissingRequest(keys=("k-1",)))
        assert missing.as_(MissingAnswer).missing == ("k-1",)
        (await other.send("/deliveries", "k-1", b"{}")).problem(409, "key_conflict")


async def test_another_box_of_the_institution_may_settle_a_key(box: Box, other_box: Box) -> None:
    assert (await box.send("/deliveries", "k-1", b"{}")).status == 200
    assert (await other_box.ask("GET", "/receipts/k-1")).as_(ReceiptStatus).state == "receipt"


async def test_missing_names_what_is_not_held_in_the_order_of_asking(box: Box) -> None:
    for number in (1, 3):
        await box.send("/recognitions", f"k-{number}", numbered(number))
    keys = tuple(f"k-{number}" for number in range(1, 1200))
    answer = (await box.ask("POST", "/receipts/missing", MissingRequest(keys=keys))).as_(MissingAnswer)
    assert answer.missing == tuple(key for key in keys if key not in {"k-1", "k-3"})


@settings(max_examples=8, deadline=None)
@given(
    sends=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.binary(max_size=3)), min_size=1, max_size=12
    )
)
def test_any_order_of_sends_ends_in_one_effect_per_key(
    tmp_path_factory: pytest.TempPathFactory, sends: list[tuple[str, bytes]]
) -> None:
    asyncio.run(_check_sends(tmp_path_factory.mktemp("portal"), sends))


async def _check_sends(folder: Path, sends: list[tuple[str, bytes]]) -> None:
    """The first body under a key counts; the same again gets its receipt, any other a conflict."""
    async with open_running_portal(folder) as portal, open_box(portal.url, portal.ca_pem) as box:
        ticket = portal.issue_ticket()
        await box.bind(ticket.token, ticket.pin)
        await box.ask("POST", "/sam/verify")
        model: dict[str, bytes] = {}
        for key, raw in sends:
            body = msgspec.json.encode({"content": raw})
            answer = await box.send("/deliveries", key, body)
            assert answer.status == (200 if model.setdefault(key, body) == body else 409)
        assert sorted(portal.inbox()) == sorted((key, "delivery", body) for key, body in model.items())
