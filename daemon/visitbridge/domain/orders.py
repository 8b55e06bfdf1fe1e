"""Rules for one line of a prescription (M09-M13, X17, nhi-domain §3.1, §4.5)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from visitbridge.domain.dispensing import check_fills, prescription_kind
from visitbridge.domain.visit import Order, OrderKind
from visitbridge.errors import FieldInvalid

_PER_DAY: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(("QD", "QDAM", "QDPM", "QDHS", "QAM", "QPM", "QN", "HS", "AM", "PM", "DAILY"), 1.0)
    | dict.fromkeys(("BID", "QAM&HS", "QPM&HS", "QAM&PM"), 2.0)
    | dict.fromkeys(("TID", "BID&HS"), 3.0)
    | dict.fromkeys(("QID", "TID&HS"), 4.0)
    | dict.fromkeys(("QOD", "QODHS"), 1 / 2)
    | {"BIW": 2 / 7, "TIW": 3 / 7}
)
_SINGLE_DOSE = frozenset({"STAT", "ONCE"})
_EVERY = re.compile(r"Q([1-9][0-9]*)([HDW])")
_ON_WEEKDAYS = re.compile(r"QW\(([1-7](?:,[1-7])*)\)")
_IN_WEEKS = re.compile(r"([1-9][0-9]*)W([1-9][0-9]*)D")
_DRUGS = frozenset({OrderKind.DRUG, OrderKind.CONTROLLED})
_HOURS = {"H": 1.0, "D": 24.0, "W": 168.0}


LONGEST_USAGE: Final = 18
"""Characters of frequency and route together, in the one field that a card and an upload have for them (A75)."""


def usage_of(order: Order) -> str:
    """用法, as cards and uploads carry it."""
    return f"{order.frequency} {order.route}".strip()


def intakes_per_day(frequency: str) -> float | None:
    """How often a day a code of NHI's frequency table asks for one intake; None when it does not say (PRN, AC)."""
    code = frequency.strip().upper()
    if code in _PER_DAY:
        return _PER_DAY[code]
    if every := _EVERY.fullmatch(code):
        return 24.0 / (int(every[1]) * _HOURS[every[2]])
    if weekdays := _ON_WEEKDAYS.fullmatch(code):
        return len(weekdays[1].split(",")) / 7
    if weeks := _IN_WEEKS.fullmatch(code):
        return int(weeks[2]) / (7 * int(weeks[1]))
    return None


def computed_total(order: Order) -> float | None:
    """Dose × times a day × days, rounded up to one decimal; None when the frequency does not tell.

    A single-dose code gives one dose whatever the days.
    """
    if order.dose <= 0:
        return None
    if order.frequency.strip().upper() in _SINGLE_DOSE:
        return order.dose
    per_day = intakes_per_day(order.frequency)
    if per_day is None or order.days < 1:
        return None
    # Rounding in hundred-thousandths first keeps 0.1 × 3 from becoming 0.4.
    return math.ceil(round(order.dose * per_day * order.days * 1e5) / 1e4) / 10


def is_medicine(order: Order) -> bool:
    """Whether the patient takes it: a drug, or what the patient pays for (自費藥品, M09) with a word on how to take it.

    Supplements and dressings are in the same category, without such words.
    """
    if order.kind is OrderKind.SELF_PAID:
        return bool(order.dose or order.frequency or order.route or order.days)
    return order.kind in _DRUGS


def check_draft(order: Order, field: str) -> None:
    """What even a draft may not hold. Raises FieldInvalid; ``field`` is the order's own path.

    Controlled drugs are not issued here (M10): the law wants its own form.
    """
    if order.kind is OrderKind.CONTROLLED:
        raise FieldInvalid(
            "controlled drugs are not issued here", field=f"{field}.kind", params={"rule": "controlled"}
        )
    for name, value in (("dose", order.dose), ("total", order.total)):
        if round(value, 1) != value:
            raise FieldInvalid("one decimal at most", field=f"{field}.{name}", params={"rule": "one_decimal"})


def check_complete(order: Order, field: str) -> None:
    """What an order needs before it leaves the box. Raises FieldInvalid naming the member.

    A medicine that the patient pays for is written like any other, but neither the room on the card nor the days
    that the insurer pays for bind it.
    """
    check_draft(order, field)
    taken = is_medicine(order)
    for name, missing in (
        ("code", not order.code),
        ("frequency", taken and not order.frequency),
        ("route", taken and not order.route),
        ("days", taken and order.days < 1),
        ("total", order.total <= 0),
    ):
        if missing:
            raise FieldInvalid("an order needs it", field=f"{field}.{name}", params={"rule": "missing"})
    if order.kind is OrderKind.DRUG and len(usage_of(order)) > LONGEST_USAGE:
        raise FieldInvalid(
            "frequency and route do not fit their field",
            field=f"{field}.frequency",
            params={"rule": "usage_length", "most": LONGEST_USAGE},
        )
    computed = computed_total(order) if taken else None
    if computed is not None and computed != order.total and not order.total_overridden:
        raise FieldInvalid(
            "differs from dose × frequency × days and is not marked",
            field=f"{field}.total",
            params={"rule": "total_differs"},
        )
    if order.kind is OrderKind.DRUG:
        check_fills(prescription_kind(order), order.days, max(order.refills, 1), field)
