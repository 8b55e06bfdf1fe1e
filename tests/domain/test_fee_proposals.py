"""Which fees of the plan fit a visit (A01, nhi-domain §4.9); codes from the table there."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.services.outbox.samples import VISIT_AT, visit
from visitbridge.domain.fee_proposals import proposed_fees, proposed_percentage
from visitbridge.domain.people import StaffKind
from visitbridge.domain.visit import ClaimSettings, Occasion, Visit, VisitContent

EVENING = dt.datetime(2026, 11, 22, 11, 0, tzinfo=dt.UTC)
"""19:00 in Taipei."""


def visit_by(
    kind: StaffKind, content: VisitContent, *, minutes: int | None = None, born_on: dt.date | None = None
) -> Visit:
    whole = visit()
    stay = None if minutes is None else VISIT_AT + dt.timedelta(minutes=minutes)
    return msgspec.structs.replace(
        whole,
        practitioner=msgspec.structs.replace(whole.practitioner, kind=kind),
        patient=msgspec.structs.replace(whole.patient, birth_date=born_on or whole.patient.birth_date),
        content=content,
        finished_at=stay,
    )


@pytest.mark.parametrize(
    ("kind", "content", "minutes", "codes"),
    [
        (StaffKind.DOCTOR, VisitContent(), 30, "05307C"),
        (StaffKind.DOCTOR, VisitContent(occasion=Occasion(remote=True)), 30, "05308C"),
        (StaffKind.DOCTOR, VisitContent(claim=ClaimSettings(case_type="31")), 30, "P5408C"),
        (StaffKind.DOCTOR, VisitContent(claim=ClaimSettings(case_type="A5")), 30, "05312C 05336C"),
        (StaffKind.NURSE, VisitContent(), 30, "05301C 05303C 05305C 05321C"),
        (StaffKind.NURSE, VisitContent(programme="hospice"), 60, "05313C 05338C"),
        (StaffKind.NURSE, VisitContent(programme="hospice"), 61, "05314C 05340C"),
        (StaffKind.NURSE, VisitContent(programme="hospice"), None, "05313C 05314C 05338C 05340C"),
        (StaffKind.PHARMACIST, VisitContent(), 30, "P5411C"),
        (StaffKind.OTHER, VisitContent(programme="respiratory"), 30, "P5401C P5403C"),
        (StaffKind.OTHER, VisitContent(), 30, "05315C"),
    ],
)
def test_A01_fees_that_fit(kind: StaffKind, content: VisitContent, minutes: int | None, codes: str) -> None:
    assert [fee.code for fee in proposed_fees(visit_by(kind, content, minutes=minutes))] == codes.split()


@pytest.mark.parametrize(
    ("occasion", "born_on", "percentage"),
    [
        (Occasion(), dt.date(1940, 1, 2), 100),
        (Occasion(), dt.date(2026, 9, 1), 160),
        (Occasion(emergency=True, arrived_at=EVENING), dt.date(1940, 1, 2), 100),
        (
            Occasion(emergency=True, arrived_at=EVENING, departed_at=EVENING + dt.timedelta(minutes=40)),
            dt.date(1940, 1, 2),
            150,
        ),
        (
            Occasion(emergency=True, arrived_at=EVENING, departed_at=EVENING + dt.timedelta(minutes=40)),
            dt.date(2026, 9, 1),
            160,
        ),
        (
            Occasion(
                emergency=True,
                holiday=True,
                arrived_at=VISIT_AT,
                departed_at=VISIT_AT + dt.timedelta(hours=1),
            ),
            dt.date(1940, 1, 2),
            140,
        ),
        (
            Occasion(emergency=True, arrived_at=EVENING, departed_at=EVENING - dt.timedelta(hours=1)),
            dt.date(1940, 1, 2),
            100,
        ),
        (Occasion(arrived_at=dt.datetime(1930, 1, 1, tzinfo=dt.UTC)), dt.date(1940, 1, 2), 160),
    ],
)
def test_what_raises_the_fee(occasion: Occasion, born_on: dt.date, percentage: int) -> None:
    whole = visit_by(StaffKind.DOCTOR, VisitContent(occasion=occasion), born_on=born_on)
    assert proposed_percentage(whole) == percentage
