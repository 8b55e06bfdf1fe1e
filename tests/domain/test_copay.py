"""部分負擔 of a home visit (M20, nhi-domain §4.9)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.domain.copay import EXEMPT, home_copay


@pytest.mark.parametrize(
    ("code", "points", "under_served", "drug_copay", "paid"),
    [
        # 81.55 and 65.24
        ("K00", 1631, False, 0, 82),
        ("K00", 1631, True, 0, 65),
        ("K00", 10, False, 0, 1),
        ("K00", 9, False, 0, 0),
        # A drug copayment goes with K20 only.
        ("K00", 1631, False, 60, 82),
        ("K20", 1631, False, 60, 142),
        ("001", 1631, False, 60, 0),
        ("D10", 1631, False, 0, None),
    ],
)
def test_M20_what_the_patient_pays(
    code: str, points: int, drug_copay: int, paid: int | None, *, under_served: bool
) -> None:
    assert home_copay(code, points, under_served=under_served, drug_copay=drug_copay) == paid


def test_M20_the_eleven_exemptions() -> None:
    assert {"001", "002", "003", "004", "005", "006", "007", "008", "009", "801", "802"} == EXEMPT


@given(points=st.integers(0, 10**7))
def test_under_served_areas_never_pay_more(points: int) -> None:
    here, there = home_copay("K00", points), home_copay("K00", points, under_served=True)
    assert here is not None
    assert there is not None
    assert there <= here <= points


@pytest.mark.parametrize(("points", "drug_copay"), [(-1, 0), (1, -1)])
def test_amounts_are_not_negative(points: int, drug_copay: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        home_copay("K00", points, drug_copay=drug_copay)
