"""看診價格 (M21): points of the orders, and the patient's share of the visit fees (nhi-domain §4.9)."""

from __future__ import annotations

from typing import Any

import pytest

from visitbridge.domain.amounts import copay_points, fee_points, with_amounts
from visitbridge.domain.visit import ClaimSettings, Occasion, Order, OrderKind, VisitContent

VISIT_FEE = Order(kind=OrderKind.SERVICE, code="05307C", total=1.0, price=1631.0)


@pytest.mark.parametrize(
    ("order", "points"),
    [
        ({"kind": "drug", "price": 1.5, "total": 21.0}, 32),
        ({"kind": "service", "price": 1631.0, "total": 1.0, "percentage": 170}, 2773),
        ({"kind": "service", "price": 1631.0, "total": 1.0, "percentage": 0}, 0),
        ({"kind": "material", "price": 0.3, "total": 5.0}, 2),
        ({"kind": "self_paid", "price": 500.0, "total": 2.0}, 0),
    ],
)
def test_M21_points_of_an_order(order: dict[str, Any], points: int) -> None:
    kind = OrderKind(order.pop("kind"))
    assert fee_points([Order(kind=kind, code="X", **order)]) == points


@pytest.mark.parametrize(
    ("claim", "occasion", "share"),
    [
        (ClaimSettings(copay="K00"), Occasion(), 82),
        (ClaimSettings(copay="K00"), Occasion(under_served=True), 65),
        (ClaimSettings(copay="001"), Occasion(), 0),
        (ClaimSettings(copay="D10"), Occasion(), None),
    ],
)
def test_M21_the_share_is_of_the_visit_fee_alone(
    claim: ClaimSettings, occasion: Occasion, share: int | None
) -> None:
    drug = Order(kind=OrderKind.DRUG, code="X", price=100.0, total=10.0)
    assert copay_points(VisitContent(claim=claim, occasion=occasion, orders=(VISIT_FEE, drug))) == share


def test_M21_amounts_are_computed() -> None:
    content = with_amounts(VisitContent(orders=(VISIT_FEE,), fee_points=5, copay_points=5))
    assert (content.fee_points, content.copay_points) == (1631, 82)


def test_M21_amounts_that_a_person_typed_stay() -> None:
    content = VisitContent(orders=(VISIT_FEE,), fee_points=0, copay_points=50, amounts_by_hand=True)
    assert with_amounts(content) == content


def test_M21_a_share_that_is_not_known_here_is_left_to_a_person() -> None:
    content = VisitContent(orders=(VISIT_FEE,), claim=ClaimSettings(copay="D10"))
    assert with_amounts(content).copay_points == 0
