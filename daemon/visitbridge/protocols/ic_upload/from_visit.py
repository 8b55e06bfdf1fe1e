"""A finished visit as a format 1.0 record (the cross rules of nhi-domain §3.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from visitbridge.domain.orders import usage_of
from visitbridge.domain.roc import roc_date, roc_time
from visitbridge.domain.visit import Order, OrderKind, Sequence, Visit
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.ic_upload.record import DIAGNOSIS_TAGS, IcOrder, IcRecord

_SELF_DISPENSED = "0"
_VIRTUAL_ORDER = "G"

_ORDER_TYPES = {
    OrderKind.DRUG: "1",
    OrderKind.MATERIAL: "4",
    OrderKind.SERVICE: "3",
    OrderKind.TEST: "3",
}
ON_CARD: Final = frozenset(_ORDER_TYPES)
"""Kinds of orders that a card holds and signs."""
_HANDOVER = {("1", True): "01", ("1", False): "02", ("2", True): "05", ("2", False): "06"}
_HANDOVER_OTHERS = {True: "03", False: "04"}


def build_ic_record(
    visit: Visit,
    sequence: Sequence | None,
    *,
    sam_id: str,
    signature: str = "",
    order_signatures: Collection[str] = (),
    make_up: bool = False,
) -> IcRecord:
    """Build the record.

    A number that came from the card makes it normal (A01=1), any other abnormal (A01=2), where card number,
    SAM and signatures must be absent. ``make_up`` sets A19=2 with the actual date. Self-paid and controlled
    orders are not card data and are left out. ``order_signatures`` (A79) are the card's, one per order written to
    it and in that order; another number of them belongs to other orders and is left out. Raises FieldInvalid when there is no diagnosis.
    """
    if not visit.content.diagnoses:
        raise FieldInvalid("an upload needs a main diagnosis", field="diagnoses")
    normal = sequence is not None and sequence.source == "card"
    moment = roc_time(visit.visit_at)
    codes = [_icd(diagnosis.code) for diagnosis in visit.content.diagnoses]
    return IcRecord(
        data_format="1" if normal else "2",
        card_no=visit.patient.card_no if normal else "",
        id_no=visit.patient.id_no,
        birth_date=roc_date(visit.patient.birth_date),
        institution=visit.institution.code,
        staff_id_no=visit.practitioner.id_no,
        sam_id=sam_id if normal else "",
        visit_time=moment,
        sequence_no=sequence.number if sequence is not None else "",
        make_up="2" if make_up else "1",
        signature=signature if normal else "",
        visit_type=visit.content.claim.visit_type,
        main_diagnosis=codes[0],
        other_diagnoses=tuple(codes[1 : 1 + len(DIAGNOSIS_TAGS)]),
        fee=str(visit.content.fee_points),
        copay=str(visit.content.copay_points),
        actual_date=moment[:7] if make_up else "",
        orders=_orders(visit, moment, order_signatures if normal else ()),
    )


def _orders(visit: Visit, moment: str, signatures: Collection[str]) -> tuple[IcOrder, ...]:
    self_dispensed = visit.content.claim.dispensing == _SELF_DISPENSED
    lines = [
        _order(order, moment, self_dispensed=self_dispensed)
        for order in visit.content.orders
        if order.kind in ON_CARD
    ]
    if len(signatures) == len(lines):
        signed = zip(lines, signatures, strict=True)
        lines = [msgspec.structs.replace(line, signature=signature) for line, signature in signed]
    virtual = [
        IcOrder(time=moment, order_type=_VIRTUAL_ORDER, code=code, quantity="0")
        for code in visit.content.virtual_orders
    ]
    return tuple(lines + virtual)


def _order(order: Order, moment: str, *, self_dispensed: bool) -> IcOrder:
    order_type = "2" if order.kind is OrderKind.DRUG and order.chronic else _ORDER_TYPES[order.kind]
    is_drug = order_type in {"1", "2"}
    handover = _HANDOVER[order_type, self_dispensed] if is_drug else _HANDOVER_OTHERS[self_dispensed]
    return IcOrder(
        time=moment,
        order_type=order_type,
        code=order.code,
        usage=usage_of(order) if is_drug else "",
        days=str(order.days) if is_drug else "",
        quantity=f"{order.total:.1f}",
        handover=handover,
    )


def _icd(code: str) -> str:
    """Without the dot that the published list prints (certainty D: as public clinic software sends it)."""
    return code.replace(".", "")
