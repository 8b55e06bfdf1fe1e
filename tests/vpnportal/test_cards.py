"""Card sessions over TLS, and what an upload may claim after them (data-centre.md §1.1, §3)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.vpnportal.box import Box, open_box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.relay import finish_card_session, run_card_session, sign_in
from tests.vpnportal.samples import INSTITUTION, OFFLINE_VISIT, PATIENT, VISIT_AT, upload_of
from visitbridge.domain.people import Institution
from visitbridge.domain.roc import roc_time
from visitbridge.domain.visit import Identification, Sequence, Visit
from visitbridge.protocols.datacentre.cards import OpenCardSession, SessionStep, WriteIntent
from visitbridge.protocols.datacentre.common import Receipt, ReceiptStatus
from visitbridge.sim.card import build_card

INTENT = WriteIntent(
    key="card-1",
    card_no=PATIENT.card_no,
    visit_time=roc_time(VISIT_AT),
    institution=INSTITUTION.code,
    visit_type="01",
    diagnoses=OFFLINE_VISIT.content.diagnoses,
)


def card_visit(number: str, at: dt.datetime = VISIT_AT) -> Visit:
    sequence = Sequence(number=number, source="card", taken_at=at)
    return msgspec.structs.replace(
        OFFLINE_VISIT, identification=Identification.CARD, sequence=sequence, visit_at=at
    )


async def test_a_written_card_gives_a_durable_receipt(portal: RunningPortal, box: Box) -> None:
    staff = await sign_in(box)
    result = await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
    assert result.receipt is not None
    assert (result.receipt.key, result.receipt.kind) == ("card-1", "card_visit")
    status = (await box.ask("GET", "/receipts/card-1")).as_(ReceiptStatus)
    assert status.receipt == result.receipt


async def test_writing_the_same_visit_again_changes_nothing_on_the_card(box: Box) -> None:
    staff, card = await sign_in(box), build_card("patient-wang")
    first = await run_card_session(box, card, "write_visit", staff.token, INTENT)
    memory = card.snapshot()
    second = await run_card_session(box, card, "write_visit", staff.token, INTENT)
    assert first.receipt == second.receipt
    assert card.snapshot().records == memory.records


async def test_a_visit_with_the_number_of_its_card_is_taken(portal: RunningPortal, box: Box) -> None:
    staff = await sign_in(box)
    result = await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
    assert result.receipt is not None
    body = upload_of(card_visit(result.receipt.insurer["sequence_no"]), portal.device.sam.sam_id)
    assert (await box.send("/visits", "v-1", body)).as_(Receipt).kind == "visit"


@pytest.mark.parametrize("number", ["0001", "1500"])
async def test_a_number_that_no_card_gave_is_refused(portal: RunningPortal, box: Box, number: str) -> None:
    answer = await box.send("/visits", "v-1", upload_of(card_visit(number), portal.device.sam.sam_id))
    problem = answer.problem(422, "checks_failed")
    assert [(check.code, check.field) for check in problem.checks] == [("AD01", "visit.sequence.number")]


async def test_a_number_of_another_moment_is_refused(portal: RunningPortal, box: Box) -> None:
    staff = await sign_in(box)
    result = await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
    assert result.receipt is not None
    later = card_visit(result.receipt.insurer["sequence_no"], VISIT_AT + dt.timedelta(seconds=1))
    answer = await box.send("/visits", "v-1", upload_of(later, portal.device.sam.sam_id))
    assert answer.problem(422, "checks_failed").checks[0].code == "AD01"


async def test_a_key_stands_for_one_card_only(box: Box) -> None:
    staff = await sign_in(box)
    await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
    other = msgspec.structs.replace(INTENT, card_no="900000000002")
    request = OpenCardSession(purpose="write_visit", staff_token=staff.token, intent=other)
    (await box.ask("POST", "/cards/sessions", request)).problem(409, "key_conflict")


async def test_a_receipt_stands_for_the_intent_of_its_own_session(portal: RunningPortal, box: Box) -> None:
    """Another intent under the same key, opened in the middle, must not lend its card to the first one's number."""
    staff, card = await sign_in(box), build_card("patient-wang")
    request = OpenCardSession(purpose="write_visit", staff_token=staff.token, intent=INTENT)
    step = (await box.ask("POST", "/cards/sessions", request)).as_(SessionStep)
    claimed = msgspec.structs.replace(INTENT, card_no="900000000002")
    other = OpenCardSession(purpose="write_visit", staff_token=staff.token, intent=claimed)
    assert (await box.ask("POST", "/cards/sessions", other)).status == 201
    result = await finish_card_session(box, card, step)
    assert result.receipt is not None
    number = result.receipt.insurer["sequence_no"]
    lin = msgspec.structs.replace(PATIENT, card_no="900000000002")
    visit = msgspec.structs.replace(card_visit(number), patient=lin)
    answer = await box.send("/visits", "v-1", upload_of(visit, portal.device.sam.sam_id))
    assert answer.problem(422, "checks_failed").checks[0].code == "AD01"
    right = upload_of(card_visit(number), portal.device.sam.sam_id)
    assert (await box.send("/visits", "v-1", right)).status == 200


async def test_a_refused_intent_leaves_its_key_free(portal: RunningPortal, box: Box) -> None:
    staff, card = await sign_in(box), build_card("patient-wang")
    late = roc_time(portal.clock.now() + dt.timedelta(hours=1))
    wrong = OpenCardSession(
        purpose="write_visit",
        staff_token=staff.token,
        intent=msgspec.structs.replace(INTENT, visit_time=late),
    )
    refused = (await box.ask("POST", "/cards/sessions", wrong)).problem(422, "checks_failed")
    assert refused.field == "intent.visit_time"
    result = await run_card_session(box, card, "write_visit", staff.token, INTENT)
    assert result.receipt is not None


async def test_a_box_cannot_take_hold_of_another_institutions_intent(portal: RunningPortal, box: Box) -> None:
    elsewhere = Institution(code="9999999994", name="另一家")
    portal.add_staff(elsewhere)
    device = portal.add_device("別家", elsewhere)
    async with open_box(portal.url, portal.ca_pem) as rival:
        ticket = portal.issue_ticket(device.device_id)
        await rival.bind(ticket.token, ticket.pin)
        await rival.ask("POST", "/sam/verify")
        request = OpenCardSession(
            purpose="write_visit", staff_token=(await sign_in(rival)).token, intent=INTENT
        )
        (await rival.ask("POST", "/cards/sessions", request)).problem(422, "checks_failed")
        staff = await sign_in(box)
        await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
        assert (await box.ask("GET", "/receipts/card-1")).as_(ReceiptStatus).state == "receipt"
        assert (await rival.ask("GET", "/receipts/card-1")).as_(ReceiptStatus).state == "unknown_key"


async def test_a_key_of_a_card_is_no_key_of_an_upload(portal: RunningPortal, box: Box) -> None:
    staff = await sign_in(box)
    await run_card_session(box, build_card("patient-wang"), "write_visit", staff.token, INTENT)
    body = upload_of(OFFLINE_VISIT, portal.device.sam.sam_id)
    (await box.send("/visits", "card-1", body)).problem(409, "key_conflict")


async def test_a_session_can_be_given_up(box: Box) -> None:
    staff = await sign_in(box)
    request = OpenCardSession(purpose="read", staff_token=staff.token)
    opened = await box.ask("POST", "/cards/sessions", request)
    session_id = msgspec.json.decode(opened.body)["session_id"]
    assert (await box.ask("DELETE", f"/cards/sessions/{session_id}")).status == 204


async def test_a_key_of_a_session_must_be_well_formed(box: Box) -> None:
    staff = await sign_in(box)
    request = OpenCardSession(
        purpose="write_visit", staff_token=staff.token, intent=msgspec.structs.replace(INTENT, key="x" * 65)
    )
    problem = (await box.ask("POST", "/cards/sessions", request)).problem(400, "malformed")
    assert problem.field == "intent.key"
