"""From an intent to the records that are to be on the card: this side's own decisions."""

from __future__ import annotations

from visitbridge.domain.visit import Order, OrderKind
from visitbridge.protocols.datacentre.cards import WriteIntent
from visitbridge.protocols.nhi.records import DIAGNOSIS_CAPACITY, DiagnosisRecord, OrderRecord, VisitRecord
from vpnportal.cards import words

_SELF_DISPENSED = "0"

_CARD_ORDER_TYPES = {
    OrderKind.DRUG: "1",
    OrderKind.CONTROLLED: "1",
    OrderKind.SERVICE: "3",
    OrderKind.TEST: "3",
    OrderKind.MATERIAL: "4",
}
"""Self-paid lines have no place on the card."""

_LONG_TERM_DRUG = "2"

_DISPENSING_MARKS = {
    ("1", True): "01",
    ("1", False): "02",
    ("2", True): "05",
    ("2", False): "06",
    ("3", True): "03",
    ("3", False): "04",
    ("4", True): "03",
    ("4", False): "04",
}
"""By order type and whether the institution dispenses or performs it itself (nhi-domain §4.6, 交付處方註記)."""


def visit_record(intent: WriteIntent, sequence_no: str) -> VisitRecord:
    return VisitRecord(
        visit_type=intent.visit_type,
        visit_time=intent.visit_time,
        sequence_no=sequence_no,
        institution=intent.institution,
        is_make_up=intent.make_up,
        outpatient_fee=intent.fee_points,
        outpatient_copay=intent.copay_points,
    )


def check_visit(intent: WriteIntent) -> None:
    """Can this intent be written as a visit? Raises Refusal naming the field."""
    for field, value in (("fee_points", intent.fee_points), ("copay_points", intent.copay_points)):
        if not 0 <= value < 10**8:
            raise words.field_refusal(f"intent.{field}", "does not fit 8 digits", "金額超出健保卡欄位長度。")
    for index, diagnosis in enumerate(intent.diagnoses[:DIAGNOSIS_CAPACITY]):
        code = diagnosis.code.replace(".", "")
        if not (1 <= len(code) <= 7 and code.isascii() and code.isalnum()):
            raise words.field_refusal(
                f"intent.diagnoses[{index}].code", "not an ICD-10 code", "診斷碼格式不符，無法寫入健保卡。"
            )


def diagnosis_record(intent: WriteIntent) -> DiagnosisRecord | None:
    """The first six diagnoses, all that the record takes; None when there is none."""
    codes = tuple(diagnosis.code for diagnosis in intent.diagnoses[:DIAGNOSIS_CAPACITY])
    return DiagnosisRecord(codes=codes, is_make_up=intent.make_up) if codes else None


def order_records(intent: WriteIntent) -> tuple[OrderRecord, ...]:
    """The orders that belong on the card. Raises Refusal naming the first that does not fit its record."""
    return tuple(
        _order_record(intent, order, f"intent.orders[{index}]")
        for index, order in enumerate(intent.orders)
        if order.kind in _CARD_ORDER_TYPES
    )


def _order_record(intent: WriteIntent, order: Order, field: str) -> OrderRecord:
    order_type = _CARD_ORDER_TYPES[order.kind]
    if order_type == "1" and order.chronic:
        order_type = _LONG_TERM_DRUG
    tenths = round(order.total * 10)
    is_drug = order_type in ("1", _LONG_TERM_DRUG)
    usage = f"{order.frequency} {order.route}".strip() if is_drug else ""
    if not (1 <= len(order.code) <= 12 and _is_plain(order.code)):
        raise words.field_refusal(f"{field}.code", "not 1 to 12 ASCII characters", "醫令代碼無法寫入健保卡。")
    if len(usage) > 18 or not _is_plain(usage):
        raise words.field_refusal(
            f"{field}.frequency", "frequency and route exceed 18 characters", "用法超出健保卡欄位長度。"
        )
    if abs(order.total * 10 - tenths) > 1e-6 or tenths >= 10**6:
        raise words.field_refusal(
            f"{field}.total", "not a quantity with one decimal below 100000", "總量僅能有一位小數。"
        )
    return OrderRecord(
        visit_time=intent.visit_time,
        order_type=order_type,
        code=order.code,
        usage=usage,
        days=order.days if is_drug else 0,
        quantity_tenths=tenths,
        dispensing=_DISPENSING_MARKS[order_type, intent.dispensing == _SELF_DISPENSED],
    )


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip()
