"""One card use as format 2.0 names it: segments ``MSH``, ``MB1``, ``MB2`` as field id → value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from visitbridge.domain.dispensing import PrescriptionKind, prescription_kind
from visitbridge.domain.visit import Order, OrderKind, Visit
from visitbridge.protocols.ic_upload.record import IcOrder, IcRecord

IDENTIFIER_LENGTH: Final = 20
MOST_ORDERS: Final = 500

_FROM_MB1: Final[Mapping[str, str]] = {
    "M01": "sam_id",
    "M02": "card_no",
    "M03": "id_no",
    "M04": "birth_date",
    "M05": "institution",
    "M06": "staff_id_no",
    "M07": "visit_type",
    "M08": "newborn_birth_date",
    "M09": "newborn_order",
    "M10": "newborn_mark",
    "M11": "visit_time",
    "M12": "make_up",
    "M13": "sequence_no",
    "M14": "signature",
    "M35": "main_diagnosis",
    "M44": "fee",
    "M45": "copay",
    "M46": "inpatient_fee",
    "M47": "inpatient_copay_short",
    "M48": "inpatient_copay_long",
    "M49": "actual_date",
}
_DIAGNOSES: Final = ("M36", "M37", "M38", "M39", "M40")
_NORMAL, _ABNORMAL = "A", "B"
_FORMATS: Final[Mapping[str, str]] = {"1": _NORMAL, "2": _ABNORMAL, "3": _NORMAL, "4": _ABNORMAL}
_ORDER_TYPES: Final[Mapping[str, str]] = {
    "1": "1",
    "2": "1",
    "3": "2",
    "4": "4",
    "5": "2",
    "G": "G",
    "H": "H",
}
_KINDS: Final[Mapping[PrescriptionKind, str]] = {
    PrescriptionKind.ORDINARY: "A",
    PrescriptionKind.CHRONIC: "B",
    PrescriptionKind.REPEAT: "C",
}
_TIMES_FIELDS: Final[Mapping[str, str]] = {"A": "M24", "B": "M25", "C": "M26"}
_ON_CARD: Final = (OrderKind.DRUG, OrderKind.MATERIAL, OrderKind.SERVICE, OrderKind.TEST)


class Ic2Record(msgspec.Struct, frozen=True, kw_only=True):
    """Empty values are left out. ``orders``: one mapping for each ``MB2``."""

    head: dict[str, str]
    body: dict[str, str]
    orders: tuple[dict[str, str], ...]


def record_2_of(record: IcRecord, visit: Visit, visit_identifier: str) -> Ic2Record:
    """What format 1.0 says of ``visit`` under the names of 2.0, with the fields that are new and known to the box.

    ``visit_identifier``: 就醫識別碼 of 20 characters, empty where none was given.
    """
    orders = [order for order in visit.content.orders if order.kind in _ON_CARD]
    drugs = [order for order in orders if order.kind is OrderKind.DRUG]
    kinds = [_KINDS[prescription_kind(order)] for order in drugs]
    body = {
        **{tag: str(getattr(record, name)) for tag, name in _FROM_MB1.items()},
        "M15": visit_identifier,
        "M20": str(max((order.days for order in drugs), default=0)),
        "M21": str(max((order.days * order.refills for order in drugs if order.chronic), default=0)),
        "M23": _dispensing(visit, drugs),
        **{
            _TIMES_FIELDS[kind]: str(max(max(order.refills, 1) for order in drugs if _of(order) == kind))
            for kind in sorted(set(kinds))
        },
        **dict(zip(_DIAGNOSES, record.other_diagnoses, strict=False)),
        "M51": visit.content.claim.payment_category,
    }
    lines = tuple(
        _order(number, line, orders[number - 1] if number <= len(orders) else None, visit)
        for number, line in enumerate(record.orders, start=1)
    )
    return Ic2Record(
        head={"H00": "1", "H01": _FORMATS[record.data_format]},
        body={tag: body[tag] for tag in sorted(body) if body[tag]},
        orders=lines,
    )


def _order(number: int, line: IcOrder, order: Order | None, visit: Visit) -> dict[str, str]:
    is_drug = order is not None and order.kind is OrderKind.DRUG
    values = {
        "D01": line.time,
        "D02": _ORDER_TYPES[line.order_type],
        "D03": f"{number:03d}",
        "D04": _of(order) if order is not None and is_drug else "",
        "D05": visit.content.claim.dispensing if is_drug else "",
        "D06": line.code,
        "D07": line.site,
        "D08": order.frequency if order is not None and is_drug else "",
        "D09": line.days,
        "D10": line.quantity,
        "D11": line.signature,
        "D14": order.route if order is not None and is_drug else "",
    }
    return {tag: value for tag, value in values.items() if value}


def _dispensing(visit: Visit, drugs: list[Order]) -> str:
    """M23: 0 dispensed here, 1 released, 2 no drugs; the finer values are not public."""
    if not drugs:
        return "2"
    return "0" if visit.content.claim.dispensing == "0" else "1"


def _of(order: Order) -> str:
    return _KINDS[prescription_kind(order)]
