"""Visits and uploads of the lab's invented people, correct unless a test changes them."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.people import BasicRecord, Institution, Sex, StaffKind
from visitbridge.domain.visit import (
    Diagnosis,
    FinishMode,
    Identification,
    Order,
    OrderKind,
    Practitioner,
    Sequence,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.protocols.datacentre.uploads import VisitUpload

NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
"""10:00 in Taipei."""

VISIT_AT = NOW - dt.timedelta(minutes=40)

PATIENT = BasicRecord(
    card_no="900000000001",
    name="王測試",
    name_big5="A4FDB4FAB8D5",
    id_no="A123456788",
    birth_date=dt.date(1941, 3, 8),
    sex=Sex.MALE,
    issued_date=dt.date(2020, 5, 1),
)
INSTITUTION = Institution(code="9999999995", name="示範居家護理所（測試）")
DOCTOR = Practitioner(staff_id="T0001", name="醫師樣本", kind=StaffKind.DOCTOR)

DRUG = Order(
    kind=OrderKind.DRUG,
    code="TEST000001",
    name="示範藥品",
    dose=1.0,
    frequency="TID",
    route="PO",
    days=7,
    total=21.0,
)

CONTENT = VisitContent(diagnoses=(Diagnosis(code="J06.9"),), orders=(DRUG,), fee_points=1631, copay_points=82)

OFFLINE_VISIT = Visit(
    visit_id="01930000-0000-7000-8000-000000000001",
    revision=3,
    state=VisitState.FINISHED,
    patient=PATIENT,
    identification=Identification.CARD_OFFLINE,
    practitioner=DOCTOR,
    institution=INSTITUTION,
    visit_at=VISIT_AT,
    clock_trusted=True,
    content=CONTENT,
    finished_at=NOW - dt.timedelta(minutes=5),
    finish_mode=FinishMode.UPLOAD_IC,
    sequence=Sequence(number="F00B", source="box", taken_at=VISIT_AT),
)


def upload_of(visit: Visit, sam_id: str) -> bytes:
    return msgspec.json.encode(VisitUpload(visit=visit, sam_id=sam_id))
