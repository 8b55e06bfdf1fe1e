"""How long and how often a prescription may be dispensed (醫療辦法 as quoted in nhi-domain §4.6)."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final

from visitbridge.domain.visit import Identification, Order
from visitbridge.errors import FieldInvalid


class PrescriptionKind(enum.StrEnum):
    """一般, 慢性病, 慢性病連續處方箋, 排程檢查, 復健."""

    ORDINARY = "ordinary"
    CHRONIC = "chronic"
    REPEAT = "repeat"
    SCHEDULED_TEST = "scheduled_test"
    REHABILITATION = "rehabilitation"


MOST_DAYS_PER_FILL: Final = {
    PrescriptionKind.ORDINARY: 7,
    PrescriptionKind.CHRONIC: 31,
    PrescriptionKind.REPEAT: 31,
}
"""The law says 30 days, and 31 where a month has them."""
MOST_REPEAT_DAYS: Final = 90
"""All fills of a repeat prescription together."""
FILL_AHEAD_DAYS: Final = 10
"""The next fill may be had from this many days before the end, the day of the end not counted."""
FILLS_OF_A_REPEAT: Final = range(2, 5)

_VALID_DAYS: Final = {
    PrescriptionKind.ORDINARY: 3,
    PrescriptionKind.CHRONIC: 3,
    PrescriptionKind.SCHEDULED_TEST: 180,
    PrescriptionKind.REHABILITATION: 30,
}
_NO_REPEAT_CLASSES: Final = frozenset({1, 2})
_CARD_PRESENTED: Final = frozenset(
    {Identification.CARD, Identification.CARD_OFFLINE, Identification.VIRTUAL_CARD}
)


def prescription_kind(order: Order) -> PrescriptionKind:
    """What kind of prescription a drug is ordered on."""
    if order.chronic:
        return PrescriptionKind.REPEAT
    return PrescriptionKind.CHRONIC if order.long_term else PrescriptionKind.ORDINARY


def check_fills(kind: PrescriptionKind, days: int, fills: int, field: str) -> None:
    """Raise FieldInvalid (``<field>.days`` or ``<field>.refills``) for what may not be dispensed so.

    ``days`` of one fill, ``fills`` how often. Kinds that are no medicine have no days to check.
    """
    most_days = MOST_DAYS_PER_FILL.get(kind)
    if most_days is None:
        return
    if not 1 <= days <= most_days:
        raise FieldInvalid(
            f"one fill is for 1 to {most_days} days",
            field=f"{field}.days",
            params={"rule": f"days_{kind.value}", "most": most_days},
        )
    if kind is not PrescriptionKind.REPEAT:
        if fills != 1:
            raise FieldInvalid(
                "only a repeat prescription is dispensed again",
                field=f"{field}.refills",
                params={"rule": "refills_only_repeat"},
            )
        return
    if fills not in FILLS_OF_A_REPEAT:
        raise FieldInvalid(
            "a repeat prescription is dispensed 2 to 4 times",
            field=f"{field}.refills",
            params={"rule": "refills_count"},
        )
    if days * fills > MOST_REPEAT_DAYS:
        raise FieldInvalid(
            f"all fills together are {MOST_REPEAT_DAYS} days at most",
            field=f"{field}.refills",
            params={"rule": "refills_days", "most": MOST_REPEAT_DAYS},
        )


def check_may_repeat(identification: Identification, controlled_class: int | None, field: str) -> None:
    """Raise FieldInvalid when this may not be a repeat prescription.

    No class 1 or 2 controlled drugs (``controlled_class`` 1-4, None for what is not controlled), and none when the
    card was not presented. That a card recognised offline and a virtual card count as presented is our reading (D).
    """
    if controlled_class in _NO_REPEAT_CLASSES:
        raise FieldInvalid(
            "controlled drugs of class 1 and 2 are not repeated",
            field=f"{field}.chronic",
            params={"rule": "repeat_controlled"},
        )
    if identification not in _CARD_PRESENTED:
        raise FieldInvalid(
            "no repeat prescription without the card",
            field=f"{field}.chronic",
            params={"rule": "repeat_without_card"},
        )


def last_valid_day(
    kind: PrescriptionKind, issued_on: dt.date, *, last_dose_on: dt.date | None = None
) -> dt.date:
    """The last day on which it may be dispensed or carried out, the day of issue counted as the first (D).

    A repeat prescription is good until its last dose; ValueError when that is not given. Days added for holidays
    at the end are the pharmacy's to know.
    """
    if kind is PrescriptionKind.REPEAT:
        if last_dose_on is None:
            raise ValueError("a repeat prescription is valid until its last dose")
        return last_dose_on
    return issued_on + dt.timedelta(days=_VALID_DAYS[kind] - 1)


def next_fill_on(previous_end_on: dt.date) -> dt.date:
    """The first day of the next fill: ten days before the previous supply ends, that day not counted."""
    return previous_end_on - dt.timedelta(days=FILL_AHEAD_DAYS)
