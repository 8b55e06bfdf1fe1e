"""Checks of ``POST /visits``: the visit as a whole, judged on its own."""

from __future__ import annotations

from collections.abc import Iterator

from visitbridge.domain.people import Right
from visitbridge.domain.roc import roc_time
from visitbridge.domain.visit import Identification, OrderKind, Sequence, Visit, VisitState
from visitbridge.protocols.datacentre.common import CheckFinding
from visitbridge.protocols.datacentre.uploads import VisitUpload
from vpnportal.checks import ACCEPTED_AFTER, CLOCK_TOLERANCE, ID_LENGTH, RecordNote, Situation, Verdict
from vpnportal.checks.codes import finding
from vpnportal.checks.known import card_record, is_code, is_diagnosis, rights_of
from vpnportal.checks.sequence import (
    ABNORMAL_CODES,
    COUNTED_VISIT_TYPES,
    OFFLINE_RECOGNITION,
    is_photo_number,
    is_virtual_card_number,
)
from vpnportal.wire import decode

_PICKED = (
    ("case_type", "case_types"),
    ("department", "departments"),
    ("payment_category", "payment_categories"),
    ("visit_type", "visit_types"),
    ("dispensing", "dispensing"),
    ("copay", "copay"),
)
_ORDER_SETS = {
    OrderKind.DRUG: ("drugs", "10"),
    OrderKind.CONTROLLED: ("drugs", "10"),
    OrderKind.MATERIAL: ("materials", "12"),
    OrderKind.TEST: ("tests", "11"),
}
_FEE_SCHEDULE = ("fees", "11")
_DRUG_LIKE = {OrderKind.DRUG, OrderKind.CONTROLLED}


def check_visit(body: bytes, situation: Situation) -> Verdict:
    """Judge the body of ``POST /visits``. Raises Refusal malformed when it is no :class:`VisitUpload`."""
    upload = decode(body, VisitUpload)
    visit = upload.visit
    findings = (
        *_origin(upload, situation),
        *_time(visit, situation),
        *_sequence(visit, situation),
        *_content(visit, situation),
        *_orders(visit, situation),
    )
    return Verdict(
        findings=findings,
        records=(RecordNote(key=visit.visit_id, field="visit.visit_id"),),
        has_orders=bool(visit.content.orders),
    )


def _origin(upload: VisitUpload, situation: Situation) -> Iterator[CheckFinding]:
    visit = upload.visit
    if not 1 <= len(visit.visit_id) <= ID_LENGTH:
        yield finding("AC", "visit.visit_id")
    if upload.sam_id != situation.sam_id:
        yield finding("07", "sam_id")
    if visit.institution.code != situation.institution.code:
        yield finding("06", "visit.institution.code")
    rights = rights_of(situation.connection, situation.institution.code, visit.practitioner.staff_id)
    if rights is None:
        yield finding("13", "visit.practitioner.staff_id")
    elif Right.VISITS not in rights:
        yield finding("14", "visit.practitioner.staff_id")
    if visit.state is not VisitState.FINISHED:
        yield finding("AD", "visit.state")
    if not visit.patient.is_test_card and visit.identification is not Identification.NO_CARD:
        # Mixing test and production locks real cards (nhi-domain §1.4); this portal is never production.
        yield finding("AD", "visit.patient.card_no")


def _time(visit: Visit, situation: Situation) -> Iterator[CheckFinding]:
    if visit.visit_at.tzinfo is None:
        yield finding("AB", "visit.visit_at")
        return
    if visit.visit_at > situation.now + CLOCK_TOLERANCE:
        yield finding("BD", "visit.visit_at")
    elif visit.visit_at < situation.now - ACCEPTED_AFTER:
        yield finding("BH", "visit.visit_at")
    if visit.finished_at is None:
        yield finding("AA", "visit.finished_at")
    elif visit.finished_at.tzinfo is None:
        yield finding("AB", "visit.finished_at")
    elif visit.finished_at < visit.visit_at:
        yield finding("BE", "visit.finished_at")


def _sequence(visit: Visit, situation: Situation) -> Iterator[CheckFinding]:
    sequence = visit.sequence
    field = "visit.sequence.number"
    match visit.identification:
        case Identification.CARD:
            yield from _card_sequence(visit, situation, sequence)
        case Identification.CARD_OFFLINE:
            if sequence is None or sequence.number != OFFLINE_RECOGNITION:
                yield finding("AD02", field)
        case Identification.VIRTUAL_CARD:
            if sequence is not None and not is_virtual_card_number(sequence.number):
                yield finding("AD", field)
        case Identification.PHOTO:
            if sequence is not None and not is_photo_number(sequence.number):
                yield finding("AD", field)
        case Identification.NO_CARD:
            if sequence is not None:
                yield finding("AF", "visit.sequence")
        case Identification.ABNORMAL:
            if sequence is None or sequence.number not in ABNORMAL_CODES - {OFFLINE_RECOGNITION}:
                yield finding("AD02", field)


def _card_sequence(visit: Visit, situation: Situation, sequence: Sequence | None) -> Iterator[CheckFinding]:
    number = "" if sequence is None else sequence.number
    counted = visit.content.claim.visit_type in COUNTED_VISIT_TYPES
    if not counted and number:
        yield finding("AD14", "visit.sequence.number")
        return
    if visit.visit_at.tzinfo is None:
        return
    card = card_record(
        situation.connection, situation.institution.code, visit.patient.card_no, roc_time(visit.visit_at)
    )
    if card is None or (counted and number != card.sequence_no):
        yield finding("AD01", "visit.sequence.number")


def _content(visit: Visit, situation: Situation) -> Iterator[CheckFinding]:
    content = visit.content
    if not content.diagnoses:
        yield finding("AH05", "visit.content.diagnoses")
    for index, diagnosis in enumerate(content.diagnoses):
        if not is_diagnosis(situation.connection, diagnosis.code):
            yield finding("15", f"visit.content.diagnoses[{index}].code")
    for member, dataset in _PICKED:
        if not is_code(situation.connection, dataset, getattr(content.claim, member)):
            yield finding("AD", f"visit.content.claim.{member}")


def _orders(visit: Visit, situation: Situation) -> Iterator[CheckFinding]:
    for index, order in enumerate(visit.content.orders):
        field = f"visit.content.orders[{index}]"
        if not order.code:
            yield finding("AA", f"{field}.code")
        elif not order.self_entered and order.kind is not OrderKind.SELF_PAID:
            dataset, code = _ORDER_SETS.get(order.kind, _FEE_SCHEDULE)
            if not is_code(situation.connection, dataset, order.code):
                yield finding(code, f"{field}.code")
        if order.kind is OrderKind.CONTROLLED:
            # Controlled drugs are not prescribed this way (M10).
            yield finding("AD", f"{field}.kind")
        if order.kind in _DRUG_LIKE:
            for member, dataset in (("frequency", "frequencies"), ("route", "routes")):
                value = getattr(order, member)
                if not value:
                    yield finding("AA", f"{field}.{member}")
                elif not is_code(situation.connection, dataset, value):
                    yield finding("AD", f"{field}.{member}")
            if not order.days:
                yield finding("AA01", f"{field}.days")
        if not order.total:
            yield finding("AA01", f"{field}.total")
