"""Totals by frequency, and what a line of a prescription may not be (M10, M13, X17)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.orders import check_complete, check_draft, computed_total, intakes_per_day
from visitbridge.domain.visit import Order, OrderKind
from visitbridge.errors import FieldInvalid

DRUG = Order(kind=OrderKind.DRUG, code="TEST", dose=1.0, frequency="TID", route="PO", days=7, total=21.0)


@pytest.mark.parametrize(
    ("dose", "frequency", "days", "total"),
    [
        (1.0, "TID", 7, 21.0),
        (1.0, "tid", 7, 21.0),
        (0.5, "QD", 28, 14.0),
        (1.0, "QOD", 7, 3.5),
        (0.1, "TID", 1, 0.3),
        (1.0, "Q6H", 3, 12.0),
        (1.0, "Q2D", 7, 3.5),
        (1.0, "Q1W", 28, 4.0),
        (1.0, "QW(1,3,5)", 14, 6.0),
        (1.0, "BIW", 7, 2.0),
        (1.0, "2W1D", 28, 2.0),
        (1.0, "QW(1)", 8, 1.2),
        (2.0, "STAT", 5, 2.0),
    ],
)
def test_totals(dose: float, frequency: str, days: int, total: float) -> None:
    order = msgspec.structs.replace(DRUG, dose=dose, frequency=frequency, days=days)
    assert computed_total(order) == total


@pytest.mark.parametrize("frequency", ["PRN", "TIDPRN", "ASORDER", "AC", "", "Q0H", "QW(8)", "0W1D"])
def test_codes_without_a_daily_rate_leave_the_total_to_a_person(frequency: str) -> None:
    assert intakes_per_day(frequency) is None
    assert computed_total(msgspec.structs.replace(DRUG, frequency=frequency)) is None


@given(frequency=st.text(max_size=20), dose=st.integers(0, 99990), days=st.integers(0, 92))
def test_any_code_gives_one_decimal_or_nothing(frequency: str, dose: int, days: int) -> None:
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
def test_not_even_in_a_draft(changes: dict[str, object], member: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        check_draft(msgspec.structs.replace(DRUG, **changes), "orders[3]")
    assert refused.value.field == f"orders[3].{member}"


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"frequency": ""}, "frequency"),
        ({"route": ""}, "route"),
        ({"days": 0}, "days"),
        ({"total": 0.0}, "total"),
        ({"total": 3.0}, "total"),
        ({"refills": 2}, "refills"),
        ({"chronic": True, "refills": 3, "days": 32, "total": 96.0}, "days"),
        ({"chronic": True, "refills": 3, "days": 31, "total": 93.0}, "refills"),
    ],
)
def test_not_when_it_leaves_the_box(changes: dict[str, object], member: str) -> None:
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
        {"chronic": True, "refills": 3, "days": 28, "total": 84.0},
        {"chronic": True, "refills": 3, "days": 30, "total": 90.0},
        {"kind": OrderKind.SERVICE, "frequency": "", "route": "", "days": 0, "total": 1.0},
    ],
)
def test_what_may_leave(changes: dict[str, object]) -> None:
    check_complete(msgspec.structs.replace(DRUG, **changes), "orders[0]")
