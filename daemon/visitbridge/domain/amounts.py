"""看診價格: what a visit costs and what of it the patient pays (M21, nhi-domain §4.9). Points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from visitbridge.domain.copay import home_copay
from visitbridge.domain.home_fees import HOME_FEES
from visitbridge.domain.visit import Order, OrderKind, VisitContent

_VISIT_FEES: Final = frozenset(fee.code for fee in HOME_FEES)


def order_points(order: Order) -> int:
    """Price × total × percentage, rounded half up; 0 for what the patient pays alone."""
    if order.kind is OrderKind.SELF_PAID:
        return 0
    return math.floor(round(order.price * order.total * order.percentage / 100, 4) + 0.5)


def fee_points(orders: Iterable[Order]) -> int:
    """門診醫療費用: everything the insurer is asked for."""
    return sum(map(order_points, orders))


def copay_points(content: VisitContent) -> int | None:
    """門診部分負擔費用: the share of the visit fees; None where the rule of the copay code is not known here.

    A drug copay (K20) follows the pharmacy's table, which is not public, and is added by a person.
    """
    visits = fee_points(order for order in content.orders if order.code in _VISIT_FEES)
    return home_copay(content.claim.copay, visits, under_served=content.occasion.under_served)


def with_amounts(content: VisitContent) -> VisitContent:
    """The content with its computed amounts, unless a person has typed them."""
    if content.amounts_by_hand:
        return content
    return msgspec.structs.replace(
        content, fee_points=fee_points(content.orders), copay_points=copay_points(content) or 0
    )
