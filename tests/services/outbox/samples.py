"""Made-up people and visits. Ids fail their checksum on purpose (nhi-domain §8.1)."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.people import BasicRecord, Institution, Right, Sex, StaffKind
from visitbridge.domain.sequence import offline_sequence
from visitbridge.domain.visit import (
    Diagnosis,
    Identification,
    Order,
    OrderKind,
    Practitioner,
    Sequence,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.ports.records import Countdown, StaffSessionRow

VISIT_AT = dt.datetime(2026, 11, 22, 0, 30, tzinfo=dt.UTC)
CARD_NO = "900000000011"
OTHER_CARD_NO = "900000000022"
STAFF_ID = "A123456788"
INSTITUTION = Institution(code="3599999990", name="測試診所")


def patient(card_no: str = CARD_NO, name: str = "王測試") -> BasicRecord:
    return BasicRecord(
        card_no=card_no,
        name=name,
        name_big5="",
        id_no="A123456788",
        birth_date=dt.date(1940, 1, 2),
        sex=Sex.FEMALE,
        issued_date=dt.date(2020, 1, 1),
    )


def visit(
    visit_id: str = "visit-1",
    *,
    card_no: str = CARD_NO,
    identification: Identification = Identification.CARD,
    visit_at: dt.datetime = VISIT_AT,
    sequence: Sequence | None = None,
    clock_trusted: bool = True,
    revision: int = 1,
) -> Visit:
    """A finished visit with one diagnosis and one drug."""
    return Visit(
        visit_id=visit_id,
        revision=revision,
        state=VisitState.FINISHED,
        patient=patient(card_no),
        identification=identification,
        practitioner=Practitioner(
            staff_id=STAFF_ID, name="陳醫師", kind=StaffKind.DOCTOR, id_no="A123456788"
        ),
        institution=INSTITUTION,
        visit_at=visit_at,
        clock_trusted=clock_trusted,
        content=VisitContent(
            subjective="測試",
            diagnoses=(Diagnosis(code="I10", name_zh="本態性高血壓"),),
            orders=(
                Order(
                    kind=OrderKind.DRUG,
                    code="TEST000001",
                    dose=1.0,
                    frequency="QD",
                    route="PO",
                    days=7,
                    total=7.0,
                ),
            ),
        ),
        finished_at=visit_at + dt.timedelta(minutes=20),
        sequence=sequence,
    )


def offline_visit(visit_id: str = "visit-1", *, visit_at: dt.datetime = VISIT_AT) -> Visit:
    """One that has its number, F00B, from the box."""
    return visit(
        visit_id,
        identification=Identification.CARD_OFFLINE,
        visit_at=visit_at,
        sequence=offline_sequence(visit_at),
    )


def staff_row(staff_id: str = STAFF_ID, *, phone_id: str = "phone-1") -> StaffSessionRow:
    return StaffSessionRow(
        session_id=f"session-{staff_id}",
        staff_id=staff_id,
        name="陳醫師",
        kind=StaffKind.DOCTOR,
        id_no="A123456788",
        rights=(Right.VISITS,),
        token="token",
        started_at=VISIT_AT,
        ends_at=VISIT_AT + dt.timedelta(hours=8),
        countdown=Countdown(left_s=1e9, kept_at=VISIT_AT, kept_monotonic_s=0.0, boot_id="boot-1"),
        phone_ids=(phone_id,),
    )
