"""Totals by frequency, and what a line of a prescription may not be (M10, M13, X17)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.orders import check_complete, check_draft, computed_total, intakes_per_day
from visitbridge.domain.visit import Order, OrderKind
from visitbridge.errors import FieldInvalid

DRUG = Order(kind=OrderKind.DRUG, code="TEST", dose=1.0, frequency="TID", route="PO", days=7, total=21.0)


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "order_totals.json").read_text("utf-8"))
"""The pages' own arithmetic is held to the same vectors (tests/webui/js/dose.test.js)."""


@pytest.mark.parametrize(
    "vector", VECTORS["totals"], ids=lambda v: f"{v['dose']} {v['frequency']} {v['days']}"
)
def test_M13_totals(vector: dict[str, Any]) -> None:
    order = msgspec.structs.replace(
        DRUG, dose=float(vector["dose"]), frequency=vector["frequency"], days=vector["days"]
    )
    assert computed_total(order) == vector["total"]


@pytest.mark.parametrize(("frequency", "per_day"), VECTORS["intakes"])
def test_M13_intakes(frequency: str, per_day: float | None) -> None:
    assert intakes_per_day(frequency) == per_day


@given(frequency=st.text(max_size=20), dose=st.integers(0, 99990), days=st.integers(0, 92))
def test_M13_any_code_gives_one_decimal_or_nothing(frequency: str, dose: int, days: int) -> None:
    total = computed_total(msgspec.structs.replace(DRUG, frequency=frequency, dose=dose / 10, days=days))
    assert total is None or round(total, 1) == total


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"kind": OrderKind.CONTROLLED}, "kind"),
        ({"dose": 0.25}, "dose"),
        ({"total": 21.05}, "total"),
    ],
)
def test_M10_M13_not_even_in_a_draft(changes: dict[str, object], member: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        check_draft(msgspec.structs.replace(DRUG, **changes), "orders[3]")
    assert refused.value.field == f"orders[3].{member}"


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"code": ""}, "code"),
        ({"frequency": ""}, "frequency"),
        ({"route": ""}, "route"),
        ({"frequency": "QW(1,2,3,4,6,7)", "total": 18.0, "route": "INHL"}, "frequency"),
        ({"days": 0}, "days"),
        ({"total": 0.0}, "total"),
        ({"total": 3.0}, "total"),
        ({"refills": 2}, "refills"),
        ({"days": 8, "total": 24.0}, "days"),
        ({"long_term": True, "days": 32, "total": 96.0}, "days"),
        ({"long_term": True, "days": 28, "total": 84.0, "refills": 2}, "refills"),
        ({"chronic": True, "refills": 0, "days": 28, "total": 84.0}, "refills"),
        ({"kind": OrderKind.SERVICE, "total": 0.0}, "total"),
        ({"kind": OrderKind.SELF_PAID, "total": 3.0}, "total"),
        ({"kind": OrderKind.SELF_PAID, "frequency": "", "days": 0}, "frequency"),
        ({"kind": OrderKind.SELF_PAID, "route": ""}, "route"),
        ({"kind": OrderKind.SELF_PAID, "days": 0}, "days"),
        ({"chronic": True, "refills": 3, "days": 32, "total": 96.0}, "days"),
        ({"chronic": True, "refills": 3, "days": 31, "total": 93.0}, "refills"),
    ],
)
def test_M13_not_when_it_leaves_the_box(changes: dict[str, object], member: str) -> None:
    check_draft(msgspec.structs.replace(DRUG, **changes), "orders[0]")
    with pytest.raises(FieldInvalid) as refused:
        check_complete(msgspec.structs.replace(DRUG, **changes), "orders[0]")
    assert refused.value.field == f"orders[0].{member}"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"total": 3.0, "total_overridden": True},
        {"frequency": "PRN", "total": 10.0},
        {"frequency": "QW(1,2,3,4,6,7)", "total": 6.0},
        {"long_term": True, "days": 31, "total": 93.0},
        {"chronic": True, "refills": 3, "days": 28, "total": 84.0},
        {"chronic": True, "refills": 3, "days": 30, "total": 90.0},
        {"kind": OrderKind.SERVICE, "frequency": "", "route": "", "days": 0, "total": 1.0},
        {"kind": OrderKind.SELF_PAID, "days": 28, "total": 84.0},
        {"kind": OrderKind.SELF_PAID, "frequency": "QW(1,2,3,4,6,7)", "route": "INHL", "total": 6.0},
        {"kind": OrderKind.SELF_PAID, "total": 3.0, "total_overridden": True},
        {"kind": OrderKind.SELF_PAID, "dose": 0.0, "frequency": "", "route": "", "days": 0, "total": 3.0},
    ],
)
def test_M13_what_may_leave(changes: dict[str, object]) -> None:
    check_complete(msgspec.structs.replace(DRUG, **changes), "orders[0]")
