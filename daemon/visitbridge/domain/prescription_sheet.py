"""What stands on a printed prescription (O05, ux §3.8), whatever prints it."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.orders import is_medicine
from visitbridge.domain.people import mask_id
from visitbridge.domain.roc import TAIPEI, roc_date
from visitbridge.domain.visit import Order, OrderKind, Visit


class SheetDrug(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine, as text. ``refills``: how often a 慢箋 is dispensed, 0 for none.

    ``self_paid``: 自費; the code for the pharmacy, whose layout has no mark for it, does not name it.
    """

    code: str
    name: str
    dose: str
    frequency: str
    route: str
    days: str
    total: str
    refills: int
    self_paid: bool = False


class PrescriptionSheet(msgspec.Struct, frozen=True, kw_only=True):
    """``qr_text`` and ``passphrase`` are empty as long as the visit is not uploaded; the paper then says so.

    ``training``: nothing on it is real, and the paper says so. ``print_no`` counts from 1. Dates are ROC dates of seven digits, times Taipei time.
    """

    institution_code: str
    institution_name: str
    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    visit_at: str
    sequence_no: str
    practitioner: str
    diagnoses: tuple[str, ...]
    drugs: tuple[SheetDrug, ...]
    qr_text: str
    passphrase: str
    print_no: int
    printed_at: str
    training: bool = False


def sheet_of(
    visit: Visit,
    *,
    qr_text: str,
    passphrase: str,
    print_no: int,
    printed_at: dt.datetime,
    training: bool = False,
) -> PrescriptionSheet:
    """The sheet of one visit; the patient's id is masked, as on everything that leaves the box on paper."""
    drugs = tuple(order for order in visit.content.orders if is_medicine(order))
    return PrescriptionSheet(
        institution_code=visit.institution.code,
        institution_name=visit.institution.name,
        patient_name=visit.patient.name,
        patient_id=mask_id(visit.patient.id_no),
        birth_date=roc_date(visit.patient.birth_date),
        sex=visit.patient.sex,
        visit_at=_moment(visit.visit_at),
        sequence_no=visit.sequence.number if visit.sequence else "",
        practitioner=visit.practitioner.name,
        diagnoses=tuple(
            f"{diagnosis.code} {diagnosis.name_zh or diagnosis.name_en}".strip()
            for diagnosis in visit.content.diagnoses
        ),
        drugs=tuple(map(_drug, drugs)),
        qr_text=qr_text,
        passphrase=passphrase,
        print_no=print_no,
        printed_at=_moment(printed_at),
        training=training,
    )


def _drug(order: Order) -> SheetDrug:
    return SheetDrug(
        code=order.code,
        name=order.name,
        dose=f"{order.dose:g}" if order.dose else "",
        frequency=order.frequency,
        route=order.route,
        days=str(order.days),
        total=f"{order.total:g}",
        refills=order.refills if order.chronic else 0,
        self_paid=order.kind is OrderKind.SELF_PAID,
    )


def _moment(moment: dt.datetime) -> str:
    local = moment.astimezone(TAIPEI)
    return f"{roc_date(local.date())} {local:%H:%M}"
