"""One invented visit that uses everything an export can carry."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.people import BasicRecord, Institution, Sex, StaffKind
from visitbridge.domain.visit import (
    ClaimSettings,
    Diagnosis,
    Identification,
    Occasion,
    Order,
    OrderKind,
    Practitioner,
    Sequence,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.protocols.visit_export.transcript import Transcript

AT = dt.datetime(2026, 11, 22, 1, 30, tzinfo=dt.UTC)
MADE_AT = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)

VISIT = Visit(
    visit_id="019ab000-0000-7000-8000-000000000001",
    revision=3,
    state=VisitState.FINISHED,
    patient=BasicRecord(
        card_no="900000000001",
        name="測試病人甲",
        name_big5="b4fab8d5af66a448a5d2",
        id_no="A123456788",
        birth_date=dt.date(1950, 1, 1),
        sex=Sex.FEMALE,
        issued_date=dt.date(2020, 1, 1),
    ),
    identification=Identification.CARD,
    practitioner=Practitioner(
        staff_id="S000000001", name="示範醫師", kind=StaffKind.DOCTOR, id_no="B123456780"
    ),
    institution=Institution(code="9900000001", name="示範居家護理所"),
    visit_at=AT,
    clock_trusted=True,
    content=VisitContent(
        claim=ClaimSettings(special_items=("EC",)),
        subjective="頭暈三天",
        objective="血壓 150/90",
        diagnoses=(
            Diagnosis(code="I10", name_zh="本態性高血壓"),
            Diagnosis(code="E11.9", name_en="Type 2 diabetes"),
        ),
        orders=(
            Order(
                kind=OrderKind.DRUG,
                code="AC12345100",
                name="示範降壓錠",
                dose=1,
                frequency="BID",
                route="PO",
                days=28,
                total=56,
                chronic=True,
                refills=3,
                price=2.5,
            ),
            Order(kind=OrderKind.SERVICE, code="05301C", name="訪視費", total=1, price=1553),
            Order(kind=OrderKind.SELF_PAID, code="SP1", name="自費敷料", total=1, price=100),
        ),
        special_note="家屬在場",
        occasion=Occasion(arrived_at=AT, departed_at=AT + dt.timedelta(minutes=40), remote=True),
        fee_points=1693,
        copay_points=50,
    ),
    finished_at=AT + dt.timedelta(minutes=38),
    sequence=Sequence(number="0012", source="card", taken_at=AT),
)

TRANSCRIPT = Transcript(visit=VISIT, visit_identifier="0TEST000000000000001", card_signature="SIGNATURE")
